// Records that go into node.wasm: assembly/node/commands.ts says where each field lies, the rooms' own files (payment/) where
// the inner ones do.

import { type EnergyParameters, parametersRecord } from "./energy_requests.js";
import { RecordWriter } from "./record_fields.js";

const HASH = 32;

const POINT = 33;

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
  /** Unsecured credit that is granted on lines which others open, msat; default 0. */
  readonly energyCreditMsat?: bigint;
  /** How long a delivery interval is over before a line is closed for it, s; default 15, at most an hour. */
  readonly closeDelayS?: number;
  /** What the node asks of its peers: blocks, default 144; confirmations, default 3; satoshi, default 354; msat, default 1. */
  readonly toSelfDelay?: number;
  readonly minimumDepth?: number;
  readonly dustLimitSat?: number;
  readonly htlcMinimumMsat?: number;
  /** For closing, satoshi per 1,000 units of weight, default 253. */
  readonly feeratePerKw?: number;
  /** How far apart the chain's blocks are meant to be, s; default 600. Read where payments cross to a second chain. */
  readonly blockIntervalS?: number;
  /** Another chain that the node has channels on. */
  readonly secondChain?: SecondChain;
}

/** The second chain, with the same defaults as the first one. */
export interface SecondChain {
  /** 32 bytes, as in messages: not reversed. */
  readonly chainHash: Uint8Array;
  readonly dustLimitSat?: number;
  readonly feeratePerKw?: number;
  readonly blockIntervalS?: number;
}

/** BOLT 3, "Dust Limits". */
const DUST = { p2pkh: 546, p2sh: 540, p2wpkh: 294, p2wsh: 330, segwit: 354 };

/** Config, heights of the chains, monotonic ms and UTC s (0 if unknown), as `boot` reads them. */
export function bootRecord(
  config: NodeConfig,
  height: number,
  nowMs: bigint,
  utcS: bigint,
  secondHeight = 0,
): Uint8Array {
  const dust = config.dust ?? DUST;
  const record = new RecordWriter()
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
    .number(config.closeDelayS ?? 0, 4)
    .number(config.energyCreditMsat ?? 0n, 8)
    .number(config.blockIntervalS ?? 0, 4)
    .pad(136);
  const second = config.secondChain;
  if (second === undefined) return record.end();
  return record
    .raw(second.chainHash, HASH)
    .number(second.dustLimitSat ?? 354, 4)
    .number(second.feeratePerKw ?? 253, 4)
    .number(secondHeight, 4)
    .number(second.blockIntervalS ?? 0, 4)
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
  /** The chain that funds it: 0, or 1 for the second one, on which there are no lines. */
  readonly chain?: number;
  /** Makes the channel a line, if the peer offers option_energy as well. */
  readonly energy?: EnergyParameters;
}

export const OPEN_ANCHORS = 1;
export const OPEN_ANNOUNCE = 2;
export const OPEN_SECOND = 4;

export const openRecord = ({ energy, ...request }: OpenRequest): Uint8Array =>
  new RecordWriter()
    .raw(request.peer, POINT)
    .pad(40)
    .number(request.fundingSat, 8)
    .number(request.pushMsat ?? 0n, 8)
    .number(request.feeratePerKw, 4)
    .number(
      (request.anchors ? OPEN_ANCHORS : 0) |
        (request.announce ? OPEN_ANNOUNCE : 0) |
        (request.chain === 1 ? OPEN_SECOND : 0),
      4,
    )
    .raw(energy === undefined ? new Uint8Array(0) : parametersRecord(energy))
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
  /** With `energy`: the rider to it, mWh, positive for energy that comes from it. */
  readonly energyMwh?: bigint;
}

/** One part of a payment along a route. */
export interface PayRequest {
  /** Number of our channel to the first hop. */
  readonly channel: number;
  readonly hops: readonly PayHop[];
  /** The route goes on over another chain than it begins on: what a hop is given is money of the chain of its channel. */
  readonly crosses?: boolean;
  /** Without: keysend, and the node makes a preimage unless `preimage` is given (for several parts). */
  readonly invoice?: {
    readonly paymentHash: Uint8Array;
    readonly paymentSecret: Uint8Array;
    readonly metadata?: Uint8Array | undefined;
  };
  readonly preimage?: Uint8Array;
  /** Of all parts together; default what this one delivers. */
  readonly totalMsat?: bigint;
  /** A swap, which takes a keysend: the delivery interval's start, UTC in s, and what moves against the payment. */
  readonly energy?: {
    readonly intervalStart: number;
    readonly kind: "receipt" | "promise";
    /** Of all parts together, at the recipient; without: of this one alone. */
    readonly totalMwh?: bigint;
  };
}

const PAY_KEYSEND = 1;
const PAY_CROSSES = 2;
/** Kinds of energy by their numbers: wire/energy.ts. */
export const ENERGY_KINDS = ["receipt", "promise", "arrears"] as const;
export type EnergyKind = (typeof ENERGY_KINDS)[number];
const NO_ENERGY = 0xff;

export function payRecord(request: PayRequest): Uint8Array {
  const { invoice, hops, energy } = request;
  const metadata = invoice?.metadata ?? new Uint8Array(0);
  const record = new RecordWriter()
    .number(request.channel, 4)
    .number(hops.length, 1)
    .number((invoice === undefined ? PAY_KEYSEND : 0) | (request.crosses ? PAY_CROSSES : 0), 1)
    .number(metadata.length, 2)
    .number(request.totalMsat ?? hops.at(-1)?.amountMsat ?? 0n, 8)
    .raw(invoice?.paymentHash ?? new Uint8Array(HASH), HASH)
    .raw(invoice?.paymentSecret ?? request.preimage ?? new Uint8Array(HASH), HASH)
    .number(energy?.intervalStart ?? 0, 4)
    .number(energy === undefined ? NO_ENERGY : ENERGY_KINDS.indexOf(energy.kind), 1)
    .pad(88)
    .signed(energy?.totalMwh ?? 0n);
  hops.forEach((hop, i) => {
    record
      .number(hop.shortChannelId, 8)
      .number(hop.amountMsat, 8)
      .number(hop.cltvExpiry, 4)
      .raw(hop.point, POINT)
      .pad(96 + 64 * i + 56)
      .signed(hop.energyMwh ?? 0n);
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

/** `num` msat of one chain are asked for `den` msat of another one. */
export interface Rate {
  readonly num: bigint;
  readonly den: bigint;
}

/** Nothing is exchanged. */
export const NO_RATE: Rate = { num: 0n, den: 0n };

export const policyRecord = (policy: Policy): Uint8Array =>
  new RecordWriter()
    .number(policy.htlcMinimumMsat, 8)
    .number(policy.htlcMaximumMsat, 8)
    .number(policy.feeBaseMsat, 4)
    .number(policy.feeProportionalMillionths, 4)
    .number(policy.cltvExpiryDelta, 2)
    .number(policy.disabled ? 1 : 0, 2)
    .end();
