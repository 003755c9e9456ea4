// An ASCII writer over static memory. The caller sizes the buffer for the longest text that its fields allow; the
// cursor is asserted against the end, because an overrun would be a defect and not an input error.

let cursor: usize = 0;
let limit: usize = 0;

/** Starts writing at `at`, at most `len` bytes. */
export function text_begin(at: usize, len: i32): void {
  cursor = at;
  limit = at + <usize>len;
}

/** Address of the next byte to be written. */
export function text_cursor(): usize {
  return cursor;
}

export function put_byte(byte: u32): void {
  assert(cursor < limit);
  store<u8>(cursor++, <u8>byte);
}

/** A literal of the program; ASCII only. */
export function put(literal: string): void {
  const source = changetype<usize>(literal);
  const end = source + ((<usize>literal.length) << 1);
  for (let p = source; p < end; p += 2) put_byte(load<u16>(p));
}

/** `len` raw bytes at `data`. */
export function put_bytes(data: usize, len: i32): void {
  assert(cursor + <usize>len <= limit);
  memory.copy(cursor, data, <usize>len);
  cursor += <usize>len;
}

/** Lower-case hexadecimal of `len` bytes at `data`. */
export function put_hex(data: usize, len: i32): void {
  assert(cursor + ((<usize>len) << 1) <= limit);
  for (let i = 0; i < len; i++) {
    const byte = <u32>load<u8>(data + <usize>i);
    store<u8>(cursor, hex_digit(byte >> 4));
    store<u8>(cursor + 1, hex_digit(byte & 15));
    cursor += 2;
  }
}

function hex_digit(nibble: u32): u8 {
  return <u8>(nibble + (nibble < 10 ? 0x30 : 0x57));
}

/** Decimal with at least `width` digits (1..20), padded with zeros. */
export function put_decimal(value: u64, width: i32): void {
  let digits = 1;
  for (let rest = value / 10; rest != 0; rest /= 10) digits++;
  if (digits < width) digits = width;
  assert(cursor + <usize>digits <= limit);
  let p = cursor + <usize>digits;
  cursor = p;
  for (let i = 0; i < digits; i++) {
    store<u8>(--p, <u8>(0x30 + (value % 10)));
    value /= 10;
  }
}
