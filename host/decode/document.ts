/** What a decoder found, ready to be shown: names in their order. Amounts are bigints, bytes hexadecimal. */
export type Value = string | number | bigint | boolean | null | readonly Value[] | Document;
export interface Document {
  readonly [name: string]: Value;
}

/** As JSON: whole numbers beyond JSON's are strings. */
export const jsonText = (document: Document): string =>
  `${JSON.stringify(document, (_name, value: unknown) => (typeof value === "bigint" ? value.toString() : value), 2)}\n`;

const isDocument = (value: Value): value is Document =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const isList = (value: Value): value is readonly Value[] => Array.isArray(value);

function scalar(value: Value): string {
  if (value === null) return "none";
  if (typeof value === "string") return value === "" ? "(empty)" : value;
  return String(value);
}

const INDENT = "  ";

/** As people read it: one name a line, values of a group below each other, groups indented. */
export function textLines(document: Document, depth = 0): string[] {
  const indent = INDENT.repeat(depth);
  const entries = Object.entries(document);
  const width = Math.max(0, ...entries.map(([name, value]) => (isGroup(value) ? 0 : name.length)));
  return entries.flatMap(([name, value]) => {
    if (!isGroup(value)) return [`${indent}${`${name}:`.padEnd(width + 2)}${scalar(isList(value) ? null : value)}`];
    return [
      `${indent}${name}:`,
      ...(isList(value) ? listLines(value, depth + 1) : textLines(value as Document, depth + 1)),
    ];
  });
}

/** Has lines of its own. An empty list is none. */
const isGroup = (value: Value): boolean => isDocument(value) || (isList(value) && value.length > 0);

function listLines(list: readonly Value[], depth: number): string[] {
  const indent = INDENT.repeat(depth);
  return list.flatMap((value, index) => {
    if (!isGroup(value)) return [`${indent}${scalar(isList(value) ? null : value)}`];
    const lines = isList(value) ? listLines(value, depth + 1) : textLines(value as Document, depth + 1);
    return [`${indent}[${index}]`, ...lines];
  });
}
