/** A bit as VCD writes it: x unknown, z not driven. */
export type VcdBit = 0 | 1 | "x" | "z";

/** One signal; made by `VcdScope.wire`. */
export interface VcdWire {
  /** The short name that stands for it in the dump. */
  readonly code: string;
  readonly initial: VcdBit;
}

/** A `module` scope; signals and scopes in it are declared before the dump begins. */
export interface VcdScope {
  scope(name: string): VcdScope;
  /** @param initial its value at time 0 */
  wire(name: string, initial: VcdBit): VcdWire;
}

export interface VcdHeader {
  /** Free text. There is no default: a dump says nothing of when it was made unless it is told. */
  readonly date?: string;
  readonly comment?: string;
}

interface Change {
  readonly timeMs: number;
  readonly wire: VcdWire;
  readonly value: VcdBit;
}

/** Codes are written in base 94, with the printable ASCII characters from "!" to "~". */
const FIRST_CODE = 33;
const CODES = 94;

/**
 * Writes a value change dump (IEEE 1364, "Value change dump (VCD) files") with a timescale of 1 ms. Declare all
 * signals first, then tell changes: in order of time for each wire, in any order between wires. They are kept until
 * `flush` or `close` puts them in order and hands them to the sink.
 */
export class VcdWriter {
  /** The outermost scope, "top". */
  readonly root: VcdScope;
  private readonly definitions: () => string[];
  private readonly wires: VcdWire[] = [];
  private values: Map<VcdWire, VcdBit> | undefined;
  private changes: Change[] = [];
  private flushedMs = 0;
  /** The time that the dump has reached. */
  private writtenMs = 0;

  /** @param sink takes the dump in pieces of whole lines */
  constructor(
    private readonly sink: (text: string) => void,
    private readonly header: VcdHeader = {},
  ) {
    const { scope, lines } = this.newScope("top");
    this.root = scope;
    this.definitions = lines;
  }

  /**
   * A wire has a value from `timeMs` on; the value it has already is no change. Throws RangeError for a time that is
   * not a whole number or that has been flushed.
   */
  change(wire: VcdWire, timeMs: number, value: VcdBit): void {
    if (!Number.isInteger(timeMs) || timeMs < this.flushedMs) {
      throw new RangeError(`VCD: a change at ${timeMs} ms, after all before ${this.flushedMs} ms was written`);
    }
    this.changes.push({ timeMs, wire, value });
  }

  /** Writes all changes before `beforeMs`. Call it when every signal is known so far; none can be declared after. */
  flush(beforeMs: number): void {
    const text: string[] = [];
    this.values ??= this.begin(text);
    this.changes.sort((a, b) => a.timeMs - b.timeMs);
    const end = this.changes.findIndex(({ timeMs }) => timeMs >= beforeMs);
    for (const { timeMs, wire, value } of this.changes.splice(0, end < 0 ? this.changes.length : end)) {
      if (this.values.get(wire) === value) continue;
      this.values.set(wire, value);
      this.time(timeMs, text);
      text.push(`${value}${wire.code}`);
    }
    this.flushedMs = Math.max(this.flushedMs, beforeMs);
    if (text.length > 0) this.sink(`${text.join("\n")}\n`);
  }

  /** Writes what is left, and `endMs` as the end of the dump if it is later. */
  close(endMs = 0): void {
    this.flush(Infinity);
    const text: string[] = [];
    this.time(endMs, text);
    if (text.length > 0) this.sink(`${text.join("\n")}\n`);
  }

  private time(timeMs: number, text: string[]): void {
    if (timeMs <= this.writtenMs) return;
    this.writtenMs = timeMs;
    text.push(`#${timeMs}`);
  }

  /** The header and the values at time 0. */
  private begin(text: string[]): Map<VcdWire, VcdBit> {
    const { date, comment } = this.header;
    if (date !== undefined) text.push(`$date ${date} $end`);
    text.push("$version Tieline $end");
    if (comment !== undefined) text.push(`$comment ${comment} $end`);
    text.push("$timescale 1 ms $end", ...this.definitions(), "$enddefinitions $end", "#0", "$dumpvars");
    for (const { initial, code } of this.wires) text.push(`${initial}${code}`);
    text.push("$end");
    return new Map(this.wires.map((wire) => [wire, wire.initial]));
  }

  /** A scope and how it is declared: a scope may still grow after its next sibling was begun. */
  private newScope(name: string): { scope: VcdScope; lines: () => string[] } {
    const taken = new Set<string>();
    const parts: (() => string[])[] = [];
    const claim = (wanted: string): string => {
      if (this.values !== undefined) throw new Error(`VCD: ${wanted} is declared after the dump has begun`);
      const plain = wanted.replaceAll(/[^A-Za-z0-9_]/g, "_");
      if (plain === "" || taken.has(plain)) throw new RangeError(`VCD: ${JSON.stringify(plain)} is no new name`);
      taken.add(plain);
      return plain;
    };
    const scope: VcdScope = {
      scope: (wanted) => {
        const inner = this.newScope(claim(wanted));
        parts.push(inner.lines);
        return inner.scope;
      },
      wire: (wanted, initial) => {
        const line = `$var wire 1 ${codeOf(this.wires.length)} ${claim(wanted)} $end`;
        const wire = { code: codeOf(this.wires.length), initial };
        parts.push(() => [line]);
        this.wires.push(wire);
        return wire;
      },
    };
    const lines = (): string[] => [`$scope module ${name} $end`, ...parts.flatMap((part) => part()), "$upscope $end"];
    return { scope, lines };
  }
}

function codeOf(index: number): string {
  const last = String.fromCharCode(FIRST_CODE + (index % CODES));
  return index < CODES ? last : codeOf(Math.floor(index / CODES) - 1) + last;
}
