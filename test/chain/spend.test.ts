import fc from "fast-check";
import { expect } from "vitest";
import { onEveryModuleEngine } from "../driver/modules.js";
import { toHex } from "../driver/vectors.js";
import { SPEND_RUNS } from "../long/counts.js";
import { execute } from "./interpreter.js";
import { hash160, item, ALL, type Model, p2wpkh, p2wsh, publicKey, secretOf } from "./model.js";
import {
  ANCHORS,
  ENTRY,
  ERR_ARGUMENT,
  ERR_OVERFLOW,
  ERR_STATE,
  ERR_VALUE,
  HOLDER,
  Room,
  type Spend,
  TIMEOUT_MS,
} from "./records.js";
import { build, modelOf, preimageAt, type Scenario, scenarios } from "./scenario.js";
import { Script } from "@scure/btc-signer";

// Every output of random commitments is spent in every way there is; what comes out must be the model's bytes, and valid
// by a script interpreter. What the scripts forbid is then signed all the same, by the model, and must be invalid.

const AT_ONCE = 0xffff_fffd;
const EMPTY: Uint8Array = new Uint8Array(0);
const TRUE: Uint8Array = Uint8Array.of(1);
const DELAYED = 3;
const PAYMENT = 2;
const HTLC = 4;

const paid = (seed: number): { script: Uint8Array; feeSat: bigint } => ({
  script: p2wpkh(publicKey(secretOf(seed, "destination"))),
  feeSat: 1n,
});

/** The transaction has to be just these bytes, and valid. */
function valid(actual: Uint8Array | number, expected: Uint8Array, script: Uint8Array, sat: bigint): void {
  expect(typeof actual === "number" ? actual : toHex(actual)).toBe(toHex(expected));
  expect(execute(expected, script, sat)).toBe("");
}

/** Replaces one byte of a transaction. */
const spoilt = (tx: Uint8Array, at: number): Uint8Array =>
  Uint8Array.from(tx, (byte, i) => (i === at ? byte ^ 1 : byte));

/** Where in a transaction bytes stand that must be there. */
function find(tx: Uint8Array, bytes: Uint8Array): number {
  const at = Buffer.from(tx).indexOf(bytes);
  expect(at).toBeGreaterThan(0);
  return at;
}

class Spending {
  constructor(
    readonly room: Room,
    readonly scenario: Scenario,
    readonly model: Model,
  ) {}

  private get anchors(): boolean {
    return (this.scenario.flags & ANCHORS) !== 0;
  }

  private place(position: number): { outpoint: { txid: Uint8Array; index: number }; sat: bigint } {
    return { outpoint: { txid: this.model.txid, index: position }, sat: this.model.at(position).sat };
  }

  private ask(position: number | undefined, more: Partial<Spend> = {}): Promise<Uint8Array | number> {
    return this.room.spend(position, { ...paid(this.scenario.seed), ...more });
  }

  /** The commitment itself, with both signatures. */
  async commitment(): Promise<void> {
    const { model } = this;
    const script = p2wsh(model.fundingScript);
    const signed = await this.room.fundingSigned(model.signature(1));
    const sat = model.channel.fundingSat;
    valid(signed, model.signed(), script, sat);
    const other = find(model.signed(), item(model.signature(1), ALL)) + 20;
    expect(execute(spoilt(model.signed(), other), script, sat)).not.toBe("");
    expect(execute(model.signed(), script, sat + 1n)).not.toBe("");
  }

  /** A script with a delay, by its owner: to_local, or the output of an HTLC transaction. */
  async delayed(place: ReturnType<Spending["place"]>, position: number | undefined): Promise<void> {
    const { model, scenario } = this;
    const delay = scenario.delays[scenario.owner as 0 | 1];
    const script = model.toLocalScript;
    const secret = model.derivedSecret(HOLDER, DELAYED);
    const after = (sequence: number, key = secret): Uint8Array =>
      model.spend(place, script, key, { sequence }, paid(scenario.seed), (signature) => [signature, EMPTY, script]);
    const outpoint = Buffer.concat([place.outpoint.txid, Buffer.from([place.outpoint.index, 0, 0, 0])]);
    const made = await this.ask(position, position === undefined ? { outpoint, amountSat: place.sat } : {});
    valid(made, after(delay), p2wsh(script), place.sat);
    if (delay > 0) expect(execute(after(delay - 1), p2wsh(script), place.sat)).toMatch(/UNSATISFIED_LOCKTIME/);
    expect(execute(after(delay, secretOf(1, "other")), p2wsh(script), place.sat)).not.toBe("");
  }

  /** An HTLC by the holder's own HTLC transaction, and what comes of that. */
  async ownHtlc(position: number): Promise<void> {
    const { model, scenario, room } = this;
    const { sat, script } = model.at(position);
    const preimage = preimageAt(scenario, model, position);
    const isOffered = model.isOffered(position);
    const signature = model.htlcSignature(position, 1);
    const made = await room.htlcSigned(position, signature, isOffered ? undefined : preimage);
    const expected = model.signedHtlcTx(position, preimage);
    valid(made, expected, script, sat);
    expect(execute(spoilt(expected, find(expected, signature.slice(36, 60))), script, sat)).not.toBe("");
    // A preimage that is wrong, or one where there is to be none.
    if (!isOffered) expect(execute(spoilt(expected, find(expected, preimage)), script, sat)).not.toBe("");
    expect(await room.htlcSigned(position, signature, isOffered ? preimage : undefined)).toBe(ERR_ARGUMENT);
    if (isOffered && model.at(position).cltvExpiry > 0) {
      const early = expected.slice();
      early.fill(0, early.length - 4);
      expect(execute(early, script, sat)).not.toBe("");
    }
    const second = model.secondStage(position);
    if (second.sat > 0n) await this.delayed(second, undefined);
  }

  /** to_remote of the counterparty's commitment. */
  async toRemote(position: number): Promise<void> {
    const { model, scenario, anchors } = this;
    const { sat, script, witnessScript } = model.at(position);
    const secret = model.secret(HOLDER, PAYMENT);
    const pubkey = publicKey(secret);
    const code = anchors
      ? witnessScript
      : Script.encode(["DUP", "HASH160", hash160(pubkey), "EQUALVERIFY", "CHECKSIG"]);
    const at = (sequence: number): Uint8Array =>
      model.spend(this.place(position), code, secret, { sequence }, paid(scenario.seed), (signature) => [
        signature,
        anchors ? witnessScript : pubkey,
      ]);
    valid(await this.ask(position), at(anchors ? 1 : AT_ONCE), script, sat);
    if (anchors) expect(execute(at(0), script, sat)).toMatch(/UNSATISFIED_LOCKTIME/);
  }

  /** An HTLC of the counterparty's commitment, with its preimage or after its expiry. */
  async theirHtlc(position: number): Promise<void> {
    const { model, scenario, anchors } = this;
    const { sat, script, witnessScript, cltvExpiry } = model.at(position);
    const secret = model.derivedSecret(HOLDER, HTLC);
    const preimage = preimageAt(scenario, model, position);
    const claims = model.isOffered(position);
    const sequence = anchors ? 1 : AT_ONCE;
    const at = (lockTime: number, second: Uint8Array, blocks = sequence): Uint8Array =>
      model.spend(
        this.place(position),
        witnessScript,
        secret,
        { sequence: blocks, lockTime },
        paid(scenario.seed),
        (signature) => [signature, second, witnessScript],
      );
    if (claims) {
      valid(await this.ask(position, { preimage }), at(0, preimage), script, sat);
      expect(execute(at(0, spoilt(preimage, 7)), script, sat)).not.toBe("");
      expect(await this.ask(position)).toBe(ERR_ARGUMENT);
    } else {
      valid(await this.ask(position), at(cltvExpiry, EMPTY), script, sat);
      if (cltvExpiry > 0) expect(execute(at(cltvExpiry - 1, EMPTY), script, sat)).toMatch(/UNSATISFIED_LOCKTIME/);
      expect(await this.ask(position, { preimage })).toBe(ERR_ARGUMENT);
    }
    if (anchors) {
      const early = claims ? at(0, preimage, 0) : at(cltvExpiry, EMPTY, 0);
      expect(execute(early, script, sat)).toMatch(/UNSATISFIED_LOCKTIME/);
    }
  }

  /** The penalty for a revoked commitment: to_local, an HTLC, an HTLC transaction's output. */
  async penalty(position: number): Promise<void> {
    const { model, scenario } = this;
    const secret = model.perCommitmentSecret;
    const { kind, sat, script, witnessScript } = model.at(position);
    const by = (key: Uint8Array, place = this.place(position), code = witnessScript, second = TRUE): Uint8Array =>
      model.spend(place, code, key, { sequence: AT_ONCE }, paid(scenario.seed), (signature) => [
        signature,
        second,
        code,
      ]);
    const revocation = model.revocationSecret();
    const second = kind === "htlc" ? model.revocationPubkey : TRUE;
    const made = await this.ask(position, { secret });
    valid(made, by(revocation, undefined, undefined, second), script, sat);
    const wrong = by(secretOf(2, "wrong"), undefined, undefined, second);
    expect(execute(wrong, script, sat)).not.toBe("");
    expect(await this.ask(position, { secret: secretOf(2, "wrong") })).toBe(ERR_VALUE);
    expect(await this.ask(position, { secret, feeSat: sat + 1n })).toBe(ERR_OVERFLOW);
    if (kind !== "htlc") return;
    const place = model.secondStage(position);
    if (place.sat === 0n) return;
    const outpoint = Buffer.concat([place.outpoint.txid, Buffer.alloc(4)]);
    const taken = await this.ask(undefined, { secret, outpoint, amountSat: place.sat });
    const expected = by(revocation, place, model.toLocalScript);
    valid(taken, expected, p2wsh(model.toLocalScript), place.sat);
    expect(await this.ask(undefined, { outpoint, amountSat: place.sat })).toBe(ERR_STATE);
  }

  async all(): Promise<void> {
    const { model, scenario } = this;
    const own = scenario.owner === HOLDER;
    if (own) await this.commitment();
    for (const [position, { kind, sat }] of model.outputs.entries()) {
      if (kind === "htlc" && own) await this.ownHtlc(position);
      if (kind === "htlc" && own) expect(await this.ask(position)).toBe(ERR_STATE);
      if (kind === "htlc" && !own && sat > 0n) await this.theirHtlc(position);
      if (kind === "to_local" && own) await this.delayed(this.place(position), position);
      if (kind === "to_local" && !own) expect(await this.ask(position)).toBe(ERR_STATE);
      if (kind === "to_remote") {
        if (own) expect(await this.ask(position)).toBe(ERR_STATE);
        else await this.toRemote(position);
      }
      if (!own && (kind === "htlc" || kind === "to_local")) await this.penalty(position);
      if (kind === "energy" || kind.endsWith("anchor")) expect(await this.ask(position)).toBe(ERR_ARGUMENT);
    }
    expect(await this.ask(model.outputs.length)).toBe(ERR_ARGUMENT);
    expect(await this.ask(-1)).toBe(ERR_ARGUMENT);
  }
}

onEveryModuleEngine(
  "chain: spending every output of a commitment",
  ENTRY,
  async (module) => {
    const room = await Room.open(module);
    expect(await room.spend(0, paid(0))).toBe(ERR_STATE);
    expect(await room.spend(undefined, paid(0))).toBe(ERR_STATE);
    const property = fc.asyncProperty(scenarios(5), async (scenario) => {
      const model = modelOf(scenario);
      fc.pre(model.code === 0);
      expect(await build(room, model)).toBe(model.htlcPositions().length);
      await new Spending(room, scenario, model).all();
    });
    await fc.assert(property, { numRuns: SPEND_RUNS[module.engine], seed: 4 });
  },
  TIMEOUT_MS,
);
