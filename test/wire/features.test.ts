import fc from "fast-check";
import { expect } from "vitest";
import { encodeMessage } from "../../host/wire/message.js";
import { onEveryModuleEngine, type TestModule } from "../driver/modules.js";
import { readVectors, toHex } from "../driver/vectors.js";
import { CODES } from "./wire_module.js";

const ENTRY = "test/wire/features.entry.ts";
const SET_BYTES = 40;
const CONTEXTS: Readonly<Record<string, number>> = { I: 1, N: 2, T: 4, "9": 8 };
const NO_CHAIN = new Uint8Array(0);

interface Feature {
  even: number;
  odd: number;
  name: string;
  assumed: boolean;
  context: string;
  deps: string[];
}
const table = readVectors<{ features: Feature[] }>("bolt09_features").features;
const evenBit = (name: string): number => table.find((row) => row.name === name)?.even ?? -1;

/** Big-endian bit array of the bits given, in `length` bytes or as few as it takes. */
function bitArray(bits: readonly number[], length = Math.max(0, ...bits.map((bit) => (bit >> 3) + 1))): Uint8Array {
  const bytes = new Uint8Array(length);
  for (const bit of bits) bytes[length - 1 - (bit >> 3)] = (bytes[length - 1 - (bit >> 3)] ?? 0) | (1 << (bit & 7));
  return bytes;
}

class Features {
  private constructor(
    private readonly module: TestModule,
    private readonly at: Readonly<Record<"data" | "chains" | "ours" | "theirs", number>>,
  ) {}

  static async open(module: TestModule): Promise<Features> {
    const at = { data: 0, chains: 0, ours: 0, theirs: 0 };
    for (const name of ["data", "chains", "ours", "theirs"] as const) at[name] = (await module.call(name)) as number;
    return new Features(module, at);
  }

  async call(name: string, ...args: number[]): Promise<number> {
    return (await this.module.call(name, ...args)) as number;
  }

  async on(name: string, bytes: Uint8Array, ...before: number[]): Promise<number> {
    await this.module.write(this.at.data, bytes);
    return this.call(name, ...before, bytes.length);
  }

  set(name: "ours" | "theirs", bits: readonly number[]): Promise<void> {
    return this.module.write(this.at[name], bitArray(bits, SET_BYTES));
  }

  async get(name: "ours" | "theirs"): Promise<string> {
    return toHex(await this.module.read(this.at[name], SET_BYTES));
  }

  /** What an init is answered with: code, and the set at `theirs`. */
  async init(fields: {
    features: Uint8Array;
    globalfeatures?: Uint8Array;
    networks?: Uint8Array[];
    chains?: Uint8Array;
  }): Promise<[number, string]> {
    const { features, globalfeatures = new Uint8Array(), networks, chains = NO_CHAIN } = fields;
    const tlvs = networks === undefined ? {} : { networks: { chains: networks } };
    await this.module.write(this.at.chains, chains);
    const frame = encodeMessage({ type: 16, fields: { globalfeatures, features }, tlvs });
    const code = await this.on("init", frame, chains.length / 32);
    return [code, await this.get("theirs")];
  }
}

onEveryModuleEngine("features: the table of BOLT 9", ENTRY, async (module) => {
  const features = await Features.open(module);
  for (const { even, odd, name, assumed, context, deps } of table) {
    expect(odd, name).toBe(even + 1);
    const contexts = [...context].reduce((sum, letter) => sum + (CONTEXTS[letter] ?? Number.NaN), 0);
    expect(await features.call("contexts_of", even), name).toBe(contexts);
    expect(await features.call("is_assumed", even), name).toBe(assumed ? 1 : 0);
    // Required of a node that does not offer it, and of one that does.
    await features.set("ours", []);
    expect(await features.on("check_required", bitArray([odd])), name).toBe(0);
    expect(await features.on("check_required", bitArray([even])), name).toBe(assumed ? 0 : CODES.ERR_UNKNOWN_EVEN);
    expect(await features.on("check_required", bitArray([even, odd])), name).toBe(assumed ? 0 : CODES.ERR_UNKNOWN_EVEN);
    await features.set("ours", [odd]);
    expect(await features.on("check_required", bitArray([even])), name).toBe(0);
    // With and without what it depends on; what is assumed is there without its bit.
    const needed = deps.map(evenBit).filter((bit) => table.every((row) => row.even !== bit || !row.assumed));
    for (const bit of [even, odd]) {
      await features.set("ours", [bit]);
      expect(await features.call("check_dependencies"), name).toBe(needed.length > 0 ? CODES.ERR_DEPENDENCY : 0);
      await features.set("ours", [bit, ...needed.map((dependency) => dependency + 1)]);
      expect(await features.call("check_dependencies"), name).toBe(0);
    }
    module.applied("bolt09_features");
  }
});

onEveryModuleEngine("features: energy and keysend stand next to those of BOLT 9", ENTRY, async (module) => {
  const features = await Features.open(module);
  expect(await features.call("contexts_of", 280)).toBe(1 + 2 + 4);
  expect(await features.call("contexts_of", 54)).toBe(2);
  expect(await features.call("contexts_of", 256)).toBe(0);
  expect(await features.call("set_bit", 281)).toBe(0);
  expect(await features.get("ours")).toBe(toHex(bitArray([281], SET_BYTES)));
  expect(await features.call("feature_bytes")).toBe(36);
  expect(await features.call("set_bit", 320)).toBe(CODES.ERR_CAPACITY);
  expect(await features.call("set_bit", -1)).toBe(CODES.ERR_CAPACITY);
  expect(await features.get("ours")).toBe(toHex(bitArray([281], SET_BYTES)));
  await features.set("theirs", []);
  expect(await features.call("negotiated", 280)).toBe(0);
  await features.set("theirs", [280]);
  expect(await features.call("negotiated", 280)).toBe(1);
  expect(await features.call("negotiated", 12)).toBe(1);
});

onEveryModuleEngine("features: each context gets its own", ENTRY, async (module) => {
  const features = await Features.open(module);
  const all = [...table.map(({ even }) => even), 54, 280, 100, 318];
  const olden = { I: [0, 6, 8, 12, 14, 44], N: [0, 6, 8, 12, 14, 44], T: [12], "9": [8, 14] };
  const ours = { I: [280], N: [54, 280], T: [280], "9": [] };
  await features.set(
    "ours",
    all.map((bit) => bit + 1),
  );
  for (const context of ["I", "N", "T", "9"] as const) {
    await features.call("select_features", CONTEXTS[context] ?? 0);
    const listed = table.filter((row) => row.context.includes(context)).map(({ even }) => even);
    const expected = [...listed, ...olden[context], ...ours[context]].map((bit) => bit + 1);
    expect(await features.get("theirs"), context).toBe(toHex(bitArray(expected, SET_BYTES)));
  }
});

onEveryModuleEngine("features: channel types are those defined and no other", ENTRY, async (module) => {
  const features = await Features.open(module);
  const parts: [number, number][] = [
    [22, 1],
    [46, 2],
    [50, 4],
    [280, 8],
  ];
  for (let type = 0; type < 16; type++) {
    const bits = parts.filter(([, flag]) => (type & flag) !== 0).map(([bit]) => bit);
    expect(await features.on("channel_type", bitArray([12, ...bits]))).toBe(type);
    expect(await features.on("channel_type", bitArray(bits))).toBe(CODES.ERR_VALUE);
    for (const other of [13, 20, 23, 281, 400]) {
      expect(await features.on("channel_type", bitArray([12, ...bits, other]))).toBe(CODES.ERR_VALUE);
    }
  }
});

onEveryModuleEngine("features: bits of arrays of any length", ENTRY, async (module) => {
  const features = await Features.open(module);
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 60 }), fc.nat({ max: 500 }), async (bytes, bit) => {
      const number = bytes.length === 0 ? 0n : BigInt(`0x${toHex(bytes)}`);
      expect(await features.on("has_bit", bytes, 0).then(() => features.call("has_bit", bytes.length, bit))).toBe(
        Number((number >> BigInt(bit)) & 1n),
      );
    }),
    { numRuns: module.engine === "qemu" ? 60 : 1000 },
  );
});

onEveryModuleEngine("init: features must be known and complete, and a chain must be shared", ENTRY, async (module) => {
  const features = await Features.open(module);
  const [a, b, c] = [0xa, 0xb, 0xc].map((byte) => new Uint8Array(32).fill(byte)) as [
    Uint8Array,
    Uint8Array,
    Uint8Array,
  ];
  const reset = async (): Promise<void> => {
    await features.set("ours", [23, 27, 61, 47, 281]);
    await features.set("theirs", []);
  };
  const refused = async (code: number, fields: Parameters<Features["init"]>[0]): Promise<void> => {
    await reset();
    // What is there before must be there after.
    await features.set("theirs", [3, 77]);
    expect(await features.init(fields)).toEqual([code, toHex(bitArray([3, 77], SET_BYTES))]);
  };
  const accepted = async (bits: number[], fields: Parameters<Features["init"]>[0]): Promise<void> => {
    await reset();
    expect(await features.init(fields)).toEqual([0, toHex(bitArray(bits, SET_BYTES))]);
  };
  await accepted([], { features: bitArray([]) });
  await accepted([22, 280], { features: bitArray([22, 280]) });
  // The two arrays are one.
  await accepted([12, 23, 27, 61], { features: bitArray([23, 61]), globalfeatures: bitArray([12, 27]) });
  // Odd and unknown, also where no set of ours reaches.
  await accepted([101], { features: bitArray([101, 999]) });
  await accepted([9], { features: bitArray([9], 100) });
  await refused(CODES.ERR_UNKNOWN_EVEN, { features: bitArray([28]) });
  await refused(CODES.ERR_UNKNOWN_EVEN, { features: bitArray([998]) });
  await refused(CODES.ERR_UNKNOWN_EVEN, { features: bitArray([]), globalfeatures: bitArray([100]) });
  await refused(CODES.ERR_DEPENDENCY, { features: bitArray([61]) });
  await refused(CODES.ERR_DEPENDENCY, { features: bitArray([51]), globalfeatures: bitArray([27]) });
  const both = Uint8Array.of(...a, ...b);
  await accepted([23], { features: bitArray([23]), networks: [c, b], chains: both });
  await refused(CODES.ERR_CHAIN, { features: bitArray([23]), networks: [c], chains: both });
  await refused(CODES.ERR_CHAIN, { features: bitArray([23]), networks: [], chains: both });
  await refused(CODES.ERR_CHAIN, { features: bitArray([23]), networks: [a], chains: NO_CHAIN });
});
