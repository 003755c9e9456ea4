import { mul_div_floor } from "../base/amount";
import { ERR_CRYPTO } from "../base/errors";
import { OUTPUT_BYTES } from "../base/limits";
import { put, put_byte, put_bytes, put_decimal, put_hex, text_begin, text_cursor } from "../base/text";
import * as board from "./board";
import * as config from "./config";
import * as state from "./state";

// The F record (fiscal: not part of a transaction) that closes an interval: OCMF-en.md, "JSON based OCMF Format".
// The vendor key U and the hash chain are defined in PROTOCOL.md, "Receipts".

const FIRMWARE_VERSION: string = "0.1.0";
const MWH_PER_KWH: u64 = 1_000_000;
/** Enough of the module's hash to tell modules apart within CF's 25 characters. */
const MODULE_HASH_BYTES: i32 = 12;

const digest: usize = memory.data(32, 8);
const signature: usize = memory.data(64, 8);
const module_hash: usize = memory.data(32, 8);
const energy_mwh: usize = memory.data(8, 8);

/** Asks the board for the hash of this module, once per boot. */
export function ocmf_init(): i32 {
  return board.module_hash(module_hash) < 0 ? ERR_CRYPTO : 0;
}

/**
 * Writes the signed record of the open closing at `out` (OUTPUT_BYTES) and its SHA-256 at `record_hash`. Returns its
 * length in bytes, or a negative code. The same closing always gives the same bytes.
 */
export function ocmf_compose(out: usize, record_hash: usize): i32 {
  text_begin(out, OUTPUT_BYTES);
  put("OCMF|");
  const payload = text_cursor();
  let code = put_payload();
  if (code < 0) return code;
  if (board.sha256(payload, <i32>(text_cursor() - payload), digest) < 0) return ERR_CRYPTO;
  if (board.sign(digest, signature) < 0) return ERR_CRYPTO;
  put('|{"SA":"ECDSA-secp256k1-SHA256","SD":"');
  put_der(signature);
  put('"}');
  const length = <i32>(text_cursor() - out);
  if (board.sha256(out, length, record_hash) < 0) return ERR_CRYPTO;
  return length;
}

function put_payload(): i32 {
  put('{"FV":"1.3","GI":"Tieline metrology","GS":"');
  put_field(config.serial());
  put('","GV":"');
  put(FIRMWARE_VERSION);
  put('","PG":"F');
  put_decimal(<u64>state.closing_page(), 1);
  put('","MV":"');
  put_field(config.vendor());
  put('","MM":"');
  put_field(config.model());
  put('","MS":"');
  put_field(config.serial());
  put('","CF":"');
  put_hex(module_hash, MODULE_HASH_BYTES);
  put('","RD":[{');
  let code = put_reading(0, "1");
  if (code < 0) return code;
  // A field equal to the previous reading's may be left out; RI and RU are a group (OCMF-en.md, "Readings").
  put(',"RT":"AC","EF":"","ST":"G"},{');
  code = put_reading(1, "2");
  if (code < 0) return code;
  put(',"ST":"G"}],"U":{"C":');
  put_decimal(<u64>config.meter_constant(), 1);
  put(',"P":[');
  put_decimal(state.closing_pulses(0), 1);
  put_byte(0x2c);
  put_decimal(state.closing_pulses(1), 1);
  put('],"I":');
  put_decimal(<u64>state.closing_interval_s(), 1);
  put(',"H":"');
  put_hex(state.chain_hash(), 32);
  put('"}}');
  return 0;
}

function put_field(field: usize): void {
  put_bytes(field, config.text_length(field));
}

/** TM, RV, RI and RU of register `input`, whose OBIS value group C is `quantity`. */
function put_reading(input: i32, quantity: string): i32 {
  put('"TM":"');
  put_time(state.closing_end_utc_ms());
  put("+0000 ");
  put_byte(<u32>state.closing_clock_state());
  put('","RV":');
  const code = mul_div_floor(state.closing_pulses(input), MWH_PER_KWH, <u64>config.meter_constant(), energy_mwh);
  if (code < 0) return code;
  const mwh = load<u64>(energy_mwh);
  put_decimal(mwh / MWH_PER_KWH, 1);
  put_byte(0x2e);
  put_decimal(mwh % MWH_PER_KWH, 6);
  put(',"RI":"01-00:0');
  put(quantity);
  put('.08.00*FF","RU":"kWh"');
  return 0;
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
