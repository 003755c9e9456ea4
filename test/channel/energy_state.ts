// What PROTOCOL.md, "Energy on channels" makes of the energy state of a commitment: values without memory, as the reducer's.

/** 0: the party itself (holder), 1: its peer. */
type Side = 0 | 1;

export const KIND = { receipt: 0, promise: 1, arrears: 2 } as const;

export interface Rider {
  readonly start: number;
  readonly kind: number;
  /** Positive from the HTLC's receiver to its offerer. */
  readonly mwh: bigint;
}

/** What a line's parameters have to do with its state. */
export interface LineTerms {
  readonly node1: Side;
  readonly tariff: bigint;
  readonly spreadPpm: bigint;
}

interface Position {
  readonly flow: bigint;
  readonly promised: bigint;
}

export interface EnergyState {
  readonly terms: LineTerms;
  readonly closedUntil: number;
  /** Positive: node_1 owes node_2. */
  readonly arrearsMsat: bigint;
  readonly totalsMwh: readonly [bigint, bigint];
  readonly positions: ReadonlyMap<number, Position>;
  /** Pending ones, by `SIDE:ID` of their HTLCs. */
  readonly riders: ReadonlyMap<string, Rider & { readonly lapsed: boolean }>;
}

export const emptyState = (terms: LineTerms): EnergyState => ({
  terms,
  closedUntil: 0,
  arrearsMsat: 0n,
  totalsMwh: [0n, 0n],
  positions: new Map(),
  riders: new Map(),
});

const size = (value: bigint): bigint => (value < 0n ? -value : value);
const largest = (a: bigint, b: bigint): bigint => (a > b ? a : b);

export const withRider = (state: EnergyState, key: string, rider: Rider): EnergyState => ({
  ...state,
  riders: new Map([...state.riders, [key, { ...rider, lapsed: false }]]),
});

export function withLapse(state: EnergyState, key: string): EnergyState {
  const rider = state.riders.get(key);
  if (rider === undefined) return state;
  return { ...state, riders: new Map([...state.riders, [key, { ...rider, lapsed: true }]]) };
}

/** What is left when an HTLC is gone: `paid` is what its receiver got, undefined if it failed. */
export function without(
  state: EnergyState,
  key: string,
  offeredBy: Side,
  paid: { readonly amountMsat: bigint; readonly boughtBack: boolean } | undefined,
): EnergyState {
  const rider = state.riders.get(key);
  if (rider === undefined) return state;
  const riders = new Map(state.riders);
  riders.delete(key);
  const rest = { ...state, riders };
  if (paid === undefined) return rest;
  const byNode1 = offeredBy === state.terms.node1;
  /** The other end owes the offerer so much more. */
  const owing = (msat: bigint): EnergyState => ({
    ...rest,
    arrearsMsat: state.arrearsMsat + (byNode1 ? -msat : msat),
  });
  if (rider.kind === KIND.arrears) return owing(paid.amountMsat);
  if (paid.boughtBack) {
    const { tariff, spreadPpm } = state.terms;
    const worst = (size(tariff) * (1_000_000n + spreadPpm)) / 1_000_000n;
    return owing(largest(paid.amountMsat, (size(rider.mwh) * worst) / 1_000_000n));
  }
  const before = state.positions.get(rider.start) ?? { flow: 0n, promised: 0n };
  const flow = byNode1 ? -rider.mwh : rider.mwh;
  const promised = before.promised + (rider.kind === KIND.promise ? flow : 0n);
  return { ...rest, positions: new Map([...state.positions, [rider.start, { flow: before.flow + flow, promised }]]) };
}

export interface Roll {
  readonly until: number;
  readonly flowMwh: bigint;
  readonly arrearsMsat: bigint;
}

export const rolled = (state: EnergyState, { until, flowMwh, arrearsMsat }: Roll): EnergyState => ({
  ...state,
  closedUntil: until,
  arrearsMsat: state.arrearsMsat + arrearsMsat,
  totalsMwh: [state.totalsMwh[0] + (flowMwh > 0n ? flowMwh : 0n), state.totalsMwh[1] - (flowMwh < 0n ? flowMwh : 0n)],
  positions: new Map([...state.positions].filter(([start]) => start >= until)),
});

/** The same state as the other party sees it. */
export const mirroredState = (state: EnergyState): EnergyState => ({
  ...state,
  terms: { ...state.terms, node1: state.terms.node1 === 0 ? 1 : 0 },
  riders: new Map([...state.riders].map(([key, rider]) => [`${key.startsWith("0") ? 1 : 0}${key.slice(1)}`, rider])),
});

/** The state's bytes, behind its parameters' hash, in hexadecimal: the same at both ends. */
export function stateBytes(state: EnergyState): string {
  const out: string[] = [];
  const put = (bytes: number, value: bigint | number): void => {
    out.push(
      BigInt.asUintN(8 * bytes, BigInt(value))
        .toString(16)
        .padStart(2 * bytes, "0"),
    );
  };
  put(4, state.closedUntil);
  put(8, state.arrearsMsat);
  for (const total of state.totalsMwh) put(8, total);
  const positions = [...state.positions].filter(([, { flow, promised }]) => flow !== 0n || promised !== 0n);
  put(2, positions.length);
  for (const [start, { flow, promised }] of positions.sort(([a], [b]) => a - b)) {
    put(4, start);
    put(8, flow);
    put(8, promised);
  }
  const riders = [...state.riders].map(([key, rider]) => {
    const [side = "", id = ""] = key.split(":");
    const offerer = Number(side) === state.terms.node1 ? 0 : 1;
    return { ...rider, offerer, id: Number(id), flow: offerer === 0 ? -rider.mwh : rider.mwh };
  });
  put(2, riders.length);
  for (const { offerer, id, start, kind, flow, lapsed } of riders.sort(
    (a, b) => a.offerer - b.offerer || a.id - b.id,
  )) {
    put(1, offerer);
    put(8, id);
    put(4, start);
    put(1, kind);
    put(8, flow);
    put(1, Number(lapsed));
  }
  return out.join("");
}
