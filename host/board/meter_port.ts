import type { MemoryRange } from "../engine/memory_range.js";
import { NOTE_BYTES, type NoteRequest } from "../metrology/note.js";
import { parseRecord } from "../ocmf/parse.js";
import type { MeterImportName } from "../node/abi.js";

const OK = 0;
const ERR_ARGUMENT = -1;
const ERR_RANGE = -7;
const ERR_NOT_FOUND = -8;
const ERR_CAPACITY = -15;

const POINT = 33;
const HASH = 32;
const HOW_BITS = 3;

/** A whole meter as a board has it beside a node's: EmulatedMeter is one. */
export interface LineMeter {
  /** Compressed point of the metrology key, 33 bytes. */
  publicKey(): Uint8Array;
  /** Page of the next F record; a code of assembly/base/errors.ts while the meter has no power. */
  nextPage(): number;
  /** The F record of a page as it was signed; undefined if it is overwritten. */
  fiscalRecord(page: number): string | undefined;
  /** Issues a note: its 88 bytes, or a code of assembly/base/errors.ts. */
  note(request: NoteRequest): Uint8Array | number;
}

/** What stands between a node's board and one of its line meters: behind assembly/meter/meter.ts. */
export class MeterPort {
  /** When the interval of a page ended, UTC in s; a page is signed once. */
  private readonly ends = new Map<number, number>();

  constructor(private readonly meter: LineMeter) {}

  publicKey(): Uint8Array {
    return this.meter.publicKey();
  }

  /** The first receipt whose interval ended at or after `fromS`, UTC in s; ERR_NOT_FOUND if there is none. */
  receipt(fromS: number): string | number {
    const next = this.meter.nextPage();
    if (next < 0) return next;
    let found: string | undefined;
    for (let page = next - 1; page > 0; page--) {
      const known = this.ends.get(page);
      if (known !== undefined && known < fromS) break;
      const record = this.meter.fiscalRecord(page);
      if (record === undefined || this.endOf(page, record) < fromS) break;
      found = record;
    }
    return found ?? ERR_NOT_FOUND;
  }

  /** @param how bit 0 a promise, bit 1 bought */
  note(how: number, intervalStart: number, energyMwh: bigint, paymentHash: Uint8Array): Uint8Array | number {
    if (how >>> 0 > HOW_BITS) return ERR_ARGUMENT;
    const kind = (how & 1) !== 0 ? "promise" : "receipt";
    const side = (how & 2) !== 0 ? "buys" : "sells";
    return this.meter.note({ kind, side, intervalStart, energyMwh, paymentHash });
  }

  private endOf(page: number, record: string): number {
    const known = this.ends.get(page);
    if (known !== undefined) return known;
    const time = parseRecord(record).readings[0]?.time;
    const end = time === undefined ? 0 : Math.floor(time.epochMs / 1000);
    this.ends.set(page, end);
    return end;
  }
}

/**
 * The functions of assembly/meter/meter.ts.
 * @param ports by the meter's number
 */
export function meterImports(
  ports: readonly MeterPort[],
  range: MemoryRange,
): Record<MeterImportName, (...args: never[]) => number> {
  return {
    point: (meter: number, to: number): number => {
      const port = ports[meter];
      const target = range(to, POINT);
      if (port === undefined) return ERR_NOT_FOUND;
      if (target === undefined) return ERR_RANGE;
      target.set(port.publicKey());
      return OK;
    },
    receipt: (meter: number, fromS: number, to: number, capacity: number): number => {
      const port = ports[meter];
      if (port === undefined) return ERR_NOT_FOUND;
      if (range(to, capacity) === undefined) return ERR_RANGE;
      const text = port.receipt(fromS >>> 0);
      if (typeof text === "number") return text;
      if (text.length > capacity) return ERR_CAPACITY;
      // A meter at work may be an instance of the same engine: ask for the range once it has answered.
      range(to, text.length)?.set(Buffer.from(text, "latin1"));
      return text.length;
    },
    note: (meter: number, how: number, start: number, energy: bigint, hash: number, to: number): number => {
      const port = ports[meter];
      const source = range(hash, HASH);
      if (port === undefined) return ERR_NOT_FOUND;
      if (source === undefined || range(to, NOTE_BYTES) === undefined) return ERR_RANGE;
      const note = port.note(how, start >>> 0, BigInt.asUintN(64, energy), source.slice());
      if (typeof note === "number") return note;
      range(to, NOTE_BYTES)?.set(note);
      return OK;
    },
  };
}
