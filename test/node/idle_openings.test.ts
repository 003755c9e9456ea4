import { describe, expect, it } from "vitest";
import { availableEngines } from "../../host/engine/index.js";
import { ERR } from "./hostile.js";
import { START_HEIGHT, TestNetwork, type TestNode } from "./network.js";

// Openings that come no further take nobody's place for long.

const ERROR_TEXT = "code -25";

function star(engine: "v8" | "wasm3"): { network: TestNetwork; hub: TestNode; others: readonly TestNode[] } {
  const network = new TestNetwork(engine);
  const [hub, ...others] = ["hub", "b", "c", "d"].map((name) => network.add(name)) as [TestNode, ...TestNode[]];
  for (const other of others) network.connect(other, hub);
  network.run();
  return { network, hub, others };
}

const open = (from: TestNode, to: TestNode): number =>
  from.node.open({ peer: to.id, fundingSat: 100_000n, feeratePerKw: 253 });
const states = ({ node }: TestNode): string[] => node.channels().map(({ state }) => state);

describe.each(availableEngines().map(({ name }) => name))("openings that wait, on %s", (engine) => {
  it("take two places, until they are confirmed", () => {
    const { network, hub, others } = star(engine);
    const [b, c, d] = others as [TestNode, TestNode, TestNode];
    const fund = network.onEvent.bind(network);
    network.onEvent = () => undefined;
    open(b, hub);
    network.run();
    network.onEvent = fund;
    open(c, hub);
    network.run();
    expect(states(hub)).toEqual(["accepted", "funded"]);
    open(d, hub);
    network.run();
    expect(states(hub)).toHaveLength(2);
    expect(hub.told("problem")).toMatchObject([{ code: ERR.CAPACITY }]);
    expect(d.node.channels()).toEqual([]);
    // What the node opens itself is its owner's affair.
    open(hub, d);
    network.run();
    expect(states(hub)).toEqual(["accepted", "funded", "funded"]);
    network.mine(6);
    open(d, hub);
    network.run();
    expect(states(hub)).toEqual(["accepted", "normal", "normal", "funded"]);
  });

  it("are given up by the accepter a minute after, and the opener hears of it", () => {
    const { network, hub, others } = star(engine);
    const [b] = others as [TestNode];
    network.onEvent = () => undefined;
    open(b, hub);
    network.run();
    network.tick(1_000n);
    network.tick(59_999n);
    expect([states(b), states(hub)]).toEqual([["funding needed"], ["accepted"]]);
    network.tick(1n);
    expect([states(b), states(hub)]).toEqual([[], []]);
    expect(hub.told("problem")).toMatchObject([{ channel: 0, code: ERR.EXPIRED }]);
    expect(b.told("problem")).toMatchObject([{ channel: 0, code: 0, text: ERROR_TEXT }]);
    expect(hub.lines.filter((line) => line !== undefined)).toHaveLength(3);
  });

  it("are counted anew: one that follows another in its place has a minute of its own", () => {
    const { network, hub, others } = star(engine);
    const [b, c] = others as [TestNode, TestNode];
    network.onEvent = () => undefined;
    open(b, hub);
    network.run();
    network.tick(1_000n);
    network.tick(50_000n);
    network.sever(b, hub);
    open(c, hub);
    network.run();
    network.tick(20_000n);
    network.tick(59_999n);
    expect(states(hub)).toEqual(["accepted"]);
    network.tick(1n);
    expect(states(hub)).toEqual([]);
  });

  it("are given up by an opener whose open_channel, or funding_created, is not answered", () => {
    for (const answered of [0, 1]) {
      const { network, hub, others } = star(engine);
      const [b] = others as [TestNode];
      let answers = 0;
      const send = hub.onSend.bind(hub);
      hub.onSend = (connection, bytes) => {
        if (answers++ < answered) send(connection, bytes);
      };
      open(b, hub);
      network.run();
      network.tick(1_000n);
      network.tick(59_999n);
      expect(states(b)).toEqual([answered === 0 ? "opening" : "funding created"]);
      network.tick(1n);
      expect(states(b)).toEqual([]);
      expect(b.told("problem")).toMatchObject([{ channel: 0, code: ERR.EXPIRED }]);
      expect(b.told("funding signed")).toEqual([]);
      // The accepter may have signed: then it hears that there will be no such channel.
      expect(states(hub)).toEqual(answered === 0 ? [] : ["failed"]);
    }
  });

  it("a channel whose funding never comes is forgotten by its accepter after two weeks, by nobody else", () => {
    const { network, hub, others } = star(engine);
    const [b, c] = others as [TestNode, TestNode];
    open(b, hub);
    open(hub, c);
    network.run();
    hub.node.block(START_HEIGHT + 2_015);
    expect(states(hub)).toEqual(["funded", "funded"]);
    hub.kill();
    network.run();
    network.height = START_HEIGHT + 2_015;
    hub.start();
    network.connect(b, hub);
    network.run();
    for (const node of [b, hub]) node.node.block(START_HEIGHT + 2_016);
    network.run();
    expect(states(hub)).toEqual(["funded"]);
    expect(hub.node.channels()[0]).toMatchObject({ opener: true });
    expect(b.told("problem").at(-1)).toMatchObject({ code: 0, text: ERROR_TEXT });
    expect(states(b)).toEqual(["failed"]);
  });

  it("a channel with one confirmation is not forgotten, though it may need more of them", () => {
    const { network, hub, others } = star(engine);
    const [b] = others as [TestNode];
    open(b, hub);
    network.run();
    hub.node.block(START_HEIGHT + 1);
    hub.node.fundingDepth(0, 1, START_HEIGHT + 1, 1);
    hub.node.block(START_HEIGHT + 3_000);
    expect(states(hub)).toEqual(["funded"]);
    // A reorganisation took it back.
    hub.node.fundingDepth(0, 0, START_HEIGHT + 1, 1);
    hub.node.block(START_HEIGHT + 3_000);
    expect(states(hub)).toEqual([]);
  });
});
