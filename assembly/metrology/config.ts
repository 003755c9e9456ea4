import { ERR_ARGUMENT } from "../base/errors";
import {
  HOUR_S,
  INPUTS,
  MAX_LOSS_BOUND_MS,
  MAX_LOSS_BOUND_WH,
  MAX_METER_CONSTANT,
  MIN_INTERVAL_S,
  MIN_LOSS_BOUND_MS,
  MIN_METER_CONSTANT,
} from "../base/limits";

// What a record depends on besides its readings: the configuration record as the board passes it to `boot`
// (PROTOCOL.md, "Configuration record"), the module's hash and the firmware's version. Together they are the context,
// kept beside the records so that each can be rebuilt after an update.

export const CONFIG_BYTES: i32 = 112;
const VERSION: u32 = 2;
const INPUT_FIELDS: usize = 20;
const TEXT_FIELDS: i32 = 40;
const TEXT_BYTES: i32 = 24;

/** 0.2.0, a byte each. */
const FIRMWARE_VERSION: u32 = 0x000200;

/** CONTEXT: configuration record, 32 bytes module hash, firmware version. */
export const CONTEXT_BYTES: i32 = 148;
const MODULE_HASH: usize = 112;
const FIRMWARE: usize = 144;

/** The context in force. */
export const context: usize = memory.data(148, 8);

export const FILTER_EDGE: u32 = 0;
export const FILTER_PULSE: u32 = 1;
export const FILTER_COUNTER: u32 = 2;

/** Checks the record at `source` and takes it over, or returns ERR_ARGUMENT and keeps the old one. */
export function config_set(source: usize, len: i32): i32 {
  if (len != CONFIG_BYTES || load<u32>(source) != VERSION) return ERR_ARGUMENT;
  if (!within(load<u32>(source, 4), MIN_METER_CONSTANT, MAX_METER_CONSTANT)) return ERR_ARGUMENT;
  const interval = load<u32>(source, 8);
  if (interval < MIN_INTERVAL_S || HOUR_S % interval != 0) return ERR_ARGUMENT;
  if (!within(load<u32>(source, 12), MIN_LOSS_BOUND_MS, MAX_LOSS_BOUND_MS)) return ERR_ARGUMENT;
  if (!within(load<u32>(source, 16), 1, MAX_LOSS_BOUND_WH)) return ERR_ARGUMENT;
  for (let i = 0; i < INPUTS; i++) {
    const field = source + INPUT_FIELDS + ((<usize>i) << 3);
    if (<u32>load<u8>(field) > FILTER_COUNTER || load<u8>(field, 1) != 0) return ERR_ARGUMENT;
  }
  for (let at = TEXT_FIELDS; at < CONFIG_BYTES; at += TEXT_BYTES) {
    const field = source + <usize>at;
    const length = text_length(field);
    if (!is_text(field, length) || !is_zero(field + <usize>length, TEXT_BYTES - length)) return ERR_ARGUMENT;
  }
  if (load<u8>(source, TEXT_FIELDS) == 0) return ERR_ARGUMENT;
  memory.copy(context, source, CONFIG_BYTES);
  store<u32>(context, FIRMWARE_VERSION, FIRMWARE);
  return 0;
}

/** Where the board puts the hash of this module. */
export function module_hash(from: usize): usize {
  return from + MODULE_HASH;
}

/** Firmware version, three bytes. */
export function firmware(from: usize): usize {
  return from + FIRMWARE;
}

export function meter_constant(from: usize): u32 {
  return load<u32>(from, 4);
}

export function interval_s(): u32 {
  return load<u32>(context, 8);
}

export function loss_bound_ms(from: usize): u32 {
  return load<u32>(from, 12);
}

export function loss_bound_wh(from: usize): u32 {
  return load<u32>(from, 16);
}

/** What the meter's plant can take or give at most, W: promises go no further. 0: there are none. */
export function rating_w(): u32 {
  return load<u32>(context, 36);
}

/** FILTER_EDGE, FILTER_PULSE or FILTER_COUNTER. */
export function filter(input: i32): u32 {
  return load<u8>(input_field(input));
}

export function min_on_ms(input: i32): u32 {
  return load<u16>(input_field(input), 2);
}

export function min_off_ms(input: i32): u32 {
  return load<u16>(input_field(input), 4);
}

/** Pulses nearer to each other than this raise the rate alarm; 0: none do. */
export function min_period_ms(input: i32): u32 {
  return load<u16>(input_field(input), 6);
}

export function serial(from: usize): usize {
  return from + TEXT_FIELDS;
}

export function vendor(from: usize): usize {
  return from + TEXT_FIELDS + TEXT_BYTES;
}

export function model(from: usize): usize {
  return from + TEXT_FIELDS + 2 * TEXT_BYTES;
}

/** Length of a zero-padded text field. */
export function text_length(field: usize): i32 {
  let len = 0;
  while (len < TEXT_BYTES && load<u8>(field + <usize>len) != 0) len++;
  return len;
}

/** Whether a text can go verbatim between JSON quotes of a record whose sections "|" divides: printable ASCII. */
export function is_text(text: usize, len: i32): bool {
  for (let i = 0; i < len; i++) {
    const c = load<u8>(text + <usize>i);
    if (c < 0x20 || c > 0x7e || c == 0x22 || c == 0x5c || c == 0x7c) return false;
  }
  return true;
}

function is_zero(data: usize, len: i32): bool {
  for (let i = 0; i < len; i++) {
    if (load<u8>(data + <usize>i) != 0) return false;
  }
  return true;
}

function within(value: u32, low: u32, high: u32): bool {
  return value >= low && value <= high;
}

function input_field(input: i32): usize {
  return context + INPUT_FIELDS + ((<usize>input) << 3);
}
