// Records that node.wasm tells the board: assembly/node/telling.ts says where each field lies.

import { TELLS } from "./abi.js";
import { stateOf, type ChannelState } from "./answers.js";
import { i32, i64, u16, u32, u64 } from "./record_fields.js";
import { ENERGY_KINDS, type EnergyKind } from "./requests.js";

const FEATURES = 40;

const POINT = 33;
const NOTE_BYTES = 88;

/** A payment that has come to its end, with its energy if it was a swap. */
export interface Settled {
  readonly amountMsat: bigint;
  readonly paymentHash: Uint8Array;
  readonly preimage: Uint8Array;
  readonly energy?: { readonly intervalStart: number; readonly kind: EnergyKind; readonly energyMwh: bigint };
  /** Of a swap: the recipient's meter's note, NOTE_BYTES of assembly/energy/note.ts. */
  readonly note?: Uint8Array;
}

/** The other half of a matched set: what its meter has signed for, and its energy, of the other sign than the first half's. */
export interface OtherHalf {
  readonly energyMwh: bigint;
  readonly note: Uint8Array;
}

/** What a node tells. Peers' and channels' events come as they happen, payments' at least once, even over restarts. */
export type NodeEvent =
  | { readonly kind: "peer"; readonly connection: number; readonly peer: Uint8Array; readonly features: Uint8Array }
  | { readonly kind: "channel"; readonly channel: number; readonly state: ChannelState }
  | {
      /** The funding transaction has to be made, not broadcast, and named with `fund`. */
      readonly kind: "funding needed";
      readonly channel: number;
      /** The chain that is to fund it: 0, or 1 for the second one. */
      readonly chain: number;
      readonly amountSat: bigint;
      readonly script: Uint8Array;
    }
  /** The funding transaction may be broadcast. */
  | { readonly kind: "funding signed"; readonly channel: number }
  | (Settled & { readonly kind: "sent"; readonly part: number })
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
  /** `chain`: whose money came. Of a matched set `energy` and `note` are of the half that came first, the amount of both. */
  | (Settled & { readonly kind: "received"; readonly chain: number; readonly other?: OtherHalf })
  | {
      readonly kind: "forwarded";
      readonly incomingChannel: number;
      readonly outgoingChannel: number;
      readonly incomingMsat: bigint;
      readonly outgoingMsat: bigint;
      readonly paymentHash: Uint8Array;
      /** Of a swap: what was kept for its energy's way, below zero a rebate, and both riders' energy. 0 otherwise. */
      readonly rentMsat: bigint;
      readonly incomingMwh: bigint;
      readonly outgoingMwh: bigint;
    }
  /** Both ends have closed a line's intervals from `start` on, up to `until`. Flows are positive from node_1 to node_2. */
  | {
      readonly kind: "interval closed";
      readonly channel: number;
      readonly start: number;
      readonly until: number;
      readonly agreedMwh: bigint;
      /** What counts: the accounting point's meter. */
      readonly meteredMwh: bigint;
      readonly ownMwh: bigint;
      readonly theirMwh: bigint;
      /** Debts, positive of node_1 to node_2: for the deviation, and all that is open now. */
      readonly deviationMsat: bigint;
      readonly arrearsMsat: bigint;
    }
  /** The two ends' meters differ by more than the line can lose: there are no swaps on it until that is settled. */
  | {
      readonly kind: "dispute";
      readonly channel: number;
      readonly start: number;
      readonly until: number;
      readonly ownMwh: bigint;
      readonly theirMwh: bigint;
    }
  /** What one end of a line owes has reached its credit limit: its owner may disconnect it. Positive: node_1 owes. */
  | { readonly kind: "disconnect wanted"; readonly channel: number; readonly arrearsMsat: bigint }
  /** The rider of an HTLC that this node offered has lapsed. */
  | {
      readonly kind: "lapsed";
      readonly channel: number;
      readonly id: bigint;
      readonly paymentHash: Uint8Array;
      readonly intervalStart: number;
      readonly energyMwh: bigint;
    }
  /** The peer's close of a line's intervals has been taken, with the receipt of its meter: evidence to be kept. */
  | {
      readonly kind: "line receipt";
      readonly channel: number;
      readonly start: number;
      readonly until: number;
      readonly sentAtS: number;
      readonly agreedMwh: bigint;
      readonly meteredMwh: bigint;
      readonly receipt: string;
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
      return {
        kind: "funding needed",
        channel: u32(record, 0),
        chain: u32(record, 4),
        amountSat: u64(record, 8),
        script: record.slice(16),
      };
    case TELLS.FUNDING_SIGNED:
      return { kind: "funding signed", channel: u32(record, 0) };
    case TELLS.SENT:
      return { kind: "sent", part: u32(record, 4), ...settled(record) };
    case TELLS.RECEIVED:
      return { kind: "received", chain: u32(record, 4), ...settled(record), ...otherHalf(record) };
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
        rentMsat: i64(record, 64),
        incomingMwh: i64(record, 72),
        outgoingMwh: i64(record, 80),
      };
    case TELLS.INTERVAL_CLOSED:
      return {
        kind: "interval closed",
        channel: u32(record, 0),
        start: u32(record, 4),
        until: u32(record, 8),
        agreedMwh: i64(record, 16),
        meteredMwh: i64(record, 24),
        ownMwh: i64(record, 32),
        theirMwh: i64(record, 40),
        deviationMsat: i64(record, 48),
        arrearsMsat: i64(record, 56),
      };
    case TELLS.DISPUTE:
      return {
        kind: "dispute",
        channel: u32(record, 0),
        start: u32(record, 4),
        until: u32(record, 8),
        ownMwh: i64(record, 16),
        theirMwh: i64(record, 24),
      };
    case TELLS.DISCONNECT_WANTED:
      return { kind: "disconnect wanted", channel: u32(record, 0), arrearsMsat: i64(record, 8) };
    case TELLS.LAPSED:
      return {
        kind: "lapsed",
        channel: u32(record, 0),
        intervalStart: u32(record, 4),
        id: u64(record, 8),
        energyMwh: i64(record, 16),
        paymentHash: record.slice(24, 56),
      };
    case TELLS.LINE_RECEIPT:
      return {
        kind: "line receipt",
        channel: u32(record, 0),
        start: u32(record, 4),
        until: u32(record, 8),
        sentAtS: u32(record, 12),
        agreedMwh: i64(record, 16),
        meteredMwh: i64(record, 24),
        receipt: new TextDecoder().decode(record.subarray(32)),
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

const settled = (record: Uint8Array): Settled => {
  const kind = ENERGY_KINDS[u32(record, 84)];
  return {
    amountMsat: u64(record, 8),
    paymentHash: record.slice(16, 48),
    preimage: record.slice(48, 80),
    ...(kind !== undefined && {
      energy: { intervalStart: u32(record, 80), kind, energyMwh: i64(record, 88) },
      note: record.slice(96, 96 + NOTE_BYTES),
    }),
  };
};

const OTHER_HALF = 184;

const otherHalf = (record: Uint8Array): { readonly other?: OtherHalf } =>
  record.length === OTHER_HALF
    ? {}
    : {
        other: {
          energyMwh: i64(record, OTHER_HALF),
          note: record.slice(OTHER_HALF + 8, OTHER_HALF + 8 + NOTE_BYTES),
        },
      };
