// Building an onion. BOLT 4, "Packet Construction" and "Filler Generation".

import { ERR_ARGUMENT, ERR_CAPACITY, ERR_CRYPTO, ERR_LENGTH } from "../base/errors";
import { MAX_ONION_HOPS } from "../base/limits";
import { read_begin, read_bytes, read_cursor, read_end, read_fail } from "../base/reader";
import { hmac_sha256 } from "../crypto/crypto";
import { read_bigsize } from "../wire/bigsize";
import { derive, HMAC_BYTES, key, MU, obfuscate, PAD, PAYLOADS_BYTES, POINT_BYTES, RHO, stream } from "./keys";
import { derive_route, first_point, forget_route, hop_secret } from "./route";

/** End of each hop's payload, as offset from the first one's begin. */
const ends: usize = memory.data(MAX_ONION_HOPS * 4, 4);

function payload_begin(i: i32): i32 {
  return i == 0 ? 0 : load<i32>(ends + ((<usize>(i - 1)) << 2));
}

function payload_bytes(i: i32): i32 {
  return load<i32>(ends + ((<usize>i) << 2)) - payload_begin(i);
}

/**
 * Builds the packet of PACKET_BYTES at `packet`. `session_key` and `payment_hash` are 32 bytes; at `points` stand `hops`
 * points of 33 bytes, at `payloads` in `payloads_len` bytes as many payloads, each behind its length as bigsize.
 * ERR_ARGUMENT: not 1 to MAX_ONION_HOPS hops; ERR_TRUNCATED, ERR_MINIMAL, ERR_LENGTH: the payloads are not as many, or
 * one is shorter than 2 bytes; ERR_CAPACITY: they do not fit a packet; ERR_CRYPTO, ERR_POINT as of `derive_route`.
 */
export function build(
  session_key: usize,
  payment_hash: usize,
  points: usize,
  hops: i32,
  payloads: usize,
  payloads_len: i32,
  packet: usize,
): i32 {
  if (<u32>(hops - 1) >= <u32>MAX_ONION_HOPS) return ERR_ARGUMENT;
  read_begin(payloads, payloads_len);
  for (let i = 0; i < hops; i++) {
    const len = read_bigsize();
    if (len < 2) read_fail(ERR_LENGTH);
    read_bytes(<i32>min<u64>(len, 0x7fff_ffff));
    store<i32>(ends + ((<usize>i) << 2), <i32>(read_cursor() - payloads));
  }
  let code = read_end();
  if (code == 0 && payloads_len + hops * HMAC_BYTES > PAYLOADS_BYTES) code = ERR_CAPACITY;
  if (code < 0) return code;
  code = derive_route(session_key, points, hops);
  if (code >= 0 && wrap(session_key, payment_hash, hops, payloads, packet) < 0) code = ERR_CRYPTO;
  return forget_route(code);
}

/**
 * What the hops before the last make of the zeros that each of them appends: it lies in `stream`, up to PAYLOADS_BYTES.
 * Returns its length.
 */
function fill(hops: i32): i32 {
  memory.fill(stream, 0, 2 * PAYLOADS_BYTES);
  let len: i32 = 0;
  for (let i = 0; i < hops - 1; i++) {
    const shift = payload_bytes(i) + HMAC_BYTES;
    const code = obfuscate(RHO, hop_secret(i), stream, PAYLOADS_BYTES + shift);
    if (code < 0) return code;
    len += shift;
    const begin = stream + PAYLOADS_BYTES - len;
    memory.copy(begin, begin + shift, len);
    memory.fill(stream + PAYLOADS_BYTES, 0, PAYLOADS_BYTES);
  }
  return len;
}

function wrap(session_key: usize, payment_hash: usize, hops: i32, payloads: usize, packet: usize): i32 {
  const filler = fill(hops);
  if (filler < 0) return filler;
  // Behind the payloads is the HMAC's place, and until it is computed, that of the payment_hash, which it covers too.
  const body = packet + 1 + POINT_BYTES;
  const tail = body + PAYLOADS_BYTES;
  memory.fill(packet, 0, 1 + POINT_BYTES + PAYLOADS_BYTES + HMAC_BYTES);
  let code = obfuscate(PAD, session_key, body, PAYLOADS_BYTES);
  for (let i = hops - 1; i >= 0; i--) {
    const secret = hop_secret(i);
    const len = payload_bytes(i);
    memory.copy(body + len + HMAC_BYTES, body, PAYLOADS_BYTES - len - HMAC_BYTES);
    memory.copy(body, payloads + payload_begin(i), len);
    memory.copy(body + len, tail, HMAC_BYTES);
    code |= obfuscate(RHO, secret, body, PAYLOADS_BYTES);
    if (i == hops - 1) memory.copy(tail - filler, stream + PAYLOADS_BYTES - filler, filler);
    memory.copy(tail, payment_hash, 32);
    code |= derive(MU, secret, key);
    code |= hmac_sha256(key, 32, body, PAYLOADS_BYTES + 32, tail);
  }
  memory.copy(packet + 1, first_point, POINT_BYTES);
  return code;
}
