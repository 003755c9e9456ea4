import { secp256k1 } from "@noble/curves/secp256k1.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { bech32 } from "@scure/base";
import { ALPHABET } from "./invoices.js";

// An invoice writer of its own, on @scure/base and noble: the oracle of the firmware's.

/** A tagged field as groups of 5 bits. */
export interface GroupField {
  readonly type: string;
  readonly groups: readonly number[];
}

export const groupsOfBytes = (bytes: Uint8Array): number[] => bech32.toWords(bytes);

/** As few groups as do. */
export function groupsOfNumber(value: bigint): number[] {
  return value === 0n ? [] : [...groupsOfNumber(value >> 5n), Number(value & 31n)];
}

function fixedGroups(value: bigint, count: number): number[] {
  return Array.from({ length: count }, (_, index) => Number((value >> BigInt(5 * (count - 1 - index))) & 31n));
}

/** The data part before the signature. */
export const dataGroups = (timestamp: bigint, fields: readonly GroupField[]): number[] => [
  ...fixedGroups(timestamp, 7),
  ...fields.flatMap(({ type, groups }) => [ALPHABET.indexOf(type), groups.length >> 5, groups.length & 31, ...groups]),
];

/** Signature groups over a human-readable part and data: RFC 6979, low S, with the recovery id behind it. */
export function signatureGroups(hrp: string, data: readonly number[], key: Uint8Array): number[] {
  const bits = [...data.map((group) => group.toString(2).padStart(5, "0")).join("")];
  const bytes = Array.from({ length: Math.ceil(bits.length / 8) }, (_, at) =>
    Number.parseInt(
      bits
        .slice(at * 8, at * 8 + 8)
        .join("")
        .padEnd(8, "0"),
      2,
    ),
  );
  const digest = sha256(Uint8Array.from([...Buffer.from(hrp), ...bytes]));
  const [recovery = 0, ...rs] = secp256k1.sign(digest, key, { prehash: false, format: "recovered" });
  return groupsOfBytes(Uint8Array.from([...rs, recovery]));
}

export const invoiceText = (hrp: string, groups: readonly number[]): string => bech32.encode(hrp, [...groups], false);

/** The whole invoice. */
export function signedInvoice(hrp: string, timestamp: bigint, fields: readonly GroupField[], key: Uint8Array): string {
  const data = dataGroups(timestamp, fields);
  return invoiceText(hrp, [...data, ...signatureGroups(hrp, data, key)]);
}
