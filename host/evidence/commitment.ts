import { SigHash, Transaction as SigningTransaction } from "@scure/btc-signer";
import secp256k1 from "secp256k1";
import { DecodeError } from "../decode/errors.js";
import { type Output, type Transaction, decodeTransaction } from "../decode/transaction.js";
import type { Finding } from "../ocmf/errors.js";
import type { HtlcOutput } from "./claims.js";
import { type EvidenceBundle, type EvidenceHtlc, ofEnd, otherEnd } from "./bundle.js";
import { txidText } from "./document.js";
import { derivedPubkey, obscuringFactor, revocationPubkey } from "./keys.js";
import {
  anchorScript,
  energyScript,
  fundingScript,
  htlcScript,
  p2wsh,
  toLocalScript,
  toRemoteOutput,
} from "./scripts.js";
import { stateHash } from "./state.js";

// Whether a bundle's transaction is the commitment that the bundle says: of this channel, with this number and this energy
// state, signed by the counterparty, and with no output that the bundle does not explain. BOLT 3.

const ANCHOR_SAT = 330n;
const VERSION = 2;

/** What the transaction proves. */
export interface Commitment {
  readonly faults: readonly Finding[];
  /** As explorers show it; undefined if the bytes are no transaction. */
  readonly txid?: string;
  /** HTLCs without an output: what they move is too little for one. */
  readonly trimmed: ReadonlySet<EvidenceHtlc>;
  /** The others, by the output's place. */
  readonly htlcOutputs: ReadonlyMap<number, HtlcOutput>;
  /** Whether an output has a key that only the very per_commitment_point gives. */
  readonly pointProven: boolean;
}

const equal = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0;
const finding = (field: string, message: string): Finding => ({ field, message });

export function checkCommitment(bundle: EvidenceBundle): Commitment {
  let tx: Transaction;
  try {
    tx = decodeTransaction(bundle.transaction);
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    const fault = finding("commitment.transaction", `is no transaction: ${error.message}`);
    return { faults: [fault], trimmed: new Set(), htlcOutputs: new Map(), pointProven: false };
  }
  const outputs = explainOutputs(bundle, tx);
  const faults = [...checkInput(bundle, tx), ...checkSignature(bundle), ...outputs.faults];
  return { ...outputs, faults, txid: tx.txid };
}

/** The one input, the number that sequence and lock time hide, and their fixed bits. */
function checkInput(bundle: EvidenceBundle, { version, inputs, locktime }: Transaction): Finding[] {
  const faults: Finding[] = [];
  const field = "commitment.transaction";
  const [input] = inputs;
  const spent = `${txidText(bundle.fundingTxid)}:${bundle.fundingOutput}`;
  if (version !== VERSION) faults.push(finding(field, `has version ${version}, not ${VERSION}`));
  if (input === undefined || inputs.length !== 1) {
    return [...faults, finding(field, `has ${inputs.length} inputs; a commitment has one`)];
  }
  const { txid, output_index, sequence } = input;
  if (`${txid}:${output_index}` !== spent) {
    faults.push(finding(field, `spends ${txid}:${output_index}, not the funding output ${spent}`));
  }
  if (sequence >>> 24 !== 0x80 || locktime >>> 24 !== 0x20) {
    return [...faults, finding(field, "has no sequence and lock time of a commitment")];
  }
  const { opener, keys, commitmentNumber } = bundle;
  const factor = obscuringFactor(ofEnd(keys, opener).paymentBasepoint, ofEnd(keys, otherEnd(opener)).paymentBasepoint);
  const number = ((BigInt(sequence & 0xff_ffff) << 24n) | BigInt(locktime & 0xff_ffff)) ^ factor;
  if (number !== commitmentNumber) {
    faults.push(finding("commitment.number", `is ${commitmentNumber}; the transaction says ${number}`));
  }
  return faults;
}

/** The counterparty's signature by the rules of segregated witness. BIP 143; BOLT 2, `commitment_signed`. */
function checkSignature({ keys, holder, fundingSat, transaction, counterpartySignature }: EvidenceBundle): Finding[] {
  const script = fundingScript(keys[0].fundingPubkey, keys[1].fundingPubkey);
  const signer = ofEnd(keys, otherEnd(holder)).fundingPubkey;
  let digest: Uint8Array;
  try {
    const tx = SigningTransaction.fromRaw(transaction, {
      allowUnknownOutputs: true,
      allowUnknownInputs: true,
      disableScriptCheck: true,
    });
    digest = tx.preimageWitnessV0(0, script, SigHash.ALL, fundingSat);
  } catch (error) {
    return [finding("commitment.transaction", `cannot be signed: ${error instanceof Error ? error.message : error}`)];
  }
  // The library takes only the lower of both values that S can have, as nodes do; out of range, it throws.
  let holds = false;
  try {
    holds = secp256k1.ecdsaVerify(counterpartySignature, digest, signer);
  } catch {
    // Then it is none.
  }
  return holds ? [] : [finding("commitment.signature", "is not the counterparty's of this transaction")];
}

/** An output that a commitment may have, once. */
interface Expected {
  readonly script: Uint8Array;
  /** Undefined: any. */
  readonly sat?: bigint;
  readonly htlc?: HtlcOutput;
  /** The script depends on the per_commitment_point. */
  readonly proves: boolean;
}

function expectedOutputs(bundle: EvidenceBundle): Expected[] {
  const { anchors, perCommitmentPoint: point, htlcs } = bundle;
  const holder = ofEnd(bundle.keys, bundle.holder);
  const counterparty = ofEnd(bundle.keys, otherEnd(bundle.holder));
  const revocation = revocationPubkey(counterparty.revocationBasepoint, point);
  const delayed = derivedPubkey(holder.delayedPaymentBasepoint, point);
  const keys = {
    revocation,
    localHtlc: derivedPubkey(holder.htlcBasepoint, point),
    remoteHtlc: derivedPubkey(counterparty.htlcBasepoint, point),
  };
  return [
    { script: p2wsh(toLocalScript(revocation, holder.toSelfDelay, delayed)), proves: true },
    // With option_static_remotekey, on which energy depends, the key is the basepoint.
    { script: toRemoteOutput(counterparty.paymentBasepoint, anchors), proves: false },
    ...(anchors
      ? [holder, counterparty].map(({ fundingPubkey }) => ({
          script: p2wsh(anchorScript(fundingPubkey)),
          sat: ANCHOR_SAT,
          proves: false,
        }))
      : []),
    ...htlcs.map((htlc) => {
      const witnessScript = htlcScript(htlc, htlc.offeredBy === bundle.holder, keys, anchors);
      return {
        script: p2wsh(witnessScript),
        sat: htlc.amountMsat / 1000n,
        htlc: { htlc, witnessScript },
        proves: true,
      };
    }),
  ];
}

function explainOutputs(bundle: EvidenceBundle, { outputs }: Transaction): Omit<Commitment, "txid"> {
  const faults: Finding[] = [];
  const left = expectedOutputs(bundle);
  const htlcOutputs = new Map<number, HtlcOutput>();
  let pointProven = false;
  const energy: Output[] = [];
  outputs.forEach((output, index) => {
    if (output.script[0] === OP_RETURN) {
      energy.push(output);
      return;
    }
    const at = left.findIndex(
      ({ script, sat }) => equal(script, output.script) && (sat === undefined || sat === output.amount_sat),
    );
    const [found] = at < 0 ? [] : left.splice(at, 1);
    if (found === undefined) {
      const text = `output ${index}, of ${output.amount_sat} sat, follows from nothing in this bundle`;
      faults.push(finding("commitment.transaction", text));
    }
    if (found?.htlc !== undefined) htlcOutputs.set(index, found.htlc);
    pointProven ||= found?.proves ?? false;
  });
  const paid = outputs.reduce((sum, { amount_sat }) => sum + amount_sat, 0n);
  if (paid > bundle.fundingSat) {
    faults.push(finding("funding.amount_sat", `is ${bundle.fundingSat}; the outputs have ${paid}`));
  }
  faults.push(...checkEnergy(bundle.energyState, energy));
  return { faults, trimmed: new Set(left.flatMap(({ htlc }) => htlc?.htlc ?? [])), htlcOutputs, pointProven };
}

const OP_RETURN = 0x6a;

function checkEnergy(energyState: Uint8Array, outputs: readonly Output[]): Finding[] {
  const [output] = outputs;
  if (output === undefined || outputs.length !== 1) {
    return [
      finding("commitment.transaction", `has ${outputs.length} outputs with OP_RETURN; a line's commitment has one`),
    ];
  }
  if (output.amount_sat !== 0n) {
    return [finding("commitment.transaction", `its output with the energy state's hash has ${output.amount_sat} sat`)];
  }
  return equal(output.script, energyScript(stateHash(energyState)))
    ? []
    : [finding("commitment.energy_state", "has not the hash that stands in the transaction")];
}

/** Whether the transaction that the bundle brings has funded the channel. Nothing if it brings none. */
export function checkFunding({
  fundingTransaction,
  fundingTxid,
  fundingOutput,
  fundingSat,
  keys,
}: EvidenceBundle): Finding[] {
  if (fundingTransaction === undefined) return [];
  let tx: Transaction;
  try {
    tx = decodeTransaction(fundingTransaction);
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    return [finding("funding_transaction", `is no transaction: ${error.message}`)];
  }
  const expected = txidText(fundingTxid);
  if (tx.txid !== expected) return [finding("funding_transaction", `has the txid ${tx.txid}, not ${expected}`)];
  const output = tx.outputs[fundingOutput];
  if (output === undefined) return [finding("funding.output", `${fundingOutput}: the transaction has no such output`)];
  const faults: Finding[] = [];
  if (output.amount_sat !== fundingSat) {
    faults.push(finding("funding.amount_sat", `is ${fundingSat}; the output has ${output.amount_sat}`));
  }
  if (!equal(output.script, p2wsh(fundingScript(keys[0].fundingPubkey, keys[1].fundingPubkey)))) {
    faults.push(finding("funding_transaction", "its output is not locked by both funding_pubkeys"));
  }
  return faults;
}
