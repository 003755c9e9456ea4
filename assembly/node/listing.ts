// What the node shows of itself: records for people and programs to read, apart from what the rooms remember. Numbers are
// little-endian; host/node/answers.ts reads them.

import { MAX_CONNECTIONS, MAX_HTLCS } from "../base/limits";
import {
  CHANNEL_ANCHORS,
  CHANNEL_FLAGS,
  CHANNEL_FUNDING_SAT,
  CHANNEL_OPENER,
  CHANNEL_OUTPOINT,
  HOLDER,
} from "../chain/spec";
import { HTLC_AMOUNT_MSAT, HTLC_OFFERED_BY } from "../chain/spec";
import { chain_count, chain_height } from "../channel/config";
import {
  CHANNEL_ALIAS,
  CHANNEL_BALANCES_MSAT,
  CHANNEL_DEPTH,
  CHANNEL_FAULT,
  CHANNEL_ID,
  CHANNEL_MARKS,
  CHANNEL_MINIMUM_DEPTH,
  CHANNEL_NUMBERS,
  CHANNEL_OPEN_FLAGS,
  CHANNEL_PEER,
  CHANNEL_PEER_ALIAS,
  CHANNEL_RESERVES_SAT,
  CHANNEL_SHORT_ID,
  CHANNEL_STATE,
  chain_of,
  channel_of,
  slot_of,
  slot_state,
} from "../channel/record";
import { newest_feerate } from "../channel/view";
import { FREE as NO_HTLC, REMOVED } from "../htlc/states";
import * as transport from "../transport/transport";
import { channel_connection, peer_state } from "./peers";
import { persist_sector_bytes, persist_used } from "./persist";
import { own_point } from "./settings";

/** u32 each: height; bytes that the journal has used, of its sector. */
const NODE_HEIGHT: usize = 36;
const NODE_JOURNAL: usize = 40;
const NODE_SECTOR: usize = 44;
/** u32 each: chains; height of the second one. */
const NODE_CHAINS: usize = 48;
const NODE_SECOND_HEIGHT: usize = 52;
/** For each connection 40 bytes: u8 state of peers.ts, at 4 the peer's point from INIT_AWAITED on. */
const NODE_CONNECTIONS: usize = 56;

/** The node: its point (33 bytes), then as above. Returns the bytes. */
export function list_node(to: usize): i32 {
  memory.fill(to, 0, NODE_CONNECTIONS + 40 * MAX_CONNECTIONS);
  memory.copy(to, own_point, 33);
  store<u32>(to, chain_height(0), NODE_HEIGHT);
  store<u32>(to, chain_count, NODE_CHAINS);
  store<u32>(to, chain_height(1), NODE_SECOND_HEIGHT);
  store<u32>(to, persist_used(), NODE_JOURNAL);
  store<u32>(to, persist_sector_bytes(), NODE_SECTOR);
  for (let c = 0; c < MAX_CONNECTIONS; c++) {
    const at = to + NODE_CONNECTIONS + <usize>c * 40;
    store<u8>(at, <u8>peer_state(c));
    const remote = transport.remote_key(c);
    if (remote != 0) memory.copy(at + 4, remote, 33);
  }
  return <i32>NODE_CONNECTIONS + 40 * MAX_CONNECTIONS;
}

// A channel, LIST_BYTES: u32 number, then as below.

/** u32: state of channel/record.ts; a sum of the flags below; MARK_...; i32: why it failed, 0; u32: HTLCs. */
const LIST_STATE: usize = 4;
const LIST_FLAGS: usize = 8;
const LIST_MARKS: usize = 12;
const LIST_FAULT: usize = 16;
const LIST_HTLCS: usize = 20;
/** u64: the funding output; two u64 each, holder and counterparty: balances, reserves, commitments' numbers. */
const LIST_FUNDING_SAT: usize = 24;
const LIST_BALANCES_MSAT: usize = 32;
const LIST_RESERVES_SAT: usize = 48;
const LIST_NUMBERS: usize = 64;
/** u64 each: all HTLCs that holder and counterparty offered. */
const LIST_OFFERED_MSAT: usize = 80;
/** u64 each: short_channel_id, our alias, the peer's. */
const LIST_SHORT_ID: usize = 96;
const LIST_ALIAS: usize = 104;
const LIST_PEER_ALIAS: usize = 112;
/** u32 each: feerate, confirmations, how many are needed, output index. */
const LIST_FEERATE: usize = 120;
const LIST_DEPTH: usize = 124;
const LIST_MINIMUM_DEPTH: usize = 128;
const LIST_VOUT: usize = 132;
/** 32 bytes each: txid as hashed, channel_id; 33: the peer; u8: number of the chain. */
const LIST_TXID: usize = 136;
const LIST_ID: usize = 168;
const LIST_PEER: usize = 200;
const LIST_CHAIN: usize = 233;
const LIST_BYTES: usize = 240;

const LIST_CONNECTED: u32 = 1;
const LIST_OPENER: u32 = 2;
const LIST_ANCHORS: u32 = 4;
const LIST_ANNOUNCE: u32 = 8;

/** Channel `n`. Returns the bytes. */
export function list_channel(n: i32, to: usize): i32 {
  const channel = channel_of(n);
  memory.fill(to, 0, LIST_BYTES);
  store<u32>(to, n);
  store<u32>(to, load<u32>(channel, CHANNEL_STATE), LIST_STATE);
  store<u32>(to, load<u32>(channel, CHANNEL_MARKS), LIST_MARKS);
  store<i32>(to, load<i32>(channel, CHANNEL_FAULT), LIST_FAULT);
  let flags: u32 = channel_connection(n) >= 0 ? LIST_CONNECTED : 0;
  if (load<u32>(channel, CHANNEL_OPENER) == HOLDER) flags |= LIST_OPENER;
  if ((load<u32>(channel, CHANNEL_FLAGS) & CHANNEL_ANCHORS) != 0) flags |= LIST_ANCHORS;
  if ((load<u8>(channel, CHANNEL_OPEN_FLAGS) & 1) != 0) flags |= LIST_ANNOUNCE;
  store<u32>(to, flags, LIST_FLAGS);
  store<u64>(to, load<u64>(channel, CHANNEL_FUNDING_SAT), LIST_FUNDING_SAT);
  memory.copy(to + LIST_BALANCES_MSAT, channel + CHANNEL_BALANCES_MSAT, 16);
  memory.copy(to + LIST_RESERVES_SAT, channel + CHANNEL_RESERVES_SAT, 16);
  memory.copy(to + LIST_NUMBERS, channel + CHANNEL_NUMBERS, 16);
  store<u64>(to, load<u64>(channel, CHANNEL_SHORT_ID), LIST_SHORT_ID);
  store<u64>(to, load<u64>(channel, CHANNEL_ALIAS), LIST_ALIAS);
  store<u64>(to, load<u64>(channel, CHANNEL_PEER_ALIAS), LIST_PEER_ALIAS);
  store<u32>(to, newest_feerate(channel), LIST_FEERATE);
  store<u32>(to, load<u32>(channel, CHANNEL_DEPTH), LIST_DEPTH);
  store<u32>(to, load<u32>(channel, CHANNEL_MINIMUM_DEPTH), LIST_MINIMUM_DEPTH);
  store<u32>(to, load<u32>(channel + CHANNEL_OUTPOINT, 32), LIST_VOUT);
  memory.copy(to + LIST_TXID, channel + CHANNEL_OUTPOINT, 32);
  memory.copy(to + LIST_ID, channel + CHANNEL_ID, 32);
  memory.copy(to + LIST_PEER, channel + CHANNEL_PEER, 33);
  store<u8>(to, <u8>chain_of(n), LIST_CHAIN);
  list_htlcs(n, to);
  return <i32>LIST_BYTES;
}

function list_htlcs(n: i32, to: usize): void {
  let count = 0;
  for (let i = 0; i < MAX_HTLCS; i++) {
    const slot = slot_of(n, i);
    const state = slot_state(slot);
    if (state == NO_HTLC || state == REMOVED) continue;
    count++;
    const at = to + LIST_OFFERED_MSAT + ((<usize>load<u32>(slot, HTLC_OFFERED_BY)) << 3);
    // Their sum is part of the channel's amount, and cannot overflow.
    store<u64>(at, load<u64>(at) + load<u64>(slot, HTLC_AMOUNT_MSAT));
  }
  store<u32>(to, count, LIST_HTLCS);
}
