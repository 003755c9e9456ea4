import { expect } from "vitest";
import { Entropy } from "../../host/board/entropy.js";
import { KIND } from "./energy_state.js";
import { INTERVAL_S, Line, START } from "./line.js";
import { Mirror } from "./mirror.js";
import { type End, HTLC, onPairs, other, type Pair, STATES } from "./pair.js";
import { STATES as HTLC_STATES, type Table } from "./table_side.js";

const SCHEDULES = process.env["TIELINE_LONG"] === "1" ? 1000 : 50;
const STEPS = 160;
const SLOT_NO_ENERGY = 32;

/** The flags of the firmware's own table; how states move is the machine's business here. */
const tableOf = (pair: Pair): Table => ({
  flags: Array.from({ length: HTLC_STATES }, (_, state) => pair.call("state_flags", state)),
  after: [],
  event: () => -1,
});

/** What is known of a schedule besides: when the running interval ends. */
interface Clock {
  closing: number;
}

/** The end offers an HTLC, mostly with a rider. */
function offer(line: Line, end: End, clock: Clock, random: Entropy): void {
  const { pair } = line;
  if (pair.freeBlobs() === 0) return;
  const number = random.below(1000);
  const amountMsat = BigInt(1 + random.below(3_000_000));
  const kind = random.below(8) === 0 ? KIND.arrears : random.below(3) === 0 ? KIND.promise : KIND.receipt;
  // Receipts are of an interval that has begun: the clock stands in the third.
  const start = clock.closing + INTERVAL_S * random.below(3);
  const mwh = BigInt(1 + random.below(4_000_000)) * (random.below(2) === 0 ? 1n : -1n);
  const code =
    random.below(6) === 0
      ? pair.offer(end, amountMsat, number)
      : line.offer(end, amountMsat, number, { start, kind, mwh });
  if (code < 0) pair.freeLastBlob();
}

function answer(pair: Pair, end: End, random: Entropy): void {
  const slots = pair.slots(end, HTLC.committed, false);
  const slot = slots[random.below(Math.max(1, slots.length))];
  if (slot === undefined || pair.slotResult(end, slot) !== 0) return;
  const refused = (pair.slotFlags(end, slot) & SLOT_NO_ENERGY) !== 0;
  if (!refused && random.below(4) > 0) expect(pair.fulfill(end, slot, pair.numberOf(end, slot))).toBe(0);
  else expect(pair.fail(end, slot)).toBe(0);
}

function lapse(pair: Pair, end: End, random: Entropy): void {
  const slots = pair.slots(end, HTLC.committed, true);
  const slot = slots[random.below(Math.max(1, slots.length))];
  if (slot !== undefined) pair.call("channel_lapse", end, slot);
}

/** Both ends close the interval that ends first; node_1 rolls it once it may. */
function roll(line: Line, clock: Clock, random: Entropy): void {
  const open = clock.closing !== START && [0, 1].some((end) => line.closedUntil(end as End) < clock.closing);
  if (open) {
    line.roll();
  } else if (line.rollState(0) === 0 && line.rollState(1) === 0) {
    clock.closing += INTERVAL_S;
    line.pair.call("set_time", clock.closing + 2 * INTERVAL_S + 100);
    line.close(clock.closing, BigInt(random.below(400_001) - 200_000));
  }
}

function act(line: Line, mirror: Mirror, clock: Clock, random: Entropy): void {
  const { pair } = line;
  const end = random.below(2) === 0 ? 0 : 1;
  const choice = random.below(100);
  if (choice < 14) offer(line, end, clock, random);
  else if (choice < 26) answer(pair, end, random);
  else if (choice < 32) lapse(pair, end, random);
  else if (choice < 36) roll(line, clock, random);
  else if (choice < 38) pair.call("channel_fee", 0, 500 + random.below(2000));
  else if (choice < 44) pair.settle(end);
  else if (choice < 98) mirror.arrive(other(end));
  else mirror.reconnect();
  for (const one of [0, 1] as const) {
    for (const slot of pair.slots(one, HTLC.removed, true)) pair.call("channel_release", one, slot);
    mirror.follow(one);
  }
}

/** Until nothing is pending and all that is closed has been rolled. */
function drain(line: Line, mirror: Mirror, clock: Clock, random: Entropy): void {
  const { pair } = line;
  for (let round = 0; round < 12; round++) {
    for (const end of [0, 1] as const) {
      for (const slot of pair.slots(end, HTLC.committed, false)) {
        if (pair.slotResult(end, slot) === 0) expect(pair.fail(end, slot)).toBe(0);
      }
      for (const slot of pair.slots(end, HTLC.removed, true)) pair.call("channel_release", end, slot);
      if (line.closedUntil(line.node1) < clock.closing) roll(line, clock, random);
      pair.settle(end);
      mirror.follow(end);
    }
    while (mirror.arrive(0) || mirror.arrive(1));
  }
}

onPairs("line: the machine and the reducer agree", {
  "over random schedules with signatures, every commitment's energy to the byte": (make) => {
    const sums = { signatures: 0, repeated: 0, positions: 0, arrears: 0, closed: 0, boughtBack: 0 };
    for (const node1 of [0, 1] as const) {
      const line = Line.open(make(), { node1, creditsMsat: [3_000_000n, 2_000_000n] });
      const { pair } = line;
      const restore = pair.save();
      for (let schedule = 0; schedule < SCHEDULES / 2; schedule++) {
        restore();
        const random = new Entropy("line", `${node1}/${schedule}`);
        const clock = { closing: START };
        pair.call("set_time", START + 2 * INTERVAL_S + 100);
        const mirror = new Mirror(pair, tableOf(pair), line.terms);
        let step = 0;
        let most = 0;
        try {
          for (; step < STEPS; step++) {
            act(line, mirror, clock, random);
            mirror.compare();
            most = Math.max(most, mirror.counted().positions);
          }
          drain(line, mirror, clock, random);
          mirror.compare();
          line.rest();
        } catch (error) {
          throw new Error(`node_1 ${node1}, schedule ${schedule}, step ${step}`, { cause: error });
        }
        expect([pair.state(0), pair.state(1)]).toEqual([STATES.normal, STATES.normal]);
        expect([line.closedUntil(0), line.closedUntil(1)]).toEqual(
          clock.closing === START ? [0, 0] : [clock.closing, clock.closing],
        );
        const { arrears, closed, boughtBack } = mirror.counted();
        sums.signatures += mirror.signatures;
        sums.repeated += mirror.repeated;
        sums.positions += most;
        sums.arrears += Number(arrears !== 0n);
        sums.closed += Number(closed > 0);
        sums.boughtBack += boughtBack;
      }
    }
    expect(sums.signatures).toBeGreaterThan(5 * SCHEDULES);
    expect(sums.repeated).toBeGreaterThan(SCHEDULES / 4);
    expect(sums.positions).toBeGreaterThan(SCHEDULES / 2);
    expect(sums.arrears).toBeGreaterThan(SCHEDULES / 4);
    expect(sums.closed).toBeGreaterThan(SCHEDULES / 4);
    expect(sums.boughtBack).toBeGreaterThan(SCHEDULES / 10);
  },
});
