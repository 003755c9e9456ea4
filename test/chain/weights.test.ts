import { expect } from "vitest";
import { onEveryModuleEngine } from "../driver/modules.js";
import { hex, readVectors } from "../driver/vectors.js";
import {
  anchored,
  channel,
  channelOf,
  commitmentOf,
  compact,
  htlcs,
  LOCAL_KEYS,
  REMOTE_KEYS,
  vectors,
} from "./bolt03.js";
import { ANCHORS, ENTRY, KEYS_A, KEYS_B, Room, u64 } from "./records.js";

interface Weights {
  commitment: Record<
    "base" | "base_anchors" | "per_htlc" | "witness" | "fee_base_weight" | "fee_base_weight_anchors",
    number
  >;
  htlc_timeout: number;
  htlc_timeout_anchors: number;
  htlc_success: number;
  htlc_success_anchors: number;
  offered_htlc_script: [number, number];
  accepted_htlc_script: [number, number];
  timeout_witness: [number, number];
  success_witness: [number, number];
  dust_limits_sat: Record<"p2pkh" | "p2sh" | "p2wpkh" | "p2wsh" | "unknown_segwit_max", number>;
  anchor_sat: number;
}

/** BOLT 3 counts a signature as 73 bytes. */
const LONGEST_SIGNATURE = 73;

/** Weights of a transaction with one input: without witness, and the witness as if its signatures were the longest. */
function weigh(tx: Uint8Array): { base: number; witness: number; item: number } {
  const bytes = Buffer.from(tx);
  const outputs = bytes[48] ?? NaN;
  let at = 49;
  for (let i = 0; i < outputs; i++) at += 9 + (bytes[at + 8] ?? NaN);
  const base = 4 * (at + 4 - 2);
  let stretched = 0;
  let item = 0;
  const from = at;
  const items = bytes[at++] ?? NaN;
  for (let i = 0; i < items; i++) {
    const len = bytes[at] ?? NaN;
    if (bytes[at + 1] === 0x30 && len >= 70 && len <= 73) stretched += LONGEST_SIGNATURE - len;
    at += 1 + len;
    item = len;
  }
  return { base, witness: at - from + stretched, item };
}

onEveryModuleEngine("chain: weights and dust limits of BOLT 3", ENTRY, async (module) => {
  const room = await Room.open(module);
  const weights = readVectors<Weights>("bolt03_weights");
  await room.importKeys(KEYS_A, LOCAL_KEYS);
  await room.importKeys(KEYS_B, REMOTE_KEYS);
  const { commitment } = weights;
  let applied = 0;
  const same = (actual: number | bigint, expected: number, what: string): void => {
    expect(actual, what).toBe(typeof actual === "bigint" ? BigInt(expected) : expected);
    applied++;
  };

  for (const flags of [0, ANCHORS]) {
    const anchors = flags === ANCHORS;
    // At 1,000 satoshi per 1,000 units a fee is a weight.
    const fee = async (htlcOutputs: number): Promise<bigint> =>
      u64(await module.call("commitment_fee_sat", flags, 1000, htlcOutputs));
    const base = await fee(0);
    same(base, anchors ? commitment.fee_base_weight_anchors : commitment.fee_base_weight, "fee base");
    for (let count = 1; count <= 24; count++) {
      expect(await fee(count)).toBe(base + BigInt(count * commitment.per_htlc));
    }

    const vector = (anchors ? anchored : vectors).find(({ htlc_txs: txs }) => txs.length === 5) ?? expect.fail();
    const dust = vector.dust_limit_satoshis ?? channel.local_dust_limit_satoshi;
    expect(await room.build(channelOf("local", dust, flags), commitmentOf(vector, "local"))).toBe(5);
    const whole = weigh(
      (await room.fundingSigned(compact(vector.remote_signature ?? vector.remote_sig ?? ""))) as Uint8Array,
    );
    // BOLT 3 gives the number of outputs three bytes with anchors, where one is what it takes.
    const counted = whole.base - 5 * commitment.per_htlc + (anchors ? 8 : 0);
    same(counted, anchors ? commitment.base_anchors : commitment.base, "base");
    if (!anchors) same(commitment.per_htlc, 4 * 43, "HTLC output");
    if (!anchors) same(whole.witness + 2, commitment.witness, "witness");

    for (const isOffered of [true, false]) {
      const position = await positionOf(room, isOffered);
      const preimage = isOffered ? undefined : new Uint8Array(32);
      const tx = (await room.htlcSigned(
        position,
        compact(vector.remote_signature ?? vector.remote_sig ?? ""),
        preimage,
      )) as Uint8Array;
      const { base: htlcBase, witness, item } = weigh(tx);
      // Expiries of the vectors take two bytes, BOLT 3 counts four; a preimage is there whole.
      const shorter = isOffered ? 0 : 2;
      const index = anchors ? 1 : 0;
      same(
        item + shorter,
        (isOffered ? weights.offered_htlc_script : weights.accepted_htlc_script)[index] ?? NaN,
        "script",
      );
      same(
        witness + shorter,
        (isOffered ? weights.timeout_witness : weights.success_witness)[index] ?? NaN,
        "HTLC witness",
      );
      const total = anchors
        ? [weights.htlc_timeout_anchors, weights.htlc_success_anchors]
        : [weights.htlc_timeout, weights.htlc_success];
      // HTLC-success is counted one too heavy, and always has been.
      same(htlcBase + 2 + witness + shorter + (isOffered ? 0 : 1), total[isOffered ? 0 : 1] ?? NaN, "HTLC transaction");
      const paid = u64(await module.call("htlc_fee_sat", flags, 1000, isOffered ? 1 : 0));
      expect(paid).toBe(anchors ? 0n : BigInt(total[isOffered ? 0 : 1] ?? NaN));
    }
    if (anchors) {
      const outputs = Buffer.from(await room.unsignedTx());
      same(outputs.readBigUInt64LE(47), weights.anchor_sat, "anchor");
    }
  }

  const dust = weights.dust_limits_sat;
  const record = Buffer.alloc(56);
  const limits = [dust.p2pkh, dust.p2sh, dust.p2wpkh, dust.p2wsh, dust.unknown_segwit_max];
  limits.forEach((limit, i) => record.writeUInt32LE(limit, 32 + 4 * i));
  const chain = await room.place(record, 8192 + 512);
  const scripts: [string, number][] = [
    [`76a914${"00".repeat(20)}88ac`, dust.p2pkh],
    [`a914${"00".repeat(20)}87`, dust.p2sh],
    [`0014${"00".repeat(20)}`, dust.p2wpkh],
    [`0020${"00".repeat(32)}`, dust.p2wsh],
    [`6028${"00".repeat(40)}`, dust.unknown_segwit_max],
  ];
  const limitOf = async (script: string): Promise<bigint> => {
    const bytes = hex(script);
    return u64(await module.call("dust_limit_sat", chain, await room.place(bytes), bytes.length));
  };
  for (const [script, limit] of scripts) same(await limitOf(script), limit, script);
  expect(await limitOf(`5120${"00".repeat(32)}`)).toBe(BigInt(dust.unknown_segwit_max));
  expect(await limitOf(`6a06${"00".repeat(6)}`)).toBe(0n);
  for (const script of ["", "00", "0015", `0014${"00".repeat(21)}`, `6129${"00".repeat(41)}`]) {
    expect(await limitOf(script)).toBe((1n << 64n) - 1n);
  }
  module.applied("bolt03_weights", applied);
});

/** Index of an HTLC output of the vectors' HTLCs, offered by the owner or not. */
async function positionOf(room: Room, isOffered: boolean): Promise<number> {
  const number = [0, 1, 2, 3, 4].find((i) => (htlcs[i]?.direction === "local->remote") === isOffered);
  return room.call("commitment_output", number ?? NaN);
}
