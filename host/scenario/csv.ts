import { readFileSync, statSync } from "node:fs";
import { ScenarioError } from "./document.js";

/** One field with its place in the file. */
export interface Cell {
  readonly text: string;
  readonly line: number;
  readonly column: number;
}

/** A year of minutes with many columns; a bound so that a wrong file is refused and not loaded. */
const MAX_BYTES = 256 * 1024 * 1024;

/** A CSV file with a header (RFC 4180: commas, quotes, line ends CRLF or LF). */
export class CsvTable {
  readonly header: readonly Cell[];
  readonly rows: readonly (readonly Cell[])[];

  /** @param file its name, for messages */
  constructor(
    readonly file: string,
    text: string,
  ) {
    const [header, ...rows] = parseRows(file, text);
    if (header === undefined) throw new ScenarioError(file, [{ line: 1, column: 1, text: "the file is empty" }]);
    this.header = header;
    this.rows = rows;
    for (const row of rows) {
      if (row.length === header.length) continue;
      const [cell] = row;
      const text = `${row.length} fields where the header has ${header.length}`;
      throw new ScenarioError(file, [{ line: cell?.line ?? 1, column: 1, text }]);
    }
  }

  /** Throws an Error where there is no such file to read. */
  static read(file: string): CsvTable {
    const stats = statSync(file, { throwIfNoEntry: false });
    if (stats === undefined) throw new Error("there is no such file");
    if (!stats.isFile()) throw new Error("is no file");
    if (stats.size > MAX_BYTES) throw new Error(`${stats.size} bytes, at most ${MAX_BYTES} are read`);
    return new CsvTable(file, readFileSync(file, "utf8"));
  }

  /** Index of the column with this header; undefined if there is none. Throws if there are two. */
  columnOf(name: string): number | undefined {
    const found = this.header.flatMap((cell, i) => (cell.text.trim() === name ? [i] : []));
    const second = this.header[found[1] ?? -1];
    if (second) throw this.error(second, `the header ${JSON.stringify(name)} occurs twice`);
    return found[0];
  }

  error({ line, column }: Cell, text: string): ScenarioError {
    return new ScenarioError(this.file, [{ line, column, text }]);
  }
}

/** Rows of cells; empty lines are skipped. */
function parseRows(file: string, source: string): Cell[][] {
  const text = source.startsWith("\uFEFF") ? source.slice(1) : source;
  const rows: Cell[][] = [];
  let row: Cell[] = [];
  let at = 0;
  let line = 1;
  let lineStart = 0;
  while (at < text.length) {
    const place = { line, column: at - lineStart + 1 };
    let value: string;
    if (text[at] === '"') {
      const end = closingQuote(text, at);
      if (end < 0) throw new ScenarioError(file, [{ ...place, text: "the quote is never closed" }]);
      value = text.slice(at + 1, end).replaceAll('""', '"');
      for (let i = at; i < end; i++) {
        if (text[i] !== "\n") continue;
        line++;
        lineStart = i + 1;
      }
      at = end + 1;
      if (at < text.length && !/[,\r\n]/.test(text[at] ?? "")) {
        throw new ScenarioError(file, [{ line, column: at - lineStart + 1, text: "text after a closing quote" }]);
      }
    } else {
      const start = at;
      while (at < text.length && text[at] !== "," && text[at] !== "\n" && text[at] !== "\r") at++;
      value = text.slice(start, at);
    }
    row.push({ text: value, ...place });
    if (text[at] === ",") {
      at++;
      // A comma at the very end still begins a field.
      if (at < text.length) continue;
      row.push({ text: "", line, column: at - lineStart + 1 });
    }
    if (text[at] === "\r") at++;
    if (text[at] === "\n") at++;
    line++;
    lineStart = at;
    if (row.length > 1 || row[0]?.text !== "") rows.push(row);
    row = [];
  }
  return rows;
}

function closingQuote(text: string, from: number): number {
  for (let at = from + 1; at < text.length; at++) {
    if (text[at] !== '"') continue;
    if (text[at + 1] !== '"') return at;
    at++;
  }
  return -1;
}
