import type { Fields } from "./fields.js";

/** A reading that is signed or about to be: a CLOSING entry, and the first part of a RECORD. */
export interface Closing {
  readonly pulses: readonly [imported: bigint, exported: bigint];
  readonly utcMs: bigint;
  readonly page: number;
  /** Without meaning in a transaction. */
  readonly intervalS: number;
  readonly context: "F" | "T";
  /** TX; empty in an F record. */
  readonly reason: string;
  readonly clockState: string;
  /** Bits of QUALITY. */
  readonly qualityFlags: number;
}

/** Reads its 40 bytes; null if it belongs to no context. */
export function readClosing(fields: Fields): Closing | null {
  const pulses = [fields.u64(), fields.u64()] as const;
  const [utcMs, page, intervalS, context] = [fields.i64(), fields.u32(), fields.u16(), fields.letter()];
  const reasonCode = fields.u8();
  const [clockState, qualityFlags] = [fields.letter(), fields.u8()];
  fields.skip(6);
  if (context !== "F" && context !== "T") return null;
  const reason = reasonCode === 0 ? "" : String.fromCharCode(reasonCode);
  return { pulses, utcMs, page, intervalS, context, reason, clockState, qualityFlags };
}
