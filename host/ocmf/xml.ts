import { OcmfError, quote } from "./errors.js";

const NAMED: ReadonlyMap<string, string> = new Map([
  ["amp", "&"],
  ["lt", "<"],
  ["gt", ">"],
  ["quot", '"'],
  ["apos", "'"],
]);
const REFERENCE = /&(?:#(\d{1,7})|#x([0-9a-fA-F]{1,6})|(amp|lt|gt|quot|apos));|&/g;

/** XML 1.0, "Char": what a document can hold at all, escaped or not. */
const NOT_XML = /[^\t\n\r\u{20}-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]/u;

/**
 * Resolves character references and XML's five predefined entities; with no document type there can be no other.
 * @throws OcmfError naming `field`
 */
export function decodeEntities(text: string, field: string): string {
  return text.replace(REFERENCE, (reference, decimal?: string, hex?: string, name?: string) => {
    const named = name === undefined ? undefined : NAMED.get(name);
    if (named !== undefined) return named;
    const code = decimal !== undefined ? Number(decimal) : hex !== undefined ? parseInt(hex, 16) : -1;
    const character = code >= 0 && code <= 0x10ffff ? String.fromCodePoint(code) : "";
    if (character === "" || NOT_XML.test(character)) {
      throw new OcmfError(field, code < 0 ? "has an & that begins no known entity" : `has ${quote(reference)}`);
    }
    return character;
  });
}

/**
 * Escapes text for character data and attribute values alike, so that every reader gives back the same characters:
 * also tabs and line ends, which XML readers otherwise normalize.
 * @throws OcmfError naming `field` for characters that XML cannot hold
 */
export function escapeXml(text: string, field: string): string {
  if (NOT_XML.test(text)) throw new OcmfError(field, "has a character that XML cannot hold");
  return text.replace(/[&<>"'\t\n\r]/g, (character) => {
    for (const [name, value] of NAMED) if (value === character) return `&${name};`;
    return `&#${character.charCodeAt(0)};`;
  });
}
