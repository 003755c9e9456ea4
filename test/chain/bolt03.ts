import { sha256 } from "@noble/hashes/sha2.js";
import { secp256k1 } from "@noble/curves/secp256k1.js";
import { expect } from "vitest";
import type { Channel, Commitment, Htlc, Side } from "../../host/bench/lightning/channel_records.js";
import { hex, readVectors } from "../driver/vectors.js";
import { COUNTERPARTY, HOLDER, KEYS_A, KEYS_B } from "./records.js";

// The channel of BOLT 3's commitment vectors, as either end has it.

interface HtlcTx {
  htlc?: number;
  output?: number;
  remote_htlc_signature?: string;
  remote_sig?: string;
  tx?: string;
  resolution_tx?: string;
}

export interface CommitmentVector {
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

export const STATIC = "bolt03_commitment_static_remotekey";
export const ANCHORED = "bolt03_commitment_anchors_zero_fee_htlc";
export const { channel, htlcs, vectors } = readVectors<StaticRemoteKey>(STATIC);
export const anchored = readVectors<{ vectors: CommitmentVector[] }>(ANCHORED).vectors;

export const named = (name: string): Uint8Array => hex(channel.keys[name] ?? expect.fail(name));
/** Private keys of the vectors have the mark of a compressed public key behind them. */
const secret = (name: string): Uint8Array => named(name).slice(0, 32);
/** Where the vectors have none, for it goes into nothing. */
const UNUSED = secp256k1.getPublicKey(new Uint8Array(32).fill(9), true);

/** The two ends' keys, in the order of crypto/keys.ts. */
export const LOCAL_KEYS = [
  secret("local_funding_privkey"),
  new Uint8Array(32).fill(9),
  secret("local_payment_basepoint_secret"),
  secret("local_delayed_payment_basepoint_secret"),
  secret("local_payment_basepoint_secret"),
];
export const REMOTE_KEYS = [
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
export function channelOf(seenBy: "local" | "remote", dustLimit: number, flags: number): Channel {
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
export function htlcsOf(vector: CommitmentVector): number[] {
  if (vector.id.includes("3_htlc_outputs")) return [1, 5, 6];
  return vector.id.startsWith("simple") ? [] : [0, 1, 2, 3, 4];
}

export function commitmentOf(vector: CommitmentVector, seenBy: "local" | "remote"): Commitment {
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
export const compact = (der: string): Uint8Array => secp256k1.Signature.fromHex(der, "der").toBytes("compact");
