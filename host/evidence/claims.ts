import { createHash } from "node:crypto";
import { Transaction as SigningTransaction } from "@scure/btc-signer";
import secp256k1 from "secp256k1";
import { DecodeError } from "../decode/errors.js";
import { type Input, type Transaction, decodeTransaction } from "../decode/transaction.js";
import type { Finding } from "../ocmf/errors.js";
import { type EvidenceBundle, type EvidenceHtlc, ofEnd, otherEnd } from "./bundle.js";
import type { Commitment } from "./commitment.js";
import { derivedPubkey, revocationPubkey } from "./keys.js";
import { p2wsh, toLocalScript } from "./scripts.js";

// Whose preimage one is. Who pays has mostly made it, so that it proves something only where the HTLC's receiver shows it, or
// has claimed the HTLC by it. PROTOCOL.md, "Ending"; BOLT 3, "HTLC Outputs"; BOLT 5.

/**
 * Where a preimage comes from: its HTLC's receiver, a claim that the receiver has signed, or the offerer alone; then the
 * receiver may still show a state in which the HTLC is settled.
 */
export type Origin = "receiver" | "claim" | "state" | "offerer";

/** A commitment that is shown, with the bundle that shows it. */
export interface Shown {
  readonly bundle: EvidenceBundle;
  readonly commitment: Commitment;
}

export interface Claims {
  /** Payment hashes, hexadecimal, of HTLCs that their receivers have claimed. */
  readonly claimed: ReadonlySet<string>;
  /** What is wrong with claims: one list for each bundle. */
  readonly faults: readonly (readonly Finding[])[];
  /** Txids of claims that are of the commitment which has confirmed, where nobody shows that: the chain has to be asked. */
  readonly unseen: readonly string[];
  /** Claims, by bundle and place, that are of no commitment here: they may be good, and prove nothing. */
  readonly foreign: readonly (readonly number[])[];
}

const hashText = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");
const equal = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0;

/** Origin of an HTLC's preimage by all that is shown; undefined if nobody shows any. */
export function originOf(
  { offeredBy, paymentHash }: EvidenceHtlc,
  shown: readonly Shown[],
  claimed: ReadonlySet<string>,
): Origin | undefined {
  const hash = Buffer.from(paymentHash).toString("hex");
  const holders = shown.flatMap(({ bundle: { htlcs, holder } }) =>
    htlcs.some(({ preimage }) => preimage !== undefined && hashText(preimage) === hash) ? holder : [],
  );
  if (holders.includes(otherEnd(offeredBy))) return "receiver";
  if (claimed.has(hash)) return "claim";
  return holders.length > 0 ? "offerer" : undefined;
}

/**
 * Reads the claims of all bundles, each against every commitment that is shown: a claim proves itself, whoever brings it.
 * @param confirmed txid of what has closed the channel, if that is told
 */
export function readClaims(shown: readonly Shown[], confirmed: string | undefined): Claims {
  const unknown = shown.some(({ commitment: { txid } }) => txid === confirmed) ? undefined : confirmed;
  const unseen = new Set<string>();
  const claimed = new Set<string>();
  const faults: Finding[][] = [];
  const foreign: number[][] = [];
  for (const { bundle } of shown) {
    const [wrong, others]: [Finding[], number[]] = [[], []];
    (bundle.claimTransactions ?? []).forEach((bytes, place) => {
      const field = `claim_transactions[${place}]`;
      try {
        const tx = decodeTransaction(bytes);
        const { proven, spends } = readClaim(bytes, tx, shown);
        const received = unknown === undefined ? [] : unseenClaims(tx, unknown, shown);
        if (received.length > 0) unseen.add(tx.txid);
        for (const hash of [...proven, ...received]) claimed.add(hash);
        if (!spends && received.length === 0) others.push(place);
        else if (spends && proven.length === 0)
          wrong.push({ field, message: "is no claim by who is to receive the HTLC" });
      } catch (error) {
        if (!(error instanceof DecodeError)) throw error;
        wrong.push({ field, message: `is no transaction: ${error.message}` });
      }
    });
    faults.push(wrong);
    foreign.push(others);
  }
  return { claimed, faults, unseen: [...unseen], foreign };
}

/** Hashes of the HTLCs that a transaction claims, and whether it spends an output of a commitment here at all. */
function readClaim(bytes: Uint8Array, tx: Transaction, shown: readonly Shown[]): { proven: string[]; spends: boolean } {
  const proven: string[] = [];
  let spends = false;
  for (const { bundle, commitment } of shown) {
    tx.inputs.forEach((input, index) => {
      if (input.txid !== commitment.txid) return;
      spends = true;
      const htlc = commitment.htlcOutputs.get(input.output_index);
      if (htlc !== undefined && isClaim(bytes, tx, input, index, htlc, bundle)) {
        proven.push(Buffer.from(htlc.htlc.paymentHash).toString("hex"));
      }
    });
  }
  return { proven, spends };
}

/**
 * Hashes of HTLCs that a transaction claims of a commitment which nobody shows. It is the receiver's own then, for the offerer
 * shows its last one; so it takes both ends' signatures and the preimage, in HTLC-success. Whether they hold the chain knows.
 */
function unseenClaims({ inputs }: Transaction, confirmed: string, shown: readonly Shown[]): string[] {
  return inputs.flatMap(({ txid, witness }): string[] => {
    const [, , , preimage] = witness;
    if (txid !== confirmed || witness.length !== 5 || preimage === undefined) return [];
    const hash = hashText(preimage);
    const receivers = shown.flatMap(({ bundle: { holder, htlcs } }) =>
      htlcs.some(
        ({ offeredBy, paymentHash }) => offeredBy === holder && Buffer.from(paymentHash).toString("hex") === hash,
      )
        ? otherEnd(holder)
        : [],
    );
    return receivers.length > 0 ? [hash] : [];
  });
}

/** An output of a commitment that an HTLC is in. */
export interface HtlcOutput {
  readonly htlc: EvidenceHtlc;
  readonly witnessScript: Uint8Array;
}

/**
 * Whether the receiver of an HTLC has taken its output by the preimage. In its own commitment that takes both ends' signatures,
 * of which its own comes second; in the offerer's, its own alone. The latter the offerer has too, but of HTLC-timeout only,
 * whose output is the offerer's delayed one: with the preimage in its place that would be valid on the chain, and no claim.
 */
function isClaim(
  bytes: Uint8Array,
  tx: Transaction,
  { witness }: Input,
  index: number,
  { htlc, witnessScript }: HtlcOutput,
  bundle: EvidenceBundle,
): boolean {
  const { perCommitmentPoint: point, holder } = bundle;
  const own = htlc.offeredBy !== holder;
  const [signature, preimage, script] = own ? witness.slice(2) : witness;
  if (witness.length !== (own ? 5 : 3) || !signature || !preimage || !script) return false;
  if (!equal(script, witnessScript) || hashText(preimage) !== Buffer.from(htlc.paymentHash).toString("hex"))
    return false;
  const [holders, others] = [ofEnd(bundle.keys, holder), ofEnd(bundle.keys, otherEnd(holder))];
  if (!own) {
    const revocation = revocationPubkey(others.revocationBasepoint, point);
    const delayed = derivedPubkey(holders.delayedPaymentBasepoint, point);
    const timeout = p2wsh(toLocalScript(revocation, holders.toSelfDelay, delayed));
    if (equal(tx.outputs[index]?.script ?? new Uint8Array(0), timeout)) return false;
  }
  const key = derivedPubkey(ofEnd(bundle.keys, otherEnd(htlc.offeredBy)).htlcBasepoint, point);
  return isSigned(bytes, index, witnessScript, htlc.amountMsat / 1000n, signature, key);
}

/** Whether a witness's signature, with its kind behind it, is of the transaction by this key. BIP 143. */
function isSigned(
  bytes: Uint8Array,
  index: number,
  script: Uint8Array,
  sat: bigint,
  item: Uint8Array,
  key: Uint8Array,
): boolean {
  const kind = item.at(-1);
  if (kind === undefined) return false;
  try {
    const tx = SigningTransaction.fromRaw(bytes, {
      allowUnknownOutputs: true,
      allowUnknownInputs: true,
      disableScriptCheck: true,
    });
    const digest = tx.preimageWitnessV0(index, script, kind, sat);
    return secp256k1.ecdsaVerify(secp256k1.signatureImport(item.subarray(0, -1)), digest, key);
  } catch {
    // Of a kind that there is not, or no signature at all.
    return false;
  }
}
