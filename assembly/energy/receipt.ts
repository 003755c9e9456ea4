// A line meter's receipt, as the other end of the line takes it: the very text that the metrology module composes for an
// interval (metrology/ocmf.ts), and that meter's signature of it. Nothing else is taken, so that what counts here is what any
// OCMF reader sees. PROTOCOL.md, "Receipts".

import { mul_div_floor } from "../base/amount";
import { ERR_SIGNATURE, ERR_VALUE } from "../base/errors";
import { MAX_METER_CONSTANT } from "../base/limits";
import { read_begin, read_cursor, read_end, read_fail, read_fault, read_u8 } from "../base/reader";
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

const QUOTE: u32 = 0x22;
const MWH_PER_KWH: u64 = 1_000_000;
const DAY_S: u32 = 86_400;

const digest: usize = memory.data(32, 8);
const signature: usize = memory.data(64, 8);
/** Two u64 each: pulses, and what the readings make of them. */
const pulses: usize = memory.data(16, 8);
const readings: usize = memory.data(16, 8);

/** Takes these very characters. */
function expect(literal: string): void {
  const source = changetype<usize>(literal);
  const end = source + ((<usize>literal.length) << 1);
  for (let p = source; p < end; p += 2) if (read_u8() != <u32>load<u16>(p)) read_fail(ERR_VALUE);
}

/** Passes over a text and the quote behind it: printable, without an escape or a bar. */
function text(): void {
  for (;;) {
    const byte = read_u8();
    if (byte == QUOTE || read_fault() != 0) return;
    if (byte < 0x20 || byte > 0x7e || byte == 0x5c || byte == 0x7c) read_fail(ERR_VALUE);
  }
}

/** A character that is one of two. */
function one_of(a: u32, b: u32): u32 {
  const byte = read_u8();
  if (byte != a && byte != b) read_fail(ERR_VALUE);
  return byte;
}

/** Exactly `count` decimal digits. */
function digits(count: i32): u32 {
  let value: u32 = 0;
  for (let i = 0; i < count; i++) {
    const digit = read_u8() - 0x30;
    if (digit > 9) read_fail(ERR_VALUE);
    value = value * 10 + digit;
  }
  return value;
}

/** As `digits`, of which there is a largest value. */
function two_digits(most: u32): u32 {
  const value = digits(2);
  if (value > most) read_fail(ERR_VALUE);
  return value;
}

/** A decimal number without leading zeros, and `behind` after it. */
function number(behind: u32): u64 {
  const first = read_u8() - 0x30;
  if (first > 9) read_fail(ERR_VALUE);
  let value = <u64>first;
  for (let byte = read_u8(); byte != behind; byte = read_u8()) {
    const digit = byte - 0x30;
    // No digit comes after a zero in front, nor after as much as a further one might make too much.
    if (digit > 9 || value == 0 || value > (u64.MAX_VALUE - 9) / 10) read_fail(ERR_VALUE);
    if (read_fault() != 0) return 0;
    value = value * 10 + <u64>digit;
  }
  return value;
}

/** Two hexadecimal digits in lower case. */
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

function hex_bytes(count: i32): void {
  for (let i = 0; i < count; i++) hex_byte();
}

/** Days since 1970-01-01 of a date: years begin in March, so that a leap day ends one. */
function days_of(year: u32, month: u32, day: u32): u32 {
  const y = month > 2 ? year : year - 1;
  const m = month > 2 ? month - 3 : month + 9;
  return y * 365 + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 1 - 719_468;
}

/** Date, time, and a clock that was set: UTC in s. Intervals end with whole seconds. */
function time(): u32 {
  const year = digits(4);
  expect("-");
  const month = two_digits(12);
  expect("-");
  const day = two_digits(31);
  expect("T");
  const hour = two_digits(23);
  expect(":");
  const minute = two_digits(59);
  expect(":");
  const second = two_digits(59);
  expect(",000+0000 ");
  one_of(0x53, 0x49);
  if (year < 1970 || year > 2099 || month < 1 || day < 1) read_fail(ERR_VALUE);
  return days_of(year, month, day) * DAY_S + hour * 3600 + minute * 60 + second;
}

/** TM, RV, RI and RU of a register, whose OBIS value group C is the character `group`: its time; its energy goes to `to`. */
function reading(group: u32, to: usize): u32 {
  expect('"TM":"');
  const until_s = time();
  expect('","RV":');
  const kwh = number(0x2e);
  const rest = <u64>digits(6);
  if (mul_div_floor(kwh, MWH_PER_KWH, 1, to) < 0 || load<u64>(to) > u64.MAX_VALUE - rest) read_fail(ERR_VALUE);
  store<u64>(to, load<u64>(to) + rest);
  expect(',"RI":"01-00:0');
  one_of(group, group);
  expect('.08.00*FF","RU":"kWh"');
  return until_s;
}

function status(): void {
  expect(',"ST":"');
  one_of(0x47, 0x4d);
  expect('"');
}

/** A key of the payload, and the text that it has. */
function field(key: string): void {
  expect(key);
  text();
}

function payload(to: usize): void {
  field('{"FV":"1.3","GI":"Tieline metrology","GS":"');
  field(',"GV":"');
  expect(',"PG":"F');
  number(QUOTE);
  field(',"MV":"');
  field(',"MM":"');
  field(',"MS":"');
  expect(',"CF":"');
  hex_bytes(12);
  expect('","RD":[{');
  const until_s = reading(0x31, readings);
  expect(',"RT":"AC","EF":"');
  if (one_of(0x74, QUOTE) != QUOTE) expect('"');
  status();
  expect("},{");
  if (reading(0x32, readings + 8) != until_s) read_fail(ERR_VALUE);
  status();
  expect('}],"U":{"C":');
  const constant = number(0x2c);
  if (constant > <u64>MAX_METER_CONSTANT) read_fail(ERR_VALUE);
  expect('"P":[');
  store<u64>(pulses, number(0x2c));
  store<u64>(pulses, number(0x5d), 8);
  expect(',"I":');
  number(0x2c);
  expect('"Q":');
  const flags = number(0x2c);
  if (flags > <u64>u32.MAX_VALUE) read_fail(ERR_VALUE);
  expect('"B":[');
  number(0x2c);
  number(0x5d);
  expect(',"H":"');
  hex_bytes(32);
  expect('"}}');
  store<u32>(to, until_s, RECEIPT_UNTIL_S);
  store<u32>(to, <u32>flags, RECEIPT_FLAGS);
  store<u32>(to, <u32>constant, RECEIPT_CONSTANT);
}

/** An integer of a DER signature, in the fewest bytes, as 32 bytes at `to`. Returns its length with its header. */
function integer(to: usize): i32 {
  expect("02");
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
  expect("OCMF|");
  const begin = read_cursor();
  payload(to);
  const end = read_cursor();
  expect('|{"SA":"ECDSA-secp256k1-SHA256","SD":"30');
  const total = <i32>hex_byte();
  const r = integer(signature);
  if (r + integer(signature + 32) != total) read_fail(ERR_VALUE);
  expect('"}');
  const fault = read_end();
  if (fault < 0) return fault;
  const constant = <u64>load<u32>(to, RECEIPT_CONSTANT);
  for (let i: usize = 0; i < 16; i += 8) {
    const code = mul_div_floor(load<u64>(pulses + i), MWH_PER_KWH, constant, to + RECEIPT_IMPORT_MWH + i);
    if (code < 0 || load<u64>(to + i, RECEIPT_IMPORT_MWH) != load<u64>(readings + i)) return ERR_VALUE;
  }
  if (sha256(begin, <i32>(end - begin), digest) < 0) return ERR_SIGNATURE;
  return verify(point, digest, signature) < 0 ? ERR_SIGNATURE : 0;
}
