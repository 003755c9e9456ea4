// What is common to the files that make messages: the record of the one that goes out, and what it points at.

import { MAX_HTLCS, MAX_RECORD_BYTES } from "../base/limits";
import { commitment_sign } from "../chain/signatures";
import { COUNTERPARTY } from "../chain/spec";
import { message_begin } from "../wire/message";
import { FUNDING_SIGNED_CHANNEL_ID } from "../wire/opening";
import { CHANNEL_ID, channel_of } from "./record";
import { view_build } from "./view";

export const record: usize = memory.data(MAX_RECORD_BYTES, 8);
/** A commitment's signature and those of its HTLC transactions. */
export const signatures: usize = memory.data(64 * (MAX_HTLCS + 1), 8);
/** A per_commitment_point, 33 bytes. */
export const point: usize = memory.data(33, 8);

/** Signs the counterparty's latest commitment into `signatures`: the number of HTLC signatures. */
export function sign(n: i32): i32 {
  const code = view_build(n, COUNTERPARTY, false);
  return code < 0 ? code : commitment_sign(signatures);
}

/** Begins a message with the channel_id in its first slot, as all but those that open a channel have. */
export function begin(n: i32, type: i32): void {
  message_begin(record, type);
  store<u32>(record, <u32>(channel_of(n) + CHANNEL_ID), FUNDING_SIGNED_CHANNEL_ID);
}
