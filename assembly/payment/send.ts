// Sending a payment, or a part of one, along a route that the caller gives. BOLT 4, "Packet Construction".

import { ERR_STATE } from "../base/errors";

// A route: ROUTE_HOPS, then for each hop a record of HOP_BYTES, then the payment's metadata. Numbers are little-endian.

/** u32: channel over which the first hop is reached. */
export const ROUTE_CHANNEL: usize = 0;
/** u8 each: hops, 1 to MAX_ROUTE_HOPS; ROUTE_KEYSEND. */
export const ROUTE_HOP_COUNT: usize = 4;
export const ROUTE_FLAGS: usize = 5;
/** u16: bytes of metadata, which an invoice may ask for. */
export const ROUTE_METADATA_LENGTH: usize = 6;
/** u64: of all parts of the payment together. */
export const ROUTE_TOTAL_MSAT: usize = 8;
/** 32 bytes; not read for keysend. */
export const ROUTE_PAYMENT_HASH: usize = 16;
/** 32 bytes; for keysend the preimage, which has to be random. */
export const ROUTE_PAYMENT_SECRET: usize = 48;
export const ROUTE_HOPS: usize = 80;

/** The last hop is paid without an invoice. bLIP 3. */
export const ROUTE_KEYSEND: u32 = 1;

// One hop.

/** u64: the channel to this hop; not read for the first. */
export const HOP_SHORT_CHANNEL_ID: usize = 0;
/** u64: what this hop is given. */
export const HOP_AMOUNT_MSAT: usize = 8;
/** u32: height at which the HTLC to this hop expires. */
export const HOP_CLTV_EXPIRY: usize = 16;
/** 33 bytes. */
export const HOP_POINT: usize = 20;
export const HOP_BYTES: usize = 56;

/**
 * Sends one part along the route of `len` bytes at `route`. `entropy`: 32 random bytes, which become the session key and
 * are zeroed. Several parts of one payment are sent by as many calls, with one hash, secret and total. Returns the
 * part's number, from 1: its end is told by payment_next_event. The HTLC is only queued: payment_settle commits it.
 *
 * ERR_TRUNCATED, ERR_LENGTH: the record's length is not the one that it states; ERR_ARGUMENT: no such channel, hops or
 * flags; ERR_VALUE: amounts or expiries that grow along the route, or a total less than what is delivered;
 * ERR_CAPACITY: all places are taken by parts under way, or the onion is too long; ERR_POINT: a hop's point is none;
 * ERR_EXPIRED: the last hop's HTLC would be past; others of channel_offer. After a code nothing has changed.
 */
export function payment_send(route: usize, len: i32, entropy: usize): i32 {
  return ERR_STATE;
}
