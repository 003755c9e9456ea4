import { ERR_NOT_FOUND } from "../base/errors";
import { Journal, JOURNAL_END, JOURNAL_ENTRY } from "../store/journal";
import * as config from "./config";
import { ocmf_compose } from "./ocmf";
import { flash } from "./regions";
import * as state from "./state";

// The ring of signed records, which is the load profile too: readings, flags, signature and the previous record's hash,
// with the context they were made in. The text of any record in the ring is rebuilt from it, byte for byte.

const MAGIC: u32 = 0x31524c54; // "TLR1"
const CONTEXT: i32 = 1;
const RECORD: i32 = 2;
const TEXTS: i32 = 3;

/** RECORD: a closing (state.ts), 32 bytes hash of the previous record, 64 bytes signature. */
export const record: usize = memory.data(136, 8);
const RECORD_BYTES: i32 = 136;
const PREVIOUS: usize = 40;
export const SIGNATURE: usize = 72;

/** A record that is read back, with its context and texts. */
const old_record: usize = memory.data(136, 8);
const old_context: usize = memory.data(148, 8);
const old_texts: usize = memory.data(104, 8);

/** The context that the ring's newest sector has, and the one it had at boot. */
const written_context: usize = memory.data(148, 8);
const mounted_context: usize = memory.data(148, 8);

/** Whether the entry under way needs its texts in the same sector. */
let with_texts: bool = false;

class RecordJournal extends Journal {
  protected write_checkpoint(): i32 {
    let code = this.append(CONTEXT, config.context, config.CONTEXT_BYTES);
    if (code == 0 && with_texts) code = this.append(TEXTS, state.transaction, state.TRANSACTION_BYTES);
    if (code == 0) memory.copy(written_context, config.context, config.CONTEXT_BYTES);
    return code;
  }
}
const journal = new RecordJournal(flash, MAGIC);

/** Finds the end of the ring. Returns 1 if it holds a context, 0 if it is new, or a negative code. */
export function records_mount(first: i32, count: i32): i32 {
  memory.fill(written_context, 0, config.CONTEXT_BYTES);
  memory.fill(old_record, 0, RECORD_BYTES);
  const mounted = journal.mount(first, count);
  if (mounted < 0) return mounted;
  while (mounted == 1 && journal.next() != JOURNAL_END) {
    if (journal.type == CONTEXT) memory.copy(written_context, journal.payload, config.CONTEXT_BYTES);
    if (journal.type == RECORD) memory.copy(old_record, journal.payload, RECORD_BYTES);
  }
  memory.copy(mounted_context, written_context, config.CONTEXT_BYTES);
  const code = journal.resume();
  return code < 0 ? code : mounted;
}

export function records_were_damaged(): bool {
  return journal.damaged;
}

/** Whether what was in the ring at boot was written by a module with the same hash. */
export function written_by_this_module(): bool {
  return memory.compare(config.module_hash(mounted_context), config.module_hash(config.context), 32) == 0;
}

/** Likewise under the same configuration. */
export function written_with_this_configuration(): bool {
  return memory.compare(mounted_context, config.context, config.CONFIG_BYTES) == 0;
}

/**
 * Whether the record of the open closing is in the ring already: a cut came between it and its seal. Valid after
 * records_mount, before the first `read_record`.
 */
export function has_closing(): bool {
  return memory.compare(old_record, state.closing, state.CLOSING_BYTES) == 0;
}

/** Fills `record` from the open closing, all but the signature. */
export function prepare(): void {
  memory.copy(record, state.closing, state.CLOSING_BYTES);
  memory.copy(record + PREVIOUS, state.chain_hash(state.closing_context()), 32);
}

/** Puts the signed `record` into the ring. Returns 0 once it is in flash. */
export function append_record(): i32 {
  with_texts = state.closing_context() == state.CONTEXT_TRANSACTION;
  let code = 0;
  if (memory.compare(written_context, config.context, config.CONTEXT_BYTES) != 0) {
    code = journal.put(CONTEXT, config.context, config.CONTEXT_BYTES);
    if (code < 0) return code;
    memory.copy(written_context, config.context, config.CONTEXT_BYTES);
  }
  if (with_texts) code = journal.put(TEXTS, state.transaction, state.TRANSACTION_BYTES);
  return code < 0 ? code : journal.put(RECORD, record, RECORD_BYTES);
}

/**
 * Copies readings (the first `bytes` of a RECORD) of the last `count` fiscal records before page `next` to `to`, oldest
 * first. Those that cannot be read are left out: their places stay as they are.
 */
export function read_readings(next: u32, to: usize, count: i32, bytes: i32): void {
  let missing = <i32>min<u32>(<u32>count, next - 1);
  journal.enter();
  const newest = journal.newest();
  const sectors = journal.sectors();
  for (let s = 0; s < sectors && missing > 0; s++) {
    if (!journal.visit((newest + sectors - s) % sectors)) continue;
    while (journal.skim() == JOURNAL_ENTRY) {
      const payload = journal.payload;
      if (journal.type != RECORD || <u32>load<u8>(payload, state.AT_CONTEXT) != state.CONTEXT_FISCAL) continue;
      const age = next - load<u32>(payload, state.AT_PAGE);
      if (age - 1 >= <u32>count || !journal.holds()) continue;
      memory.copy(to + <usize>((count - <i32>age) * bytes), payload, <usize>bytes);
      missing--;
    }
  }
  journal.leave();
}

/** Rebuilds the text of a record in the ring at `out`; returns its length, or ERR_NOT_FOUND. */
export function read_record(context: u32, page: u32, out: usize): i32 {
  journal.enter();
  let found = false;
  for (let s = 0; s < journal.sectors() && !found; s++) {
    if (!journal.visit(s)) continue;
    while (!found && journal.skim() == JOURNAL_ENTRY) {
      const payload = journal.payload;
      const type = journal.type;
      const wanted =
        type == RECORD &&
        load<u32>(payload, state.AT_PAGE) == page &&
        <u32>load<u8>(payload, state.AT_CONTEXT) == context;
      if ((type == RECORD && !wanted) || !journal.holds()) continue;
      if (type == CONTEXT) memory.copy(old_context, payload, config.CONTEXT_BYTES);
      if (type == TEXTS) memory.copy(old_texts, payload, state.TRANSACTION_BYTES);
      if (!wanted) continue;
      memory.copy(old_record, payload, RECORD_BYTES);
      found = true;
    }
  }
  journal.leave();
  return found ? ocmf_compose(old_record, old_context, old_texts, out, false) : ERR_NOT_FOUND;
}
