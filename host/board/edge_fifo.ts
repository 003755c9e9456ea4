/** One change of a pulse input's level. */
export interface Edge {
  /** Monotonic time, ms. */
  readonly timeMs: number;
  /** 0 = import (1-0:1.8.0), 1 = export (1-0:2.8.0). */
  readonly input: number;
  readonly level: 0 | 1;
}

/** Longest distance from a batch's base that an edge record can say, ms. */
const MAX_OFFSET_MS = 2 ** 28 - 1;

/**
 * What the interrupt handler fills: edges in order of time, 1,024 of them. When it is full, edges are lost, and
 * counted as lost.
 */
export class EdgeFifo {
  private edges: Edge[] = [];
  dropped = 0;

  constructor(readonly capacity = 1024) {}

  get length(): number {
    return this.edges.length;
  }

  push(edge: Edge): void {
    if (this.edges.length >= this.capacity) this.dropped++;
    else this.edges.push(edge);
  }

  /** Time of the oldest edge, ms. */
  firstMs(): number | undefined {
    return this.edges[0]?.timeMs;
  }

  /**
   * The oldest edges, those before `beforeMs`, as records of metrology's input buffer (assembly/metrology/inputs.ts),
   * relative to the first.
   */
  batch(beforeMs = Infinity): { baseMs: number; count: number; records: Uint8Array } {
    const baseMs = this.edges[0]?.timeMs ?? 0;
    const endMs = Math.min(baseMs + MAX_OFFSET_MS + 1, beforeMs);
    let count = this.edges.findIndex((edge) => edge.timeMs >= endMs);
    if (count < 0) count = this.edges.length;
    return { baseMs, count, records: encodeEdges(baseMs, this.edges.slice(0, count)) };
  }

  /** Forgets the `count` oldest edges: the module has taken them. */
  take(count: number): void {
    this.edges.splice(0, count);
  }

  /** Power is gone, and what was in RAM; the count of lost edges is the emulation's own. */
  clear(): void {
    this.edges = [];
  }
}

/** Edge records, 4 bytes each, little endian. */
export function encodeEdges(baseMs: number, edges: readonly Edge[]): Uint8Array {
  const records = new DataView(new ArrayBuffer(edges.length * 4));
  edges.forEach((edge, i) => {
    records.setUint32(i * 4, edge.level * 2 ** 31 + edge.input * 2 ** 28 + (edge.timeMs - baseMs), true);
  });
  return new Uint8Array(records.buffer);
}
