import fc from "fast-check";
import { expect } from "vitest";
import { CHANNEL_STORIES } from "../long/counts.js";
import { type End, onPairs, other, type Pair, STATES } from "./pair.js";

/** What happens to a frame on its way. */
const damages = fc.oneof(
  { weight: 4, arbitrary: fc.constant(undefined) },
  fc.record({
    how: fc.constantFrom("flip", "cut", "number", "again", "type"),
    at: fc.nat(1500),
    value: fc.nat(255),
  }),
);

const steps = fc.array(
  fc.oneof(
    {
      weight: 5,
      arbitrary: fc.record({ what: fc.constant("arrive" as const), end: fc.constantFrom<End[]>(0, 1), damages }),
    },
    fc.record({ what: fc.constant("offer" as const), end: fc.constantFrom<End[]>(0, 1), amount: fc.nat(70_000_000) }),
    fc.record({ what: fc.constantFrom("answer", "cut", "close", "fee"), end: fc.constantFrom<End[]>(0, 1) }),
  ),
  { minLength: 5, maxLength: 50 },
);

function damaged(frame: Uint8Array, how: string, at: number, value: number): Uint8Array {
  const bytes = Buffer.from(frame);
  const place = 2 + (at % (bytes.length - 2));
  if (how === "flip") bytes[place] = (bytes[place] ?? 0) ^ (value | 1);
  else if (how === "cut") return bytes.subarray(0, place);
  else if (how === "number" && bytes.length >= 50)
    bytes.writeBigUInt64BE(BigInt.asUintN(64, (1n << BigInt(value % 64)) - BigInt(value >> 6)), 42);
  else if (how === "type")
    bytes.writeUInt16BE([32, 33, 34, 35, 36, 38, 39, 128, 130, 131, 132, 133, 134, 135, 136][value % 15] ?? 0);
  return bytes;
}

/** Commits and sends as a node does; a peer that is hung up on, or whose channel has failed, is connected anew. */
function settle(pair: Pair, end: End): boolean {
  pair.settle(end);
  return pair.call("channel_hang_up", end) !== 0 || pair.state(end) === STATES.failed;
}

onPairs("channel: hostile peers", {
  "whatever comes, nothing traps, and what is refused changes nothing": (make) => {
    const pair = make().open({ pushMsat: 400_000_000n });
    const restore = pair.save();
    const seen = new Set<number>();
    const property = fc.property(steps, (todo) => {
      restore();
      for (const step of todo) {
        const { end } = step;
        let over: boolean;
        if (step.what === "arrive") {
          const frame = pair.sent[end].shift();
          if (frame === undefined) continue;
          const { damages: damage } = step as { damages?: { how: string; at: number; value: number } };
          const to = other(end);
          const before = pair.stored();
          const spoilt = damage === undefined ? frame : damaged(frame, damage.how, damage.at, damage.value);
          const code = pair.give(to, spoilt);
          if (damage?.how === "again") pair.give(to, spoilt);
          seen.add(code);
          if (code < 0 && damage?.how !== "again" && pair.state(to) === STATES.normal)
            expect(pair.stored()).toBe(before);
          over = settle(pair, to);
        } else if (step.what === "offer") {
          if (pair.freeBlobs() === 0) continue;
          const { amount } = step as { amount: number };
          if (pair.offer(end, BigInt(amount), amount % 1000) < 0) pair.freeLastBlob();
          over = settle(pair, end);
        } else if (step.what === "answer") {
          for (const slot of pair.slots(end, 5, false)) pair.fulfill(end, slot, pair.numberOf(end, slot));
          for (const slot of pair.slots(end, 10, true)) pair.call("channel_release", end, slot);
          over = settle(pair, end);
        } else if (step.what === "close") {
          if (pair.freeBlobs() % 3 === 0) pair.call("channel_close", end, 0, 0);
          over = settle(pair, end);
        } else if (step.what === "fee") {
          pair.call("channel_fee", 0, 3_000);
          over = settle(pair, 0);
        } else {
          over = true;
        }
        if (over) {
          pair.disconnect();
          pair.connect();
        }
        for (const one of [0, 1] as const) {
          const [own, theirs] = pair.balances(one);
          expect(own + theirs).toBe(1_000_000_000n);
        }
      }
    });
    fc.assert(property, { numRuns: CHANNEL_STORIES, seed: 11 });
    // The damage is of many kinds: several codes, and messages that were taken.
    expect(seen.size).toBeGreaterThan(6);
  },
});
