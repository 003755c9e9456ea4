/** Value types as the binary format numbers them. */
export const I32 = 0x7f;
export const I64 = 0x7e;
export const V128 = 0x7b;

export const FUNCTION = 0;
export const TABLE = 1;
export const MEMORY = 2;
export const GLOBAL = 3;

/** Instructions as the binary format numbers them. */
export const OP = {
  if: 0x04,
  else: 0x05,
  end: 0x0b,
  call: 0x10,
  drop: 0x1a,
  localGet: 0x20,
  memoryGrow: 0x40,
  i32Const: 0x41,
  i32Sub: 0x6b,
  /** Type of a block without results. */
  empty: 0x40,
};

interface ModuleParts {
  /** [parameters, results] */
  readonly types: readonly (readonly [readonly number[], readonly number[]])[];
  /** [module, name, description: its kind and what follows] */
  readonly imports?: readonly (readonly [string, string, readonly number[]])[];
  /** Functions: type index and body, without its last `end`. */
  readonly functions?: readonly (readonly [number, readonly number[]])[];
  readonly memory?: readonly [number, number];
  /** [name, kind, index] */
  readonly exports?: readonly (readonly [string, number, number])[];
  readonly start?: number;
  /** The data section's content, as bytes. */
  readonly data?: readonly number[];
}

function leb(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...leb(value >>> 7)];
}

const sized = (bytes: readonly number[]): number[] => [...leb(bytes.length), ...bytes];
const text = (value: string): number[] => sized([...new TextEncoder().encode(value)]);
const list = (items: readonly (readonly number[])[]): number[] => [...leb(items.length), ...items.flat()];
const section = (id: number, bytes: readonly number[]): number[] => [id, ...sized(bytes)];

/** A WebAssembly module from its parts, for what asc would not emit. */
export function wasmModule(parts: ModuleParts): Uint8Array {
  const { functions = [], imports = [], exports = [], memory, start, data } = parts;
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
    ...section(1, list(parts.types.map(([params, results]) => [0x60, ...sized(params), ...sized(results)]))),
    ...section(2, list(imports.map(([module, name, what]) => [...text(module), ...text(name), ...what]))),
    ...section(3, list(functions.map(([type]) => leb(type)))),
    ...(memory ? section(5, list([[1, ...leb(memory[0]), ...leb(memory[1])]])) : []),
    ...section(7, list(exports.map(([name, kind, index]) => [...text(name), kind, ...leb(index)]))),
    ...(start === undefined ? [] : section(8, leb(start))),
    ...section(10, list(functions.map(([, body]) => sized([0, ...body, OP.end])))),
    ...(data ? section(11, data) : []),
  ]);
}
