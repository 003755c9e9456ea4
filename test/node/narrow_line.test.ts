import { describe, expect, it } from "vitest";
import { availableEngines } from "../../host/engine/index.js";
import { routeOf, type TestNode } from "./network.js";
import { pair } from "./rows.js";

const AMOUNT_MSAT = 1_000_000n;
/** As many of each end's as there are onions kept of both. */
const PAYMENTS = 8;

describe.each(availableEngines().map(({ name }) => name))("lines without room on %s", (engine) => {
  /** Nodes whose lines are full with whatever is sent, and how much of theirs ever waited on a line at a time. */
  function narrow() {
    const { network, a, b, ab, ba } = pair(engine, false);
    const nodes = [a, b];
    for (const node of nodes) node.board.isFull = () => true;
    const line = () => a.lines.find((one) => one !== undefined);
    let most = 0;
    const waiting = (to: TestNode): number => line()?.waiting.filter((piece) => piece.to.node === to).length ?? 0;
    const measure = (): void => {
      most = Math.max(most, waiting(a), waiting(b));
    };
    const resume = (node: TestNode): void => {
      const connection = node.lines.findIndex((one) => one !== undefined);
      if (connection >= 0) node.node.resume(connection);
    };
    /** Lets arrive what is on the line; whoever has nothing on it any more is told of the room, until both have no more. */
    const run = (): void => {
      for (let quiet = 0; quiet < nodes.length;) {
        measure();
        if (network.step()) {
          quiet = 0;
          continue;
        }
        for (const node of nodes) {
          resume(node);
          measure();
        }
        quiet = (line()?.waiting.length ?? 0) > 0 ? 0 : quiet + 1;
      }
    };
    const pay = (): void => {
      for (let i = 0; i < PAYMENTS; i++) {
        a.node.pay({ channel: ab, hops: routeOf(network, AMOUNT_MSAT, [{ node: b, scid: 0n }]) });
        b.node.pay({ channel: ba, hops: routeOf(network, 2n * AMOUNT_MSAT, [{ node: a, scid: 0n }]) });
        measure();
      }
    };
    const settled = (): void => {
      for (const node of nodes) {
        expect(node.told("sent")).toHaveLength(PAYMENTS);
        expect(node.told("received")).toHaveLength(PAYMENTS);
        expect(node.told("problem")).toEqual([]);
      }
      expect(a.node.channel(ab)).toMatchObject({ htlcs: 0, holderMsat: 900_000_000n + 8n * AMOUNT_MSAT });
    };
    return { network, a, b, ab, pay, run, resume, settled, waiting, most: () => most };
  }

  it("take a message at a time, and the rest goes out when there is room again", () => {
    const { a, b, pay, run, resume, settled, waiting, most } = narrow();
    pay();
    // The first update_add_htlc of each; not even the commitment_signed for it.
    expect([waiting(a), waiting(b)]).toEqual([1, 1]);
    resume(a);
    expect([waiting(a), waiting(b)]).toEqual([1, 2]);
    run();
    settled();
    expect(most()).toBe(2);
  });

  it.each([0, 3, 7, 12, 17, 18, 19])("take a channel up again the same way, after %i pieces", (pieces) => {
    const { network, a, b, pay, run, settled, most } = narrow();
    pay();
    for (const node of [a, b]) node.board.isFull = () => false;
    for (const node of [a, b]) node.node.resume(node.lines.findIndex((one) => one !== undefined));
    for (let i = 0; i < pieces; i++) network.step();
    // What is on the line is lost, so that it is said again.
    network.sever(a, b);
    for (const node of [a, b]) node.board.isFull = () => true;
    network.connect(a, b);
    run();
    settled();
    expect(most()).toBeLessThanOrEqual(2);
  });
});
