import type { ExportName } from "./abi.js";

/** Result of one export call: the i32 result and, for exports that fill it, that many bytes of the output buffer. */
export interface CallResult {
  readonly result: number;
  readonly output: Uint8Array;
}

/**
 * One metrology module on one engine with its board around it. It is the same interface for V8 and wasm3 in this
 * process and for a board at the end of a service link, so that one test or one replay drives them all.
 */
export interface MeterDriver {
  /** "v8", "wasm3" or the board's name, for messages. */
  readonly engine: string;
  /** Copies `input` into the module's input buffer, calls the export and copies the output out. Rejects with Trap. */
  call(name: ExportName, args: readonly (number | bigint)[], input?: Uint8Array): Promise<CallResult>;
  /** Public key of the board's metrology key, 33 bytes, compressed SEC 1 point. */
  publicKey(): Promise<Uint8Array>;
  /** A copy of the metrology flash partition: sectors x sector bytes. */
  flash(): Promise<Uint8Array>;
  /** Power cycle: the module starts anew on the same flash. Call `boot` again afterwards. */
  restart(): Promise<void>;
  close(): Promise<void>;
}

/** What a driver is opened with. */
export interface DriverOptions {
  /** Private key of the metrology module, 32 bytes: only test boards import keys. */
  readonly key: Uint8Array;
  /** Initial contents of the metrology partition; erased when absent. */
  readonly flash?: Uint8Array;
}

/** Geometry of the metrology partition where every engine must have the same: 4 KiB sectors as on SPI NOR. */
export const FLASH_SECTOR_BYTES = 4096;
export const FLASH_SECTORS = 64;
/** The megabyte of a meter that keeps 60 days of intervals. */
export const METER_FLASH_SECTORS = 256;
