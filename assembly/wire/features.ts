// Feature bits. BOLT 9; "The `init` Message" of BOLT 1; bLIP 2 for those above 255. Two forms: a bit array as it came, of
// any length, and a set: FEATURE_BYTES of the same big-endian bits. A feature is named by its even bit: that bit requires
// it, the next one offers it.

import { ERR_CAPACITY, ERR_DEPENDENCY, ERR_UNKNOWN_EVEN, ERR_VALUE } from "../base/errors";
import { FEATURE_BYTES } from "../base/limits";

export const OPTION_DATA_LOSS_PROTECT: i32 = 0;
export const OPTION_UPFRONT_SHUTDOWN_SCRIPT: i32 = 4;
export const GOSSIP_QUERIES: i32 = 6;
export const VAR_ONION_OPTIN: i32 = 8;
export const GOSSIP_QUERIES_EX: i32 = 10;
export const OPTION_STATIC_REMOTEKEY: i32 = 12;
export const PAYMENT_SECRET: i32 = 14;
export const BASIC_MPP: i32 = 16;
export const OPTION_SUPPORT_LARGE_CHANNEL: i32 = 18;
export const OPTION_ANCHORS: i32 = 22;
export const OPTION_ROUTE_BLINDING: i32 = 24;
export const OPTION_SHUTDOWN_ANYSEGWIT: i32 = 26;
export const OPTION_DUAL_FUND: i32 = 28;
export const OPTION_QUIESCE: i32 = 34;
export const OPTION_ATTRIBUTION_DATA: i32 = 36;
export const OPTION_ONION_MESSAGES: i32 = 38;
export const OPTION_PROVIDE_STORAGE: i32 = 42;
export const OPTION_CHANNEL_TYPE: i32 = 44;
export const OPTION_SCID_ALIAS: i32 = 46;
export const OPTION_PAYMENT_METADATA: i32 = 48;
export const OPTION_ZEROCONF: i32 = 50;
/** bLIP 3. */
export const KEYSEND: i32 = 54;
export const OPTION_SIMPLE_CLOSE: i32 = 60;
export const OPTION_SPLICE: i32 = 62;
/** PROTOCOL.md, "Lightning extensions". */
export const OPTION_ENERGY: i32 = 280;

// Where a feature is presented.
export const IN_INIT: u32 = 1;
export const IN_NODE_ANNOUNCEMENT: u32 = 2;
export const IN_CHANNEL_TYPE: u32 = 4;
export const IN_INVOICE: u32 = 8;

/** Every node has it, whether its bit is set or not. */
const ASSUMED: u32 = 16;
/** BOLT 9 names no context (any more): the ones given here are where peers expect it still. */
const UNLISTED: u32 = 32;

// A row of the table: the feature, contexts and flags, and the feature on which it depends; 0, which is assumed, for none.
const FEATURE: u32 = 0xfff;
const CONTEXTS: u32 = 12;
const DEPENDS: u32 = 20;

const N: u32 = IN_NODE_ANNOUNCEMENT << CONTEXTS;
const IN: u32 = (IN_INIT << CONTEXTS) | N;
const T: u32 = IN_CHANNEL_TYPE << CONTEXTS;
const INVOICE: u32 = IN_INVOICE << CONTEXTS;
const OF_OLD: u32 = (ASSUMED | UNLISTED) << CONTEXTS;

// prettier-ignore
const KNOWN: usize = memory.data<u32>([
  OPTION_DATA_LOSS_PROTECT | IN | OF_OLD,
  OPTION_UPFRONT_SHUTDOWN_SCRIPT | IN,
  GOSSIP_QUERIES | IN | (UNLISTED << CONTEXTS),
  VAR_ONION_OPTIN | IN | INVOICE | OF_OLD,
  GOSSIP_QUERIES_EX | IN,
  OPTION_STATIC_REMOTEKEY | IN | T | OF_OLD,
  PAYMENT_SECRET | IN | INVOICE | OF_OLD,
  BASIC_MPP | IN | INVOICE | (PAYMENT_SECRET << DEPENDS),
  OPTION_SUPPORT_LARGE_CHANNEL | IN,
  OPTION_ANCHORS | IN | T,
  OPTION_ROUTE_BLINDING | IN | INVOICE,
  OPTION_SHUTDOWN_ANYSEGWIT | IN,
  OPTION_DUAL_FUND | IN,
  OPTION_QUIESCE | IN,
  OPTION_ATTRIBUTION_DATA | IN | INVOICE,
  OPTION_ONION_MESSAGES | IN,
  OPTION_PROVIDE_STORAGE | IN,
  OPTION_CHANNEL_TYPE | IN | OF_OLD,
  OPTION_SCID_ALIAS | IN | T,
  OPTION_PAYMENT_METADATA | INVOICE,
  OPTION_ZEROCONF | IN | T | (OPTION_SCID_ALIAS << DEPENDS),
  KEYSEND | N | (VAR_ONION_OPTIN << DEPENDS),
  OPTION_SIMPLE_CLOSE | IN | (OPTION_SHUTDOWN_ANYSEGWIT << DEPENDS),
  OPTION_SPLICE | IN,
  OPTION_ENERGY | IN | T,
]);
const KNOWN_END: usize = KNOWN + 4 * 25;

/** Whether a bit of the array of `len` bytes at `at` is set. */
export function has_bit(at: usize, len: i32, bit: i32): bool {
  const byte = len - 1 - (bit >> 3);
  return byte >= 0 && ((load<u8>(at + <usize>byte) >> (<u8>(bit & 7))) & 1) != 0;
}

/** Sets a bit of a set; ERR_CAPACITY beyond it. */
export function set_bit(set: usize, bit: i32): i32 {
  const byte = FEATURE_BYTES - 1 - (bit >> 3);
  if (bit < 0 || byte < 0) return ERR_CAPACITY;
  const at = set + <usize>byte;
  store<u8>(at, <u8>((<u32>load<u8>(at)) | (1 << (bit & 7))));
  return 0;
}

/** Whether a set offers a feature, required or not. What is assumed need not be set. */
export function offers(set: usize, feature: i32): bool {
  return has_bit(set, FEATURE_BYTES, feature) || has_bit(set, FEATURE_BYTES, feature + 1) || is_assumed(feature);
}

/** Whether both sets offer a feature: it is negotiated. */
export function negotiated(set: usize, other: usize, feature: i32): bool {
  return offers(set, feature) && offers(other, feature);
}

/** The feature's row of the table, or 0. */
function row_of(feature: i32): u32 {
  for (let at = KNOWN; at < KNOWN_END; at += 4) {
    const row = load<u32>(at);
    if ((row & FEATURE) == feature) return row;
  }
  return 0;
}

/** Contexts of a feature (IN_INIT and so on, a sum), as BOLT 9 has them in its table; 0 for one that is not known. */
export function contexts_of(feature: i32): u32 {
  const row = row_of(feature) >> CONTEXTS;
  return (row & UNLISTED) != 0 ? 0 : row & 15;
}

export function is_assumed(feature: i32): bool {
  return ((row_of(feature) >> CONTEXTS) & ASSUMED) != 0;
}

/** 0, or ERR_UNKNOWN_EVEN if the array requires a feature that the set `ours` does not offer. */
export function check_required(at: usize, len: i32, ours: usize): i32 {
  for (let i = 0; i < len; i++) {
    // A bit's place in its byte is as even as its number.
    let bits = (<i32>load<u8>(at + <usize>i)) & 0x55;
    for (; bits != 0; bits &= bits - 1) {
      if (!offers(ours, ((len - 1 - i) << 3) + ctz(bits))) return ERR_UNKNOWN_EVEN;
    }
  }
  return 0;
}

/** 0, or ERR_DEPENDENCY if a set offers a feature without another on which it depends. */
export function check_dependencies(set: usize): i32 {
  for (let at = KNOWN; at < KNOWN_END; at += 4) {
    const row = load<u32>(at);
    if (offers(set, row & FEATURE) && !offers(set, row >> DEPENDS)) return ERR_DEPENDENCY;
  }
  return 0;
}

/** Adds an array's bits to a set. Those beyond it are not known to anybody here and are left out. */
export function add_features(at: usize, len: i32, set: usize): void {
  const count = min(len, FEATURE_BYTES);
  at += <usize>(len - count);
  set += <usize>(FEATURE_BYTES - count);
  for (let i: usize = 0; i < <usize>count; i++) store<u8>(set + i, load<u8>(set + i) | load<u8>(at + i));
}

/** Pairs of bits that a context has. */
const mask: usize = memory.data(FEATURE_BYTES, 8);

/** Writes to the set `part` what of `set` is presented in a context (one of IN_INIT and so on). They may be the same. */
export function select_features(set: usize, context: u32, part: usize): void {
  memory.fill(mask, 0, FEATURE_BYTES);
  for (let at = KNOWN; at < KNOWN_END; at += 4) {
    const row = load<u32>(at);
    if (((row >> CONTEXTS) & context) == 0) continue;
    set_bit(mask, row & FEATURE);
    set_bit(mask, (row & FEATURE) + 1);
  }
  for (let i: usize = 0; i < <usize>FEATURE_BYTES; i++) store<u8>(part + i, load<u8>(set + i) & load<u8>(mask + i));
}

/** Bytes that a set takes in its shortest form: its last ones. */
export function feature_bytes(set: usize): i32 {
  let skipped = 0;
  while (skipped < FEATURE_BYTES && load<u8>(set + <usize>skipped) == 0) skipped++;
  return FEATURE_BYTES - skipped;
}

// Channel types: what they have beyond option_static_remotekey.
export const TYPE_ANCHORS: i32 = 1;
export const TYPE_SCID_ALIAS: i32 = 2;
export const TYPE_ZEROCONF: i32 = 4;
export const TYPE_ENERGY: i32 = 8;

/**
 * The channel type that an array names: a sum of the above. ERR_VALUE: it is none of those defined. BOLT 2, "Defined
 * Channel Types".
 */
export function channel_type(at: usize, len: i32): i32 {
  let bits = 0;
  for (let i = 0; i < len; i++) bits += popcnt(<i32>load<u8>(at + <usize>i));
  let type = 0;
  if (has_bit(at, len, OPTION_ANCHORS)) type |= TYPE_ANCHORS;
  if (has_bit(at, len, OPTION_SCID_ALIAS)) type |= TYPE_SCID_ALIAS;
  if (has_bit(at, len, OPTION_ZEROCONF)) type |= TYPE_ZEROCONF;
  if (has_bit(at, len, OPTION_ENERGY)) type |= TYPE_ENERGY;
  return has_bit(at, len, OPTION_STATIC_REMOTEKEY) && bits == popcnt(type) + 1 ? type : ERR_VALUE;
}
