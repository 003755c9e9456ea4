import { sha256 } from "@noble/hashes/sha2.js";
import { secp256k1 } from "@noble/curves/secp256k1.js";
import { expect } from "vitest";
import { onEveryModuleEngine } from "../driver/modules.js";
import { hex, readVectors, toHex } from "../driver/vectors.js";
import {
  ANCHORED,
  anchored,
  channel,
  channelOf,
  commitmentOf,
  type CommitmentVector,
  compact,
  htlcs,
  htlcsOf,
  LOCAL_KEYS,
  named,
  REMOTE_KEYS,
  STATIC,
  vectors,
} from "./bolt03.js";
import { ANCHORS, ENTRY, ERR_NOT_FOUND, ERR_VALUE, KEYS_A, KEYS_B, Room, SECRETS_BYTES, u64 } from "./records.js";

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

interface KeyDerivation {
  base_secret: string;
  per_commitment_secret: string;
  base_point: string;
  per_commitment_point: string;
  localpubkey: string;
  localprivkey: string;
  revocationpubkey: string;
  revocationprivkey: string;
}

onEveryModuleEngine("chain: key derivation of BOLT 3", ENTRY, async (module) => {
  const room = await Room.open(module);
  const vector = readVectors<KeyDerivation>("bolt03_key_derivation");
  const [baseSecret, baseAt, pointAt] = [hex(vector.base_secret), 8192, 8192 + 64];
  const basepoint = await room.place(hex(vector.base_point), baseAt);
  const point = await room.place(hex(vector.per_commitment_point), pointAt);

  const tweakAt = room.base + 4096 + 64;
  expect(await room.call("derive_pubkey", basepoint, point, room.base + 4096, tweakAt)).toBe(0);
  expect(toHex(await room.read(4096, 33))).toBe(vector.localpubkey);
  const secretAt = await room.place(baseSecret, 8192 + 128);
  expect(await room.call("scalar_add", secretAt, tweakAt, room.base + 4096)).toBe(0);
  expect(toHex(await room.read(4096, 32))).toBe(vector.localprivkey);

  expect(await room.call("derive_revocation_pubkey", basepoint, point, room.base + 4096)).toBe(0);
  expect(toHex(await room.read(4096, 33))).toBe(vector.revocationpubkey);
  // The revocation private key never is in wasm: what it signs shows that it is the right one. RFC 6979 makes the
  // signature a function of key and digest.
  expect(await room.importKeys(KEYS_A, [baseSecret])).toEqual([0]);
  const revealed = await room.place(hex(vector.per_commitment_secret), 8192 + 192);
  const digest = await room.place(sha256(hex("00")), 8192 + 256);
  expect(await room.call("revocation_sign", KEYS_A, basepoint, point, revealed, digest, room.base + 4096)).toBe(0);
  const signature = secp256k1.sign(sha256(hex("00")), hex(vector.revocationprivkey), { prehash: false });
  expect(toHex(await room.read(4096, 64))).toBe(toHex(signature));
  module.applied("bolt03_key_derivation", 4);

  const factor = await room.bytes(8, "obscuring_factor", ...(await obscuringPoints(room)));
  expect(toHex((factor as Uint8Array).reverse())).toBe(`0000${channel.obscuring_factor}`);
});

/** Addresses of the two payment basepoints of the commitment vectors. */
async function obscuringPoints(room: Room): Promise<number[]> {
  return [
    await room.place(named("local_payment_basepoint"), 8192),
    await room.place(named("remote_payment_basepoint"), 8192 + 64),
  ];
}

interface Shachain {
  generate: { id: string; seed: string; index: string; secret: string }[];
  store: { id: string; steps: { index: string; secret: string; ok: boolean }[] }[];
}

const LAST_INDEX = (1n << 48n) - 1n;

onEveryModuleEngine("chain: per-commitment secrets of BOLT 3", ENTRY, async (module) => {
  const room = await Room.open(module);
  const { generate, store } = readVectors<Shachain>("bolt03_shachain");
  for (const { id, seed, index, secret: expected } of generate) {
    const at = await room.place(hex(seed));
    const made = await room.bytes(32, "shachain_secret", at, LAST_INDEX - BigInt(index));
    expect(typeof made === "number" ? made : toHex(made), id).toBe(expected);
    module.applied("bolt03_shachain");
  }
  const secrets = room.base + 10_240;
  for (const { id, steps } of store) {
    await room.call("secrets_begin", secrets);
    for (const [number, step] of steps.entries()) {
      expect(BigInt(step.index)).toBe(LAST_INDEX - BigInt(number));
      const before = await room.read(10_240, SECRETS_BYTES);
      const code = await room.call("secrets_add", secrets, await room.place(hex(step.secret)));
      expect(code, `${id}, ${number}`).toBe(step.ok ? 0 : ERR_VALUE);
      if (!step.ok) expect(await room.read(10_240, SECRETS_BYTES)).toEqual(before);
    }
    for (const [number, step] of steps.filter(({ ok }) => ok).entries()) {
      const known = await room.bytes(32, "secrets_get", secrets, BigInt(number));
      expect(typeof known === "number" ? known : toHex(known), `${id}, ${number}`).toBe(step.secret);
    }
    const added = steps.filter(({ ok }) => ok).length;
    expect(await room.bytes(32, "secrets_get", secrets, BigInt(added)), id).toBe(ERR_NOT_FOUND);
    module.applied("bolt03_shachain");
  }
});

interface Funding {
  local_funding_pubkey: string;
  remote_funding_pubkey: string;
  funding_witness_script: string;
  input_txid: string;
  input_index: number;
  funding_satoshis: number;
  change_satoshis: number;
  funding_output: number;
  funding_tx: string;
  txid: string;
}

onEveryModuleEngine("chain: funding transaction of BOLT 3", ENTRY, async (module) => {
  const room = await Room.open(module);
  const vector = readVectors<Funding>("bolt03_funding");
  const keys = [vector.local_funding_pubkey, vector.remote_funding_pubkey];
  for (const [a, b] of [keys, [...keys].reverse()]) {
    const [first, second] = [await room.place(hex(a ?? "")), await room.place(hex(b ?? ""), 8192 + 64)];
    const script = await room.bytes(71, "funding_script", first, second);
    expect(toHex(script as Uint8Array)).toBe(vector.funding_witness_script);
  }
  const script = hex(vector.funding_witness_script);
  const program = await room.bytes(34, "p2wsh_program", await room.place(script), script.length);

  const bytes = hex(vector.funding_tx);
  const at = await room.place(bytes);
  expect(await room.call("tx_decode", at, bytes.length)).toBe(0);
  expect(await room.call("tx_inputs")).toBe(1);
  expect(await room.call("tx_outputs")).toBe(2);
  expect(await room.call("tx_version")).toBe(2);
  expect(await room.call("tx_weight")).toBe(4 * bytes.length);
  const txid = (await room.bytes(32, "tx_txid")) as Uint8Array;
  expect(toHex(txid.reverse())).toBe(vector.txid);

  const input = Buffer.from(await module.read(await room.call("tx_input", 0), 36));
  expect(toHex(input.subarray(0, 32).reverse())).toBe(vector.input_txid);
  expect(input.readUInt32LE(32)).toBe(vector.input_index);
  const amounts = [vector.funding_satoshis, vector.change_satoshis];
  for (const [i, amount] of amounts.entries()) {
    const output = Buffer.from(await module.read(await room.call("tx_output", i), 8));
    expect(output.readBigUInt64LE(0)).toBe(BigInt(amount));
    const part = await module.read(await room.call("part_at"), await room.call("part_len"));
    if (i === vector.funding_output) expect(toHex(part)).toBe(toHex(program as Uint8Array));
    else expect(part.length).toBe(22);
  }
  module.applied("bolt03_funding");
});
