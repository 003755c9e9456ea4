// What is known of a channel only while its peer is connected: which messages are to be pulled, how far a batch of updates
// has gone out, where closing stands. None of it is stored; the last of it goes with the connection.

import { MAX_CHANNELS } from "../base/limits";
import { holder_point } from "../chain/derive";
import { CHANNEL_NUMBER, channel_of } from "./record";

// Messages that are to go out, in the order in which they do, but for TO_COMMIT and TO_REVOKE (MARK_REVOKED_LAST).
export const TO_ERROR: u32 = 1;
export const TO_WARNING: u32 = 2;
export const TO_OPEN: u32 = 4;
export const TO_ACCEPT: u32 = 8;
export const TO_FUNDING_CREATED: u32 = 16;
export const TO_FUNDING_SIGNED: u32 = 32;
export const TO_REESTABLISH: u32 = 64;
export const TO_READY: u32 = 128;
export const TO_REVOKE: u32 = 256;
export const TO_COMMIT: u32 = 512;
export const TO_SHUTDOWN: u32 = 1024;
export const TO_CLOSING: u32 = 2048;
/** The peer is connected. */
export const CONNECTED: u32 = 1 << 16;
/** Both have exchanged channel_reestablish, or opened the channel over this very connection. */
export const ESTABLISHED: u32 = 1 << 17;
export const HANG_UP: u32 = 1 << 18;
/** The peer's shutdown has come over this connection. */
export const PEER_SHUTDOWN: u32 = 1 << 19;
/** A closing_signed of ours has gone out over this connection. */
export const CLOSING_SENT: u32 = 1 << 20;
/** update_fee of the batch has gone out, and interval_roll. */
export const FEE_SENT: u32 = 1 << 21;
export const ROLL_SENT: u32 = 1 << 22;

// Record: flags; bit i: the batch's update of slot i has gone out; code, channel_id and message type that TO_ERROR tells.
const FLAGS: usize = 0;
export const LIVE_SENT_SLOTS: usize = 4;
export const LIVE_FAULT: usize = 8;
export const LIVE_FAULT_TYPE: usize = 12;
export const LIVE_FAULT_ID: usize = 16;
/** u64: fee of our latest closing_signed; the range that we agree to. */
export const LIVE_FEE_SAT: usize = 48;
export const LIVE_MIN_FEE_SAT: usize = 56;
export const LIVE_MAX_FEE_SAT: usize = 64;
/** A point of the holder's that was worked out before: its commitment number plus one, and 33 bytes. */
const POINT_NUMBER: usize = 72;
const POINT: usize = 80;
const LIVE_BYTES: usize = 120;

const lives: usize = memory.data(MAX_CHANNELS * 120, 8);

export function live_of(n: i32): usize {
  assert(<u32>n < <u32>MAX_CHANNELS);
  return lives + <usize>n * LIVE_BYTES;
}

/** Forgets all of it. */
export function live_end(n: i32): void {
  memory.fill(live_of(n), 0, LIVE_BYTES);
}

export function is_live(n: i32, flag: u32): bool {
  return (load<u32>(live_of(n)) & flag) == flag;
}

export function set_live(n: i32, flags: u32): void {
  store<u32>(live_of(n), load<u32>(live_of(n)) | flags, FLAGS);
}

export function clear_live(n: i32, flags: u32): void {
  store<u32>(live_of(n), load<u32>(live_of(n)) & ~flags, FLAGS);
}

/** A batch of updates is to go out from its beginning. */
export function batch_begin(n: i32): void {
  store<u32>(live_of(n), 0, LIVE_SENT_SLOTS);
  clear_live(n, FEE_SENT | ROLL_SENT);
  set_live(n, TO_COMMIT);
}

/** The holder's point of a commitment, 33 bytes; each is needed twice, so the last one is kept. ERR_CRYPTO. */
export function own_point(n: i32, number: u64, target: usize): i32 {
  const live = live_of(n);
  if (load<u64>(live, POINT_NUMBER) != number + 1) {
    const code = holder_point(load<i32>(channel_of(n), CHANNEL_NUMBER), number, live + POINT);
    if (code < 0) {
      store<u64>(live, 0, POINT_NUMBER);
      return code;
    }
    store<u64>(live, number + 1, POINT_NUMBER);
  }
  memory.copy(target, live + POINT, 33);
  return 0;
}
