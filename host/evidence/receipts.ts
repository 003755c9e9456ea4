import { createHash } from "node:crypto";
import secp256k1 from "secp256k1";
import { type Finding, OcmfError } from "../ocmf/errors.js";
import { type OcmfRecord, parseRecord } from "../ocmf/parse.js";
import { checkTieline } from "../ocmf/tieline.js";
import { verifyRecord } from "../ocmf/verify.js";
import { type End, type EvidenceBundle, type EvidenceNote, type EvidenceReceipt, ofEnd } from "./bundle.js";

// What meters have signed: receipts of the line's two meters, and notes for swaps. PROTOCOL.md, "Receipts", "`receipt_note`".

/** A line meter's registers at the end of an interval. */
export interface Registers {
  readonly end: End;
  /** UTC in s. */
  readonly untilS: number;
  readonly importMwh: bigint;
  readonly exportMwh: bigint;
  /** mWh that this meter may be wrong by: two pulses, rounded up. */
  readonly toleranceMwh: bigint;
  readonly qualityFlags: number;
}

export interface Receipts {
  readonly faults: readonly Finding[];
  /** Of both ends, by time. */
  readonly registers: readonly Registers[];
}

const MWH_PER_KWH = 1_000_000n;
const TOLERATED_PULSES = 2n;

/** Verifies each receipt under its end's meter key; those that stand are read. */
export function readReceipts({ receipts, parameters }: EvidenceBundle): Receipts {
  const faults: Finding[] = [];
  const registers: Registers[] = [];
  receipts.forEach((receipt, index) => {
    const found = readReceipt(receipt, ofEnd(parameters.meterKeys, receipt.end), parameters.intervalS);
    if ("untilS" in found) registers.push(found);
    else faults.push({ field: `receipts[${index}].${found.field}`, message: found.message });
  });
  registers.sort((a, b) => a.untilS - b.untilS || a.end - b.end);
  const kept: Registers[] = [];
  for (const reading of registers) {
    const before = kept.findLast(({ end }) => end === reading.end);
    if (before?.untilS === reading.untilS) {
      const same = before.importMwh === reading.importMwh && before.exportMwh === reading.exportMwh;
      if (!same) faults.push(contradiction(reading, "says two things"));
      continue;
    }
    if (before && (reading.importMwh < before.importMwh || reading.exportMwh < before.exportMwh)) {
      faults.push(contradiction(reading, "has registers below earlier ones"));
    }
    kept.push(reading);
  }
  return { faults, registers: kept };
}

const contradiction = ({ end, untilS }: Registers, what: string): Finding => ({
  field: "receipts",
  message: `the meter of node_${end} ${what} at ${untilS}`,
});

function readReceipt({ end, record: text }: EvidenceReceipt, key: Uint8Array, intervalS: number): Registers | Finding {
  let record: OcmfRecord;
  try {
    record = parseRecord(text);
  } catch (error) {
    if (!(error instanceof OcmfError)) throw error;
    return error;
  }
  const verified = verifyRecord(record, Buffer.from(key).toString("hex"));
  if (!verified.ok) return verified;
  const { tieline, pagination, readings } = record;
  if (tieline === undefined) return { field: "GI", message: "is not a Tieline meter's" };
  if (pagination.context !== "F") return { field: "PG", message: "is not of a delivery interval" };
  const [fault] = checkTieline(record);
  if (fault !== undefined) return fault;
  if (tieline.intervalS !== BigInt(intervalS)) {
    return { field: "U.I", message: `${tieline.intervalS} s; the line's intervals have ${intervalS} s` };
  }
  const untilS = readings[0].time.epochMs / 1000;
  if (untilS % intervalS !== 0) return { field: "RD[0].TM", message: "is not the end of a delivery interval" };
  const { constantImpPerKwh, pulses, qualityFlags } = tieline;
  return {
    end,
    untilS,
    importMwh: (pulses[0] * MWH_PER_KWH) / constantImpPerKwh,
    exportMwh: (pulses[1] * MWH_PER_KWH) / constantImpPerKwh,
    toleranceMwh: (TOLERATED_PULSES * MWH_PER_KWH + constantImpPerKwh - 1n) / constantImpPerKwh,
    qualityFlags,
  };
}

/** SHA-256 of 52 bytes: payment_hash, interval_start, energy_mwh, issued_mwh. */
export function noteDigest({
  paymentHash,
  intervalStart,
  energyMwh,
  issuedMwh,
}: Omit<EvidenceNote, "signature">): Uint8Array {
  const fields = Buffer.alloc(20);
  fields.writeUInt32BE(intervalStart, 0);
  fields.writeBigUInt64BE(energyMwh, 4);
  fields.writeBigUInt64BE(issuedMwh, 12);
  return new Uint8Array(createHash("sha256").update(paymentHash).update(fields).digest());
}

const DIRECTIONS = 2;
const equal = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0;

/** Verifies each note, and that no meter has let the same energy of an interval go twice. */
export function checkNotes({ notes, parameters }: EvidenceBundle): Finding[] {
  const faults: Finding[] = [];
  notes.forEach((note, index) => {
    const field = `notes[${index}]`;
    let holds = false;
    try {
      holds = secp256k1.ecdsaVerify(note.signature, noteDigest(note), note.meterKey);
    } catch {
      // A value of the signature is out of range.
    }
    if (!holds) faults.push({ field: `${field}.signature`, message: "is not of this note under this meter_key" });
    if (note.intervalStart % parameters.intervalS !== 0) {
      faults.push({
        field: `${field}.interval_start`,
        message: `${note.intervalStart} is not the start of an interval`,
      });
    }
    if (note.issuedMwh < note.energyMwh) {
      faults.push({ field: `${field}.issued_mwh`, message: `${note.issuedMwh} is less than the note's own energy` });
    }
    // A meter counts what it sells and what it buys apart, and a note does not say which of both it is.
    const again = notes.filter(
      (other) =>
        equal(other.meterKey, note.meterKey) &&
        other.intervalStart === note.intervalStart &&
        other.issuedMwh - other.energyMwh < note.issuedMwh &&
        note.issuedMwh <= other.issuedMwh,
    );
    if (new Set(again.map(({ paymentHash }) => Buffer.from(paymentHash).toString("hex"))).size > DIRECTIONS) {
      faults.push({ field, message: "ends in energy that two other notes are for: the meter has let it go twice" });
    }
    const unlike = notes.findIndex(
      (other, at) =>
        at < index &&
        equal(other.meterKey, note.meterKey) &&
        equal(other.paymentHash, note.paymentHash) &&
        !equal(noteDigest(other), noteDigest(note)),
    );
    if (unlike >= 0) faults.push({ field, message: `is another one for the payment of notes[${unlike}]` });
  });
  return faults;
}
