import { verifyNote, type Note } from "./note.js";

/** A note as people keep it: JSON with what is needed to check it. */
export interface NoteFile {
  readonly note: Note;
  readonly paymentHash: Uint8Array;
  readonly meterKey: Uint8Array;
}

/** What was found out about a note file. */
export interface NoteReport {
  readonly note: NoteFile | undefined;
  /** What is wrong, with which member; none if the note holds. */
  readonly error: string | undefined;
}

const U32_MAX = 2n ** 32n - 1n;
const U64_MAX = 2n ** 64n - 1n;
const MEMBERS = ["payment_hash", "interval_start", "energy_mwh", "issued_mwh", "signature", "meter_key"] as const;
type Member = (typeof MEMBERS)[number];

/** Whether a file is meant to be a note: a JSON object; receipts and containers begin otherwise. */
export function isNoteFile(bytes: Uint8Array): boolean {
  return /^\s*\{/.test(Buffer.from(bytes.subarray(0, 64)).toString("latin1"));
}

/** The file of a note, with energies as strings: JSON's numbers end before theirs. */
export function formatNoteFile({ note, paymentHash, meterKey }: NoteFile): string {
  const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
  const members = {
    payment_hash: hex(paymentHash),
    interval_start: note.intervalStart,
    energy_mwh: `${note.energyMwh}`,
    issued_mwh: `${note.issuedMwh}`,
    signature: hex(note.signature),
    meter_key: hex(meterKey),
  } satisfies Record<Member, string | number>;
  return `${JSON.stringify(members, null, 2)}\n`;
}

/**
 * Reads and checks a note file. Never throws on content.
 * @param trustedKey compressed point that must have signed, if it is known; else the file's own is believed
 */
export function checkNoteFile(bytes: Uint8Array, trustedKey?: Uint8Array): NoteReport {
  const note = readNoteFile(bytes);
  if (typeof note === "string") return { note: undefined, error: note };
  if (trustedKey !== undefined && !Buffer.from(trustedKey).equals(note.meterKey)) {
    return { note, error: "meter_key: is not the key given" };
  }
  return { note, error: verifyNote(note.note, note.paymentHash, note.meterKey) };
}

function readNoteFile(bytes: Uint8Array): NoteFile | string {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(bytes).toString("utf8"));
  } catch {
    return "is no JSON";
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) return "is no JSON object";
  const members = value as Record<string, unknown>;
  const unknown = Object.keys(members).find((name) => !(MEMBERS as readonly string[]).includes(name));
  if (unknown !== undefined) return `has a member ${JSON.stringify(unknown)} that no note has`;
  const missing = MEMBERS.find((name) => !(name in members));
  if (missing !== undefined) return `${missing}: is missing`;
  const [paymentHash, signature, meterKey] = [
    hexOf(members, "payment_hash", 32),
    hexOf(members, "signature", 64),
    hexOf(members, "meter_key", 33),
  ];
  const [intervalStart, energyMwh, issuedMwh] = [
    wholeOf(members, "interval_start", U32_MAX),
    wholeOf(members, "energy_mwh", U64_MAX),
    wholeOf(members, "issued_mwh", U64_MAX),
  ];
  for (const field of [paymentHash, intervalStart, energyMwh, issuedMwh, signature, meterKey]) {
    if (typeof field === "string") return field;
  }
  return {
    note: {
      intervalStart: Number(intervalStart),
      energyMwh: energyMwh as bigint,
      issuedMwh: issuedMwh as bigint,
      signature: signature as Uint8Array,
    },
    paymentHash: paymentHash as Uint8Array,
    meterKey: meterKey as Uint8Array,
  };
}

/** Bytes of a member, or what is wrong with it. */
function hexOf(members: Record<string, unknown>, name: Member, length: number): Uint8Array | string {
  const text = members[name];
  if (typeof text !== "string" || !/^[0-9a-fA-F]*$/.test(text) || text.length !== 2 * length) {
    return `${name}: is not ${length} bytes in hexadecimal`;
  }
  return Uint8Array.from(Buffer.from(text, "hex"));
}

/** A whole number, as such or as a string of digits, or what is wrong with it. */
function wholeOf(members: Record<string, unknown>, name: Member, max: bigint): bigint | string {
  const value = members[name];
  const text = typeof value === "number" && Number.isSafeInteger(value) ? `${value}` : value;
  if (typeof text !== "string" || !/^(?:0|[1-9]\d{0,19})$/.test(text) || BigInt(text) > max) {
    return `${name}: is not a whole number of at most ${max}`;
  }
  return BigInt(text);
}
