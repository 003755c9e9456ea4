import { RawTx } from "@scure/btc-signer";
import { expect } from "vitest";
import { Execution } from "../../host/chain/interpreter.js";
import { type End, HTLC_SLOTS, onPairs, type Pair, preimageOf, STATES } from "./pair.js";

const FUNDING_SAT = 1_000_000n;
const ERR_NOT_FOUND = -8;

const execute = (tx: Uint8Array, script: Uint8Array, sat: bigint): string => new Execution(tx).run(0, script, sat);

/** The end's commitment and all HTLC transactions that it could send, executed: how many of these there are. */
function broadcast(pair: Pair, end: End): number {
  const program = pair.fundingProgram(end);
  expect(pair.call("channel_force", end, -25)).toBe(0);
  const commitment = pair.transaction("channel_commitment_tx", end);
  expect(execute(commitment, program, FUNDING_SAT)).toBe("");
  const { outputs } = RawTx.decode(commitment);
  let count = 0;
  for (let slot = 0; slot < HTLC_SLOTS; slot++) {
    if (pair.slotState(end, slot) === 0) continue;
    const tx = pair.htlcTransaction(end, slot, preimageOf(pair.numberOf(end, slot)));
    if (tx === ERR_NOT_FOUND) continue;
    const output = outputs[RawTx.decode(tx as Uint8Array).inputs[0]?.index ?? -1];
    expect(execute(tx as Uint8Array, output?.script ?? new Uint8Array(0), output?.amount ?? 0n)).toBe("");
    count++;
  }
  return count;
}

onPairs("channel: what may be broadcast holds", {
  "at every moment of payments in both directions, with everything that is remembered": (make) => {
    for (const anchors of [false, true]) {
      const pair = make().open({ anchors });
      pair.offer(0, 40_000_000n, 10);
      pair.offer(1, 30_000_000n, 11);
      pair.offer(0, 1_000n, 12);
      for (const end of [0, 1] as const) pair.settle(end);
      const counts = new Set<number>();
      const look = (): void => {
        for (const end of [0, 1] as const) {
          const restore = pair.save();
          counts.add(broadcast(pair, end));
          restore();
        }
      };
      look();
      while (pair.arrive(0) || pair.arrive(1)) look();
      expect(pair.fulfill(1, pair.slots(1, 5, false)[0] ?? -1, 10)).toBe(0);
      expect(pair.fail(0, pair.slots(0, 5, false)[0] ?? -1)).toBe(0);
      for (const end of [0, 1] as const) pair.settle(end);
      while (pair.arrive(0) || pair.arrive(1)) look();
      expect([...counts].sort()).toEqual([0, 1, 2]);
    }
  },

  "a closing transaction": (make) => {
    const pair = make().open({ pushMsat: 0n });
    const program = pair.fundingProgram(0);
    expect([pair.state(0), pair.state(1)]).toEqual([STATES.normal, STATES.normal]);
    expect(pair.call("channel_close", 1, 0, 0)).toBe(0);
    pair.settle(1);
    pair.run();
    const tx = pair.transaction("channel_closing_tx", 0);
    expect(pair.transaction("channel_closing_tx", 1)).toEqual(tx);
    expect(execute(tx, program, FUNDING_SAT)).toBe("");
    const { outputs } = RawTx.decode(tx);
    expect(outputs).toHaveLength(1);
    // 51 + 18 + 2 * 22 bytes, 222 of witness, at 253 satoshi per 1,000 units.
    expect(FUNDING_SAT - (outputs[0]?.amount ?? 0n)).toBe(171n);
  },
});
