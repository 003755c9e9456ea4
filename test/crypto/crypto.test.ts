import fc from "fast-check";
import { expect } from "vitest";
import { KeyRing } from "../../host/board/key_ring.js";
import { CRYPTO_IMPORTS, type CryptoImportName } from "../../host/node/abi.js";
import { CRYPTO_CALLS } from "../long/counts.js";
import { onEveryModuleEngine, TEST_ROOT, type TestModule } from "../driver/modules.js";
import { ARENA_BYTES, calls, type Call, pointers, sealed, signed } from "./arguments.js";
import { ERR_CRYPTO, ERR_MAC, ERR_RANGE, ERR_STATE, Model, OK, ORDER, toScalar } from "./model.js";

const ENTRY = "test/crypto/crypto.entry.ts";
const NAMES = Object.keys(CRYPTO_IMPORTS) as CryptoImportName[];
const MEMORY_BYTES = 65536;

/** A module with the model of its crypto unit beside it. */
class Subject {
  private constructor(
    readonly module: TestModule,
    readonly base: number,
    readonly model: Model,
  ) {}

  static async open(module: TestModule): Promise<Subject> {
    const keys = new KeyRing(TEST_ROOT);
    const model = new Model(
      new Uint8Array(MEMORY_BYTES),
      (handle) => keys.key(handle) ?? expect.fail(`no key ${handle}`),
      (purpose) => keys.seed(purpose),
    );
    return new Subject(module, (await module.call("data")) as number, model);
  }

  /** Calls the import and the model: the code and all of the arena must be the same. Returns the code. */
  async compare(name: CryptoImportName, { placed, args }: Call): Promise<number> {
    const { module, base, model } = this;
    for (const [at, bytes] of placed) model.memory.set(bytes, at);
    const wasm = [...args, 0, 0, 0, 0, 0, 0].slice(0, 6);
    const [, code, memory] = await Promise.all([
      module.write(base, model.memory.slice(base, base + ARENA_BYTES)),
      module.call("call_import", NAMES.indexOf(name), ...wasm),
      module.read(base, ARENA_BYTES),
    ]);
    const expected = model.call(name, args);
    expect(code, `${name}(${args.join(", ")})`).toBe(expected);
    expect(Buffer.from(memory).equals(model.memory.slice(base, base + ARENA_BYTES)), `memory after ${name}`).toBe(true);
    return expected;
  }

  /** `compare` with each of the values in a place of its own, and then one for the result. */
  async apply(name: CryptoImportName, ...values: (Uint8Array | number)[]): Promise<[number, Uint8Array]> {
    const at = (i: number): number => this.base + 160 * i;
    const placed = values.flatMap((value, i) => (typeof value === "number" ? [] : [[at(i), value] as const]));
    const args = values.map((value, i) => (typeof value === "number" ? value : at(i)));
    const result = at(values.length);
    const code = await this.compare(name, { placed, args: [...args, result] });
    return [code, this.model.memory.slice(result, result + 65)];
  }
}

for (const name of NAMES) {
  onEveryModuleEngine(
    `crypto: ${name} agrees with noble`,
    ENTRY,
    async (module) => {
      const subject = await Subject.open(module);
      const codes = new Set<number>();
      const call = calls(name, subject.base).chain((made) => {
        if (name === "aead_open") return fc.constantFrom(made, sealed(made));
        if (name === "verify")
          return fc.bigInt(1n, ORDER - 1n).map((key) => (key % 2n === 0n ? made : signed(made, key)));
        return fc.constant(made);
      });
      await fc.assert(
        fc.asyncProperty(fc.nat(255), call, async (background, made) => {
          subject.model.memory.fill(background, subject.base, subject.base + ARENA_BYTES);
          codes.add(await subject.compare(name, made));
        }),
        { numRuns: CRYPTO_CALLS[module.engine], seed: NAMES.indexOf(name) },
      );
      // The generator did not miss what matters.
      expect(codes).toContain(OK);
    },
    600_000,
  );
}

onEveryModuleEngine(
  "crypto: ranges outside memory are refused, and those that just fit are not",
  ENTRY,
  async (module) => {
    const subject = await Subject.open(module);
    const call = async (name: CryptoImportName, args: readonly number[]): Promise<number> =>
      (await module.call("call_import", NAMES.indexOf(name), ...[...args, 0, 0, 0, 0, 0].slice(0, 6))) as number;
    const before = await module.read(0, MEMORY_BYTES);
    for (const name of NAMES) {
      const { found, count } = pointers(name);
      const valid = new Array<number>(count).fill(0);
      for (const { index } of found) valid[index] = subject.base;
      for (const { index, length, spare } of found) {
        const wrong: [number, number][] =
          length === undefined
            ? [
                [MEMORY_BYTES - spare, 1],
                [MEMORY_BYTES - 1, 2],
                [-1, 1],
                [1, -1],
                [0, MEMORY_BYTES + 1],
                [-2147483648, -2147483648],
                [0x7fff_ffff, 0x7fff_ffff],
                [-8, -8],
                [-16, 16],
              ]
            : [MEMORY_BYTES - length + 1, MEMORY_BYTES, -1, -length, -2147483648].map((at) => [at, 0]);
        for (const [at, size] of wrong) {
          const args = length === undefined ? valid.with(index, at).with(index + 1, size) : valid.with(index, at);
          expect(await call(name, args), `${name}(${args.join(", ")})`).toBe(ERR_RANGE);
        }
      }
    }
    expect(Buffer.from(await module.read(0, MEMORY_BYTES)).equals(before), "nothing was written").toBe(true);
    expect(await call("sha256", [MEMORY_BYTES, 0, MEMORY_BYTES - 32])).toBe(OK);
    expect(await call("key_public", [0, MEMORY_BYTES - 33])).toBe(OK);
    expect(await call("aead_seal", [0, 0, MEMORY_BYTES, 0, MEMORY_BYTES - 16, 0])).toBe(OK);
  },
);

onEveryModuleEngine("crypto: results that would be zero or infinity are refused", ENTRY, async (module) => {
  const subject = await Subject.open(module);
  const point = async (scalar: bigint): Promise<Uint8Array> =>
    (await subject.apply("scalar_public", toScalar(scalar)))[1].slice(0, 33);
  const code = async (...call: Parameters<Subject["apply"]>): Promise<number> => (await subject.apply(...call))[0];
  for (const k of [1n, 2n, 0x1234567890abcdefn, ORDER - 1n]) {
    const [own, opposite] = [await point(k), await point(ORDER - k)];
    expect(await code("scalar_add", toScalar(k), toScalar(ORDER - k))).toBe(ERR_CRYPTO);
    expect(await code("scalar_add", toScalar(k), toScalar(0n))).toBe(OK);
    expect(await code("scalar_add", toScalar(0n), toScalar(k))).toBe(ERR_CRYPTO);
    expect(await code("scalar_mul", toScalar(k), toScalar(0n))).toBe(ERR_CRYPTO);
    expect(await code("point_add", own, opposite)).toBe(ERR_CRYPTO);
    expect(await code("point_add", own, own)).toBe(OK);
    expect(await code("point_add_scalar", own, toScalar(ORDER - k))).toBe(ERR_CRYPTO);
    expect(await code("point_add_scalar", own, toScalar(k))).toBe(OK);
    expect(await code("point_add_scalar", own, toScalar(0n))).toBe(OK);
    expect(await code("point_mul", own, toScalar(0n))).toBe(ERR_CRYPTO);
    expect(await code("point_mul", own, toScalar(ORDER))).toBe(ERR_CRYPTO);
  }
  // key * factor + (order - key * factor) is no key.
  const key = BigInt(`0x${Buffer.from(new KeyRing(TEST_ROOT).key(8) ?? []).toString("hex")}`);
  const digest = new Uint8Array(32).fill(7);
  for (const factor of [undefined, 1n, 12345n, ORDER - 1n]) {
    const tweaked = (key * (factor ?? 1n)) % ORDER;
    const first = factor === undefined ? 0 : toScalar(factor);
    expect(await code("key_sign", 8, first, toScalar(ORDER - tweaked), digest)).toBe(ERR_CRYPTO);
    expect(await code("key_sign", 8, first, toScalar((ORDER - tweaked + 1n) % ORDER), digest)).toBe(OK);
  }
  for (const bad of [0n, ORDER, 2n ** 256n - 1n])
    expect(await code("key_sign", 8, toScalar(bad), 0, digest)).toBe(ERR_CRYPTO);
});

onEveryModuleEngine("crypto: lengths at the edges of blocks", ENTRY, async (module) => {
  const subject = await Subject.open(module);
  const { base } = subject;
  const [key, data, out] = [base, base + 160, base + 320] as const;
  const bytes = (length: number): Uint8Array => Uint8Array.from({ length }, (_, i) => i + length);
  for (const length of [0, 1, 54, 55, 56, 63, 64, 65, 119, 120, 127, 128, 129]) {
    const placed = [
      [key, bytes(length)],
      [data, bytes(length)],
    ] as const;
    for (const name of ["sha256", "sha256d", "ripemd160"] as const) {
      expect(await subject.compare(name, { placed, args: [data, length, out] })).toBe(OK);
    }
    expect(await subject.compare("hmac_sha256", { placed, args: [key, length, data, 40, out] })).toBe(OK);
    expect(await subject.compare("hkdf_sha256", { placed, args: [key, data, length, out] })).toBe(OK);
    expect(await subject.compare("chacha20", { placed, args: [key, key + 32, data, length] })).toBe(OK);
    expect(await subject.compare("aead_seal", { placed, args: [key, key + 32, key, length, data, length] })).toBe(OK);
  }
});

onEveryModuleEngine("crypto: a hash in pieces", ENTRY, async (module) => {
  const subject = await Subject.open(module);
  const piece = (length: number): Call => ({
    placed: [[subject.base, Uint8Array.from({ length }, (_, i) => i * 3 + length)]],
    args: [subject.base, length],
  });
  const finish = async (): Promise<number> =>
    subject.compare("sha256_final", { placed: [], args: [subject.base + 64] });
  expect(await finish(), "of nothing").toBe(OK);
  for (const lengths of [[0], [1, 62, 1], [64, 64], [55, 9, 0, 200], [300]]) {
    for (const length of lengths) expect(await subject.compare("sha256_update", piece(length))).toBe(OK);
    // Other hashes do not disturb it, and a refused call does not either.
    expect(await subject.compare("sha256", { placed: [], args: [subject.base, 10, subject.base + 600] })).toBe(OK);
    const { placed } = piece(5);
    expect(await subject.compare("sha256_update", { placed, args: [MEMORY_BYTES - 4, 5] })).toBe(ERR_RANGE);
    expect(await subject.compare("sha256_final", { placed, args: [MEMORY_BYTES - 31] })).toBe(ERR_RANGE);
    expect(await finish()).toBe(OK);
  }
});

onEveryModuleEngine("crypto: a box that was tampered with stays closed and as it is", ENTRY, async (module) => {
  const subject = await Subject.open(module);
  const { base } = subject;
  const [key, nonce, ad] = [new Uint8Array(32).fill(1), new Uint8Array(12).fill(2), new Uint8Array(20).fill(3)];
  const at = [base, base + 64, base + 128, 20, base + 192] as const;
  const open = async (change: (box: Uint8Array) => void, length = 46): Promise<number> => {
    const call = sealed({
      placed: [
        [at[0], key],
        [at[1], nonce],
        [at[2], ad],
        [at[4], new Uint8Array(30).fill(4)],
      ],
      args: [...at, 30],
    });
    change(call.placed[3]?.[1] ?? expect.fail());
    return subject.compare("aead_open", { placed: call.placed, args: [...at, length] });
  };
  expect(await open(() => undefined)).toBe(OK);
  for (let i = 0; i < 46; i += 5) {
    const flip = (box: Uint8Array): void => {
      box[i] = (box[i] ?? 0) ^ (1 << (i % 8));
    };
    expect(await open(flip), `byte ${i}`).toBe(ERR_MAC);
  }
  for (const length of [0, 1, 15, 16, 45, 47]) expect(await open(() => undefined, length)).toBe(ERR_MAC);
});

onEveryModuleEngine("crypto: key handles", ENTRY, async (module) => {
  const subject = await Subject.open(module);
  const digest = new Uint8Array(32).fill(9);
  for (const handle of [-1, -2147483648]) {
    expect((await subject.apply("key_public", handle))[0]).toBe(ERR_STATE);
    expect((await subject.apply("key_sign", handle, 0, 0, digest))[0]).toBe(ERR_STATE);
    expect((await subject.apply("key_sign_recoverable", handle, digest))[0]).toBe(ERR_STATE);
    expect((await subject.apply("key_ecdh", handle, new Uint8Array(33).fill(2)))[0]).toBe(ERR_STATE);
  }
});

onEveryModuleEngine("crypto: imported keys stand in for a handle's own", ENTRY, async (module) => {
  const { base, model } = await Subject.open(module);
  const importKey = async (handle: number, key: bigint): Promise<number> => {
    await module.write(base, toScalar(key));
    return (await module.call("import_key", handle, base)) as number;
  };
  const publicKey = async (handle: number): Promise<string> => {
    expect(await module.call("call_import", NAMES.indexOf("key_public"), handle, base + 64, 0, 0, 0, 0)).toBe(OK);
    return Buffer.from(await module.read(base + 64, 33)).toString("hex");
  };
  const expected = (key: bigint): string => {
    model.memory.set(toScalar(key), base);
    model.call("scalar_public", [base, base + 64]);
    return Buffer.from(model.memory.subarray(base + 64, base + 97)).toString("hex");
  };
  const own = await publicKey(5);
  for (const bad of [0n, ORDER]) expect(await importKey(5, bad)).toBe(ERR_CRYPTO);
  expect(await importKey(-1, 1n)).toBe(ERR_CRYPTO);
  expect(await module.call("import_key", 5, MEMORY_BYTES - 31)).toBe(ERR_RANGE);
  expect(await publicKey(5)).toBe(own);
  for (let handle = 5; handle < 5 + 64; handle++) expect(await importKey(handle, BigInt(handle))).toBe(OK);
  expect(await importKey(5, 77n), "once more for the same handle").toBe(OK);
  expect(await publicKey(5)).toBe(expected(77n));
  expect(await publicKey(68)).toBe(expected(68n));
});
