import { bech32 } from "@scure/base";
import { DecodeError } from "./errors.js";

export const ALPHABET = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";
const CHECKSUM_GROUPS = 6;

/** Places in a text count from 1. */
export const character = (index: number): string => `character ${index + 1}`;

/** Human-readable part and groups of 5 bits, in lower case, without the checksum. Throws DecodeError. BIP 173. */
export function readBech32(text: string): { hrp: string; groups: number[] } {
  const strange = [...text].findIndex((char) => !/^[!-~]$/.test(char));
  if (strange >= 0) throw new DecodeError("invoice", character(strange), "is no character of bech32");
  const upper = text.search(/[A-Z]/);
  if (upper >= 0 && /[a-z]/.test(text)) throw new DecodeError("invoice", character(upper), "both cases in one text");
  const lowered = text.toLowerCase();
  const separator = lowered.lastIndexOf("1");
  if (separator < 1) throw new DecodeError("invoice", undefined, 'no "1" between a prefix and the data');
  const data = lowered.slice(separator + 1);
  const foreign = [...data].findIndex((char) => !ALPHABET.includes(char));
  if (foreign >= 0) {
    throw new DecodeError(
      "data",
      character(separator + 1 + foreign),
      `"${data[foreign] ?? ""}" is not in bech32's alphabet`,
    );
  }
  if (data.length < CHECKSUM_GROUPS) throw new DecodeError("checksum", character(separator + 1), "is cut off");
  try {
    const { prefix, words } = bech32.decode(lowered as `${string}1${string}`, false);
    return { hrp: prefix, groups: words };
  } catch {
    throw new DecodeError(
      "checksum",
      character(lowered.length - CHECKSUM_GROUPS),
      "does not match: a character is wrong",
    );
  }
}

export const numberOf = (groups: readonly number[]): bigint =>
  groups.reduce((sum, group) => (sum << 5n) | BigInt(group), 0n);

/** Bytes of groups with zeros up to a whole byte. */
export function padded(groups: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(Math.ceil((groups.length * 5) / 8));
  let [pending, bits, at] = [0, 0, 0];
  for (const group of groups) {
    pending = ((pending << 5) | group) & 0xfff;
    bits += 5;
    if (bits < 8) continue;
    bits -= 8;
    bytes[at++] = pending >> bits;
  }
  if (bits > 0) bytes[at] = pending << (8 - bits);
  return bytes;
}

/** Bytes of groups without what does not fill one. */
export const packed = (groups: readonly number[]): Uint8Array =>
  padded(groups).subarray(0, Math.floor((groups.length * 5) / 8));
