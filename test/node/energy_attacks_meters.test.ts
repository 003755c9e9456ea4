import { createHash } from "node:crypto";
import secp256k1 from "secp256k1";
import { describe, expect, it } from "vitest";
import { availableEngines } from "../../host/engine/index.js";
import type { ChannelInfo } from "../../host/node/answers.js";
import { decodeMessage, encodeMessage } from "../../host/wire/message.js";
import type { Fields } from "../../host/wire/types.js";
import { agreedMwh, along, CREDIT, DrillNetwork, gains, offer, owes, priced, swap, wealths } from "./drills.js";
import { ERR } from "./hostile.js";
import { PULSE_MWH } from "./line_meter.js";
import { energyOf, expectAgreed, INTERVAL_S, LINE } from "./lines.js";
import { routeOf, type TestNode } from "./network.js";

// Meters that do not count what flows, and debtors that do not pay: PROTOCOL.md, "Interval close" and "What an honest end can
// lose".

const CLOSE = 42003;
const ADD = 128;
const SENT_MWH = 1_000_000n;
/** Two pulses of each of the two meters. */
const TOLERANCE_MWH = 4n * PULSE_MWH;
const LOSS_MAX_MWH = (SENT_MWH * BigInt(LINE.lossMaxPpm)) / 1_000_000n;

/** Owner of a line, and the end at which it is accounted. */
function line(engine: "v8" | "wasm3", name: string, change = {}) {
  const network = new DrillNetwork(engine, name);
  const [owner, reader] = network.row(["owner", "reader"], { creditLimitMsat: CREDIT, ...change }) as [
    TestNode,
    TestNode,
  ];
  owner.node.offer(0, offer(network));
  return { network, owner, reader };
}

describe.each(availableEngines().map(({ name }) => name))("meters that lie, on %s", (engine) => {
  const UNDER = [
    ["a pulse", PULSE_MWH],
    ["all that a line may lose", LOSS_MAX_MWH],
    ["all that a line may lose and two pulses of each meter", LOSS_MAX_MWH + TOLERANCE_MWH],
  ] as const;

  it.each(UNDER)(
    "energy is taken that the accounting meter does not count, %s of it: the owner loses its price",
    (_, under) => {
      const { network, owner, reader } = line(engine, "under");
      const before = wealths(owner, reader);
      network.toSecond(0);
      network.meter(owner).send(SENT_MWH);
      network.meter(reader).send(-(SENT_MWH - under));
      network.seconds(INTERVAL_S + 10);
      const paid = ((SENT_MWH - under) * LINE.tariffMsatPerKwh) / 1_000_000n;
      expect(gains([owner, reader], before)).toEqual([paid, -paid]);
      // What it is short of, of all that it has sent: a tenth and two pulses of each meter at most.
      const lost = priced(SENT_MWH) - paid;
      expect(lost).toBe(priced(under));
      expect(lost).toBeLessThanOrEqual(priced(LOSS_MAX_MWH + TOLERANCE_MWH));
      expect(owner.told("dispute")).toEqual([]);
      expectAgreed(owner, reader);
    },
  );

  it.each(UNDER)(
    "energy was bought, and the accounting meter counts less of it by %s: so much is claimed back",
    (_, under) => {
      const { network, owner, reader } = line(engine, "bought");
      const before = wealths(owner, reader);
      expect(swap(network, along(reader, owner), SENT_MWH)).toMatchObject({ kind: "sent" });
      network.toSecond(0);
      network.meter(owner).send(SENT_MWH);
      network.meter(reader).send(-(SENT_MWH - under));
      network.seconds(INTERVAL_S + 10);
      expect(gains([owner, reader], before)).toEqual([
        priced(SENT_MWH) - priced(under),
        priced(under) - priced(SENT_MWH),
      ]);
      expectAgreed(owner, reader);
    },
  );

  it("a pulse beyond what the line may lose: a dispute, in which nothing is owed, nothing closed, nothing new agreed on", () => {
    const { network, owner, reader } = line(engine, "beyond");
    const before = wealths(owner, reader);
    network.toSecond(0);
    const closedUntil = network.interval;
    network.meter(owner).send(SENT_MWH);
    network.meter(reader).send(-(SENT_MWH - LOSS_MAX_MWH - TOLERANCE_MWH - PULSE_MWH));
    network.seconds(3 * INTERVAL_S);
    for (const node of [owner, reader]) {
      expect(energyOf(node)).toMatchObject({ closedUntil, disputed: true, suspended: true, arrearsMsat: 0n });
      expect(node.told("dispute")).toHaveLength(1);
    }
    expect(gains([owner, reader], before)).toEqual([0n, 0n]);
    expect(() => swap(network, along(reader, owner), SENT_MWH)).toThrow(/ERR_SUSPENDED/);
    reader.node.pay({ channel: 0, hops: routeOf(network, 5_000n, [{ node: owner, scid: 0n }]) });
    network.run();
    expect(owner.told("received")).toHaveLength(1);
    // Both receipts are there for whoever decides. The liar gives in: then it pays for all of it.
    reader.node.settleDispute(0);
    network.seconds(2 * INTERVAL_S);
    const paid = priced(SENT_MWH) + 5_000n;
    expect(gains([owner, reader], before)).toEqual([paid, -paid]);
    expectAgreed(owner, reader);
  });

  it("the accounting meter counts more than was sent into the line: no more than its loss and the pulses is paid for", () => {
    // Of x + over that it says it has sent a tenth may be lost: over = x / 9 and the pulses with it.
    const over = ((LOSS_MAX_MWH + TOLERANCE_MWH) * 10n) / 9n;
    const most = over - (over % PULSE_MWH);
    for (const more of [most, most + PULSE_MWH]) {
      const { network, owner, reader } = line(engine, "over");
      const before = wealths(owner, reader);
      network.toSecond(0);
      network.meter(reader).send(SENT_MWH + more);
      network.meter(owner).send(-SENT_MWH);
      network.seconds(INTERVAL_S + 10);
      const disputed = more > most;
      expect(energyOf(owner).disputed).toBe(disputed);
      const paid = disputed ? 0n : ((SENT_MWH + more) * LINE.tariffMsatPerKwh) / 1_000_000n;
      expect(gains([owner, reader], before)).toEqual([-paid, paid]);
    }
  });

  it("the owner's meter counts what it likes: it changes nothing, or is a dispute", () => {
    for (const more of [0n, LOSS_MAX_MWH, 2n * LOSS_MAX_MWH]) {
      const { network, owner, reader } = line(engine, "owner");
      const before = wealths(owner, reader);
      network.toSecond(0);
      network.meter(owner).send(SENT_MWH + more);
      network.meter(reader).send(-SENT_MWH);
      network.seconds(INTERVAL_S + 10);
      const disputed = more > LOSS_MAX_MWH;
      expect(energyOf(owner).disputed).toBe(disputed);
      const paid = disputed ? 0n : priced(SENT_MWH);
      expect(gains([owner, reader], before)).toEqual([paid, -paid]);
    }
  });

  it.each([
    ["whose import has gone back by a pulse", -1n, 0n],
    ["whose export has gone on by all that 64 bits hold", 0n, 2n ** 64n - 1n],
    ["that counts more than any line carries", 10n ** 17n, 0n],
  ])("a receipt with the meter's own key %s: not taken", (_, imported, exported) => {
    const { network, owner, reader } = line(engine, "forged");
    // Registers that have something to go back to.
    network.meter(owner).send(SENT_MWH);
    network.meter(reader).send(-SENT_MWH);
    network.toSecond(0);
    network.seconds(10);
    const before = wealths(owner, reader);
    const { closedUntil } = energyOf(owner);
    const pulses = SENT_MWH / PULSE_MWH;
    let forged = 0;
    network.tap(owner, reader);
    network.change = (from, frame) => {
      if (from === 0 || frame.readUInt16BE(0) !== CLOSE) return [frame];
      forged++;
      const fields = decodeMessage(frame)?.fields ?? {};
      const counts = [pulses + imported, exported] as const;
      return [encodeMessage({ type: CLOSE, fields: { ...fields, ...resigned(network, reader, fields, counts) } })];
    };
    network.toSecond(0);
    network.seconds(10);
    expect(forged).toBeGreaterThan(0);
    expect(owner.told("problem").map(({ code, message }) => [code, message])).toEqual(
      Array.from({ length: forged }, () => [ERR.VALUE, CLOSE]),
    );
    expect(energyOf(owner)).toMatchObject({ closedUntil, counterpartyClose: undefined, disputed: false });
    expect(gains([owner, reader], before)).toEqual([0n, 0n]);
    network.change = (_, frame) => [frame];
    network.seconds(2 * INTERVAL_S);
    expect(energyOf(owner).closedUntil).toBe(network.interval);
    expectAgreed(owner, reader);
  });

  it("a receipt with the meter's own key, and another reading: taken, and a dispute", () => {
    const { network, owner, reader } = line(engine, "resigned");
    const before = wealths(owner, reader);
    network.meter(owner).send(SENT_MWH);
    network.meter(reader).send(-SENT_MWH);
    network.tap(owner, reader);
    network.change = (from, frame) => {
      if (from === 0 || frame.readUInt16BE(0) !== CLOSE) return [frame];
      const fields = decodeMessage(frame)?.fields ?? {};
      const spoilt = resigned(network, reader, fields, [SENT_MWH / PULSE_MWH / 2n, 0n]);
      const metered_mwh = (fields["metered_mwh"] as bigint) / 2n;
      return [encodeMessage({ type: CLOSE, fields: { ...fields, ...spoilt, metered_mwh } })];
    };
    network.toSecond(0);
    network.seconds(10);
    expect(owner.told("problem")).toEqual([]);
    expect(energyOf(owner)).toMatchObject({ disputed: true, suspended: true });
    expect(gains([owner, reader], before)).toEqual([0n, 0n]);
  });
});

/** A close's receipt with other counts, signed by the meter that it says it is of. */
function resigned(network: DrillNetwork, node: TestNode, fields: Fields, counts: readonly [bigint, bigint]): Fields {
  const [head, payload] = Buffer.from(fields["receipt"] as Uint8Array)
    .toString()
    .split("|") as [string, string];
  const kwh = (count: bigint): string => `${count / 100_000n}.${String((count % 100_000n) * 10n).padStart(6, "0")}`;
  let reading = 0;
  const forged = payload
    .replace(/"RV":[\d.]+/g, () => `"RV":${kwh(counts[reading++] ?? 0n)}`)
    .replace(/"P":\[\d+,\d+\]/, `"P":[${counts.join(",")}]`);
  const signature = new Uint8Array(64);
  network.meter(node)["keys"].sign(createHash("sha256").update(forged).digest(), signature);
  const der = Buffer.from(secp256k1.signatureExport(signature)).toString("hex");
  return { receipt: Buffer.from(`${head}|${forged}|{"SA":"ECDSA-secp256k1-SHA256","SD":"${der}"}`) };
}

describe.each(availableEngines().map(({ name }) => name))("a debtor that does not pay, on %s", (engine) => {
  it("it has A and pays nothing: its debt grows by what it takes, asks for disconnection, and holds its A", () => {
    const limit = 1_000_000n;
    const { network, owner, reader: debtor } = line(engine, "debtor", { creditLimitMsat: limit });
    const before = wealths(owner, debtor);
    network.tap(owner, debtor);
    // Whatever it begins to pay cannot be read.
    let tries = 0;
    network.change = (from, frame) => {
      if (from === 0 || frame.readUInt16BE(0) !== ADD || !(decodeMessage(frame)?.tlvs ?? {})["energy_rider"])
        return [frame];
      tries++;
      const spoilt = Buffer.from(frame);
      spoilt[100] = (spoilt[100] ?? 0) ^ 1;
      return [spoilt];
    };
    const each = 3_000_000n;
    let intervals = 0n;
    network.toSecond(0);
    while (owner.told("disconnect wanted").length === 0) {
      expect(intervals, "intervals until somebody asks for disconnection").toBeLessThan(10n);
      network.meter(owner).send(each);
      network.meter(debtor).send(-each);
      network.seconds(INTERVAL_S);
      intervals++;
    }
    // Two intervals are 1.2 times the credit, a third one went by until it was known that it stays so.
    const owed = priced(each * 3n);
    expect([intervals, owes(debtor, 0)]).toEqual([4n, owed]);
    expect(tries).toBeGreaterThanOrEqual(3);
    expect(debtor.told("disconnect wanted")).toHaveLength(1);
    expectAgreed(owner, debtor);
    // The line is cut. What was under way is owed as well, and no more: the loss beyond its A is the credit and that.
    network.seconds(3 * INTERVAL_S);
    const all = priced(each * intervals);
    expect(owes(debtor, 0)).toBe(all);
    expect(gains([owner, debtor], before)).toEqual([all, -all]);
    expect(owner.told("disconnect wanted")).toHaveLength(1);
    // It gets no energy by swaps, and cannot take out what it owes beyond its credit.
    expect(() => swap(network, along(debtor, owner), 1_000n)).toThrow(/ERR_SUSPENDED/);
    const { holderMsat, holderReserveSat } = debtor.node.channel(0) as ChannelInfo;
    const out = (amountMsat: bigint): void => {
      debtor.node.pay({ channel: 0, hops: routeOf(network, amountMsat, [{ node: owner, scid: 0n }]) });
      network.run();
    };
    const free = holderMsat - holderReserveSat * 1000n - (all - limit);
    expect(() => {
      out(free + 1n);
    }).toThrow(/ERR_/);
    out(free);
    expect(owner.told("received")).toHaveLength(1);
    expect(debtor.node.channel(0)?.holderMsat).toBeGreaterThanOrEqual(all - limit);
    // Once it can be read it is paid, from what was held.
    network.change = (_, frame) => [frame];
    network.seconds(2 * INTERVAL_S);
    expect(owes(debtor, 0)).toBeLessThanOrEqual(limit);
    expect(agreedMwh(owner, 0, network.interval)).toBe(0n);
    expectAgreed(owner, debtor);
  });
});
