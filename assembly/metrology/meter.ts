import { mul_div_floor } from "../base/amount";
import { ERR_ARGUMENT, ERR_CRYPTO, ERR_FLASH, ERR_NOT_FOUND, ERR_REPLAY, ERR_STATE } from "../base/errors";
import { EDGE_BYTES, INPUT_BYTES, INPUTS, MAX_EDGES, MIN_SECTORS, OUTPUT_BYTES } from "../base/limits";
import * as board from "./board";
import * as clock from "./clock";
import * as closing from "./closing";
import * as config from "./config";
import * as events from "./events";
import * as inputs from "./inputs";
import * as interval from "./interval";
import * as issued from "./issued";
import * as notes from "./notes";
import * as quality from "./quality";
import * as readings from "./readings";
import * as records from "./records";
import { event_sectors, flash, journal_sectors } from "./regions";
import * as state from "./state";

// The meter: an event machine. Pulses and time come in through its exports, records go out through the output buffer.
// Unless an export says otherwise it returns 0 or a negative code of base/errors.ts, and a code means nothing changed.

const ABI_VERSION: i32 = 4;
const REGISTERS_BYTES: i32 = 64;
const TAMPER_INPUTS: i32 = 2;

const input: usize = memory.data(INPUT_BYTES, 8);
const output: usize = memory.data(OUTPUT_BYTES, 8);

let booted: bool = false;
/** Tamper inputs that are active, a bit an input. */
let tampered: u32 = 0;
/** Pulses that are counted and not yet in flash, and when the first of them came. */
let unsaved_pulses: u32 = 0;
let unsaved_since_ms: i64 = 0;

/** Version of this interface. */
export function abi(): i32 {
  return ABI_VERSION;
}

/** Address of the input buffer, INPUT_BYTES. */
export function in_buffer(): usize {
  return input;
}

/** Address of the output buffer, OUTPUT_BYTES. */
export function out_buffer(): usize {
  return output;
}

/** Bytes of linear memory that the module uses: a board may give it no more. */
export function memory_bytes(): usize {
  return __heap_base + HEAP_BYTES;
}
/** The flash and the three journals, allocated once at start-up. */
const HEAP_BYTES: usize = 512;

/**
 * Power-up at `mono_ms` with the configuration record (config.ts) in the input buffer. Restores the registers; the time
 * is unknown until set_clock. ERR_CONFIG: the registers belong to another meter constant. After an error the meter stays
 * down: every other export answers ERR_STATE.
 */
export function boot(config_length: i32, mono_ms: i64): i32 {
  booted = false;
  if (!clock.is_mono(mono_ms)) return ERR_ARGUMENT;
  let code = config.config_set(input, config_length);
  if (code < 0) return code;
  if (board.module_hash(config.module_hash(config.context)) < 0) return ERR_CRYPTO;
  clock.clock_reset();
  inputs.inputs_reset(<u32>mono_ms);
  tampered = 0;
  unsaved_pulses = 0;

  const sectors = flash.sectors();
  if (sectors < MIN_SECTORS) return ERR_FLASH;
  const for_journal = journal_sectors(sectors);
  const for_events = event_sectors(sectors);
  const lived = state.state_mount(0, for_journal, config.meter_constant(config.context));
  if (lived < 0) return lived;
  code = events.events_mount(for_journal, for_events);
  if (code < 0) return code;
  const recorded = records.records_mount(for_journal + for_events, sectors - for_journal - for_events);
  if (recorded < 0) return recorded;
  booted = true;

  interval.mark(lived == 1 ? quality.POWER_GAP | quality.INCOMPLETE : quality.INCOMPLETE);
  if (lived == 1) log(events.POWER_DOWN, state.known_utc_ms(), 0, 0);
  log(events.POWER_UP, 0, mono_ms, 0);
  if (state.state_was_damaged()) log(events.VERIFICATION_FAILURE, 0, mono_ms, 0);
  if (events.events_were_damaged()) log(events.VERIFICATION_FAILURE, 0, mono_ms, 1);
  if (records.records_were_damaged()) log(events.VERIFICATION_FAILURE, 0, mono_ms, 2);
  if (recorded == 1 && !records.written_by_this_module()) log(events.UPDATE, 0, mono_ms, 0);
  if (recorded == 1 && !records.written_with_this_configuration()) log(events.CONFIGURED, 0, mono_ms, 0);
  closing.closing_reset();
  readings.readings_restore();
  return 0;
}

/**
 * Tells the time: at `mono_ms` it is `utc_ms`, as certain as `clock_state` says ('U', 'I' or 'S'). interval.ts says what
 * becomes of the running interval.
 */
export function set_clock(mono_ms: i64, utc_ms: i64, clock_state: i32): i32 {
  if (!booted) return ERR_STATE;
  const was_set = clock.clock_is_set();
  const old_utc_ms = clock.utc_of(mono_ms);
  const code = clock.clock_set(mono_ms, utc_ms, clock_state);
  if (code < 0) return code;
  if (!was_set) {
    interval.align_after_boot(utc_ms);
    log(events.CLOCK_SET, utc_ms, mono_ms, 0);
  } else if (interval.follow_clock(old_utc_ms, utc_ms)) {
    log(events.CLOCK_SET, utc_ms, mono_ms, utc_ms - old_utc_ms);
  }
  return 0;
}

/**
 * Takes `count` edge records (inputs.ts) from the input buffer, in order of time, their times relative to `base_ms`
 * (monotonic). Returns how many it took: fewer than `count` when an edge belongs to an interval that must be closed
 * first; call `tick` with that edge's time and offer the rest again.
 */
export function pulse_edges(base_ms: i64, count: i32): i32 {
  if (!booted) return ERR_STATE;
  if (!clock.is_mono(base_ms) || <u32>count > <u32>MAX_EDGES) return ERR_ARGUMENT;
  if (!inputs.edges_are_valid(input, count)) return ERR_ARGUMENT;
  // The end of the interval as a distance from the base: one 64-bit comparison a batch, a 32-bit one an edge.
  let room: u32 = u32.MAX_VALUE;
  if (clock.clock_is_set()) {
    const distance = interval.interval_end_utc_ms() - clock.utc_of(base_ms);
    if (distance <= 0) return 0;
    if (distance < <i64>room) room = <u32>distance;
  }
  const base = <u32>base_ms;
  let imported: u32 = 0;
  let exported: u32 = 0;
  let first: u32 = 0;
  let taken = 0;
  for (; taken < count; taken++) {
    const edge = load<u32>(input + <usize>(taken * EDGE_BYTES));
    const offset = edge & inputs.OFFSET_MASK;
    if (offset >= room) break;
    const pulses = inputs.edge_pulses(edge, base + offset);
    if (pulses == 0) continue;
    if (imported + exported == 0) first = offset;
    if (inputs.edge_input(edge) == 0) imported += pulses;
    else exported += pulses;
  }
  count_pulses(0, imported, base_ms + <i64>first);
  count_pulses(1, exported, base_ms + <i64>first);
  after_pulses(base_ms);
  return taken;
}

/**
 * Takes the value of the 16-bit hardware counter of an input that is configured for one, read at `mono_ms`. Returns the
 * pulses it adds to the running interval, so read it before the interval's end is ticked.
 */
export function pulse_counter(pulse_input: i32, value: i32, mono_ms: i64): i32 {
  if (!booted) return ERR_STATE;
  if (!clock.is_mono(mono_ms)) return ERR_ARGUMENT;
  const pulses = inputs.counter_pulses(pulse_input, value, <u32>mono_ms);
  if (pulses > 0) {
    count_pulses(pulse_input, <u32>pulses, mono_ms);
    after_pulses(mono_ms);
  }
  return pulses;
}

/** A tamper input (0 cover, 1 magnet) became active (1) or idle (0). Logged, and the interval is marked. */
export function tamper(tamper_input: i32, active: i32, mono_ms: i64): i32 {
  if (!booted) return ERR_STATE;
  if (<u32>tamper_input >= <u32>TAMPER_INPUTS || <u32>active > 1 || !clock.is_mono(mono_ms)) return ERR_ARGUMENT;
  const bit: u32 = 1 << tamper_input;
  if (((tampered & bit) != 0) == (active != 0)) return 0;
  tampered ^= bit;
  interval.mark(quality.TAMPERED);
  const code = state.save_state();
  log(events.COVER_OPENED + 2 * <u32>tamper_input + (active != 0 ? 0 : 1), clock.utc_of(mono_ms), mono_ms, 0);
  return code;
}

/**
 * Begins ('B', input buffer: u8 length of identification, u8 length of tariff text, both texts), changes the tariff of
 * ('T', likewise, identification empty) or ends ('E', 'L', 'R', 'A', empty) a transaction at `mono_ms`. Its record comes
 * out of the next `tick`. ERR_STATE without a clock, while a record is due, or if it does not fit the transaction's life.
 */
export function transaction(reason: i32, length: i32, mono_ms: i64): i32 {
  if (!booted) return ERR_STATE;
  if (!clock.is_mono(mono_ms) || <u32>length > <u32>INPUT_BYTES) return ERR_ARGUMENT;
  const begins = reason == 0x42;
  if (!begins && reason != 0x54 && reason != 0x45 && reason != 0x4c && reason != 0x52 && reason != 0x41) {
    return ERR_ARGUMENT;
  }
  const has_texts = begins || reason == 0x54;
  if (has_texts ? !closing.texts_are_valid(input, length, begins) : length != 0) return ERR_ARGUMENT;
  if (!clock.clock_is_set() || closing.is_due() || interval.interval_is_over(mono_ms)) return ERR_STATE;
  if (begins == state.in_transaction()) return ERR_STATE;
  settle(mono_ms);
  if (has_texts) {
    const code = closing.take_texts(input, begins);
    if (code < 0) return code;
  }
  const code = closing.begin_transaction_record(<u32>reason, mono_ms, tampered != 0);
  if (code == 0) unsaved_pulses = 0;
  return code;
}

/**
 * Time passes: all pulses before `mono_ms` have been given. Finishes at most one record that is due and returns its
 * length in the output buffer; call again until it returns 0. A negative code leaves the record to the next call.
 */
export function tick(mono_ms: i64): i32 {
  if (!booted) return ERR_STATE;
  if (!clock.is_mono(mono_ms)) return ERR_ARGUMENT;
  if (closing.is_due()) return closing.finish(output);
  if (interval.interval_is_over(mono_ms)) {
    settle(clock.mono_of(interval.interval_end_utc_ms()));
    const code = closing.begin_interval_record(mono_ms, tampered != 0);
    if (code < 0) return code;
    readings.reading_keep();
    unsaved_pulses = 0;
    return closing.finish(output);
  }
  settle(mono_ms);
  if (unsaved_pulses > 0 && mono_ms - unsaved_since_ms >= <i64>config.loss_bound_ms(config.context)) {
    return keep(mono_ms);
  }
  return 0;
}

/**
 * Writes into the output buffer, little endian: u64 import pulses, u64 export pulses, u64 import mWh, u64 export mWh,
 * i64 end of the running interval (UTC ms, 0 while the clock is not set), u32 next F page, u32 meter constant,
 * u32 interval_s, u32 clock state when it was set last (ASCII, 0 while not set), u32 next T page, u32 newest event.
 * Returns the length, 64.
 */
export function registers(): i32 {
  if (!booted) return ERR_STATE;
  const constant = config.meter_constant(config.context);
  for (let i = 0; i < INPUTS; i++) {
    const pulses = state.pulses(i);
    store<u64>(output + ((<usize>i) << 3), pulses);
    const code = mul_div_floor(pulses, 1_000_000, <u64>constant, output + 16 + ((<usize>i) << 3));
    if (code < 0) return code;
  }
  store<i64>(output, clock.clock_is_set() ? interval.interval_end_utc_ms() : 0, 32);
  store<u32>(output, state.next_page(state.CONTEXT_FISCAL), 40);
  store<u32>(output, constant, 44);
  store<u32>(output, config.interval_s(), 48);
  store<u32>(output, <u32>clock.clock_state(0), 52);
  store<u32>(output, state.next_page(state.CONTEXT_TRANSACTION), 56);
  store<u32>(output, events.newest_event(), 60);
  return REGISTERS_BYTES;
}

/**
 * Rebuilds a record that was signed, context 'F' or 'T', in the output buffer. Returns its length; ERR_NOT_FOUND for one
 * that is not signed yet or overwritten.
 */
export function record(context: i32, page: i32): i32 {
  if (!booted) return ERR_STATE;
  if (context != state.CONTEXT_FISCAL && context != state.CONTEXT_TRANSACTION) return ERR_ARGUMENT;
  if (<u32>page >= state.next_page(<u32>context)) return ERR_NOT_FOUND;
  return records.read_record(<u32>context, <u32>page, output);
}

/** Copies an event (events.ts) to the output buffer. Returns its length, 64; ERR_NOT_FOUND if there is none. */
export function event(number: i32): i32 {
  if (!booted) return ERR_STATE;
  return events.read_event(<u32>number, output);
}

/**
 * Issues a note for the swap whose payment_hash is in the input buffer, 32 bytes: `energy_mwh` of the interval that begins
 * at `interval_start`, UTC in s; `how`: 1 for a promise, 0 for a receipt, 2 more if the energy is bought. All pulses before
 * `mono_ms` have been given. Returns NOTE_BYTES: the note (energy/note.ts) is in the output buffer. A hash whose note is
 * kept gets that note again, ERR_REPLAY if it was for another swap. ERR_CAPACITY: more than was metered, or than the
 * rating allows, or too many intervals ahead. ERR_EXPIRED: the interval is not known well enough. ERR_STATE: the clock is
 * not set, or an interval is to be closed first. ERR_FLASH: sectors are too small for notes. After ERR_CRYPTO the note is
 * issued, and to be asked for again.
 */
export function note(how: i32, interval_start: u32, energy_mwh: u64, mono_ms: i64): i32 {
  if (!booted) return ERR_STATE;
  if (!clock.is_mono(mono_ms) || <u32>how > (issued.PROMISE | issued.BUYS) || energy_mwh == 0) return ERR_ARGUMENT;
  if (interval_start == 0 || interval_start % config.interval_s() != 0) return ERR_ARGUMENT;
  issued.note_prepare(input, <u32>how, interval_start, energy_mwh);
  const kept = issued.note_find(input);
  if (kept != 0) return issued.is_same_swap(kept) ? notes.note_sign(kept, output) : ERR_REPLAY;
  if (!clock.clock_is_set() || interval.interval_is_over(mono_ms)) return ERR_STATE;
  settle(mono_ms);
  let code = notes.note_check(<u32>how, interval_start, energy_mwh);
  // What a receipt stands on must not be lost with the power.
  if (code == 0 && unsaved_pulses > 0) code = keep(mono_ms);
  if (code == 0) code = state.save_note();
  return code < 0 ? code : notes.note_sign(issued.note, output);
}

/**
 * Saves the registers: the board is about to start anew. All pulses before `mono_ms` have been given; of an interval that is
 * over, those after its end are not told apart any more, so `tick` comes first.
 */
export function save(mono_ms: i64): i32 {
  if (!booted) return ERR_STATE;
  if (!clock.is_mono(mono_ms)) return ERR_ARGUMENT;
  if (!interval.interval_is_over(mono_ms)) settle(mono_ms);
  return unsaved_pulses > 0 ? keep(mono_ms) : 0;
}

function count_pulses(pulse_input: i32, count: u32, mono_ms: i64): void {
  if (count == 0) return;
  state.count_pulses(pulse_input, count);
  if (unsaved_pulses == 0) unsaved_since_ms = mono_ms;
  unsaved_pulses += count;
}

function settle(mono_ms: i64): void {
  for (let i = 0; i < INPUTS; i++) {
    count_pulses(i, inputs.settle(i, <u32>mono_ms), mono_ms);
  }
}

/** Saves when the bound is reached, and raises rate alarms. A full flash must not stop the counting: tick reports it. */
function after_pulses(mono_ms: i64): void {
  const bound = <u64>config.loss_bound_wh(config.context) * <u64>config.meter_constant(config.context);
  if (unsaved_pulses > 0 && <u64>unsaved_pulses * 1000 >= bound) keep(mono_ms);
  const alarms = inputs.take_rate_alarms();
  // Once an interval is enough: a wire that oscillates must not fill the log.
  if (alarms == 0 || (state.flags() & quality.RATE_ALARM) != 0) return;
  interval.mark(quality.RATE_ALARM);
  for (let i = 0; i < INPUTS; i++) {
    if ((alarms & (1 << i)) != 0) log(events.RATE_ALARM, clock.utc_of(mono_ms), mono_ms, i);
  }
}

function keep(mono_ms: i64): i32 {
  const code = state.save_registers(clock.utc_of(mono_ms));
  if (code == 0) unsaved_pulses = 0;
  return code;
}

/** The log must not stop the metering: an event that cannot be written leaves a gap in nothing but the log. */
function log(kind: u32, utc_ms: i64, mono_ms: i64, detail: i64): void {
  events.log_event(kind, utc_ms, mono_ms, detail);
}
