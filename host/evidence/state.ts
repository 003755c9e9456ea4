import { createHash } from "node:crypto";
import { Reader } from "../decode/reader.js";
import type { End, LineParameters } from "./bundle.js";
import { addArrears, buyBackMsat } from "./prices.js";

// The energy state of a channel, as a commitment has it: its bytes, its hash and what changes it, apart from the firmware.
// PROTOCOL.md, "The energy state". Flows are positive from node_1 to node_2.

export const RECEIPT = 0;
export const PROMISE = 1;
export const ARREARS = 2;
export const KINDS = ["receipt", "promise", "arrears"] as const;

/** Most positions and riders that a state can have: BOLT 2 allows 483 HTLCs from either end. */
const MAX_POSITIONS = 16;
const MAX_RIDERS = 966;
const MIN_I64 = -(2n ** 63n);

export interface Position {
  /** UTC in s. */
  readonly start: number;
  readonly flowMwh: bigint;
  readonly promisedMwh: bigint;
}

export interface PendingRider {
  readonly offeredBy: End;
  readonly id: bigint;
  readonly start: number;
  readonly kind: number;
  readonly flowMwh: bigint;
  readonly lapsed: boolean;
}

export interface EnergyState {
  readonly parametersHash: Uint8Array;
  /** Start of the first open interval; 0 before the first close. */
  readonly closedUntil: number;
  /** Positive: node_1 owes node_2. */
  readonly arrearsMsat: bigint;
  readonly totalForthMwh: bigint;
  readonly totalBackMwh: bigint;
  readonly positions: readonly Position[];
  readonly riders: readonly PendingRider[];
}

const sha256 = (bytes: Uint8Array): Uint8Array => new Uint8Array(createHash("sha256").update(bytes).digest());

/** Big-endian integers one after the other. */
class Writer {
  private readonly parts: Uint8Array[] = [];

  bytes(bytes: Uint8Array): this {
    this.parts.push(bytes);
    return this;
  }

  /** An integer of 1, 2, 4 or 8 bytes; two's complement below 0. */
  int(length: 1 | 2 | 4 | 8, value: number | bigint): this {
    const buffer = Buffer.alloc(8);
    buffer.writeBigUInt64BE(BigInt.asUintN(64, BigInt(value)));
    return this.bytes(buffer.subarray(8 - length));
  }

  end(): Uint8Array {
    return new Uint8Array(Buffer.concat(this.parts));
  }
}

export function encodeState(state: EnergyState): Uint8Array {
  const writer = new Writer()
    .bytes(state.parametersHash)
    .int(4, state.closedUntil)
    .int(8, state.arrearsMsat)
    .int(8, state.totalForthMwh)
    .int(8, state.totalBackMwh)
    .int(2, state.positions.length);
  for (const { start, flowMwh, promisedMwh } of state.positions)
    writer.int(4, start).int(8, flowMwh).int(8, promisedMwh);
  writer.int(2, state.riders.length);
  for (const { offeredBy, id, start, kind, flowMwh, lapsed } of state.riders) {
    writer
      .int(1, offeredBy === 1 ? 0 : 1)
      .int(8, id)
      .int(4, start)
      .int(1, kind)
      .int(8, flowMwh)
      .int(1, lapsed ? 1 : 0);
  }
  return writer.end();
}

/** What a commitment has of the state. */
export const stateHash = (bytes: Uint8Array): Uint8Array => sha256(bytes);

/** Throws DecodeError, naming field and byte, unless `bytes` are a whole state in its one form. */
export function decodeState(bytes: Uint8Array): EnergyState {
  const reader = new Reader(bytes);
  const parametersHash = reader.take("parameters_hash", 32);
  const closedUntil = reader.u32("closed_until");
  const arrearsMsat = signed(reader, "arrears_msat");
  const totalForthMwh = reader.u64("total_forth_mwh");
  const totalBackMwh = reader.u64("total_back_mwh");
  const positions = list(reader, "positions", MAX_POSITIONS, (at): Position => {
    const start = reader.u32(`${at}.interval_start`);
    return { start, flowMwh: signed(reader, `${at}.flow_mwh`), promisedMwh: signed(reader, `${at}.promised_mwh`) };
  });
  positions.forEach(({ start, flowMwh, promisedMwh }, at) => {
    const field = `positions[${at}]`;
    if (start <= (positions[at - 1]?.start ?? -1)) reader.fail(field, "is not later than the one before it");
    if (start < closedUntil) reader.fail(field, `is of ${start}, which is closed`);
    if (flowMwh === 0n && promisedMwh === 0n) reader.fail(field, "is empty");
  });
  const riders = list(reader, "riders", MAX_RIDERS, (at): PendingRider => {
    const offerer = small(reader, `${at}.offerer`, 1);
    const id = reader.u64(`${at}.id`);
    const start = reader.u32(`${at}.interval_start`);
    const kind = small(reader, `${at}.kind`, ARREARS);
    const flowMwh = signed(reader, `${at}.flow_mwh`);
    const lapsed = small(reader, `${at}.lapsed`, 1) === 1;
    if ((kind === ARREARS) !== (flowMwh === 0n)) {
      reader.fail(`${at}.flow_mwh`, `${flowMwh}, of a rider of kind ${KINDS[kind]}`, reader.offset - 9);
    }
    return { offeredBy: offerer === 0 ? 1 : 2, id, start, kind, flowMwh, lapsed };
  });
  riders.forEach((rider, at) => {
    const before = riders[at - 1];
    if (before && !isBefore(before, rider))
      reader.fail(`riders[${at}]`, "is not after the one before it, by offerer and id");
  });
  reader.end("end of the energy state");
  return { parametersHash, closedUntil, arrearsMsat, totalForthMwh, totalBackMwh, positions, riders };
}

const isBefore = (a: PendingRider, b: PendingRider): boolean =>
  a.offeredBy < b.offeredBy || (a.offeredBy === b.offeredBy && a.id < b.id);

function signed(reader: Reader, field: string): bigint {
  const start = reader.offset;
  const value = BigInt.asIntN(64, reader.u64(field));
  if (value === MIN_I64) reader.fail(field, "is -2^63", start);
  return value;
}

function small(reader: Reader, field: string, most: number): number {
  const start = reader.offset;
  const value = reader.u8(field);
  if (value > most) reader.fail(field, `${value} is not from 0 to ${most}`, start);
  return value;
}

function list<T>(reader: Reader, field: string, most: number, item: (at: string) => T): T[] {
  const start = reader.offset;
  const count = reader.u16(`number of ${field}`);
  if (count > most) reader.fail(`number of ${field}`, `${count}, at most ${most}`, start);
  return Array.from({ length: count }, (_, index) => item(`${field}[${index}]`));
}

/** SHA-256 of a line's parameters. PROTOCOL.md, "Opening a line". */
export function parametersHash(line: LineParameters): Uint8Array {
  const [node1, node2] = line.meterKeys;
  const writer = new Writer()
    .int(8, line.ratingMw)
    .int(4, line.intervalS)
    .int(1, (line.owner === 1 ? 1 : 0) | (line.accounted === 1 ? 2 : 0))
    .bytes(node1)
    .bytes(node2);
  for (const way of [0, 1] as const) writer.int(8, line.rentsMsatPerKwh[way]).int(4, line.lossesPpm[way]);
  writer
    .int(4, line.lossMaxPpm)
    .int(8, line.creditsMsat[0])
    .int(8, line.creditsMsat[1])
    .int(8, line.priceCapMsatPerKwh)
    .int(4, line.imbalanceSpreadPpm)
    .int(8, line.tariffMsatPerKwh)
    .int(2, line.holdS);
  return sha256(writer.end());
}

/** What becomes of a rider whose HTLC was fulfilled. */
export interface Fulfilled {
  readonly offeredBy: End;
  readonly start: number;
  readonly kind: number;
  readonly flowMwh: bigint;
  readonly amountMsat: bigint;
  /** After its lapse. */
  readonly boughtBack: boolean;
}

/** The state after a fulfilled rider; the list of pending ones is its caller's. */
export function withFulfilled(state: EnergyState, rider: Fulfilled, line: LineParameters): EnergyState {
  const { offeredBy, start, kind, flowMwh, amountMsat, boughtBack } = rider;
  // node_1's debt grows by what it owes as the fulfiller, and shrinks by what it pays as the offerer.
  const sign = offeredBy === 1 ? -1n : 1n;
  const owed = kind === ARREARS ? amountMsat : boughtBack ? buyBackMsat(flowMwh, amountMsat, line) : 0n;
  if (kind === ARREARS || boughtBack) return { ...state, arrearsMsat: addArrears(state.arrearsMsat, sign * owed) };
  const old = state.positions.find((position) => position.start === start);
  const position = {
    start,
    flowMwh: (old?.flowMwh ?? 0n) + flowMwh,
    promisedMwh: (old?.promisedMwh ?? 0n) + (kind === PROMISE ? flowMwh : 0n),
  };
  const positions = [...state.positions.filter((other) => other !== old), position]
    .filter(({ flowMwh, promisedMwh }) => flowMwh !== 0n || promisedMwh !== 0n)
    .sort((a, b) => a.start - b.start);
  return { ...state, positions };
}

/** The state after an interval_roll. */
export function withRoll(state: EnergyState, until: number, flowMwh: bigint, arrearsMsat: bigint): EnergyState {
  return {
    ...state,
    closedUntil: until,
    arrearsMsat: addArrears(state.arrearsMsat, arrearsMsat),
    totalForthMwh: state.totalForthMwh + (flowMwh > 0n ? flowMwh : 0n),
    totalBackMwh: state.totalBackMwh - (flowMwh < 0n ? flowMwh : 0n),
    positions: state.positions.filter(({ start }) => start >= until),
  };
}
