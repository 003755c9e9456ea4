import { describe, expect, it } from "vitest";
import { availableEngines } from "../../host/engine/index.js";
import { decodeMessage, encodeMessage } from "../../host/wire/message.js";
import type { Fields } from "../../host/wire/types.js";
import {
  agreedMwh,
  along,
  begin,
  CREDIT,
  DrillNetwork,
  expectUnmoved,
  gains,
  misdeed,
  NO_INPUT,
  offer,
  wealths,
  withAttackers,
} from "./drills.js";
import { ERR } from "./hostile.js";
import { energyOf, expectAgreed, INTERVAL_S, own } from "./lines.js";
import type { TestNode } from "./network.js";

// A peer that signs another energy state than both have agreed on: PROTOCOL.md, "The energy state".

const MWH = 2_000_000n;
const ADD = 128;
const COMMITMENT_SIGNED = 132;
const ENERGY_LAPSE = 42001;
const INTERVAL_ROLL = 42007;

/** Changes the rider of an update_add_htlc, and nothing else. */
function changed(frame: Uint8Array, change: Fields): Uint8Array {
  const message = decodeMessage(frame);
  const tlvs = message?.tlvs as Record<string, Fields>;
  return encodeMessage({
    type: ADD,
    fields: message?.fields ?? {},
    tlvs: { ...tlvs, energy_rider: { ...tlvs["energy_rider"], ...change } },
  });
}

withAttackers();

describe.each(availableEngines().map(({ name }) => name))("a wrong energy state is signed, on %s", (engine) => {
  /** An honest node and its peer, whose words are changed on their way. */
  function pair(): { network: DrillNetwork; honest: TestNode; peer: TestNode } {
    const network = new DrillNetwork(engine, "state");
    const [honest, peer] = network.row(["honest", "peer"], { creditLimitMsat: CREDIT }) as [TestNode, TestNode];
    honest.node.offer(0, offer(network));
    network.tap(honest, peer);
    return { network, honest, peer };
  }

  /** The honest node has refused the signature, nothing has moved, and with an honest peer all goes on. */
  function expectRefused(network: DrillNetwork, honest: TestNode, peer: TestNode, before: readonly bigint[]): void {
    expect(honest.told("problem").at(-1)).toMatchObject({
      code: ERR.SIGNATURE,
      message: COMMITMENT_SIGNED,
      channel: 0,
    });
    expect(gains([honest], before)).toEqual([0n]);
    expect(energyOf(honest).positions).toEqual([]);
    expect(honest.broadcasts).toEqual([]);
    network.change = (_, frame) => [frame];
    network.tap(honest, peer);
    expect(honest.node.channel(0)).toMatchObject({ usable: true });
  }

  it.each([
    ["more energy", { amount_mwh: MWH + 1n }],
    ["the other sign", { amount_mwh: -MWH }],
    ["another kind", { kind: 0 }],
    ["another interval", { interval_start: 60 }],
  ])(
    "its hash has another rider than was offered (%s): refused, nothing moves, the honest rider then does",
    (_, change) => {
      const { network, honest, peer } = pair();
      const before = wealths(honest, peer);
      const start = network.interval + INTERVAL_S;
      network.change = (from, frame) => {
        if (from === 0 || frame.readUInt16BE(0) !== ADD) return [frame];
        return [changed(frame, "interval_start" in change ? { interval_start: start + INTERVAL_S } : change)];
      };
      begin(network, along(peer, honest), MWH, { start });
      network.run();
      expectRefused(network, honest, peer, before);
      // It offers again what it has signed.
      expect(peer.told("sent")).toHaveLength(1);
      expect(agreedMwh(honest, 0, start)).toBe(MWH);
      expect(gains([honest, peer], before)).toEqual([0n, 0n]);
      expectAgreed(honest, peer);
    },
  );

  it("its hash has a lapse that it has told nobody of: refused, and the rider is pending until it is told", () => {
    const { network, honest, peer } = pair();
    const before = wealths(honest, peer);
    const start = network.interval + INTERVAL_S;
    begin(network, along(peer, honest), MWH, { start, totalMwh: 2n * MWH });
    network.run();
    let hidden = 0;
    network.change = (from, frame) => {
      if (from === 0 || frame.readUInt16BE(0) !== ENERGY_LAPSE) return [frame];
      hidden++;
      return [];
    };
    network.seconds(20);
    expect(hidden).toBe(1);
    expect(honest.told("problem").at(-1)).toMatchObject({
      code: ERR.SIGNATURE,
      message: COMMITMENT_SIGNED,
      channel: 0,
    });
    expect(peer.told("failed")).toEqual([]);
    network.change = (_, frame) => [frame];
    network.tap(honest, peer);
    network.seconds(2);
    // The lapse has arrived, and the recipient gives the part back.
    expect(peer.told("failed")).toHaveLength(1);
    expectUnmoved([honest, peer], before);
    expectAgreed(honest, peer);
  });

  it("its hash has a roll that it has told nobody of: refused, and nothing is closed", () => {
    const network = new DrillNetwork(engine, "roll");
    const [first, second] = network.row(["honest", "peer"], { creditLimitMsat: CREDIT }) as [TestNode, TestNode];
    const [honest, peer] = energyOf(first).holderIsNode1 ? [second, first] : [first, second];
    network.tap(honest, peer);
    const { closedUntil } = energyOf(honest);
    network.change = (from, frame) => (from === 1 && frame.readUInt16BE(0) === INTERVAL_ROLL ? [] : [frame]);
    network.seconds(INTERVAL_S);
    expect(honest.told("problem").at(-1)).toMatchObject({
      code: ERR.SIGNATURE,
      message: COMMITMENT_SIGNED,
      channel: 0,
    });
    expect(energyOf(honest).closedUntil).toBe(closedUntil);
    network.change = (_, frame) => [frame];
    network.tap(honest, peer);
    network.seconds(2);
    expect(energyOf(honest).closedUntil).toBe(network.interval);
    expectAgreed(honest, peer);
  });

  it.each([
    ["arrears in its favour", 1n, 0n],
    ["energy that never flowed", 0n, 1n],
  ])("it believes in %s: its first signature is refused, and nothing is owed", (_, arrears, mwh) => {
    const network = new DrillNetwork(engine, "belief", ["liar"]);
    const [honest, liar] = network.row(["honest", "liar"], { creditLimitMsat: CREDIT }) as [TestNode, TestNode];
    const before = wealths(honest);
    misdeed(liar, "believe", NO_INPUT, 0, arrears * (energyOf(honest).holderIsNode1 ? 1n : -1n), mwh);
    liar.node.pay({
      channel: 0,
      hops: [{ point: honest.id, shortChannelId: 0n, amountMsat: 1_000_000n, cltvExpiry: network.height + 20 }],
    });
    network.run();
    expect(honest.told("problem").at(-1)).toMatchObject({
      code: ERR.SIGNATURE,
      message: COMMITMENT_SIGNED,
      channel: 0,
    });
    expect(honest.told("received")).toEqual([]);
    expect(gains([honest], before)).toEqual([0n]);
    expect(own(energyOf(honest), energyOf(honest).arrearsMsat)).toBe(0n);
    expect(energyOf(honest)).toMatchObject({ totalForthMwh: 0n, totalBackMwh: 0n });
    // What it has signed before is worth as much as ever.
    honest.node.forceClose(0);
    expect(honest.broadcasts).toHaveLength(1);
  });
});
