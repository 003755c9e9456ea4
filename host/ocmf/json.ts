import { OcmfError } from "./errors.js";

/**
 * A JSON number as it is written. The source text matters twice: an OCMF reading value shows its valid digits
 * (Table 7, RV; no reader is to rewrite it), and pulse registers are u64, beyond a double's 2^53.
 */
export class JsonNumber {
  constructor(readonly text: string) {}
}

/** A Map and not an object: a key such as "__proto__" is then only a key. */
export type JsonObject = ReadonlyMap<string, Json>;
export type Json = null | boolean | string | JsonNumber | readonly Json[] | JsonObject;

/** OCMF needs four levels; a bound keeps the walk below off the end of the stack. */
const MAX_DEPTH = 16;

/** Strings (with the colon, if they are keys) and numbers. Exact only for text that is known to be JSON. */
const TOKEN = /("[^"\\]*(?:\\.[^"\\]*)*")(\s*:)?|-?\d[\d.eE+-]*/g;

/**
 * Parses one JSON object exactly: numbers keep their text, keys may not repeat (parsers disagree on which one wins, so
 * two readers of one signed record could see different values).
 *
 * The engine's JSON.parse does the parsing. Once it has accepted the text, every string is tagged with a leading "s",
 * every number is rewritten as a string with a leading "n", and the result is parsed again: no tag can be forged,
 * because none is taken from the text.
 * @param field name of the section, for messages
 * @throws OcmfError
 */
export function parseJsonObject(text: string, field: string): JsonObject {
  checkSyntax(text, field);
  let keys = 0;
  const tagged = text.replace(TOKEN, (token: string, string: string | undefined, colon: string | undefined) => {
    if (string === undefined) return `"n${token}"`;
    if (colon !== undefined) keys++;
    return `"s${string.slice(1)}${colon ?? ""}`;
  });
  const walk = new Walk(field);
  const value = walk.untag(JSON.parse(tagged), 0);
  if (walk.keys !== keys) throw new OcmfError(field, "names a key twice");
  if (!(value instanceof Map)) throw new OcmfError(field, "is not a JSON object");
  return value as JsonObject;
}

function checkSyntax(text: string, field: string): void {
  try {
    JSON.parse(text);
  } catch (error) {
    const at = error instanceof SyntaxError ? /position (\d+)/.exec(error.message)?.[1] : undefined;
    throw new OcmfError(field, `is not valid JSON${at === undefined ? "" : `, at its character ${Number(at) + 1}`}`);
  }
}

class Walk {
  /** Distinct keys met so far, in all objects. */
  keys = 0;

  constructor(private readonly field: string) {}

  untag(value: unknown, depth: number): Json {
    if (depth > MAX_DEPTH) throw new OcmfError(this.field, `is nested deeper than ${MAX_DEPTH} levels`);
    if (typeof value === "string") return value.startsWith("n") ? new JsonNumber(value.slice(1)) : value.slice(1);
    if (typeof value !== "object" || value === null) return typeof value === "boolean" ? value : null;
    if (Array.isArray(value)) return value.map((item) => this.untag(item, depth + 1));
    const entries = Object.entries(value);
    this.keys += entries.length;
    return new Map(entries.map(([key, item]) => [key.slice(1), this.untag(item, depth + 1)]));
  }
}
