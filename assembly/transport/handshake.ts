// The three acts of BOLT 8, "Authenticated Key Exchange Handshake Specification". Each function returns 0 or the code of
// what is wrong, on which the caller wipes the connection. What is read is hashed before it is decrypted, because
// decryption is in place; the associated data is then the hash as it was before, which `hashed` still has.

import { ERR_CRYPTO, ERR_POINT, ERR_VERSION } from "../base/errors";
import { hkdf_sha256, key_ecdh, key_public, scalar_ecdh, sha256 } from "../crypto/crypto";
import { KEY_NODE } from "../crypto/keys";
import {
  BUFFER,
  CHAINING_KEY,
  EPHEMERAL,
  EPHEMERAL_POINT,
  HASH,
  KEY,
  mix_pair,
  NONCE,
  open,
  POINT_BYTES,
  RECEIVE,
  REMOTE,
  SCALAR_BYTES,
  seal,
  SEND,
  TAG_BYTES,
} from "./connection";

/** Acts one and two: version, ephemeral point, tag. */
export const ACT_BYTES: i32 = 50;
/** Act three: version, encrypted static point and its tag, tag. */
export const ACT_THREE_BYTES: i32 = 66;

const HASH_BYTES: i32 = 32;
// Places in an act.
const VERSION: usize = 0;
const POINT: usize = 1;
const TAG: usize = 34;
const LAST_TAG: usize = 50;

/** SHA-256 of the protocol's name, then SHA-256 of that and the prologue: where every handshake begins. */
const origin: usize = memory.data<u8>(
  [
    0x26, 0x40, 0xf5, 0x2e, 0xeb, 0xcd, 0x9e, 0x88, 0x29, 0x58, 0x95, 0x1c, 0x79, 0x42, 0x50, 0xee, 0xdb, 0x28, 0x00,
    0x2c, 0x05, 0xd7, 0xdc, 0x2e, 0xa0, 0xf1, 0x95, 0x40, 0x60, 0x42, 0xca, 0xf1, 0xd1, 0xfb, 0xf6, 0xde, 0xe4, 0xf6,
    0x86, 0xf1, 0x32, 0xfd, 0x70, 0x2c, 0x4a, 0xbf, 0x8f, 0xba, 0x4b, 0xb4, 0x20, 0xd8, 0x9d, 0x2a, 0x04, 0x8a, 0x3c,
    0x4f, 0x4c, 0x09, 0x2e, 0x37, 0xb6, 0x76,
  ],
  8,
);

/** Hash of the handshake and what is mixed into it: at most a static point with its tag. */
const hashed: usize = memory.data(HASH_BYTES + POINT_BYTES + TAG_BYTES, 8);
/** Shared secrets and the two keys at the end; zero between calls. */
const secret: usize = memory.data(64, 8);

/** Sets out with the responder's static point at `point`. */
export function begin(record: usize, point: usize): i32 {
  memory.copy(record + SEND + CHAINING_KEY, origin, HASH_BYTES);
  memory.copy(record + HASH, origin + <usize>HASH_BYTES, HASH_BYTES);
  return mix_hash(record, point, POINT_BYTES);
}

/** h = SHA-256(h || data). The old h stays at `hashed`. */
function mix_hash(record: usize, data: usize, len: i32): i32 {
  memory.copy(hashed, record + HASH, HASH_BYTES);
  memory.copy(hashed + <usize>HASH_BYTES, data, <usize>len);
  return sha256(hashed, HASH_BYTES + len, record + HASH);
}

/** Mixes the shared secret at `secret` into the keys if the multiplication that made it gave the code 0. */
function mix_secret(record: usize, code: i32): i32 {
  // Only the peer's point can be at fault: our own scalar was checked at the beginning.
  if (code != 0) return code == ERR_CRYPTO ? ERR_POINT : code;
  const mixed = mix_pair(record + SEND, secret, SCALAR_BYTES);
  memory.fill(secret, 0, SCALAR_BYTES);
  return mixed;
}

/** Encrypts under the hash, and mixes what comes out into it. */
function seal_and_hash(record: usize, data: usize, len: i32): i32 {
  return seal(record + SEND, record + HASH, HASH_BYTES, data, len) || mix_hash(record, data, len + TAG_BYTES);
}

/** Mixes `len` bytes into the hash and decrypts them under what it was before. */
function hash_and_open(record: usize, data: usize, len: i32): i32 {
  return mix_hash(record, data, len) || open(record + SEND, hashed, HASH_BYTES, data, len);
}

/** Writes act one or two to `act`: our ephemeral point, shared secret with the peer's `point`. */
export function write_act(record: usize, point: usize, act: usize): i32 {
  store<u8>(act, 0, VERSION);
  memory.copy(act + POINT, record + EPHEMERAL_POINT, POINT_BYTES);
  return (
    mix_hash(record, act + POINT, POINT_BYTES) ||
    mix_secret(record, scalar_ecdh(record + EPHEMERAL, point, secret)) ||
    seal_and_hash(record, act + TAG, 0)
  );
}

/** Checks act one, as responder, or act two in the buffer. */
export function read_act(record: usize, responder: bool): i32 {
  const act = record + BUFFER;
  const point = act + POINT;
  if (load<u8>(act, VERSION) != 0) return ERR_VERSION;
  return (
    mix_hash(record, point, POINT_BYTES) ||
    mix_secret(
      record,
      responder ? key_ecdh(KEY_NODE, point, secret) : scalar_ecdh(record + EPHEMERAL, point, secret),
    ) ||
    hash_and_open(record, act + TAG, TAG_BYTES)
  );
}

/** Answers act one in the buffer with act two. */
export function write_act_two(record: usize, act: usize): i32 {
  return write_act(record, record + BUFFER + POINT, act);
}

/** Answers act two in the buffer with act three, and derives the keys. */
export function write_act_three(record: usize, act: usize): i32 {
  store<u8>(act, 0, VERSION);
  return (
    key_public(KEY_NODE, act + POINT) ||
    seal_and_hash(record, act + POINT, POINT_BYTES) ||
    mix_secret(record, key_ecdh(KEY_NODE, record + BUFFER + POINT, secret)) ||
    seal(record + SEND, record + HASH, HASH_BYTES, act + LAST_TAG, 0) ||
    derive(record, record + SEND + KEY, record + RECEIVE + KEY)
  );
}

/** Checks act three in the buffer, learns the initiator's static point, and derives the keys. */
export function read_act_three(record: usize): i32 {
  const act = record + BUFFER;
  if (load<u8>(act, VERSION) != 0) return ERR_VERSION;
  const code =
    hash_and_open(record, act + POINT, POINT_BYTES + TAG_BYTES) ||
    mix_secret(record, scalar_ecdh(record + EPHEMERAL, act + POINT, secret)) ||
    open(record + SEND, record + HASH, HASH_BYTES, act + LAST_TAG, TAG_BYTES) ||
    derive(record, record + RECEIVE + KEY, record + SEND + KEY);
  memory.copy(record + REMOTE, act + POINT, POINT_BYTES);
  return code;
}

/**
 * The end: one key for each direction, of the initiator first, and the chaining key for both. Overwrites the temporary
 * key, the hash and the ephemeral scalar.
 */
function derive(record: usize, first: usize, second: usize): i32 {
  const code = hkdf_sha256(record + SEND + CHAINING_KEY, secret, 0, secret);
  store<u32>(record, 0, SEND + NONCE);
  memory.copy(record + RECEIVE, record + SEND, RECEIVE);
  memory.copy(first, secret, SCALAR_BYTES);
  memory.copy(second, secret + SCALAR_BYTES, SCALAR_BYTES);
  memory.fill(secret, 0, 64);
  return code;
}
