import { expect } from "vitest";
import { Entropy } from "../../host/board/entropy.js";
import { Mirror } from "./mirror.js";
import { HTLC, onPairs, other, type Pair, STATES } from "./pair.js";
import { STATES as HTLC_STATES, type Table } from "./table_side.js";

const SCHEDULES = process.env["TIELINE_LONG"] === "1" ? 1000 : 60;
const STEPS = 60;

/** The flags of the firmware's own table; how states move is the machine's business here. */
const tableOf = (pair: Pair): Table => ({
  flags: Array.from({ length: HTLC_STATES }, (_, state) => pair.call("state_flags", state)),
  after: [],
  event: () => -1,
});

function act(pair: Pair, mirror: Mirror, random: Entropy): void {
  const end = random.below(2) === 0 ? 0 : 1;
  const choice = random.below(100);
  if (choice < 22) {
    if (pair.freeBlobs() === 0) return;
    if (pair.offer(end, BigInt(1 + random.below(30_000_000)), random.below(1000)) < 0) pair.freeLastBlob();
  } else if (choice < 40) {
    const slots = pair.slots(end, HTLC.committed, false);
    const slot = slots[random.below(Math.max(1, slots.length))];
    if (slot !== undefined && pair.slotResult(end, slot) === 0) {
      if (random.below(2) === 0) pair.fulfill(end, slot, pair.numberOf(end, slot));
      else pair.fail(end, slot);
    }
  } else if (choice < 45) pair.call("channel_fee", 0, 500 + random.below(2000));
  else if (choice < 60) pair.settle(end);
  else if (choice < 96) mirror.arrive(other(end));
  else mirror.reconnect();
  for (const slot of pair.slots(end, HTLC.removed, true)) pair.call("channel_release", end, slot);
  mirror.follow(end);
}

onPairs("channel: the machine and the reducer agree", {
  "over random schedules with signatures": (make) => {
    const pair = make().open({ pushMsat: 400_000_000n });
    const restore = pair.save();
    let [signatures, repeated] = [0, 0];
    for (let schedule = 0; schedule < SCHEDULES; schedule++) {
      restore();
      const random = new Entropy("machine", String(schedule));
      const mirror = new Mirror(pair, tableOf(pair));
      let step = 0;
      try {
        for (; step < STEPS; step++) {
          act(pair, mirror, random);
          mirror.compare();
        }
        for (const end of [0, 1] as const) {
          pair.settle(end);
          mirror.follow(end);
        }
        while (mirror.arrive(0) || mirror.arrive(1));
        mirror.compare();
        pair.compare();
      } catch (error) {
        throw new Error(`schedule ${schedule}, step ${step}`, { cause: error });
      }
      expect([pair.state(0), pair.state(1)]).toEqual([STATES.normal, STATES.normal]);
      signatures += mirror.signatures;
      repeated += mirror.repeated;
    }
    expect(signatures).toBeGreaterThan(5 * SCHEDULES);
    expect(repeated).toBeGreaterThan(SCHEDULES / 4);
  },
});
