import { describe, expect, it } from "vitest";
import { availableEngines } from "../../host/engine/index.js";
import { toHex } from "../driver/vectors.js";
import { energyOf, expectAgreed, INTERVAL_S, LINE, LineNetwork, own } from "./lines.js";
import { routeOf, type TestNode } from "./network.js";

const ERR_SUSPENDED = -27;

const FUNDING_SAT = 10_000_000n;
const PUSH_MSAT = 4_000_000_000n;

interface Line {
  readonly network: LineNetwork;
  readonly a: TestNode;
  readonly b: TestNode;
}

/** a owns a line to b, and they have closed for the first time. */
function line(engine: "v8" | "wasm3", change = {}, pushMsat = PUSH_MSAT): Line {
  const network = new LineNetwork(engine);
  const [a, b] = [network.addNode("a", 1), network.addNode("b", 1)];
  network.connect(a, b);
  network.run();
  network.openChannel(a, b, FUNDING_SAT, false, pushMsat, { ...LINE, ...change });
  return { network, a, b };
}

describe.each(availableEngines().map(({ name }) => name))("lines on %s", (engine) => {
  it("opens one with its parameters, and both ends know them alike", () => {
    const { a, b } = line(engine, { rentForthMsatPerKwh: 5n, lossBackPpm: 7, meter: 0 });
    const [one, other] = [energyOf(a), energyOf(b)];
    expect(one).toMatchObject({ holderOpened: true, holderOwns: true, ratingMw: LINE.ratingMw, intervalS: INTERVAL_S });
    expect(other).toMatchObject({ holderOpened: false, holderOwns: false, ratingMw: LINE.ratingMw, holdS: 10 });
    expect(one.capacityMwh).toBe(20_000_000n);
    expect(one.holderMeterKey).toEqual(other.counterpartyMeterKey);
    expect(one.counterpartyMeterKey).toEqual(other.holderMeterKey);
    expect(one.holderIsNode1 ? one.policyForth : one.policyBack).toEqual({ rentMsatPerKwh: 5n, lossPpm: 0 });
    expect(one.holderIsNode1 ? one.policyBack : one.policyForth).toEqual({ rentMsatPerKwh: 0n, lossPpm: 7 });
    expect(a.node.channel(0)?.usable).toBe(true);
    expectAgreed(a, b);
  });

  it("closes intervals: first the registers, then what has flowed, which the owner pays or is paid for", () => {
    const { network, a, b } = line(engine);
    network.toSecond(10);
    network.seconds(INTERVAL_S);
    expectAgreed(a, b);
    const first = energyOf(a).closedUntil;
    expect(first).toBe(network.interval);
    expect(a.told("interval closed")).toMatchObject([{ start: 0, until: first, meteredMwh: 0n, deviationMsat: 0n }]);
    const before = a.node.channel(0)?.holderMsat ?? 0n;
    // 2 kWh to b, of which 1.9 arrive, and nobody has agreed on them.
    network.meter(a).send(2_000_000n);
    network.meter(b).send(-1_900_000n);
    network.seconds(INTERVAL_S + 2);
    const [told] = a.told("interval closed").slice(1);
    const info = energyOf(a);
    expect(own(info, told?.meteredMwh ?? 0n)).toBe(1_900_000n);
    expect(own(info, told?.ownMwh ?? 0n)).toBe(2_000_000n);
    expect(told).toMatchObject({ start: first, until: first + INTERVAL_S, agreedMwh: 0n });
    expect(own(info, told?.deviationMsat ?? 0n)).toBe(-380_000n);
    expect(b.told("interval closed").slice(1)).toMatchObject([{ deviationMsat: told?.deviationMsat }]);
    expectAgreed(a, b);
    expect(info.arrearsMsat).toBe(0n);
    expect(info.holderIsNode1 ? info.totalForthMwh : info.totalBackMwh).toBe(1_900_000n);
    // b has paid them.
    expect((a.node.channel(0)?.holderMsat ?? 0n) - before).toBe(380_000n);
    expect([...a.told("problem"), ...b.told("problem")]).toEqual([]);
  });

  it("energy that comes back is paid for by the other end", () => {
    const { network, a, b } = line(engine);
    network.toSecond(10);
    network.seconds(INTERVAL_S);
    const before = b.node.channel(0)?.holderMsat ?? 0n;
    network.meter(b).send(500_000n);
    network.meter(a).send(-490_000n);
    network.seconds(INTERVAL_S + 2);
    expectAgreed(a, b);
    // The accounting end is b, where 0.5 kWh went into the line.
    expect((b.node.channel(0)?.holderMsat ?? 0n) - before).toBe(100_000n);
    expect(b.told("received").concat(b.told("sent") as never[])).toHaveLength(1);
  });

  it.each([2n, -2n])("clocks that are %s s apart do no harm", (aheadS) => {
    const { network, a, b } = line(engine);
    b.aheadS = aheadS;
    network.toSecond(15);
    network.seconds(3 * INTERVAL_S);
    expect(a.told("interval closed").length).toBeGreaterThanOrEqual(3);
    expectAgreed(a, b);
    expect(energyOf(a).suspended || energyOf(b).suspended).toBe(false);
    expect([...a.told("problem"), ...b.told("problem")]).toEqual([]);
  });

  it.each([60n, -60n])("clocks that are %s s apart suspend energy while payments go on, until they agree", (aheadS) => {
    const { network, a, b } = line(engine);
    network.toSecond(15);
    network.seconds(INTERVAL_S);
    const { closedUntil } = energyOf(a);
    b.aheadS = aheadS;
    network.seconds(3 * INTERVAL_S);
    expect(energyOf(a)).toMatchObject({ closedUntil, suspended: true, disputed: false });
    expect(energyOf(b).suspended).toBe(true);
    expect(b.told("problem").map(({ code, message }) => [code, message])).toContainEqual([ERR_SUSPENDED, 42003]);
    a.node.pay({ channel: 0, hops: routeOf(network, 5_000n, [{ node: b, scid: 0n }]) });
    network.run();
    expect(b.told("received")).toHaveLength(1);
    b.aheadS = 0n;
    network.toSecond(15);
    network.seconds(2 * INTERVAL_S);
    expect(energyOf(a)).toMatchObject({ closedUntil: network.interval, suspended: false });
    expect(energyOf(b).suspended).toBe(false);
    expectAgreed(a, b);
  });

  it("an end whose clock is not known closes nothing, and catches up with all intervals at once", () => {
    const { network, a, b } = line(engine);
    network.toSecond(15);
    network.seconds(INTERVAL_S);
    const { closedUntil } = energyOf(a);
    b.clockless = true;
    network.meter(a).send(100_000n);
    network.meter(b).send(-100_000n);
    network.seconds(3 * INTERVAL_S);
    expect(energyOf(b)).toMatchObject({ closedUntil, suspended: true });
    b.clockless = false;
    network.toSecond(15);
    network.seconds(2 * INTERVAL_S);
    expect(a.told("interval closed").find(({ start }) => start === closedUntil)?.until).toBeGreaterThan(
      closedUntil + INTERVAL_S,
    );
    expect(energyOf(a).closedUntil).toBe(network.interval);
    expectAgreed(a, b);
  });

  it("meters that differ by more than the line can lose are a dispute, until one owner gives in", () => {
    const { network, a, b } = line(engine);
    network.toSecond(15);
    network.seconds(INTERVAL_S);
    const { closedUntil } = energyOf(a);
    network.meter(a).send(1_000_000n);
    network.meter(b).send(-800_000n);
    network.seconds(3 * INTERVAL_S);
    for (const node of [a, b]) {
      expect(energyOf(node)).toMatchObject({ closedUntil, disputed: true, suspended: true });
      expect(node.told("dispute")).toMatchObject([{ start: closedUntil, until: closedUntil + INTERVAL_S }]);
      expect(node.told("interval closed")).toHaveLength(1);
      expect(node.told("line receipt").at(-1)?.receipt).toMatch(/^OCMF\|/);
    }
    const info = energyOf(a);
    expect(own(info, a.told("dispute")[0]?.ownMwh ?? 0n)).toBe(1_000_000n);
    expect(own(info, a.told("dispute")[0]?.theirMwh ?? 0n)).toBe(800_000n);
    // A goes on all the while, and the dispute outlasts a restart.
    b.node.pay({ channel: 0, hops: routeOf(network, 5_000n, [{ node: a, scid: 0n }]) });
    network.run();
    expect(a.told("received")).toHaveLength(1);
    a.kill();
    network.run();
    a.start();
    network.connect(a, b);
    network.run();
    expect(energyOf(a).disputed).toBe(true);
    expect(a.told("dispute")).toHaveLength(2);
    expect(() => a.node.settleDispute(0)).not.toThrow();
    network.seconds(2 * INTERVAL_S);
    expect(energyOf(a)).toMatchObject({ closedUntil: network.interval, disputed: false, suspended: false });
    expect(energyOf(b)).toMatchObject({ disputed: false, suspended: false });
    const closed = b.told("interval closed").find(({ start }) => start === closedUntil);
    expect(own(info, closed?.meteredMwh ?? 0n)).toBe(800_000n);
    expectAgreed(a, b);
    expect(() => a.node.settleDispute(0)).toThrow(/ERR_STATE/);
  });

  it("what cannot be paid stays as arrears, is merged, and asks for disconnection once the credit is used up", () => {
    // b has next to nothing of A: its reserve eats it.
    const { network, a, b } = line(engine, {}, 100_000_000n);
    network.toSecond(15);
    network.seconds(INTERVAL_S);
    for (let i = 0; i < 2; i++) {
      network.meter(a).send(3_000_000n);
      network.meter(b).send(-3_000_000n);
      network.seconds(INTERVAL_S);
    }
    const info = energyOf(a);
    expect(own(info, info.arrearsMsat)).toBe(-1_200_000n);
    expectAgreed(a, b);
    network.seconds(2 * INTERVAL_S);
    expect(a.told("disconnect wanted")).toMatchObject([{ arrearsMsat: info.arrearsMsat }]);
    expect(b.told("disconnect wanted")).toMatchObject([{ arrearsMsat: info.arrearsMsat }]);
    // Once b has money it pays, all at once.
    a.node.pay({ channel: 0, hops: routeOf(network, 50_000_000n, [{ node: b, scid: 0n }]) });
    network.run();
    network.seconds(2 * INTERVAL_S);
    expect(energyOf(a).arrearsMsat).toBe(0n);
    expectAgreed(a, b);
    expect(a.told("disconnect wanted")).toHaveLength(1);
  });

  it("closes by consent once nothing is open", () => {
    const { network, a, b } = line(engine);
    network.toSecond(15);
    network.seconds(INTERVAL_S);
    a.node.close(0, Uint8Array.from([0, 20, ...new Uint8Array(20).fill(7)]));
    network.run();
    expect(a.node.channel(0)?.state).toBe("closed");
    expect(a.broadcasts.map(toHex)).toEqual(b.broadcasts.map(toHex));
    expect(a.broadcasts).toHaveLength(1);
  });

  it("closes go out again after a reconnection and every minute, and are told once each", () => {
    const { network, a, b } = line(engine);
    network.toSecond(15);
    network.seconds(INTERVAL_S);
    const told = a.told("interval closed").length;
    network.meter(b).silent = true;
    network.seconds(INTERVAL_S);
    expect(a.told("interval closed")).toHaveLength(told);
    const receipts = b.told("line receipt").length;
    network.sever(a, b);
    network.connect(a, b);
    network.run();
    expect(b.told("line receipt").length).toBe(receipts + 1);
    network.seconds(61);
    expect(b.told("line receipt").length).toBeGreaterThan(receipts + 1);
    network.meter(b).silent = false;
    network.toSecond(15);
    network.seconds(INTERVAL_S);
    expect(energyOf(b).closedUntil).toBe(network.interval);
    expectAgreed(a, b);
    for (const node of [a, b]) {
      const starts = node.told("interval closed").map(({ start }) => start);
      expect(new Set(starts).size).toBe(starts.length);
    }
  });
});
