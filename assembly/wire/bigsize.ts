// BigSize and its relatives. BOLT 1, "Fundamental Types" and Appendices A and D.

import { ERR_LENGTH, ERR_MINIMAL } from "../base/errors";
import { read_bytes, read_fail, read_left, read_u16, read_u32, read_u64, read_u8 } from "../base/reader";
import { write_space, write_u16, write_u32, write_u64, write_u8 } from "../base/writer";

/** ERR_TRUNCATED; ERR_MINIMAL if a shorter form would have done. */
export function read_bigsize(): u64 {
  const first = read_u8();
  let value: u64 = first;
  let least: u64 = 0;
  if (first == 0xfd) {
    value = read_u16();
    least = 0xfd;
  } else if (first == 0xfe) {
    value = read_u32();
    least = 0x1_0000;
  } else if (first == 0xff) {
    value = read_u64();
    least = 0x1_0000_0000;
  }
  if (value < least) {
    read_fail(ERR_MINIMAL);
    return 0;
  }
  return value;
}

export function write_bigsize(value: u64): void {
  if (value < 0xfd) {
    write_u8(<u32>value);
  } else if (value < 0x1_0000) {
    write_u8(0xfd);
    write_u16(<u32>value);
  } else if (value < 0x1_0000_0000) {
    write_u8(0xfe);
    write_u32(<u32>value);
  } else {
    write_u8(0xff);
    write_u64(value);
  }
}

/** Bytes that `write_bigsize` takes: 1, 3, 5 or 9. */
export function bigsize_bytes(value: u64): i32 {
  return value < 0xfd ? 1 : value < 0x1_0000 ? 3 : value < 0x1_0000_0000 ? 5 : 9;
}

/**
 * A truncated integer (tu16, tu32, tu64 with `width` 2, 4, 8): all that is left of the range, without leading zeros.
 * ERR_LENGTH beyond the width, ERR_MINIMAL with a leading zero.
 */
export function read_truncated(width: i32): u64 {
  const len = read_left();
  if (len > width) {
    read_fail(ERR_LENGTH);
    return 0;
  }
  let value: u64 = 0;
  const at = read_bytes(len);
  for (let i = 0; i < len; i++) value = (value << 8) | (<u64>load<u8>(at + <usize>i));
  if (len > 0 && load<u8>(at) == 0) {
    read_fail(ERR_MINIMAL);
    return 0;
  }
  return value;
}

/** Bytes of the truncated form: 0 to 8. */
export function truncated_bytes(value: u64): i32 {
  return 8 - ((<i32>clz<u64>(value)) >> 3);
}

export function write_truncated(value: u64): void {
  const len = truncated_bytes(value);
  const at = write_space(len);
  if (at == 0) return;
  for (let i = len - 1; i >= 0; i--) {
    store<u8>(at + <usize>i, <u8>value);
    value >>= 8;
  }
}

/** Whether a signed integer of `width` bytes could have done with fewer (1, 2, 4 and 8 are the forms). */
function fits(value: i64, width: i32): bool {
  const shift = <i64>(64 - (width << 3));
  return (value << shift) >> shift == value;
}

/** Width of the shortest of the forms of 1, 2, 4 and 8 bytes. */
export function signed_bytes(value: i64): i32 {
  return fits(value, 1) ? 1 : fits(value, 2) ? 2 : fits(value, 4) ? 4 : 8;
}

/** A signed integer, two's complement, all that is left of the range. ERR_LENGTH, ERR_MINIMAL. BOLT 1, Appendix D. */
export function read_signed(): i64 {
  const width = read_left();
  if (width != 1 && width != 2 && width != 4 && width != 8) {
    read_fail(ERR_LENGTH);
    return 0;
  }
  const at = read_bytes(width);
  let value: i64 = <i64>load<i8>(at);
  for (let i = 1; i < width; i++) value = (value << 8) | (<i64>load<u8>(at + <usize>i));
  if (signed_bytes(value) != width) {
    read_fail(ERR_MINIMAL);
    return 0;
  }
  return value;
}

export function write_signed(value: i64): void {
  const width = signed_bytes(value);
  if (width == 1) write_u8(<u32>value);
  else if (width == 2) write_u16(<u32>value);
  else if (width == 4) write_u32(<u32>value);
  else write_u64(<u64>value);
}
