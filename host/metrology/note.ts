import { createHash } from "node:crypto";
import secp256k1 from "secp256k1";

/** What a meter signs for a swap: PROTOCOL.md, "Notes". */
export interface Note {
  /** Start of the delivery interval, UTC in s. */
  readonly intervalStart: number;
  /** Of this swap, mWh. */
  readonly energyMwh: bigint;
  /** Of all notes of this meter for this interval and direction, this one included, mWh. */
  readonly issuedMwh: bigint;
  /** r and s, big-endian, 64 bytes. */
  readonly signature: Uint8Array;
}

/** A note as the export `note` leaves it: assembly/energy/note.ts. */
export const NOTE_BYTES = 88;

/** What a note is asked for. */
export interface NoteRequest {
  readonly kind: "receipt" | "promise";
  /** Whether the energy leaves the meter's node (export) or comes to it (import). */
  readonly side: "sells" | "buys";
  readonly intervalStart: number;
  readonly energyMwh: bigint;
  /** 32 bytes. */
  readonly paymentHash: Uint8Array;
}

/** First argument of the export `note`. */
export const noteHow = ({ kind, side }: Pick<NoteRequest, "kind" | "side">): number =>
  (kind === "promise" ? 1 : 0) | (side === "buys" ? 2 : 0);

/** Reads the 88 bytes that a meter, or a settled swap, has of a note. */
export function decodeNote(bytes: Uint8Array): Note {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return {
    intervalStart: view.getUint32(0, true),
    energyMwh: view.getBigUint64(8, true),
    issuedMwh: view.getBigUint64(16, true),
    signature: bytes.slice(24, NOTE_BYTES),
  };
}

/** SHA-256 of payment_hash, interval_start, energy_mwh and issued_mwh, the integers big-endian: 52 bytes. */
export function noteDigest(note: Omit<Note, "signature">, paymentHash: Uint8Array): Uint8Array {
  const numbers = new DataView(new ArrayBuffer(20));
  numbers.setUint32(0, note.intervalStart);
  numbers.setBigUint64(4, note.energyMwh);
  numbers.setBigUint64(12, note.issuedMwh);
  return createHash("sha256").update(paymentHash).update(new Uint8Array(numbers.buffer)).digest();
}

/**
 * Why a note is not the word of the meter with this key for this swap, or undefined if it is.
 * @param paymentHash 32 bytes
 * @param meterKey compressed point of the metrology key, 33 bytes
 */
export function verifyNote(note: Note, paymentHash: Uint8Array, meterKey: Uint8Array): string | undefined {
  if (paymentHash.length !== 32) return `the payment_hash has ${paymentHash.length} bytes, not 32`;
  if (meterKey.length !== 33 || !secp256k1.publicKeyVerify(meterKey)) {
    return "the meter's key is no compressed point of secp256k1";
  }
  if (note.energyMwh === 0n) return "the note is of no energy";
  if (note.issuedMwh < note.energyMwh) {
    return `of ${note.issuedMwh} mWh issued for the interval, the note alone has ${note.energyMwh}`;
  }
  try {
    if (secp256k1.ecdsaVerify(note.signature, noteDigest(note, paymentHash), meterKey)) return undefined;
  } catch {
    // libsecp256k1's wrapper throws where r or s is no scalar.
  }
  return "the signature is not the meter's for this payment_hash and these figures";
}
