import type { TestModule } from "../driver/modules.js";
import {
  emptyState,
  type EnergyState,
  KIND,
  type LineTerms,
  type Rider,
  type Roll,
  rolled,
  withLapse,
  without,
  withRider,
} from "./energy_state.js";
import { type Change, htlcKey, type Side, type Spec } from "./reducer.js";

/** States of assembly/htlc/states.ts that matter to somebody outside of its table. */
export const STATE = { free: 0, proposed: 1, acked: 3, committed: 5, removeProposed: 6, removed: 10 } as const;
export const STATES = 11;
export const EVENTS = 4;
export const FLAG = { inOfferer: 8, inAcceptor: 16, leaving: 32, leftOfferer: 64, leftAcceptor: 128 } as const;

/** The firmware's table, all of it: what its three functions give for whatever they can be asked. */
export interface Table {
  readonly after: readonly (readonly number[])[];
  readonly flags: readonly number[];
  /** By who offered, who sends, and whether it revokes. */
  readonly event: (offeredBy: Side, by: Side, revokes: boolean) => number;
}

export async function readTable(module: TestModule): Promise<Table> {
  const after: number[][] = [];
  const flags: number[] = [];
  for (let state = 0; state < STATES; state++) {
    flags.push(Number(await module.call("state_flags", state)));
    const row: number[] = [];
    for (let event = 0; event < EVENTS; event++) row.push(Number(await module.call("state_after", state, event)));
    after.push(row);
  }
  const events: number[] = [];
  for (let i = 0; i < 8; i++) events.push(Number(await module.call("event_of", i >> 2, (i >> 1) & 1, i & 1)));
  return { after, flags, event: (offeredBy, by, revokes) => events[offeredBy * 4 + by * 2 + Number(revokes)] ?? -1 };
}

interface Htlc {
  readonly offeredBy: Side;
  readonly id: number;
  readonly amountMsat: bigint;
  state: number;
  fulfilled: boolean;
  readonly rider: Rider | undefined;
  /** State of the rider's lapse. */
  lapse: number;
  boughtBack: boolean;
}

/** A channel as the firmware keeps it: HTLCs with a state each, from which commitments are read off. */
export class TableSide {
  private htlcs: Htlc[] = [];
  /** Newest first. */
  private fees: { feeratePerKw: number; state: number }[];
  private rolls: (Roll & { state: number })[] = [];

  constructor(
    private readonly table: Table,
    private readonly balancesMsat: readonly [bigint, bigint],
    feeratePerKw: number,
    private readonly opener: Side,
    private readonly terms?: LineTerms,
  ) {
    this.fees = [{ feeratePerKw, state: STATE.committed }];
  }

  update(by: Side, change: Change): void {
    if (change.kind === "add") {
      const { id, amountMsat, rider } = change;
      const fate = { fulfilled: false, lapse: STATE.free, boughtBack: false };
      this.htlcs.push({ offeredBy: by, id, amountMsat, rider, state: STATE.proposed, ...fate });
    } else if (change.kind === "fee") {
      this.fees.unshift({ feeratePerKw: change.feeratePerKw, state: STATE.proposed });
    } else if (change.kind === "roll") {
      this.rolls.push({ ...change, state: STATE.proposed });
    } else if (change.kind === "lapse") {
      const htlc = this.htlcs.find((one) => one.offeredBy === by && one.id === change.id);
      if (htlc === undefined || htlc.state < STATE.committed) throw new Error(`HTLC ${change.id} cannot lapse`);
      htlc.lapse = STATE.proposed;
    } else {
      const htlc = this.htlcs.find((one) => one.offeredBy !== by && one.id === change.id);
      if (htlc?.state !== STATE.committed) throw new Error(`HTLC ${change.id} in state ${htlc?.state} cannot go`);
      htlc.state = STATE.removeProposed;
      htlc.fulfilled = change.kind === "fulfill";
    }
  }

  /** commitment_signed, or revoke_and_ack, has been sent by this side. */
  message(by: Side, revokes: boolean): void {
    const next = (state: number, offeredBy: Side): number =>
      this.table.after[state]?.[this.table.event(offeredBy, by, revokes)] ?? -1;
    for (const htlc of this.htlcs) {
      // A fulfilment is judged as it is signed.
      if (!revokes && htlc.offeredBy !== by && htlc.state === STATE.removeProposed) {
        htlc.boughtBack = htlc.fulfilled && htlc.lapse >= STATE.acked;
      }
      htlc.state = next(htlc.state, htlc.offeredBy);
      htlc.lapse = next(htlc.lapse, htlc.offeredBy);
    }
    for (const roll of this.rolls) roll.state = next(roll.state, this.terms?.node1 ?? 0);
    for (const fee of this.fees) {
      if (fee.state < STATE.committed) fee.state = next(fee.state, this.opener);
    }
  }

  disconnected(): void {
    this.htlcs = this.htlcs.filter(({ state }) => state !== STATE.proposed);
    this.fees = this.fees.filter(({ state }) => state !== STATE.proposed);
    this.rolls = this.rolls.filter(({ state }) => state !== STATE.proposed);
    for (const htlc of this.htlcs) {
      if (htlc.state === STATE.removeProposed) htlc.state = STATE.committed;
      if (htlc.lapse === STATE.proposed) htlc.lapse = STATE.free;
    }
  }

  get isOpener(): boolean {
    return this.opener === 0;
  }

  /** Whether an HTLC of the side itself has a rider that can lapse. */
  canLapse(id: number): boolean {
    const htlc = this.htlcs.find((one) => one.offeredBy === 0 && one.id === id);
    return htlc?.rider !== undefined && htlc.rider.kind !== KIND.arrears && htlc.lapse === STATE.free;
  }

  /** Ids of the HTLCs of one side in a state. */
  inState(offeredBy: Side, state: number): number[] {
    return this.htlcs.filter((htlc) => htlc.offeredBy === offeredBy && htlc.state === state).map(({ id }) => id);
  }

  /** Latest commitment of a side. */
  commitment(of: Side): Spec {
    const balancesMsat: [bigint, bigint] = [...this.balancesMsat];
    const htlcs = new Map<string, bigint>();
    for (const { offeredBy, id, amountMsat, state, fulfilled } of this.htlcs) {
      const flags = this.table.flags[state] ?? 0;
      const offerers = offeredBy === of;
      const inside = (flags & (offerers ? FLAG.inOfferer : FLAG.inAcceptor)) !== 0;
      const left = (flags & (offerers ? FLAG.leftOfferer : FLAG.leftAcceptor)) !== 0;
      if (inside) htlcs.set(htlcKey(offeredBy, id), amountMsat);
      if (inside || (left && fulfilled)) balancesMsat[offeredBy] -= amountMsat;
      if (left && fulfilled) balancesMsat[offeredBy === 0 ? 1 : 0] += amountMsat;
    }
    const bit = this.opener === of ? FLAG.inOfferer : FLAG.inAcceptor;
    const fee = this.fees.find(({ state }) => ((this.table.flags[state] ?? 0) & bit) !== 0);
    const feeratePerKw = fee?.feeratePerKw ?? 0;
    return { htlcs, balancesMsat, feeratePerKw, ...(this.terms && { energy: this.energy(of, this.terms) }) };
  }

  private energy(of: Side, terms: LineTerms): EnergyState {
    let energy = emptyState(terms);
    for (const { offeredBy, id, amountMsat, state, fulfilled, rider, lapse, boughtBack } of this.htlcs) {
      if (rider === undefined) continue;
      const key = htlcKey(offeredBy, id);
      const offerers = offeredBy === of;
      const has = (flags: number | undefined, bit: number): boolean => ((flags ?? 0) & bit) !== 0;
      const inside = offerers ? FLAG.inOfferer : FLAG.inAcceptor;
      if (has(this.table.flags[state], inside)) {
        energy = withRider(energy, key, rider);
        if (has(this.table.flags[lapse], inside)) energy = withLapse(energy, key);
      } else if (has(this.table.flags[state], offerers ? FLAG.leftOfferer : FLAG.leftAcceptor) && fulfilled) {
        energy = without(withRider(energy, key, rider), key, offeredBy, { amountMsat, boughtBack });
      }
    }
    const bit = terms.node1 === of ? FLAG.inOfferer : FLAG.inAcceptor;
    for (const roll of this.rolls) {
      if (((this.table.flags[roll.state] ?? 0) & bit) !== 0) energy = rolled(energy, roll);
    }
    return energy;
  }
}
