import { readClosing, type Closing } from "./closing.js";
import { Fields } from "./fields.js";
import { Findings } from "./layout.js";
import type { ImageFinding } from "./layout.js";
import { NOTE_ENTRY_BYTES, NoteReplay, isIssuedLength } from "./notes.js";
import type { NoteBook } from "./notes.js";
import type { Ring } from "./ring.js";
import { END_CHECKPOINT } from "./sector.js";
import type { Entry } from "./sector.js";
import { TEXTS_BYTES, readTexts } from "./texts.js";
import type { TransactionTexts } from "./texts.js";

/** What a meter that boots from this journal knows. */
export interface MeterState {
  readonly pulses: readonly [imported: bigint, exported: bigint];
  readonly constantImpPerKwh: number;
  /** When it was known last; 0 never. */
  readonly utcMs: bigint;
  readonly nextPage: Readonly<Record<"F" | "T", number>>;
  /** SHA-256 of the newest record of each context, hex; zeros before the first. */
  readonly chainHash: Readonly<Record<"F" | "T", string>>;
  /** As of the newest checkpoint. */
  readonly qualityFlags: number;
  /** End of the last closed interval; 0 before the first. */
  readonly lastEndUtcMs: bigint;
  /** A reading that was taken and whose record is not sealed yet. */
  readonly closing: Closing | null;
  readonly transaction: TransactionTexts | null;
  readonly noteBook: NoteBook;
}

const STATE = 1;
const REGISTERS = 2;
const CLOSING = 3;
const SEALED = 4;
const TRANSACTION = 5;
const NOTE = 6;
const ISSUED = 7;
const LENGTHS: ReadonlyMap<number, readonly [name: string, bytes: number]> = new Map([
  [END_CHECKPOINT, ["END_CHECKPOINT", 0]],
  [STATE, ["STATE", 120]],
  [REGISTERS, ["REGISTERS", 24]],
  [CLOSING, ["CLOSING", 40]],
  [SEALED, ["SEALED", 40]],
  [TRANSACTION, ["TRANSACTION", TEXTS_BYTES]],
  [NOTE, ["NOTE", NOTE_ENTRY_BYTES]],
]);

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** Replays the sector in force up to its first damage, as the firmware does. */
export function readState(ring: Ring): { state: MeterState | null; findings: ImageFinding[] } {
  const findings = new Findings("journal");
  const replay = new Replay(findings);
  for (const entry of ring.inForce?.entries ?? []) if (entry.reachable) replay.apply(entry);
  if (ring.inForce && !replay.state) findings.fault("the checkpoint holds no STATE", ring.inForce.index);
  const { totals, notes } = replay.noteBook;
  const state = replay.state && { ...replay.state, noteBook: { totals, notes } };
  return { state, findings: findings.list };
}

class Replay {
  state: Mutable<MeterState> | null = null;
  /** The newest TRANSACTION, open or not: a sealed B record opens it. */
  private announced: TransactionTexts | null = null;
  readonly noteBook = new NoteReplay();
  /** Until END_CHECKPOINT, entries repeat what was before. */
  private inCheckpoint = true;

  constructor(private readonly findings: Findings) {}

  apply(entry: Entry): void {
    const { type, payload, sector, offset } = entry;
    const [name, bytes] = type === ISSUED ? ["ISSUED", issuedBytes(payload)] : (LENGTHS.get(type) ?? []);
    if (type === END_CHECKPOINT) this.inCheckpoint = false;
    if (name === undefined) {
      this.findings.fault(`entry of the unknown type ${type}`, sector, offset);
    } else if (payload.length !== bytes) {
      this.findings.fault(`${name} has ${payload.length} bytes, not ${bytes}`, sector, offset);
    } else if (type === STATE) {
      this.state = {
        ...readStateEntry(new Fields(payload)),
        closing: null,
        transaction: this.state?.transaction ?? null,
        noteBook: this.noteBook,
      };
    } else if (type === TRANSACTION) {
      this.setTransaction(entry);
    } else if (this.state) {
      const message = this.change(this.state, type, new Fields(payload), payload.length);
      if (message !== undefined) this.findings.fault(`${name}: ${message}`, sector, offset);
    } else if (type !== END_CHECKPOINT) {
      this.findings.fault(`${name} stands before any STATE`, sector, offset);
    }
  }

  private setTransaction({ payload, sector, offset }: Entry): void {
    const texts = readTexts(payload);
    if (typeof texts === "string") this.findings.fault(`TRANSACTION ${texts}`, sector, offset);
    else if (this.state) {
      this.announced = texts;
      this.state.transaction = texts.open ? texts : null;
    } else this.findings.fault("TRANSACTION stands before any STATE", sector, offset);
  }

  /** Applies the entry; returns what it contradicts. */
  private change(state: Mutable<MeterState>, type: number, fields: Fields, length: number): string | undefined {
    if (type === REGISTERS) return setRegisters(state, [fields.u64(), fields.u64()], fields.i64());
    if (type === CLOSING) {
      const closing = readClosing(fields);
      if (!closing) return "belongs to no context";
      state.closing = closing;
      const back = setRegisters(state, closing.pulses, closing.utcMs);
      const expected = state.nextPage[closing.context];
      if (closing.page !== expected) return `page ${closing.page} where ${closing.context}${expected} is next`;
      return back;
    }
    if (type === NOTE) return this.noteBook.note(fields, this.inCheckpoint);
    if (type === ISSUED) return this.noteBook.issued(fields, length);
    if (type !== SEALED) return undefined;
    const { closing } = state;
    const message = seal(state, fields);
    if (message === undefined && closing?.context === "T") {
      const goes = closing.reason === "B" || closing.reason === "T";
      state.transaction = goes && this.announced ? { ...this.announced, open: true } : null;
    }
    return message;
  }
}

/** The length that an ISSUED has if it can be one; else one that it has not. */
const issuedBytes = ({ length }: Uint8Array): number => (isIssuedLength(length) ? length : 24);

function setRegisters(
  state: Mutable<MeterState>,
  pulses: readonly [bigint, bigint],
  utcMs: bigint,
): string | undefined {
  const before = state.pulses;
  state.pulses = pulses;
  state.utcMs = utcMs;
  return pulses[0] < before[0] || pulses[1] < before[1]
    ? `the registers went back from ${before.join(", ")} to ${pulses.join(", ")}`
    : undefined;
}

function seal(state: Mutable<MeterState>, fields: Fields): string | undefined {
  const [page, context] = [fields.u32(), fields.letter()];
  fields.skip(3);
  const hash = fields.hex(32);
  const { closing } = state;
  if (closing?.context !== context || closing.page !== page)
    return `seals ${context}${page}, which is not being closed`;
  state.nextPage = { ...state.nextPage, [context]: page + 1 };
  state.chainHash = { ...state.chainHash, [context]: hash };
  if (context === "F") state.lastEndUtcMs = closing.utcMs;
  state.closing = null;
  return undefined;
}

function readStateEntry(fields: Fields): Omit<MeterState, "closing" | "transaction" | "noteBook"> {
  const pulses = [fields.u64(), fields.u64()] as const;
  const utcMs = fields.i64();
  const nextPage = { F: fields.u32(), T: fields.u32() };
  const [constantImpPerKwh, qualityFlags, lastEndUtcMs] = [fields.u32(), fields.u32(), fields.i64()];
  return {
    pulses,
    utcMs,
    nextPage,
    constantImpPerKwh,
    qualityFlags,
    lastEndUtcMs,
    chainHash: { F: fields.hex(32), T: fields.hex(32) },
  };
}
