import type { KeyObject } from "node:crypto";
import { findingOf } from "./errors.js";
import type { Finding } from "./errors.js";
import { readItems } from "./items.js";
import type { InputFile, Item as ReadItem, Place } from "./items.js";
import { parsePublicKey, pointOf } from "./key.js";
import { pageText } from "./parse.js";
import type { OcmfRecord } from "./parse.js";
import { registerOf } from "./reading.js";
import { checkChain, verifyRecord } from "./verify.js";
import type { ChainProblem } from "./verify.js";

export type { InputFile, Place } from "./items.js";
export { MAX_RECORDS_PER_FILE } from "./items.js";

export interface ReportOptions {
  /** The key that the records are expected to be signed with: SPKI or secp256k1 point; see parsePublicKey. */
  readonly key?: string;
  /** Accept keys that come with the records: integrity is then all that is asked. */
  readonly selfSigned?: boolean;
}

export type PlacedFinding = Place & Finding;

export interface RegisterReading {
  /** OBIS code. */
  readonly register: string;
  readonly direction: "import" | "export" | null;
  /** As the record writes it. */
  readonly value: string;
  readonly unit: string;
}

export interface RecordReport extends Place {
  /** null: what the record says could not be read. */
  readonly page: string | null;
  readonly serial: string | null;
  /** TM of the first reading. */
  readonly time: string | null;
  readonly registers: readonly RegisterReading[];
  /** "unverified": nothing wrong was found, but there was no key to check the signature with. */
  readonly state: "ok" | "invalid" | "unverified";
  readonly errors: readonly Finding[];
}

export type Verdict = "ok" | "integrity only" | "unverified" | "invalid";

/** Plain data, ready for JSON: the shape of `tieline verify --json`. */
export interface VerifyReport {
  readonly verdict: Verdict;
  /** 0 all holds; 1 something is wrong; 2 nothing is wrong, but no trusted key vouches for it. */
  readonly exitCode: 0 | 1 | 2;
  /** Files that could not be read as a whole, and a --key that is none (its line is null). */
  readonly errors: readonly (Finding & { readonly file: string; readonly line: number | null })[];
  readonly records: readonly RecordReport[];
  /** What the records, taken together, contradict themselves in. */
  readonly chain: readonly PlacedFinding[];
  /** No faults: transactions whose beginning or end is not among the records. */
  readonly notes: readonly PlacedFinding[];
  /** The keys used, as compressed points in hex. */
  readonly keys: readonly string[];
}

/** A record on its way through the checks. */
interface Item extends Place {
  readonly record?: OcmfRecord;
  readonly key?: KeyObject;
  readonly errors: Finding[];
}

/**
 * Checks files of records, one a line, and XML containers. Each record's signature is checked by itself; then all
 * records of one meter, over all its files in the order given, as one chain. A file belongs to the meter that its first
 * readable record names.
 * @returns the report; never throws on content
 */
export function verifyFiles(files: readonly InputFile[], options: ReportOptions = {}): VerifyReport {
  const errors: VerifyReport["errors"][number][] = [];
  const attempt = <T>(place: { file: string; line: number | null }, action: () => T): T | undefined => {
    try {
      return action();
    } catch (error) {
      errors.push({ ...place, ...findingOf(error) });
      return undefined;
    }
  };
  const { key: keyText } = options;
  const trusted =
    keyText === undefined ? undefined : attempt({ file: "--key", line: null }, () => parsePublicKey(keyText));
  const keys = new KeyRing();
  const itemsByFile = files.map((file) =>
    (attempt({ file: file.name, line: 1 }, () => readItems(file)) ?? []).map((item) => withKey(item, keys)),
  );
  const items = itemsByFile.flat();
  const used = new Set<KeyObject>();
  const records = items.map((item) => reportRecord(item, checkSignature(item, trusted, used)));
  const { chain, notes } = checkChains(itemsByFile);
  const invalid = errors.length > 0 || chain.length > 0 || records.some(({ state }) => state === "invalid");
  // No file at all proves nothing either.
  const unverified = records.length === 0 || records.some(({ state }) => state === "unverified");
  const verdict = invalid ? "invalid" : unverified ? "unverified" : trusted ? "ok" : "integrity only";
  const accepted = verdict === "ok" || (verdict === "integrity only" && options.selfSigned === true);
  return { verdict, exitCode: accepted ? 0 : invalid ? 1 : 2, errors, records, chain, notes, keys: pointTexts(used) };
}

/** Parsing a key costs more than comparing texts, and a container repeats the same key with every record. */
class KeyRing {
  private readonly keys = new Map<string, KeyObject>();

  get(text: string): KeyObject {
    const key = this.keys.get(text) ?? parsePublicKey(text);
    this.keys.set(text, key);
    return key;
  }
}

function withKey({ keyText, ...item }: ReadItem, keys: KeyRing): Item {
  const errors = [...item.errors];
  if (keyText === undefined) return { ...item, errors };
  try {
    return { ...item, errors, key: keys.get(keyText) };
  } catch (error) {
    return { ...item, errors: [...errors, findingOf(error)] };
  }
}

/** Adds what is wrong with the signature to the item's errors; true if a key vouches for the record. */
function checkSignature(item: Item, trusted: KeyObject | undefined, used: Set<KeyObject>): boolean {
  const key = trusted ?? item.key;
  if (trusted && item.key && !item.key.equals(trusted)) {
    item.errors.push({ field: "publicKey", message: "the key in the file is not the one given with --key" });
  }
  if (!item.record || !key) return false;
  used.add(key);
  const verification = verifyRecord(item.record, key);
  if (!verification.ok) item.errors.push({ field: verification.field, message: verification.message });
  return verification.ok;
}

function reportRecord({ file, line, record, errors }: Item, verified: boolean): RecordReport {
  const registers = (record?.readings ?? []).flatMap(({ register, value, unit }) => {
    if (register === undefined || unit === undefined || !value) return [];
    return { register, direction: registerOf(register)?.direction ?? null, value: value.text, unit };
  });
  return {
    file,
    line,
    page: record ? pageText(record.pagination) : null,
    serial: record?.serial ?? null,
    time: record?.readings[0].time.text ?? null,
    registers,
    state: errors.length > 0 ? "invalid" : verified ? "ok" : "unverified",
    errors,
  };
}

/** Each key once, whatever notations it came in. */
function pointTexts(keys: Iterable<KeyObject>): string[] {
  const texts = Array.from(keys, (key) => Buffer.from(pointOf(key, "compressed")).toString("hex"));
  return [...new Set(texts)];
}

type Parsed = Item & { readonly record: OcmfRecord };

function checkChains(itemsByFile: readonly (readonly Item[])[]): Record<"chain" | "notes", PlacedFinding[]> {
  const meters = new Map<string, Parsed[]>();
  for (const items of itemsByFile) {
    const parsed = items.filter((item): item is Parsed => item.record !== undefined);
    const serial = parsed[0]?.record.serial;
    if (serial !== undefined) meters.set(serial, [...(meters.get(serial) ?? []), ...parsed]);
  }
  const reports = Array.from(meters.values(), (chain) => {
    const { problems, notes } = checkChain(chain.map(({ record }) => record));
    chain.forEach(({ key }, index) => {
      const before = chain[index - 1]?.key;
      if (key && before && !key.equals(before)) {
        problems.push({ index, field: "publicKey", message: "another key than with the record before" });
      }
    });
    problems.sort((a, b) => a.index - b.index);
    return { chain: placed(chain, problems), notes: placed(chain, notes) };
  });
  return { chain: reports.flatMap(({ chain }) => chain), notes: reports.flatMap(({ notes }) => notes) };
}

function placed(chain: readonly Parsed[], problems: readonly ChainProblem[]): PlacedFinding[] {
  return problems.flatMap(({ index, field, message }) => {
    const item = chain[index];
    return item ? { file: item.file, line: item.line, field, message } : [];
  });
}
