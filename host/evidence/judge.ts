import { createHash } from "node:crypto";
import type { Finding } from "../ocmf/errors.js";
import { DecodeError } from "../decode/errors.js";
import { type Account, accountOf, checkHtlcs, isSameOutcome } from "./account.js";
import { type End, type EvidenceBundle, type EvidenceHtlc } from "./bundle.js";
import { type Origin, originOf, readClaims } from "./claims.js";
import { type Commitment, checkCommitment, checkFunding } from "./commitment.js";
import { differences } from "./differences.js";
import { derivedSecret, pointOfSecret, secretOf } from "./keys.js";
import { type Receipts, checkNotes, readReceipts } from "./receipts.js";
import { confirmedOf, remarksOf } from "./remarks.js";
import { type EnergyState, decodeState, parametersHash } from "./state.js";

// The judge of a line: one bundle or those of both ends, offline. PROTOCOL.md, "Ending".

export interface NamedBundle {
  readonly file: string;
  readonly bundle: EvidenceBundle;
}

/** How a bundle has come out of it. */
export type Standing = "valid" | "superseded" | "undecided" | "refuted" | "inconsistent";

export interface BundleVerdict {
  readonly file: string;
  readonly holder: End;
  readonly commitmentNumber: bigint;
  readonly txid?: string;
  readonly standing: Standing;
  readonly reason: string;
  readonly faults: readonly Finding[];
}

export interface Verdict {
  readonly bundles: readonly BundleVerdict[];
  /** Of the bundle that counts; none if none does. */
  readonly account?: Account;
  /** What a reader has to look up, or has to know. */
  readonly remarks: readonly string[];
  /** Every bundle is consistent and not refuted, and nothing is in dispute. */
  readonly consistent: boolean;
}

/** Bundles that cannot be judged together: of the same end, of two channels, or more than two. */
export class UnfitBundles extends Error {
  override readonly name = "UnfitBundles";
}

/** A bundle, and what was found in it. */
export interface Examined extends NamedBundle {
  readonly commitment: Commitment;
  readonly state?: EnergyState;
  readonly receipts: Receipts;
  readonly faults: Finding[];
  refuted?: string;
}

const equal = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0;
const sha256 = (bytes: Uint8Array): Uint8Array => new Uint8Array(createHash("sha256").update(bytes).digest());

/** Judges one bundle, or both ends' of one channel. Throws UnfitBundles; never on what a bundle says. */
export function judge(bundles: readonly NamedBundle[]): Verdict {
  checkFit(bundles);
  const examined = bundles.map(examine);
  const [first, second] = examined;
  if (first !== undefined && second !== undefined) {
    compare(first, second);
    refute(first, second);
    refute(second, first);
  }
  const claims = readClaims(examined, confirmedOf(examined));
  claims.faults.forEach((faults, at) => examined[at]?.faults.push(...faults));
  const origin = (htlc: EvidenceHtlc): Origin | undefined => originOf(htlc, examined, claims.claimed);
  // A receipt proves itself, whoever brings it.
  const receipts = examined.flatMap(({ bundle: { receipts } }) => receipts);
  const standees = examined.flatMap((each): Standee[] => {
    const { bundle, state, faults, refuted, commitment } = each;
    if (faults.length > 0 || refuted !== undefined || state === undefined) return [];
    const read = readReceipts({ ...bundle, receipts });
    const comesTo = (of: typeof origin): Account => accountOf(bundle, state, of, commitment.trimmed, read);
    return [{ examined: each, account: comesTo(origin), receipts: read, comesTo }];
  });
  const standing = standees.map((one) =>
    admitted(
      one,
      standees.find((other) => other !== one),
      origin,
    ),
  );
  const choice = choose(standing);
  const account = choice?.chosen.account;
  // What both have brought of one meter may contradict itself; what is wrong with one's own is a fault already.
  const contradictions = choice?.chosen.receipts.faults.filter(({ field }) => field === "receipts") ?? [];
  const disputed = (account?.disputes.length ?? 0) > 0;
  return {
    bundles: examined.map((each) => verdictOn(each, choice)),
    ...(account === undefined ? {} : { account }),
    remarks: [
      ...contradictions.map(({ message }) => `Of the receipts of both, ${message}.`),
      ...remarksOf(examined, claims, choice?.chosen),
    ],
    consistent: choice !== undefined && standing.length === examined.length && !disputed && contradictions.length === 0,
  };
}

/** A bundle that stands, and what its state comes to. */
export interface Standee {
  readonly examined: Examined;
  readonly account: Account;
  readonly receipts: Receipts;
  /** The account if HTLCs' preimages come from there. */
  readonly comesTo: (origin: (htlc: EvidenceHtlc) => Origin | undefined) => Account;
}

/**
 * What a bundle comes to beside the other end's. HTLCs of this end that are in its own last commitment may be settled in the
 * other's: if with them both come to the same, the other end has shown itself that it was paid.
 */
function admitted(
  one: Standee,
  other: Standee | undefined,
  origin: (htlc: EvidenceHtlc) => Origin | undefined,
): Standee {
  if (other === undefined) return one;
  const { holder } = one.examined.bundle;
  const gone = ({ offeredBy, id }: EvidenceHtlc): boolean =>
    offeredBy === holder && !other.examined.bundle.htlcs.some((htlc) => htlc.offeredBy === offeredBy && htlc.id === id);
  const account = one.comesTo((htlc) => {
    const from = origin(htlc);
    return from === "offerer" && gone(htlc) ? "state" : from;
  });
  return isSameOutcome(account, other.account) ? { ...one, account } : one;
}

interface Choice {
  readonly chosen: Standee;
  readonly reason: string;
  /** The other one, if it stands too, comes to the same. */
  readonly agreed: boolean;
}

function checkFit(bundles: readonly NamedBundle[]): void {
  const [first, second] = bundles;
  if (first === undefined || bundles.length > 2) throw new UnfitBundles("one bundle is judged, or two");
  if (second === undefined) return;
  const [a, b] = [first.bundle, second.bundle];
  if (!equal(a.fundingTxid, b.fundingTxid) || a.fundingOutput !== b.fundingOutput) {
    throw new UnfitBundles(`funding: ${first.file} and ${second.file} are of two channels`);
  }
  if (a.holder === b.holder) throw new UnfitBundles(`holder: both bundles are node_${a.holder}'s`);
}

function examine({ file, bundle }: NamedBundle): Examined {
  const commitment = checkCommitment(bundle);
  const receipts = readReceipts(bundle);
  const faults = [...checkKeys(bundle), ...commitment.faults, ...checkFunding(bundle)];
  let state: EnergyState | undefined;
  try {
    state = decodeState(bundle.energyState);
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    faults.push({ field: "commitment.energy_state", message: error.message });
  }
  if (state !== undefined) {
    if (!equal(state.parametersHash, parametersHash(bundle.parameters))) {
      faults.push({ field: "parameters", message: "are not those whose hash stands in the energy state" });
    }
    faults.push(...checkHtlcs(bundle, state, sha256));
  }
  faults.push(...checkSecrets(bundle), ...receipts.faults, ...checkNotes(bundle));
  return { file, bundle, commitment, ...(state === undefined ? {} : { state }), receipts, faults };
}

function checkKeys({ keys, parameters }: EvidenceBundle): Finding[] {
  const faults: Finding[] = [];
  // BOLT 7: node_1 is the one whose node_id is less, as bytes.
  if (Buffer.compare(keys[0].nodeId, keys[1].nodeId) >= 0) {
    faults.push({ field: "node_1.node_id", message: "is not less than node_2's" });
  }
  if (parameters.owner === parameters.accounted) {
    faults.push({ field: "parameters.owner", message: "is the accounting point; a line's owner is the other end" });
  }
  return faults;
}

/** Revealed secrets must be of one tree: what follows from two of them must be the same. */
function checkSecrets({ revealedSecrets }: EvidenceBundle): Finding[] {
  return revealedSecrets.flatMap((secret, index): Finding[] => {
    const field = `revealed_secrets[${index}].secret`;
    if (pointOfSecret(secret.secret) === undefined) return [{ field, message: "is no secret" }];
    const other = revealedSecrets.findIndex((from) => {
      const derived = derivedSecret(from, secret.number);
      return derived !== undefined && !equal(derived, secret.secret);
    });
    return other < 0 ? [] : [{ field, message: `does not follow from revealed_secrets[${other}], as it must` }];
  });
}

/**
 * What both bundles say of the channel must be the same. Where it is not, the one is believed that has proved the channel's
 * keys by the transaction that funded it, and neither if both or none have.
 */
function compare(first: Examined, second: Examined): void {
  const fields = differences(first.bundle, second.bundle);
  const proves = ({ bundle }: Examined): boolean =>
    bundle.fundingTransaction !== undefined && checkFunding(bundle).length === 0;
  for (const [each, other] of [
    [first, second],
    [second, first],
  ] as const) {
    if (proves(each) && !proves(other)) continue;
    each.faults.push(...fields.map((field) => ({ field, message: `is not what ${other.file} says` })));
  }
}

/** The other bundle's secrets against this one's commitment. */
function refute(examined: Examined, other: Examined): void {
  const { bundle, commitment, file } = examined;
  const secret = secretOf(other.bundle.revealedSecrets, bundle.commitmentNumber);
  const point = secret && pointOfSecret(secret);
  if (point === undefined) return;
  if (equal(point, bundle.perCommitmentPoint)) {
    examined.refuted =
      `${other.file} has the per_commitment_secret of commitment ${bundle.commitmentNumber}: ` +
      `node_${bundle.holder} has revoked it`;
  } else if (commitment.pointProven) {
    const message = `do not give the point of commitment ${bundle.commitmentNumber}, which outputs in ${file} prove`;
    other.faults.push({ field: "revealed_secrets", message });
  } else {
    const message = `is not that of the secret in ${other.file}, and no output of the transaction proves it`;
    examined.faults.push({ field: "commitment.per_commitment_point", message });
  }
}

/**
 * The bundle that counts, of those that stand. Both ends' latest commitments may differ by updates that were under way: then
 * the one that has confirmed counts, for its HTLCs are those that the chain settles.
 */
function choose(standing: readonly Standee[]): Choice | undefined {
  const [first, second] = standing;
  if (first === undefined) return undefined;
  if (second === undefined)
    return { chosen: first, reason: "signed by the counterparty, and not refuted", agreed: true };
  const agreed = isSameOutcome(first.account, second.account);
  const confirmed = confirmedOf(standing.map(({ examined }) => examined));
  const chosen = standing.find(({ examined }) => examined.commitment.txid === confirmed);
  if (chosen !== undefined) return { chosen, reason: "not refuted, and its transaction has confirmed", agreed };
  return agreed ? { chosen: first, reason: "neither is refuted, and both come to the same", agreed } : undefined;
}

function verdictOn(each: Examined, choice: Choice | undefined): BundleVerdict {
  const { file, bundle, commitment, faults } = each;
  const [standing, reason] = standingOf(each, choice);
  return {
    file,
    holder: bundle.holder,
    commitmentNumber: bundle.commitmentNumber,
    ...(commitment.txid === undefined ? {} : { txid: commitment.txid }),
    standing,
    reason,
    faults,
  };
}

function standingOf(each: Examined, choice: Choice | undefined): [Standing, string] {
  if (each.refuted !== undefined) return ["refuted", each.refuted];
  if (each.faults.length > 0) return ["inconsistent", "has faults"];
  if (choice === undefined) return ["undecided", "neither is refuted; the one whose transaction has confirmed counts"];
  const { chosen, reason, agreed } = choice;
  if (each === chosen.examined) return ["valid", reason];
  return agreed
    ? ["valid", `comes to the same as ${chosen.examined.file}`]
    : ["superseded", `${chosen.examined.file} counts: ${reason}`];
}
