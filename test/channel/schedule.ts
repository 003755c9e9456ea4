import type { Entropy } from "../../host/board/entropy.js";
import {
  begin,
  canSign,
  type Change,
  disconnected,
  type Message,
  mirrored,
  other,
  type Party,
  propose,
  receive,
  removable,
  retransmission,
  revoked,
  type Side,
  sign,
  signedAndRevoke,
  specText,
} from "./reducer.js";
import { STATE, type Table, TableSide } from "./table_side.js";

const START_MSAT = [1_000_000_000n, 500_000_000n] as const;
const FEERATE = 253;
const MAX_OFFERED = 12;

/** What a schedule came to. */
export interface Counts {
  steps: number;
  signatures: number;
  removed: number;
  disconnections: number;
}

interface End {
  party: Party;
  readonly table: TableSide;
  nextId: number;
  /** What the other end has sent to this one. */
  queue: Message[];
}

/**
 * Two ends of a channel that do at random whatever they may, each kept twice: by the reducer and by the firmware's table.
 * After every step all four commitments that each end knows are compared. Throws an Error that tells where they differ.
 */
export function runSchedule(table: Table, random: Entropy, steps: number): Counts {
  const counts: Counts = { steps, signatures: 0, removed: 0, disconnections: 0 };
  const end = (opener: Side): End => {
    const start = opener === 0 ? START_MSAT : ([START_MSAT[1], START_MSAT[0]] as const);
    return { party: begin(start, FEERATE), table: new TableSide(table, start, FEERATE, opener), nextId: 0, queue: [] };
  };
  const ends: readonly [End, End] = [end(0), end(1)];
  for (let step = 0; step < steps; step++) {
    const which: Side = random.below(2) === 0 ? 0 : 1;
    act(ends[which], ends[other(which)], which === 0, random, counts);
    for (const one of ends) compare(one, step);
  }
  settle(ends, counts);
  for (const one of ends) compare(one, steps);
  if (specText(ends[0].party.local) !== specText(mirrored(ends[1].party.remote))) throw new Error("not settled alike");
  for (const one of ends) counts.removed += one.table.inState(0, STATE.removed).length;
  return counts;
}

function act(me: End, peer: End, isOpener: boolean, random: Entropy, counts: Counts): void {
  const choice = random.below(100);
  if (choice < 15) add(me, peer, random);
  else if (choice < 28) remove(me, peer, random);
  else if (choice < 32 && isOpener) put(me, peer, { kind: "fee", feeratePerKw: 253 + random.below(1000) });
  else if (choice < 50) commit(me, peer, counts);
  else if (choice < 98) deliver(me, peer);
  else {
    counts.disconnections++;
    reconnect(me, peer);
  }
}

function put(me: End, peer: End, change: Change): void {
  me.party = propose(me.party, change);
  me.table.update(0, change);
  peer.queue.push({ kind: "update", change });
}

function add(me: End, peer: End, random: Entropy): void {
  const { ours, remote, next } = me.party;
  const offered = [...(next ?? remote).htlcs.keys()].filter((key) => key.startsWith("0:")).length;
  if (offered + ours.proposed.length >= MAX_OFFERED) return;
  put(me, peer, { kind: "add", id: me.nextId++, amountMsat: BigInt(1 + random.below(1_000_000)) });
}

function remove(me: End, peer: End, random: Entropy): void {
  const candidates = removable(me.party);
  const id = candidates[random.below(Math.max(1, candidates.length))];
  if (id !== undefined) put(me, peer, { kind: random.below(2) === 0 ? "fulfill" : "fail", id });
}

function commit(me: End, peer: End, counts: Counts): void {
  if (!canSign(me.party)) return;
  me.party = sign(me.party);
  me.table.message(0, false);
  peer.queue.push({ kind: "sign" });
  counts.signatures++;
}

function deliver(me: End, peer: End): void {
  const message = me.queue.shift();
  if (message === undefined) return;
  if (message.kind === "update") {
    me.party = receive(me.party, message.change);
    me.table.update(1, message.change);
  } else if (message.kind === "revoke") {
    me.party = revoked(me.party);
    me.table.message(1, true);
  } else {
    me.party = signedAndRevoke(me.party);
    me.table.message(1, false);
    me.table.message(0, true);
    peer.queue.push({ kind: "revoke" });
    const { next } = peer.party;
    if (next === undefined || specText(mirrored(next)) !== specText(me.party.local)) {
      throw new Error(`signed ${next && specText(mirrored(next))}, received ${specText(me.party.local)}`);
    }
  }
}

/** All that was under way is lost, and sent again as channel_reestablish demands. */
function reconnect(me: End, peer: End): void {
  for (const [one, two] of [
    [me, peer],
    [peer, me],
  ] as const) {
    one.party = disconnected(one.party);
    one.table.disconnected();
    two.queue = retransmission(one.party, two.party);
    // What was never signed is offered under the same id again.
    const known = [...one.party.remote.htlcs, ...(one.party.next?.htlcs ?? []), ...one.party.local.htlcs];
    const ids = known.filter(([key]) => key.startsWith("0:")).map(([key]) => Number(key.slice(2)));
    const gone = one.table.inState(0, STATE.removed);
    one.nextId = Math.max(-1, ...ids, ...gone) + 1;
  }
}

/** Delivers and signs until neither end has anything left. */
function settle(ends: readonly [End, End], counts: Counts): void {
  for (let moved = true; moved;) {
    moved = false;
    for (const side of [0, 1] as const) {
      const [me, peer] = [ends[side], ends[other(side)]];
      if (me.queue.length > 0) {
        deliver(me, peer);
        moved = true;
      } else if (canSign(me.party)) {
        commit(me, peer, counts);
        moved = true;
      }
    }
  }
}

function compare({ party, table }: End, step: number): void {
  for (const [of, expected] of [
    [0, party.local],
    [1, party.next ?? party.remote],
  ] as const) {
    const found = specText(table.commitment(of));
    if (found !== specText(expected)) {
      throw new Error(`step ${step}, commitment of ${of}: table ${found}, reducer ${specText(expected)}`);
    }
  }
  const committed = table.inState(1, STATE.committed).sort((a, b) => a - b);
  const expected = removable(party).sort((a, b) => a - b);
  if (committed.join() !== expected.join()) {
    throw new Error(`step ${step}: table may remove ${committed.join()}, reducer ${expected.join()}`);
  }
}
