// Records of option_energy that go into node.wasm: assembly/node/energy_commands.ts says which command takes which, the
// rooms' own files (energy/parameters.ts, payment/energy_offers.ts, payment/purse.ts) where each field lies.

import { RecordWriter } from "./record_fields.js";

/** What an opener proposes a line to be. PROTOCOL.md, "`energy_parameters`". *Forth* is from the opener to the accepter. */
export interface EnergyParameters {
  readonly ratingMw: bigint;
  /** Delivery interval, s: a divisor of an hour, at least 5. */
  readonly intervalS: number;
  /** The opener owns the line, whose energy is counted at the accepter's end; else the reverse. */
  readonly openerOwns: boolean;
  /** What the owner charges for a kWh sent, may be negative, and the loss that it charges. */
  readonly rentForthMsatPerKwh: bigint;
  readonly rentBackMsatPerKwh: bigint;
  readonly lossForthPpm: number;
  readonly lossBackPpm: number;
  /** The largest physical loss that is no dispute. */
  readonly lossMaxPpm: number;
  /** Unsecured credit that the opener grants its peer. */
  readonly creditLimitMsat: bigint;
  readonly priceCapMsatPerKwh: bigint;
  readonly imbalanceSpreadPpm: number;
  readonly tariffMsatPerKwh: bigint;
  /** How long a rider may hold capacity, s. */
  readonly holdS: number;
  /** Number of the opener's line meter; without, the first that no other line has. */
  readonly meter?: number;
}

const OPENER_OWNS = 1;
const ACCOUNTED_AT_OPENER = 2;
const ANY_METER = 0xffffffff;
const PARAMETERS_BYTES = 96;

/** What OPEN has behind its own record. */
export const parametersRecord = (line: EnergyParameters): Uint8Array =>
  new RecordWriter()
    .number(line.ratingMw, 8)
    .number(line.intervalS, 4)
    .number(line.openerOwns ? OPENER_OWNS : ACCOUNTED_AT_OPENER, 4)
    .signed(line.rentForthMsatPerKwh)
    .signed(line.rentBackMsatPerKwh)
    .number(line.lossForthPpm, 4)
    .number(line.lossBackPpm, 4)
    .number(line.lossMaxPpm, 4)
    .number(line.imbalanceSpreadPpm, 4)
    .number(line.creditLimitMsat, 8)
    .number(line.priceCapMsatPerKwh, 8)
    .signed(line.tariffMsatPerKwh)
    .number(line.holdS, 4)
    .number(line.meter ?? ANY_METER, 4)
    .pad(PARAMETERS_BYTES)
    .end();

/** Rent and loss of one direction of a line. */
export interface LineTerms {
  readonly rentMsatPerKwh: bigint;
  readonly lossPpm: number;
}

/** What a line's owner charges: *forth* is from node_1 to node_2 here, by the order of the node ids. */
export interface LinePolicy {
  readonly forth: LineTerms;
  readonly back: LineTerms;
}

export const linePolicyRecord = (policy: LinePolicy): Uint8Array =>
  [policy.forth, policy.back]
    .reduce(
      (record, terms) => record.signed(terms.rentMsatPerKwh).number(terms.lossPpm, 4).number(0, 4),
      new RecordWriter(),
    )
    .end();

/** What a node sells, or buys while the price is below zero, to whoever pays it (keysend). */
export interface EnergyOffer {
  readonly side: "sell" | "buy";
  readonly receipts: boolean;
  readonly promises: boolean;
  /** A set with a sold half waits for a bought one of the same payment_hash: both are fulfilled, or neither. */
  readonly match?: boolean;
  /** Number of the meter whose notes it gives. */
  readonly meter: number;
  /** Starts of delivery intervals, UTC in s: the first, and the first that is none any more. */
  readonly fromS: number;
  readonly untilS: number;
  readonly priceMsatPerKwh: bigint;
  /** At most so much in an interval. */
  readonly maxMwh: bigint;
}

export const OFFER_SELL = 1;
export const OFFER_BUY = 2;
export const OFFER_RECEIPTS = 1;
export const OFFER_PROMISES = 2;
const OFFER_BYTES = 40;

/** `undefined` takes an offer back. */
export function offerRecord(offer: EnergyOffer | undefined): Uint8Array {
  if (offer === undefined) return new Uint8Array(OFFER_BYTES);
  return new RecordWriter()
    .number(offer.side === "sell" ? OFFER_SELL : OFFER_BUY, 1)
    .number((offer.receipts ? OFFER_RECEIPTS : 0) | (offer.promises ? OFFER_PROMISES : 0), 1)
    .number(offer.match ? 1 : 0, 1)
    .number(offer.meter, 1)
    .number(offer.fromS, 4)
    .number(offer.untilS, 4)
    .pad(16)
    .signed(offer.priceMsatPerKwh)
    .number(offer.maxMwh, 8)
    .pad(OFFER_BYTES)
    .end();
}
