import { MAX_IDENTIFICATION_BYTES, MAX_TARIFF_BYTES } from "../base/limits";
import * as clock from "./clock";
import * as config from "./config";
import * as interval from "./interval";
import { ocmf_compose, ocmf_hash } from "./ocmf";
import * as quality from "./quality";
import * as records from "./records";
import * as state from "./state";

// From a reading to a signed record: CLOSING into the journal, signature, RECORD into the ring, SEALED into the journal,
// and only then out. A cut anywhere in between is made good by `finish` after the next boot.

const record_hash: usize = memory.data(32, 8);

/** A transaction was open when the power failed; its last record is still to be made. */
let power_failed: bool = false;
/** The open closing's record is in the ring already, from before a power cut. */
let recorded: bool = false;

/** After the regions were mounted. */
export function closing_reset(): void {
  recorded = state.is_closing() && records.has_closing();
  power_failed = state.in_transaction();
}

/** Whether a record is to be finished before anything else. */
export function is_due(): bool {
  return state.is_closing() || (power_failed && state.in_transaction());
}

/** The interval that ended. */
export function begin_interval_record(mono_ms: i64, tampered: bool): i32 {
  const end_utc_ms = interval.interval_end_utc_ms();
  const code = state.begin_closing(
    end_utc_ms,
    state.CONTEXT_FISCAL,
    0,
    config.interval_s(),
    clock.clock_state(mono_ms),
    flags_at(mono_ms, tampered),
  );
  if (code == 0) interval.begin_next(tampered ? quality.TAMPERED : 0);
  return code;
}

/** A reading of a transaction, at `mono_ms`. */
export function begin_transaction_record(reason: u32, mono_ms: i64, tampered: bool): i32 {
  return state.begin_closing(
    clock.utc_of(mono_ms),
    state.CONTEXT_TRANSACTION,
    reason,
    0,
    clock.clock_state(mono_ms),
    flags_at(mono_ms, tampered),
  );
}

/** Signs what the journal holds and writes it to `out`. Returns its length, or a code and is to be called again. */
export function finish(out: usize): i32 {
  let length: i32;
  if (!state.is_closing()) {
    // The power failed at a time that only the last saved registers know.
    power_failed = false;
    const flags = quality.POWER_GAP | quality.UNSYNCHRONISED;
    const utc_ms = state.known_utc_ms();
    const code = state.begin_closing(utc_ms, state.CONTEXT_TRANSACTION, 0x50, 0, clock.CLOCK_UNKNOWN, flags);
    if (code < 0) {
      power_failed = true;
      return code;
    }
  }
  if (recorded) {
    length = records.read_record(state.closing_context(), load<u32>(state.closing, state.AT_PAGE), out);
  } else {
    records.prepare();
    length = ocmf_compose(records.record, config.context, state.transaction, out, true);
    if (length < 0) return length;
    const code = records.append_record();
    if (code < 0) return code;
    recorded = true;
  }
  if (length < 0) return length;
  let code = ocmf_hash(out, length, record_hash);
  if (code == 0) code = state.end_closing(record_hash);
  if (code < 0) return code;
  recorded = false;
  return length;
}

/** Whether `length` bytes at `source` are texts of a transaction: u8 and u8 lengths, identification, tariff text. */
export function texts_are_valid(source: usize, length: i32, with_identification: bool): bool {
  if (length < 2) return false;
  const id_length = <i32>load<u8>(source);
  const tariff_length = <i32>load<u8>(source, 1);
  if (length != 2 + id_length + tariff_length) return false;
  if (id_length > (with_identification ? MAX_IDENTIFICATION_BYTES : 0) || tariff_length > MAX_TARIFF_BYTES)
    return false;
  return config.is_text(source + 2, id_length + tariff_length);
}

/** Makes valid texts those of the transaction. */
export function take_texts(source: usize, begins: bool): i32 {
  const texts = state.transaction;
  const id_length = <usize>load<u8>(source);
  const tariff_length = <usize>load<u8>(source, 1);
  if (begins) {
    memory.fill(texts, 0, state.TRANSACTION_BYTES);
    store<u8>(texts, <u8>id_length, 1);
    memory.copy(texts + 16, source + 2, id_length);
  }
  store<u8>(texts, <u8>tariff_length, 2);
  memory.fill(texts + 56, 0, MAX_TARIFF_BYTES);
  memory.copy(texts + 56, source + 2 + id_length, tariff_length);
  return state.save_transaction(begins);
}

function flags_at(mono_ms: i64, tampered: bool): u32 {
  let flags = state.flags();
  if (clock.clock_state(mono_ms) != clock.CLOCK_SYNCHRONISED) flags |= quality.UNSYNCHRONISED;
  if (tampered) flags |= quality.TAMPERED;
  return flags;
}
