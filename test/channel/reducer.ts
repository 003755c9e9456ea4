// What BOLT 2, "Normal Operation" makes of a channel, without messages, signatures or memory: two lists of changes a
// side, and a function that applies changes to a commitment. It knows nothing of the firmware's table of states, which
// has to come to the same.

import {
  emptyState,
  type EnergyState,
  type LineTerms,
  mirroredState,
  type Rider,
  type Roll,
  rolled,
  stateBytes,
  withLapse,
  without,
  withRider,
} from "./energy_state.js";

/** 0: the party itself (holder), 1: its peer. */
export type Side = 0 | 1;
export const other = (side: Side): Side => (side === 0 ? 1 : 0);

export type Change =
  | { readonly kind: "add"; readonly id: number; readonly amountMsat: bigint; readonly rider?: Rider }
  /** Removes an HTLC that the other side offered; whether its energy is bought back is told by whoever takes the change. */
  | { readonly kind: "fulfill" | "fail"; readonly id: number; readonly boughtBack?: boolean }
  | { readonly kind: "fee"; readonly feeratePerKw: number }
  | { readonly kind: "lapse"; readonly id: number }
  | ({ readonly kind: "roll" } & Roll);

/** A commitment: HTLCs by `SIDE:ID`, what each side has besides, the feerate. */
export interface Spec {
  readonly htlcs: ReadonlyMap<string, bigint>;
  readonly balancesMsat: readonly [bigint, bigint];
  readonly feeratePerKw: number;
  /** Of a line. */
  readonly energy?: EnergyState;
}

/** Lists of one side's changes, by how far they are. */
interface Changes {
  /** Sent (or received), in nobody's commitment. */
  readonly proposed: readonly Change[];
  /** In the receiver's commitment, which is signed but for ours not acknowledged yet. */
  readonly signed: readonly Change[];
  /** In the receiver's commitment; ours: acknowledged, theirs: to be in our next signature. */
  readonly acked: readonly Change[];
}

export interface Party {
  /** The holder's commitment. */
  readonly local: Spec;
  /** The counterparty's, as it is acknowledged. */
  readonly remote: Spec;
  /** The counterparty's, as signed and not acknowledged. */
  readonly next: Spec | undefined;
  readonly ours: Changes;
  readonly theirs: Changes;
  /** Signatures and revocations sent and received: what channel_reestablish tells. */
  readonly signaturesSent: number;
  readonly signaturesReceived: number;
  readonly revocationsSent: number;
  readonly revocationsReceived: number;
  readonly last: "signature" | "revocation" | undefined;
}

export const htlcKey = (side: Side, id: number): string => `${side}:${id}`;

function apply(spec: Spec, changes: readonly Change[], by: Side): Spec {
  const htlcs = new Map(spec.htlcs);
  const balancesMsat: [bigint, bigint] = [...spec.balancesMsat];
  let { feeratePerKw, energy } = spec;
  for (const change of changes) {
    if (change.kind === "add") {
      const key = htlcKey(by, change.id);
      htlcs.set(key, change.amountMsat);
      balancesMsat[by] -= change.amountMsat;
      if (energy !== undefined && change.rider !== undefined) energy = withRider(energy, key, change.rider);
    } else if (change.kind === "lapse") energy = energy && withLapse(energy, htlcKey(by, change.id));
    else if (change.kind === "roll") energy = energy && rolled(energy, change);
    else if (change.kind === "fee") feeratePerKw = change.feeratePerKw;
    else {
      const key = htlcKey(other(by), change.id);
      const amountMsat = htlcs.get(key);
      if (amountMsat === undefined) throw new Error(`no HTLC ${key} to ${change.kind}`);
      htlcs.delete(key);
      balancesMsat[change.kind === "fulfill" ? by : other(by)] += amountMsat;
      const paid = { amountMsat, boughtBack: change.boughtBack === true };
      energy = energy && without(energy, key, other(by), change.kind === "fulfill" ? paid : undefined);
    }
  }
  return { htlcs, balancesMsat, feeratePerKw, ...(energy && { energy }) };
}

const NOTHING: Changes = { proposed: [], signed: [], acked: [] };

export const begin = (balancesMsat: readonly [bigint, bigint], feeratePerKw: number, terms?: LineTerms): Party => {
  const spec: Spec = { htlcs: new Map(), balancesMsat, feeratePerKw, ...(terms && { energy: emptyState(terms) }) };
  return {
    local: spec,
    remote: spec,
    next: undefined,
    ours: NOTHING,
    theirs: NOTHING,
    signaturesSent: 0,
    signaturesReceived: 0,
    revocationsSent: 0,
    revocationsReceived: 0,
    last: undefined,
  };
};

/**
 * The change, with whether it is a fulfilment signed after a lapse that its sender has acknowledged: one that is in the
 * commitment that the sender has not revoked. `of` is that commitment, as whoever asks knows it, `by` the sender.
 */
function judged(change: Change, of: Spec, by: Side): Change {
  if (change.kind !== "fulfill") return change;
  return { ...change, boughtBack: of.energy?.riders.get(htlcKey(other(by), change.id))?.lapsed === true };
}

export const propose = (party: Party, change: Change): Party => ({
  ...party,
  ours: { ...party.ours, proposed: [...party.ours.proposed, change] },
});

export const receive = (party: Party, change: Change): Party => ({
  ...party,
  theirs: { ...party.theirs, proposed: [...party.theirs.proposed, change] },
});

/** Whether commitment_signed may be sent and would change anything. */
export const canSign = (party: Party): boolean =>
  party.next === undefined && (party.ours.proposed.length > 0 || party.theirs.acked.length > 0);

/** The holder sends commitment_signed. */
export function sign(party: Party): Party {
  if (!canSign(party)) throw new Error("nothing to sign");
  const proposed = party.ours.proposed.map((change) => judged(change, party.local, 0));
  return {
    ...party,
    next: apply(apply(party.remote, party.theirs.acked, 1), proposed, 0),
    ours: { ...party.ours, proposed: [], signed: proposed },
    theirs: { ...party.theirs, acked: [], signed: party.theirs.acked },
    signaturesSent: party.signaturesSent + 1,
    last: "signature",
  };
}

/** The holder receives commitment_signed, and revokes at once. */
export function signedAndRevoke(party: Party): Party {
  const proposed = party.theirs.proposed.map((change) => judged(change, party.remote, 1));
  return {
    ...party,
    local: apply(apply(party.local, party.ours.acked, 0), proposed, 1),
    ours: { ...party.ours, acked: [] },
    theirs: { ...party.theirs, proposed: [], acked: [...party.theirs.acked, ...proposed] },
    signaturesReceived: party.signaturesReceived + 1,
    revocationsSent: party.revocationsSent + 1,
    last: "revocation",
  };
}

/** The holder receives revoke_and_ack. */
export function revoked(party: Party): Party {
  if (party.next === undefined) throw new Error("nothing to revoke");
  return {
    ...party,
    remote: party.next,
    next: undefined,
    ours: { ...party.ours, signed: [], acked: [...party.ours.acked, ...party.ours.signed] },
    theirs: { ...party.theirs, signed: [] },
    revocationsReceived: party.revocationsReceived + 1,
  };
}

/** The connection is lost: what is in nobody's commitment never was. */
export const disconnected = (party: Party): Party => ({
  ...party,
  ours: { ...party.ours, proposed: [] },
  theirs: { ...party.theirs, proposed: [] },
});

export type Message = { readonly kind: "update"; readonly change: Change } | { readonly kind: "sign" | "revoke" };

/** What has to be sent again to a peer that has received less than was sent, in its order. */
export function retransmission(party: Party, peer: Party): Message[] {
  const signature: Message[] =
    peer.signaturesReceived < party.signaturesSent
      ? [...party.ours.signed.map((change) => ({ kind: "update", change }) as const), { kind: "sign" }]
      : [];
  const revocation: Message[] = peer.revocationsReceived < party.revocationsSent ? [{ kind: "revoke" }] : [];
  return party.last === "signature" ? [...revocation, ...signature] : [...signature, ...revocation];
}

/** HTLCs that the peer offered and that are irrevocably in both commitments, without a removal under way. */
export function removable(party: Party): number[] {
  const leaving = new Set(
    [...party.ours.proposed, ...party.ours.signed, ...party.ours.acked].map((change) =>
      change.kind === "fulfill" || change.kind === "fail" ? change.id : -1,
    ),
  );
  return [...party.local.htlcs.keys()]
    .filter((key) => key.startsWith("1:") && party.remote.htlcs.has(key))
    .map((key) => Number(key.slice(2)))
    .filter((id) => !leaving.has(id));
}

/** The same commitment as the other party sees it. */
export const mirrored = (spec: Spec): Spec => ({
  htlcs: new Map([...spec.htlcs].map(([key, amount]) => [`${key.startsWith("0") ? 1 : 0}${key.slice(1)}`, amount])),
  balancesMsat: [spec.balancesMsat[1], spec.balancesMsat[0]],
  feeratePerKw: spec.feeratePerKw,
  ...(spec.energy && { energy: mirroredState(spec.energy) }),
});

/** A commitment as text, equal if and only if they are. */
export const specText = (spec: Spec): string =>
  JSON.stringify([
    [...spec.htlcs].map(([key, amount]) => `${key}=${amount}`).sort(),
    spec.balancesMsat.map(String),
    spec.feeratePerKw,
    spec.energy && stateBytes(spec.energy),
  ]);
