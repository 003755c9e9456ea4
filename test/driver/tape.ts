import { type Instance, Trap } from "../../host/engine/engine.js";

/** Bytes of linear memory. */
export interface Piece {
  readonly at: number;
  readonly bytes: Uint8Array;
}

/** One call of a module, what was written to its memory before, and all that came of it. */
export interface TapeStep {
  readonly writes: readonly Piece[];
  readonly name: string;
  readonly args: readonly (number | bigint)[];
  /** `Trap` where the module trapped, which ends its tape. */
  readonly result: number | bigint | undefined | typeof Trap;
  /** Every byte of memory that the call changed, and a few between them. */
  readonly changed: readonly Piece[];
}

/** What one instance of a module was made to do. */
export interface Tape {
  readonly steps: TapeStep[];
  /** The whole memory after the last step. */
  memory: Uint8Array;
}

const BLOCK = 1024;
/** Changes that lie closer together are one piece: to ask for another costs more than these bytes. */
const GAP = 48;

const view = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** Where `now` differs from `before`, of the same length. */
function changes(before: Uint8Array, now: Uint8Array): Piece[] {
  const ranges: [from: number, to: number][] = [];
  const [a, b] = [view(before), view(now)];
  for (let block = 0; block < now.length; block += BLOCK) {
    const end = Math.min(block + BLOCK, now.length);
    if (a.compare(b, block, end, block, end) === 0) continue;
    for (let at = block; at < end; at++) {
      if (before[at] === now[at]) continue;
      const last = ranges.at(-1);
      if (last !== undefined && at - last[1] <= GAP) last[1] = at + 1;
      else ranges.push([at, at + 1]);
    }
  }
  return ranges.map(([from, to]) => ({ at: from, bytes: now.slice(from, to) }));
}

/** Writes down what instances of modules are made to do, up to a number of calls of all together. */
export class TapeRecorder {
  readonly tapes: Tape[] = [];
  private calls = 0;

  constructor(
    private readonly mostCalls: number,
    private readonly mostTapes: number,
  ) {}

  private get isFull(): boolean {
    return this.calls >= this.mostCalls;
  }

  /** The same instance, whose calls are written down. It must be fresh: nothing may have been called or written. */
  record(instance: Instance): Instance {
    if (this.isFull || this.tapes.length === this.mostTapes) return instance;
    const tape: Tape = { steps: [], memory: instance.memory().slice() };
    this.tapes.push(tape);
    let isOpen = true;
    const note = (writes: readonly Piece[], name: string, args: TapeStep["args"], result: TapeStep["result"]): void => {
      const changed = changes(tape.memory, instance.memory());
      for (const { at, bytes } of changed) tape.memory.set(bytes, at);
      tape.steps.push({ writes, name, args, result, changed });
      this.calls++;
    };
    return {
      memory: () => instance.memory(),
      call: (name, ...args) => {
        isOpen &&= !this.isFull;
        if (!isOpen) return instance.call(name, ...args);
        const writes = changes(tape.memory, instance.memory());
        for (const { at, bytes } of writes) tape.memory.set(bytes, at);
        try {
          const result = instance.call(name, ...args);
          note(writes, name, args, result);
          return result;
        } catch (error) {
          if (error instanceof Trap) note(writes, name, args, Trap);
          isOpen = false;
          throw error;
        }
      },
    };
  }
}
