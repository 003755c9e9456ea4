import { XMLBuilder, XMLParser } from "fast-xml-parser";
import { OcmfError, findingOf, quote } from "./errors.js";
import type { Finding } from "./errors.js";
import { decodeBase64 } from "./key.js";
import { decodeEntities, escapeXml } from "./xml.js";

/** One `value` of a container. */
export interface ContainerValue {
  /** The OCMF record, character for character. */
  readonly record: string;
  /** Public key of the record as text: SPKI DER, upper-case hex by custom. */
  readonly publicKey?: string;
  /**
   * Number under which the record is shown. S.A.F.E. takes values with the same number for the start and the end of
   * one transaction, so records that are not such a pair need different ones.
   */
  readonly transactionId?: bigint;
  /** Free text, except that S.A.F.E. pairs "Transaction.Begin" with "Transaction.End". */
  readonly context?: string;
}

/** What a container holds at one place: a value, or why it is none. */
export type ContainerEntry = { readonly line: number } & (
  { readonly value: ContainerValue } | { readonly error: Finding }
);

/**
 * Writes the XML container that the S.A.F.E. Transparenzsoftware reads (its XML_Format.md and values.xsd): a `values`
 * element of `value` elements, each with `signedData` (format OCMF, encoding plain) and `publicKey` (encoding plain).
 * @throws OcmfError if a record cannot be carried unchanged: readers trim it, and XML has no control characters
 */
export function writeContainer(values: readonly ContainerValue[]): string {
  if (values.length === 0) throw new OcmfError("values", "a container holds at least one value");
  const builder = new XMLBuilder({
    preserveOrder: true,
    ignoreAttributes: false,
    attributeNamePrefix: "",
    // Escaping is done here: the library's own set leaves out the line ends, which readers would change.
    processEntities: false,
    format: true,
  });
  const declaration = { "?xml": [{ "#text": "" }], ":@": { version: "1.0", encoding: "UTF-8" } };
  return `${builder.build([declaration, { values: values.map(buildValue) }])}\n`;
}

function buildValue({ record, publicKey, transactionId, context }: ContainerValue): object {
  if (record.trim() !== record || record === "") {
    throw new OcmfError("signedData", "a record neither is empty nor begins or ends with white space");
  }
  const signedData = {
    signedData: [{ "#text": escapeXml(record, "signedData") }],
    ":@": { format: "OCMF", encoding: "plain" },
  };
  const key = publicKey !== undefined && {
    publicKey: [{ "#text": escapeXml(publicKey, "publicKey") }],
    ":@": { encoding: "plain" },
  };
  return {
    value: key ? [signedData, key] : [signedData],
    ":@": {
      ...(transactionId !== undefined && { transactionId: transactionId.toString() }),
      ...(context !== undefined && { context: escapeXml(context, "context") }),
    },
  };
}

/**
 * Reads an XML container. Document types are refused, so no entity but XML's own five can be named and nothing can
 * expand; a value that cannot be read does not hide the others.
 * @param xml the document; line numbers in the result count from 1
 * @throws OcmfError if the document as a whole cannot be read
 */
export function readContainer(xml: string): ContainerEntry[] {
  const document = parseXml(xml);
  const root = document.find(({ name }) => name === "values");
  if (!root) throw new OcmfError("values", "the document has no element <values>");
  const values = root.children.filter(({ name }) => name === "value");
  if (values.length === 0) throw new OcmfError("values", "the container holds no <value>");
  const lineAt = lineCounter(xml);
  return values.map((node) => {
    const line = lineAt(node.start);
    try {
      return { line, value: readValue(node) };
    } catch (error) {
      return { line, error: findingOf(error) };
    }
  });
}

function readValue(node: XmlElement): ContainerValue {
  const signedData = onlyChild(node, "signedData");
  if (!signedData) throw new OcmfError("signedData", "is missing");
  const format = signedData.attributes.get("format");
  if (format !== undefined && format.trim().toUpperCase() !== "OCMF") {
    throw new OcmfError("signedData", `has the format ${quote(format)}, not OCMF`);
  }
  const publicKey = onlyChild(node, "publicKey");
  const key = publicKey && readKey(publicKey);
  const id = node.attributes.get("transactionId")?.trim() ?? "";
  const context = node.attributes.get("context");
  return {
    record: readRecord(signedData),
    ...(key !== undefined && { publicKey: key }),
    // The number is not signed and serves display only; one that is none is not worth refusing a record for.
    ...(/^[+-]?\d{1,40}$/.test(id) && { transactionId: BigInt(id.replace("+", "")) }),
    ...(context !== undefined && { context: decodeEntities(context, "context") }),
  };
}

/** Encodings of the container: plain, hex, base64; base32 belongs to another format's keys. */
function readRecord(node: XmlElement): string {
  const encoding = node.attributes.get("encoding")?.trim() ?? "plain";
  const text = node.text("signedData").trim();
  if (text === "") throw new OcmfError("signedData", "is empty");
  if (encoding === "plain") return text;
  const packed = text.replace(/\s+/g, "");
  const hex = /^(?:[0-9a-fA-F]{2})+$/.test(packed) ? Buffer.from(packed, "hex") : undefined;
  const bytes = encoding === "base64" ? decodeBase64(packed) : encoding === "hex" ? hex : null;
  if (bytes === null) throw new OcmfError("signedData", `has the unknown encoding ${quote(encoding)}`);
  if (bytes === undefined) throw new OcmfError("signedData", `is not ${encoding}`);
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes).trim();
  } catch {
    throw new OcmfError("signedData", "is not UTF-8 text");
  }
}

/** Keys are told apart by their digits, as S.A.F.E. does: the encoding attribute often says plain for hex. */
function readKey(node: XmlElement): string | undefined {
  const encoding = node.attributes.get("encoding")?.trim() ?? "plain";
  if (!["plain", "hex", "base64"].includes(encoding)) {
    throw new OcmfError("publicKey", `has the unknown encoding ${quote(encoding)}`);
  }
  const text = node.text("publicKey").trim();
  return text === "" ? undefined : text;
}

function onlyChild(node: XmlElement, name: string): XmlElement | undefined {
  const [first, second] = node.children.filter((child) => child.name === name);
  if (second) throw new OcmfError(name, "occurs twice in one value");
  return first;
}

interface XmlElement {
  readonly name: string;
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: readonly XmlElement[];
  /** Character data, entities resolved, CDATA sections as they are. */
  text(field: string): string;
  /** Offset of the start tag in the document. */
  readonly start: number;
}

const METADATA = XMLParser.getMetaDataSymbol() as unknown as symbol;

/** values/value/signedData is three deep; the rest is room for what other writers add. */
const MAX_NESTED_TAGS = 16;

function parseXml(xml: string): XmlElement[] {
  if (/<!(?:DOCTYPE|ENTITY)/i.test(xml)) throw new OcmfError("xml", "carries a document type, which is refused");
  const parser = new XMLParser({
    preserveOrder: true,
    ignoreAttributes: false,
    attributeNamePrefix: "",
    parseTagValue: false,
    trimValues: false,
    processEntities: false,
    cdataPropName: "#cdata",
    ignoreDeclaration: true,
    ignorePiTags: true,
    captureMetaData: true,
    maxNestedTags: MAX_NESTED_TAGS,
  });
  let document: unknown;
  try {
    document = parser.parse(xml, true);
  } catch (error) {
    // The library's messages end with :line:column.
    const [, what = "", line] = /^(.*?)(?::(\d+):\w+)?$/s.exec(error instanceof Error ? error.message : "") ?? [];
    throw new OcmfError("xml", `is not well formed${line === undefined ? "" : ` at line ${line}`}: ${quote(what)}`);
  }
  return elementsOf(document);
}

/** The library's ordered form: an array of {name: children, ":@": attributes}, text as {"#text": string}. */
type Ordered = Record<string | symbol, unknown>;

function elementsOf(nodes: unknown): XmlElement[] {
  const list = Array.isArray(nodes) ? (nodes as Ordered[]) : [];
  return list.flatMap((node) => {
    const name = Object.keys(node).find((key) => key !== ":@");
    if (name === undefined || name.startsWith("#")) return [];
    const content = node[name];
    return {
      name,
      attributes: new Map(Object.entries((node[":@"] ?? {}) as Record<string, string>)),
      get children() {
        return elementsOf(content);
      },
      text: (field: string) => textOf(content, field),
      start: (node[METADATA] as { startIndex?: number } | undefined)?.startIndex ?? 0,
    };
  });
}

function textOf(nodes: unknown, field: string): string {
  return (Array.isArray(nodes) ? (nodes as Ordered[]) : [])
    .map((node) => {
      if (typeof node["#text"] === "string") return decodeEntities(node["#text"], field);
      const [section] = (node["#cdata"] ?? []) as Ordered[];
      return typeof section?.["#text"] === "string" ? section["#text"] : "";
    })
    .join("");
}

/** Line numbers for offsets that only grow: one pass over the document in all. */
function lineCounter(text: string): (offset: number) => number {
  let line = 1;
  let next = text.indexOf("\n");
  return (offset) => {
    while (next !== -1 && next < offset) {
      line++;
      next = text.indexOf("\n", next + 1);
    }
    return line;
  };
}
