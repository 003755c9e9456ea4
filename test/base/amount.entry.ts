import * as amount from "../../assembly/base/amount";
import { crc32 as crc32_of } from "../../assembly/base/crc32";
import { put_decimal, text_begin, text_cursor } from "../../assembly/base/text";

// Internals of base/ for the tests: results at `out`, inputs at `data`.

const out_at: usize = memory.data(8, 8);
const data_at: usize = memory.data(1024, 8);

export function out(): usize {
  return out_at;
}

export function data(): usize {
  return data_at;
}

export function add(a: u64, b: u64): i32 {
  return amount.add(a, b, out_at);
}

export function sub(a: u64, b: u64): i32 {
  return amount.sub(a, b, out_at);
}

export function mul_div_floor(a: u64, b: u64, c: u64): i32 {
  return amount.mul_div_floor(a, b, c, out_at);
}

export function mul_div_ceil(a: u64, b: u64, c: u64): i32 {
  return amount.mul_div_ceil(a, b, c, out_at);
}

export function crc32(seed: i32, length: i32): i32 {
  return crc32_of(seed, data_at, length);
}

export function decimal(value: u64, width: i32): i32 {
  text_begin(data_at, 32);
  put_decimal(value, width);
  return <i32>(text_cursor() - data_at);
}
