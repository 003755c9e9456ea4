import { describe, expect, it } from "vitest";
import type { EvidenceBundle, LineParameters } from "../../host/evidence/bundle.js";
import { encodeState } from "../../host/evidence/state.js";
import { verdictLines } from "../../host/evidence/text.js";
import { INTERVAL_S, PARAMETERS, STATE, T0, bundle, note, receipts } from "./line.js";
import { receiptText, signedReceipt } from "../energy/line.js";
import { type Parts, fundingTransaction, meterSecret, resigned } from "./line.js";
import { faultsOf, later, standings, verdictOn } from "./verdicts.js";

describe("one bundle", () => {
  it.each([
    [1, false],
    [1, true],
    [2, false],
    [2, true],
  ] as const)("of node_%i, anchors %s, stands", (holder, anchors) => {
    const verdict = verdictOn(bundle({ holder, anchors }));
    expect(faultsOf(verdict)).toEqual([]);
    expect(standings(verdict)).toEqual(["valid"]);
    expect(verdict.consistent).toBe(true);
  });

  it("each rider has its fate", () => {
    const { account } = verdictOn(bundle(), bundle({ holder: 2 }));
    expect(account?.riders.map(({ fate }) => fate)).toEqual([
      "counts: its receiver shows the preimage",
      "bought back: claimed after its lapse",
      "does not count: no preimage is known",
      "pays arrears: its receiver shows the preimage",
      "void: the commitment trims its HTLC",
      "does not count: it has lapsed",
    ]);
    // Bought back: 20 kWh at 220,000 msat/kWh is more than the 1,500,000 msat of the HTLC. node_2 has paid 1,000,000.
    expect(account?.riders.map(({ arrearsMsat }) => arrearsMsat)).toEqual([0n, -4_400_000n, 0n, 1_000_000n, 0n, 0n]);
    expect(account?.intervals).toEqual([
      { start: T0, agreedMwh: 10_526_316n, promisedMwh: 4_000_000n },
      { start: later, agreedMwh: -1_000_000n, promisedMwh: -1_000_000n },
    ]);
  });

  it("a lapse is bought back at the HTLC's amount where that is more", () => {
    const riders = STATE.riders.map((rider) =>
      rider.id === 1n && rider.offeredBy === 1 ? { ...rider, flowMwh: -1n } : rider,
    );
    const state = { ...STATE, riders };
    const { account } = verdictOn(bundle({ state }), bundle({ holder: 2, state }));
    expect(account?.riders[1]?.arrearsMsat).toBe(-1_500_000n);
  });

  it("deviations are worth the imbalance price: node_2 got less than agreed, and is owed at the cheaper price", () => {
    const { account } = verdictOn(bundle(), bundle({ holder: 2 }));
    expect(account?.spans).toEqual([
      {
        from: T0,
        until: later,
        agreedMwh: 10_526_316n,
        meteredMwh: 10_400_000n,
        otherMeterMwh: 10_700_000n,
        deviationMwh: -126_316n,
        deviationMsat: 22_736n,
        disputed: false,
      },
    ]);
    expect(account?.unmetered).toEqual([later]);
    expect(account?.owedMsat).toBe(5_000n - 4_400_000n + 1_000_000n + 22_736n);
    expect(account?.debtor).toBe(2);
  });

  it.each<[string, Partial<LineParameters>, bigint, bigint, bigint?]>([
    ["the example without a spread", { imbalanceSpreadPpm: 0 }, 10_400_000n, 25_263n],
    ["node_2 got more, and owes at the dearer price", {}, 10_626_316n, -22_000n],
    [
      "accounted at node_1, whose meter gave more: it is owed at the cheaper price",
      { accounted: 1, owner: 2 },
      10_400_000n,
      -31_263n,
    ],
    [
      "accounted at node_1, whose meter gave less: it owes at the dearer price",
      { accounted: 1, owner: 2 },
      10_300_000n,
      27_789n,
      10_400_000n,
    ],
    ["below zero, who got less owes", { tariffMsatPerKwh: -200_000n }, 10_400_000n, -27_789n],
    ["nothing", {}, 10_526_316n, 0n],
  ])("%s", (_, change, node2Mwh, msat, node1Mwh) => {
    const parameters = { ...PARAMETERS, ...change };
    const { account, bundles } = verdictOn({ ...bundle({ parameters }), receipts: receipts(node2Mwh, node1Mwh) });
    expect(bundles[0]?.faults).toEqual([]);
    expect(account?.deviationsMsat).toBe(msat);
  });

  it("meters that differ by more than the line may lose are a dispute", () => {
    // 5 % of what both sent, and two pulses of each meter.
    const most = 11_052_631n;
    const within = verdictOn({ ...bundle(), receipts: receipts(10_500_000n, most) });
    expect(within.account?.spans[0]?.disputed).toBe(false);
    const beyond = verdictOn({ ...bundle(), receipts: receipts(10_500_000n, most + 5n) });
    expect([beyond.account?.spans[0]?.disputed, beyond.consistent]).toEqual([true, false]);
    expect(beyond.remarks.join()).toContain("more apart than the line may lose");
    const gained = (mwh: bigint) => verdictOn({ ...bundle(), receipts: receipts(10_500_000n, 10_500_000n - mwh) });
    expect(gained(4n).consistent).toBe(true);
    expect(gained(5n).consistent).toBe(false);
  });

  it("a close of several intervals is compared as a whole, though one end shows receipts within it", () => {
    const last = later + INTERVAL_S;
    const record = (end: 1 | 2, imported: bigint, exported: bigint) => ({
      end,
      record: receiptText({ untilS: last, constant: 1_000_000, imported, exported }, meterSecret(end)),
    });
    // node_2's meter has counted nothing in the second interval; node_1 has closed both at once.
    const [first, second, , within] = receipts(10_500_000n);
    if (first === undefined || second === undefined || within === undefined) throw new Error("no receipts");
    const ends = [record(1, 1_000n, 20_500_000n), record(2, 11_200_000n, 3_000n)];
    const shown = verdictOn({ ...bundle(), receipts: [first, second, within, ...ends] });
    expect(shown.account?.spans.map(({ from, until, disputed }) => [from, until, disputed])).toEqual([
      [T0, later, true],
      [later, last, true],
    ]);
    const dispute = { from: T0, until: last, meteredMwh: 10_500_000n, otherMeterMwh: 20_000_000n };
    expect(shown.account?.disputes).toEqual([dispute]);
    expect(shown.consistent).toBe(false);
    expect(shown.remarks.join()).toContain("10500000 and 20000000 mWh: more apart than the line may lose");
  });

  it("without receipts deviations are not known, and it is said", () => {
    const verdict = verdictOn(...[bundle(), bundle({ holder: 2 })].map((one) => ({ ...one, receipts: [] })));
    expect(verdict.account?.spans).toEqual([]);
    expect(verdict.remarks.join()).toContain("2 open intervals without receipts");
    expect(verdict.account?.owedMsat).toBe(5_000n - 4_400_000n + 1_000_000n);
  });

  it("a dispute is told in the text", () => {
    const lines = verdictLines(verdictOn({ ...bundle(), receipts: receipts(1n) })).join("\n");
    expect(lines).toContain(", IN DISPUTE");
    expect(lines).toContain("NOT CONSISTENT");
  });

  it("a funding transaction of another amount or other keys proves nothing", () => {
    const proved = { ...bundle(), fundingTransaction: fundingTransaction() };
    expect(faultsOf(verdictOn({ ...proved, fundingSat: 999_999n })).join()).toContain(
      "funding.amount_sat is 999999; the output has 1000000",
    );
    const [one, two] = proved.keys;
    const keys = [{ ...one, fundingPubkey: one.htlcBasepoint }, two] as const;
    expect(faultsOf(verdictOn({ ...proved, keys })).join()).toContain(
      "its output is not locked by both funding_pubkeys",
    );
    expect(faultsOf(verdictOn({ ...proved, fundingOutput: 2 })).join()).toContain(
      "funding.output 2: the transaction has no such output",
    );
  });

  it("the funding output is proved by its transaction, or has to be looked up", () => {
    expect(verdictOn(bundle()).remarks[0]).toMatch(/must have the script 0020[0-9a-f]{64}\.$/);
    const proved = verdictOn({ ...bundle(), fundingTransaction: fundingTransaction() });
    expect(proved.remarks.join()).not.toContain("must have the script");
    expect(proved.consistent).toBe(true);
    const other = fundingTransaction();
    other[other.length - 1] = 1;
    expect(faultsOf(verdictOn({ ...bundle(), fundingTransaction: other })).join()).toContain(
      "a funding_transaction has the txid",
    );
  });
});

describe("what a commitment must be", () => {
  const honest = bundle();
  const broken = (change: Partial<EvidenceBundle>): string => faultsOf(verdictOn({ ...honest, ...change })).join("\n");

  it("signed by the counterparty", () => {
    expect(broken({ counterpartySignature: bundle({ number: 22n }).counterpartySignature })).toContain(
      "commitment.signature",
    );
    expect(broken({ counterpartySignature: new Uint8Array(64) })).toContain("commitment.signature");
    expect(broken({ counterpartySignature: new Uint8Array(64).fill(0xff) })).toContain("commitment.signature");
    // BIP 143 signs the amount of what is spent.
    expect(broken({ fundingSat: honest.fundingSat + 1n })).toContain("commitment.signature");
  });

  it("of the energy state that is shown", () => {
    const state = encodeState({ ...STATE, arrearsMsat: 4_999n });
    expect(broken({ energyState: state })).toBe(
      "a commitment.energy_state has not the hash that stands in the transaction",
    );
    expect(broken({ energyState: honest.energyState.subarray(1) })).toContain("commitment.energy_state");
  });

  it("of the number and the funding output that are told", () => {
    expect(broken({ commitmentNumber: 20n })).toBe("a commitment.number is 20; the transaction says 21");
    expect(broken({ opener: 1 })).toContain("commitment.number");
    expect(broken({ fundingOutput: 0 })).toContain("not the funding output");
    expect(broken({ fundingTxid: new Uint8Array(32) })).toContain("not the funding output");
  });

  it("with outputs that all follow from the bundle", () => {
    expect(broken({ htlcs: honest.htlcs.slice(1) })).toMatch(/output \d, of 2000 sat, follows from nothing/);
    const cheaper = honest.htlcs.map((htlc, at) => (at === 2 ? { ...htlc, amountMsat: 1_000n } : htlc));
    expect(broken({ htlcs: cheaper })).toContain("of 3000 sat, follows from nothing");
    expect(broken({ perCommitmentPoint: bundle({ number: 3n }).perCommitmentPoint })).toContain("follows from nothing");
    expect(broken({ anchors: true })).toContain("follows from nothing");
  });

  it("a transaction", () => {
    expect(broken({ transaction: honest.transaction.subarray(0, 50) })).toContain(
      "commitment.transaction is no transaction",
    );
    expect(broken({ transaction: fundingTransaction() })).toContain("has 0 outputs with OP_RETURN");
  });

  it.each<[string, (parts: Parts) => void, string]>([
    ["version", (parts) => (parts.version = 1), "has version 1, not 2"],
    ["sequence", (parts) => (parts.sequence = (parts.sequence & 0xff_ffff) + 0x4000_0000), "no sequence and lock time"],
    [
      "lock time",
      (parts) => (parts.lockTime = (parts.lockTime & 0xff_ffff) + 0x2100_0000),
      "no sequence and lock time",
    ],
    [
      "inputs",
      (parts) => parts.inputs.push({ txid: new Uint8Array(32), index: 1 }),
      "has 2 inputs; a commitment has one",
    ],
    [
      "hashes",
      (parts) => parts.outputs.push(...parts.outputs.filter(({ sat }) => sat === 0n)),
      "has 2 outputs with OP_RETURN",
    ],
    [
      "a hash's amount",
      ({ outputs }) => outputs.forEach((output) => (output.sat ||= 3n)),
      "energy state's hash has 3 sat",
    ],
    ["a second to_remote", ({ outputs }) => outputs.push(...outputs.slice(-1)), "follows from nothing in this bundle"],
  ])("in the form of one: %s, whoever has signed it", (_, change, message) => {
    const faults = faultsOf(verdictOn(resigned(honest, change)));
    expect(faults.join("\n")).toContain(
      `a commitment.transaction ${message.startsWith("energy") ? "its output with the " : ""}`,
    );
    expect(faults.join("\n")).toContain(message);
    expect(faults.join("\n")).not.toContain("commitment.signature");
    expect(faultsOf(verdictOn(resigned(honest, () => undefined)))).toEqual([]);
  });

  it("with no more than there is, and anchors of 330 satoshi", () => {
    const rich = resigned(honest, ({ outputs }) => outputs.slice(-1).forEach((output) => (output.sat = 1_000_000n)));
    expect(faultsOf(verdictOn(rich)).join()).toMatch(/^a funding.amount_sat is 1000000; the outputs have \d+$/);
    const anchored = resigned(bundle({ anchors: true }), ({ outputs }) => {
      for (const output of outputs.filter(({ sat }) => sat === 330n).slice(1)) output.sat = 331n;
    });
    expect(faultsOf(verdictOn(anchored)).join()).toContain("of 331 sat, follows from nothing");
  });

  it("of nodes in their order, on a line whose owner is not the accounting point", () => {
    const [one, two] = honest.keys;
    expect(broken({ keys: [{ ...one, nodeId: two.nodeId }, two] })).toBe("a node_1.node_id is not less than node_2's");
    const [first] = [bundle({ parameters: { ...PARAMETERS, owner: 2 } })];
    expect(faultsOf(verdictOn(first))).toEqual([
      "a parameters.owner is the accounting point; a line's owner is the other end",
    ]);
    const start = STATE.riders.map((rider, at) => (at === 0 ? { ...rider, start: later + 1 } : rider));
    expect(faultsOf(verdictOn(bundle({ state: { ...STATE, riders: start } })))).toEqual([
      `a commitment.energy_state has a rider for ${later + 1}, which is not the start of an interval`,
    ]);
  });

  it("with the parameters that both have signed", () => {
    expect(broken({ parameters: { ...PARAMETERS, tariffMsatPerKwh: 200_001n } })).toBe(
      "a parameters are not those whose hash stands in the energy state",
    );
  });

  it("with an HTLC for each rider, and preimages that are some", () => {
    expect(broken({ htlcs: honest.htlcs.filter(({ offeredBy, id }) => offeredBy !== 2 || id !== 1n) })).toContain(
      "a htlcs have none for the rider of HTLC 1 that node_2 has offered",
    );
    const false0 = honest.htlcs.map((htlc, at) => (at === 0 ? { ...htlc, preimage: new Uint8Array(32) } : htlc));
    expect(broken({ htlcs: false0 })).toContain("htlcs[0].payment_preimage");
    expect(broken({ htlcs: [...honest.htlcs, ...honest.htlcs.slice(-1)] })).toContain(
      "htlcs[6].id is that of htlcs[5]",
    );
  });
});

describe("receipts and notes", () => {
  const honest = bundle();
  const broken = (change: Partial<EvidenceBundle>): string => faultsOf(verdictOn({ ...honest, ...change })).join("\n");

  it("receipts stand under their end's meter key only", () => {
    const [first, ...rest] = honest.receipts;
    if (first === undefined) throw new RangeError("no receipt");
    expect(broken({ receipts: [{ ...first, end: 2 }, ...rest] })).toContain("receipts[0].SD");
    expect(broken({ receipts: [{ ...first, record: first.record.replace('"Q":0', '"Q":1') }] })).toContain(
      "receipts[0].SD",
    );
    expect(broken({ receipts: [{ ...first, record: "OCMF|{}|{}" }] })).toContain("receipts[0].");
  });

  it("receipts are of the line's intervals, whole and in order, however well they are signed", () => {
    const [first] = honest.receipts;
    const payload = first?.record.split("|")[1] ?? "";
    const changed = (from: string | RegExp, to: string): string => {
      const text = payload.replace(from, to);
      expect(text).not.toBe(payload);
      return broken({ receipts: [{ end: 1, record: signedReceipt(text, meterSecret(1)) }] });
    };
    expect(changed('"I":900', '"I":300')).toContain("receipts[0].U.I 300 s; the line's intervals have 900 s");
    expect(changed('"GI":"Tieline metrology"', '"GI":"another"')).toContain("receipts[0].GI is not a Tieline meter's");
    expect(changed('"PG":"F7"', '"PG":"T7"')).toContain("receipts[0].PG is not of a delivery interval");
    expect(changed('"P":[1000,', '"P":[1001,')).toContain("receipts[0].RD[0].RV");
    expect(changed(/:00,000/g, ":01,000")).toContain("receipts[0].RD[0].TM is not the end of a delivery interval");
  });

  it("a coarse meter is given two pulses, rounded up", () => {
    // 3 imp/kWh: two pulses are 666,667 mWh.
    const coarse = (lost: bigint): boolean => {
      const record = (untilS: number, constant: number, imported: bigint, exported: bigint, end: 1 | 2) => ({
        end,
        record: receiptText({ untilS, constant, imported, exported }, meterSecret(end)),
      });
      const { account } = verdictOn({
        ...bundle({ parameters: { ...PARAMETERS, lossMaxPpm: 0 } }),
        receipts: [
          record(T0, 3, 0n, 0n, 2),
          record(later, 3, 3n, 0n, 2),
          record(T0, 1_000_000, 0n, 0n, 1),
          record(later, 1_000_000, 0n, 1_000_000n + lost, 1),
        ],
      });
      return account?.spans[0]?.disputed ?? true;
    };
    expect([coarse(666_669n), coarse(666_670n), coarse(-666_669n), coarse(-666_670n)]).toEqual([
      false,
      true,
      false,
      true,
    ]);
  });

  it("what both meters sent is what the line may lose of", () => {
    // 4 kWh forth and 6 kWh back in the same interval.
    const record = (end: 1 | 2, untilS: number, imported: bigint, exported: bigint) => ({
      end,
      record: receiptText({ untilS, constant: 1_000_000, imported, exported }, meterSecret(end)),
    });
    const lost = (mwh: bigint): boolean => {
      const { account } = verdictOn({
        ...honest,
        receipts: [
          record(1, T0, 0n, 0n),
          record(2, T0, 0n, 0n),
          record(1, later, 6_000_000n - mwh, 4_000_000n),
          record(2, later, 4_000_000n, 6_000_000n),
        ],
      });
      return account?.spans[0]?.disputed ?? true;
    };
    expect([lost(500_004n), lost(500_005n), lost(-4n), lost(-5n)]).toEqual([false, true, false, true]);
  });

  it("receipts from before the first open interval only have to stand", () => {
    const early = receipts().map(({ end }) => ({
      end,
      record: receiptText({ untilS: T0 - 900, constant: 1_000_000, imported: 0n, exported: 0n }, meterSecret(end)),
    }));
    const { account } = verdictOn({ ...honest, receipts: [...early, ...honest.receipts] });
    expect(account?.spans.map(({ from }) => from)).toEqual([T0]);
    const first = verdictOn({
      ...bundle({ state: { ...STATE, closedUntil: 0 } }),
      receipts: [...early, ...honest.receipts],
    });
    expect(first.account?.spans.map(({ from }) => from)).toEqual([T0 - 900, T0]);
  });

  it("a meter that says two things at a time, or counts back", () => {
    const [, , , again] = receipts(10_400_001n);
    if (again === undefined) throw new RangeError("no receipt");
    expect(broken({ receipts: [...honest.receipts, again] })).toContain(
      `the meter of node_2 says two things at ${later}`,
    );
    const back = receipts(-1n);
    expect(broken({ receipts: back })).toContain(`the meter of node_2 has registers below earlier ones at ${later}`);
    const export2 = receiptText(
      { untilS: later, constant: 1_000_000, imported: 11_100_000n, exported: 3_001n },
      meterSecret(2),
    );
    expect(broken({ receipts: [...honest.receipts, { end: 2, record: export2 }] })).toContain("says two things");
    const less = receiptText(
      { untilS: later, constant: 1_000_000, imported: 11_100_000n, exported: 2_999n },
      meterSecret(2),
    );
    expect(broken({ receipts: [...honest.receipts.slice(0, 3), { end: 2, record: less }] })).toContain(
      "below earlier ones",
    );
    expect(broken({ receipts: [...honest.receipts, ...honest.receipts] })).toBe("");
    // Each end's bundle has one of both.
    const [a, b] = [bundle(), { ...bundle({ holder: 2 }), receipts: [again] }];
    const both = verdictOn(a, b);
    expect(standings(both)).toEqual(["valid", "valid"]);
    expect(both.remarks[0]).toBe(`Of the receipts of both, the meter of node_2 says two things at ${later}.`);
    expect(both.consistent).toBe(false);
  });

  it("notes stand under their meter's key", () => {
    const [good] = honest.notes;
    if (good === undefined) throw new RangeError("no note");
    expect(broken({ notes: [{ ...good, energyMwh: good.energyMwh - 1n }] })).toContain("notes[0].signature");
    expect(broken({ notes: [{ ...good, meterKey: PARAMETERS.meterKeys[0] }] })).toContain("notes[0].signature");
    expect(broken({ notes: [note(0, 5n, 4n)] })).toContain("notes[0].issued_mwh");
    expect(broken({ notes: [note(0, 5n, 5n, T0 + 1)] })).toContain("notes[0].interval_start");
  });

  it("a meter lets no energy go twice; sold and bought are counted apart", () => {
    expect(broken({ notes: [note(0, 10n, 10n), note(1, 10n, 20n), note(2, 15n, 35n), note(2, 15n, 35n)] })).toBe("");
    expect(broken({ notes: [note(0, 10n, 10n), note(1, 10n, 10n)] })).toBe("");
    expect(broken({ notes: [note(0, 10n, 10n), note(1, 10n, 10n), note(2, 1n, 11n)] })).toBe("");
    expect(broken({ notes: [note(0, 10n, 10n), note(1, 10n, 10n), note(2, 2n, 11n)] })).toContain("let it go twice");
    expect(broken({ notes: [note(0, 10n, 10n), note(0, 10n, 20n)] })).toBe(
      "a notes[1] is another one for the payment of notes[0]",
    );
    expect(broken({ notes: [note(0, 10n, 10n), note(1, 10n, 10n), note(2, 10n, 10n, T0)] })).toBe("");
  });
});

it("a verdict reads as text", () => {
  const text = verdictLines(verdictOn(bundle(), bundle({ holder: 2 }))).join("\n");
  expect(text).toContain("VALID: neither is refuted, and both come to the same");
  expect(text).toContain("10.526316 kWh to node_2, of it promised 4.000000 kWh to node_2");
  expect(text).toContain(
    "Arrears as signed: node_1 owes 5.000 sat; by riders: node_2 owes 3400.000 sat; by deviations: node_1 owes 22.736 sat.",
  );
  expect(text).toContain("Verdict: node_2 owes node_1 3372.264 sat.");
  expect(text.endsWith("\nCONSISTENT")).toBe(true);
});
