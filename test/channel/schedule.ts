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
import { KIND, type Rider } from "./energy_state.js";
import { STATE, type Table, TableSide } from "./table_side.js";

const START_MSAT = [1_000_000_000n, 500_000_000n] as const;
const FEERATE = 253;
const MAX_OFFERED = 12;
/** Delivery intervals, s. */
const INTERVAL_S = 900;
const FIRST_START = 1_749_999_600;
const TERMS = { tariff: 200_000n, spreadPpm: 100_000n };

/** What a schedule came to. */
export interface Counts {
  steps: number;
  signatures: number;
  removed: number;
  disconnections: number;
  /** Riders that were bought back, and rolls proposed. */
  boughtBack: number;
  rolls: number;
}

interface End {
  party: Party;
  readonly table: TableSide;
  nextId: number;
  /** What the other end has sent to this one. */
  queue: Message[];
}

/** What both ends have agreed on besides: no riders for intervals before it, as for closed ones. */
interface Line {
  closing: number;
}

/**
 * Two ends of a channel that do at random whatever they may, each kept twice: by the reducer and by the firmware's table.
 * After every step all four commitments that each end knows are compared. Throws an Error that tells where they differ.
 */
export function runSchedule(table: Table, random: Entropy, steps: number): Counts {
  const counts: Counts = { steps, signatures: 0, removed: 0, disconnections: 0, boughtBack: 0, rolls: 0 };
  const line: Line = { closing: FIRST_START };
  const openerIsNode1 = random.below(2) === 0;
  const end = (opener: Side): End => {
    const start = opener === 0 ? START_MSAT : ([START_MSAT[1], START_MSAT[0]] as const);
    const terms = { ...TERMS, node1: (openerIsNode1 ? opener : other(opener)) as Side };
    const party = begin(start, FEERATE, terms);
    return { party, table: new TableSide(table, start, FEERATE, opener, terms), nextId: 0, queue: [] };
  };
  const ends: readonly [End, End] = [end(0), end(1)];
  for (let step = 0; step < steps; step++) {
    const which: Side = random.below(2) === 0 ? 0 : 1;
    act(ends[which], ends[other(which)], line, random, counts);
    for (const one of ends) compare(one, step);
  }
  settle(ends, counts);
  for (const one of ends) compare(one, steps);
  if (specText(ends[0].party.local) !== specText(mirrored(ends[1].party.remote))) throw new Error("not settled alike");
  for (const one of ends) counts.removed += one.table.inState(0, STATE.removed).length;
  return counts;
}

function act(me: End, peer: End, line: Line, random: Entropy, counts: Counts): void {
  const choice = random.below(100);
  if (choice < 15) add(me, peer, line, random);
  else if (choice < 28) remove(me, peer, random);
  else if (choice < 38) lapse(me, peer, random);
  else if (choice < 40) roll(me, peer, line, random, counts);
  else if (choice < 43 && me.table.isOpener) put(me, peer, { kind: "fee", feeratePerKw: 253 + random.below(1000) });
  else if (choice < 60) commit(me, peer, counts);
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

function add(me: End, peer: End, line: Line, random: Entropy): void {
  const { ours, remote, next } = me.party;
  const offered = [...(next ?? remote).htlcs.keys()].filter((key) => key.startsWith("0:")).length;
  if (offered + ours.proposed.length >= MAX_OFFERED) return;
  const amountMsat = BigInt(1 + random.below(1_000_000));
  const start = line.closing + INTERVAL_S * random.below(3);
  const [kind, mwh] = [random.below(3), BigInt(random.below(2_000_001) - 1_000_000)];
  const rider = { start, kind, mwh: kind === KIND.arrears ? 0n : mwh };
  put(me, peer, { kind: "add", id: me.nextId++, amountMsat, ...(random.below(4) === 0 ? {} : { rider }) });
}

/** Riders of an end's HTLCs in every commitment that it knows, and in none yet. */
function ridersOf({ party }: End): (Rider & { readonly key: string })[] {
  const specs = [party.local, party.remote, ...(party.next ? [party.next] : [])];
  const inside = specs.flatMap((spec) => [...(spec.energy?.riders ?? [])].map(([key, rider]) => ({ ...rider, key })));
  const adds = [...party.ours.proposed, ...party.theirs.proposed];
  return [
    ...inside,
    ...adds.flatMap((change) => (change.kind === "add" && change.rider ? [{ ...change.rider, key: "" }] : [])),
  ];
}

function lapse(me: End, peer: End, random: Entropy): void {
  const known = me.table.inState(0, STATE.committed).filter((id) => me.table.canLapse(id));
  const id = known[random.below(Math.max(1, known.length))];
  if (id !== undefined) put(me, peer, { kind: "lapse", id });
}

/** node_1 closes an interval; until nothing is pending for it, nothing is rolled. */
function roll(me: End, peer: End, line: Line, random: Entropy, counts: Counts): void {
  const energy = me.party.local.energy;
  if (energy?.terms.node1 !== 0) return;
  if (random.below(4) === 0 && line.closing <= energy.closedUntil) line.closing += INTERVAL_S;
  const until = line.closing;
  const underWay = [...me.party.ours.proposed, ...me.party.ours.signed, ...me.party.ours.acked];
  if (energy.closedUntil >= until || me.party.remote.energy?.closedUntil === until) return;
  if (underWay.some(({ kind }) => kind === "roll") || ridersOf(me).some(({ start }) => start < until)) return;
  if (ridersOf(peer).some(({ start }) => start < until)) return;
  const flow = BigInt(random.below(2_000_001) - 1_000_000);
  put(me, peer, { kind: "roll", until, flowMwh: flow, arrearsMsat: -flow / 5n });
  counts.rolls++;
}

function remove(me: End, peer: End, random: Entropy): void {
  const candidates = removable(me.party);
  const late = candidates.filter((one) => me.party.local.energy?.riders.get(`1:${one}`)?.lapsed);
  const from = late.length > 0 ? late : candidates;
  const id = from[random.below(Math.max(1, from.length))];
  if (id === undefined) return;
  put(me, peer, { kind: random.below(3) > 0 ? "fulfill" : "fail", id });
}

function commit(me: End, peer: End, counts: Counts): void {
  if (!canSign(me.party)) return;
  me.party = sign(me.party);
  counts.boughtBack += me.party.ours.signed.filter((change) => change.kind === "fulfill" && change.boughtBack).length;
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
