import { secp256k1 } from "@noble/curves/secp256k1.js";
import { ripemd160 } from "@noble/hashes/legacy.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { Script, Transaction } from "@scure/btc-signer";
import type { Channel, Commitment } from "../../host/bench/lightning/channel_records.js";
import { ANCHORS, ENERGY, ERR_MISSING, ERR_OVERFLOW } from "./records.js";

// BOLT 3 once more, from the text, over other libraries: scripts, transactions and digests by @scure/btc-signer, keys and
// signatures by noble, money in BigInt.

const ORDER = secp256k1.Point.Fn.ORDER;

export const ALL = 0x01;
export const SINGLE_ANYONECANPAY = 0x83;
export const ANCHOR_SAT = 330n;

const concat = (...parts: Uint8Array[]): Uint8Array => Buffer.concat(parts);
const toNumber = (bytes: Uint8Array): bigint => BigInt(`0x${Buffer.from(bytes).toString("hex")}`);
const toBytes = (scalar: bigint): Uint8Array =>
  Uint8Array.from(Buffer.from((((scalar % ORDER) + ORDER) % ORDER).toString(16).padStart(64, "0"), "hex"));
export const hash160 = (bytes: Uint8Array): Uint8Array => ripemd160(sha256(bytes));
export const p2wsh = (script: Uint8Array): Uint8Array => Script.encode([0, sha256(script)]);
export const p2wpkh = (pubkey: Uint8Array): Uint8Array => Script.encode([0, hash160(pubkey)]);
export const publicKey = (secret: Uint8Array): Uint8Array => secp256k1.getPublicKey(secret, true);
export const sign = (digest: Uint8Array, secret: Uint8Array): Uint8Array =>
  secp256k1.sign(digest, secret, { prehash: false, lowS: true });

/** A secret of its own for each label. */
export const secretOf = (seed: number, label: string): Uint8Array => sha256(Buffer.from(`${seed} ${label}`));

const LABELS = ["funding", "revocation", "payment", "delayed", "htlc"];
const [FUNDING, REVOCATION, PAYMENT, DELAYED, HTLC] = [0, 1, 2, 3, 4];

/** Private keys of one side, in the order of its basepoints. */
export const sideSecrets = (seed: number, side: number): Uint8Array[] =>
  LABELS.map((label) => secretOf(seed, `${label} ${side}`));

export function funding(a: Uint8Array, b: Uint8Array): Uint8Array {
  const [first, second] = Buffer.compare(a, b) < 0 ? [a, b] : [b, a];
  return Script.encode([2, first, second, 2, "CHECKMULTISIG"]);
}

/** Lower 48 bits of the hash of both payment basepoints. */
export const obscuring = (opener: Uint8Array, accepter: Uint8Array): bigint =>
  toNumber(sha256(concat(opener, accepter))) & ((1n << 48n) - 1n);

export interface Output {
  kind: "to_local" | "to_remote" | "local_anchor" | "remote_anchor" | "energy" | "htlc";
  /** Number of the HTLC; -1 for the others. */
  htlc: number;
  sat: bigint;
  script: Uint8Array;
  /** Witness script; empty for p2wpkh and OP_RETURN. */
  witnessScript: Uint8Array;
  cltvExpiry: number;
}

function compareOutputs(a: Output, b: Output): number {
  if (a.sat !== b.sat) return a.sat < b.sat ? -1 : 1;
  return Buffer.compare(a.script, b.script) || a.cltvExpiry - b.cltvExpiry;
}

export const transaction = (
  outpoint: { txid: Uint8Array; index: number },
  sequence: number,
  lockTime: number,
  outputs: readonly { sat: bigint; script: Uint8Array }[],
): Transaction => {
  const tx = new Transaction({ version: 2, lockTime, allowUnknownOutputs: true, disableScriptCheck: true });
  tx.addInput({ txid: outpoint.txid.slice().reverse(), index: outpoint.index, sequence });
  for (const { sat, script } of outputs) tx.addOutput({ script, amount: sat });
  return tx;
};

/** Bytes of a transaction with this witness. */
export function withWitness(tx: Transaction, witness: readonly Uint8Array[]): Uint8Array {
  const bytes = Buffer.from(tx.toBytes(true, false));
  const items = witness.map((item) => concat(Uint8Array.of(item.length), item));
  return concat(
    bytes.subarray(0, 4),
    Uint8Array.of(0, 1),
    bytes.subarray(4, -4),
    Uint8Array.of(witness.length),
    ...items,
    bytes.subarray(-4),
  );
}

/** A signature as witness item. */
export const item = (signature: Uint8Array, kind: number): Uint8Array =>
  concat(secp256k1.Signature.fromBytes(signature, "compact").toBytes("der"), Uint8Array.of(kind));

const txidOf = (tx: Transaction): Uint8Array => sha256(sha256(tx.toBytes(true, false)));

type Keys = Record<"revocation" | "delayed" | "localHtlc" | "remoteHtlc" | "remote", Uint8Array>;

/** A commitment worked out from all private keys of both sides. */
export class Model {
  readonly outputs: Output[] = [];
  readonly code: number = 0;
  readonly baseFeeSat: bigint;
  readonly openerIsShort: boolean;
  readonly feeSat: bigint = 0n;
  readonly tx: Transaction;
  readonly txid: Uint8Array;
  readonly fundingScript: Uint8Array;
  readonly digest: Uint8Array;
  readonly revocationPubkey: Uint8Array;
  readonly toLocalScript: Uint8Array;
  private readonly anchors: boolean;
  private known: Keys | undefined;

  /** @param secrets private keys of the holder and of the counterparty */
  constructor(
    readonly channel: Channel,
    readonly commitment: Commitment,
    readonly secrets: readonly [Uint8Array[], Uint8Array[]],
    readonly perCommitmentSecret: Uint8Array,
  ) {
    const { owner, balancesMsat, feeratePerKw, htlcs } = commitment;
    const anchors = (channel.flags & ANCHORS) !== 0;
    this.anchors = anchors;
    const dust = channel.sides[owner as 0 | 1].dustLimitSat;
    const rate = BigInt(feeratePerKw);
    const fees = { timeout: anchors ? 0n : (rate * 663n) / 1000n, success: anchors ? 0n : (rate * 703n) / 1000n };
    const kept = htlcs.map(({ amountMsat, offeredBy }) => {
      const fee = offeredBy === owner ? fees.timeout : fees.success;
      return amountMsat / 1000n - fee >= dust;
    });
    const count = BigInt(kept.filter(Boolean).length);
    const energy = (channel.flags & ENERGY) !== 0;
    const weight = (anchors ? 1124n : 724n) + 172n * (count + (energy ? 1n : 0n));
    this.baseFeeSat = (rate * weight) / 1000n;
    const sats = balancesMsat.map((msat) => msat / 1000n) as [bigint, bigint];
    const due = this.baseFeeSat + (anchors ? 2n * ANCHOR_SAT : 0n);
    const payer = channel.opener as 0 | 1;
    this.openerIsShort = sats[payer] < due;
    sats[payer] = this.openerIsShort ? 0n : sats[payer] - due;
    const toLocal = sats[owner as 0 | 1];
    const toRemote = sats[(owner ^ 1) as 0 | 1];

    const keys = this.keys();
    this.revocationPubkey = keys.revocation;
    const delay = channel.sides[owner as 0 | 1].toSelfDelay;
    this.toLocalScript = Script.encode([
      "IF",
      keys.revocation,
      "ELSE",
      delay,
      "CHECKSEQUENCEVERIFY",
      "DROP",
      keys.delayed,
      "ENDIF",
      "CHECKSIG",
    ]);
    const other = { htlc: -1, cltvExpiry: 0, witnessScript: new Uint8Array(0) };
    htlcs.forEach((htlc, number) => {
      if (!kept[number]) return;
      const witnessScript = this.htlcScript(number);
      this.outputs.push({
        kind: "htlc",
        htlc: number,
        sat: htlc.amountMsat / 1000n,
        witnessScript,
        script: p2wsh(witnessScript),
        cltvExpiry: htlc.cltvExpiry,
      });
    });
    if (toLocal >= dust) {
      const witnessScript = this.toLocalScript;
      this.outputs.push({ ...other, kind: "to_local", sat: toLocal, witnessScript, script: p2wsh(witnessScript) });
    }
    if (toRemote >= dust) {
      const witnessScript = anchors
        ? Script.encode([keys.remote, "CHECKSIGVERIFY", 1, "CHECKSEQUENCEVERIFY"])
        : new Uint8Array(0);
      const script = anchors ? p2wsh(witnessScript) : p2wpkh(keys.remote);
      this.outputs.push({ ...other, kind: "to_remote", sat: toRemote, witnessScript, script });
    }
    for (const [kind, side, balance] of [
      ["local_anchor", owner, toLocal],
      ["remote_anchor", owner ^ 1, toRemote],
    ] as const) {
      if (!anchors || (balance < dust && count === 0n)) continue;
      const witnessScript = Script.encode([
        publicKey(this.secret(side, FUNDING)),
        "CHECKSIG",
        "IFDUP",
        "NOTIF",
        16,
        "CHECKSEQUENCEVERIFY",
        "ENDIF",
      ]);
      this.outputs.push({ ...other, kind, sat: ANCHOR_SAT, witnessScript, script: p2wsh(witnessScript) });
    }
    if (energy) {
      const script = Script.encode(["RETURN", commitment.energyHash]);
      this.outputs.push({ ...other, kind: "energy", sat: 0n, script });
    }
    this.outputs.sort(compareOutputs);

    const paid = this.outputs.reduce((sum, { sat }) => sum + sat, 0n);
    this.feeSat = channel.fundingSat - paid;
    if (paid === 0n) this.code = ERR_MISSING;
    else if (this.feeSat < 0n) this.code = ERR_OVERFLOW;

    const obscured = commitment.number ^ channel.obscuring;
    this.tx = transaction(
      { txid: channel.fundingTxid, index: channel.fundingOutput },
      0x8000_0000 + Number(obscured >> 24n),
      0x2000_0000 + Number(obscured & 0xff_ffffn),
      this.outputs,
    );
    this.txid = txidOf(this.tx);
    this.fundingScript = funding(publicKey(this.secret(0, FUNDING)), publicKey(this.secret(1, FUNDING)));
    this.digest = this.tx.preimageWitnessV0(0, this.fundingScript, ALL, channel.fundingSat);
  }

  secret(side: number, key: number | undefined): Uint8Array {
    const found = this.secrets[side as 0 | 1][key ?? NaN];
    if (found === undefined) throw new RangeError(`no key ${key}`);
    return found;
  }

  private point(): Uint8Array {
    return publicKey(this.perCommitmentSecret);
  }

  /** basepoint_secret + SHA256(per_commitment_point || basepoint). */
  derivedSecret(side: number, key: number | undefined): Uint8Array {
    const base = this.secret(side, key);
    return toBytes(toNumber(base) + toNumber(sha256(concat(this.point(), publicKey(base)))));
  }

  revocationSecret(): Uint8Array {
    const base = this.secret(this.commitment.owner ^ 1, REVOCATION);
    const [point, basepoint] = [this.point(), publicKey(base)];
    return toBytes(
      toNumber(base) * toNumber(sha256(concat(basepoint, point))) +
        toNumber(this.perCommitmentSecret) * toNumber(sha256(concat(point, basepoint))),
    );
  }

  private keys(): Keys {
    const { owner } = this.commitment;
    this.known ??= {
      revocation: publicKey(this.revocationSecret()),
      delayed: publicKey(this.derivedSecret(owner, DELAYED)),
      localHtlc: publicKey(this.derivedSecret(owner, HTLC)),
      remoteHtlc: publicKey(this.derivedSecret(owner ^ 1, HTLC)),
      remote: publicKey(this.secret(owner ^ 1, PAYMENT)),
    };
    return this.known;
  }

  htlcScript(number: number): Uint8Array {
    const htlc = this.commitment.htlcs[number];
    if (htlc === undefined) throw new RangeError(`no HTLC ${number}`);
    const keys = this.keys();
    const hash = ripemd160(htlc.paymentHash);
    const head = ["DUP", "HASH160", hash160(keys.revocation), "EQUAL", "IF", "CHECKSIG", "ELSE"] as const;
    const size = [keys.remoteHtlc, "SWAP", "SIZE", Uint8Array.of(32), "EQUAL"] as const;
    const multisig = [2, "SWAP", keys.localHtlc, 2, "CHECKMULTISIG"] as const;
    const preimage = ["HASH160", hash, "EQUALVERIFY"] as const;
    const tail = this.anchors ? ([1, "CHECKSEQUENCEVERIFY", "DROP", "ENDIF"] as const) : (["ENDIF"] as const);
    return htlc.offeredBy === this.commitment.owner
      ? Script.encode([
          ...head,
          ...size,
          "NOTIF",
          "DROP",
          ...multisig,
          "ELSE",
          ...preimage,
          "CHECKSIG",
          "ENDIF",
          ...tail,
        ])
      : Script.encode([
          ...head,
          ...size,
          "IF",
          ...preimage,
          ...multisig,
          "ELSE",
          "DROP",
          htlc.cltvExpiry,
          "CHECKLOCKTIMEVERIFY",
          "DROP",
          "CHECKSIG",
          "ENDIF",
          ...tail,
        ]);
  }

  /** Signature of one side for the commitment. */
  signature(side: number): Uint8Array {
    return sign(this.digest, this.secret(side, FUNDING));
  }

  /** The commitment with both signatures. */
  signed(): Uint8Array {
    const [holder, counterparty] = [publicKey(this.secret(0, FUNDING)), publicKey(this.secret(1, FUNDING))];
    const order = Buffer.compare(holder, counterparty) < 0 ? [0, 1] : [1, 0];
    const signatures = order.map((side) => item(this.signature(side), ALL));
    return withWitness(this.tx, [new Uint8Array(0), ...signatures, this.fundingScript]);
  }

  /** Positions of the HTLC outputs. */
  htlcPositions(): number[] {
    return this.outputs.flatMap(({ htlc }, position) => (htlc < 0 ? [] : [position]));
  }

  at(position: number): Output {
    const output = this.outputs[position];
    if (output === undefined) throw new RangeError(`no output ${position}`);
    return output;
  }

  isOffered(position: number): boolean {
    return this.commitment.htlcs[this.at(position).htlc]?.offeredBy === this.commitment.owner;
  }

  htlcTx(position: number): Transaction {
    const { sat, cltvExpiry } = this.at(position);
    const timeout = this.isOffered(position);
    const fee = this.anchors ? 0n : (BigInt(this.commitment.feeratePerKw) * (timeout ? 663n : 703n)) / 1000n;
    return transaction({ txid: this.txid, index: position }, this.anchors ? 1 : 0, timeout ? cltvExpiry : 0, [
      { sat: sat - fee, script: p2wsh(this.toLocalScript) },
    ]);
  }

  htlcSignature(position: number, side: number): Uint8Array {
    const { sat, witnessScript } = this.at(position);
    const kind = side !== this.commitment.owner && this.anchors ? SINGLE_ANYONECANPAY : ALL;
    const digest = this.htlcTx(position).preimageWitnessV0(0, witnessScript, kind, sat);
    return sign(digest, this.derivedSecret(side, HTLC));
  }

  /** The HTLC transaction with both signatures. @param preimage of a received HTLC */
  signedHtlcTx(position: number, preimage: Uint8Array): Uint8Array {
    const { owner } = this.commitment;
    return withWitness(this.htlcTx(position), [
      new Uint8Array(0),
      item(this.htlcSignature(position, owner ^ 1), this.anchors ? SINGLE_ANYONECANPAY : ALL),
      item(this.htlcSignature(position, owner), ALL),
      this.isOffered(position) ? new Uint8Array(0) : preimage,
      this.at(position).witnessScript,
    ]);
  }

  /** An output of the HTLC transaction, as `spend` takes it. */
  secondStage(position: number): { outpoint: { txid: Uint8Array; index: number }; sat: bigint } {
    const tx = this.htlcTx(position);
    return { outpoint: { txid: txidOf(tx), index: 0 }, sat: tx.getOutput(0).amount ?? 0n };
  }

  /** Spends an output with one signature; `witness` puts it in its place. */
  spend(
    { outpoint, sat }: { outpoint: { txid: Uint8Array; index: number }; sat: bigint },
    script: Uint8Array,
    secret: Uint8Array,
    { sequence, lockTime = 0 }: { sequence: number; lockTime?: number },
    paid: { script: Uint8Array; feeSat: bigint },
    witness: (signature: Uint8Array) => Uint8Array[],
  ): Uint8Array {
    const tx = transaction(outpoint, sequence, lockTime, [{ sat: sat - paid.feeSat, script: paid.script }]);
    return withWitness(tx, witness(item(sign(tx.preimageWitnessV0(0, script, ALL, sat), secret), ALL)));
  }
}
