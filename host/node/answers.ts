// Records that node.wasm answers commands with: assembly/node/commands.ts says where each field lies, the rooms' own files
// (payment/, channel/record.ts) where the inner ones do.

import { MAX_CONNECTIONS } from "./abi.js";
import { i32, u16, u32, u64, u8, view } from "./record_fields.js";
import type { Policy, Rate } from "./requests.js";

const POINT = 33;

export const readRate = (record: Uint8Array): Rate => ({ num: u64(record, 0), den: u64(record, 8) });

export const readPolicy = (record: Uint8Array): Policy => ({
  htlcMinimumMsat: u64(record, 0),
  htlcMaximumMsat: u64(record, 8),
  feeBaseMsat: u32(record, 16),
  feeProportionalMillionths: u32(record, 20),
  cltvExpiryDelta: u16(record, 24),
  disabled: (u16(record, 26) & 1) !== 0,
});

/** How far a connection is: the handshake, then `init`, then everything else. */
export type ConnectionState = "free" | "handshake" | "init" | "ready";
const CONNECTION_STATES: readonly ConnectionState[] = ["free", "handshake", "init", "ready"];

export interface ConnectionInfo {
  readonly state: ConnectionState;
  /** The peer's node id, once it is known. */
  readonly peer: Uint8Array | undefined;
}

export interface NodeInfo {
  readonly nodeId: Uint8Array;
  readonly height: number;
  /** Of the second chain, if the node is on two. */
  readonly secondHeight: number | undefined;
  /** What the journal has used of its sector group, and that group's size, bytes. */
  readonly journalBytes: number;
  readonly journalSectorBytes: number;
  readonly connections: readonly ConnectionInfo[];
}

export const readInfo = (record: Uint8Array): NodeInfo => ({
  nodeId: record.slice(0, POINT),
  height: u32(record, 36),
  secondHeight: u32(record, 48) > 1 ? u32(record, 52) : undefined,
  journalBytes: u32(record, 40),
  journalSectorBytes: u32(record, 44),
  connections: Array.from({ length: MAX_CONNECTIONS }, (_, i) => {
    const at = 56 + 40 * i;
    const state = CONNECTION_STATES[u8(record, at)] ?? "free";
    const known = state === "init" || state === "ready";
    return { state, peer: known ? record.slice(at + 4, at + 4 + POINT) : undefined };
  }),
});

/** States of a channel: channel/record.ts, in its order. */
export const CHANNEL_STATES = [
  "none",
  "opening",
  "funding needed",
  "funding created",
  "accepted",
  "funded",
  "normal",
  "closed",
  "failed",
  "lost",
] as const;
export type ChannelState = (typeof CHANNEL_STATES)[number];

export const stateOf = (code: number): ChannelState => CHANNEL_STATES[code] ?? "none";

/** What a listing shows of a channel. */
export interface ChannelInfo {
  readonly channel: number;
  /** The chain that it is on: 0, or 1 for the second one. */
  readonly chain: number;
  readonly state: ChannelState;
  /** Sum of MARK_... of channel/record.ts. */
  readonly marks: number;
  /** Both have sent channel_ready, and no shutdown has begun. */
  readonly usable: boolean;
  /** Whether a shutdown was decided on by either side. */
  readonly closing: boolean;
  /** The channel is in use on a connection. */
  readonly connected: boolean;
  /** Why it failed, a code of base/errors.ts; 0 if it has not. */
  readonly fault: number;
  readonly peer: Uint8Array;
  readonly channelId: Uint8Array;
  /** txid as hashed (not reversed: explorers show it reversed). */
  readonly fundingTxid: Uint8Array;
  readonly fundingVout: number;
  readonly fundingSat: bigint;
  /** Whether this node opened it and pays its fees. */
  readonly opener: boolean;
  readonly anchors: boolean;
  readonly announce: boolean;
  /** Balances by what is irrevocably settled; HTLCs in flight are still in their offerer's. */
  readonly holderMsat: bigint;
  readonly counterpartyMsat: bigint;
  readonly holderReserveSat: bigint;
  readonly counterpartyReserveSat: bigint;
  readonly feeratePerKw: number;
  readonly depth: number;
  readonly minimumDepth: number;
  /** 0 before the funding is confirmed. */
  readonly shortChannelId: bigint;
  readonly alias: bigint;
  readonly peerAlias: bigint;
  /** Commitments' numbers. */
  readonly holderNumber: bigint;
  readonly counterpartyNumber: bigint;
  readonly htlcs: number;
  readonly htlcsOfferedMsat: bigint;
  readonly htlcsReceivedMsat: bigint;
}

const MARK_READY = 1 | 2;
const MARK_SHUTDOWN = 16 | 32;

export function readChannel(record: Uint8Array): ChannelInfo {
  const flags = u32(record, 8);
  const marks = u32(record, 12);
  const state = stateOf(u32(record, 4));
  const closing = (marks & MARK_SHUTDOWN) !== 0;
  return {
    channel: u32(record, 0),
    state,
    marks,
    usable: state === "normal" && (marks & MARK_READY) === MARK_READY && !closing,
    closing,
    connected: (flags & 1) !== 0,
    opener: (flags & 2) !== 0,
    anchors: (flags & 4) !== 0,
    announce: (flags & 8) !== 0,
    fault: i32(record, 16),
    htlcs: u32(record, 20),
    fundingSat: u64(record, 24),
    holderMsat: u64(record, 32),
    counterpartyMsat: u64(record, 40),
    holderReserveSat: u64(record, 48),
    counterpartyReserveSat: u64(record, 56),
    holderNumber: u64(record, 64),
    counterpartyNumber: u64(record, 72),
    htlcsOfferedMsat: u64(record, 80),
    htlcsReceivedMsat: u64(record, 88),
    shortChannelId: u64(record, 96),
    alias: u64(record, 104),
    peerAlias: u64(record, 112),
    feeratePerKw: u32(record, 120),
    depth: u32(record, 124),
    minimumDepth: u32(record, 128),
    fundingVout: u32(record, 132),
    fundingTxid: record.slice(136, 168),
    channelId: record.slice(168, 200),
    peer: record.slice(200, 233),
    chain: u8(record, 233),
  };
}

export type PartState = "pending" | "sent" | "failed";
const PART_STATES: readonly PartState[] = ["pending", "sent", "failed"];

/** One part of an outgoing payment: payment/parts.ts. */
export interface PartInfo {
  readonly part: number;
  readonly state: PartState;
  readonly channel: number;
  /** What the first hop got, with the fees of all others. */
  readonly amountMsat: bigint;
  readonly deliveredMsat: bigint;
  readonly paymentHash: Uint8Array;
  readonly preimage: Uint8Array | undefined;
  /** The hop that failed it: from 0, -1 this node, -2 unknown. */
  readonly failedHop: number;
  /** BOLT 4, 0 if unknown. */
  readonly failureCode: number;
  readonly failureData: Uint8Array;
}

export function readPart(record: Uint8Array): PartInfo {
  const state = PART_STATES[u8(record, 0) - 1] ?? "failed";
  return {
    part: u32(record, 24),
    state,
    channel: u32(record, 28),
    amountMsat: u64(record, 8),
    deliveredMsat: u64(record, 16),
    paymentHash: record.slice(32, 64),
    preimage: state === "sent" ? record.slice(64, 96) : undefined,
    failedHop: view(record).getInt8(3),
    failureCode: u16(record, 4),
    failureData: record.slice(96, 96 + u16(record, 6)),
  };
}

/** What others may pay, or have paid: payment/invoices.ts. */
export interface InvoiceInfo {
  readonly state: "open" | "paid";
  readonly keysend: boolean;
  /** undefined: any amount. */
  readonly amountMsat: bigint | undefined;
  readonly receivedMsat: bigint;
  readonly expiresS: bigint;
  readonly paymentHash: Uint8Array;
  readonly preimage: Uint8Array;
}

export const readInvoice = (record: Uint8Array): InvoiceInfo => ({
  state: u8(record, 0) === 2 ? "paid" : "open",
  keysend: u8(record, 2) !== 0,
  amountMsat: u64(record, 8) || undefined,
  receivedMsat: u64(record, 16),
  expiresS: u64(record, 24),
  paymentHash: record.slice(32, 64),
  preimage: record.slice(64, 96),
});
