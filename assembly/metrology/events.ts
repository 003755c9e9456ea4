import { ERR_CRYPTO, ERR_NOT_FOUND } from "../base/errors";
import { Journal, JOURNAL_END, JOURNAL_ENTRY } from "../store/journal";
import * as board from "./board";
import { flash } from "./regions";

// The event log: numbered, hash-chained entries in a ring of their own (PROTOCOL.md, "Event log").

export const POWER_DOWN: u32 = 1;
export const POWER_UP: u32 = 2;
export const CLOCK_SET: u32 = 3;
/** And COVER_CLOSED = 5, MAGNET_ON = 6, MAGNET_OFF = 7: two for each tamper input. */
export const COVER_OPENED: u32 = 4;
export const RATE_ALARM: u32 = 8;
export const UPDATE: u32 = 9;
export const VERIFICATION_FAILURE: u32 = 10;
export const CONFIGURED: u32 = 11;

const MAGIC: u32 = 0x31454c54; // "TLE1"
const EVENT: i32 = 1;
const LAST: i32 = 2;
export const EVENT_BYTES: i32 = 64;
const HASHED_BYTES: i32 = 32;
const LAST_BYTES: i32 = 40;

/** What the next event's hash covers: the previous event's hash, then the event's first 32 bytes. */
const chained: usize = memory.data(96, 8);
const event: usize = chained + 32;
/** u32 number, u32 0, hash. */
const last: usize = memory.data(40, 8);

class EventJournal extends Journal {
  protected write_checkpoint(): i32 {
    return this.append(LAST, last, LAST_BYTES);
  }
}
const journal = new EventJournal(flash, MAGIC);

/** Finds the newest event. Returns 0, or a negative code. */
export function events_mount(first: i32, count: i32): i32 {
  memory.fill(last, 0, LAST_BYTES);
  const mounted = journal.mount(first, count);
  if (mounted < 0) return mounted;
  while (mounted == 1 && journal.next() != JOURNAL_END) {
    if (journal.type == LAST) {
      memory.copy(last, journal.payload, LAST_BYTES);
    } else {
      store<u32>(last, load<u32>(journal.payload));
      memory.copy(last + 8, journal.payload + HASHED_BYTES, 32);
    }
  }
  return journal.resume();
}

export function events_were_damaged(): bool {
  return journal.damaged;
}

/** Number of the newest event, 0 if there is none. */
export function newest_event(): u32 {
  return load<u32>(last);
}

/** Logs an event. `utc_ms` is 0 while the clock is not set. Returns 0 once it is in flash. */
export function log_event(kind: u32, utc_ms: i64, mono_ms: i64, detail: i64): i32 {
  memory.copy(chained, last + 8, 32);
  store<u32>(event, newest_event() + 1);
  store<u32>(event, kind, 4);
  store<i64>(event, utc_ms, 8);
  store<i64>(event, mono_ms, 16);
  store<i64>(event, detail, 24);
  if (board.sha256(chained, 64, event + HASHED_BYTES) < 0) return ERR_CRYPTO;
  const code = journal.put(EVENT, event, EVENT_BYTES);
  if (code < 0) return code;
  store<u32>(last, load<u32>(event));
  memory.copy(last + 8, event + HASHED_BYTES, 32);
  return 0;
}

/** Copies event number `number` to `out`, EVENT_BYTES; ERR_NOT_FOUND if it never was or is overwritten. */
export function read_event(number: u32, out: usize): i32 {
  if (number == 0 || number > newest_event()) return ERR_NOT_FOUND;
  journal.enter();
  let code = ERR_NOT_FOUND;
  for (let s = 0; s < journal.sectors() && code < 0; s++) {
    if (!journal.visit(s)) continue;
    while (journal.skim() == JOURNAL_ENTRY) {
      if (journal.type != EVENT || load<u32>(journal.payload) != number || !journal.holds()) continue;
      memory.copy(out, journal.payload, EVENT_BYTES);
      code = EVENT_BYTES;
      break;
    }
  }
  journal.leave();
  return code;
}
