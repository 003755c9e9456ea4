import { closeSync, fsyncSync, openSync, readFileSync, writeSync } from "node:fs";
import { writeWhole } from "./folder.js";
import { isObject } from "./rpc.js";

/** Lines beyond what is alive before the file is written anew at its next opening. */
const SPARE_LINES = 1000;

/**
 * Values by key in a file to which every change is appended as a line, so that a change costs the same however much there
 * is. The last line of a key counts; null removes it.
 */
export class BookFile {
  private constructor(private readonly file: number) {}

  /** Calls `take` for each key that there is, in the order in which they came first. Throws an Error naming the file. */
  static open(path: string, take: (key: string, value: unknown) => void): BookFile {
    let text = "";
    try {
      text = readFileSync(path, "utf8");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    }
    const lines = text.split("\n");
    // A line without its end is one during which the process was killed.
    const cut = lines.pop() ?? "";
    const alive = new Map<string, unknown>();
    lines.forEach((line, index) => {
      const [key, value] = entryOf(line) ?? [];
      if (key === undefined) throw new Error(`${path}, line ${index + 1}: is no entry of a node's book`);
      if (value === null) alive.delete(key);
      else alive.set(key, value);
    });
    if (cut !== "" || lines.length > alive.size + SPARE_LINES) {
      writeWhole(path, [...alive].map(([key, value]) => lineOf(key, value)).join(""));
    }
    for (const [key, value] of alive) take(key, value);
    return new BookFile(openSync(path, "a", 0o600));
  }

  /** @param safe whether it has to outlive a power cut, and not only this process */
  set(key: string, value: unknown, safe = false): void {
    writeSync(this.file, lineOf(key, value));
    if (safe) fsyncSync(this.file);
  }

  close(): void {
    closeSync(this.file);
  }
}

const lineOf = (key: string, value: unknown): string => `${JSON.stringify({ key, value })}\n`;

function entryOf(line: string): readonly [string, unknown] | undefined {
  try {
    const entry = JSON.parse(line) as unknown;
    if (!isObject(entry) || typeof entry["key"] !== "string" || entry["value"] === undefined) return undefined;
    return [entry["key"], entry["value"]];
  } catch {
    return undefined;
  }
}
