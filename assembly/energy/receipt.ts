// A line meter's receipt, as the other end of the line takes it: the very text that the metrology module composes for an
// interval (metrology/ocmf.ts), and that meter's signature of it. Nothing else is taken, so that what counts here is what any
// OCMF reader sees. PROTOCOL.md, "Receipts".

import { mul_div_floor } from "../base/amount";
import { ERR_SIGNATURE, ERR_VALUE } from "../base/errors";
import { MAX_METER_CONSTANT } from "../base/limits";
import { read_begin, read_cursor, read_end, read_fail, read_fault, read_left, read_u8 } from "../base/reader";
import { sha256, verify } from "../crypto/crypto";

// ---- What it says, RECEIPT_BYTES --------------------------------------------------------------------------------------

/** u32: the end of its interval, UTC in s. */
export const RECEIPT_UNTIL_S: usize = 0;
/** u32: quality flags, U.Q. */
export const RECEIPT_FLAGS: usize = 4;
/** u64 each: energy by the pulse registers, rounded down. */
export const RECEIPT_IMPORT_MWH: usize = 8;
export const RECEIPT_EXPORT_MWH: usize = 16;
/** u32: the meter constant, impulses per kWh. */
export const RECEIPT_CONSTANT: usize = 24;
export const RECEIPT_BYTES: usize = 32;

// ---- Its form ---------------------------------------------------------------------------------------------------------

/**
 * Characters that stand for what differs from receipt to receipt: a text and the quote behind it, printable, without an escape
 * or a bar; a number without leading zeros; two digits; four bytes in hexadecimal, lower case; the character that follows, or
 * nothing; one of the two that follow. All others stand for themselves.
 */
const TEXT: u32 = 0x7e; // ~
const NUMBER: u32 = 0x23; // #
const PAIR: u32 = 0x25; // %
const HEX: u32 = 0x26; // &
const OPTIONAL: u32 = 0x3f; // ?
const EITHER: u32 = 0x3d; // =

const HEAD =
  'OCMF|{"FV":"1.3","GI":"Tieline metrology","GS":"~,"GV":"~,"PG":"F#","MV":"~,"MM":"~,"MS":"~,"CF":"&&&","RD":[';
const IMPORT =
  '{"TM":"%%-%-%T%:%:%,000+0000 =SI","RV":#.%%%,"RI":"01-00:01.08.00*FF","RU":"kWh","RT":"AC","EF":"?t","ST":"=GM"},';
const EXPORT = '{"TM":"%%-%-%T%:%:%,000+0000 =SI","RV":#.%%%,"RI":"01-00:02.08.00*FF","RU":"kWh","ST":"=GM"}],';
const USER = '"U":{"C":#,"P":[#,#],"I":#,"Q":#,"B":[#,#],"H":"&&&&&&&&"}}';
const PAYLOAD_AT: usize = 5;
const SIGNATURE = '|{"SA":"ECDSA-secp256k1-SHA256","SD":"30';

// Its numbers and pairs of digits in their order, u64 each: the page, two readings, and what U has.

/** Seven pairs, year to second. */
const TIME_BYTES: usize = 56;
/** Then kWh, and three pairs of decimals. */
const READING_BYTES: usize = TIME_BYTES + 32;
const IMPORTED: usize = 8;
const EXPORTED: usize = IMPORTED + READING_BYTES;
const CONSTANT: usize = EXPORTED + READING_BYTES;
const PULSES: usize = CONSTANT + 8;
const FLAGS: usize = CONSTANT + 32;
const values: usize = memory.data(240, 8);

const QUOTE: u32 = 0x22;
const MWH_PER_KWH: u64 = 1_000_000;
const DAY_S: u32 = 86_400;

const digest: usize = memory.data(32, 8);
const signature: usize = memory.data(64, 8);

function text(): void {
  for (;;) {
    const byte = read_u8();
    if (byte == QUOTE || read_fault() != 0) return;
    if (byte < 0x20 || byte > 0x7e || byte == 0x5c || byte == 0x7c) read_fail(ERR_VALUE);
  }
}

function digit(): u32 {
  const digit = read_u8() - 0x30;
  if (digit > 9) read_fail(ERR_VALUE);
  return digit;
}

/** A decimal number, and `behind` after it. */
function number(behind: u32): u64 {
  let value = <u64>digit();
  for (let byte = read_u8(); byte != behind; byte = read_u8()) {
    const digit = byte - 0x30;
    // No digit comes after a zero in front, nor after as much as a further one might make too much.
    if (digit > 9 || value == 0 || value > (u64.MAX_VALUE - 9) / 10) read_fail(ERR_VALUE);
    if (read_fault() != 0) return 0;
    value = value * 10 + <u64>digit;
  }
  return value;
}

/** Two hexadecimal digits. */
function hex_byte(): u32 {
  let value: u32 = 0;
  for (let i = 0; i < 2; i++) {
    const byte = read_u8();
    const digit = byte < 0x3a ? byte - 0x30 : byte > 0x60 ? byte - 0x57 : 16;
    if (digit > 15) read_fail(ERR_VALUE);
    value = (value << 4) | (digit & 15);
  }
  return value;
}

/** Takes what has this form; its numbers and pairs go to `to`. Returns where the next ones go. */
function take(form: string, to: usize): usize {
  let p = changetype<usize>(form);
  const end = p + ((<usize>form.length) << 1);
  while (p < end) {
    const wanted = <u32>load<u16>(p);
    const next = <u32>load<u16>(p, 2);
    p += 2;
    if (wanted == TEXT) {
      text();
    } else if (wanted == HEX) {
      for (let i = 0; i < 4; i++) hex_byte();
    } else if (wanted == NUMBER || wanted == PAIR) {
      let value: u64;
      if (wanted == PAIR) {
        value = <u64>(digit() * 10);
        value += <u64>digit();
      } else {
        value = number(next);
        p += 2;
      }
      store<u64>(to, value);
      to += 8;
    } else if (wanted == OPTIONAL) {
      if (read_left() > 0 && <u32>load<u8>(read_cursor()) == next) read_u8();
      p += 2;
    } else {
      const byte = read_u8();
      const is_either = wanted == EITHER;
      if (byte != (is_either ? next : wanted) && (!is_either || byte != <u32>load<u16>(p, 2))) read_fail(ERR_VALUE);
      if (is_either) p += 4;
    }
  }
  return to;
}

/** A value, at most `most`. */
function value_at(offset: usize, most: u32): u32 {
  const value = load<u64>(values + offset);
  if (value > <u64>most) read_fail(ERR_VALUE);
  return <u32>value;
}

/** Two pairs of digits. */
function four_digits(offset: usize): u32 {
  return value_at(offset, 99) * 100 + value_at(offset + 8, 99);
}

/**
 * Date and time of the readings: UTC in s. Intervals end with whole seconds. Years begin in March, so that a leap day ends one,
 * and days are counted since 1970-01-01.
 */
function time(): u32 {
  if (memory.compare(values + IMPORTED, values + EXPORTED, TIME_BYTES) != 0) read_fail(ERR_VALUE);
  const year = four_digits(IMPORTED);
  const month = value_at(IMPORTED + 16, 12);
  const day = value_at(IMPORTED + 24, 31);
  const hour = value_at(IMPORTED + 32, 23);
  const minute = value_at(IMPORTED + 40, 59);
  const second = value_at(IMPORTED + 48, 59);
  if (year < 1970 || year > 2099 || month < 1 || day < 1) read_fail(ERR_VALUE);
  const y = month > 2 ? year : year - 1;
  const m = month > 2 ? month - 3 : month + 9;
  const days = y * 365 + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 1 - 719_468;
  return days * DAY_S + hour * 3600 + minute * 60 + second;
}

/** Energy of register 0 or 1 by its pulses, into the u64 at `to`: the reading has to be the same. */
function energy(register: usize, constant: u32, to: usize): void {
  const code = mul_div_floor(load<u64>(values + PULSES + (register << 3)), MWH_PER_KWH, <u64>constant, to);
  const reading = IMPORTED + register * READING_BYTES + TIME_BYTES;
  const rest = <u64>(four_digits(reading + 8) * 100 + value_at(reading + 24, 99));
  const mwh = load<u64>(to);
  if (code < 0 || mwh / MWH_PER_KWH != load<u64>(values + reading) || mwh % MWH_PER_KWH != rest) read_fail(ERR_VALUE);
}

/** An integer of a DER signature, in the fewest bytes, as 32 bytes at `to`. Returns its length with its header. */
function integer(to: usize): i32 {
  if (hex_byte() != 2) read_fail(ERR_VALUE);
  const len = <i32>hex_byte();
  const first = hex_byte();
  if (len < 1 || len > 33 || (len == 33 && first != 0) || first > 0x7f) read_fail(ERR_VALUE);
  if (read_fault() != 0) return 0;
  memory.fill(to, 0, 32);
  for (let i = 0; i < len; i++) {
    const byte = i == 0 ? first : hex_byte();
    // Only a set top bit asks for a zero in front of it.
    if (i == 1 && first == 0 && byte < 0x80) read_fail(ERR_VALUE);
    if (len - i <= 32) store<u8>(to + <usize>(32 - len + i), <u8>byte);
  }
  return 2 + len;
}

/**
 * Reads the receipt of an interval at `source`, `len` bytes, as signed by the meter whose key is at `point` (33 bytes), to
 * `to` (RECEIPT_BYTES). ERR_TRUNCATED, ERR_LENGTH: it ends too early or too late; ERR_VALUE: not in the form that a meter
 * writes, of a meter that does not know the time, or its readings are not its pulses; ERR_SIGNATURE. After a code `to` has
 * no meaning.
 */
export function receipt_read(source: usize, len: i32, point: usize, to: usize): i32 {
  read_begin(source, len);
  take(USER, take(EXPORT, take(IMPORT, take(HEAD, values))));
  const begin = source + PAYLOAD_AT;
  const end = read_cursor();
  const until_s = time();
  const constant = value_at(CONSTANT, MAX_METER_CONSTANT);
  store<u32>(to, until_s, RECEIPT_UNTIL_S);
  store<u32>(to, value_at(FLAGS, u32.MAX_VALUE), RECEIPT_FLAGS);
  store<u32>(to, constant, RECEIPT_CONSTANT);
  for (let i: usize = 0; i < 2; i++) energy(i, constant, to + RECEIPT_IMPORT_MWH + (i << 3));
  take(SIGNATURE, values);
  const total = <i32>hex_byte();
  const r = integer(signature);
  if (r + integer(signature + 32) != total) read_fail(ERR_VALUE);
  if (read_u8() != QUOTE || read_u8() != 0x7d) read_fail(ERR_VALUE);
  const fault = read_end();
  if (fault < 0) return fault;
  if (sha256(begin, <i32>(end - begin), digest) < 0) return ERR_SIGNATURE;
  return verify(point, digest, signature) < 0 ? ERR_SIGNATURE : 0;
}
