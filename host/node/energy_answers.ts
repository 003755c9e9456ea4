// What node.wasm shows of a line's energy: assembly/energy/record.ts says where each field lies.

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
  readonly policyForth: { readonly rentMsatPerKwh: bigint; readonly lossPpm: number };
  readonly policyBack: { readonly rentMsatPerKwh: bigint; readonly lossPpm: number };
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
  /** No riders now: in dispute, the clock unknown, or the ends' clocks too far apart. */
  readonly suspended: boolean;
}
