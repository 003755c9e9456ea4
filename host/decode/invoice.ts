import { createHash } from "node:crypto";
import secp256k1 from "secp256k1";
import { fallbackAddress } from "./address.js";
import { ALPHABET, character, numberOf, packed, padded, readBech32 } from "./bech32.js";
import { DecodeError } from "./errors.js";
import { featureName } from "./features.js";
import { Reader, hexOf } from "./reader.js";

// Reading BOLT 11 invoices apart from the firmware: a second reading of the same specification, which the tests hold
// against the first.

export interface RouteHop {
  readonly pubkey: string;
  readonly short_channel_id: string;
  readonly fee_base_msat: number;
  readonly fee_proportional_millionths: number;
  readonly cltv_expiry_delta: number;
}

export interface Invoice {
  readonly currency: string;
  /** undefined: any amount. */
  readonly amount_msat: bigint | undefined;
  readonly timestamp: number;
  readonly expiry_s: bigint;
  readonly payee: string;
  readonly payment_hash: string;
  readonly payment_secret: string;
  readonly description: Uint8Array | undefined;
  readonly description_hash: string | undefined;
  readonly metadata: string | undefined;
  readonly min_final_cltv_expiry_delta: bigint;
  /** Bits that are set, ascending. */
  readonly features: readonly number[];
  readonly routes: readonly (readonly RouteHop[])[];
  readonly fallbacks: readonly { version: number; program: string; address: string | undefined }[];
  /** Fields that a reader passes over: of unknown type, or not of the length or version that their type has. */
  readonly skipped: readonly { type: string; groups: number }[];
  readonly signature: { readonly r_s: string; readonly recovery_id: number };
}

const TIMESTAMP_GROUPS = 7;
const SIGNATURE_GROUPS = 104;
const HOP_BYTES = 51;
const MAX_U64 = 2n ** 64n - 1n;
const MSAT_PER_UNIT = 100_000_000_000n;
/**
 * Even features that a reader may find set: those that BOLT 9 has every node assume, basic_mpp, option_attribution_data,
 * option_payment_metadata.
 */
const KNOWN_EVEN = [0, 8, 12, 14, 44, 16, 36, 48];
/** Feature and the one on which it depends, unless that is assumed. BOLT 9. */
const DEPENDENCIES = [
  [50, 46],
  [60, 26],
] as const;

/** A tagged field: its groups, and the index of its first character in the text. */
interface Field {
  readonly type: string;
  readonly groups: readonly number[];
  readonly at: number;
}

/** @param text without the `lightning:` of a URI. Throws DecodeError. BOLT 11. */
export function decodeInvoice(text: string): Invoice {
  const { hrp, groups } = readBech32(text);
  const { currency, amount } = readPrefix(hrp);
  const dataAt = hrp.length + 1;
  const signatureFrom = groups.length - SIGNATURE_GROUPS;
  if (signatureFrom < TIMESTAMP_GROUPS) {
    throw new DecodeError("signature", character(dataAt), "the text is too short for a timestamp and a signature");
  }
  const fields = readFields(groups.slice(0, signatureFrom), dataAt);
  const signed = Buffer.concat([Buffer.from(hrp), padded(groups.slice(0, signatureFrom))]);
  const known = interpret(fields, currency);
  const signature = packed(groups.slice(signatureFrom));
  return {
    currency,
    amount_msat: amount,
    timestamp: Number(numberOf(groups.slice(0, TIMESTAMP_GROUPS))),
    ...known,
    payee: payeeOf(signed, signature, known.payee, character(dataAt + signatureFrom)),
    signature: { r_s: hexOf(signature.subarray(0, 64)), recovery_id: signature[64] ?? 0 },
  };
}

const MULTIPLIERS: Readonly<Record<string, bigint>> = {
  "": 1n,
  m: 10n ** 3n,
  u: 10n ** 6n,
  n: 10n ** 9n,
  p: 10n ** 12n,
};

/** BOLT 11, "Human-Readable Part". */
function readPrefix(hrp: string): { currency: string; amount: bigint | undefined } {
  const [, currency, digits = "", multiplier = ""] = /^ln([a-z]+)(?:(\d+)(.*))?$/.exec(hrp) ?? [];
  if (currency === undefined) throw new DecodeError("prefix", character(0), 'does not begin with "ln" and a currency');
  const at = 2 + currency.length;
  if (digits === "") return { currency, amount: undefined };
  if (digits.startsWith("0")) throw new DecodeError("amount", character(at), "begins with a zero");
  const parts = MULTIPLIERS[multiplier];
  if (parts === undefined) {
    throw new DecodeError("multiplier", character(at + digits.length), `"${multiplier}" is not m, u, n or p`);
  }
  const scaled = BigInt(digits) * MSAT_PER_UNIT;
  if (scaled % parts !== 0n) throw new DecodeError("amount", character(at), "has a fraction of a msat");
  if (scaled / parts > MAX_U64) throw new DecodeError("amount", character(at), "is beyond 64 bits of msat");
  return { currency, amount: scaled / parts };
}

function readFields(groups: readonly number[], dataAt: number): Field[] {
  const fields: Field[] = [];
  let at = TIMESTAMP_GROUPS;
  while (at < groups.length) {
    const [type, high, low] = [groups[at], groups[at + 1], groups[at + 2]];
    const place = character(dataAt + at);
    if (type === undefined || high === undefined || low === undefined) {
      throw new DecodeError("tagged field", place, "type and length are cut off");
    }
    const name = ALPHABET[type] ?? "";
    const length = high * 32 + low;
    at += 3;
    if (at + length > groups.length) {
      throw new DecodeError(`field ${name}`, place, `${length} groups long, ${groups.length - at} are left`);
    }
    fields.push({ type: name, groups: groups.slice(at, at + length), at: dataAt + at });
    at += length;
  }
  return fields;
}

type Known = Omit<Invoice, "currency" | "amount_msat" | "timestamp" | "payee" | "signature"> & {
  readonly payee: string | undefined;
};

/** BOLT 11, "Tagged Fields": the first field of a type counts, of `f` and `r` every one. */
function interpret(fields: readonly Field[], currency: string): Known {
  for (const field of fields) {
    if ("xc9".includes(field.type) && field.groups[0] === 0) {
      throw new DecodeError(`field ${field.type}`, character(field.at), "begins with zeros");
    }
  }
  const all = (type: string): Field[] => fields.filter((field) => field.type === type && hasForm(field));
  const hex = (type: string): string | undefined => mapped(all(type)[0], ({ groups }) => hexOf(packed(groups)));
  const number = (type: string, name: string): bigint | undefined =>
    mapped(all(type)[0], ({ groups, at }) => u64(name, groups, at));
  const required = (type: string, name: string): string => {
    const value = hex(type);
    if (value === undefined) throw new DecodeError(name, undefined, `there is no field ${type} of the right length`);
    return value;
  };
  const description = mapped(all("d")[0], ({ groups }) => packed(groups));
  const description_hash = hex("h");
  if (description === undefined && description_hash === undefined) {
    throw new DecodeError("description", undefined, "there is neither a field d nor a field h");
  }
  if (description !== undefined && description_hash !== undefined) {
    throw new DecodeError("description", undefined, "there are both a field d and a field h");
  }
  return {
    expiry_s: number("x", "expiry") ?? 3600n,
    payee: hex("n"),
    payment_hash: required("p", "payment_hash"),
    payment_secret: required("s", "payment_secret"),
    description,
    description_hash,
    metadata: hex("m"),
    min_final_cltv_expiry_delta: number("c", "min_final_cltv_expiry_delta") ?? 18n,
    features: featuresOf(all("9")[0]),
    routes: all("r").map(({ groups }) => routeOf(packed(groups))),
    fallbacks: all("f").map(({ groups }) => {
      const [version = 0, program] = [groups[0], packed(groups.slice(1))];
      return { version, program: hexOf(program), address: fallbackAddress(currency, version, program) };
    }),
    skipped: fields.filter((field) => !hasForm(field)).map(({ type, groups }) => ({ type, groups: groups.length })),
  };
}

function hasForm({ type, groups }: Field): boolean {
  const bytes = packed(groups).length;
  switch (type) {
    case "p":
    case "s":
    case "h":
      return groups.length === 52;
    case "n":
      return groups.length === 53;
    case "r":
      return bytes > 0 && bytes % HOP_BYTES === 0;
    case "f":
      return isAddress(groups);
    default:
      return "dmxc9".includes(type);
  }
}

function isAddress(groups: readonly number[]): boolean {
  const [version] = groups;
  const bytes = packed(groups.slice(1)).length;
  if (version === undefined) return false;
  if (version === 17 || version === 18) return bytes === 20;
  return version === 0 ? bytes === 20 || bytes === 32 : version <= 16 && bytes >= 2 && bytes <= 40;
}

function routeOf(bytes: Uint8Array): RouteHop[] {
  const reader = new Reader(bytes);
  const hops: RouteHop[] = [];
  while (reader.left > 0) {
    hops.push({
      pubkey: reader.hex("pubkey", 33),
      short_channel_id: scidText(reader.u64("short_channel_id")),
      fee_base_msat: reader.u32("fee_base_msat"),
      fee_proportional_millionths: reader.u32("fee_proportional_millionths"),
      cltv_expiry_delta: reader.u16("cltv_expiry_delta"),
    });
  }
  return hops;
}

/** Block, transaction and output of a short_channel_id. BOLT 7. */
export const scidText = (scid: bigint): string => `${scid >> 40n}x${(scid >> 16n) & 0xffffffn}x${scid & 0xffffn}`;

function featuresOf(field: Field | undefined): number[] {
  if (field === undefined) return [];
  const bits = numberOf(field.groups);
  const features = Array.from({ length: 5 * field.groups.length }, (_, bit) => bit).filter(
    (bit) => (bits >> BigInt(bit)) & 1n,
  );
  const place = character(field.at);
  const unknown = features.find((bit) => bit % 2 === 0 && !KNOWN_EVEN.includes(bit));
  if (unknown !== undefined) throw new DecodeError("features", place, `bit ${unknown} is required and unknown`);
  const has = (even: number): boolean => features.includes(even) || features.includes(even + 1);
  for (const [feature, needed] of DEPENDENCIES) {
    if (has(feature) && !has(needed)) {
      throw new DecodeError("features", place, `${featureName(feature)} is set without ${featureName(needed)}`);
    }
  }
  return features;
}

/** The node that signed. A named one must have, and with a low S; without a name the key is recovered from either. */
function payeeOf(signed: Uint8Array, signature: Uint8Array, named: string | undefined, place: string): string {
  const [rs, recovery = 0] = [signature.subarray(0, 64), signature[64]];
  const digest = createHash("sha256").update(signed).digest();
  if (recovery > 3) throw new DecodeError("signature", place, `recovery id ${recovery} is not 0 to 3`);
  try {
    if (named === undefined) return hexOf(secp256k1.ecdsaRecover(rs, recovery, digest, true));
    if (secp256k1.ecdsaVerify(rs, digest, Buffer.from(named, "hex"))) return named;
  } catch {
    // libsecp256k1's wrapper throws where r, s or the point is none.
  }
  const reason =
    named === undefined ? "no key can have made it" : "was not made by the payee that field n names, or has a high S";
  throw new DecodeError("signature", place, reason);
}

const mapped = <T, U>(value: T | undefined, map: (value: T) => U): U | undefined =>
  value === undefined ? undefined : map(value);

function u64(name: string, groups: readonly number[], at: number): bigint {
  const value = numberOf(groups);
  if (value > MAX_U64) throw new DecodeError(name, character(at), "is beyond 64 bits");
  return value;
}
