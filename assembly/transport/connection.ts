// What is kept of a connection, in one static record each, and the two directions of its cipher. BOLT 8.

import { ERR_ARGUMENT } from "../base/errors";
import { MAX_CONNECTIONS, MAX_MESSAGE_BYTES } from "../base/limits";
import { aead_open, aead_seal, hkdf_sha256 } from "../crypto/crypto";

export const SCALAR_BYTES: i32 = 32;
export const POINT_BYTES: i32 = 33;
export const TAG_BYTES: i32 = 16;

// A direction: chaining key, key and nonce, in the order in which HKDF gives the first two.
export const CHAINING_KEY: usize = 0;
export const KEY: usize = 32;
export const NONCE: usize = 64;

// A record. During the handshake SEND holds ck and the temporary key, and RECEIVE what the handshake needs besides; both
// are overwritten by what the handshake results in.
export const SEND: usize = 0;
export const RECEIVE: usize = 68;
export const HASH: usize = RECEIVE;
export const EPHEMERAL: usize = RECEIVE + 32;
/** Static key of the peer: known from the beginning as initiator, from act three on as responder. */
export const REMOTE: usize = 136;
export const STATE: usize = 172;
/** Bytes that the present state waits for, and how many of them have come. */
export const NEED: usize = 176;
export const FILLED: usize = 180;
/** What was received of one act, length prefix or message. */
export const BUFFER: usize = 184;
/** Our ephemeral point during the handshake, whose acts leave room behind them. */
export const EPHEMERAL_POINT: usize = BUFFER + 128;
const RECORD_BYTES: i32 = <i32>BUFFER + MAX_MESSAGE_BYTES + TAG_BYTES;

// States, in the order in which a connection goes through them.
export const STATE_CLOSED: i32 = 0;
export const STATE_ACT_ONE: i32 = 1;
export const STATE_ACT_TWO: i32 = 2;
export const STATE_ACT_THREE: i32 = 3;
export const STATE_LENGTH: i32 = 4;
export const STATE_MESSAGE: i32 = 5;
export const STATE_PASS_OVER: i32 = 6;

/** Encryptions with a key before it is changed. BOLT 8, "Lightning Message Key Rotation". */
const ROTATION: u32 = 1000;

const records: usize = memory.data(RECORD_BYTES * MAX_CONNECTIONS, 8);
/** The nonce as the cipher takes it: four zeros, then the counter, little-endian, whose upper half stays zero. */
const nonce: usize = memory.data(12, 4);

/** The record of a connection, 0 .. MAX_CONNECTIONS - 1; 0 if there is no such number. */
export function record_of(connection: i32): usize {
  return <u32>connection < <u32>MAX_CONNECTIONS ? records + <usize>(connection * RECORD_BYTES) : 0;
}

/** ERR_ARGUMENT if there is no such connection, else its state. */
export function state_of(connection: i32): i32 {
  const record = record_of(connection);
  return record == 0 ? ERR_ARGUMENT : load<i32>(record, STATE);
}

/** Makes the connection wait for `need` bytes. */
export function wait_for(record: usize, state: i32, need: i32): void {
  store<i32>(record, state, STATE);
  store<i32>(record, need, NEED);
}

/** Closes the connection and leaves nothing of its keys and of what was received. */
export function wipe(record: usize): void {
  memory.fill(record, 0, <usize>RECORD_BYTES);
}

/** ck, k = HKDF(ck, input), nonce 0. 0 or a negative code. */
export function mix_pair(pair: usize, input: usize, len: i32): i32 {
  store<u32>(pair, 0, NONCE);
  return hkdf_sha256(pair, input, len, pair);
}

/** After a use of the key: counts the nonce, changes the key when it is due. 0 or a negative code. */
export function advance(pair: usize): i32 {
  const used = load<u32>(pair, NONCE) + 1;
  store<u32>(pair, used, NONCE);
  return used == ROTATION ? mix_pair(pair, pair + KEY, SCALAR_BYTES) : 0;
}

/** Encrypts `len` bytes at `data` in place; the tag goes behind them. 0 or a negative code. */
export function seal(pair: usize, ad: usize, ad_len: i32, data: usize, len: i32): i32 {
  store<u32>(nonce, load<u32>(pair, NONCE), 4);
  return aead_seal(pair + KEY, nonce, ad, ad_len, data, len) || advance(pair);
}

/** Decrypts `len` bytes at `data`, tag included, in place. 0, ERR_MAC or another negative code. */
export function open(pair: usize, ad: usize, ad_len: i32, data: usize, len: i32): i32 {
  store<u32>(nonce, load<u32>(pair, NONCE), 4);
  return aead_open(pair + KEY, nonce, ad, ad_len, data, len) || advance(pair);
}
