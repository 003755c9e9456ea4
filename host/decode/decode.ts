import { MESSAGES } from "../wire/message.js";
import type { Document } from "./document.js";
import { DecodeError } from "./errors.js";
import { decodeInvoice } from "./invoice.js";
import { invoiceDocument } from "./invoice_document.js";
import { messageDocument, payloadDocument, payloadTlvs } from "./message_document.js";
import { ONION_BYTES, decodeOnion, onionHead, peelOnion } from "./onion.js";
import { hexOf } from "./reader.js";
import { recogniseWitnessScript } from "./templates.js";
import { decodeTransaction } from "./transaction.js";
import { obscuringFactor, scriptDocument, transactionDocument } from "./transaction_document.js";

export const KINDS = ["invoice", "message", "transaction", "onion", "payload", "script"] as const;
export type Kind = (typeof KINDS)[number];

export interface DecodeOptions {
  /** What it is; recognised where it is not said. */
  readonly kind?: Kind | undefined;
  /** Onion: private key of the hop, 32 bytes. */
  readonly key?: Uint8Array | undefined;
  /** Onion: what it is bound to, the payment_hash. */
  readonly associatedData?: Uint8Array | undefined;
  /** Commitment transaction: payment_basepoints of opener and accepter. */
  readonly basepoints?: readonly [Uint8Array, Uint8Array] | undefined;
  /** Transaction: witness scripts that its outputs may commit to. */
  readonly witnessScripts?: readonly Uint8Array[] | undefined;
}

const URI = /^lightning:(?:\/\/)?/i;
/** What begins like an invoice and is not hexadecimal ("l" and "n" are not). */
const INVOICE = /^(?:lightning:|ln)/i;

/** Decodes what a user gave, text or bytes. Throws DecodeError. */
export function decode(input: string | Uint8Array, options: DecodeOptions = {}): Document {
  const { kind } = options;
  if (typeof input === "string") {
    const text = input.trim();
    if (text === "") throw new DecodeError("input", undefined, "there is nothing in it");
    if (kind === "invoice" || (kind === undefined && INVOICE.test(text))) {
      return invoiceDocument(decodeInvoice(text.replace(URI, "")));
    }
    return decodeBytes(bytesOf(text), options);
  }
  if (input.length === 0) throw new DecodeError("input", undefined, "there is nothing in it");
  if (kind === "invoice") return invoiceDocument(decodeInvoice(Buffer.from(input).toString("latin1").trim()));
  return decodeBytes(input, options);
}

/** Hexadecimal, with spaces and line ends where they help. */
export function bytesOf(text: string, field = "input"): Uint8Array {
  const strange = text.search(/[^0-9a-fA-F\s]/);
  if (strange >= 0) {
    throw new DecodeError(field, `character ${strange + 1}`, "is neither hexadecimal nor what an invoice begins with");
  }
  const digits = text.replace(/\s/g, "");
  if (digits.length % 2 !== 0) throw new DecodeError(field, `character ${text.length}`, "half a byte is missing");
  return new Uint8Array(Buffer.from(digits, "hex"));
}

function decodeBytes(bytes: Uint8Array, options: DecodeOptions): Document {
  switch (options.kind ?? recognise(bytes)) {
    case "transaction": {
      const factor = options.basepoints && obscuringFactor(...options.basepoints);
      return transactionDocument(decodeTransaction(bytes), factor, options.witnessScripts);
    }
    case "onion":
      return onionDocument(bytes, options);
    case "payload":
      return payloadDocument(bytes);
    case "script":
      return scriptDocument(bytes);
    case "message":
      return messageDocument(bytes);
    default:
      throw new DecodeError(
        "input",
        "byte 0",
        `${bytes.length} bytes that are no transaction, message, onion, payload or script of a channel; --type says what they are`,
      );
  }
}

function decodes(decoder: () => unknown): boolean {
  try {
    decoder();
    return true;
  } catch (error) {
    if (error instanceof DecodeError) return false;
    throw error;
  }
}

const TYPES = new Set(MESSAGES.map(({ type }) => type));

/**
 * What the bytes are. What decodes as a whole comes first; after it what they look like at their beginning, so that the
 * error is about that.
 */
function recognise(bytes: Uint8Array): Kind | undefined {
  const onion = bytes.length === ONION_BYTES && bytes[0] === 0;
  if (onion) return "onion";
  if (decodes(() => decodeTransaction(bytes))) return "transaction";
  const type = bytes.length < 2 ? undefined : ((bytes[0] ?? 0) << 8) | (bytes[1] ?? 0);
  const known = type !== undefined && TYPES.has(type);
  if (known && decodes(() => messageDocument(bytes))) return "message";
  if (decodes(() => payloadDocument(bytes))) return "payload";
  if (recogniseWitnessScript(bytes) !== undefined) return "script";
  if (bytes[0] !== undefined && bytes[0] >= 1 && bytes[0] <= 3 && hexOf(bytes.subarray(1, 4)) === "000000") {
    return "transaction";
  }
  if (known || (type !== undefined && type % 2 === 1 && bytes.length > 2)) return "message";
  return undefined;
}

function onionDocument(bytes: Uint8Array, { key, associatedData }: DecodeOptions): Document {
  const onion = decodeOnion(bytes);
  const head = { kind: "onion", ...onionHead(onion) };
  if (key === undefined) return { ...head, payload: "encrypted; --key and --assocdata peel it" };
  const { payload, next, sharedSecret } = peelOnion(onion, key, associatedData ?? new Uint8Array(0));
  return {
    ...head,
    shared_secret: hexOf(sharedSecret),
    final: next === undefined,
    payload: hexOf(payload),
    ...payloadTlvs(payload, 0, "byte of the payload"),
    ...(next === undefined ? {} : { next_onion: hexOf(next) }),
  };
}
