import { expect } from "vitest";
import { type Change, u16, u32, u64 } from "../driver/spoil.js";
import { Line, type LineOptions, parametersOf } from "./line.js";
import { type End, onPairs, other, type Pair, STATES, typeOf } from "./pair.js";

// Parameters of a line on their way: each field altered, missing, or contradicting the channel's type.

const ERR_SIGNATURE = -19;
const ERR_VALUE = -14;
const ERR_MISSING = -24;
const ERROR = 17;
const OPEN_CHANNEL = 32;
const ACCEPT_CHANNEL = 33;
const FUNDING_CREATED = 34;
/** Channel types: static_remotekey, anchors, energy. */
const ANCHORS = 1;
const ENERGY = 2;
const PARAMETERS_TYPE = Buffer.from("fe000109a1", "hex");
const PARAMETERS_BYTES = 104;

/** Where the TLV's fields lie in it (PROTOCOL.md, 5.3), and their bytes. */
const FIELDS = {
  rating_mw: [0, 8],
  interval_s: [8, 4],
  flags: [12, 1],
  meter_key: [13, 33],
  rent_forth_msat_per_kwh: [46, 8],
  loss_forth_ppm: [54, 4],
  rent_back_msat_per_kwh: [58, 8],
  loss_back_ppm: [66, 4],
  loss_max_ppm: [70, 4],
  credit_limit_msat: [74, 8],
  price_cap_msat_per_kwh: [82, 8],
  imbalance_spread_ppm: [90, 4],
  tariff_msat_per_kwh: [94, 8],
  hold_s: [102, 2],
} as const;
type Field = keyof typeof FIELDS;
/** What the accepter states of its own. */
const OWN: readonly string[] = ["meter_key", "credit_limit_msat"];

/** Where the TLV's value begins. */
function valueAt(frame: Buffer): number {
  const at = frame.indexOf(PARAMETERS_TYPE) + PARAMETERS_TYPE.length;
  expect(frame[at]).toBe(PARAMETERS_BYTES);
  return at + 1;
}

/** As one of driver/spoil.ts, in a field of the TLV. */
const field =
  (name: Field, change: (at: number) => Change): Change =>
  (frame) =>
    change(valueAt(frame) + FIELDS[name][0])(frame);

/** The least that a field can differ by. */
const altered = (name: Field): Change =>
  field(name, (at) => (frame) => {
    const last = at + FIELDS[name][1] - 1;
    // Another value of its own range.
    if (name === "interval_s") frame.writeUInt32BE(1800, at);
    else frame[last] = name === "flags" ? 2 : (frame[last] ?? 0) ^ 1;
  });

const without = (frame: Buffer): Buffer => {
  const at = valueAt(frame);
  return Buffer.concat([frame.subarray(0, at - 6), frame.subarray(at + PARAMETERS_BYTES)]);
};

/** A pair at which the first message of a type is on its way. */
function upTo(make: () => Pair, type: number, options: LineOptions = {}): { line: Line; frame: Buffer; from: End } {
  const line = Line.begin(make(), options);
  const { pair } = line;
  expect(pair.openChannel(1_000_000n, 400_000_000n, 1000, ENERGY | ANCHORS, parametersOf(options))).toBe(0);
  pair.settle(0);
  for (;;) {
    for (const from of [0, 1] as const) {
      const frame = pair.sent[from][0];
      if (frame !== undefined && typeOf(frame) === type) return { line, frame: Buffer.from(frame), from };
    }
    if (!pair.arrive(0) && !pair.arrive(1)) pair.fund();
  }
}

function energyOf(pair: Pair, end: End): boolean {
  return pair.read(pair.call("energy_of", end), 760).some((byte) => byte !== 0);
}

onPairs("line: parameters on their way", {
  "open_channel with values that no line can have is refused, and leaves nothing": (make) => {
    const { line, frame } = upTo(make, OPEN_CHANNEL);
    const { pair } = line;
    const restore = pair.save();
    const before = pair.stored();
    const s64 = (value: bigint) => (at: number) => u64(at, BigInt.asUintN(64, value));
    const most = 10n ** 9n;
    const cases: readonly [Field, (at: number) => Change][] = [
      ["rating_mw", (at) => u64(at, 3n)],
      ["rating_mw", (at) => u64(at, 10n ** 13n + 1n)],
      ["interval_s", (at) => u32(at, 4)],
      ["interval_s", (at) => u32(at, 7)],
      ["interval_s", (at) => u32(at, 7200)],
      ["flags", (at) => (bytes) => void bytes.writeUInt8(0, at)],
      ["flags", (at) => (bytes) => void bytes.writeUInt8(3, at)],
      ["rent_forth_msat_per_kwh", s64(most + 1n)],
      ["rent_forth_msat_per_kwh", s64(-(2n ** 63n))],
      // A pump, by less than a msat.
      ["rent_forth_msat_per_kwh", s64(-5_001n)],
      ["rent_back_msat_per_kwh", s64(most + 1n)],
      ["rent_back_msat_per_kwh", s64(-5_000n)],
      ["loss_forth_ppm", (at) => u32(at, 1_000_001)],
      ["loss_back_ppm", (at) => u32(at, 1_000_001)],
      ["loss_max_ppm", (at) => u32(at, 1_000_001)],
      ["price_cap_msat_per_kwh", (at) => u64(at, most + 1n)],
      ["imbalance_spread_ppm", (at) => u32(at, 1_000_001)],
      ["tariff_msat_per_kwh", s64(most + 1n)],
      ["tariff_msat_per_kwh", s64(-most - 1n)],
      ["hold_s", (at) => u16(at, 0)],
      ["hold_s", (at) => u16(at, 3601)],
    ];
    for (const [name, change] of cases) {
      const spoilt = Buffer.from(frame);
      field(name, change)(spoilt);
      expect([name, pair.give(1, spoilt)]).toEqual([name, ERR_VALUE]);
      expect([name, pair.stored() === before, pair.state(1)]).toEqual([name, true, STATES.none]);
    }
    for (const [name, change] of [
      ["rating_mw", (at: number) => u64(at, 10n ** 13n)],
      ["rent_forth_msat_per_kwh", s64(-4_850n)],
      ["hold_s", (at: number) => u16(at, 3600)],
      ["credit_limit_msat", (at: number) => u64(at, 2n ** 64n - 1n)],
    ] as const) {
      const good = Buffer.from(frame);
      field(name, change)(good);
      expect([name, pair.give(1, good)]).toEqual([name, 0]);
      restore();
    }
  },

  "accept_channel that does not repeat the opener's is refused, field by field": (make) => {
    const { line, frame } = upTo(make, ACCEPT_CHANNEL, { rents: [5_000n, 6_000n] });
    const { pair } = line;
    const restore = pair.save();
    for (const name of Object.keys(FIELDS) as Field[]) {
      if (OWN.includes(name)) continue;
      const spoilt = Buffer.from(frame);
      altered(name)(spoilt);
      expect([name, pair.give(0, spoilt)]).toEqual([name, ERR_VALUE]);
      expect([name, pair.state(0), energyOf(pair, 0)]).toEqual([name, STATES.none, false]);
      pair.sent[0].length = 0;
      pair.settle(0);
      expect(pair.sent[0].map(typeOf)).toEqual([ERROR]);
      restore();
    }
    expect(pair.give(0, frame)).toBe(0);
    expect(pair.state(0)).toBe(STATES.fundingNeeded);
  },

  "either side's own meter and credit, altered on the way, sign another state": (make) => {
    for (const type of [OPEN_CHANNEL, ACCEPT_CHANNEL]) {
      for (const name of ["meter_key", "credit_limit_msat"] as const) {
        const { line, frame, from } = upTo(make, type);
        const { pair } = line;
        altered(name)(frame);
        pair.sent[from][0] = frame;
        pair.arrive(from);
        while (pair.sent[0][0] === undefined || typeOf(pair.sent[0][0]) !== FUNDING_CREATED) {
          if (!pair.arrive(0) && !pair.arrive(1)) pair.fund();
        }
        expect([name, pair.give(1, pair.sent[0][0])]).toEqual([name, ERR_SIGNATURE]);
        expect(pair.state(1)).toBe(STATES.none);
      }
    }
  },

  "parameters that are missing, of a channel that is to have energy": (make) => {
    const opening = upTo(make, OPEN_CHANNEL);
    const before = opening.line.pair.stored();
    expect(opening.line.pair.give(1, without(opening.frame))).toBe(ERR_MISSING);
    expect(opening.line.pair.stored()).toBe(before);
    // Energy that was not negotiated.
    expect(opening.line.pair.give(1, opening.frame, ANCHORS)).toBe(ERR_VALUE);
    expect(opening.line.pair.stored()).toBe(before);
    const accepting = upTo(make, ACCEPT_CHANNEL);
    expect(accepting.line.pair.give(0, without(accepting.frame))).toBe(ERR_MISSING);
    expect([accepting.line.pair.state(0), energyOf(accepting.line.pair, 0)]).toEqual([STATES.none, false]);
  },

  "parameters of a channel that is to have none are passed over": (make) => {
    const { line, frame } = upTo(make, OPEN_CHANNEL);
    const tlv = frame.subarray(valueAt(frame) - 6, valueAt(frame) + PARAMETERS_BYTES);
    const pair = line.pair;
    pair.disconnect();
    expect(pair.openChannel(1_000_000n, 400_000_000n, 1000, ANCHORS)).toBe(0);
    pair.settle(0);
    pair.sent[0][0] = Buffer.concat([pair.sent[0][0] ?? Buffer.alloc(0), tlv]);
    pair.arrive(0);
    expect([pair.state(1) !== STATES.none, energyOf(pair, 1)]).toEqual([true, false]);
    const accept = Buffer.from(pair.sent[1][0] ?? []);
    expect(accept.includes(PARAMETERS_TYPE)).toBe(false);
    pair.sent[1][0] = Buffer.concat([accept, tlv]);
    pair.run();
    pair.fund();
    pair.run();
    pair.confirm();
    pair.run();
    expect([pair.state(0), energyOf(pair, 0)]).toEqual([STATES.normal, false]);
    // And the other way round: energy in the type of the answer alone.
    const plain = upTo(make, ACCEPT_CHANNEL);
    const restore = plain.line.pair.save();
    for (const flags of [ANCHORS, ENERGY]) {
      restore();
      const channel = plain.line.pair.call("channel_of", 0);
      const record = Buffer.from(plain.line.pair.read(channel, 64));
      // The opener asked for another type: its flags, where they are both set, lose one.
      const at = record.indexOf(Buffer.from([ENERGY | ANCHORS, 0, 0, 0]));
      plain.line.pair.instance.memory().set([flags], channel + at);
      expect(plain.line.pair.give(0, plain.frame)).toBe(ERR_VALUE);
    }
  },

  "channel_open has parameters with energy, and with nothing else": (make) => {
    const pair = Line.begin(make(), {}).pair;
    const open = (flags: number, parameters?: Buffer): number =>
      pair.openChannel(1_000_000n, 400_000_000n, 1000, flags, parameters);
    expect([open(ENERGY), open(ANCHORS | ENERGY), open(ANCHORS, parametersOf({})), open(0, parametersOf({}))]).toEqual([
      -1, -1, -1, -1,
    ]);
    expect(open(ENERGY, parametersOf({ ratingMw: 0n }))).toBe(ERR_VALUE);
    expect([pair.state(0), energyOf(pair, 0)]).toEqual([STATES.none, false]);
    for (const anchors of [false, true]) {
      const line = Line.open(make(), { anchors });
      expect([line.pair.state(0), line.pair.state(1)]).toEqual([STATES.normal, STATES.normal]);
      line.rest();
    }
  },
});

const ENDS: readonly End[] = [0, 1];
const SHUTDOWN = 38;

/** A shutdown as the other end of `to` would send it, whose owner does not mind what is open. */
function shutdownFor(pair: Pair, to: End): Buffer {
  const program = Buffer.from([0, 20, ...new Uint8Array(20).fill(9)]);
  const head = Buffer.alloc(2);
  head.writeUInt16BE(SHUTDOWN);
  return Buffer.concat([head, pair.channelId(to), Buffer.from([0, program.length]), program]);
}

const shutdowns = (pair: Pair, end: End): number => pair.sent[end].filter((frame) => typeOf(frame) === SHUTDOWN).length;

onPairs("line: closing", {
  "neither asks for it nor answers while a position is open": (make) => {
    for (const end of ENDS) {
      for (const node1 of ENDS) {
        const line = Line.open(make(), { node1 });
        const { pair } = line;
        line.swap(0, 5_000_000n, 1, { mwh: 1n });
        for (const one of ENDS) expect(pair.call("channel_close", one, 0, 0)).toBe(-2);
        expect(pair.give(end, shutdownFor(pair, end))).toBe(0);
        pair.settle(end);
        expect(shutdowns(pair, end)).toBe(0);
        expect(line.check(end, 5_000_000n, { mwh: 1n })).toBe(-2);
        const until = Number(Object.keys(line.positions(0))[0]) + 900;
        line.close(until, 0n);
        expect(line.roll()).toBe(0);
        pair.settle(node1);
        let answered = -1;
        for (let step = 0; pair.arrive(0) || pair.arrive(1); step++) {
          pair.settle(end);
          if (answered < 0 && shutdowns(pair, end) > 0) answered = step;
          // Not before the roll is irrevocable at this end.
          if (answered < 0) continue;
          expect(line.closedUntil(end)).toBe(until);
          break;
        }
        expect(answered).toBeGreaterThanOrEqual(0);
      }
    }
  },

  "nor while a rider is pending, though what fails leaves nothing": (make) => {
    for (const end of ENDS) {
      const line = Line.open(make());
      const { pair } = line;
      const [, theirs] = line.committed(other(end), 5_000_000n, 1, { mwh: 1n });
      for (const one of ENDS) expect(pair.call("channel_close", one, 0, 0)).toBe(-2);
      expect(pair.give(end, shutdownFor(pair, end))).toBe(0);
      pair.settle(end);
      expect(shutdowns(pair, end)).toBe(0);
      expect(pair.fail(end, theirs)).toBe(0);
      pair.settle(end);
      let answers = 0;
      for (; answers === 0 && (pair.arrive(end) || pair.arrive(other(end))); answers = shutdowns(pair, end)) {
        pair.settle(end);
      }
      expect(answers).toBe(1);
    }
  },

  "a debtor answers once it has paid, and pays though the creditor shuts down": (make) => {
    for (const debtor of ENDS) {
      for (const node1 of ENDS) {
        const line = Line.open(make(), { node1 });
        const { pair } = line;
        const creditor = other(debtor);
        line.setArrears(debtor === node1 ? 700_000n : -700_000n);
        expect(pair.call("channel_close", debtor, 0, 0)).toBe(-2);
        expect(pair.call("channel_close", creditor, 0, 0)).toBe(0);
        pair.settle(creditor);
        expect(shutdowns(pair, creditor)).toBe(1);
        pair.run();
        for (const end of ENDS) expect(pair.state(end)).toBe(STATES.normal);
        expect(line.check(debtor, 700_000n)).toBe(-2);
        expect(line.check(debtor, 5_000_000n, { mwh: 1n })).toBe(-2);
        expect(line.check(creditor, 700_000n, { kind: 2 })).toBe(-2);
        // In two parts; a disconnection in between does not matter.
        for (const [number, amountMsat] of [
          [1, 500_000n],
          [2, 200_000n],
        ] as const) {
          expect([pair.state(0), pair.state(1)]).toEqual([STATES.normal, STATES.normal]);
          const own = line.offer(debtor, amountMsat, number, { kind: 2 });
          expect(own).toBeGreaterThanOrEqual(0);
          pair.settle(debtor);
          pair.run();
          line.fulfill(creditor, line.received(creditor, number), number);
          pair.settle(creditor);
          pair.run();
          expect(pair.call("channel_release", debtor, own)).toBe(0);
          pair.settle(debtor);
          pair.disconnect();
          pair.connect();
          pair.run();
        }
        expect([line.arrearsMsat(0), line.arrearsMsat(1)]).toEqual([0n, 0n]);
        for (const end of ENDS) pair.settle(end);
        pair.run();
        expect([pair.state(0), pair.state(1)]).toEqual([STATES.closed, STATES.closed]);
        expect(pair.transaction("channel_closing_tx", 0)).toEqual(pair.transaction("channel_closing_tx", 1));
      }
    }
  },
});
