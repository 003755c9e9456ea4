import { ERR_ARGUMENT } from "../base/errors";
import { HOUR_S, MAX_METER_CONSTANT, MIN_INTERVAL_S, MIN_METER_CONSTANT } from "../base/limits";

// Configuration record, little endian, as the board passes it to `boot`:
//
//   0  u32 version = 1
//   4  u32 meter_constant, imp/kWh
//   8  u32 interval_s
//  12  u32 reserved = 0
//  16  serial[24]  40  vendor[24]  64  model[24]   printable ASCII without " \ |, padded with zeros, serial not empty

export const CONFIG_BYTES: i32 = 88;
export const CONFIG_TEXT_BYTES: i32 = 24;
const VERSION: u32 = 1;

const config: usize = memory.data(CONFIG_BYTES, 8);

/** Checks the record at `source` and takes it over, or returns ERR_ARGUMENT and keeps the old one. */
export function config_set(source: usize, len: i32): i32 {
  if (len != CONFIG_BYTES || load<u32>(source) != VERSION || load<u32>(source, 12) != 0) return ERR_ARGUMENT;
  const constant = load<u32>(source, 4);
  if (constant < MIN_METER_CONSTANT || constant > MAX_METER_CONSTANT) return ERR_ARGUMENT;
  const interval = load<u32>(source, 8);
  if (interval < MIN_INTERVAL_S || HOUR_S % interval != 0) return ERR_ARGUMENT;
  for (let at = 16; at < CONFIG_BYTES; at += CONFIG_TEXT_BYTES) {
    if (!is_text(source + <usize>at)) return ERR_ARGUMENT;
  }
  if (load<u8>(source, 16) == 0) return ERR_ARGUMENT;
  memory.copy(config, source, CONFIG_BYTES);
  return 0;
}

export function meter_constant(): u32 {
  return load<u32>(config, 4);
}

export function interval_s(): u32 {
  return load<u32>(config, 8);
}

export function serial(): usize {
  return config + 16;
}

export function vendor(): usize {
  return config + 40;
}

export function model(): usize {
  return config + 64;
}

/** Length of a zero-padded text field. */
export function text_length(field: usize): i32 {
  let len = 0;
  while (len < CONFIG_TEXT_BYTES && load<u8>(field + <usize>len) != 0) len++;
  return len;
}

/** The text goes verbatim between JSON quotes of a record whose sections "|" divides. */
function is_text(field: usize): bool {
  const len = text_length(field);
  for (let i = 0; i < CONFIG_TEXT_BYTES; i++) {
    const c = load<u8>(field + <usize>i);
    if (i >= len ? c != 0 : c < 0x20 || c > 0x7e || c == 0x22 || c == 0x5c || c == 0x7c) return false;
  }
  return true;
}
