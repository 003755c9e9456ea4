import { createHash } from "node:crypto";
import secp256k1 from "secp256k1";
import { KeyRing } from "../../board/key_ring.js";
import { NodeCrypto } from "../../board/node_crypto.js";
import type { Engine } from "../../engine/engine.js";
import { NodeModule, readNode } from "../../node/module.js";
import { compare, type BenchRow, type Workload } from "../bench.js";
import { type Operation, RecordingCrypto, runAll } from "../recorder.js";
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
      { count: perRound, run: () => repeat(perRound, () => runAll(operations)) },
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
function record(engine: Engine, input: Uint8Array, htlcs: number): readonly Operation[] {
  const recorder = new RecordingCrypto(keyRing());
  sign(new NodeModule(engine, readNode(), recorder), input, htlcs);
  return recorder.operations;
}
