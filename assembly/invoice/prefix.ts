// The human-readable part: "ln", the chain's prefix, an amount. BOLT 11, "Human-Readable Part".

import { add, mul_div_floor } from "../base/amount";
import { ERR_ARGUMENT, ERR_CHAIN, ERR_MINIMAL, ERR_VALUE } from "../base/errors";
import { put_byte, put_bytes, put_decimal } from "../base/text";
import { lower } from "./bech32";

/**
 * A chain's prefix is a record of 16 bytes: the length, 1 to MAX_PREFIX_CHARS, then as many lower-case characters (BIP
 * 173), which do not end in a digit.
 */
export const PREFIX_BYTES: i32 = 16;
export const MAX_PREFIX_CHARS: i32 = 15;

/** The unit in which people count the chain's money is 10^11 msat; this is its 10^-12 in tenths of a msat. */
const MSAT_PER_UNIT: u64 = 100_000_000_000;
const PICO_PER_MSAT: u64 = 10;

const MULTIPLIERS: i32 = 4;
/** m, u, n; each is a thousandth of what stands before it. Then p, which is less than a msat. */
const LETTERS: usize = memory.data<u8>([0x6d, 0x75, 0x6e, 0x70]);

const number: usize = memory.data(8, 8);

/** Longest that `put_prefix` writes: "ln", the chain's prefix, 20 digits, a letter. */
export const MAX_HRP_CHARS: i32 = 38;

/** ERR_ARGUMENT if the record at `prefix` is none. */
export function check_prefix(prefix: usize): i32 {
  return <i32>load<u8>(prefix) - 1 < MAX_PREFIX_CHARS && load<u8>(prefix) != 0 ? 0 : ERR_ARGUMENT;
}

/**
 * Reads `len` characters: the amount in msat, 0 if none is given, into the u64 at `out`. ERR_CHAIN: not this chain's
 * prefix; ERR_VALUE: no number, no multiplier, or a fraction of a msat; ERR_MINIMAL: leading zero; ERR_OVERFLOW.
 */
export function read_prefix(text: usize, len: i32, prefix: usize, out: usize): i32 {
  const chars = <i32>load<u8>(prefix);
  let at = chars + 2;
  if (len < at || lower(<u32>load<u8>(text)) != 0x6c || lower(<u32>load<u8>(text, 1)) != 0x6e) return ERR_CHAIN;
  for (let i = 0; i < chars; i++) {
    if (lower(<u32>load<u8>(text + <usize>i, 2)) != <u32>load<u8>(prefix + <usize>i, 1)) return ERR_CHAIN;
  }
  store<u64>(number, 0);
  if (at < len) {
    const first = <u32>load<u8>(text + <usize>at) - 0x30;
    if (first > 9) return ERR_CHAIN; // a longer prefix that begins like this chain's
    if (first == 0) return ERR_MINIMAL;
    const code = read_amount(text + <usize>at, len - at);
    if (code < 0) return code;
  }
  store<u64>(out, load<u64>(number));
  return 0;
}

/** Reads digits and a multiplier, of which there may be none, into `number`. */
function read_amount(text: usize, len: i32): i32 {
  const end = text + <usize>len;
  while (text < end) {
    const digit = <u32>load<u8>(text) - 0x30;
    if (digit > 9) break;
    let code = mul_div_floor(load<u64>(number), 10, 1, number);
    if (code == 0) code = add(load<u64>(number), <u64>digit, number);
    if (code < 0) return code;
    text++;
  }
  let unit_msat = MSAT_PER_UNIT;
  if (text < end) {
    const letter = lower(<u32>load<u8>(text));
    if (text + 1 < end) return ERR_VALUE;
    let i = 0;
    while (i < MULTIPLIERS && <u32>load<u8>(LETTERS + <usize>i) != letter) i++;
    if (i == MULTIPLIERS) return ERR_VALUE;
    for (; i >= 0; i--) unit_msat /= 1000;
  }
  if (unit_msat > 0) return mul_div_floor(load<u64>(number), unit_msat, 1, number);
  if (load<u64>(number) % PICO_PER_MSAT != 0) return ERR_VALUE;
  return mul_div_floor(load<u64>(number), 1, PICO_PER_MSAT, number);
}

/**
 * Writes the human-readable part by base/text, with the amount in its shortest form; 0 msat writes none. Of amounts
 * above a tenth of the range only those in whole 10^-9 can be written: ERR_OVERFLOW otherwise.
 */
export function put_prefix(prefix: usize, amount_msat: u64): i32 {
  let unit_msat = MSAT_PER_UNIT;
  let i = -1;
  while (unit_msat > 0 && amount_msat % unit_msat != 0) {
    unit_msat /= 1000;
    i++;
  }
  store<u64>(number, amount_msat);
  const code =
    unit_msat > 0
      ? mul_div_floor(amount_msat, 1, unit_msat, number)
      : mul_div_floor(amount_msat, PICO_PER_MSAT, 1, number);
  if (code < 0) return code;
  put_byte(0x6c);
  put_byte(0x6e);
  put_bytes(prefix + 1, <i32>load<u8>(prefix));
  if (amount_msat != 0) {
    put_decimal(load<u64>(number), 1);
    if (i >= 0) put_byte(<u32>load<u8>(LETTERS + <usize>i));
  }
  return 0;
}
