import type { KeyObject } from "node:crypto";
import { readContainer } from "./container.js";
import { OcmfError, findingOf } from "./errors.js";
import type { Finding } from "./errors.js";
import { parsePublicKey, pointOf } from "./key.js";
import { MAX_RECORD_CHARS, pageText, parseRecord } from "./parse.js";
import type { OcmfRecord } from "./parse.js";
import { registerOf } from "./reading.js";
import { verifyChain, verifyRecord } from "./verify.js";

/** A file to check: its bytes, or why they could not be had. */
export type InputFile = { readonly name: string } & ({ readonly bytes: Uint8Array } | { readonly failure: string });

export interface ReportOptions {
  /** The key that the records are expected to be signed with: SPKI or secp256k1 point; see parsePublicKey. */
  readonly key?: string;
  /** Accept keys that come with the records: integrity is then all that is asked. */
  readonly selfSigned?: boolean;
}

export interface Place {
  readonly file: string;
  /** From 1; the line of the record, or of its <value>. */
  readonly line: number;
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
  /** The keys used, as compressed points in hex. */
  readonly keys: readonly string[];
}

/** More than the records of any file of the size that the command reads; bounds the work on files of other kinds. */
export const MAX_RECORDS_PER_FILE = 200_000;

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
  const itemsByFile = files.map((file) => attempt({ file: file.name, line: 1 }, () => readItems(file, keys)) ?? []);
  const items = itemsByFile.flat();
  const used = new Set<KeyObject>();
  const records = items.map((item) => reportRecord(item, checkSignature(item, trusted, used)));
  const chain = checkChains(itemsByFile);
  const invalid = errors.length > 0 || chain.length > 0 || records.some(({ state }) => state === "invalid");
  // No file at all proves nothing either.
  const unverified = records.length === 0 || records.some(({ state }) => state === "unverified");
  const verdict = invalid ? "invalid" : unverified ? "unverified" : trusted ? "ok" : "integrity only";
  const accepted = verdict === "ok" || (verdict === "integrity only" && options.selfSigned === true);
  return { verdict, exitCode: accepted ? 0 : invalid ? 1 : 2, errors, records, chain, keys: pointTexts(used) };
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

function readItems(file: InputFile, keys: KeyRing): Item[] {
  if ("failure" in file) throw new OcmfError("file", file.failure);
  const { name, bytes } = file;
  // A byte order mark is no white space to a record, nor to the test for XML.
  const content = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? bytes.subarray(3) : bytes;
  const start = content.findIndex((byte) => byte !== 0x20 && (byte < 0x09 || byte > 0x0d));
  if (start === -1) throw new OcmfError("file", "holds no records");
  return content[start] === 0x3c ? readXml(name, content, keys) : readLines(name, content);
}

function readLines(file: string, bytes: Uint8Array): Item[] {
  const items: Item[] = [];
  for (let start = 0, line = 1; start <= bytes.length; line++) {
    const newline = bytes.indexOf(0x0a, start);
    const end = newline === -1 ? bytes.length : newline;
    const item = readItem({ file, line }, () => decodeLine(bytes.subarray(start, end)));
    if (item) items.push(item);
    checkCount(items.length);
    start = end + 1;
  }
  return items;
}

function checkCount(records: number): void {
  if (records > MAX_RECORDS_PER_FILE) throw new OcmfError("file", `has more than ${MAX_RECORDS_PER_FILE} records`);
}

function decodeLine(bytes: Uint8Array): string {
  // Told before decoding: a file of another kind may be one line of gigabytes. UTF-8 takes 3 bytes a code unit.
  if (bytes.length > 3 * MAX_RECORD_CHARS)
    throw new OcmfError("record", `is longer than ${MAX_RECORD_CHARS} characters`);
  return decodeUtf8(bytes, "record").trim();
}

/** `undefined` for a blank line. */
function readItem(place: Place, text: () => string): Item | undefined {
  try {
    const content = text();
    return content === "" ? undefined : { ...place, record: parseRecord(content), errors: [] };
  } catch (error) {
    return { ...place, errors: [findingOf(error)] };
  }
}

function readXml(file: string, bytes: Uint8Array, keys: KeyRing): Item[] {
  const entries = readContainer(decodeUtf8(bytes, "file"));
  checkCount(entries.length);
  const texts = new Set(entries.flatMap((entry) => ("value" in entry ? [entry.value.publicKey ?? []].flat() : [])));
  // A value may leave its key out; when the file knows only one, that is the one meant.
  const [common] = texts.size === 1 ? texts : [];
  return entries.map((entry): Item => {
    const place = { file, line: entry.line };
    if ("error" in entry) return { ...place, errors: [entry.error] };
    const item: Item = readItem(place, () => entry.value.record) ?? { ...place, errors: [] };
    const keyText = entry.value.publicKey ?? common;
    // A key says nothing about what is no record to begin with.
    if (keyText === undefined || !item.record) return item;
    try {
      return { ...item, key: keys.get(keyText) };
    } catch (error) {
      return { ...item, errors: [...item.errors, findingOf(error)] };
    }
  });
}

function decodeUtf8(bytes: Uint8Array, field: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new OcmfError(field, "is not UTF-8 text");
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

function checkChains(itemsByFile: readonly (readonly Item[])[]): PlacedFinding[] {
  const meters = new Map<string, Parsed[]>();
  for (const items of itemsByFile) {
    const parsed = items.filter((item): item is Parsed => item.record !== undefined);
    const serial = parsed[0]?.record.serial;
    if (serial !== undefined) meters.set(serial, [...(meters.get(serial) ?? []), ...parsed]);
  }
  return [...meters.values()].flatMap((chain) => {
    const problems = verifyChain(chain.map(({ record }) => record));
    chain.forEach(({ key }, index) => {
      const before = chain[index - 1]?.key;
      if (key && before && !key.equals(before)) {
        problems.push({ index, field: "publicKey", message: "another key than with the record before" });
      }
    });
    problems.sort((a, b) => a.index - b.index);
    return problems.flatMap(({ index, field, message }) => {
      const item = chain[index];
      return item ? { file: item.file, line: item.line, field, message } : [];
    });
  });
}
