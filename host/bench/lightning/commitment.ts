import { createHash, hash } from "node:crypto";
import secp256k1 from "secp256k1";
import { KeyRing } from "../../board/key_ring.js";
import { NodeCrypto } from "../../board/node_crypto.js";
import type { Engine } from "../../engine/engine.js";
import type { Imports } from "../../engine/engine.js";
import { CRYPTO_MODULE } from "../../node/abi.js";
import { NodeModule, readNode } from "../../node/module.js";
import { compare, type BenchRow, type Workload } from "../bench.js";
import { encodeChannel, encodeCommitment, encodeHtlc, type Channel, type Htlc } from "./channel_records.js";

const ROUNDS = 45;
/** Commitments of a round, by their HTLCs: rounds of some milliseconds. */
const COMMITMENTS: readonly (readonly [htlcs: number, perRound: number])[] = [
  [0, 24],
  [6, 16],
  [24, 8],
];

const ANCHORS = 1;
const COUNTERPARTY = 1;
/** First key handle of channel 0 (assembly/crypto/keys.ts). */
const KEYS = 8;

const digest = (text: string): Uint8Array => createHash("sha256").update(text).digest();
const pointOf = (text: string): Uint8Array => secp256k1.publicKeyCreate(digest(text), true);

/** Commitments per second: built from their records, with all signatures, for the counterparty; with anchors. */
export async function benchCommitment(engine: Engine): Promise<BenchRow[]> {
  const aim = engine.name === "v8" ? 1.3 : 2.5;
  return COMMITMENTS.map(([htlcs, perRound]) => {
    const input = records(htlcs);
    const operations = record(engine, input, htlcs);
    return compare(
      `commitment, ${htlcs} HTLCs/${engine.name}`,
      "commitments/s",
      commitments(engine, input, htlcs, perRound),
      { count: perRound, run: () => repeat(perRound, () => operations.forEach((operation) => operation())) },
      aim,
      ROUNDS,
    );
  });
}

function repeat(times: number, run: () => void): void {
  for (let i = 0; i < times; i++) run();
}

const keyRing = (): KeyRing => new KeyRing(digest("commitment"));

/** Input of chain_commitment_sign: a channel, its counterparty's commitment, HTLCs in both directions. */
function records(htlcs: number): Uint8Array {
  const keys = keyRing();
  const own = [0, 1, 2, 3, 4].map((key) => secp256k1.publicKeyCreate(keys.key(KEYS + key) ?? digest("none"), true));
  const theirs = ["funding", "revocation", "payment", "delayed", "htlc"].map(pointOf);
  const channel: Channel = {
    fundingSat: 10_000_000n,
    fundingTxid: digest("funding"),
    fundingOutput: 0,
    flags: ANCHORS,
    opener: 0,
    keys: KEYS,
    obscuring: 0x2bb0_3852_1914n,
    sides: [
      { dustLimitSat: 354n, toSelfDelay: 144, points: own },
      { dustLimitSat: 354n, toSelfDelay: 144, points: theirs },
    ],
  };
  const list: Htlc[] = Array.from({ length: htlcs }, (_, i) => ({
    id: BigInt(i),
    amountMsat: BigInt(1_000_000 + 1000 * ((i * 7) % htlcs)),
    cltvExpiry: 800_000 + i,
    offeredBy: i & 1,
    paymentHash: digest(`htlc ${i}`),
  }));
  const locked = list.reduce((sum, { amountMsat }) => sum + amountMsat, 0n);
  const commitment = {
    number: 42n,
    balancesMsat: [7_000_000_000n - locked, 3_000_000_000n] as const,
    feeratePerKw: 2500,
    owner: COUNTERPARTY,
    point: pointOf("point"),
    energyHash: new Uint8Array(32),
    htlcs: list,
  };
  return Buffer.concat([encodeChannel(channel), encodeCommitment(commitment, []), ...list.map(encodeHtlc)]);
}

/** Has the module sign a commitment: the signatures. */
function sign(module: NodeModule, input: Uint8Array, htlcs: number): Uint8Array {
  module.input(input);
  const signatures = module.expect("chain_commitment_sign", input.length);
  if (signatures !== htlcs) throw new Error(`${signatures} HTLC signatures, not ${htlcs}`);
  return module.output(64 * (signatures + 1));
}

function commitments(engine: Engine, input: Uint8Array, htlcs: number, perRound: number): Workload {
  const module = new NodeModule(engine, readNode(), new NodeCrypto(keyRing()));
  return { count: perRound, run: () => repeat(perRound, () => void sign(module, input, htlcs)) };
}

/** The bare operations, each on a copy of the very bytes that it was asked for, and on the library below the imports. */
function record(engine: Engine, input: Uint8Array, htlcs: number): (() => void)[] {
  const recorder = new Recorder(keyRing());
  sign(new NodeModule(engine, readNode(), recorder), input, htlcs);
  return recorder.operations;
}

class Recorder extends NodeCrypto {
  readonly operations: (() => void)[] = [];

  override imports(memory: () => Uint8Array): Imports {
    const imports = super.imports(memory)[CRYPTO_MODULE];
    const recorded = Object.entries(imports ?? {}).map(([name, perform]) => [
      name,
      (...args: number[]) => {
        this.operations.push(this.bare(name, args, memory()));
        return (perform as (...args: number[]) => number)(...args);
      },
    ]);
    return { [CRYPTO_MODULE]: Object.fromEntries(recorded) as Imports[string] };
  }

  private bare(name: string, args: readonly number[], memory: Uint8Array): () => void {
    const [first = 0, second = 0, third = 0, fourth = 0] = args;
    const copy = (at: number, length: number): Uint8Array => memory.slice(at, at + length);
    switch (name) {
      case "sha256": {
        const data = copy(first, second);
        return () => hash("sha256", data, "buffer");
      }
      case "sha256d": {
        const data = copy(first, second);
        return () => hash("sha256", hash("sha256", data, "buffer"), "buffer");
      }
      case "ripemd160": {
        const data = copy(first, second);
        return () => hash("ripemd160", data, "buffer");
      }
      case "point_mul": {
        const [point, scalar] = [copy(first, 33), copy(second, 32)];
        return () => secp256k1.publicKeyTweakMul(point, scalar, true);
      }
      case "point_add": {
        const points = [copy(first, 33), copy(second, 33)];
        return () => secp256k1.publicKeyCombine(points, true);
      }
      case "point_add_scalar": {
        const [point, scalar] = [copy(first, 33), copy(second, 32)];
        return () => secp256k1.publicKeyTweakAdd(point, scalar, true);
      }
      case "key_sign": {
        const key = this.keys.key(first);
        if (key === undefined || second !== 0) break;
        const [summand, message] = [third === 0 ? undefined : copy(third, 32), copy(fourth, 32)];
        return () =>
          secp256k1.ecdsaSign(
            message,
            summand === undefined ? key : secp256k1.privateKeyTweakAdd(key.slice(), summand),
          );
      }
    }
    throw new Error(`${name} has no floor`);
  }
}
