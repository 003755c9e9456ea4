// Outgoing payments, part by part, as a persistent table. A part stays after its end until its result has been told and
// its place is needed.

import { MAX_PAYMENTS, MAX_ROUTE_HOPS } from "../base/limits";
import { POINT_BYTES } from "../onion/keys";

export const PART_FREE: u32 = 0;
export const PART_PENDING: u32 = 1;
export const PART_SENT: u32 = 2;
export const PART_FAILED: u32 = 3;

// One part. What the host may see comes first, PART_PUBLIC_BYTES.

/** u8 each: the state; 1 once its result has been told; hops of the route. */
export const PART_STATE: usize = 0;
export const PART_TOLD: usize = 1;
export const PART_HOPS: usize = 2;
/** i8: the hop that failed it, as EVENT_HOP. */
export const PART_FAILED_HOP: usize = 3;
/** u16 each: failure code, 0 if unknown; bytes of its data, at most PART_DATA_BYTES. */
export const PART_FAILURE_CODE: usize = 4;
export const PART_FAILURE_LENGTH: usize = 6;
/** u64 each: what the first hop gets, and what the last one does. */
export const PART_AMOUNT_MSAT: usize = 8;
export const PART_DELIVERED_MSAT: usize = 16;
/** u32: the number by which the host knows it; numbers count up from 1 and begin again after 2^31 - 1. */
export const PART_NUMBER: usize = 24;
/** u32: the channel. */
export const PART_CHANNEL: usize = 28;
/** 32 bytes each; the preimage is zeros until the payment was made. */
export const PART_PAYMENT_HASH: usize = 32;
export const PART_PREIMAGE: usize = 64;
export const PART_FAILURE_DATA: usize = 96;
export const PART_DATA_BYTES: i32 = 40;
export const PART_PUBLIC_BYTES: usize = 136;
/** 32 bytes; zeros once the part has ended. */
export const PART_SESSION_KEY: usize = 136;
/** SWAP_BYTES of swap.ts. */
export const PART_SWAP: usize = 168;
/** A point of 33 bytes for every hop. */
export const PART_POINTS: usize = 272;
export const PART_BYTES: usize = (PART_POINTS + <usize>(MAX_ROUTE_HOPS * POINT_BYTES) + 7) & ~7;

/** Persistent region: the number of the last part (u32), then the table. */
const HEAD: usize = 8;
export const PARTS_BYTES: i32 = <i32>HEAD + MAX_PAYMENTS * <i32>PART_BYTES;
export const parts: usize = memory.data(PARTS_BYTES, 8);

/** Address of the part in place `i`. */
export function part_at(i: i32): usize {
  assert(<u32>i < <u32>MAX_PAYMENTS);
  return parts + HEAD + <usize>i * PART_BYTES;
}

/** Place of the part of this number, or -1. */
export function part_find(number: u32): i32 {
  for (let i = 0; i < MAX_PAYMENTS; i++) {
    const part = part_at(i);
    if (load<u32>(part, PART_NUMBER) == number && load<u8>(part, PART_STATE) != PART_FREE) return i;
  }
  return -1;
}

/** A place for a new part: a free one, else that of the oldest part that has ended and been told; or -1. */
export function part_place(): i32 {
  let best = -1;
  let age: u32 = 0;
  for (let i = 0; i < MAX_PAYMENTS; i++) {
    const part = part_at(i);
    const state = load<u8>(part, PART_STATE);
    if (state == PART_FREE) return i;
    const since = (load<u32>(parts) - load<u32>(part, PART_NUMBER)) & 0x7fff_ffff;
    if (state != PART_PENDING && load<u8>(part, PART_TOLD) != 0 && (best < 0 || since > age)) {
      best = i;
      age = since;
    }
  }
  return best;
}

/** The number that the next part gets. */
export function part_next_number(): u32 {
  const next = (load<u32>(parts) + 1) & 0x7fff_ffff;
  return next == 0 ? 1 : next;
}
