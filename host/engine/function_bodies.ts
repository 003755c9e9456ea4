const SECTION_IMPORT = 2;
const SECTION_CODE = 10;
const HEADER_BYTES = 8;

/** Byte range of a function's body in its module, end exclusive. */
export interface FunctionBody {
  readonly start: number;
  readonly end: number;
}

/** Bodies of a valid module's own functions by function index; imported ones, which have none, are left out. */
export function functionBodies(wasm: Uint8Array): ReadonlyMap<number, FunctionBody> {
  const bodies = new Map<number, FunctionBody>();
  let at = HEADER_BYTES;
  let index = 0;

  const leb = (): number => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = wasm[at++] ?? 0;
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value >>> 0;
    }
  };

  const skipName = (): void => {
    const length = leb();
    at += length;
  };

  while (at < wasm.length) {
    const section = leb();
    const length = leb();
    const end = at + length;
    if (section === SECTION_IMPORT) {
      for (let count = leb(); count > 0; count--) {
        skipName();
        skipName();
        const kind = leb();
        // Only function imports count here, and engines refuse the others before anything can trap.
        if (kind !== 0) break;
        leb();
        index++;
      }
    } else if (section === SECTION_CODE) {
      for (let count = leb(); count > 0; count--) {
        const size = leb();
        bodies.set(index++, { start: at, end: at + size });
        at += size;
      }
    }
    at = end;
  }
  return bodies;
}
