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
/** Edges that metrology's input buffer holds. */
const MAX_BATCH = 1024;

/**
 * What the interrupt handler fills: edges in order of time, 1,024 of them. When it is full, edges are lost, and
 * counted as lost.
 */
export class EdgeFifo {
  private edges: Edge[] = [];
  dropped = 0;
  private readonly bytes = new Uint8Array(MAX_BATCH * 4);
  private readonly records = new DataView(this.bytes.buffer);

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
   * relative to the first; at most 1,024, which is what that buffer holds. The bytes are valid until the next batch.
   */
  batch(beforeMs = Infinity): { baseMs: number; count: number; records: Uint8Array } {
    const baseMs = this.edges[0]?.timeMs ?? 0;
    const endMs = Math.min(baseMs + MAX_OFFSET_MS + 1, beforeMs);
    const most = Math.min(this.edges.length, MAX_BATCH);
    let count = 0;
    for (let edge = this.edges[0]; edge !== undefined && count < most; edge = this.edges[++count]) {
      if (edge.timeMs >= endMs) break;
      encodeEdge(this.records, count, baseMs, edge);
    }
    return { baseMs, count, records: this.bytes.subarray(0, count * 4) };
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
  edges.forEach((edge, i) => encodeEdge(records, i, baseMs, edge));
  return new Uint8Array(records.buffer);
}

function encodeEdge(records: DataView, index: number, baseMs: number, edge: Edge): void {
  records.setUint32(index * 4, edge.level * 2 ** 31 + edge.input * 2 ** 28 + (edge.timeMs - baseMs), true);
}
