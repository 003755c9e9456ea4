import { decodedMappings, TraceMap, type SourceMapSegment } from "@jridgewell/trace-mapping";
import { Trap } from "./engine.js";
import { functionBodies, type FunctionBody } from "./function_bodies.js";

/** A place in a module: function index, imports counted, and byte offset of the instruction. */
export interface WasmFrame {
  readonly index: number;
  readonly offset: number;
}

/** An indirect call found no function or one of another signature; V8 does not say which. */
export const WRONG_FUNCTION = "null function or signature mismatch";

/** Callers named after the innermost frame; a runaway recursion has thousands. */
const CALLERS = 4;

interface Tables {
  readonly sources: readonly (string | null)[];
  /** By ascending byte offset: a wasm source map takes the module for one line and byte offsets for its columns. */
  readonly segments: readonly SourceMapSegment[];
  readonly bodies: ReadonlyMap<number, FunctionBody>;
}

/** Makes the traps of one module, the same text on every engine; reads the source map when the first one comes. */
export class TrapReporter {
  private tables: Tables | undefined;

  constructor(
    private readonly wasm: Uint8Array,
    private readonly sourceMap: string | undefined,
  ) {}

  /** @param frames innermost first */
  trap(cause: string, frames: readonly WasmFrame[], original: unknown): Trap {
    const [innermost, ...callers] = frames.slice(0, 1 + CALLERS).map((frame) => this.describe(frame));
    const from = callers.length > 0 ? ` (called from ${callers.join(", ")})` : "";
    return new Trap(innermost === undefined ? cause : `${cause} at ${innermost}${from}`, { cause: original });
  }

  private describe(frame: WasmFrame): string {
    const segment = this.sourceMap === undefined ? undefined : this.find(this.sourceMap, frame);
    if (segment === undefined || segment.length === 1) {
      return `wasm-function[${frame.index}]:0x${frame.offset.toString(16)}`;
    }
    const [, source, line, column] = segment;
    return `${this.tables?.sources[source] ?? "?"}:${line + 1}:${column + 1}`;
  }

  /**
   * The segment of the frame's instruction, or where that has no line of its own (the trap of a failed `assert` has
   * none), of the nearest instruction before it in the same function, else of the function's first.
   */
  private find(sourceMap: string, frame: WasmFrame): SourceMapSegment | undefined {
    const { segments, bodies } = (this.tables ??= readTables(this.wasm, sourceMap));
    const body = bodies.get(frame.index);
    if (body === undefined) return undefined;
    const own = segments.filter(([offset, ...place]) => offset >= body.start && offset < body.end && place.length > 0);
    return own.findLast(([offset]) => offset <= frame.offset) ?? own[0];
  }
}

function readTables(wasm: Uint8Array, sourceMap: string): Tables {
  const map = new TraceMap(sourceMap);
  // `sources` and not `resolvedSources`: asc's sourceRoot is the output's name, no folder.
  return { sources: map.sources, segments: decodedMappings(map)[0] ?? [], bodies: functionBodies(wasm) };
}
