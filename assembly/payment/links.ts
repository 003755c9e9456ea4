// What an HTLC belongs to, as SLOT_LINK of its slot tells, and scratch memory of the room.

import { BLOB_BYTES, MAX_HTLCS } from "../base/limits";

/** The kind is in the upper half; what it counts is in the lower one. */
const LINK_KIND: u32 = 0xffff_0000;
/** The other HTLC of a forward: the channel's number times MAX_HTLCS plus the slot's. */
export const LINK_FORWARD: u32 = 0x1_0000;
/** A received one: its invoice's place. An offered one: its part's place. */
export const LINK_INVOICE: u32 = 0x2_0000;
export const LINK_PART: u32 = 0x3_0000;

export function link_kind(link: u32): u32 {
  return link & LINK_KIND;
}

/** What is counted. */
export function link_index(link: u32): i32 {
  return <i32>(link & ~LINK_KIND);
}

export function link_forward(n: i32, i: i32): u32 {
  return LINK_FORWARD | (<u32>(n * MAX_HTLCS + i));
}

/** Channel of the other HTLC of a forward. */
export function link_channel(link: u32): i32 {
  return link_index(link) / MAX_HTLCS;
}

/** Slot of the other HTLC of a forward. */
export function link_slot(link: u32): i32 {
  return link_index(link) % MAX_HTLCS;
}

/** An onion, or an error packet: what is made here before it becomes a blob. */
export const packet: usize = memory.data(BLOB_BYTES, 8);
