import { createHash } from "node:crypto";
import type { CallResult, MeterDriver } from "../../host/metrology/driver.js";
import { decodeNote, noteHow, type Note, type NoteRequest } from "../../host/metrology/note.js";

/** A payment_hash by number. */
export const hashOf = (number: number): Uint8Array => createHash("sha256").update(`swap ${number}`).digest();

/** Asks a driver's meter for a note: the call's result as it is. */
export async function callNote(driver: MeterDriver, request: NoteRequest, monoMs: number): Promise<CallResult> {
  const { intervalStart, energyMwh, paymentHash } = request;
  const args = [noteHow(request), intervalStart, energyMwh, BigInt(monoMs)];
  return driver.call("note", args, paymentHash);
}

/** Likewise: the note, or the code of the refusal. */
export async function askNote(driver: MeterDriver, request: NoteRequest, monoMs: number): Promise<Note | number> {
  const { result, output } = await callNote(driver, request, monoMs);
  return result > 0 ? decodeNote(output) : result;
}
