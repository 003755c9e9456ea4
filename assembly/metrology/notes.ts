import { add } from "../base/amount";
import { ERR_CAPACITY, ERR_CRYPTO, ERR_EXPIRED, ERR_FLASH } from "../base/errors";
import { HOUR_S, MAX_FUTURE_INTERVALS, MIN_NOTE_SECTOR_BYTES } from "../base/limits";
import { NOTE_BYTES, NOTE_ENERGY_MWH, NOTE_ISSUED_MWH, NOTE_SIGNATURE, NOTE_START } from "../energy/note";
import * as board from "./board";
import * as config from "./config";
import * as interval from "./interval";
import * as issued from "./issued";
import * as readings from "./readings";
import { flash } from "./regions";

// Notes: the meter's word that an energy is somebody's, given once for each mWh. PROTOCOL.md, "Notes".

const PREIMAGE_BYTES: i32 = 52;
const preimage: usize = memory.data(52, 8);
const digest: usize = memory.data(32, 8);
const limit: usize = memory.data(8, 8);
const total: usize = memory.data(8, 8);

/** Whether `issued.note` may be issued, by a clock that is set; then its total is filled in. 0 or a code. */
export function note_check(how: u32, start: u32, energy_mwh: u64): i32 {
  if (flash.sector_bytes() < MIN_NOTE_SECTOR_BYTES) return ERR_FLASH;
  const length_s = config.interval_s();
  const running = <u32>(interval.interval_end_utc_ms() / 1000) - length_s;
  if ((how & issued.PROMISE) != 0) {
    if (start < running) return ERR_EXPIRED;
    store<u64>(limit, (<u64>config.rating_w() * 1000 * <u64>length_s) / <u64>HOUR_S);
  } else if (!readings.metered(start, (how & issued.BUYS) != 0 ? 0 : 1, limit)) {
    return ERR_EXPIRED;
  }
  if (!issued.has_account(start)) return ERR_EXPIRED;
  if (start > running && issued.count_after(running, start) >= MAX_FUTURE_INTERVALS) return ERR_CAPACITY;
  if (add(issued.issued_mwh(start, how), energy_mwh, total) < 0) return ERR_CAPACITY;
  if (load<u64>(total) > load<u64>(limit)) return ERR_CAPACITY;
  issued.note_set_issued(load<u64>(total));
  return 0;
}

/** Signs a note that is issued, and writes it to `out` (energy/note.ts). Returns its length, or a code. */
export function note_sign(from: usize, out: usize): i32 {
  const start = issued.note_start(from);
  const energy_mwh = issued.note_energy_mwh(from);
  const issued_mwh = issued.note_issued_mwh(from);
  memory.copy(preimage, from, 32);
  store<u32>(preimage, bswap<u32>(start), 32);
  store<u64>(preimage, bswap<u64>(energy_mwh), 36);
  store<u64>(preimage, bswap<u64>(issued_mwh), 44);
  if (board.sha256(preimage, PREIMAGE_BYTES, digest) < 0) return ERR_CRYPTO;
  if (board.sign(digest, out + NOTE_SIGNATURE) < 0) return ERR_CRYPTO;
  store<u64>(out, <u64>start, NOTE_START);
  store<u64>(out, energy_mwh, NOTE_ENERGY_MWH);
  store<u64>(out, issued_mwh, NOTE_ISSUED_MWH);
  return <i32>NOTE_BYTES;
}
