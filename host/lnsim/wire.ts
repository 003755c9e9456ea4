import type { Entropy } from "../board/entropy.js";

/** What an end does with a line, whatever node it is. */
export interface End {
  receive(bytes: Uint8Array): void;
  /** The line is down. */
  down(): void;
}

/** Where an end's bytes go. Neither calls back at once. */
export interface Line {
  send(bytes: Uint8Array): void;
  close(): void;
}

/** A node that can be called and can call, over lines that somebody else provides. */
export interface Party {
  readonly nodeId: Uint8Array;
  dial(remote: Uint8Array, line: Line): End;
  accept(line: Line): End;
}

/** What becomes of a piece of bytes on its way: the pieces that arrive in its place. */
export type Tamper = (bytes: Uint8Array) => readonly Uint8Array[];

/** A line between two parties in memory, in order. Nothing moves until `step`. */
export class MemoryWire {
  /** Meddles with what is delivered, if set. */
  tamper: Tamper | undefined;
  private readonly queue: { to: 0 | 1; bytes: Uint8Array }[] = [];
  private readonly ends: readonly [End, End];
  private up = true;
  /** One end has closed: what is under way still arrives at the other one, then it hears of it. */
  private closing = false;

  constructor(caller: Party, called: Party) {
    const line = (to: 0 | 1): Line => ({
      send: (bytes) => {
        if (this.up && !this.closing) this.queue.push({ to, bytes });
      },
      close: () => {
        this.closing = true;
      },
    });
    const second = called.accept(line(0));
    this.ends = [caller.dial(called.nodeId, line(1)), second];
  }

  get connected(): boolean {
    return this.up;
  }

  /** Delivers the oldest bytes, or that the line is down: whether there was anything. */
  step(): boolean {
    if (!this.up) return false;
    const next = this.queue.shift();
    if (next === undefined) {
      if (this.closing) this.cut();
      return this.closing;
    }
    for (const bytes of this.tamper?.(next.bytes) ?? [next.bytes]) this.ends[next.to].receive(bytes);
    return true;
  }

  /** Both ends find the line down; what was under way is lost. */
  cut(): void {
    if (!this.up) return;
    this.up = false;
    this.queue.length = 0;
    for (const end of this.ends) end.down();
  }
}

/** Delivers all there is on all wires, in turn; `limit` pieces at most. @returns how many */
export function run(wires: readonly MemoryWire[], limit = 100_000): number {
  let count = 0;
  for (let moved = true; moved;) {
    moved = false;
    for (const wire of wires) {
      if (count >= limit) return count;
      if (!wire.step()) continue;
      moved = true;
      count++;
    }
  }
  return count;
}

/** Delivers so many pieces, if there are as many. */
export function deliver(wire: MemoryWire | undefined, pieces: number): void {
  for (let i = 0; i < pieces && wire?.step() === true; i++);
}

/** The next piece on a wire is lost, comes twice, or has a bit changed. */
export function tamperOnce(wire: MemoryWire | undefined, random: Entropy): void {
  if (wire === undefined) return;
  const kind = random.below(3);
  const [at, bit] = [random.uint32(), 1 << random.below(8)];
  wire.tamper = (bytes) => {
    wire.tamper = undefined;
    if (kind === 0) return [];
    if (kind === 1) return [bytes, bytes];
    const changed = bytes.slice();
    changed[at % bytes.length] = (changed[at % bytes.length] ?? 0) ^ bit;
    return [changed];
  };
}
