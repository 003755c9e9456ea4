const IMPORT_SECTION = 2;
const HEADER_BYTES = 8;

export interface ImportName {
  readonly module: string;
  readonly field: string;
}

/** An unsigned LEB128 number: itself, and where it ends. */
function readNumber(wasm: Uint8Array, at: number): [value: number, end: number] {
  let value = 0;
  for (let shift = 0; ; shift += 7) {
    const byte = wasm[at++];
    if (byte === undefined) throw new RangeError("the module ends in a number");
    value += (byte & 0x7f) * 2 ** shift;
    if (byte < 0x80) return [value, at];
  }
}

const writeNumber = (value: number): number[] =>
  value < 0x80 ? [value] : [(value % 0x80) | 0x80, ...writeNumber(Math.floor(value / 0x80))];

const writeText = (text: string): number[] => [...writeNumber(text.length), ...Buffer.from(text, "ascii")];

/** The content of an import section of functions only, with a name changed. */
function renamed(wasm: Uint8Array, from: ImportName, to: ImportName): Uint8Array {
  const parts: number[] = [];
  let [count, at] = readNumber(wasm, 0);
  parts.push(...writeNumber(count));
  const text = (): string => {
    const [length, start] = readNumber(wasm, at);
    at = start + length;
    return Buffer.from(wasm.subarray(start, at)).toString("ascii");
  };
  let found = false;
  for (; count > 0; count--) {
    const name = { module: text(), field: text() };
    if (wasm[at] !== 0) throw new RangeError(`the import ${name.field} is no function`);
    const [type, end] = readNumber(wasm, at + 1);
    at = end;
    const isIt = name.module === from.module && name.field === from.field;
    found ||= isIt;
    const now = isIt ? to : name;
    parts.push(...writeText(now.module), ...writeText(now.field), 0, ...writeNumber(type));
  }
  if (!found) throw new RangeError(`the module does not import ${from.field} from ${from.module}`);
  return Uint8Array.from(parts);
}

/** The same module with one of its imports taken from elsewhere, from a function of the same signature. */
export function withImport(wasm: Uint8Array, from: ImportName, to: ImportName): Uint8Array {
  for (let at = HEADER_BYTES; at < wasm.length;) {
    const [length, start] = readNumber(wasm, at + 1);
    if (wasm[at] === IMPORT_SECTION) {
      const content = renamed(wasm.subarray(start, start + length), from, to);
      const head = Uint8Array.from([IMPORT_SECTION, ...writeNumber(content.length)]);
      return Uint8Array.from(Buffer.concat([wasm.subarray(0, at), head, content, wasm.subarray(start + length)]));
    }
    at = start + length;
  }
  throw new RangeError("the module imports nothing");
}
