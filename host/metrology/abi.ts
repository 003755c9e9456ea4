import { i32, type FunctionSignature } from "../engine/abi.js";

/** Name of the wasm import module: assembly/metrology/board.ts. */
export const IMPORT_MODULE = "board";

/** Imports of metrology.wasm, in the order of assembly/metrology/board.ts. */
export const IMPORTS = {
  sha256: i32("i32", "i32", "i32"),
  sign: i32("i32", "i32"),
  module_hash: i32("i32"),
  flash_sector_bytes: i32(),
  flash_sectors: i32(),
  flash_read: i32("i32", "i32", "i32"),
  flash_program: i32("i32", "i32", "i32"),
  flash_erase: i32("i32"),
} as const satisfies Record<string, FunctionSignature>;

/**
 * Exports of metrology.wasm, in the order of assembly/metrology/index.ts; this order numbers them on the service link.
 */
export const EXPORTS = {
  abi: i32(),
  in_buffer: i32(),
  out_buffer: i32(),
  memory_bytes: i32(),
  boot: i32("i32", "i64"),
  set_clock: i32("i64", "i64", "i32"),
  pulse_edges: i32("i64", "i32"),
  pulse_counter: i32("i32", "i32", "i64"),
  tamper: i32("i32", "i32", "i64"),
  transaction: i32("i32", "i32", "i64"),
  tick: i32("i64"),
  registers: i32(),
  record: i32("i32", "i32"),
  event: i32("i32"),
  note: i32("i32", "i32", "i64", "i64"),
  save: i32("i64"),
} as const satisfies Record<string, FunctionSignature>;

export type ImportName = keyof typeof IMPORTS;
export type ExportName = keyof typeof EXPORTS;

/** Exports whose positive result is a number of bytes in the output buffer. */
export const FILLS_OUTPUT: ReadonlySet<ExportName> = new Set(["tick", "registers", "record", "event", "note"]);

/** The value that `abi()` returns for this interface. */
export const ABI_VERSION = 4;
/** Capacity of the input buffer, bytes: 1,024 edges of 4 bytes. */
export const INPUT_BYTES = 4096;
/** Capacity of the output buffer, bytes. */
export const OUTPUT_BYTES = 1536;
