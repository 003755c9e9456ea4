import { WasmReader } from "./wasm_reader.js";

const SECTION_IMPORT = 2;
const SECTION_CODE = 10;

/** Byte range of a function's body in its module, end exclusive. */
export interface FunctionBody {
  readonly start: number;
  readonly end: number;
}

/** Bodies of a valid module's own functions by function index; imported ones, which have none, are left out. */
export function functionBodies(wasm: Uint8Array): ReadonlyMap<number, FunctionBody> {
  const bodies = new Map<number, FunctionBody>();
  const reader = new WasmReader(wasm);
  let index = 0;
  reader.sections((section) => {
    if (section === SECTION_IMPORT) {
      for (let count = reader.u32(); count > 0; count--) {
        reader.name();
        reader.name();
        // Only function imports count here, and engines refuse the others before anything can trap.
        if (reader.byte() !== 0) break;
        reader.u32();
        index++;
      }
    } else if (section === SECTION_CODE) {
      for (let count = reader.u32(); count > 0; count--) {
        const size = reader.u32();
        bodies.set(index++, { start: reader.position, end: reader.position + size });
        reader.skip(size);
      }
    }
  });
  return bodies;
}
