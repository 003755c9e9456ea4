import { Script } from "@scure/btc-signer";
import { expect, it } from "vitest";
import { type Block, type Chain, type Outpoint, txidText } from "../../host/chain/chain.js";
import { decodeTransaction } from "../../host/decode/transaction.js";
import {
  ALL,
  type Model,
  Model as MakeModel,
  SINGLE_ANYONECANPAY,
  funding,
  hash160,
  item,
  p2wpkh,
  p2wsh,
  publicKey,
  secretOf,
  sideSecrets,
  sign,
  transaction,
} from "../chain/model.js";
import {
  ANCHORS,
  COUNTERPARTY,
  type Closing,
  ENERGY,
  HOLDER,
  KEYS_A,
  type Room,
  type Spend,
} from "../chain/records.js";
import { type Scenario, build, modelOf, preimageAt } from "../chain/scenario.js";
import { idOf } from "./spends.js";

// What the firmware's chain room makes, on a chain: valid transactions are confirmed, at the first height where they may
// be, invalid ones and early ones refused with the reason. Every backend must say the same.

const DELAYS: [number, number] = [8, 5];
const FEE_SAT = 1000n;
const HTLC_KEY = 4;
/** Far enough for all that must happen before. */
const EXPIRES_IN = 24;
const NOTHING: Uint8Array = new Uint8Array(0);
const TIMEOUT_MS = 60_000;

/** A chain, and what the tests need besides. */
export class Bench {
  newest: Block | undefined;

  constructor(
    readonly chain: Chain,
    readonly room: Room,
  ) {
    chain.onBlock((block) => (this.newest = block));
  }

  /** The first block that can have it is the next one. */
  async confirm(tx: Uint8Array | number, what = "transaction"): Promise<Uint8Array> {
    if (typeof tx === "number") throw new Error(`${what}: code ${tx}`);
    expect(await this.chain.broadcast(tx), what).toBeUndefined();
    await this.chain.mine(1);
    expect(this.newest?.transactions.map((bytes) => txidText(idOf(bytes)))).toContain(txidText(idOf(tx)));
    return tx;
  }

  async refused(tx: Uint8Array | number, reason: string): Promise<void> {
    if (typeof tx === "number") throw new Error(`code ${tx} instead of one that is refused: ${reason}`);
    expect((await this.chain.broadcast(tx))?.reason).toBe(reason);
  }

  /** It is refused for the block before `height`, and confirmed in that one. */
  async firstAt(tx: Uint8Array | number, height: number, reason: string): Promise<void> {
    await this.mineTo(height - 2);
    await this.refused(tx, reason);
    await this.chain.mine(1);
    await this.confirm(tx);
    expect(this.chain.height()).toBe(height);
  }

  async mineTo(height: number): Promise<void> {
    const wait = height - this.chain.height();
    if (wait < 0) throw new Error(`it is ${this.chain.height()} already, too late for ${height}`);
    if (wait > 0) await this.chain.mine(wait);
  }

  /** A confirmed coin for a script. */
  async coin(script: Uint8Array, sat: bigint): Promise<Outpoint> {
    const { tx, txid, vout } = await this.chain.fund(script, sat, 2500);
    await this.confirm(tx, "funding");
    return { txid, index: vout };
  }

  /** Opens a channel on the chain; its commitment then stands in the room. */
  async open(scenario: Scenario): Promise<Model> {
    const draft = modelOf(scenario);
    const outpoint = await this.coin(p2wsh(draft.fundingScript), draft.channel.fundingSat);
    const channel = { ...draft.channel, fundingTxid: outpoint.txid, fundingOutput: outpoint.index };
    const model = new MakeModel(channel, draft.commitment, draft.secrets, draft.perCommitmentSecret);
    expect(await build(this.room, model)).toBe(4);
    return model;
  }

  spend(position: number | undefined, more: Partial<Spend> = {}): Promise<Uint8Array | number> {
    const script = p2wpkh(publicKey(secretOf(0, "destination")));
    return this.room.spend(position, { script, feeSat: FEE_SAT, ...more });
  }
}

/** Two HTLCs either way; both sides have more than enough. */
function scenario(seed: number, flags: number, owner: number, height: number): Scenario {
  const cltvExpiry = height + EXPIRES_IN;
  const htlc = (offeredBy: number, preimage: number, sat: bigint): Scenario["htlcs"][number] => ({
    amountMsat: sat * 1000n,
    cltvExpiry,
    offeredBy,
    preimage,
  });
  return {
    seed,
    flags,
    opener: HOLDER,
    owner,
    feeratePerKw: 2500,
    dust: [354n, 354n],
    delays: DELAYS,
    number: 42n,
    balances: [500_000_000n, 400_000_000n],
    fundingOutput: 0,
    htlcs: [htlc(0, 0, 50_000n), htlc(0, 1, 40_000n), htlc(1, 2, 30_000n), htlc(1, 3, 20_000n)],
  };
}

const spoilt = (tx: Uint8Array | number, part: Uint8Array): Uint8Array => {
  if (typeof tx === "number") throw new Error(`code ${tx}`);
  const at = Buffer.from(tx).indexOf(part) + 20;
  return Uint8Array.from(tx, (byte, i) => (i === at ? byte ^ 1 : byte));
};

const positionOf = (model: Model, kind: string): number => model.outputs.findIndex((output) => output.kind === kind);

const sized = (items: readonly Uint8Array[]): Uint8Array =>
  Buffer.concat([Uint8Array.of(items.length), ...items.flatMap((bytes) => [Uint8Array.of(bytes.length), bytes])]);

/** An HTLC transaction with anchors, its fee paid by another input: the peer's signature allows that. */
async function withFee(bench: Bench, model: Model, position: number, preimage: Uint8Array): Promise<Uint8Array> {
  const { sat, script, witnessScript, cltvExpiry } = model.at(position);
  expect(script).toEqual(p2wsh(witnessScript));
  const secret = secretOf(0, "fee");
  const pubkey = publicKey(secret);
  const coin = await bench.coin(p2wpkh(pubkey), 10_000n);
  const isOffered = model.isOffered(position);
  const outpoint = { txid: model.txid, index: position };
  const tx = transaction(outpoint, 1, isOffered ? cltvExpiry : 0, [{ sat, script: p2wsh(model.toLocalScript) }]);
  tx.addInput({ txid: coin.txid.slice().reverse(), index: coin.index, sequence: 0 });
  tx.addOutput({ script: p2wpkh(pubkey), amount: 8_000n });
  const own = sign(tx.preimageWitnessV0(0, witnessScript, ALL, sat), model.derivedSecret(HOLDER, HTLC_KEY));
  const code = Script.encode(["DUP", "HASH160", hash160(pubkey), "EQUALVERIFY", "CHECKSIG"]);
  const fee = sign(tx.preimageWitnessV0(1, code, ALL, 10_000n), secret);
  const theirs = item(model.htlcSignature(position, 1), SINGLE_ANYONECANPAY);
  const bytes = Buffer.from(tx.toBytes(true, false));
  const signed = Buffer.concat([
    bytes.subarray(0, 4),
    Uint8Array.of(0, 1),
    bytes.subarray(4, -4),
    sized([NOTHING, theirs, item(own, ALL), isOffered ? NOTHING : preimage, witnessScript]),
    sized([item(fee, ALL), pubkey]),
    bytes.subarray(-4),
  ]);
  return Uint8Array.from(signed);
}

/** Our own commitment; HTLCs by HTLC transactions; all that comes of it, after the delay. */
async function ownCommitment(bench: Bench, seed: number, flags: number): Promise<void> {
  const { room, chain } = bench;
  const random = scenario(seed, flags, HOLDER, chain.height());
  const model = await bench.open(random);
  const expiry = random.htlcs[0]?.cltvExpiry ?? NaN;
  const spends: Uint8Array[] = [];
  chain.watch({ txid: model.channel.fundingTxid, index: model.channel.fundingOutput }, NOTHING, {
    depth: () => undefined,
    spent: (spend) => spends.push(spend?.tx ?? NOTHING),
  });
  const signed = await room.fundingSigned(model.signature(1));
  await bench.refused(spoilt(signed, item(model.signature(1), ALL)), "script");
  const commitment = await bench.confirm(signed, "commitment");
  const confirmed = chain.height();
  expect(spends).toEqual([commitment]);

  const htlcs = model.htlcPositions();
  const [received = NaN, other = NaN] = htlcs.filter((position) => !model.isOffered(position));
  const [offered = NaN] = htlcs.filter((position) => model.isOffered(position));
  const htlc = async (position: number): Promise<Uint8Array | number> => {
    const preimage = preimageAt(random, model, position);
    const signature = model.htlcSignature(position, 1);
    const made = await room.htlcSigned(position, signature, model.isOffered(position) ? undefined : preimage);
    if ((flags & ANCHORS) === 0) return made;
    // Without fee, it will not do by itself.
    if (!model.isOffered(position)) await bench.refused(made, "fee");
    return withFee(bench, model, position, preimage);
  };
  const late = await htlc(offered);
  const success = await htlc(received);
  await bench.refused(spoilt(success, preimageAt(random, model, received)), "script");
  await bench.confirm(success, "HTLC-success");
  const succeeded = chain.height();

  const position = positionOf(model, "to_local");
  const toLocal = await bench.spend(position);
  const outpoint = (tx: Uint8Array | number): Uint8Array => Buffer.concat([idOf(tx as Uint8Array), Buffer.alloc(4)]);
  const second = async (tx: Uint8Array | number): Promise<Uint8Array | number> =>
    bench.spend(undefined, {
      outpoint: outpoint(tx),
      amountSat: decodeTransaction(tx as Uint8Array).outputs[0]?.amount_sat ?? 0n,
    });
  const claimed = await second(success);
  await bench.refused(claimed, "sequence");
  await bench.firstAt(toLocal, confirmed + DELAYS[0], "sequence");
  await bench.mineTo(succeeded + DELAYS[0] - 1);
  await bench.confirm(claimed, "HTLC-success's output");

  await bench.firstAt(late, expiry + 1, "lock_time");
  await bench.firstAt(await second(late), chain.height() + DELAYS[0], "sequence");
  // The other one that we may have is still there: also after its expiry.
  await bench.confirm(await htlc(other), "late HTLC-success");
}

/** The peer's commitment: to_remote, HTLCs with preimage and after expiry. */
async function theirCommitment(bench: Bench, seed: number, flags: number): Promise<void> {
  const random = scenario(seed, flags, COUNTERPARTY, bench.chain.height());
  const model = await bench.open(random);
  const expiry = random.htlcs[0]?.cltvExpiry ?? NaN;
  await bench.confirm(model.signed(), "their commitment");
  const own = await bench.spend(positionOf(model, "to_remote"));
  await bench.confirm(own, "to_remote");
  const htlcs = model.htlcPositions();
  const [claimable = NaN] = htlcs.filter((position) => model.isOffered(position));
  const [ours = NaN] = htlcs.filter((position) => !model.isOffered(position));
  const preimage = preimageAt(random, model, claimable);
  const claim = await bench.spend(claimable, { preimage });
  await bench.refused(spoilt(claim, preimage), "script");
  await bench.confirm(claim, "claim");
  await bench.refused(claim, "known");
  await bench.firstAt(await bench.spend(ours), expiry + 1, "lock_time");
}

/** A revoked commitment: everything is taken at once, an HTLC also from the transaction that the peer made of it. */
async function revokedCommitment(bench: Bench, seed: number, flags: number): Promise<void> {
  const random = scenario(seed, flags, COUNTERPARTY, bench.chain.height());
  const model = await bench.open(random);
  await bench.confirm(model.signed(), "revoked commitment");
  const secret = model.perCommitmentSecret;
  const toLocal = await bench.spend(positionOf(model, "to_local"), { secret });
  await bench.confirm(toLocal, "penalty");
  for (const position of model.htlcPositions()) {
    await bench.confirm(await bench.spend(position, { secret }), "HTLC penalty");
  }
  await bench.refused(await bench.spend(positionOf(model, "to_local"), { secret, feeSat: 2000n }), "missing_inputs");
}

/** A mutual close, by either protocol. */
async function closing(bench: Bench, seed: number, kind: number): Promise<void> {
  const { room } = bench;
  const draft = modelOf(scenario(seed, 0, HOLDER, bench.chain.height()));
  const secrets = [sideSecrets(seed, 0), sideSecrets(seed, 1)] as const;
  await room.importKeys(KEYS_A, secrets[0]);
  const keys = secrets.map(([key]) => key ?? NOTHING);
  const witnessScript = funding(publicKey(keys[0] ?? NOTHING), publicKey(keys[1] ?? NOTHING));
  const { fundingSat } = draft.channel;
  const outpoint = await bench.coin(p2wsh(witnessScript), fundingSat);
  const channel = { ...draft.channel, fundingTxid: outpoint.txid, fundingOutput: outpoint.index };
  const lockTime = kind === 0 ? 0 : bench.chain.height() + 3;
  const scripts = [p2wpkh(publicKey(secretOf(seed, "A"))), p2wsh(Uint8Array.of(0x51))] as const;
  const record: Closing = {
    balancesMsat: [fundingSat * 1000n - 300_000_000n, 300_000_000n],
    feeSat: FEE_SAT,
    dustLimitSat: 354n,
    payer: 0,
    kind,
    locktime: lockTime,
    omitted: 0,
    scripts,
  };
  expect(await room.buildClosing(channel, record)).toBe(2);
  const outputs = [
    { sat: fundingSat - 300_000n - FEE_SAT, script: scripts[0] },
    { sat: 300_000n, script: scripts[1] },
  ].sort((a, b) => Number(a.sat - b.sat));
  const tx = transaction(outpoint, kind === 0 ? 0xffff_ffff : 0xffff_fffd, lockTime, outputs);
  const theirs = sign(tx.preimageWitnessV0(0, witnessScript, ALL, fundingSat), keys[1] ?? NOTHING);
  const signed = await room.fundingSigned(theirs);
  if (kind !== 0) return bench.firstAt(signed, lockTime + 1, "lock_time");
  await bench.refused(spoilt(signed, item(theirs, ALL)), "script");
  await bench.confirm(signed, "closing");
}

/** The tests, for any backend. */
export function contract(backend: () => Bench): void {
  const kinds = { static_remotekey: 0, anchors: ANCHORS, "anchors and energy": ANCHORS | ENERGY };
  for (const [name, flags] of Object.entries(kinds)) {
    const seed = 10 * flags;
    it(`our commitment, ${name}`, () => ownCommitment(backend(), seed + 1, flags), TIMEOUT_MS);
    it(`the peer's commitment, ${name}`, () => theirCommitment(backend(), seed + 2, flags), TIMEOUT_MS);
    it(`a revoked commitment, ${name}`, () => revokedCommitment(backend(), seed + 3, flags), TIMEOUT_MS);
  }
  it("closing_signed", () => closing(backend(), 101, 0), TIMEOUT_MS);
  it("closing_complete", () => closing(backend(), 102, 1), TIMEOUT_MS);
}
