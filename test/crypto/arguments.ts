// Arguments of the crypto imports: what each parameter is, and generators that give mostly what works, often what is at
// an edge, and sometimes what is wrong.

import { chacha20poly1305 } from "@noble/ciphers/chacha.js";
import { secp256k1 } from "@noble/curves/secp256k1.js";
import fc from "fast-check";
import type { CryptoImportName } from "../../host/node/abi.js";
import { ORDER, toScalar } from "./model.js";

/** One parameter: bytes of a fixed length, bytes and their length (two arguments), a place for a result, a number. */
type Parameter =
  | {
      readonly kind: "bytes";
      readonly value: fc.Arbitrary<Uint8Array>;
      readonly length: number;
      readonly optional: boolean;
    }
  | { readonly kind: "data"; readonly value: fc.Arbitrary<Uint8Array>; readonly spare: number }
  | { readonly kind: "out"; readonly length: number }
  | { readonly kind: "number"; readonly value: fc.Arbitrary<number> };

type Placed = readonly [at: number, bytes: Uint8Array];

/** Bytes to place in memory before the call, and the arguments that say where. */
export interface Call {
  readonly placed: readonly Placed[];
  readonly args: readonly number[];
}

const fixed = (length: number): fc.Arbitrary<Uint8Array> => fc.uint8Array({ minLength: length, maxLength: length });
const scalarOf = (value: fc.Arbitrary<bigint>): fc.Arbitrary<Uint8Array> => value.map(toScalar);

const EDGES = [0n, 1n, 2n, ORDER / 2n, ORDER / 2n + 1n, ORDER - 2n, ORDER - 1n, ORDER, ORDER + 1n, 2n ** 256n - 1n];
const scalar = fc.oneof(
  { weight: 6, arbitrary: scalarOf(fc.bigInt(1n, ORDER - 1n)) },
  { weight: 2, arbitrary: scalarOf(fc.constantFrom(...EDGES)) },
);

const FIELD = secp256k1.Point.Fp.ORDER;
const encode = (prefix: number, x: bigint): Uint8Array => Uint8Array.of(prefix, ...toScalar(x));
/** x = 5 is on no point of the curve, x = 1 is. */
const BAD_POINTS = [
  ...[0, 1, 4, 5, 6, 7, 255].map((prefix) => encode(prefix, 1n)),
  ...[0n, 5n, FIELD, FIELD + 1n, 2n ** 256n - 1n].flatMap((x) => [encode(2, x), encode(3, x)]),
];
const point = fc.oneof(
  { weight: 6, arbitrary: fc.bigInt(1n, ORDER - 1n).map((k) => secp256k1.Point.BASE.multiply(k).toBytes(true)) },
  { weight: 1, arbitrary: fc.constantFrom(encode(2, 1n), encode(3, 1n), secp256k1.Point.BASE.toBytes(true)) },
  { weight: 1, arbitrary: fc.constantFrom(...BAD_POINTS) },
);

/** Any r and s, small and large ones: recovery ids 2 and 3 have points only for r below field size - group order. */
const signature = fc
  .tuple(fc.oneof(scalar, scalarOf(fc.bigInt(1n, 20n))), scalar)
  .map(([r, s]) => Uint8Array.of(...r, ...s));

const text = fc.oneof(
  fc.uint8Array({ maxLength: 140 }),
  fc.constantFrom(0, 1, 55, 56, 63, 64, 65, 119, 120, 128).map((length) => new Uint8Array(length).fill(0x61)),
);
/** Digests beyond the group order are left to a test of their own: RFC 6979 is read in two ways there. */
const digest = fixed(32).map((bytes) => bytes.with(0, (bytes[0] ?? 0) & 0x7f));
const handle = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(0, 8, 9, 12, 1000, 0x7fff_ffff) },
  { weight: 1, arbitrary: fc.constantFrom(-1, -2147483648) },
);

const bytes = (value: fc.Arbitrary<Uint8Array>, length: number, optional = false): Parameter => ({
  kind: "bytes",
  value,
  length,
  optional,
});
const data = (spare = 0): Parameter => ({ kind: "data", value: text, spare });
const out = (length: number): Parameter => ({ kind: "out", length });
const number = (value: fc.Arbitrary<number>): Parameter => ({ kind: "number", value });
const KEY = bytes(fixed(32), 32);
const NONCE = bytes(fixed(12), 12);
const SCALAR = bytes(scalar, 32);
const POINT = bytes(point, 33);
const DIGEST = bytes(digest, 32);
const SIGNATURE = bytes(signature, 64);
const TWEAK = bytes(scalar, 32, true);

const PARAMETERS: Record<CryptoImportName, readonly Parameter[]> = {
  sha256: [data(), out(32)],
  sha256d: [data(), out(32)],
  sha256_update: [data()],
  sha256_final: [out(32)],
  ripemd160: [data(), out(20)],
  hmac_sha256: [data(), data(), out(32)],
  hkdf_sha256: [KEY, data(), out(64)],
  chacha20: [KEY, NONCE, data()],
  aead_seal: [KEY, NONCE, data(), data(16)],
  aead_open: [KEY, NONCE, data(), data()],
  key_public: [number(handle), out(33)],
  key_ecdh: [number(handle), POINT, out(32)],
  key_sign: [number(handle), TWEAK, TWEAK, DIGEST, out(64)],
  key_sign_recoverable: [number(handle), DIGEST, out(65)],
  key_seed: [number(fc.constantFrom(0, 1, 0x100, 0x101, 0x7fff_ffff, -1, -2147483648)), out(32)],
  scalar_public: [SCALAR, out(33)],
  scalar_ecdh: [SCALAR, POINT, out(32)],
  scalar_add: [SCALAR, SCALAR, out(32)],
  scalar_mul: [SCALAR, SCALAR, out(32)],
  point_mul: [POINT, SCALAR, out(33)],
  point_add: [POINT, POINT, out(33)],
  point_add_scalar: [POINT, SCALAR, out(33)],
  verify: [POINT, DIGEST, SIGNATURE],
  recover: [DIGEST, SIGNATURE, number(fc.integer({ min: -1, max: 4 })), out(33)],
};

/** Where a parameter's bytes lie: in a slot of their own, or anywhere, over others'. */
const SLOT_BYTES = 192;
const SLOTS = 6;
export const ARENA_BYTES = SLOT_BYTES * SLOTS;
const place = (slot: number): fc.Arbitrary<number> =>
  fc.oneof(
    { weight: 4, arbitrary: fc.constant(slot * SLOT_BYTES) },
    { weight: 1, arbitrary: fc.integer({ min: 0, max: ARENA_BYTES - SLOT_BYTES }) },
  );

const argumentsOf = (parameter: Parameter, slot: number, base: number): fc.Arbitrary<Call> => {
  if (parameter.kind === "number") return parameter.value.map((value) => ({ placed: [], args: [value] }));
  const at = place(slot).map((offset) => base + offset);
  if (parameter.kind === "out") return at.map((address) => ({ placed: [], args: [address] }));
  const present = fc.tuple(at, parameter.value).map(([address, value]) => ({
    placed: [[address, value]] as const,
    args: parameter.kind === "data" ? [address, value.length] : [address],
  }));
  const absent = fc.constant({ placed: [], args: [0] });
  return parameter.kind === "bytes" && parameter.optional ? fc.oneof(present, present, absent) : present;
};

/** Calls of one import with everything inside the `ARENA_BYTES` at `base`. */
export const calls = (name: CryptoImportName, base: number): fc.Arbitrary<Call> =>
  fc.tuple(...PARAMETERS[name].map((parameter, slot) => argumentsOf(parameter, slot, base))).map((parts) => ({
    placed: parts.flatMap(({ placed }) => placed),
    args: parts.flatMap(({ args }) => args),
  }));

/** An argument that is an address: how many bytes must lie there; undefined: as many as the next argument says. */
export interface Pointer {
  readonly index: number;
  readonly length: number | undefined;
  /** Bytes that are written behind. */
  readonly spare: number;
}

/** The addresses among an import's arguments, and how many arguments it has. */
export function pointers(name: CryptoImportName): { readonly found: readonly Pointer[]; readonly count: number } {
  const found: Pointer[] = [];
  let index = 0;
  for (const parameter of PARAMETERS[name]) {
    if (parameter.kind === "data") found.push({ index: index++, length: undefined, spare: parameter.spare });
    else if (parameter.kind !== "number") found.push({ index, length: parameter.length, spare: 0 });
    index++;
  }
  return { found, count: index };
}

/** A call of aead_open with its content sealed, so that it opens where nothing overlaps. */
export function sealed(call: Call): Call {
  const [[, key], [, nonce], [, ad], [at, content]] = call.placed as [Placed, Placed, Placed, Placed];
  const box = chacha20poly1305(key, nonce, ad).encrypt(content);
  return { placed: [...call.placed.slice(0, 3), [at, box]], args: [...call.args.slice(0, 5), box.length] };
}

/** A call of verify whose signature is the point's. */
export function signed(call: Call, key: bigint): Call {
  const [[pointAt], [digestAt, message], [signatureAt]] = call.placed as [Placed, Placed, Placed];
  return {
    placed: [
      [pointAt, secp256k1.Point.BASE.multiply(key).toBytes(true)],
      [digestAt, message],
      [signatureAt, secp256k1.sign(message, toScalar(key), { prehash: false, format: "compact" })],
    ],
    args: call.args,
  };
}
