import { readContainer } from "./container.js";
import { OcmfError, findingOf } from "./errors.js";
import type { Finding } from "./errors.js";
import { MAX_RECORD_CHARS, parseRecord } from "./parse.js";
import type { OcmfRecord } from "./parse.js";

/** A file to read: its bytes, or why they could not be had. */
export type InputFile = { readonly name: string } & ({ readonly bytes: Uint8Array } | { readonly failure: string });

export interface Place {
  readonly file: string;
  /** From 1; the line of the record, or of its <value>. */
  readonly line: number;
}

/** What a file holds at one place. */
export interface Item extends Place {
  readonly record?: OcmfRecord;
  /** The public key that came along, as text. */
  readonly keyText?: string;
  /** Why there is no record. */
  readonly errors: readonly Finding[];
}

/** More than the records of any file of the size that the commands read; bounds the work on files of other kinds. */
export const MAX_RECORDS_PER_FILE = 200_000;

/**
 * Reads a file of records, one a line, or an XML container.
 * @throws OcmfError if the file as a whole cannot be read
 */
export function readItems(file: InputFile): Item[] {
  if ("failure" in file) throw new OcmfError("file", file.failure);
  const { name, bytes } = file;
  // A byte order mark is no white space to a record, nor to the test for XML.
  const content = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? bytes.subarray(3) : bytes;
  const start = content.findIndex((byte) => byte !== 0x20 && (byte < 0x09 || byte > 0x0d));
  if (start === -1) throw new OcmfError("file", "holds no records");
  return content[start] === 0x3c ? readXml(name, content) : readLines(name, content);
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

function readXml(file: string, bytes: Uint8Array): Item[] {
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
    return keyText === undefined || !item.record ? item : { ...item, keyText };
  });
}

function decodeUtf8(bytes: Uint8Array, field: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new OcmfError(field, "is not UTF-8 text");
  }
}
