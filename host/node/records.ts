// Records that cross node.wasm's boundary: assembly/node/commands.ts and telling.ts say where each field lies, the rooms'
// own files (payment/, channel/record.ts) where the inner ones do. Numbers are little-endian.

import { MAX_CONNECTIONS, TELLS } from "./abi.js";

const POINT = 33;
const HASH = 32;
const FEATURES = 40;

/** Writes a record field by field, in the order in which the fields lie. */
export class RecordWriter {
  private readonly bytes: number[] = [];

  number(value: number | bigint, width: 1 | 2 | 4 | 8): this {
    const limit = 1n << BigInt(8 * width);
    let rest = BigInt(value);
    if (rest < 0n || rest >= limit) throw new RangeError(`${value}: no number of ${width} bytes`);
    for (let i = 0; i < width; i++, rest >>= 8n) this.bytes.push(Number(rest & 0xffn));
    return this;
  }

  /** Bytes, of which there must be `length` if that is given. */
  raw(bytes: Uint8Array, length = bytes.length): this {
    if (bytes.length !== length) throw new RangeError(`${bytes.length} bytes, not ${length}`);
    this.bytes.push(...bytes);
    return this;
  }

  /** Zeros up to offset `at`. */
  pad(at: number): this {
    while (this.bytes.length < at) this.bytes.push(0);
    return this;
  }

  end(): Uint8Array {
    return Uint8Array.from(this.bytes);
  }
}

const view = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
const u32 = (bytes: Uint8Array, at: number): number => view(bytes).getUint32(at, true);
const i32 = (bytes: Uint8Array, at: number): number => view(bytes).getInt32(at, true);
const u64 = (bytes: Uint8Array, at: number): bigint => view(bytes).getBigUint64(at, true);
const u16 = (bytes: Uint8Array, at: number): number => view(bytes).getUint16(at, true);
const u8 = (bytes: Uint8Array, at: number): number => view(bytes).getUint8(at);

/** What a node is told when it is switched on. */
export interface NodeConfig {
  /** 32 bytes, as in messages: not reversed. */
  readonly chainHash: Uint8Array;
  /** Prefix of the chain's invoices and addresses, behind "ln": "bcrt", "ltc". */
  readonly prefix: string;
  /** The chain's dust limits, satoshi; without, BOLT 3's. */
  readonly dust?: {
    readonly p2pkh: number;
    readonly p2sh: number;
    readonly p2wpkh: number;
    readonly p2wsh: number;
    readonly segwit: number;
  };
  /** Offers option_energy. */
  readonly energy?: boolean;
  /** What the node asks of its peers: blocks, default 144; confirmations, default 3; satoshi, default 354; msat, default 1. */
  readonly toSelfDelay?: number;
  readonly minimumDepth?: number;
  readonly dustLimitSat?: number;
  readonly htlcMinimumMsat?: number;
  /** For closing, satoshi per 1,000 units of weight, default 253. */
  readonly feeratePerKw?: number;
}

/** BOLT 3, "Dust Limits". */
const DUST = { p2pkh: 546, p2sh: 540, p2wpkh: 294, p2wsh: 330, segwit: 354 };

/** Config, height of the chain, monotonic ms and UTC s (0 if unknown), as `boot` reads them. */
export function bootRecord(config: NodeConfig, height: number, nowMs: bigint, utcS: bigint): Uint8Array {
  const dust = config.dust ?? DUST;
  return new RecordWriter()
    .raw(config.chainHash, HASH)
    .number(dust.p2pkh, 4)
    .number(dust.p2sh, 4)
    .number(dust.p2wpkh, 4)
    .number(dust.p2wsh, 4)
    .number(dust.segwit, 4)
    .pad(56)
    .number(config.prefix.length, 1)
    .raw(new TextEncoder().encode(config.prefix))
    .pad(72)
    .number(config.energy ? 1 : 0, 4)
    .number(height, 4)
    .number(nowMs, 8)
    .number(utcS, 8)
    .number(config.toSelfDelay ?? 144, 4)
    .number(config.minimumDepth ?? 3, 4)
    .number(config.dustLimitSat ?? 354, 4)
    .number(config.htlcMinimumMsat ?? 1, 4)
    .number(config.feeratePerKw ?? 253, 4)
    .pad(120)
    .end();
}

export interface OpenRequest {
  /** The peer's node id, 33 bytes; it must be connected. */
  readonly peer: Uint8Array;
  readonly fundingSat: bigint;
  readonly pushMsat?: bigint;
  /** Satoshi per 1,000 units of weight. */
  readonly feeratePerKw: number;
  /** option_anchors; without it option_static_remotekey alone. */
  readonly anchors?: boolean;
  readonly announce?: boolean;
}

export const OPEN_ANCHORS = 1;
export const OPEN_ANNOUNCE = 2;

export const openRecord = (request: OpenRequest): Uint8Array =>
  new RecordWriter()
    .raw(request.peer, POINT)
    .pad(40)
    .number(request.fundingSat, 8)
    .number(request.pushMsat ?? 0n, 8)
    .number(request.feeratePerKw, 4)
    .number((request.anchors ? OPEN_ANCHORS : 0) | (request.announce ? OPEN_ANNOUNCE : 0), 4)
    .end();

export interface InvoiceRequest {
  /** undefined: any amount. */
  readonly amountMsat?: bigint | undefined;
  readonly description: string;
  /** s since 1970. */
  readonly timestampS: bigint;
  /** s, default 3600. */
  readonly expiryS?: bigint;
  /** Blocks that the last HTLC must have left, default 18. */
  readonly cltvDelta?: number;
  /** 32 bytes; the node's own random ones if there is none. */
  readonly preimage?: Uint8Array | undefined;
}

export function invoiceRecord(request: InvoiceRequest): Uint8Array {
  const description = new TextEncoder().encode(request.description);
  return new RecordWriter()
    .raw(request.preimage ?? new Uint8Array(HASH), HASH)
    .number(request.amountMsat ?? 0n, 8)
    .number(request.timestampS, 8)
    .number(request.expiryS ?? 3600n, 8)
    .number(request.cltvDelta ?? 18, 2)
    .number(description.length, 2)
    .raw(description)
    .end();
}

export interface PayHop {
  /** The node that is reached, 33 bytes. */
  readonly point: Uint8Array;
  /** The channel to it; not read for the first hop. */
  readonly shortChannelId: bigint;
  /** What it is given. */
  readonly amountMsat: bigint;
  /** Height at which the HTLC to it expires. */
  readonly cltvExpiry: number;
}

/** One part of a payment along a route. */
export interface PayRequest {
  /** Number of our channel to the first hop. */
  readonly channel: number;
  readonly hops: readonly PayHop[];
  /** Without: keysend, and the node makes a preimage unless `preimage` is given (for several parts). */
  readonly invoice?: {
    readonly paymentHash: Uint8Array;
    readonly paymentSecret: Uint8Array;
    readonly metadata?: Uint8Array | undefined;
  };
  readonly preimage?: Uint8Array;
  /** Of all parts together; default what this one delivers. */
  readonly totalMsat?: bigint;
}

const PAY_KEYSEND = 1;

export function payRecord(request: PayRequest): Uint8Array {
  const { invoice, hops } = request;
  const metadata = invoice?.metadata ?? new Uint8Array(0);
  const record = new RecordWriter()
    .number(request.channel, 4)
    .number(hops.length, 1)
    .number(invoice === undefined ? PAY_KEYSEND : 0, 1)
    .number(metadata.length, 2)
    .number(request.totalMsat ?? hops.at(-1)?.amountMsat ?? 0n, 8)
    .raw(invoice?.paymentHash ?? new Uint8Array(HASH), HASH)
    .raw(invoice?.paymentSecret ?? request.preimage ?? new Uint8Array(HASH), HASH);
  hops.forEach((hop, i) => {
    record
      .number(hop.shortChannelId, 8)
      .number(hop.amountMsat, 8)
      .number(hop.cltvExpiry, 4)
      .raw(hop.point, POINT)
      .pad(80 + 56 * (i + 1));
  });
  return record.raw(metadata).end();
}

/** What forwarding out of a channel costs and takes. */
export interface Policy {
  readonly htlcMinimumMsat: bigint;
  /** 0: what the channel can carry. */
  readonly htlcMaximumMsat: bigint;
  readonly feeBaseMsat: number;
  readonly feeProportionalMillionths: number;
  /** At least 34. */
  readonly cltvExpiryDelta: number;
  readonly disabled: boolean;
}

export const policyRecord = (policy: Policy): Uint8Array =>
  new RecordWriter()
    .number(policy.htlcMinimumMsat, 8)
    .number(policy.htlcMaximumMsat, 8)
    .number(policy.feeBaseMsat, 4)
    .number(policy.feeProportionalMillionths, 4)
    .number(policy.cltvExpiryDelta, 2)
    .number(policy.disabled ? 1 : 0, 2)
    .end();

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
  /** What the journal has used of its sector group, and that group's size, bytes. */
  readonly journalBytes: number;
  readonly journalSectorBytes: number;
  readonly connections: readonly ConnectionInfo[];
}

export const readInfo = (record: Uint8Array): NodeInfo => ({
  nodeId: record.slice(0, POINT),
  height: u32(record, 36),
  journalBytes: u32(record, 40),
  journalSectorBytes: u32(record, 44),
  connections: Array.from({ length: MAX_CONNECTIONS }, (_, i) => {
    const at = 48 + 40 * i;
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

const stateOf = (code: number): ChannelState => CHANNEL_STATES[code] ?? "none";

/** What a listing shows of a channel. */
export interface ChannelInfo {
  readonly channel: number;
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

/** What a node tells. Peers' and channels' events come as they happen, payments' at least once, even over restarts. */
export type NodeEvent =
  | { readonly kind: "peer"; readonly connection: number; readonly peer: Uint8Array; readonly features: Uint8Array }
  | { readonly kind: "channel"; readonly channel: number; readonly state: ChannelState }
  | {
      /** The funding transaction has to be made, not broadcast, and named with `fund`. */
      readonly kind: "funding needed";
      readonly channel: number;
      readonly amountSat: bigint;
      readonly script: Uint8Array;
    }
  /** The funding transaction may be broadcast. */
  | { readonly kind: "funding signed"; readonly channel: number }
  | {
      readonly kind: "sent";
      readonly part: number;
      readonly amountMsat: bigint;
      readonly paymentHash: Uint8Array;
      readonly preimage: Uint8Array;
    }
  | {
      readonly kind: "failed";
      readonly part: number;
      readonly amountMsat: bigint;
      readonly paymentHash: Uint8Array;
      /** From 0; -1: this node; -2: unknown. */
      readonly hop: number;
      /** BOLT 4, 0 if unknown. */
      readonly code: number;
      readonly data: Uint8Array;
    }
  | {
      readonly kind: "received";
      readonly amountMsat: bigint;
      readonly paymentHash: Uint8Array;
      readonly preimage: Uint8Array;
    }
  | {
      readonly kind: "forwarded";
      readonly incomingChannel: number;
      readonly outgoingChannel: number;
      readonly incomingMsat: bigint;
      readonly outgoingMsat: bigint;
      readonly paymentHash: Uint8Array;
    }
  /**
   * Something went wrong with a peer. `code` is of base/errors.ts; of an `error` or `warning` that the peer sent it is 0
   * and `text` what it said.
   */
  | {
      readonly kind: "problem";
      readonly connection: number;
      /** -1: of no channel. */
      readonly channel: number;
      readonly code: number;
      /** Type of the message that was at fault, or of the one that the peer sent; 0 for none. */
      readonly message: number;
      readonly text: string;
    };

/** An event from what the board was told. Throws RangeError for a kind that is not known. */
export function readEvent(what: number, record: Uint8Array): NodeEvent {
  switch (what) {
    case TELLS.PEER:
      return {
        kind: "peer",
        connection: u32(record, 0),
        peer: record.slice(4, 4 + POINT),
        features: record.slice(40, 40 + FEATURES),
      };
    case TELLS.CHANNEL:
      return { kind: "channel", channel: u32(record, 0), state: stateOf(u32(record, 4)) };
    case TELLS.FUNDING_NEEDED:
      return { kind: "funding needed", channel: u32(record, 0), amountSat: u64(record, 8), script: record.slice(16) };
    case TELLS.FUNDING_SIGNED:
      return { kind: "funding signed", channel: u32(record, 0) };
    case TELLS.SENT:
      return { kind: "sent", part: u32(record, 4), ...settled(record) };
    case TELLS.RECEIVED:
      return { kind: "received", ...settled(record) };
    case TELLS.FAILED:
      return {
        kind: "failed",
        part: u32(record, 4),
        amountMsat: u64(record, 8),
        paymentHash: record.slice(16, 48),
        hop: i32(record, 48),
        code: u16(record, 52),
        data: record.slice(56, 56 + u16(record, 54)),
      };
    case TELLS.FORWARDED:
      return {
        kind: "forwarded",
        incomingMsat: u64(record, 8),
        paymentHash: record.slice(16, 48),
        outgoingMsat: u64(record, 48),
        incomingChannel: u32(record, 56),
        outgoingChannel: u32(record, 60),
      };
    case TELLS.PROBLEM:
      return {
        kind: "problem",
        connection: i32(record, 0),
        channel: i32(record, 4),
        code: i32(record, 8),
        message: u32(record, 12),
        text: new TextDecoder().decode(record.subarray(16)),
      };
    default:
      throw new RangeError(`node.wasm told an event of kind ${what}`);
  }
}

const settled = (
  record: Uint8Array,
): { readonly amountMsat: bigint; readonly paymentHash: Uint8Array; readonly preimage: Uint8Array } => ({
  amountMsat: u64(record, 8),
  paymentHash: record.slice(16, 48),
  preimage: record.slice(48, 80),
});
