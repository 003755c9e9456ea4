import { decodeMessage } from "../../host/wire/message.js";
import { type LineTerms, stateBytes } from "./energy_state.js";
import { type End, HTLC, HTLC_SLOTS, other, type Pair, SLOT_STATE, typeOf } from "./pair.js";
import {
  begin,
  type Change,
  disconnected,
  htlcKey,
  type Message,
  type Party,
  propose,
  receive,
  retransmission,
  revoked,
  type Side,
  sign,
  signedAndRevoke,
  type Spec,
  specText,
} from "./reducer.js";
import { FLAG, STATE, type Table } from "./table_side.js";

/** assembly/channel/record.ts. */
const FEERATES = 624;
const ADD = 128;
const FULFILL = 130;
const FAIL = 131;
const COMMITMENT_SIGNED = 132;
const REVOKE_AND_ACK = 133;
const UPDATE_FEE = 134;
const ENERGY_LAPSE = 42001;
const INTERVAL_ROLL = 42007;

/** What a frame says to the reducer; undefined if nothing. */
function messageOf(frame: Uint8Array): Message | undefined {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  const type = typeOf(frame);
  if (type === COMMITMENT_SIGNED) return { kind: "sign" };
  if (type === REVOKE_AND_ACK) return { kind: "revoke" };
  if (type === UPDATE_FEE) return update({ kind: "fee", feeratePerKw: view.getUint32(34) });
  if (type === INTERVAL_ROLL) {
    const [flowMwh, arrearsMsat] = [view.getBigInt64(38), view.getBigInt64(46)];
    return update({ kind: "roll", until: view.getUint32(34), flowMwh, arrearsMsat });
  }
  if (type !== ADD && type !== FULFILL && type !== FAIL && type !== ENERGY_LAPSE) return undefined;
  const id = Number(view.getBigUint64(34));
  if (type === ENERGY_LAPSE) return update({ kind: "lapse", id });
  if (type === ADD) {
    const { energy_rider: rider } = decodeMessage(frame).tlvs;
    const [start, kind, mwh] = [rider?.["interval_start"], rider?.["kind"], rider?.["amount_mwh"]];
    const carried = rider && { rider: { start: start as number, kind: kind as number, mwh: mwh as bigint } };
    return update({ kind: "add", id, amountMsat: view.getBigUint64(42), ...carried });
  }
  return update({ kind: type === FULFILL ? "fulfill" : "fail", id });
}

const update = (change: Change): Message => ({ kind: "update", change });

const messageText = (message: Message): string =>
  JSON.stringify(message, (key, value: unknown) => {
    if (key === "boughtBack") return undefined;
    return typeof value === "bigint" ? String(value) : value;
  });

/**
 * The reducer beside the firmware's channels: it follows the frames that they send each other, and knows from them what
 * every commitment must be, and after a disconnection which frames have to come again and in what order.
 */
export class Mirror {
  private readonly parties: [Party, Party];
  /** How many of the frames on their way have been followed. */
  private readonly followed: [number, number] = [0, 0];
  private readonly again: [Message[], Message[]] = [[], []];
  private boughtBack = 0;
  signatures = 0;
  repeated = 0;

  constructor(
    private readonly pair: Pair,
    private readonly table: Table,
    /** Of a line, as its opener sees it. */
    terms?: LineTerms,
  ) {
    const [a, b] = pair.balances(0);
    const feerate = this.spec(0, 0).feeratePerKw;
    const others = terms && { ...terms, node1: other(terms.node1) };
    this.parties = [begin([a, b], feerate, terms), begin([b, a], feerate, others)];
  }

  /** What it has come to, for tests to see that they are of something. */
  counted(): { positions: number; arrears: bigint; closed: number; boughtBack: number } {
    const energy = this.parties[0].local.energy;
    return {
      positions: energy?.positions.size ?? 0,
      arrears: energy?.arrearsMsat ?? 0n,
      closed: energy?.closedUntil ?? 0,
      boughtBack: this.boughtBack,
    };
  }

  /** Follows what an end has sent since. */
  follow(from: End): void {
    const frames = this.pair.sent[from];
    for (; this.followed[from] < frames.length; this.followed[from]++) {
      const message = messageOf(frames[this.followed[from]] as Uint8Array);
      if (message === undefined) continue;
      const expected = this.again[from].shift();
      if (expected !== undefined) {
        this.repeated++;
        const [found, wanted] = [messageText(message), messageText(expected)];
        if (found !== wanted) throw new Error(`end ${from} sends ${found} again, not ${wanted}`);
      } else if (message.kind === "update") {
        this.parties[from] = propose(this.parties[from], message.change);
      } else if (message.kind === "sign") {
        this.parties[from] = sign(this.parties[from]);
        const { signed } = this.parties[from].ours;
        this.boughtBack += signed.filter((change) => change.kind === "fulfill" && change.boughtBack).length;
        this.signatures++;
      }
    }
  }

  /** Lets the oldest frame from an end arrive. */
  arrive(from: End): boolean {
    const [frame] = this.pair.sent[from];
    if (frame === undefined) return false;
    const message = messageOf(frame);
    const to = other(from);
    this.followed[from]--;
    if (message?.kind === "update") {
      this.parties[to] = receive(this.parties[to], message.change);
    } else if (message?.kind === "sign") this.parties[to] = signedAndRevoke(this.parties[to]);
    else if (message?.kind === "revoke") this.parties[to] = revoked(this.parties[to]);
    this.pair.arrive(from);
    this.follow(to);
    return true;
  }

  reconnect(): void {
    this.pair.disconnect();
    const [a, b] = [disconnected(this.parties[0]), disconnected(this.parties[1])];
    this.parties[0] = a;
    this.parties[1] = b;
    this.again[0] = retransmission(a, b);
    this.again[1] = retransmission(b, a);
    this.followed.fill(0);
    this.pair.connect();
    for (const end of [0, 1] as const) this.follow(end);
  }

  /** Throws unless all four commitments that the ends know are what the reducer has. */
  compare(): void {
    for (const end of [0, 1] as const) {
      const party = this.parties[end];
      for (const [owner, expected] of [
        [0, party.local],
        [1, party.next ?? party.remote],
      ] as const) {
        const { energy, ...rest } = expected;
        const found = specText(this.spec(end, owner));
        if (found !== specText(rest)) {
          throw new Error(`end ${end}, commitment of ${owner}: firmware ${found}, reducer ${specText(rest)}`);
        }
        if (energy === undefined) continue;
        const [state, wanted] = [this.pair.energyState(end, owner), stateBytes(energy)];
        if (state !== wanted) throw new Error(`end ${end}, energy of ${owner}: firmware ${state}, reducer ${wanted}`);
      }
    }
  }

  /** A commitment as an end's record and slots have it. */
  private spec(end: End, owner: Side): Spec {
    const balancesMsat = this.pair.balances(end);
    const htlcs = new Map<string, bigint>();
    for (let i = 0; i < HTLC_SLOTS; i++) {
      const state = this.pair.slotState(end, i);
      if (state === HTLC.free || state === HTLC.removed) continue;
      const at = this.pair.call("slot_of", end, i);
      const slot = Buffer.from(this.pair.read(at, SLOT_STATE + 2));
      const offeredBy: Side = slot.readUInt32LE(20) === 0 ? 0 : 1;
      const amountMsat = slot.readBigUInt64LE(8);
      const flags = this.table.flags[state] ?? 0;
      const inside = (flags & (offeredBy === owner ? FLAG.inOfferer : FLAG.inAcceptor)) !== 0;
      const left = (flags & (offeredBy === owner ? FLAG.leftOfferer : FLAG.leftAcceptor)) !== 0;
      const settled = left && slot[SLOT_STATE + 1] === 1;
      if (inside) htlcs.set(htlcKey(offeredBy, Number(slot.readBigUInt64LE(0))), amountMsat);
      if (inside || settled) balancesMsat[offeredBy] -= amountMsat;
      if (settled) balancesMsat[offeredBy === 0 ? 1 : 0] += amountMsat;
    }
    const rates = Buffer.from(this.pair.read(this.pair.call("channel_of", end) + FEERATES, 20));
    // The opener is end 0: an offerer of fees at its own, an acceptor of them at the other end.
    const bit = (end === 0) === (owner === 0) ? FLAG.inOfferer : FLAG.inAcceptor;
    let feeratePerKw = 0;
    for (let state = STATE.proposed; state <= STATE.committed && feeratePerKw === 0; state++) {
      if (((this.table.flags[state] ?? 0) & bit) !== 0) feeratePerKw = rates.readUInt32LE(4 * (state - 1));
    }
    return { htlcs, balancesMsat, feeratePerKw };
  }
}
