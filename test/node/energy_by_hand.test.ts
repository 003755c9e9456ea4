import { sha256 } from "@noble/hashes/sha2.js";
import { describe, expect, it } from "vitest";
import { availableEngines } from "../../host/engine/index.js";
import type { EnergyKind } from "../../host/node/requests.js";
import { encodePayload } from "../../host/wire/payload.js";
import { buildOnion, framed } from "../onion/sphinx.js";
import {
  CREDIT,
  DrillNetwork,
  FUNDING_SAT,
  HALF_MSAT,
  misdeed,
  offer,
  owes,
  PRICE,
  priced,
  rider,
  withAttackers,
} from "./drills.js";
import { energyOf, expectAgreed, INTERVAL_S, LINE } from "./lines.js";
import { routeOf } from "./network.js";

// HTLCs whose rider and onion were made by hand, of kinds that the firmware sends none of: PROTOCOL.md, "Interval close" and
// "The recipient".

const MWH = 3_000_000n;
const OWED = priced(MWH);
const INCORRECT_DETAILS = 0x400f;
/** Hosts are not meant to pay arrears, as nodes do so themselves: the type has no such kind, the command does. */
const ARREARS = "arrears" as EnergyKind as "promise";
const KINDS: readonly EnergyKind[] = ["receipt", "promise", "arrears"];

withAttackers();

interface ByHand {
  readonly kind: EnergyKind;
  readonly msat: bigint;
  /** Of the rider, and what the onion says of it. */
  readonly mwh?: bigint;
  readonly saidMwh?: bigint;
  readonly totalMwh?: bigint;
  readonly totalMsat?: bigint;
  /** Of the rider, if it is another one than the onion's. */
  readonly riderKind?: EnergyKind;
  /** 0: there is no rider. */
  readonly start?: number;
}

/** A node with two lines to a neighbour that keeps to no rule, and has so much A on the first of them. */
function pair(engine: "v8" | "wasm3", seed: string, pushMsat = HALF_MSAT) {
  const network = new DrillNetwork(engine, seed, ["payer"]);
  const [honest, payer] = [network.addNode("honest", 2), network.addNode("payer", 2)];
  network.connect(honest, payer);
  network.run();
  const terms = { ...LINE, creditLimitMsat: CREDIT };
  const first = network.openChannel(honest, payer, FUNDING_SAT, false, pushMsat, terms);
  const lines = [first, network.join(honest, payer)] as const;
  network.settle();
  let count = 0;
  const byHand = (how: ByHand, line = 0): number => {
    const { kind, msat, mwh = 0n, saidMwh = mwh, totalMsat, totalMwh, start = network.interval } = how;
    const preimage = new Uint8Array(32).fill(++count);
    const hash = sha256(preimage);
    const cltvExpiry = network.height + 40;
    const payload = encodePayload({
      tlvs: {
        amt_to_forward: { amt_to_forward: msat },
        outgoing_cltv_value: { outgoing_cltv_value: cltvExpiry },
        ...(totalMsat !== undefined && { payment_data: { payment_secret: preimage, total_msat: totalMsat } }),
        energy: { interval_start: network.interval, kind: KINDS.indexOf(kind), amount_mwh: saidMwh },
        ...(totalMwh !== undefined && { energy_total: { total_mwh: totalMwh } }),
        keysend_preimage: { preimage },
      },
    });
    const packet = buildOnion(sha256(hash), hash, [honest.id], [framed(payload)]);
    const added = rider(start, how.riderKind ?? kind, mwh);
    const input = Buffer.concat([hash, added, packet]);
    const code = misdeed(payer, "offer_by_hand", input, lines[line as 0 | 1][1], msat, cltvExpiry);
    network.run();
    return code;
  };
  /** Nothing was taken, and the line goes on. */
  const expectRefused = (arrearsMsat: bigint): void => {
    expect(honest.told("received")).toEqual([]);
    expect(owes(honest, lines[0][0])).toBe(-arrearsMsat);
    for (const [mine, theirs] of lines) {
      expectAgreed(honest, payer, mine, theirs);
      expect(honest.node.channel(mine)).toMatchObject({ state: "normal", htlcs: 0 });
      expect(energyOf(honest, mine).positions).toEqual([]);
    }
  };
  return { network, honest, payer, lines, byHand, expectRefused };
}

/** The neighbour owes for an interval of its first line, and has not paid when it could. */
function debt(engine: "v8" | "wasm3", seed: string) {
  // Its reserve is all that it has.
  const drill = pair(engine, seed, (FUNDING_SAT * 1000n) / 100n);
  const { network, honest, payer, lines } = drill;
  network.meter(honest).send(MWH);
  network.meter(payer).send(-MWH);
  network.seconds(INTERVAL_S);
  expect(owes(payer, lines[0][1])).toBe(OWED);
  honest.node.pay({ channel: lines[0][0], hops: routeOf(network, 1_000n * OWED, [{ node: payer, scid: 0n }]) });
  network.run();
  honest.events.length = 0;
  /** Pays by the payer's own firmware: what it is refused with. */
  const pay = (amountMsat: bigint, line: 0 | 1 = 0, from = payer): number | undefined => {
    const to = from === payer ? honest : payer;
    from.events.length = 0;
    from.node.pay({
      channel: lines[line][from === payer ? 1 : 0],
      hops: [{ point: to.id, shortChannelId: 0n, amountMsat, energyMwh: 0n, cltvExpiry: network.height + 40 }],
      energy: { intervalStart: network.interval, kind: ARREARS },
    });
    network.run();
    return from.told("failed")[0]?.code;
  };
  return { ...drill, pay };
}

describe.each(availableEngines().map(({ name }) => name))("arrears that are paid by hand on %s", (engine) => {
  it("no more than is owed is taken, by one HTLC or by two, and what is owed is", () => {
    const { honest, payer, lines, pay, network, expectRefused } = debt(engine, "much");
    expect(pay(OWED + 1n)).toBe(INCORRECT_DETAILS);
    expectRefused(OWED);
    // Both are under way before either is settled.
    const half = OWED / 2n;
    for (const amountMsat of [half, half + 1n]) {
      payer.node.pay({
        channel: lines[0][1],
        hops: [{ point: honest.id, shortChannelId: 0n, amountMsat, energyMwh: 0n, cltvExpiry: network.height + 40 }],
        energy: { intervalStart: network.interval, kind: ARREARS },
      });
    }
    network.run();
    expect(payer.told("failed").map(({ code }) => code)).toContain(INCORRECT_DETAILS);
    expect(payer.told("sent")).toHaveLength(1);
    expect(owes(payer, lines[0][1])).toBe(OWED - (payer.told("sent")[0]?.amountMsat ?? 0n));
    const left = owes(payer, lines[0][1]);
    expect(pay(left + 1n)).toBe(INCORRECT_DETAILS);
    expect(pay(left)).toBeUndefined();
    expect(owes(payer, lines[0][1])).toBe(0n);
    expect(pay(1n)).toBe(INCORRECT_DETAILS);
    expect(honest.told("received").map(({ energy }) => energy?.kind)).toEqual(["arrears", "arrears"]);
    expectAgreed(honest, payer, ...lines[0]);
  });

  it("only on the line that is in arrears, only from the end that owes", () => {
    const { honest, payer, pay, expectRefused } = debt(engine, "line");
    expect(pay(OWED, 1)).toBe(INCORRECT_DETAILS);
    expect(pay(OWED, 0, honest)).toBe(INCORRECT_DETAILS);
    expect(payer.told("received").filter(({ energy }) => energy)).toEqual([]);
    expectRefused(OWED);
    expect(pay(OWED)).toBeUndefined();
    expect(honest.told("received")).toMatchObject([{ amountMsat: OWED }]);
  });

  it.each<[string, Partial<ByHand>]>([
    ["a part of more", { totalMsat: OWED + 1n }],
    ["with energy in all", { totalMwh: 5n }],
    ["with energy in the onion", { saidMwh: 5n }],
    ["with a rider that has energy", { mwh: 5n }],
    ["with a rider that takes energy", { mwh: -5n, saidMwh: 0n }],
    ["with the rider of a promise", { riderKind: "promise" }],
    ["without a rider", { start: 0 }],
  ])("nothing but the whole of it, without energy: %s", (_, change) => {
    const { honest, byHand, expectRefused } = debt(engine, "energy");
    expect(byHand({ kind: "arrears", msat: OWED, ...change })).toBeGreaterThanOrEqual(0);
    expectRefused(OWED);
    byHand({ kind: "arrears", msat: OWED });
    expect(honest.told("received")).toMatchObject([{ amountMsat: OWED, energy: { kind: "arrears", energyMwh: 0n } }]);
  });
});

describe.each(availableEngines().map(({ name }) => name))("swaps that are offered by hand on %s", (engine) => {
  it.each<[string, bigint, Partial<ByHand>]>([
    ["of no energy", 0n, {}],
    ["of no energy in a set of some", 0n, { totalMwh: MWH }],
    ["of the other sign than its set", -MWH, { totalMwh: MWH }],
    ["of a unit more than its set", MWH + 1n, { totalMwh: MWH, totalMsat: OWED }],
    ["of twice its set", 2n * MWH, { totalMwh: MWH, totalMsat: OWED }],
    ["of other energy than its onion", MWH + 1n, { saidMwh: MWH }],
    ["of arrears", 0n, { riderKind: "arrears", saidMwh: MWH }],
  ])("a rider %s is refused, and the meter signs nothing", (_, mwh, change) => {
    const { network, honest, byHand, expectRefused } = pair(engine, "swap");
    honest.node.offer(0, offer(network));
    expect(byHand({ kind: "promise", msat: OWED, mwh, ...change })).toBeGreaterThanOrEqual(0);
    expectRefused(0n);
    // As it should be it is taken, and of what the meter has let go nothing is for the other one.
    byHand({ kind: "promise", msat: OWED, mwh: MWH, totalMwh: MWH, totalMsat: OWED });
    const [received] = honest.told("received");
    expect(received).toMatchObject({ amountMsat: OWED, energy: { kind: "promise", energyMwh: MWH } });
    expect(Buffer.from(received?.note ?? []).readBigUInt64LE(16)).toBe(MWH);
    expect(PRICE * MWH).toBe(OWED * 1_000_000n);
  });
});
