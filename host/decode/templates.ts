import { createHash } from "node:crypto";
import type { Document, Value } from "./document.js";
import { hexOf } from "./reader.js";
import { type Operation, operationsOf, scriptNumber } from "./script.js";

/**
 * A form of script: operations, and in angle brackets what is pushed: bytes of a length, or a number.
 * `...?` ends a form that may have a tail.
 */
interface Template {
  readonly form: string;
  readonly pattern: string;
}

const REVOCATION = "OP_DUP OP_HASH160 <20:revocation_pubkey_hash> OP_EQUAL OP_IF OP_CHECKSIG OP_ELSE";
const HTLC_KEY = "<33:remote_htlcpubkey> OP_SWAP OP_SIZE <num=32> OP_EQUAL";
const CLAIM = "OP_HASH160 <20:payment_hash_ripemd160> OP_EQUALVERIFY";
const MULTISIG = "OP_2 OP_SWAP <33:local_htlcpubkey> OP_2 OP_CHECKMULTISIG";
const OFFERED = `${REVOCATION} ${HTLC_KEY} OP_NOTIF OP_DROP ${MULTISIG} OP_ELSE ${CLAIM} OP_CHECKSIG OP_ENDIF`;
const RECEIVED =
  `${REVOCATION} ${HTLC_KEY} OP_IF ${CLAIM} ${MULTISIG} OP_ELSE ` +
  "OP_DROP <num:cltv_expiry> OP_CHECKLOCKTIMEVERIFY OP_DROP OP_CHECKSIG OP_ENDIF";
const ONE_BLOCK = "OP_1 OP_CHECKSEQUENCEVERIFY OP_DROP";

/** Witness scripts. BOLT 3, "Commitment Transaction Outputs", "HTLC-Timeout and HTLC-Success Transactions". */
const WITNESS_SCRIPTS: readonly Template[] = [
  { form: "funding", pattern: "OP_2 <33:pubkey1> <33:pubkey2> OP_2 OP_CHECKMULTISIG" },
  {
    form: "to_local",
    pattern:
      "OP_IF <33:revocationpubkey> OP_ELSE <num:to_self_delay> OP_CHECKSEQUENCEVERIFY OP_DROP " +
      "<33:local_delayedpubkey> OP_ENDIF OP_CHECKSIG",
  },
  { form: "to_remote with anchors", pattern: "<33:remotepubkey> OP_CHECKSIGVERIFY OP_1 OP_CHECKSEQUENCEVERIFY" },
  {
    form: "anchor",
    pattern: "<33:funding_pubkey> OP_CHECKSIG OP_IFDUP OP_NOTIF OP_16 OP_CHECKSEQUENCEVERIFY OP_ENDIF",
  },
  { form: "offered HTLC", pattern: `${OFFERED} OP_ENDIF` },
  { form: "offered HTLC with anchors", pattern: `${OFFERED} ${ONE_BLOCK} OP_ENDIF` },
  { form: "received HTLC", pattern: `${RECEIVED} OP_ENDIF` },
  { form: "received HTLC with anchors", pattern: `${RECEIVED} ${ONE_BLOCK} OP_ENDIF` },
];

const OUTPUT_SCRIPTS: readonly Template[] = [
  { form: "p2wpkh", pattern: "OP_0 <20:pubkey_hash>" },
  { form: "p2wsh", pattern: "OP_0 <32:script_hash>" },
  { form: "p2tr", pattern: "OP_1 <32:output_key>" },
  { form: "p2pkh", pattern: "OP_DUP OP_HASH160 <20:pubkey_hash> OP_EQUALVERIFY OP_CHECKSIG" },
  { form: "p2sh", pattern: "OP_HASH160 <20:script_hash> OP_EQUAL" },
];

/** What an operation is to a token: nothing, or the field that it fills, if any. */
function matchToken(token: string, operation: Operation): Record<string, Value> | undefined {
  const [, kind, name] = /^<(\w+)[:=](\w+)>$/.exec(token) ?? [];
  if (kind === undefined || name === undefined) return operation.name === token ? {} : undefined;
  if (kind === "num") {
    const value = scriptNumber(operation);
    if (value === undefined) return undefined;
    if (token.includes("=")) return value === Number(name) ? {} : undefined;
    return { [name]: value };
  }
  const { data } = operation;
  return operation.name === "push" && data?.length === Number(kind) ? { [name]: hexOf(data) } : undefined;
}

function matchTemplate({ form, pattern }: Template, operations: readonly Operation[]): Document | undefined {
  const tokens = pattern.split(" ");
  if (tokens.length !== operations.length) return undefined;
  const found: Record<string, Value> = { form };
  for (const [index, token] of tokens.entries()) {
    const operation = operations[index];
    const fields = operation && matchToken(token, operation);
    if (fields === undefined) return undefined;
    Object.assign(found, fields);
  }
  return found;
}

function recognise(templates: readonly Template[], script: Uint8Array): Document | undefined {
  let operations: Operation[];
  try {
    operations = operationsOf(script);
  } catch {
    return undefined;
  }
  for (const template of templates) {
    const found = matchTemplate(template, operations);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The BOLT 3 form of a witness script, and its fields; undefined if it has none of them. */
export const recogniseWitnessScript = (script: Uint8Array): Document | undefined => recognise(WITNESS_SCRIPTS, script);

/** The script of the anchor that a funding key may spend. BOLT 3, "`to_local_anchor` and `to_remote_anchor` Output". */
export const anchorScript = (fundingPubkey: string): Uint8Array =>
  new Uint8Array(Buffer.from(`21${fundingPubkey}ac736460b268`, "hex"));

/** The output script of a witness script, hexadecimal. */
export const p2wshOf = (script: Uint8Array): string => `0020${createHash("sha256").update(script).digest("hex")}`;

const OP_RETURN = 0x6a;
const ENERGY_SCRIPT_BYTES = 34;

/** What is known of a transaction beside an output's own script. */
export interface OutputContext {
  /** A commitment transaction: OP_RETURN with one hash is then the energy state's (PROTOCOL.md). */
  readonly commitment: boolean;
  /** Witness scripts by the p2wsh script that commits to them, hexadecimal. */
  readonly witnessScripts: ReadonlyMap<string, Uint8Array>;
}

/** The form of an output's script. */
export function recogniseOutputScript(script: Uint8Array, { commitment, witnessScripts }: OutputContext): Document {
  const known = recognise(OUTPUT_SCRIPTS, script);
  const witnessScript = witnessScripts.get(hexOf(script));
  if (known !== undefined && witnessScript !== undefined) {
    return { ...known, witness_script: { ...(recogniseWitnessScript(witnessScript) ?? { form: "other" }) } };
  }
  if (known !== undefined) return known;
  if (script[0] !== OP_RETURN) return { form: "other" };
  const data = script.subarray(2);
  if (commitment && script.length === ENERGY_SCRIPT_BYTES && script[1] === 32) {
    return { form: "energy commitment", energy_hash: hexOf(data) };
  }
  return { form: "OP_RETURN" };
}
