// What bare imports of the crypto capability cost on the board: the floor under whatever a module does with them.

import { i32 } from "../engine/abi.js";
import type { BoardClient } from "../link/board_client.js";
import { CRYPTO_IMPORTS, CRYPTO_MODULE, type CryptoImportName } from "../node/abi.js";
import type { ImportCall } from "../trace/board_calls.js";
import { callFigures } from "./figures.js";

/**
 * Each import's arguments, a letter each: d data, l its length, s scalar, t scalar or none (0), p point, q another point,
 * g signature, o result, n a number that stays as it is.
 */
const SHAPES: Readonly<Record<CryptoImportName, string>> = {
  sha256: "dlo",
  sha256d: "dlo",
  sha256_update: "dl",
  sha256_final: "o",
  ripemd160: "dlo",
  hmac_sha256: "dldlo",
  hkdf_sha256: "ddlo",
  chacha20: "dddl",
  aead_seal: "dddldl",
  aead_open: "dddldl",
  key_public: "no",
  key_ecdh: "npo",
  key_sign: "nttdo",
  key_sign_recoverable: "ndo",
  key_seed: "no",
  scalar_public: "so",
  scalar_ecdh: "spo",
  scalar_add: "sso",
  scalar_mul: "sso",
  point_mul: "pso",
  point_add: "pqo",
  point_add_scalar: "pso",
  verify: "pdg",
  recover: "dgno",
};

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, "hex"));
/** The points 1 G and 2 G. */
const GENERATOR = "79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798";
const DOUBLED = "c6047f9441ed7d6d3045406e95c07cd85c778e4b8cef3ca7abac09b95c709ee5";

/** Where the letters' bytes lie in the measuring module's memory, and what they are. */
const PLACES: Readonly<Record<string, { readonly at: number; readonly bytes: Uint8Array }>> = {
  s: { at: 0x100, bytes: new Uint8Array(32).fill(0x5a) },
  p: { at: 0x200, bytes: hex(`02${GENERATOR}`) },
  q: { at: 0x300, bytes: hex(`02${DOUBLED}`) },
  g: { at: 0x400, bytes: Uint8Array.of(...hex(GENERATOR), ...new Uint8Array(32).fill(0x33)) },
  d: { at: 0x1000, bytes: new Uint8Array(64).fill(0x77) },
  o: { at: 0x8000, bytes: new Uint8Array(0) },
};

const TAG_BYTES = 16;
/** Calls in one measurement: what surrounds them weighs little then. */
const TIMES = 16;

/** The same work on other bytes. Opening a box is sealing it, and can be done again and again. */
function standIn({ name, args }: ImportCall): ImportCall {
  const moved = [...SHAPES[name]].map((letter, i) => {
    const arg = args[i] ?? 0;
    if (letter === "l" || letter === "n") return arg;
    if (letter === "t") return arg === 0 ? 0 : (PLACES["s"]?.at ?? 0);
    return PLACES[letter]?.at ?? 0;
  });
  if (name !== "aead_open") return { name, args: moved };
  return { name: "aead_seal", args: [...moved.slice(0, 5), Math.max((moved[5] ?? 0) - TAG_BYTES, 0)] };
}

const leb = (value: number): number[] => (value < 128 ? [value] : [(value & 127) | 128, ...leb(value >>> 7)]);
const vector = (items: number[][]): number[] => [...leb(items.length), ...items.flat()];
const section = (id: number, content: number[]): number[] => [id, ...leb(content.length), ...content];
const text = (value: string): number[] => [...leb(value.length), ...Buffer.from(value, "ascii")];

/**
 * A module that has each import as an export, with one argument more in front: how many times the import is called.
 */
function measuringModule(): Uint8Array {
  const I32 = 0x7f;
  const names = Object.keys(CRYPTO_IMPORTS) as CryptoImportName[];
  const arity = (name: CryptoImportName): number => CRYPTO_IMPORTS[name].params.length;
  const types = Array.from({ length: 8 }, (_, count) => [0x60, ...vector(Array(count).fill([I32])), 1, I32]);
  const body = (name: CryptoImportName, i: number): number[] => {
    const params = arity(name) + 1;
    const code = [
      ...[1, 1, I32], // one local of type i32 behind the parameters: the last result
      ...[0x03, 0x40], // loop
      ...Array.from({ length: params - 1 }, (_, k) => [0x20, k + 1]).flat(), // local.get
      ...[0x10, i, 0x21, params], // call, local.set
      ...[0x20, 0, 0x41, 1, 0x6b, 0x22, 0, 0x0d, 0], // times -= 1, br_if
      ...[0x0b, 0x20, params, 0x0b], // end, local.get, end
    ];
    return [...leb(code.length), ...code];
  };
  return Uint8Array.from([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, vector(types)),
    ...section(2, vector(names.map((name) => [...text(CRYPTO_MODULE), ...text(name), 0, arity(name)]))),
    ...section(3, vector(names.map((name) => [arity(name) + 1]))),
    ...section(5, [1, 1, 1, 1]), // one page of memory
    ...section(7, vector(names.map((name, i) => [...text(name), 0, names.length + i]))),
    ...section(10, vector(names.map(body))),
  ]);
}

/** Puts the measuring module in the place of whatever the board has loaded; then measures imports, each kind once. */
export class CryptoCosts {
  private readonly known = new Map<string, number>();

  private constructor(private readonly client: BoardClient) {}

  static async on(client: BoardClient): Promise<CryptoCosts> {
    await client.load(measuringModule());
    for (const { at, bytes } of Object.values(PLACES)) await client.memoryWrite(at, bytes);
    return new CryptoCosts(client);
  }

  /** Instructions of all these calls. */
  async total(calls: readonly ImportCall[]): Promise<number> {
    let sum = 0;
    for (const call of calls) sum += await this.cost(standIn(call));
    return Math.round(sum);
  }

  private async cost({ name, args }: ImportCall): Promise<number> {
    const key = `${name}(${args.join()})`;
    const before = this.known.get(key);
    if (before !== undefined) return before;
    const { params } = i32("i32", ...CRYPTO_IMPORTS[name].params);
    // The first call has to compile the loop.
    for (const times of [1, TIMES]) await this.client.callNamed(name, params, [times, ...args]);
    const cost = callFigures(await this.client.map(false, "node")).instructions / TIMES;
    this.known.set(key, cost);
    return cost;
  }
}
