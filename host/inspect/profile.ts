import { checkChain, recordHash } from "../ocmf/chain.js";
import { OcmfError } from "../ocmf/errors.js";
import { parseRecord } from "../ocmf/parse.js";
import type { OcmfRecord } from "../ocmf/parse.js";
import { CONTEXT_BYTES, readContext } from "./config.js";
import type { RecordContext } from "./config.js";
import { Findings } from "./layout.js";
import type { ImageFinding } from "./layout.js";
import { RECORD_BYTES, readRecord, recordText } from "./rebuild.js";
import type { StoredRecord } from "./rebuild.js";
import type { Ring } from "./ring.js";
import { END_CHECKPOINT } from "./sector.js";
import type { Entry } from "./sector.js";
import { TEXTS_BYTES, readTexts } from "./texts.js";
import type { TransactionTexts } from "./texts.js";

/** A record of the load profile, and its receipt. */
export interface ProfileRecord extends StoredRecord {
  /** The receipt, character for character. */
  readonly text: string;
  /** SHA-256 of the receipt, hex: what the next record of the context carries. */
  readonly hash: string;
  readonly texts: TransactionTexts | null;
  readonly sector: number;
  readonly offset: number;
  /** False behind damage. */
  readonly reachable: boolean;
}

export interface Profile {
  /** Of the newest record, or newer. */
  readonly context: RecordContext | null;
  /** In the order in which they were written. */
  readonly records: readonly ProfileRecord[];
  readonly findings: readonly ImageFinding[];
}

const CONTEXT = 1;
const RECORD = 2;
const TEXTS = 3;
const LENGTHS: ReadonlyMap<number, readonly [name: string, bytes: number]> = new Map([
  [END_CHECKPOINT, ["END_CHECKPOINT", 0]],
  [CONTEXT, ["CONTEXT", CONTEXT_BYTES]],
  [RECORD, ["RECORD", RECORD_BYTES]],
  [TEXTS, ["TEXTS", TEXTS_BYTES]],
]);

/** Rebuilds the receipts from the ring and checks that they are one meter's unbroken account. */
export function readProfile(ring: Ring): Profile {
  const findings = new Findings("records");
  const builder = new Builder(findings);
  for (const entry of ring.entries) builder.append(entry);
  checkAccount(builder.records, findings);
  return { context: builder.context, records: builder.records, findings: findings.list };
}

class Builder {
  readonly records: ProfileRecord[] = [];
  context: RecordContext | null = null;
  private texts: TransactionTexts | null = null;
  private sector = -1;

  constructor(private readonly findings: Findings) {}

  append(entry: Entry): void {
    const { type, payload, sector, offset } = entry;
    // A sector that lost its first entry must not be read with the context of another.
    if (sector !== this.sector && type !== CONTEXT) this.context = null;
    this.sector = sector;
    const [name, bytes] = LENGTHS.get(type) ?? [];
    const message =
      name === undefined
        ? `entry of the unknown type ${type}`
        : payload.length !== bytes
          ? `${name} has ${payload.length} bytes, not ${bytes}`
          : this.take(entry, name);
    if (message !== undefined) this.findings.fault(message, sector, offset);
  }

  /** Takes the entry over; returns what is wrong with it. */
  private take(entry: Entry, name: string): string | undefined {
    if (entry.type === CONTEXT) {
      const context = readContext(entry.payload);
      this.context = typeof context === "string" ? null : context;
      return typeof context === "string" ? `${name} ${context}` : undefined;
    }
    if (entry.type === TEXTS) {
      const texts = readTexts(entry.payload);
      this.texts = typeof texts === "string" ? null : texts;
      return typeof texts === "string" ? `${name} ${texts}` : undefined;
    }
    if (entry.type !== RECORD) return undefined;
    const record = readRecord(entry.payload);
    if (typeof record === "string") return `${name} ${record}`;
    return this.addRecord(record, entry);
  }

  private addRecord(record: StoredRecord, { sector, offset, reachable }: Entry): string | undefined {
    const texts = record.context === "T" ? this.texts : null;
    if (record.context === "T") this.texts = null;
    const page = `${record.context}${record.page}`;
    if (!this.context) return `record ${page} cannot be rebuilt: its CONTEXT cannot be read`;
    if (record.context === "T" && !texts) return `record ${page} cannot be rebuilt: no TEXTS before it`;
    const text = recordText(record, this.context, texts);
    const before = this.records.findLast(({ context }) => context === record.context);
    // A cut between the record and the journal's SEALED makes the firmware write the same record again.
    if (before?.text === text) {
      this.findings.note(`record ${page} is stored twice`, sector, offset);
      return undefined;
    }
    this.records.push({ ...record, text, hash: recordHash(text), texts, sector, offset, reachable });
    return undefined;
  }
}

/** Pages, hash chain, registers and times, by the verifier's own checks. */
function checkAccount(records: readonly ProfileRecord[], findings: Findings): void {
  const parsed: { record: OcmfRecord; at: ProfileRecord }[] = [];
  for (const at of records) {
    try {
      parsed.push({ record: parseRecord(at.text), at });
    } catch (error) {
      if (!(error instanceof OcmfError)) throw error;
      findings.fault(`record ${at.context}${at.page}: ${error.field} ${error.message}`, at.sector, at.offset);
    }
  }
  for (const { index, field, message } of checkChain(parsed.map(({ record }) => record)).problems) {
    const at = parsed[index]?.at;
    // What a meter says of its own state stands in the record's flags and is no fault of the image.
    if (!at || /\.(?:ST|EF)$/.test(field)) continue;
    findings.fault(`record ${at.context}${at.page}: ${field} ${message}`, at.sector, at.offset);
  }
}
