// A writer of binary fields over a static buffer: big-endian, as on the wire, and little-endian, as on the chain. There
// is one, and it is used for one thing at a time. What does not fit is ERR_CAPACITY, which sticks; nothing is written
// beyond the buffer.

import { ERR_CAPACITY } from "./errors";

let start: usize = 0;
let cursor: usize = 0;
let limit: usize = 0;
let fault: i32 = 0;

/** Starts writing at `at`, at most `capacity` bytes. */
export function write_begin(at: usize, capacity: i32): void {
  start = at;
  cursor = at;
  limit = at + <usize>max(capacity, 0);
  fault = 0;
}

/** Bytes written since `write_begin`, or the code of the first fault. */
export function write_end(): i32 {
  return fault != 0 ? fault : <i32>(cursor - start);
}

/** Address of the next byte. */
export function write_cursor(): usize {
  return cursor;
}

/** Makes `code` the fault if there is none yet. */
export function write_fail(code: i32): void {
  if (fault == 0) fault = code;
}

/** Address of `len` bytes that the caller fills in, or 0 if they do not fit. */
export function write_space(len: i32): usize {
  if (fault != 0 || <u32>len > <u32>(limit - cursor)) {
    write_fail(ERR_CAPACITY);
    return 0;
  }
  const at = cursor;
  cursor = at + <usize>len;
  return at;
}

export function write_u8(value: u32): void {
  const at = write_space(1);
  if (at != 0) store<u8>(at, <u8>value);
}

export function write_u16(value: u32): void {
  const at = write_space(2);
  if (at != 0) store<u16>(at, bswap<u16>(<u16>value));
}

export function write_u32(value: u32): void {
  const at = write_space(4);
  if (at != 0) store<u32>(at, bswap<u32>(value));
}

export function write_u64(value: u64): void {
  const at = write_space(8);
  if (at != 0) store<u64>(at, bswap<u64>(value));
}

export function write_u32_le(value: u32): void {
  const at = write_space(4);
  if (at != 0) store<u32>(at, value);
}

export function write_u64_le(value: u64): void {
  const at = write_space(8);
  if (at != 0) store<u64>(at, value);
}

/** `len` bytes at `data`; the two ranges may overlap. */
export function write_bytes(data: usize, len: i32): void {
  const at = write_space(len);
  if (at != 0) memory.copy(at, data, <usize>len);
}
