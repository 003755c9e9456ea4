// Bech32 without its length limit, over text that stays where it is: a group is the 5 bits of one character. BIP 173;
// BOLT 11, "Encoding Overview".

import { ERR_CHECKSUM, ERR_MISSING, ERR_TRUNCATED, ERR_VALUE } from "../base/errors";

/** Characters by group. */
const CHARACTERS: usize = memory.data<u8>([
  0x71, 0x70, 0x7a, 0x72, 0x79, 0x39, 0x78, 0x38, 0x67, 0x66, 0x32, 0x74, 0x76, 0x64, 0x77, 0x30, 0x73, 0x33, 0x6a,
  0x6e, 0x35, 0x34, 0x6b, 0x68, 0x63, 0x65, 0x36, 0x6d, 0x75, 0x61, 0x37, 0x6c,
]);
/** Groups of a to z, then of 0 to 9; NONE where the alphabet has no such character. */
const GROUPS: usize = memory.data<u8>([
  29, 255, 24, 13, 25, 9, 8, 23, 255, 18, 22, 31, 27, 19, 255, 1, 0, 3, 16, 11, 28, 12, 14, 6, 4, 2, 15, 255, 10, 17,
  21, 20, 26, 30, 7, 5,
]);
const NONE: u32 = 255;

export const SEPARATOR: u32 = 0x31;
/** Characters of a checksum. */
export const CHECKSUM_CHARS: i32 = 6;

/** Lower-cases one ASCII character. */
export function lower(character: u32): u32 {
  return character - 0x41 < 26 ? character | 0x20 : character;
}

/** The group of the character at `at`, either case; 255 if it has none. */
export function group(at: usize): u32 {
  const character = lower(<u32>load<u8>(at));
  if (character - 0x61 < 26) return <u32>load<u8>(GROUPS + <usize>(character - 0x61));
  if (character - 0x30 < 10) return <u32>load<u8>(GROUPS + 26 + <usize>(character - 0x30));
  return NONE;
}

/** The number of `count` groups, big-endian; as many as 12. */
export function groups_value(at: usize, count: i32): u64 {
  let value: u64 = 0;
  for (let i = 0; i < count; i++) value = (value << 5) | (<u64>group(at + <usize>i));
  return value;
}

/**
 * Packs `count` groups of text into bytes at `out`, after `lead` (0 to 7) zero bits, and zero bits to the last byte's
 * end. Returns the end of what it wrote.
 */
export function pack(text: usize, count: i32, lead: i32, out: usize): usize {
  let pending: u32 = 0;
  let bits = lead;
  for (let i = 0; i < count; i++) {
    pending = (pending << 5) | group(text + <usize>i);
    bits += 5;
    if (bits >= 8) {
      bits -= 8;
      store<u8>(out++, <u8>(pending >> bits));
    }
  }
  if (bits > 0) store<u8>(out++, <u8>(pending << (8 - bits)));
  return out;
}

/** The reverse: characters of `count` groups from the bytes at `data`, whose first `lead` bits are passed over. */
export function unpack(data: usize, lead: i32, count: i32, text: usize): void {
  let pending: u32 = 0;
  let bits = -lead;
  for (let i = 0; i < count; i++) {
    while (bits < 5) {
      pending = (pending << 8) | (<u32>load<u8>(data++));
      bits += 8;
    }
    bits -= 5;
    store<u8>(text + <usize>i, load<u8>(CHARACTERS + <usize>((pending >> bits) & 31)));
  }
}

/** Characters of a number in `count` groups, big-endian. */
export function put_groups(value: u64, count: i32, text: usize): void {
  for (let i = count - 1; i >= 0; i--) {
    store<u8>(text + <usize>i, load<u8>(CHARACTERS + <usize>(value & 31)));
    value >>= 5;
  }
}

function step(checksum: u32, value: u32): u32 {
  const high = checksum >> 25;
  checksum = ((checksum & 0x1ff_ffff) << 5) ^ value;
  if (high & 1) checksum ^= 0x3b6a57b2;
  if (high & 2) checksum ^= 0x26508e6d;
  if (high & 4) checksum ^= 0x1ea119fa;
  if (high & 8) checksum ^= 0x3d4233dd;
  if (high & 16) checksum ^= 0x2a1462b3;
  return checksum;
}

/** What the checksum has come to after a human-readable part of `hrp_len` characters and `groups` behind its separator. */
function checksum_of(text: usize, hrp_len: i32, groups: i32): u32 {
  let checksum: u32 = 1;
  for (let i = 0; i < hrp_len; i++) checksum = step(checksum, lower(<u32>load<u8>(text + <usize>i)) >> 5);
  checksum = step(checksum, 0);
  for (let i = 0; i < hrp_len; i++) checksum = step(checksum, lower(<u32>load<u8>(text + <usize>i)) & 31);
  const data = text + <usize>hrp_len + 1;
  for (let i = 0; i < groups; i++) checksum = step(checksum, group(data + <usize>i));
  return checksum;
}

/** Writes the checksum behind a human-readable part of `hrp_len` characters, the separator and `groups`. */
export function put_checksum(text: usize, hrp_len: i32, groups: i32): void {
  let checksum = checksum_of(text, hrp_len, groups);
  for (let i = 0; i < CHECKSUM_CHARS; i++) checksum = step(checksum, 0);
  put_groups(<u64>(checksum ^ 1), CHECKSUM_CHARS, text + <usize>(hrp_len + 1 + groups));
}

/**
 * Checks `len` characters: alphabet, case, separator, checksum. Returns the length of the human-readable part.
 * ERR_VALUE: a character that does not belong, or both cases; ERR_MISSING: no separator, or nothing before it;
 * ERR_TRUNCATED: shorter than a checksum behind it; ERR_CHECKSUM.
 */
export function check(text: usize, len: i32): i32 {
  let hrp_len = 0;
  let cases = 0;
  for (let i = 0; i < len; i++) {
    const character = <u32>load<u8>(text + <usize>i);
    if (character - 0x21 > 0x7e - 0x21) return ERR_VALUE;
    if (character - 0x61 < 26) cases |= 1;
    if (character - 0x41 < 26) cases |= 2;
    // The last one is the separator: the human-readable part may have more of them.
    if (character == SEPARATOR) hrp_len = i;
  }
  if (cases == 3) return ERR_VALUE;
  if (hrp_len == 0) return ERR_MISSING;
  const groups = len - hrp_len - 1;
  if (groups < CHECKSUM_CHARS) return ERR_TRUNCATED;
  for (let i = 0; i < groups; i++) {
    if (group(text + <usize>(hrp_len + 1 + i)) == NONE) return ERR_VALUE;
  }
  return checksum_of(text, hrp_len, groups) == 1 ? hrp_len : ERR_CHECKSUM;
}
