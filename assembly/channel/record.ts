// A channel's record and the slots of its HTLCs: all that is remembered of it, as one region of memory that the node
// stores. Numbers are little-endian. What a connection needs besides is in live.ts and is forgotten with it.

import { ERR_CAPACITY, ERR_NOT_FOUND } from "../base/errors";
import { MAX_CHANNELS, MAX_HTLCS, MAX_SHUTDOWN_BYTES } from "../base/limits";
import {
  CHANNEL_BYTES,
  CHANNEL_ENERGY,
  CHANNEL_FLAGS,
  COUNTERPARTY,
  HOLDER,
  HTLC_BYTES,
  HTLC_OFFERED_BY,
} from "../chain/spec";
import { SECRETS_BYTES } from "../chain/shachain";
import { ENERGY_ROLES, HOLDER_IS_NODE_1, energy_of } from "../energy/record";
import { RIDER_BYTES } from "../energy/rider";
import { FREE } from "../htlc/states";

// ---- A channel, CHANNEL_STATE_BYTES: first the record of chain/spec.ts -----------------------------------------------

/** u32: one of the states below. */
export const CHANNEL_STATE: usize = CHANNEL_BYTES;
/** u32: a sum of the flags below. */
export const CHANNEL_MARKS: usize = CHANNEL_BYTES + 4;
/** i32: why the channel failed, a code of base/errors.ts; else 0. */
export const CHANNEL_FAULT: usize = CHANNEL_BYTES + 8;
/** u32: number of this channel's keys and secrets, of all channels ever opened. */
export const CHANNEL_NUMBER: usize = CHANNEL_BYTES + 12;
/** 33 bytes: the peer's node_id. */
export const CHANNEL_PEER: usize = CHANNEL_BYTES + 16;
/** u8: channel_flags of open_channel: bit 0 announce_channel. */
export const CHANNEL_OPEN_FLAGS: usize = CHANNEL_BYTES + 49;
/** u8: number of the chain that it is on (config.ts). */
export const CHANNEL_CHAIN: usize = CHANNEL_BYTES + 50;
/** 32 bytes: the channel_id, or the temporary one. */
export const CHANNEL_ID: usize = CHANNEL_BYTES + 52;
/** Two u64: balances of holder and counterparty by all HTLCs irrevocably removed; those in flight are still in them. */
export const CHANNEL_BALANCES_MSAT: usize = CHANNEL_BYTES + 84 + 4;
/** Two u64: number of the latest commitment of holder and counterparty, signed by the other. */
export const CHANNEL_NUMBERS: usize = CHANNEL_BYTES + 104;
/** Two u64: id of the next HTLC that holder and counterparty offer. */
export const CHANNEL_NEXT_IDS: usize = CHANNEL_BYTES + 120;
/** Two u64: max_htlc_value_in_flight_msat as sent and as received: the other side's offers keep to it. */
export const CHANNEL_MAX_IN_FLIGHT_MSAT: usize = CHANNEL_BYTES + 136;
/** Two u64: channel_reserve_satoshis that holder and counterparty have to keep (as the other side asked). */
export const CHANNEL_RESERVES_SAT: usize = CHANNEL_BYTES + 152;
/** Two u64: htlc_minimum_msat as sent and as received. */
export const CHANNEL_HTLC_MINIMUM_MSAT: usize = CHANNEL_BYTES + 168;
/** Two u32: max_accepted_htlcs as sent and as received. */
export const CHANNEL_MAX_ACCEPTED: usize = CHANNEL_BYTES + 184;
/** Five u32: feerates by state, PROPOSED to COMMITTED of htlc/states.ts, offered by the opener; 0 for none in a state. */
export const CHANNEL_FEERATES: usize = CHANNEL_BYTES + 192;
/** u32: confirmations before channel_ready, as accept_channel says; and how many there are. */
export const CHANNEL_MINIMUM_DEPTH: usize = CHANNEL_BYTES + 212;
export const CHANNEL_DEPTH: usize = CHANNEL_BYTES + 216;
/** u32: height of the chain when both had signed. */
export const CHANNEL_FUNDED_HEIGHT: usize = CHANNEL_BYTES + 220;
/** u64: the short_channel_id, 0 before the funding is confirmed; the peer's alias for it, 0 for none; ours. */
export const CHANNEL_SHORT_ID: usize = CHANNEL_BYTES + 224;
export const CHANNEL_PEER_ALIAS: usize = CHANNEL_BYTES + 232;
export const CHANNEL_ALIAS: usize = CHANNEL_BYTES + 240;
/**
 * Two points of 33 bytes: of the counterparty's commitments, the oldest that is not revoked and the one after it. While
 * our commitment_signed is not acknowledged, the second is the latest's.
 */
export const CHANNEL_POINTS: usize = CHANNEL_BYTES + 248;
/** 64 bytes: the counterparty's signature of the holder's latest commitment. */
export const CHANNEL_SIGNATURE: usize = CHANNEL_BYTES + 316;
/** Two u8 and two times MAX_SHUTDOWN_BYTES: lengths and bytes of the scriptpubkeys for closing, 0 for none. */
export const CHANNEL_SCRIPT_LENGTHS: usize = CHANNEL_BYTES + 380;
export const CHANNEL_SCRIPTS: usize = CHANNEL_BYTES + 384;
/** u64, 64 bytes: fee of the closing transaction agreed on, and the counterparty's signature of it. */
export const CHANNEL_CLOSING_FEE_SAT: usize = CHANNEL_BYTES + 472;
export const CHANNEL_CLOSING_SIGNATURE: usize = CHANNEL_BYTES + 480;
/** The counterparty's revealed secrets: chain/shachain.ts. */
export const CHANNEL_SECRETS: usize = CHANNEL_BYTES + 544;
export const CHANNEL_STATE_BYTES: usize = CHANNEL_BYTES + 544 + SECRETS_BYTES;

// States (CHANNEL_STATE). The first four are forgotten with the connection.
export const STATE_NONE: u32 = 0;
/** open_channel goes out; accept_channel is awaited. */
export const STATE_OPENING: u32 = 1;
/** The opener has to say which transaction funds the channel: channel_fund. */
export const STATE_FUNDING_NEEDED: u32 = 2;
/** funding_created goes out; funding_signed is awaited. */
export const STATE_FUNDING_CREATED: u32 = 3;
/** The accepter awaits funding_created. */
export const STATE_ACCEPTED: u32 = 4;
/** Both have signed: confirmations and channel_ready are awaited. */
export const STATE_FUNDED: u32 = 5;
/** Normal operation, and draining after a shutdown. */
export const STATE_NORMAL: u32 = 6;
/** A closing transaction is agreed on: channel_closing_tx. */
export const STATE_CLOSED: u32 = 7;
/** Failed: the holder's commitment is to be broadcast, unless never funded: channel_commitment_tx. */
export const STATE_FAILED: u32 = 8;
/** The peer has proved that we are behind: nothing may be broadcast; its error and its commitment are awaited. */
export const STATE_LOST: u32 = 9;

// Flags (CHANNEL_MARKS).
/** channel_ready sent, and received. */
export const MARK_READY: u32 = 1;
export const MARK_PEER_READY: u32 = 2;
/** Our commitment_signed has not been acknowledged by revoke_and_ack. */
export const MARK_UNACKED: u32 = 4;
/** Of our last commitment_signed and our last revoke_and_ack the latter is the later. */
export const MARK_REVOKED_LAST: u32 = 8;
/** shutdown decided on; and received. */
export const MARK_SHUTDOWN: u32 = 16;
export const MARK_PEER_SHUTDOWN: u32 = 32;
/** The funding transaction has its minimum depth. */
export const MARK_CONFIRMED: u32 = 64;

// ---- A slot, HTLC_SLOT_BYTES: first the record of chain/spec.ts, whose HTLC_OFFERED_BY says which way ------------------

/** u8: state of htlc/states.ts. */
export const SLOT_STATE: usize = HTLC_BYTES;
/** u8: how it ends, one of RESULT_. Of an offered HTLC it counts once the state is REMOVED; a preimage at once. */
export const SLOT_RESULT: usize = HTLC_BYTES + 1;
/** u16: a sum of the flags below. */
export const SLOT_FLAGS: usize = HTLC_BYTES + 2;
/** u16: failure code of BOLT 4, with RESULT_FAILED and no blob or RESULT_MALFORMED. */
export const SLOT_FAILURE: usize = HTLC_BYTES + 4;
/** u16: number of its blob in htlc/blobs.ts, or 0. Received: the onion. Offered: the onion to send, then the error packet. */
export const SLOT_BLOB: usize = HTLC_BYTES + 6;
/** u32: the payment room's: what this HTLC belongs to. */
export const SLOT_LINK: usize = HTLC_BYTES + 8;
/** u32: the payment room's; hold times. */
export const SLOT_TIME: usize = HTLC_BYTES + 12;
/** 32 bytes: the preimage with SLOT_HAS_PREIMAGE; with RESULT_MALFORMED sha256_of_onion. */
export const SLOT_PREIMAGE: usize = HTLC_BYTES + 16;
/** 64 bytes: the counterparty's signature of the HTLC transaction of the holder's latest commitment. */
export const SLOT_SIGNATURE: usize = HTLC_BYTES + 48;
/** Two u64: data of the failure code (onion/failure.ts). */
export const SLOT_FAILURE_DATA: usize = HTLC_BYTES + 112;
/** 32 bytes: secret shared with the onion's origin, of a received HTLC, once its onion has been peeled. */
export const SLOT_SECRET: usize = HTLC_BYTES + 128;
/** 33 bytes with SLOT_HAS_PATH_KEY: path_key of update_add_htlc. */
export const SLOT_PATH_KEY: usize = HTLC_BYTES + 160;
/**
 * NOTE_BYTES with SLOT_HAS_NOTE: receipt_note of the fulfilment, in place of the three before, which it has outlived. Of an
 * offered HTLC until the payment room has handled it.
 */
export const SLOT_NOTE: usize = HTLC_BYTES + 112;
/** A rider of energy/rider.ts, zeros for none. */
export const SLOT_RIDER: usize = HTLC_BYTES + 200;
export const HTLC_SLOT_BYTES: usize = SLOT_RIDER + RIDER_BYTES;

export const RESULT_NONE: u32 = 0;
export const RESULT_FULFILLED: u32 = 1;
export const RESULT_FAILED: u32 = 2;
export const RESULT_MALFORMED: u32 = 3;

/** The payment room has dealt with it: with a received one once COMMITTED, with an offered one's preimage or end. */
export const SLOT_HANDLED: u32 = 1;
export const SLOT_HAS_PREIMAGE: u32 = 2;
export const SLOT_HAS_PATH_KEY: u32 = 4;
/** Received with more dust than we are ready to lose: to be failed once committed. */
export const SLOT_DUST: u32 = 8;
/** Received while no blob was free: the onion is lost, SLOT_SECRET is there, and it is to be failed once committed. */
export const SLOT_NO_ONION: u32 = 16;
/** Received with a rider that cannot be, or with A that must stay: to be failed once committed. */
export const SLOT_NO_ENERGY: u32 = 32;
export const SLOT_HAS_NOTE: u32 = 64;
/** For the payment room to use. */
export const SLOT_USER: u32 = 256;

// ---- Where they lie ---------------------------------------------------------------------------------------------------

const CHANNEL_STRIDE: usize = CHANNEL_STATE_BYTES + <usize>MAX_HTLCS * HTLC_SLOT_BYTES;
/** The persistent region: a u64, the number of channels ever opened, and the channels with their slots. */
export const channels: usize = memory.data(8 + MAX_CHANNELS * 9280, 8);
export const CHANNELS_BYTES: i32 = 8 + MAX_CHANNELS * <i32>CHANNEL_STRIDE;

/** Empties the region: before a journal is read. */
export function channels_begin(): void {
  assert(CHANNEL_STRIDE <= 9280 && CHANNEL_SCRIPTS + 2 * <usize>MAX_SHUTDOWN_BYTES <= CHANNEL_CLOSING_FEE_SAT);
  memory.fill(channels, 0, CHANNELS_BYTES);
}

/** Record of channel `n`, 0 to MAX_CHANNELS - 1. */
export function channel_of(n: i32): usize {
  assert(<u32>n < <u32>MAX_CHANNELS);
  return channels + 8 + <usize>n * CHANNEL_STRIDE;
}

/** Slot `i` of channel `n`, 0 to MAX_HTLCS - 1. */
export function slot_of(n: i32, i: i32): usize {
  assert(<u32>i < <u32>MAX_HTLCS);
  return channel_of(n) + CHANNEL_STATE_BYTES + <usize>i * HTLC_SLOT_BYTES;
}

export function state_of(n: i32): u32 {
  return load<u32>(channel_of(n), CHANNEL_STATE);
}

/** Number of the chain that channel `n` is on. */
export function chain_of(n: i32): u32 {
  return load<u8>(channel_of(n), CHANNEL_CHAIN);
}

/** Whether channel `n` is a line, with energy in its state. */
export function has_energy(n: i32): bool {
  return (load<u32>(channel_of(n), CHANNEL_FLAGS) & CHANNEL_ENERGY) != 0;
}

/** The side that is node_1 of a line: BOLT 7's order of the two. */
export function node_1_of(n: i32): u32 {
  return (load<u32>(energy_of(n), ENERGY_ROLES) & HOLDER_IS_NODE_1) != 0 ? HOLDER : COUNTERPARTY;
}

export function slot_state(slot: usize): u32 {
  return load<u8>(slot, SLOT_STATE);
}

export function slot_result(slot: usize): u32 {
  return load<u8>(slot, SLOT_RESULT);
}

export function slot_has(slot: usize, flag: u32): bool {
  return ((<u32>load<u16>(slot, SLOT_FLAGS)) & flag) != 0;
}

export function slot_mark(slot: usize, flag: u32): void {
  store<u16>(slot, load<u16>(slot, SLOT_FLAGS) | (<u16>flag), SLOT_FLAGS);
}

export function has_mark(channel: usize, mark: u32): bool {
  return (load<u32>(channel, CHANNEL_MARKS) & mark) != 0;
}

export function set_mark(channel: usize, mark: u32): void {
  store<u32>(channel, load<u32>(channel, CHANNEL_MARKS) | mark, CHANNEL_MARKS);
}

export function clear_mark(channel: usize, mark: u32): void {
  store<u32>(channel, load<u32>(channel, CHANNEL_MARKS) & ~mark, CHANNEL_MARKS);
}

/** Number of the channel with this channel_id or temporary_channel_id (32 bytes) and this peer (33). ERR_NOT_FOUND. */
export function channel_find(id: usize, peer: usize): i32 {
  for (let n = 0; n < MAX_CHANNELS; n++) {
    const channel = channel_of(n);
    if (load<u32>(channel, CHANNEL_STATE) == STATE_NONE) continue;
    if (memory.compare(channel + CHANNEL_ID, id, 32) == 0 && memory.compare(channel + CHANNEL_PEER, peer, 33) == 0) {
      return n;
    }
  }
  return ERR_NOT_FOUND;
}

/** Number of a channel that is not in use. ERR_CAPACITY: all are. */
export function channel_free(): i32 {
  for (let n = 0; n < MAX_CHANNELS; n++) {
    if (state_of(n) == STATE_NONE) return n;
  }
  return ERR_CAPACITY;
}

/** Number of a free slot of a channel. ERR_CAPACITY. */
export function slot_free(n: i32): i32 {
  for (let i = 0; i < MAX_HTLCS; i++) {
    if (slot_state(slot_of(n, i)) == FREE) return i;
  }
  return ERR_CAPACITY;
}

/** Number of the slot with the HTLC that side `offered_by` offered under `id`. ERR_NOT_FOUND. */
export function slot_find(n: i32, offered_by: u32, id: u64): i32 {
  for (let i = 0; i < MAX_HTLCS; i++) {
    const slot = slot_of(n, i);
    if (slot_state(slot) != FREE && load<u32>(slot, HTLC_OFFERED_BY) == offered_by && load<u64>(slot) == id) return i;
  }
  return ERR_NOT_FOUND;
}
