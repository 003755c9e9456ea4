import fc from "fast-check";
import { expect } from "vitest";
import { imbalanceMsat } from "../../host/evidence/prices.js";
import {
  AT,
  CLOCKS_APART,
  DISPUTED,
  ERR,
  meterKey,
  onEngines,
  OUT,
  parametersOf,
  receiptText,
  signedReceipt,
  TERMS,
  type End,
  type Energy,
  type Terms,
} from "./line.js";

const START = 1_750_000_500;
const INTERVAL_S = 900;
/** One pulse is 1 mWh, or as much as it must be for the registers to be exact. */
const FINE = 100_000;
const RECORD = 1536;

const startOf = (interval: number): number => START + interval * INTERVAL_S;

/** Both ends of a line, by channel: 0 opened it. Registers in pulses. */
class Street {
  readonly registers: [Registers, Registers] = [
    { imported: 40n, exported: 50n },
    { imported: 60n, exported: 70n },
  ];

  constructor(
    readonly energy: Energy,
    readonly terms: Terms,
    readonly openerIsNode1: boolean,
    readonly constants: readonly [number, number] = [FINE, FINE],
  ) {
    expect(energy.open(terms, openerIsNode1)).toBe(0);
  }

  channelOf(end: End): 0 | 1 {
    return (end === 1) === this.openerIsNode1 ? 0 : 1;
  }

  /** A flow of an end's meter (positive from node_1 to node_2), counted from now on. */
  count(end: End, flowPulses: bigint, bothWays = 0n): void {
    const registers = this.registers[this.channelOf(end)];
    const intoLine = end === 1 ? flowPulses : -flowPulses;
    registers.exported += bothWays + (intoLine > 0n ? intoLine : 0n);
    registers.imported += bothWays - (intoLine < 0n ? intoLine : 0n);
  }

  receipt(n: 0 | 1, untilS: number): string {
    return receiptText({ untilS, constant: this.constants[n], ...this.registers[n] }, meterKey(n));
  }

  closeOwn(n: 0 | 1, untilS: number): number {
    const text = this.receipt(n, untilS);
    return this.energy.call("close_own", n, this.energy.text(text), text.length);
  }

  /** The other end of `n` is told what `n` has closed; fields may be changed on the way. */
  tell(n: 0 | 1, change: Partial<Message> = {}, utcS?: number): number {
    const { energy } = this;
    const close = energy.close(n, 0);
    const start = energy.record(n).readUInt32LE(AT.closedUntil);
    const receipt = this.receipt(n, close.until);
    const message = { start, end: close.until, sentAtS: close.until, ...close, receipt, ...change };
    const record = Buffer.alloc(64);
    record.writeUInt32LE(message.start, 20);
    record.writeUInt32LE(message.end, 24);
    record.writeUInt32LE(message.sentAtS, 28);
    record.writeBigInt64LE(message.agreed, 32);
    record.writeBigInt64LE(message.metered, 40);
    record.writeUInt32LE(energy.text(message.receipt), 48);
    record.writeInt32LE(message.receipt.length, 52);
    return energy.call("close_take", 1 - n, energy.write(energy.data + RECORD, record), utcS ?? message.sentAtS);
  }

  /** Both close and tell each other. */
  closeBoth(untilS: number): void {
    for (const n of [0, 1] as const) expect(this.closeOwn(n, untilS)).toBe(0);
    for (const n of [0, 1] as const) expect(this.tell(n)).toBe(0);
  }

  ready(): number[] {
    return [0, 1].map((n) => this.energy.call("close_ready", n));
  }

  /** node_1 proposes, node_2 agrees, both have it: what it was. */
  roll(): { until: number; flow: bigint; arrears: bigint } {
    const { energy } = this;
    const [one, two] = [this.channelOf(1), this.channelOf(2)];
    expect(energy.call("roll_propose", one)).toBe(0);
    const roll = energy.roll(one);
    expect(energy.call("roll_check", two, roll.until, roll.flow, roll.arrears)).toBe(0);
    energy.write(energy.call("energy_of", two) + AT.roll, energy.record(one).subarray(AT.roll, AT.roll + 24));
    for (const n of [0, 1]) energy.call("energy_roll_done", n);
    return roll;
  }

  hashes(): string[] {
    return [0, 1].map((n) => {
      this.energy.call("energy_view_begin", n);
      this.energy.call("energy_view_hash", this.energy.data + OUT);
      return this.energy.read(this.energy.data + OUT, 32).toString("hex");
    });
  }

  agree(interval: number, flowMwh: bigint): void {
    for (const n of [0, 1]) {
      const rider = this.energy.rider({ start: startOf(interval), kind: 0, mwh: flowMwh });
      this.energy.call("energy_settle", n, rider, 0, 1n);
    }
  }

  state(): { arrears: bigint; forth: bigint; back: bigint; until: number } {
    const record = this.energy.record(0);
    return {
      arrears: record.readBigInt64LE(AT.arrears),
      forth: record.readBigUInt64LE(AT.totals),
      back: record.readBigUInt64LE(AT.totals + 8),
      until: record.readUInt32LE(AT.closedUntil),
    };
  }
}

interface Registers {
  imported: bigint;
  exported: bigint;
}

interface Message {
  readonly start: number;
  readonly end: number;
  readonly sentAtS: number;
  readonly agreed: bigint;
  readonly metered: bigint;
  readonly receipt: string;
}

/** A line of the worked example: what was agreed at its accounting point, what the meters say, who owns it. */
interface ExampleLine {
  readonly agreed: bigint;
  readonly sent: bigint;
  readonly received: bigint;
  readonly accountedAtSender: boolean;
  readonly owedMsat: bigint;
}

/** Generator - C1 - C2 - home: the first two lines are owned by C1, the third by C2. */
const EXAMPLE: readonly ExampleLine[] = [
  { agreed: 11_073_340n, sent: 11_033_100n, received: 10_812_438n, accountedAtSender: true, owedMsat: 8_048n },
  { agreed: 10_526_316n, sent: 10_721_650n, received: 10_400_000n, accountedAtSender: false, owedMsat: 25_263n },
  { agreed: 10_000_000n, sent: 10_526_316n, received: 10_000_000n, accountedAtSender: false, owedMsat: 0n },
];

/** Pulses whose energy, 10 mWh each, is rounded so that a register's difference is `mwh` or a little less. */
const pulses = (mwh: bigint): bigint => mwh / 10n;

onEngines("interval close", {
  "the worked example, in both directions and from both ends": (energy) => {
    for (const line of EXAMPLE) {
      for (const openerIsNode1 of [true, false]) {
        for (const sender of [1, 2] as const) {
          const senderOpens = (sender === 1) === openerIsNode1;
          const openerOwns = senderOpens !== line.accountedAtSender;
          const street = new Street(energy, { ...TERMS, openerOwns }, openerIsNode1);
          street.closeBoth(startOf(0));
          expect(street.roll()).toEqual({ until: startOf(0), flow: 0n, arrears: 0n });
          const sign = sender === 1 ? 1n : -1n;
          street.agree(0, sign * line.agreed);
          street.count(sender, sign * pulses(line.sent));
          street.count(sender === 1 ? 2 : 1, sign * pulses(line.received));
          street.closeBoth(startOf(1));
          const metered = line.accountedAtSender ? line.sent : line.received;
          const arrears = sign * line.owedMsat;
          expect(street.roll()).toEqual({ until: startOf(1), flow: sign * metered, arrears });
          const [forth, back] = sender === 1 ? [metered, 0n] : [0n, metered];
          expect(street.state()).toEqual({ arrears, forth, back, until: startOf(1) });
        }
      }
    }
  },

  "energy and arrears are conserved over any intervals, both ends' hashes are the same": (energy) => {
    const interval = fc.record({
      agreed: fc.bigInt(-1_000_000n, 1_000_000n),
      sent: fc.bigInt(0n, 200_000n),
      lostPpm: fc.integer({ min: 0, max: 60_000 }),
      forth: fc.boolean(),
      bothWays: fc.constantFrom(0n, 500n),
      skipped: fc.boolean(),
    });
    fc.assert(
      fc.property(
        fc.array(interval, { minLength: 1, maxLength: 5 }),
        fc.boolean(),
        fc.boolean(),
        fc.bigInt(-(10n ** 6n), 10n ** 6n),
        fc.integer({ min: 0, max: 300_000 }),
        (intervals, openerIsNode1, openerOwns, tariff, spreadPpm) => {
          const terms = { ...TERMS, openerOwns, tariff, spreadPpm };
          const street = new Street(energy, terms, openerIsNode1);
          const line = parametersOf(terms, openerIsNode1);
          street.closeBoth(startOf(0));
          street.roll();
          let [arrears, agreed, metered, forth, back] = [0n, 0n, 0n, 0n, 0n];
          intervals.forEach((one, i) => {
            street.agree(i, one.agreed);
            agreed += one.agreed;
            const received = (one.sent * BigInt(1_000_000 - one.lostPpm)) / 1_000_000n;
            const [flow1, flow2] = one.forth ? [one.sent, received] : [-received, -one.sent];
            street.count(1, flow1, one.bothWays);
            street.count(2, flow2, one.bothWays);
            metered += 10n * (line.accounted === 1 ? flow1 : flow2);
            if (one.skipped && i < intervals.length - 1) return;
            street.closeBoth(startOf(i + 1));
            expect(street.ready()).toEqual([1, 1]);
            const owed = imbalanceMsat(metered - agreed, line);
            expect(street.roll()).toEqual({ until: startOf(i + 1), flow: metered, arrears: owed });
            arrears += owed;
            if (metered > 0n) forth += metered;
            else back -= metered;
            [agreed, metered] = [0n, 0n];
            const [one1, two] = street.hashes();
            expect(one1).toBe(two);
            expect(street.state()).toEqual({ arrears, forth, back, until: startOf(i + 1) });
          });
        },
      ),
      { numRuns: 60 },
    );
  },

  "what was agreed on before a meter was read counts as agreed": (energy) => {
    const street = new Street(energy, TERMS, true);
    street.agree(-1, -77n);
    street.agree(3, 5n);
    street.closeBoth(startOf(0));
    expect(street.roll()).toEqual({ until: startOf(0), flow: -77n, arrears: 0n });
    expect(street.state()).toEqual({ arrears: 0n, forth: 0n, back: 77n, until: startOf(0) });
  },

  "losses within the declared maximum and two pulses of each meter, and not a unit more": (energy) => {
    /** Energy of one pulse of the meters that count in whole mWh. */
    const pulse = (constant: number): bigint => 1_000_000n / BigInt(constant);
    for (const [sending, receiving] of [
      [FINE, FINE],
      [FINE, 1000],
      [1000, FINE],
    ] as const) {
      const tolerance = 2n * (pulse(sending) + pulse(receiving));
      for (const sender of [1, 2] as const) {
        for (const bothWaysMwh of [0n, 500_000n]) {
          // 100 Wh, and what goes in and out again at either end: 6 % of all that was sent may be lost.
          const most = ((100_000_000n + 2n * bothWaysMwh) * 6n) / 100n + tolerance;
          const judge = (lostMwh: bigint): number => {
            const street = new Street(energy, TERMS, true, sender === 1 ? [sending, receiving] : [receiving, sending]);
            street.closeBoth(startOf(0));
            street.roll();
            const sign = sender === 1 ? 1n : -1n;
            const receiver = sender === 1 ? 2 : 1;
            street.count(sender, (sign * 100_000_000n) / pulse(sending), bothWaysMwh / pulse(sending));
            street.count(
              receiver,
              (sign * (100_000_000n - lostMwh)) / pulse(receiving),
              bothWaysMwh / pulse(receiving),
            );
            street.closeBoth(startOf(1));
            expect(energy.marks(0)).toBe(energy.marks(1));
            return energy.marks(0);
          };
          const unit = pulse(receiving);
          const [high, low] = [most - (most % unit), tolerance - (tolerance % unit)];
          expect([high, 0n, -low].map(judge)).toEqual([0, 0, 0]);
          expect([high + unit, -low - unit].map(judge)).toEqual([DISPUTED, DISPUTED]);
        }
      }
    }
  },

  "a dispute stops the roll until one of both accepts the other's figure, or both do": (energy) => {
    for (const openerIsNode1 of [true, false]) {
      for (const openerOwns of [true, false]) {
        const disputed = (): Street => {
          const street = new Street(energy, { ...TERMS, openerOwns }, openerIsNode1);
          street.closeBoth(startOf(0));
          street.roll();
          street.count(1, 1000n);
          street.count(2, 900n);
          street.closeBoth(startOf(1));
          expect([0, 1].map((n) => energy.marks(n))).toEqual([DISPUTED, DISPUTED]);
          expect(street.ready()).toEqual([0, 0]);
          expect([0, 1].map((n) => energy.call("close_due", n, startOf(3)))).toEqual([0, 0]);
          expect([0, 1].map((n) => energy.call("roll_propose", n))).toEqual([ERR.state, ERR.state]);
          return street;
        };
        for (const settles of [1, 2] as const) {
          const street = disputed();
          const n = street.channelOf(settles);
          expect(energy.call("close_settle", n)).toBe(0);
          expect(energy.call("close_settle", n)).toBe(ERR.state);
          // Our own receipt again does not take it back.
          expect(street.closeOwn(n, startOf(1))).toBe(0);
          expect(street.tell(n)).toBe(0);
          expect(street.ready()).toEqual([1, 1]);
          expect(street.roll().flow).toBe(settles === 1 ? 9_000n : 10_000n);
        }
        const street = disputed();
        const [one, two] = [street.channelOf(1), street.channelOf(2)];
        expect([0, 1].map((n) => energy.call("close_settle", n))).toEqual([0, 0]);
        const [first, second] = [energy.close(one, 0).metered, energy.close(two, 0).metered];
        expect([first, second]).toEqual([9_000n, 10_000n]);
        expect([street.tell(one, { metered: first }), street.tell(two, { metered: second })]).toEqual([0, 0]);
        expect(street.roll().flow).toBe(9_000n);
        const [a, b] = street.hashes();
        expect(a).toBe(b);
      }
    }
  },

  "a close has what was agreed on before its end, and of the first one no flow": (energy) => {
    const street = new Street(energy, TERMS, true);
    street.agree(-1, -77n);
    street.agree(0, -5n);
    street.count(1, 300n);
    expect(street.closeOwn(0, startOf(0))).toBe(0);
    expect(energy.close(0, 0)).toEqual({ until: startOf(0), agreed: -77n, metered: 0n });
    // Constant and flags of the receipt.
    const receipt = receiptText({ untilS: startOf(1), constant: FINE, ...street.registers[0] }, meterKey(0));
    const payload = receipt.slice(5, receipt.lastIndexOf("|{")).replace('"Q":0', '"Q":276');
    const flagged = signedReceipt(payload, meterKey(0));
    expect(energy.call("close_own", 0, energy.text(flagged), flagged.length)).toBe(0);
    expect(energy.record(0).readUInt32LE(AT.closes + 4)).toBe(FINE * 256 + (276 & 255));
    expect(energy.close(0, 0).agreed).toBe(-82n);
    // A roll that is under way is no position.
    energy.set(0, AT.roll, 1n, 32);
    energy.set(0, AT.roll + 8, 1_000n);
    expect(energy.instance.call("agreed_mwh", 0, startOf(5))).toBe(-82n);
    expect(energy.instance.call("agreed_mwh", 0, startOf(0))).toBe(-77n);
  },

  "there is no dispute before both have closed alike, whoever closes last": (energy) => {
    for (const first of [0, 1] as const) {
      const street = new Street(energy, TERMS, true);
      const last = first === 0 ? 1 : 0;
      street.closeBoth(startOf(0));
      street.roll();
      street.count(1, 1000n);
      expect(street.closeOwn(first, startOf(1))).toBe(0);
      expect(street.tell(first)).toBe(0);
      expect([energy.marks(0), energy.marks(1)]).toEqual([0, 0]);
      expect(street.closeOwn(last, startOf(1))).toBe(0);
      expect(energy.marks(last)).toBe(DISPUTED);
      expect(energy.marks(first)).toBe(0);
      expect(street.tell(last)).toBe(0);
      expect(energy.marks(first)).toBe(DISPUTED);
      // One that closes more meanwhile: what the other end may accept is not known.
      energy.set(last, AT.marks, 1n, 32);
      expect(street.closeOwn(last, startOf(2))).toBe(0);
      expect(street.tell(last)).toBe(0);
      expect(energy.marks(first)).toBe(DISPUTED);
      expect(energy.call("close_settle", first)).toBe(ERR.state);
      expect(energy.call("close_due", first, startOf(4))).toBe(startOf(2));
      expect(street.closeOwn(first, startOf(2))).toBe(0);
      expect(energy.call("close_settle", first)).toBe(0);
    }
  },

  "the other end's figure settles only what both have closed": (energy) => {
    const street = new Street(energy, TERMS, true);
    street.closeBoth(startOf(0));
    street.roll();
    street.count(1, 1000n);
    expect(street.closeOwn(1, startOf(1))).toBe(0);
    expect(street.closeOwn(0, startOf(2))).toBe(0);
    // The flow of the other end's meter until another time.
    expect(street.tell(0, { metered: energy.close(1, 0).metered })).toBe(ERR.value);
    expect(street.tell(0, { metered: 9_999n })).toBe(ERR.value);
    expect(street.closeOwn(1, startOf(2))).toBe(0);
    expect(street.tell(0, { metered: 9_999n })).toBe(ERR.value);
    expect(street.tell(0, { metered: energy.close(1, 0).metered })).toBe(0);
  },

  "losses are weighed in mWh: the share rounded down, the pulses' tolerance up": (energy) => {
    const judge = (
      constants: readonly [number, number],
      lossMaxPpm: number,
      sent: bigint,
      received: bigint,
    ): number => {
      const street = new Street(energy, { ...TERMS, lossMaxPpm }, true, constants);
      street.registers[0].exported = 0n;
      street.registers[1].imported = 0n;
      street.closeBoth(startOf(0));
      street.roll();
      street.count(1, sent);
      street.count(2, received);
      street.closeBoth(startOf(1));
      expect(energy.marks(0)).toBe(energy.marks(1));
      return energy.marks(0);
    };
    // 160 mWh, of which 9.6 or 10 may be lost, and 40 besides.
    expect(judge([FINE, FINE], 60_000, 16n, 11n)).toBe(DISPUTED);
    expect(judge([FINE, FINE], 62_500, 16n, 11n)).toBe(0);
    // Two pulses of a meter of 7 a kWh are 285,714.3 mWh, and of the other one 20: with k pulses received, so many sent.
    const lost = 285_735n;
    for (let k = 1n; k < 71n; k++) {
      const received = (k * 1_000_000n) / 7n;
      if ((received + lost) % 10n !== 0n) continue;
      expect(judge([FINE, 7], 0, (received + lost) / 10n, k)).toBe(0);
      expect(judge([FINE, 7], 0, (received + lost) / 10n + 1n, k)).toBe(DISPUTED);
    }
  },

  "a register may go on by as much as any line carries": (energy) => {
    for (const side of ["imported", "exported"] as const) {
      const close = (mwh: bigint): number => {
        const street = new Street(energy, TERMS, true, [1_000_000 / 1_000, FINE]);
        street.closeBoth(startOf(0));
        street.roll();
        street.registers[0][side] += mwh / 1_000n;
        return street.closeOwn(0, startOf(1));
      };
      // 2^50 mWh, which is no whole number of pulses: both sides of it.
      expect([close(2n ** 50n), close(2n ** 50n + 1_000n)]).toEqual([0, ERR.value]);
    }
  },

  "what is due, and by whom": (energy) => {
    const street = new Street(energy, TERMS, true);
    const due = (utcS: number): number[] => [0, 1].map((n) => energy.call("close_due", n, utcS));
    expect(due(startOf(0) + 5)).toEqual([startOf(0), startOf(0)]);
    expect(due(INTERVAL_S - 1)).toEqual([0, 0]);
    street.closeOwn(0, startOf(0));
    expect(due(startOf(0) + 899)).toEqual([0, startOf(0)]);
    expect(due(startOf(1))).toEqual([startOf(1), startOf(1)]);
    // The other one has closed more: that, though our clock is a little behind.
    street.closeOwn(0, startOf(1));
    expect(street.tell(0)).toBe(0);
    expect(due(startOf(1) - 20)).toEqual([0, startOf(1)]);
    street.closeOwn(1, startOf(1));
    // Who has heard of both closes waits for the roll; node_1 has not yet.
    expect(due(startOf(2))).toEqual([startOf(2), 0]);
    street.tell(1);
    expect(due(startOf(2))).toEqual([0, 0]);
    expect(energy.call("roll_propose", 0)).toBe(0);
    expect(due(startOf(2))).toEqual([0, 0]);
    expect(street.closeOwn(0, startOf(2))).toBe(ERR.state);
    expect(street.tell(1)).toBe(0);
    expect(street.tell(1, { end: startOf(2) })).toBe(ERR.state);
  },

  "node_2 closes more than it has only after node_1, which a roll may be on its way from": (energy) => {
    for (const openerIsNode1 of [true, false]) {
      const street = new Street(energy, TERMS, openerIsNode1);
      const [one, two] = [street.channelOf(1), street.channelOf(2)];
      const due = (n: number, utcS: number): number => energy.call("close_due", n, utcS);
      street.closeOwn(two, startOf(0));
      expect([due(two, startOf(0)), due(two, startOf(3))]).toEqual([0, 0]);
      expect(street.tell(two)).toBe(0);
      // node_1 need not do one after the other, nor less than node_2 has.
      expect([due(one, startOf(0) - 1), due(one, startOf(2) + 1)]).toEqual([startOf(0), startOf(2)]);
      street.closeOwn(one, startOf(2));
      expect([due(one, startOf(2) + 1), due(one, startOf(4))]).toEqual([0, startOf(4)]);
      expect(street.tell(one)).toBe(0);
      expect([due(two, startOf(2) - 1), due(two, startOf(3))]).toEqual([startOf(2), startOf(3)]);
      street.closeOwn(two, startOf(2));
      expect(due(two, startOf(4))).toBe(0);
      expect(street.tell(two)).toBe(0);
      expect([due(one, startOf(4)), due(two, startOf(4))]).toEqual([0, 0]);
      expect(street.roll().until).toBe(startOf(2));
    }
  },

  "closes that contradict their receipt, the past or the clock are not taken, and change nothing": (energy) => {
    const street = new Street(energy, TERMS, true);
    street.closeBoth(startOf(1));
    street.roll();
    street.count(1, 500n);
    street.count(2, 500n);
    const before = energy.record(1);
    expect(street.closeOwn(0, startOf(3))).toBe(0);
    expect(energy.close(0, 0)).toEqual({ until: startOf(3), agreed: 0n, metered: 5_000n });
    const wrong: readonly [Partial<Message>, number][] = [
      [{ start: startOf(0) }, ERR.state],
      [{ end: startOf(4) }, ERR.value],
      [{ end: startOf(2) }, ERR.value],
      [{ metered: 5_001n }, ERR.value],
      [{ metered: -(2n ** 63n) }, ERR.value],
      [{ receipt: street.receipt(1, startOf(3)) }, ERR.signature],
      [{ receipt: "" }, ERR.truncated],
      [{ end: startOf(1), receipt: street.receipt(0, startOf(1)) }, ERR.expired],
      [{ end: startOf(3) + 1, receipt: street.receipt(0, startOf(3) + 1) }, ERR.value],
      [{ sentAtS: startOf(3) - 31 }, ERR.value],
    ];
    for (const [change, code] of wrong) expect([change, street.tell(0, change)]).toEqual([change, code]);
    expect(energy.record(1).equals(before)).toBe(true);
    const { imported, exported } = street.registers[0];
    for (const registers of [
      { imported: imported - 1n, exported },
      { imported, exported: 49n },
      { imported, exported: exported + 2n ** 50n },
    ]) {
      const receipt = receiptText({ untilS: startOf(3), constant: FINE, ...registers }, meterKey(0));
      expect(street.tell(0, { receipt })).toBe(ERR.value);
      expect(energy.call("close_own", 0, energy.text(receipt), receipt.length)).toBe(ERR.value);
    }
    expect(energy.record(1).equals(before)).toBe(true);
    for (const apart of [31, -31]) {
      expect(street.tell(0, {}, startOf(3) + apart)).toBe(ERR.suspended);
      expect(energy.marks(1)).toBe(CLOCKS_APART);
      expect(energy.close(1, 1).until).toBe(0);
      expect(street.tell(0, {}, startOf(3) + Math.sign(apart) * 30)).toBe(0);
      expect(energy.marks(1)).toBe(0);
      energy.write(energy.call("energy_of", 1), before);
    }
    expect(street.tell(0)).toBe(0);
    expect(street.closeOwn(0, startOf(2))).toBe(ERR.expired);
    expect(street.closeOwn(0, startOf(4))).toBe(0);
    expect(street.tell(0)).toBe(0);
    expect(street.tell(0, { end: startOf(3), receipt: street.receipt(0, startOf(3)) })).toBe(ERR.expired);
  },

  "node_1's roll is judged to the unit, and arrears never overflow": (energy) => {
    const street = new Street(energy, TERMS, true);
    street.closeBoth(startOf(0));
    street.roll();
    street.agree(0, 100n);
    street.count(1, 500n);
    street.count(2, 490n);
    expect(energy.call("roll_check", 1, startOf(1), 0n, 0n)).toBe(ERR.state);
    street.closeBoth(startOf(1));
    expect(energy.call("roll_propose", 0)).toBe(0);
    const { until, flow, arrears } = energy.roll(0);
    expect([flow, arrears]).toEqual([4_900n, -960n]);
    const check = (...args: [number, bigint, bigint]): number => energy.call("roll_check", 1, ...args);
    expect(check(until, flow, arrears)).toBe(0);
    expect([
      check(until + 900, flow, arrears),
      check(until, flow + 1n, arrears),
      check(until, flow, arrears + 1n),
    ]).toEqual([ERR.value, ERR.value, ERR.value]);
    energy.set(1, AT.arrears, -(2n ** 63n) + 959n);
    expect(check(until, flow, arrears)).toBe(ERR.overflow);
    energy.set(1, AT.arrears, -(2n ** 63n) + 960n);
    expect(check(until, flow, arrears)).toBe(0);
  },
});
