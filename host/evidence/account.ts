import type { Finding } from "../ocmf/errors.js";
import { type End, type EvidenceBundle, type EvidenceHtlc } from "./bundle.js";
import type { Origin } from "./claims.js";
import { addArrears, imbalanceMsat } from "./prices.js";
import type { Receipts, Registers } from "./receipts.js";
import { ARREARS, type EnergyState, KINDS, type PendingRider, withFulfilled } from "./state.js";

// What a state that counts comes to: which pending riders count, what was delivered, what is owed. PROTOCOL.md, "Ending".

/** What becomes of a pending rider, and why. */
export type Fate =
  | "counts: its receiver shows the preimage"
  | "counts: its receiver has claimed it on the chain"
  | "counts: its receiver shows a state that has it settled"
  | "pays arrears: its receiver shows the preimage"
  | "pays arrears: its receiver has claimed it on the chain"
  | "pays arrears: its receiver shows a state that has it settled"
  | "bought back: claimed after its lapse"
  | "does not count: no preimage is known"
  | "does not count: only its offerer shows the preimage"
  | "does not count: it has lapsed"
  | "void: the commitment trims its HTLC";

export interface RiderAccount extends Omit<PendingRider, "kind"> {
  readonly kind: (typeof KINDS)[number];
  readonly fate: Fate;
  /** Change of the arrears, positive: node_1 owes it. */
  readonly arrearsMsat: bigint;
}

/** Net energy of an interval that is not closed. */
export interface IntervalAccount {
  readonly start: number;
  readonly agreedMwh: bigint;
  readonly promisedMwh: bigint;
}

/** Intervals between two receipts of the accounting point's meter. */
export interface SpanAccount {
  readonly from: number;
  readonly until: number;
  readonly agreedMwh: bigint;
  /** By the accounting point's meter, and by the other end's where its receipts are there. */
  readonly meteredMwh: bigint;
  readonly otherMeterMwh?: bigint;
  readonly deviationMwh: bigint;
  /** Positive: node_1 owes it. */
  readonly deviationMsat: bigint;
  /** It is part of a dispute. */
  readonly disputed: boolean;
}

/** Intervals at whose beginning and end there are receipts of both meters, which differ by more than the line may lose. */
export interface Dispute {
  readonly from: number;
  readonly until: number;
  /** By the accounting point's meter, and by the other end's. */
  readonly meteredMwh: bigint;
  readonly otherMeterMwh: bigint;
}

export interface Account {
  readonly closedUntil: number;
  readonly totalForthMwh: bigint;
  readonly totalBackMwh: bigint;
  readonly riders: readonly RiderAccount[];
  readonly intervals: readonly IntervalAccount[];
  readonly spans: readonly SpanAccount[];
  readonly disputes: readonly Dispute[];
  /** Starts of open intervals that no pair of the accounting point's receipts covers. */
  readonly unmetered: readonly number[];
  /** All positive if node_1 owes: as signed, what riders change of it, deviations, and the sum. */
  readonly signedArrearsMsat: bigint;
  readonly ridersMsat: bigint;
  readonly deviationsMsat: bigint;
  readonly owedMsat: bigint;
  readonly debtor?: End;
}

const PPM = 1_000_000n;

/** The HTLC of a pending rider. */
export const htlcOf = (rider: PendingRider, { htlcs }: EvidenceBundle): EvidenceHtlc | undefined =>
  htlcs.find(({ offeredBy, id }) => offeredBy === rider.offeredBy && id === rider.id);

/**
 * @param origin of an HTLC's preimage
 * @param trimmed HTLCs of this bundle without an output in what has confirmed
 */
export function accountOf(
  bundle: EvidenceBundle,
  signed: EnergyState,
  origin: (htlc: EvidenceHtlc) => Origin | undefined,
  trimmed: ReadonlySet<EvidenceHtlc>,
  receipts: Receipts,
): Account {
  const { parameters } = bundle;
  let state = signed;
  const riders = signed.riders.flatMap((rider): RiderAccount[] => {
    const htlc = htlcOf(rider, bundle);
    if (htlc === undefined) return [];
    const fate = fateOf(rider, origin(htlc), trimmed.has(htlc));
    const counts = !fate.startsWith("does not") && !fate.startsWith("void");
    const before = state.arrearsMsat;
    if (counts)
      state = withFulfilled(state, { ...rider, amountMsat: htlc.amountMsat, boughtBack: rider.lapsed }, parameters);
    return [{ ...rider, kind: KINDS[rider.kind] ?? "receipt", fate, arrearsMsat: state.arrearsMsat - before }];
  });
  const { own, other } = openRegisters(signed, bundle, receipts);
  const disputes = disputesOf(bundle, own, other);
  const spans = spansOf(state, bundle, own, other, disputes);
  const intervals = state.positions.map(({ start, flowMwh, promisedMwh }) => ({
    start,
    agreedMwh: flowMwh,
    promisedMwh,
  }));
  const covered = (start: number) => spans.some(({ from, until }) => start >= from && start < until);
  const deviationsMsat = spans.reduce((sum, { deviationMsat }) => sum + deviationMsat, 0n);
  const owed = addArrears(state.arrearsMsat, deviationsMsat);
  return {
    closedUntil: signed.closedUntil,
    totalForthMwh: signed.totalForthMwh,
    totalBackMwh: signed.totalBackMwh,
    riders,
    intervals,
    spans,
    disputes,
    unmetered: intervals.map(({ start }) => start).filter((start) => !covered(start)),
    signedArrearsMsat: signed.arrearsMsat,
    ridersMsat: state.arrearsMsat - signed.arrearsMsat,
    deviationsMsat,
    owedMsat: owed,
    ...(owed === 0n ? {} : { debtor: owed > 0n ? 1 : 2 }),
  };
}

const PROOFS = {
  receiver: "its receiver shows the preimage",
  claim: "its receiver has claimed it on the chain",
  state: "its receiver shows a state that has it settled",
} as const;

function fateOf({ kind, lapsed }: PendingRider, origin: Origin | undefined, trimmed: boolean): Fate {
  if (trimmed) return "void: the commitment trims its HTLC";
  const proof = origin === undefined || origin === "offerer" ? undefined : PROOFS[origin];
  if (lapsed) return proof ? "bought back: claimed after its lapse" : "does not count: it has lapsed";
  if (proof) return kind === ARREARS ? `pays arrears: ${proof}` : `counts: ${proof}`;
  return origin === undefined
    ? "does not count: no preimage is known"
    : "does not count: only its offerer shows the preimage";
}

/** An end's registers as flow from node_1 to node_2. */
const flowOf = (end: End, from: Registers, until: Registers): bigint => {
  const out = until.exportMwh - from.exportMwh - (until.importMwh - from.importMwh);
  return end === 1 ? out : -out;
};

/** Readings of what is open, by time: the accounting point's meter's, and the other end's by when they were taken. */
function openRegisters(
  state: EnergyState,
  { parameters }: EvidenceBundle,
  { registers }: Receipts,
): { readonly own: readonly Registers[]; readonly other: ReadonlyMap<number, Registers> } {
  const open = registers.filter(({ untilS }) => untilS >= state.closedUntil);
  const own = open.filter(({ end }) => end === parameters.accounted);
  const other = open.filter(({ end }) => end !== parameters.accounted);
  return { own, other: new Map(other.map((reading) => [reading.untilS, reading])) };
}

/**
 * One close may cover several intervals, of whose inner ends one bundle has its own meter's receipts alone: what both meters say
 * is compared between the ends for which both have one.
 */
function disputesOf(
  { parameters: { accounted, lossMaxPpm } }: EvidenceBundle,
  own: readonly Registers[],
  other: ReadonlyMap<number, Registers>,
): Dispute[] {
  const common = own.flatMap((reading) => {
    const beside = other.get(reading.untilS);
    return beside === undefined ? [] : [[reading, beside] as const];
  });
  return common.slice(1).flatMap(([until, otherUntil], index): Dispute[] => {
    const [from, otherFrom] = common[index] ?? [];
    if (from === undefined || otherFrom === undefined) return [];
    const meteredMwh = flowOf(accounted, from, until);
    const otherMeterMwh = flowOf(otherUntil.end, otherFrom, otherUntil);
    const [node1, node2] = accounted === 1 ? [meteredMwh, otherMeterMwh] : [otherMeterMwh, meteredMwh];
    // Whichever way the energy went, and if it went both ways: the line has lost what node_1 gave less what node_2 got.
    const lost = node1 - node2;
    const sent = until.exportMwh - from.exportMwh + (otherUntil.exportMwh - otherFrom.exportMwh);
    const tolerance = until.toleranceMwh + otherUntil.toleranceMwh;
    const most = (sent * BigInt(lossMaxPpm)) / PPM + tolerance;
    if (lost >= -tolerance && lost <= most) return [];
    return [{ from: from.untilS, until: until.untilS, meteredMwh, otherMeterMwh }];
  });
}

function spansOf(
  state: EnergyState,
  { parameters }: EvidenceBundle,
  own: readonly Registers[],
  other: ReadonlyMap<number, Registers>,
  disputes: readonly Dispute[],
): SpanAccount[] {
  const { accounted } = parameters;
  return own.slice(1).flatMap((until, index): SpanAccount[] => {
    const from = own[index];
    if (from === undefined) return [];
    const meteredMwh = flowOf(accounted, from, until);
    const agreedMwh = state.positions
      .filter(({ start }) => start >= from.untilS && start < until.untilS)
      .reduce((sum, { flowMwh }) => sum + flowMwh, 0n);
    const [otherFrom, otherUntil] = [other.get(from.untilS), other.get(until.untilS)];
    return [
      {
        from: from.untilS,
        until: until.untilS,
        agreedMwh,
        meteredMwh,
        ...(otherFrom && otherUntil && { otherMeterMwh: flowOf(otherUntil.end, otherFrom, otherUntil) }),
        deviationMwh: meteredMwh - agreedMwh,
        deviationMsat: imbalanceMsat(meteredMwh - agreedMwh, parameters),
        disputed: disputes.some((dispute) => from.untilS >= dispute.from && until.untilS <= dispute.until),
      },
    ];
  });
}

/** Whether two states come to the same: energy of every interval, totals, and what is owed. */
export function isSameOutcome(a: Account, b: Account): boolean {
  const outcome = ({ closedUntil, totalForthMwh, totalBackMwh, intervals, owedMsat }: Account) =>
    [
      closedUntil,
      totalForthMwh,
      totalBackMwh,
      owedMsat,
      ...intervals.flatMap(({ start, agreedMwh, promisedMwh }) => [start, agreedMwh, promisedMwh]),
    ].join(" ");
  return outcome(a) === outcome(b);
}

/** Riders that no HTLC of the bundle has, and HTLCs that stand there twice or whose preimage is none. */
export function checkHtlcs(
  bundle: EvidenceBundle,
  state: EnergyState,
  hash: (preimage: Uint8Array) => Uint8Array,
): Finding[] {
  const faults: Finding[] = [];
  bundle.htlcs.forEach((htlc, index) => {
    const field = `htlcs[${index}]`;
    const first = bundle.htlcs.findIndex(({ offeredBy, id }) => offeredBy === htlc.offeredBy && id === htlc.id);
    if (first !== index) faults.push({ field: `${field}.id`, message: `is that of htlcs[${first}]` });
    if (htlc.preimage !== undefined && Buffer.compare(hash(htlc.preimage), htlc.paymentHash) !== 0) {
      faults.push({ field: `${field}.payment_preimage`, message: "is not that of the payment_hash" });
    }
  });
  for (const rider of state.riders) {
    if (htlcOf(rider, bundle) === undefined) {
      const message = `have none for the rider of HTLC ${rider.id} that node_${rider.offeredBy} has offered`;
      faults.push({ field: "htlcs", message });
    }
    if (rider.start % bundle.parameters.intervalS !== 0) {
      const message = `has a rider for ${rider.start}, which is not the start of an interval`;
      faults.push({ field: "commitment.energy_state", message });
    }
  }
  return faults;
}
