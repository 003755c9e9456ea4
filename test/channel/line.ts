import { KIND, type LineTerms } from "./energy_state.js";
import { type End, HTLC_SLOTS, other, Pair } from "./pair.js";

// Lines: pairs of channel ends whose state has energy.

/** Start of a delivery interval of 900 s, and a time in it. */
export const START = 1_749_999_600;
export const INTERVAL_S = 900;
export const NOW = START + 300;

const CHANNEL_ANCHORS = 1;
const CHANNEL_ENERGY = 2;
/** assembly/channel/record.ts. */
const SLOT_RIDER = 256;
const SLOT_NOTE = 168;
const NOTE_BYTES = 88;
/** assembly/energy/rider.ts. */
const RIDER_LAPSE = 5;
const RIDER_BOUGHT_BACK = 6;
/** assembly/energy/record.ts. */
const CLOSED_UNTIL = 208;
const ARREARS = 216;
const POSITIONS = 240;
const POSITION_BYTES = 24;
const ROLL = 624;
const CLOSES = 648;
const CLOSE_BYTES = 40;

export interface LineOptions {
  /** Which end is node_1; 0 opens. */
  readonly node1?: End;
  readonly anchors?: boolean;
  readonly pushMsat?: bigint;
  readonly feerate?: number;
  readonly ratingMw?: bigint;
  readonly openerOwns?: boolean;
  /** What each end grants to the other. */
  readonly creditsMsat?: readonly [bigint, bigint];
  readonly priceCap?: bigint;
  readonly tariff?: bigint;
  readonly spreadPpm?: bigint;
  readonly rents?: readonly [forth: bigint, back: bigint];
}

export function parametersOf(options: LineOptions): Buffer {
  const record = Buffer.alloc(96);
  record.writeBigUInt64LE(options.ratingMw ?? 40_000_000n, 0);
  record.writeUInt32LE(INTERVAL_S, 8);
  record.writeUInt32LE((options.openerOwns ?? true) ? 1 : 2, 12);
  record.writeBigInt64LE(options.rents?.[0] ?? 5_000n, 16);
  record.writeBigInt64LE(options.rents?.[1] ?? 5_000n, 24);
  record.writeUInt32LE(20_000, 32);
  record.writeUInt32LE(30_000, 36);
  record.writeUInt32LE(80_000, 40);
  record.writeUInt32LE(Number(options.spreadPpm ?? 100_000n), 44);
  record.writeBigUInt64LE(options.creditsMsat?.[0] ?? 0n, 48);
  record.writeBigUInt64LE(options.priceCap ?? 1_000_000n, 56);
  record.writeBigInt64LE(options.tariff ?? 200_000n, 64);
  record.writeUInt32LE(10, 72);
  record.writeUInt32LE(0xffffffff, 76);
  return record;
}

export interface RiderOptions {
  readonly start?: number;
  readonly kind?: number;
  readonly mwh?: bigint;
  readonly holdS?: number;
}

export function riderOf({ start = START, kind = KIND.receipt, mwh = 1_000_000n, holdS = 10 }: RiderOptions): Buffer {
  const rider = Buffer.alloc(24);
  rider.writeUInt32LE(start, 0);
  rider.writeUInt8(kind, 4);
  rider.writeBigInt64LE(kind === KIND.arrears ? 0n : mwh, 8);
  rider.writeUInt16LE(holdS, 16);
  return rider;
}

/** A pair whose channel is a line. */
export class Line {
  readonly terms: LineTerms;

  constructor(
    readonly pair: Pair,
    readonly node1: End,
    options: LineOptions,
  ) {
    this.terms = { node1, tariff: options.tariff ?? 200_000n, spreadPpm: options.spreadPpm ?? 100_000n };
  }

  /** Opens a line over a fresh pair, ready for use. */
  static open(pair: Pair, options: LineOptions = {}): Line {
    const line = Line.begin(pair, options);
    const { anchors = true, pushMsat = 400_000_000n, feerate = 1000 } = options;
    const flags = CHANNEL_ENERGY | (anchors ? CHANNEL_ANCHORS : 0);
    pair.opened(pair.openChannel(1_000_000n, pushMsat, feerate, flags, parametersOf(options)));
    return line;
  }

  /** All but that the channel is opened. */
  static begin(pair: Pair, options: LineOptions): Line {
    const { node1 = 0 } = options;
    // All ends have one key of the node, and a peer above or below it.
    pair.peers[node1] = new Uint8Array(33);
    pair.peers[other(node1)] = new Uint8Array(33).fill(255);
    pair.allowed = CHANNEL_ANCHORS | CHANNEL_ENERGY;
    pair.call("set_time", NOW);
    pair.call("set_energy_credit", options.creditsMsat?.[1] ?? 0n);
    return new Line(pair, node1, options);
  }

  offer(end: End, amountMsat: bigint, number: number, rider: RiderOptions = {}): number {
    return this.pair.offer(end, amountMsat, number, 500, riderOf(rider));
  }

  check(end: End, amountMsat: bigint, rider?: RiderOptions): number {
    const at = rider === undefined ? 0 : this.pair.place(6000, riderOf(rider));
    return this.pair.call("channel_offer_check", end, amountMsat, at);
  }

  /** Offers, and lets it become irrevocable: the slots at its offerer and its receiver. */
  committed(end: End, amountMsat: bigint, number: number, rider: RiderOptions = {}): [own: number, theirs: number] {
    const own = this.offer(end, amountMsat, number, rider);
    if (own < 0) throw new Error(`offer: code ${own}`);
    this.pair.settle(end);
    this.pair.run();
    return [own, this.received(other(end), number)];
  }

  /** Slot of a received HTLC by its number. */
  received(end: End, number: number): number {
    for (let state = 1; state < 10; state++) {
      const slot = this.pair.slots(end, state, false).find((i) => this.pair.numberOf(end, i) === number);
      if (slot !== undefined) return slot;
    }
    throw new Error(`HTLC ${number} has not been received`);
  }

  fulfill(end: End, slot: number, number: number, note?: Uint8Array): void {
    const code = this.pair.fulfill(end, slot, number, note);
    if (code < 0) throw new Error(`fulfill: code ${code}`);
  }

  /** A swap from offer to settlement. */
  swap(end: End, amountMsat: bigint, number: number, rider: RiderOptions = {}): void {
    const [own, theirs] = this.committed(end, amountMsat, number, rider);
    this.fulfill(other(end), theirs, number);
    this.pair.settle(other(end));
    this.pair.run();
    const code = this.pair.call("channel_release", end, own);
    if (code < 0) throw new Error(`release: code ${code}`);
  }

  private rider(end: End, slot: number): Buffer {
    return Buffer.from(this.pair.read(this.pair.call("slot_of", end, slot) + SLOT_RIDER, 24));
  }

  lapseState(end: End, slot: number): number {
    return this.rider(end, slot).readUInt8(RIDER_LAPSE);
  }

  isBoughtBack(end: End, slot: number): boolean {
    return this.rider(end, slot).readUInt8(RIDER_BOUGHT_BACK) === 1;
  }

  riderBytes(end: End, slot: number): Buffer {
    return this.rider(end, slot);
  }

  note(end: End, slot: number): Buffer {
    return Buffer.from(this.pair.read(this.pair.call("slot_of", end, slot) + SLOT_NOTE, NOTE_BYTES));
  }

  private energy(end: End): Buffer {
    return Buffer.from(this.pair.read(this.pair.call("energy_of", end), 760));
  }

  /** An end's record, as it is in both commitments for good. */
  record(end: End): Buffer {
    return this.energy(end);
  }

  arrearsMsat(end: End): bigint {
    return this.energy(end).readBigInt64LE(ARREARS);
  }

  closedUntil(end: End): number {
    return this.energy(end).readUInt32LE(CLOSED_UNTIL);
  }

  rollState(end: End): number {
    return this.energy(end).readUInt8(ROLL);
  }

  /** Net flows by interval, from node_1 to node_2, and their promised parts. */
  positions(end: End): Record<number, [flow: bigint, promised: bigint]> {
    const energy = this.energy(end);
    const found: Record<number, [bigint, bigint]> = {};
    for (let i = 0; i < 16; i++) {
      const at = POSITIONS + i * POSITION_BYTES;
      const start = energy.readUInt32LE(at);
      if (start !== 0) found[start] = [energy.readBigInt64LE(at + 8), energy.readBigInt64LE(at + 16)];
    }
    return found;
  }

  /** Puts arrears into both ends' records, as a roll before would have. */
  setArrears(msat: bigint): void {
    for (const end of [0, 1] as const) {
      const bytes = Buffer.alloc(8);
      bytes.writeBigInt64LE(msat);
      this.pair.instance.memory().set(bytes, this.pair.call("energy_of", end) + ARREARS);
    }
  }

  /** An end's record of a close, its own (0) or the counterparty's (1), as if both meters had agreed. */
  setClose(end: End, side: 0 | 1, until: number, meteredMwh: bigint): void {
    const close = Buffer.alloc(CLOSE_BYTES);
    close.writeUInt32LE(until, 0);
    close.writeBigInt64LE(meteredMwh, 16);
    this.pair.instance.memory().set(close, this.pair.call("energy_of", end) + CLOSES + side * CLOSE_BYTES);
  }

  /** Both ends have sent each other what their meters say. */
  close(until: number, meteredMwh: bigint): void {
    for (const end of [0, 1] as const) for (const side of [0, 1] as const) this.setClose(end, side, until, meteredMwh);
  }

  /** node_1 rolls what is closed; its code. */
  roll(): number {
    return this.pair.call("channel_roll", this.node1);
  }

  /** Frees what is done with, and demands that both ends are alike. */
  rest(): void {
    for (const end of [0, 1] as const) {
      for (let i = 0; i < HTLC_SLOTS; i++) {
        if (this.pair.slotState(end, i) === 10) this.pair.call("channel_release", end, i);
      }
    }
    this.pair.compare();
    const [a, b] = ([0, 1] as const).map((end) => this.pair.energyState(end, 0));
    if (a !== b) throw new Error(`energy of the ends differs: ${a}, ${b}`);
  }
}
