import type { Edge } from "./edge_fifo.js";
import type { Entropy } from "./entropy.js";

const INPUTS = 2;

export interface PulseLineOptions {
  /** Contact bounce: this many more edges (even) at times drawn from the `withinMs` after each edge. */
  readonly bounce?: { readonly edges: number; readonly withinMs: number };
  /** Interference: on each input the level inverts for `lengthMs`, on average every `meanGapMs` (drawn evenly). */
  readonly glitches?: { readonly lengthMs: number; readonly meanGapMs: number };
}

/** The level inverts. */
interface Toggle {
  readonly timeMs: number;
  readonly input: number;
}

/**
 * The wire from the pulse outputs to the inputs: contacts bounce, interference inverts. Everything on it is a toggle
 * of the level, so that bounce and glitches may overlap pulses and each other, and the level is right again after.
 */
export class PulseLine {
  private readonly levels: (0 | 1)[] = [0, 0];
  private pending: Toggle[] = [];
  private doneMs = 0;
  private readonly nextGlitchMs: number[];
  private readonly bounces: readonly Entropy[];
  private readonly gaps: readonly Entropy[];

  /** Throws RangeError for bounce or glitches that cannot be. */
  constructor(
    entropy: Entropy,
    private readonly options: PulseLineOptions = {},
  ) {
    const { bounce, glitches } = options;
    if (bounce !== undefined && (bounce.edges % 2 !== 0 || bounce.edges < 0 || !(bounce.withinMs >= 1))) {
      throw new RangeError(`bounce: ${bounce.edges} edges within ${bounce.withinMs} ms`);
    }
    if (glitches !== undefined && !(glitches.lengthMs >= 1 && glitches.meanGapMs >= 1)) {
      throw new RangeError(`glitches: ${glitches.lengthMs} ms every ${glitches.meanGapMs} ms`);
    }
    const inputs = Array.from({ length: INPUTS }, (_, input) => entropy.stream(`${input}`));
    this.bounces = inputs.map((input) => input.stream("bounce"));
    this.gaps = inputs.map((input) => input.stream("glitch"));
    this.nextGlitchMs = inputs.map((_, input) => this.drawGlitch(input, 0));
  }

  /** The level of an input now. */
  level(input: number): 0 | 1 {
    return this.levels[input] ?? 0;
  }

  /** Inverts an input from `atMs` for `lengthMs`. RangeError if `atMs` is past. */
  glitch(input: number, atMs: number, lengthMs: number): void {
    if (atMs < this.doneMs) throw new RangeError(`a glitch at ${atMs} ms comes too late: it is ${this.doneMs} ms`);
    this.pending.push({ timeMs: atMs, input }, { timeMs: atMs + lengthMs, input });
  }

  /** What the inputs see up to `toMs` (exclusive) when `contacts` are the edges put on the line, both in order. */
  advance(contacts: readonly Edge[], toMs: number): readonly Edge[] {
    this.doneMs = toMs;
    if (this.options.bounce === undefined && this.options.glitches === undefined && this.pending.length === 0) {
      for (const { input, level } of contacts) this.levels[input] = level;
      return contacts;
    }
    for (const edge of contacts) {
      this.pending.push(edge);
      this.bounce(edge);
    }
    this.interfere(toMs);
    // Toggles of one input at one time are all alike.
    this.pending.sort((a, b) => a.timeMs - b.timeMs || a.input - b.input);
    const end = this.pending.findIndex(({ timeMs }) => timeMs >= toMs);
    const due = this.pending.splice(0, end < 0 ? this.pending.length : end);
    return due.map(({ timeMs, input }) => {
      const level = this.levels[input] === 1 ? 0 : 1;
      this.levels[input] = level;
      return { timeMs, input, level };
    });
  }

  private bounce({ timeMs, input }: Toggle): void {
    const { edges = 0, withinMs = 1 } = this.options.bounce ?? {};
    for (let i = 0; i < edges; i++) {
      const delay = 1 + (this.bounces[input]?.below(withinMs) ?? 0);
      this.pending.push({ timeMs: timeMs + delay, input });
    }
  }

  private interfere(toMs: number): void {
    for (let input = 0; input < INPUTS; input++) {
      for (let at = this.nextGlitchMs[input] ?? Infinity; at < toMs; at = this.nextGlitchMs[input] ?? Infinity) {
        const end = at + (this.options.glitches?.lengthMs ?? 0);
        this.pending.push({ timeMs: at, input }, { timeMs: end, input });
        this.nextGlitchMs[input] = this.drawGlitch(input, end);
      }
    }
  }

  private drawGlitch(input: number, fromMs: number): number {
    const { glitches } = this.options;
    return glitches === undefined ? Infinity : fromMs + 1 + (this.gaps[input]?.below(2 * glitches.meanGapMs) ?? 0);
  }
}
