// A big-endian reader over bytes that somebody else wrote. There is one, and it is used for one thing at a time. The
// first fault sticks: after it every read gives 0 or no address, so that a caller may read a whole structure and ask
// once. Nothing outside the range is ever read.

import { ERR_LENGTH, ERR_TRUNCATED } from "./errors";

let cursor: usize = 0;
let limit: usize = 0;
let fault: i32 = 0;

/** Starts reading `len` bytes at `at`. A negative length is an empty range. */
export function read_begin(at: usize, len: i32): void {
  cursor = at;
  limit = at + <usize>max(len, 0);
  fault = 0;
}

/** 0, or the code of the first fault since `read_begin`. */
export function read_fault(): i32 {
  return fault;
}

/** Makes `code` the fault if there is none yet, and returns the fault. */
export function read_fail(code: i32): i32 {
  if (fault == 0) fault = code;
  // Nothing is left after a fault: loops over what is left end.
  cursor = limit;
  return fault;
}

/** Bytes left in the range. */
export function read_left(): i32 {
  return <i32>(limit - cursor);
}

/** Address of the next byte. */
export function read_cursor(): usize {
  return cursor;
}

/** Address of the next `len` bytes, which are then behind the reader; 0 with ERR_TRUNCATED if there are not as many. */
export function read_bytes(len: i32): usize {
  if (<u32>len > <u32>(limit - cursor)) {
    read_fail(ERR_TRUNCATED);
    return 0;
  }
  const at = cursor;
  cursor = at + <usize>len;
  return at;
}

export function read_u8(): u32 {
  const at = read_bytes(1);
  return at == 0 ? 0 : <u32>load<u8>(at);
}

export function read_u16(): u32 {
  const at = read_bytes(2);
  return at == 0 ? 0 : <u32>bswap<u16>(load<u16>(at));
}

export function read_u32(): u32 {
  const at = read_bytes(4);
  return at == 0 ? 0 : bswap<u32>(load<u32>(at));
}

export function read_u64(): u64 {
  const at = read_bytes(8);
  return at == 0 ? 0 : bswap<u64>(load<u64>(at));
}

/** Narrows the range to its next `len` bytes. Returns the outer limit, which `read_leave` takes. */
export function read_enter(len: i32): usize {
  const outer = limit;
  if (<u32>len > <u32>(limit - cursor)) read_fail(ERR_TRUNCATED);
  else limit = cursor + <usize>len;
  return outer;
}

/** Widens the range again; ERR_LENGTH if bytes of the narrow one are left. */
export function read_leave(outer: usize): void {
  if (fault == 0 && cursor != limit) fault = ERR_LENGTH;
  limit = outer;
  if (fault != 0) cursor = limit;
}

/** The end of what is read: the fault, or ERR_LENGTH if bytes are left, or 0. */
export function read_end(): i32 {
  if (fault == 0 && cursor != limit) fault = ERR_LENGTH;
  return fault;
}
