import { sha256 } from "@noble/hashes/sha2.js";
import { secp256k1 } from "@noble/curves/secp256k1.js";
import { expect } from "vitest";
import type { Channel, Commitment, Htlc, Side } from "../../host/bench/lightning/channel_records.js";
import { onEveryModuleEngine } from "../driver/modules.js";
import { hex, readVectors, toHex } from "../driver/vectors.js";
import { ANCHORS, COUNTERPARTY, ENTRY, HOLDER, KEYS_A, KEYS_B, Room, u64 } from "./records.js";

interface HtlcTx {
  htlc?: number;
  output?: number;
  remote_htlc_signature?: string;
  remote_sig?: string;
  tx?: string;
  resolution_tx?: string;
}

interface CommitmentVector {
  id: string;
  to_local_msat?: number;
  local_msat?: number;
  to_remote_msat?: number;
  remote_msat?: number;
  local_feerate_per_kw?: number;
  feerate_per_kw?: number;
  dust_limit_satoshis?: number;
  use_test_htlcs?: boolean;
  base_fee?: number | null;
  actual_fee?: number | null;
  remote_signature?: string;
  remote_sig?: string;
  commit_tx: string;
  htlc_txs: HtlcTx[];
}

interface StaticRemoteKey {
  channel: {
    funding_output_index: number;
    funding_amount_satoshi: number;
    commitment_number: number;
    local_delay: number;
    local_dust_limit_satoshi: number;
    obscuring_factor: string;
    keys: Record<string, string>;
  };
  htlcs: { id: number; direction: string; amount_msat: number; expiry: number; payment_preimage: string }[];
  vectors: CommitmentVector[];
}

const STATIC = "bolt03_commitment_static_remotekey";
const ANCHORED = "bolt03_commitment_anchors_zero_fee_htlc";
const { channel, htlcs, vectors } = readVectors<StaticRemoteKey>(STATIC);
const anchored = readVectors<{ vectors: CommitmentVector[] }>(ANCHORED).vectors;

const named = (name: string): Uint8Array => hex(channel.keys[name] ?? expect.fail(name));
/** Private keys of the vectors have the mark of a compressed public key behind them. */
const secret = (name: string): Uint8Array => named(name).slice(0, 32);
/** Where the vectors have none, for it goes into nothing. */
const UNUSED = secp256k1.getPublicKey(new Uint8Array(32).fill(9), true);

/** The two ends' keys, in the order of crypto/keys.ts. */
const LOCAL_KEYS = [
  secret("local_funding_privkey"),
  new Uint8Array(32).fill(9),
  secret("local_payment_basepoint_secret"),
  secret("local_delayed_payment_basepoint_secret"),
  secret("local_payment_basepoint_secret"),
];
const REMOTE_KEYS = [
  secret("remote_funding_privkey"),
  secret("remote_revocation_basepoint_secret"),
  secret("remote_payment_basepoint_secret"),
  new Uint8Array(32).fill(9),
  secret("remote_payment_basepoint_secret"),
];
const LOCAL_POINTS = [
  named("local_funding_pubkey"),
  UNUSED,
  named("local_payment_basepoint"),
  named("local_delayed_payment_basepoint"),
  named("local_htlc_basepoint"),
];
const REMOTE_POINTS = [
  named("remote_funding_pubkey"),
  named("remote_revocation_basepoint"),
  named("remote_payment_basepoint"),
  UNUSED,
  named("remote_htlc_basepoint"),
];

/** The channel as the local end has it, or as the remote one. */
function channelOf(seenBy: "local" | "remote", dustLimit: number, flags: number): Channel {
  const side = (points: Uint8Array[]): Side => ({
    dustLimitSat: BigInt(dustLimit),
    toSelfDelay: channel.local_delay,
    points,
  });
  const sides = [side(LOCAL_POINTS), side(REMOTE_POINTS)] as const;
  return {
    fundingSat: BigInt(channel.funding_amount_satoshi),
    fundingTxid: named("funding_tx_id").reverse(),
    fundingOutput: channel.funding_output_index,
    flags,
    opener: seenBy === "local" ? HOLDER : COUNTERPARTY,
    keys: seenBy === "local" ? KEYS_A : KEYS_B,
    obscuring: BigInt(`0x${channel.obscuring_factor}`),
    sides: seenBy === "local" ? sides : [sides[1], sides[0]],
  };
}

/** HTLCs of a vector, by their numbers. */
function htlcsOf(vector: CommitmentVector): number[] {
  if (vector.id.includes("3_htlc_outputs")) return [1, 5, 6];
  return vector.id.startsWith("simple") ? [] : [0, 1, 2, 3, 4];
}

function commitmentOf(vector: CommitmentVector, seenBy: "local" | "remote"): Commitment {
  const local = BigInt(vector.to_local_msat ?? vector.local_msat ?? NaN);
  const remote = BigInt(vector.to_remote_msat ?? vector.remote_msat ?? NaN);
  const isLocal = seenBy === "local";
  return {
    number: BigInt(channel.commitment_number),
    balancesMsat: isLocal ? [local, remote] : [remote, local],
    feeratePerKw: vector.local_feerate_per_kw ?? vector.feerate_per_kw ?? NaN,
    owner: isLocal ? HOLDER : COUNTERPARTY,
    point: named("local_per_commitment_point"),
    energyHash: new Uint8Array(32),
    htlcs: htlcsOf(vector).map((number): Htlc => {
      const htlc = htlcs[number] ?? expect.fail(`HTLC ${number}`);
      const byLocal = htlc.direction === "local->remote";
      return {
        id: BigInt(number),
        amountMsat: BigInt(htlc.amount_msat),
        cltvExpiry: htlc.expiry,
        offeredBy: byLocal === isLocal ? HOLDER : COUNTERPARTY,
        paymentHash: sha256(hex(htlc.payment_preimage)),
      };
    }),
  };
}

/** r || s of a DER signature. */
const compact = (der: string): Uint8Array => secp256k1.Signature.fromHex(der, "der").toBytes("compact");

/** Every figure of a commitment vector, and how many vectors that were: it and its HTLC transactions. */
async function applyCommitment(room: Room, vector: CommitmentVector, flags: number): Promise<number> {
  const dust = vector.dust_limit_satoshis ?? channel.local_dust_limit_satoshi;
  const expected = vector.htlc_txs.map((tx) => compact(tx.remote_htlc_signature ?? tx.remote_sig ?? ""));
  const all = [compact(vector.remote_signature ?? vector.remote_sig ?? ""), ...expected];

  // The other end signs it.
  const seen = commitmentOf(vector, "remote");
  expect(await room.build(channelOf("remote", dust, flags), seen), vector.id).toBe(expected.length);
  const signed = await room.sign();
  expect(Array.isArray(signed) ? signed.map(toHex) : signed, vector.id).toEqual(all.map(toHex));

  // Its owner checks that and has the transactions.
  const own = commitmentOf(vector, "local");
  expect(await room.build(channelOf("local", dust, flags), own), vector.id).toBe(expected.length);
  expect(await room.check(all), vector.id).toBe(0);
  const tx = await room.fundingSigned(all[0] as Uint8Array);
  expect(typeof tx === "number" ? tx : toHex(tx), vector.id).toBe(vector.commit_tx);
  if (typeof vector.base_fee === "number")
    expect(u64(await room.module.call("base_fee_sat"))).toBe(BigInt(vector.base_fee));
  if (typeof vector.actual_fee === "number") {
    expect(u64(await room.module.call("actual_fee_sat"))).toBe(BigInt(vector.actual_fee));
  }
  expect(await room.call("opener_is_short")).toBe(vector.id.includes("fee_greater_than_funder") ? 1 : 0);

  for (const [i, htlcTx] of vector.htlc_txs.entries()) {
    const transaction = htlcTx.tx ?? htlcTx.resolution_tx ?? "";
    const position = Buffer.from(hex(transaction)).readUInt32LE(7 + 32);
    if (htlcTx.output !== undefined) expect(position).toBe(htlcTx.output);
    const outputs: number[] = [];
    for (let k = 0; k < own.htlcs.length; k++) outputs.push(await room.call("commitment_output", k));
    const number = htlcsOf(vector)[outputs.indexOf(position)];
    if (htlcTx.htlc !== undefined) expect(number).toBe(htlcTx.htlc);
    const htlc = htlcs[number ?? NaN] ?? expect.fail(`output ${position} is of no HTLC`);
    const preimage = htlc.direction === "remote->local" ? hex(htlc.payment_preimage) : undefined;
    const made = await room.htlcSigned(position, expected[i] as Uint8Array, preimage);
    expect(typeof made === "number" ? made : toHex(made), `${vector.id}, output ${position}`).toBe(transaction);
  }
  return 1 + vector.htlc_txs.length;
}

onEveryModuleEngine("chain: commitment and HTLC transactions of BOLT 3", ENTRY, async (module) => {
  const room = await Room.open(module);
  expect(await room.importKeys(KEYS_A, LOCAL_KEYS)).toEqual([0, 0, 0, 0, 0]);
  expect(await room.importKeys(KEYS_B, REMOTE_KEYS)).toEqual([0, 0, 0, 0, 0]);
  for (const vector of vectors) module.applied(STATIC, await applyCommitment(room, vector, 0));
  for (const vector of anchored) module.applied(ANCHORED, await applyCommitment(room, vector, ANCHORS));
});
