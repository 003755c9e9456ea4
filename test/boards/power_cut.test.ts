import { beforeAll, describe, expect, it } from "vitest";
import { PosixMachine } from "../../host/posix/index.js";
import { whereItRuns } from "../driver/engines.js";
import { AMOUNT_MSAT, imageOf, LiveRow, NAMES, type Name, type Scene, scene } from "./live_row.js";

// Power fails in the middle of a flash operation of a board that is one of three nodes of a payment. It comes back, the
// channels are reestablished, and the payment has been made for all or for none.

const MOST_OPERATIONS = 1000;

/** One life of a payment in which the board's power fails at a flash operation: whether it did, and what was paid. */
async function live(
  from: Scene,
  victim: Name,
  cutAt: number,
): Promise<{ readonly cut: boolean; readonly paid: boolean }> {
  const machine = new PosixMachine({ ...imageOf(from, victim), cutAt });
  try {
    const row = new LiveRow(from, victim, machine);
    const { payer, recipient } = row.nodes;
    const board = row.nodes[victim];
    let cuts = 0;
    row.network.onCrash = (node, error) => {
      if (node !== board || !(error instanceof Error) || error.message !== "the board closed the link") return false;
      return ++cuts === 1;
    };
    await machine.powerOn();
    await row.start();
    await row.connect();
    await row.network.seconds(1);
    if (cuts === 0) await row.pay();
    await row.network.seconds(1);
    if (cuts === 1) {
      expect(board.isOn).toBe(false);
      await machine.powerOff();
      machine.cutAt = undefined;
      await machine.powerOn();
      await row.start();
      await row.connect();
      await row.network.seconds(2);
    }
    const came = await row.settled();
    expect([0n, AMOUNT_MSAT]).toContain(came);
    // At least one telling of what has happened, and none of what has not.
    expect(recipient.told("received").length > 0).toBe(came > 0n);
    expect(payer.told("sent").length > 0).toBe(came > 0n);
    if (cuts === 0) return { cut: false, paid: came > 0n };
    // It is as good as before.
    await row.pay();
    expect((await row.settled()) - came).toBe(AMOUNT_MSAT);
    return { cut: true, paid: came > 0n };
  } finally {
    await machine.discard();
  }
}

describe("power that fails while a board pays, forwards or is paid", () => {
  let from: Scene;
  beforeAll(() => {
    from = scene();
  });
  whereItRuns("posix", () => {
    it.each(NAMES)(
      "%s: in a flash operation",
      async (victim) => {
        let [cuts, payments] = [0, 0];
        for (let cutAt = 1; cutAt < MOST_OPERATIONS; cutAt++) {
          const { cut, paid } = await live(from, victim, cutAt).catch((error: unknown) => {
            throw new Error(`cut at operation ${cutAt}: ${(error as Error).message}`, { cause: error });
          });
          if (!cut) {
            // All of it took fewer operations.
            expect(paid).toBe(true);
            break;
          }
          cuts++;
          if (paid) payments++;
        }
        expect(cuts).toBeGreaterThan(15);
        expect(payments).toBeGreaterThan(0);
        // A payment that the payer had not begun is not made; whoever else was in it goes on with it.
        if (victim === "payer") expect(payments).toBeLessThan(cuts);
      },
      600_000,
    );
  });
});
