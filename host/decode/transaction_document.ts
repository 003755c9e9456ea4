import { createHash } from "node:crypto";
import type { Document, Value } from "./document.js";
import { hexOf } from "./reader.js";
import { scriptText } from "./script.js";
import {
  type OutputContext,
  anchorScript,
  p2wshOf,
  recogniseOutputScript,
  recogniseWitnessScript,
} from "./templates.js";
import type { Input, Transaction } from "./transaction.js";

/** Upper bytes that mark the two halves of an obscured commitment number. BOLT 3, "Commitment Transaction". */
const SEQUENCE_MARK = 0x80;
const LOCKTIME_MARK = 0x20;

/** The obscured commitment number; undefined in a transaction that is no commitment. */
export function obscuredNumber({ inputs, locktime }: Transaction): bigint | undefined {
  const [input] = inputs;
  if (inputs.length !== 1 || input === undefined) return undefined;
  if (input.sequence >>> 24 !== SEQUENCE_MARK || locktime >>> 24 !== LOCKTIME_MARK) return undefined;
  return (BigInt(input.sequence & 0xffffff) << 24n) | BigInt(locktime & 0xffffff);
}

/**
 * The number by which a channel's commitment numbers are obscured: BOLT 3, "Commitment Transaction".
 * @param opener 33 bytes: payment_basepoint of open_channel
 * @param accepter 33 bytes: that of accept_channel
 */
export function obscuringFactor(opener: Uint8Array, accepter: Uint8Array): bigint {
  const digest = createHash("sha256").update(opener).update(accepter).digest();
  return BigInt(`0x${digest.subarray(26).toString("hex")}`);
}

/** What a transaction is to a channel, from its input's witness and its own fields. */
function roleOf(transaction: Transaction, commitment: boolean): string | undefined {
  const [input] = transaction.inputs;
  const script = input?.witness.at(-1);
  const form = script && recogniseWitnessScript(script)?.["form"];
  if (commitment) return "commitment transaction";
  if (form === "funding") return "closing transaction";
  if (input === undefined || typeof form !== "string") return undefined;
  // Two signatures and what the second stage shows: BOLT 3, "HTLC-Timeout and HTLC-Success Transactions".
  const [zero, , , shown] = input.witness;
  if (input.witness.length !== 5 || zero?.length !== 0) return `spends ${form}`;
  if (form.startsWith("offered HTLC")) return "HTLC-timeout transaction";
  if (form.startsWith("received HTLC")) return shown?.length === 32 ? "HTLC-success transaction" : `spends ${form}`;
  return `spends ${form}`;
}

/** Scripts that a transaction's outputs may commit to: those that are given, and anchors of the funding keys it shows. */
function contextOf({ inputs }: Transaction, commitment: boolean, given: readonly Uint8Array[]): OutputContext {
  const shown = inputs.flatMap(({ witness }) => witness.slice(-1)).map(recogniseWitnessScript);
  const anchors = shown
    .filter((script) => script?.["form"] === "funding")
    .flatMap((script) => [script?.["pubkey1"], script?.["pubkey2"]].map((key) => anchorScript(String(key))));
  return { commitment, witnessScripts: new Map([...anchors, ...given].map((script) => [p2wshOf(script), script])) };
}

/**
 * @param factor of the channel, if it is known: then the commitment number itself is shown
 * @param witnessScripts those of outputs, as far as they are known
 */
export function transactionDocument(
  transaction: Transaction,
  factor?: bigint,
  witnessScripts: readonly Uint8Array[] = [],
): Document {
  const { inputs, outputs, ...head } = transaction;
  const obscured = obscuredNumber(transaction);
  const role = roleOf(transaction, obscured !== undefined);
  const context = contextOf(transaction, obscured !== undefined, witnessScripts);
  return {
    kind: "transaction",
    txid: head.txid,
    wtxid: head.wtxid,
    version: head.version,
    segwit: head.segwit,
    size_bytes: head.size,
    weight: head.weight,
    locktime: head.locktime,
    ...(role === undefined ? {} : { role }),
    ...(obscured === undefined ? {} : { obscured_commitment_number: obscured }),
    ...(obscured === undefined || factor === undefined ? {} : { commitment_number: obscured ^ factor }),
    outputs_total_sat: outputs.reduce((sum, { amount_sat }) => sum + amount_sat, 0n),
    inputs: inputs.map(inputDocument),
    outputs: outputs.map(({ amount_sat, script }) => ({
      amount_sat,
      ...recogniseOutputScript(script, context),
      script: hexOf(script),
    })),
  };
}

function inputDocument({ txid, output_index, script, sequence, witness }: Input): Document {
  const last = witness.at(-1);
  const witnessScript = last && witnessScriptDocument(last);
  return {
    spends: `${txid}:${output_index}`,
    sequence: `0x${sequence.toString(16).padStart(8, "0")}`,
    ...(script.length === 0 ? {} : { script: scriptText(script) }),
    ...(witness.length === 0 ? {} : { witness: witness.map(hexOf) }),
    ...(witnessScript === undefined ? {} : { witness_script: witnessScript }),
  };
}

function witnessScriptDocument(script: Uint8Array): Value | undefined {
  const known = recogniseWitnessScript(script);
  return known && { ...known, text: scriptText(script) };
}

/** A script by itself, as an output commits to it. */
export function scriptDocument(script: Uint8Array): Document {
  const known =
    recogniseWitnessScript(script) ?? recogniseOutputScript(script, { commitment: false, witnessScripts: new Map() });
  return {
    kind: "script",
    ...known,
    size_bytes: script.length,
    text: scriptText(script),
    p2wsh_script: p2wshOf(script),
  };
}
