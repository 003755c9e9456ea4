import { mul_div_floor } from "../base/amount";
import { ERR_CRYPTO } from "../base/errors";
import { OUTPUT_BYTES } from "../base/limits";
import { put, put_byte, put_bytes, put_decimal, put_hex, text_begin, text_cursor } from "../base/text";
import * as board from "./board";
import { CLOCK_UNKNOWN } from "./clock";
import * as config from "./config";
import * as quality from "./quality";
import * as state from "./state";

// OCMF records: OCMF-en.md, "JSON based OCMF Format". The vendor key U and the hash chains are defined in PROTOCOL.md,
// "Receipts".

const MWH_PER_KWH: u64 = 1_000_000;
/** Enough of the module's hash to tell modules apart within CF's 25 characters. */
const MODULE_HASH_BYTES: i32 = 12;
/** Offsets in a record of the ring (records.ts). */
const PREVIOUS: usize = 40;
const SIGNATURE: usize = 72;

const digest: usize = memory.data(32, 8);
const energy_mwh: usize = memory.data(8, 8);

/**
 * Writes the text of `record` (records.ts), made in `context` (config.ts) and, if it belongs to a transaction, with the
 * identification and tariff of `texts` (state.ts), at `out` (OUTPUT_BYTES). With `sign` the record is signed first and
 * the signature put into it; without, it has one. Returns the length in bytes, or a negative code. The same record
 * always gives the same bytes.
 */
export function ocmf_compose(record: usize, context: usize, texts: usize, out: usize, sign: bool): i32 {
  text_begin(out, OUTPUT_BYTES);
  put("OCMF|");
  const payload = text_cursor();
  const code = put_payload(record, context, texts);
  if (code < 0) return code;
  if (sign) {
    if (board.sha256(payload, <i32>(text_cursor() - payload), digest) < 0) return ERR_CRYPTO;
    if (board.sign(digest, record + SIGNATURE) < 0) return ERR_CRYPTO;
  }
  put('|{"SA":"ECDSA-secp256k1-SHA256","SD":"');
  put_der(record + SIGNATURE);
  put('"}');
  return <i32>(text_cursor() - out);
}

/** SHA-256 of a record's text at `hash`. */
export function ocmf_hash(text: usize, len: i32, hash: usize): i32 {
  return board.sha256(text, len, hash) < 0 ? ERR_CRYPTO : 0;
}

function put_payload(record: usize, context: usize, texts: usize): i32 {
  const letter = <u32>load<u8>(record, state.AT_CONTEXT);
  put('{"FV":"1.3","GI":"Tieline metrology","GS":"');
  put_field(config.serial(context));
  put('","GV":"');
  put_version(config.firmware(context));
  put('","PG":"');
  put_byte(letter);
  put_decimal(<u64>load<u32>(record, state.AT_PAGE), 1);
  put('","MV":"');
  put_field(config.vendor(context));
  put('","MM":"');
  put_field(config.model(context));
  put('","MS":"');
  put_field(config.serial(context));
  put('","CF":"');
  put_hex(config.module_hash(context), MODULE_HASH_BYTES);
  if (letter == state.CONTEXT_TRANSACTION) put_assignment(texts);
  put('","RD":[{');
  let code = put_reading(record, context, 0);
  if (code < 0) return code;
  // A field equal to the previous reading's may be left out; RI and RU are a group (OCMF-en.md, "Readings").
  put(',"RT":"AC","EF":"');
  const flags = <u32>load<u8>(record, state.AT_FLAGS);
  if ((flags & quality.CLOCK_WAS_SET) != 0 || <i32>load<u8>(record, state.AT_CLOCK) == CLOCK_UNKNOWN) put_byte(0x74);
  put_byte(0x22);
  put_status(flags);
  put("},{");
  code = put_reading(record, context, 1);
  if (code < 0) return code;
  put_status(flags);
  put('}],"U":{"C":');
  put_decimal(<u64>config.meter_constant(context), 1);
  put(',"P":[');
  put_decimal(load<u64>(record), 1);
  put_byte(0x2c);
  put_decimal(load<u64>(record, 8), 1);
  put('],"I":');
  put_decimal(<u64>load<u16>(record, state.AT_INTERVAL), 1);
  put(',"Q":');
  put_decimal(<u64>flags, 1);
  put(',"B":[');
  put_decimal(<u64>(config.loss_bound_ms(context) / 1000), 1);
  put_byte(0x2c);
  put_decimal(<u64>config.loss_bound_wh(context), 1);
  put('],"H":"');
  put_hex(record + PREVIOUS, 32);
  put('"}}');
  return 0;
}

function put_field(field: usize): void {
  put_bytes(field, config.text_length(field));
}

function put_version(version: usize): void {
  for (let i = 0; i < 3; i++) {
    if (i > 0) put_byte(0x2e);
    put_decimal(<u64>load<u8>(version + <usize>i), 1);
  }
}

/** User assignment (OCMF-en.md, Table 4), up to ID's or TT's last character. */
function put_assignment(texts: usize): void {
  const id_length = <i32>load<u8>(texts, 1);
  put(id_length > 0 ? '","IS":true,"IL":"HEARSAY' : '","IS":false,"IL":"NONE');
  put('","IF":[],"IT":"');
  put(id_length > 0 ? "LOCAL" : "NONE");
  put('","ID":"');
  put_bytes(texts + 16, id_length);
  put('","TT":"');
  put_bytes(texts + 56, <i32>load<u8>(texts, 2));
}

/** TM, TX, RV, RI and RU of register `input`, whose OBIS value group C is input + 1. */
function put_reading(record: usize, context: usize, input: i32): i32 {
  put('"TM":"');
  put_time(load<i64>(record, state.AT_UTC));
  put("+0000 ");
  put_byte(load<u8>(record, state.AT_CLOCK));
  const reason = <u32>load<u8>(record, state.AT_REASON);
  if (reason != 0) {
    put('","TX":"');
    put_byte(reason);
  }
  put('","RV":');
  const pulses = load<u64>(record + ((<usize>input) << 3));
  const code = mul_div_floor(pulses, MWH_PER_KWH, <u64>config.meter_constant(context), energy_mwh);
  if (code < 0) return code;
  const mwh = load<u64>(energy_mwh);
  put_decimal(mwh / MWH_PER_KWH, 1);
  put_byte(0x2e);
  put_decimal(mwh % MWH_PER_KWH, 6);
  put(',"RI":"01-00:0');
  put_byte(0x31 + <u32>input);
  put('.08.00*FF","RU":"kWh"');
  return 0;
}

function put_status(flags: u32): void {
  put(',"ST":"');
  put_byte((flags & quality.TAMPERED) != 0 ? 0x4d : 0x47);
  put_byte(0x22);
}

/** ISO 8601 date and time with a comma before the milliseconds, without time zone. */
function put_time(utc_ms: i64): void {
  const day_ms: i64 = 86_400_000;
  const ms = <u32>(utc_ms % day_ms);
  // Days since 0000-03-01, so that a leap day ends its year; eras of 400 years are 146,097 days.
  const days = <u32>(utc_ms / day_ms) + 719_468;
  const era = days / 146_097;
  const day_of_era = days % 146_097;
  const year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
  const day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const month_from_march = (5 * day_of_year + 2) / 153;
  const day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
  const month = month_from_march < 10 ? month_from_march + 3 : month_from_march - 9;
  put_decimal(<u64>(era * 400 + year_of_era + (month <= 2 ? 1 : 0)), 4);
  put_byte(0x2d);
  put_decimal(<u64>month, 2);
  put_byte(0x2d);
  put_decimal(<u64>day, 2);
  put_byte(0x54);
  put_decimal(<u64>(ms / 3_600_000), 2);
  put_byte(0x3a);
  put_decimal(<u64>((ms / 60_000) % 60), 2);
  put_byte(0x3a);
  put_decimal(<u64>((ms / 1000) % 60), 2);
  put_byte(0x2c);
  put_decimal(<u64>(ms % 1000), 3);
}

/** r and s of a compact signature as an ASN.1 DER sequence of two integers, in hexadecimal. */
function put_der(compact: usize): void {
  const r = integer_start(compact);
  const s = integer_start(compact + 32);
  const r_length = integer_length(compact, r);
  const s_length = integer_length(compact + 32, s);
  put("30");
  put_length(r_length + s_length + 4);
  put_integer(compact, r, r_length);
  put_integer(compact + 32, s, s_length);
}

/** Leading zero bytes of a 32-byte integer that is not zero. */
function integer_start(integer: usize): i32 {
  let start = 0;
  while (start < 31 && load<u8>(integer + <usize>start) == 0) start++;
  return start;
}

/** DER integers are signed: a set top bit asks for a zero byte in front. */
function integer_length(integer: usize, start: i32): i32 {
  return 32 - start + <i32>(load<u8>(integer + <usize>start) >> 7);
}

function put_integer(integer: usize, start: i32, length: i32): void {
  put("02");
  put_length(length);
  if (length + start > 32) put("00");
  put_hex(integer + <usize>start, 32 - start);
}

/** All lengths here are below 128: one byte. */
function put_length(length: i32): void {
  store<u8>(digest, <u8>length);
  put_hex(digest, 1);
}
