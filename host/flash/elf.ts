/** What of an ELF file is loaded. */
export interface LoadSegment {
  /** Where it runs. */
  readonly address: number;
  /** Where it is stored. */
  readonly storedAt: number;
  readonly bytes: Uint8Array;
}

export interface Elf {
  readonly entry: number;
  readonly segments: readonly LoadSegment[];
}

const MACHINE_RISCV = 243;
const TYPE_EXECUTABLE = 2;
const LOAD = 1;

/** Reads the loadable parts of a 32-bit little-endian RISC-V executable. Throws where the file is none. */
export function readElf(file: Uint8Array): Elf {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const header = [0x7f, 0x45, 0x4c, 0x46, 1, 1];
  if (file.length < 52 || header.some((byte, i) => file[i] !== byte)) throw new Error("no 32-bit ELF file");
  if (view.getUint16(16, true) !== TYPE_EXECUTABLE || view.getUint16(18, true) !== MACHINE_RISCV) {
    throw new Error("no executable for RISC-V");
  }
  const table = view.getUint32(28, true);
  const entryBytes = view.getUint16(42, true);
  const count = view.getUint16(44, true);
  const segments: LoadSegment[] = [];
  for (let i = 0; i < count; i++) {
    const at = table + i * entryBytes;
    if (at + 32 > file.length) throw new Error("its program headers lie outside of the file");
    const offset = view.getUint32(at + 4, true);
    const length = view.getUint32(at + 16, true);
    if (view.getUint32(at, true) !== LOAD || length === 0) continue;
    if (offset + length > file.length) throw new Error("a segment lies outside of the file");
    segments.push({
      address: view.getUint32(at + 8, true),
      storedAt: view.getUint32(at + 12, true),
      bytes: file.slice(offset, offset + length),
    });
  }
  return { entry: view.getUint32(24, true), segments };
}
