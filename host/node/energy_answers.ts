// What node.wasm shows of energy: assembly/energy/record.ts, payment/purse.ts and payment/energy_offers.ts say where each
// field lies.

import { type EnergyOffer, type LineTerms, OFFER_PROMISES, OFFER_RECEIPTS, OFFER_SELL } from "./energy_requests.js";
import { i64, u16, u32, u64, u8 } from "./record_fields.js";

/** The net energy agreed on for one delivery interval, mWh, positive from node_1 to node_2, and what of it are promises. */
export interface Position {
  readonly start: number;
  readonly flowMwh: bigint;
  readonly promisedMwh: bigint;
}

/** One end's close of the intervals before `until`: flows, positive from node_1 to node_2, and its meter's registers. */
export interface IntervalClose {
  readonly until: number;
  readonly agreedMwh: bigint;
  readonly meteredMwh: bigint;
  readonly importMwh: bigint;
  readonly exportMwh: bigint;
}

/** A line as its channel's record has it: what is irrevocable. Sums of money and flows are told from node_1 to node_2. */
export interface EnergyInfo {
  readonly channel: number;
  readonly holderIsNode1: boolean;
  readonly holderOpened: boolean;
  /** The holder owns the line, which is then accounted at the counterparty's end; else the reverse. */
  readonly holderOwns: boolean;
  /** Number of the holder's line meter, and both meters' keys, 33 bytes each. */
  readonly meter: number;
  readonly holderMeterKey: Uint8Array;
  readonly counterpartyMeterKey: Uint8Array;
  readonly ratingMw: bigint;
  readonly intervalS: number;
  readonly capacityMwh: bigint;
  /** What the owner charges, from node_1 to node_2 and back. */
  readonly policyForth: LineTerms;
  readonly policyBack: LineTerms;
  readonly lossMaxPpm: number;
  /** Unsecured credit that each side grants the other. */
  readonly holderCreditMsat: bigint;
  readonly counterpartyCreditMsat: bigint;
  readonly priceCapMsatPerKwh: bigint;
  readonly imbalanceSpreadPpm: number;
  readonly tariffMsatPerKwh: bigint;
  readonly holdS: number;
  readonly parametersHash: Uint8Array;
  /** Start of the first open interval, UTC in s; 0 before the first close. */
  readonly closedUntil: number;
  /** Positive: node_1 owes node_2. */
  readonly arrearsMsat: bigint;
  readonly totalForthMwh: bigint;
  readonly totalBackMwh: bigint;
  /** By start. */
  readonly positions: readonly Position[];
  readonly holderClose: IntervalClose | undefined;
  readonly counterpartyClose: IntervalClose | undefined;
  readonly disputed: boolean;
  /** No riders now: in dispute, the clock unknown, the ends' clocks too far apart, or arrears at the debtor's credit. */
  readonly suspended: boolean;
}

/** assembly/energy/record.ts, behind the head of 8 bytes that energy_info of assembly/node/energy_commands.ts writes. */
const AT = {
  ROLES: 8,
  MARKS: 12,
  METER: 16,
  INTERVAL_S: 20,
  RATING_MW: 24,
  CAPACITY_MWH: 32,
  METER_KEYS: 40,
  HOLD_S: 106,
  LOSS_MAX_PPM: 108,
  POLICIES: 112,
  CREDITS_MSAT: 144,
  PRICE_CAP: 160,
  TARIFF: 168,
  SPREAD_PPM: 176,
  PARAMETERS_HASH: 184,
  CLOSED_UNTIL: 216,
  ARREARS_MSAT: 224,
  TOTALS_MWH: 232,
  POSITIONS: 248,
  CLOSES: 656,
  END: 768,
} as const;
const POSITIONS = 16;
const POSITION_BYTES = 24;
const CLOSE_BYTES = 40;
const POLICY_BYTES = 16;
const POINT = 33;
const HOLDER_IS_NODE_1 = 1;
const HOLDER_OPENED = 2;
const OWNER_IS_NODE_1 = 4;
const DISPUTED = 2;

const policy = (record: Uint8Array, at: number): LineTerms => ({
  rentMsatPerKwh: i64(record, at),
  lossPpm: u32(record, at + 8),
});

/** Rent and loss as they stand in the parameters' hash: from node_1 to node_2, then back. */
export const readOpeningPolicies = (record: Uint8Array): readonly [LineTerms, LineTerms] => [
  policy(record, AT.END),
  policy(record, AT.END + POLICY_BYTES),
];

function close(record: Uint8Array, at: number): IntervalClose | undefined {
  const until = u32(record, at);
  if (until === 0) return undefined;
  return {
    until,
    agreedMwh: i64(record, at + 8),
    meteredMwh: i64(record, at + 16),
    importMwh: u64(record, at + 24),
    exportMwh: u64(record, at + 32),
  };
}

function positions(record: Uint8Array): Position[] {
  return Array.from({ length: POSITIONS }, (_, i) => AT.POSITIONS + i * POSITION_BYTES)
    .map((at) => ({ start: u32(record, at), flowMwh: i64(record, at + 8), promisedMwh: i64(record, at + 16) }))
    .filter(({ start }) => start !== 0)
    .sort((a, b) => a.start - b.start);
}

export function readEnergy(record: Uint8Array): EnergyInfo {
  const roles = u32(record, AT.ROLES);
  const holderIsNode1 = (roles & HOLDER_IS_NODE_1) !== 0;
  return {
    channel: u32(record, 0),
    suspended: u32(record, 4) !== 0,
    holderIsNode1,
    holderOpened: (roles & HOLDER_OPENED) !== 0,
    holderOwns: ((roles & OWNER_IS_NODE_1) !== 0) === holderIsNode1,
    disputed: (u32(record, AT.MARKS) & DISPUTED) !== 0,
    meter: u32(record, AT.METER),
    intervalS: u32(record, AT.INTERVAL_S),
    ratingMw: u64(record, AT.RATING_MW),
    capacityMwh: u64(record, AT.CAPACITY_MWH),
    holderMeterKey: record.slice(AT.METER_KEYS, AT.METER_KEYS + POINT),
    counterpartyMeterKey: record.slice(AT.METER_KEYS + POINT, AT.METER_KEYS + 2 * POINT),
    holdS: u16(record, AT.HOLD_S),
    lossMaxPpm: u32(record, AT.LOSS_MAX_PPM),
    policyForth: policy(record, AT.POLICIES),
    policyBack: policy(record, AT.POLICIES + POLICY_BYTES),
    holderCreditMsat: u64(record, AT.CREDITS_MSAT),
    counterpartyCreditMsat: u64(record, AT.CREDITS_MSAT + 8),
    priceCapMsatPerKwh: u64(record, AT.PRICE_CAP),
    tariffMsatPerKwh: i64(record, AT.TARIFF),
    imbalanceSpreadPpm: u32(record, AT.SPREAD_PPM),
    parametersHash: record.slice(AT.PARAMETERS_HASH, AT.PARAMETERS_HASH + 32),
    closedUntil: u32(record, AT.CLOSED_UNTIL),
    arrearsMsat: i64(record, AT.ARREARS_MSAT),
    totalForthMwh: u64(record, AT.TOTALS_MWH),
    totalBackMwh: u64(record, AT.TOTALS_MWH + 8),
    positions: positions(record),
    holderClose: close(record, AT.CLOSES),
    counterpartyClose: close(record, AT.CLOSES + CLOSE_BYTES),
  };
}

/** What a node may spend on rebates: payment/purse.ts. */
export interface PurseInfo {
  readonly capMsat: bigint;
  readonly leftMsat: bigint;
}

export const readPurse = (record: Uint8Array): PurseInfo => ({ capMsat: u64(record, 0), leftMsat: u64(record, 8) });

/** undefined if the place is free. */
export function readOffer(record: Uint8Array): EnergyOffer | undefined {
  const side = u8(record, 0);
  if (side === 0) return undefined;
  const kinds = u8(record, 1);
  return {
    side: side === OFFER_SELL ? "sell" : "buy",
    receipts: (kinds & OFFER_RECEIPTS) !== 0,
    promises: (kinds & OFFER_PROMISES) !== 0,
    match: u8(record, 2) !== 0,
    meter: u8(record, 3),
    fromS: u32(record, 4),
    untilS: u32(record, 8),
    priceMsatPerKwh: i64(record, 16),
    maxMwh: u64(record, 24),
  };
}
