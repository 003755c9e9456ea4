import type { Fields } from "./fields.js";

/** Energy of all notes for one interval. */
export interface IssuedTotal {
  readonly intervalStart: number;
  readonly soldMwh: bigint;
  readonly boughtMwh: bigint;
}

/** A NOTE entry: what a meter has signed, or was to sign, for a swap. */
export interface IssuedNote {
  /** Hex. */
  readonly paymentHash: string;
  readonly intervalStart: number;
  readonly kind: "receipt" | "promise";
  readonly side: "sells" | "buys";
  readonly energyMwh: bigint;
  /** Of all notes for the interval on that side, this one included. */
  readonly issuedMwh: bigint;
}

/** What a journal says of notes. */
export interface NoteBook {
  readonly totals: readonly IssuedTotal[];
  /** Oldest first. */
  readonly notes: readonly IssuedNote[];
}

export const NOTE_ENTRY_BYTES = 56;
const TOTAL_BYTES = 24;
const TOTALS_PER_ENTRY = 6;
const KEPT_TOTALS = 24;
const KEPT_NOTES = 16;

/** Whether an ISSUED entry can have so many bytes. */
export const isIssuedLength = (length: number): boolean =>
  length > 0 && length <= TOTALS_PER_ENTRY * TOTAL_BYTES && length % TOTAL_BYTES === 0;

/** Follows the journal's entries of notes. */
export class NoteReplay implements NoteBook {
  readonly notes: IssuedNote[] = [];
  private readonly byStart = new Map<number, { sells: bigint; buys: bigint }>();

  /** In order of time. */
  get totals(): IssuedTotal[] {
    return [...this.byStart]
      .sort(([a], [b]) => a - b)
      .map(([intervalStart, { sells, buys }]) => ({ intervalStart, soldMwh: sells, boughtMwh: buys }));
  }

  /** ISSUED; returns what is wrong with it. */
  issued(fields: Fields, length: number): string | undefined {
    let problem: string | undefined;
    for (let at = 0; at < length; at += TOTAL_BYTES) {
      const start = fields.u32();
      fields.skip(4);
      const [sells, buys] = [fields.u64(), fields.u64()];
      if (this.byStart.has(start)) problem = `has the interval ${start} twice`;
      else if (this.byStart.size === KEPT_TOTALS) problem = `has more than ${KEPT_TOTALS} intervals`;
      else this.byStart.set(start, { sells, buys });
    }
    return problem;
  }

  /**
   * NOTE; returns what is wrong with it.
   * @param again whether it stands in a checkpoint, and so has been counted
   */
  note(fields: Fields, again: boolean): string | undefined {
    const paymentHash = fields.hex(32);
    const [intervalStart, how] = [fields.u32(), fields.u8()];
    fields.skip(3);
    const [energyMwh, issuedMwh] = [fields.u64(), fields.u64()];
    if (how > 3) return `is of the unknown kind ${how}`;
    const [kind, side] = [(how & 1) !== 0 ? "promise" : "receipt", (how & 2) !== 0 ? "buys" : "sells"] as const;
    const known = this.notes.some((note) => note.paymentHash === paymentHash);
    if (known) return `is the second one for ${paymentHash}`;
    this.notes.push({ paymentHash, intervalStart, kind, side, energyMwh, issuedMwh });
    if (this.notes.length > KEPT_NOTES) this.notes.shift();
    if (again) return this.repeated(intervalStart, side, issuedMwh);
    const total = this.total(intervalStart);
    if (total === undefined) return `is for ${intervalStart}, before all of ${KEPT_TOTALS} totals`;
    const before = total[side];
    total[side] = issuedMwh > before ? issuedMwh : before;
    return issuedMwh === before + energyMwh
      ? undefined
      : `of ${energyMwh} mWh takes the total of ${intervalStart} from ${before} to ${issuedMwh} mWh`;
  }

  /** A note that the totals before it must include. */
  private repeated(intervalStart: number, side: IssuedNote["side"], issuedMwh: bigint): string | undefined {
    if (this.isForgotten(intervalStart)) return undefined;
    const total = this.byStart.get(intervalStart)?.[side] ?? 0n;
    return total < issuedMwh ? `says ${issuedMwh} mWh of ${intervalStart}, its total ${total} mWh` : undefined;
  }

  /** The total of an interval; a new one takes the place of the oldest if all are taken. */
  private total(start: number): { sells: bigint; buys: bigint } | undefined {
    const known = this.byStart.get(start);
    if (known) return known;
    if (this.isForgotten(start)) return undefined;
    if (this.byStart.size === KEPT_TOTALS) this.byStart.delete(Math.min(...this.byStart.keys()));
    const total = { sells: 0n, buys: 0n };
    this.byStart.set(start, total);
    return total;
  }

  /** Whether an interval begins before all that have totals, where all totals are taken. */
  private isForgotten(start: number): boolean {
    return this.byStart.size === KEPT_TOTALS && start < Math.min(...this.byStart.keys());
  }
}
