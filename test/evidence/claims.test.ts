import { describe, expect, it } from "vitest";
import { decodeTransaction } from "../../host/decode/transaction.js";
import type { EvidenceBundle } from "../../host/evidence/bundle.js";
import { type Verdict, UnfitBundles, judge } from "../../host/evidence/judge.js";
import { txidText } from "../../host/evidence/document.js";
import { HTLCS, INTERVAL_S, PARAMETERS, STATE, T0, bundle, commitmentSecret } from "./line.js";
import { fundingTransaction, spending } from "./line.js";
import { faultsOf, later, standings, verdictOn } from "./verdicts.js";

describe("both ends' bundles", () => {
  it("that have the same state are both valid", () => {
    const verdict = verdictOn(bundle(), bundle({ holder: 2 }));
    expect(faultsOf(verdict)).toEqual([]);
    expect([standings(verdict), verdict.consistent]).toEqual([["valid", "valid"], true]);
  });

  it("an older state is refuted by its secret, whoever comes first", () => {
    const old = bundle({ number: 12n, state: { ...STATE, arrearsMsat: -9_000n } });
    for (const order of [
      [old, bundle({ holder: 2 })],
      [bundle({ holder: 2 }), old],
    ] as const) {
      const verdict = verdictOn(...order);
      const at = order.indexOf(old);
      expect(standings(verdict)[at]).toBe("refuted");
      expect(verdict.bundles[at]?.reason).toContain(
        "has the per_commitment_secret of commitment 12: node_1 has revoked it",
      );
      expect(standings(verdict)[1 - at]).toBe("valid");
      expect(verdict.account?.signedArrearsMsat).toBe(5_000n);
      expect(verdict.consistent).toBe(false);
    }
  });

  it("the newest revealed secret refutes, the next commitment stands", () => {
    const number = (n: bigint) => standings(verdictOn(bundle({ number: n }), bundle({ holder: 2 })))[0];
    expect([number(0n), number(19n), number(20n)]).toEqual(["refuted", "refuted", "valid"]);
  });

  it("a refuted transaction that has confirmed is told, and the other end's state counts", () => {
    const old = bundle({ number: 12n });
    const confirmedTxid = Uint8Array.from(Buffer.from(verdictOn(old).bundles[0]?.txid ?? "", "hex")).reverse();
    const verdict = verdictOn({ ...old, confirmedTxid }, bundle({ holder: 2 }));
    expect(standings(verdict)).toEqual(["refuted", "valid"]);
    expect(verdict.remarks.join()).toContain("a is refuted though its transaction has confirmed");
  });

  it("a false secret refutes nothing and is told", () => {
    const liar = { ...bundle({ holder: 2 }), revealedSecrets: [{ number: 21n, secret: commitmentSecret(1, 5n) }] };
    const verdict = verdictOn(bundle(), liar);
    expect(standings(verdict)).toEqual(["valid", "inconsistent"]);
    expect(faultsOf(verdict)).toEqual([
      "b revealed_secrets do not give the point of commitment 21, which outputs in a prove",
    ]);
    const torn = { ...bundle({ holder: 2 }) };
    const secrets = torn.revealedSecrets.map((one, at) =>
      at === 0 ? { ...one, secret: commitmentSecret(1, 4n) } : one,
    );
    const third = secrets.concat([{ number: 18n, secret: commitmentSecret(1, 19n) }]);
    expect(faultsOf(verdictOn({ ...torn, revealedSecrets: third })).join()).toContain(
      "revealed_secrets[3].secret does not follow",
    );
    expect(
      faultsOf(verdictOn({ ...torn, revealedSecrets: [{ number: 1n, secret: new Uint8Array(32) }] })).join(),
    ).toContain("revealed_secrets[0].secret is no secret");
  });

  it("that differ by what was under way: the one that has confirmed counts, and without that none", () => {
    const ahead = bundle({ holder: 2, state: { ...STATE, arrearsMsat: 77n } });
    const open = verdictOn(bundle(), ahead);
    expect([standings(open), open.account, open.consistent]).toEqual([["undecided", "undecided"], undefined, false]);
    const confirmedTxid = Uint8Array.from(Buffer.from(open.bundles[1]?.txid ?? "", "hex")).reverse();
    for (const change of [{ totalForthMwh: 1n }, { totalBackMwh: 1n }, { closedUntil: T0 - INTERVAL_S }]) {
      const verdict = verdictOn(bundle(), bundle({ holder: 2, state: { ...STATE, ...change } }));
      expect(standings(verdict)).toEqual(["undecided", "undecided"]);
    }
    const told = verdictOn({ ...bundle(), confirmedTxid }, ahead);
    expect(standings(told)).toEqual(["superseded", "valid"]);
    expect([told.account?.signedArrearsMsat, told.consistent]).toEqual([77n, true]);
    const neither = verdictOn({ ...bundle(), confirmedTxid: new Uint8Array(32) }, ahead);
    expect(neither.remarks.join()).toContain(
      `${txidText(new Uint8Array(32))}, which has closed the channel, is the commitment of no bundle`,
    );
  });

  it("a rider that is settled in the one and claimed in the other comes to the same", () => {
    const positions = STATE.positions.map((position) =>
      position.start === later ? { ...position, flowMwh: -1_000_000n, promisedMwh: -1_000_000n } : position,
    );
    const riders = STATE.riders.slice(1);
    const settled = bundle({ holder: 2, state: { ...STATE, positions, riders }, htlcs: HTLCS.slice(1) });
    const verdict = verdictOn(bundle(), settled);
    expect(standings(verdict)).toEqual(["valid", "valid"]);
    expect(verdict.account?.riders[0]?.fate).toBe("counts: its receiver shows a state that has it settled");
    // Where the state does not have its energy, it was failed: the offerer has made the preimage.
    const failed = bundle({ holder: 2, state: { ...STATE, riders }, htlcs: HTLCS.slice(1) });
    const lied = verdictOn(bundle(), failed);
    expect(standings(lied)).toEqual(["valid", "valid"]);
    expect(lied.account?.riders[0]?.fate).toBe("does not count: only its offerer shows the preimage");
  });

  it("preimages of either count", () => {
    const [one, two] = [bundle(), bundle({ holder: 2 })];
    const without = {
      ...one,
      htlcs: one.htlcs.map(({ offeredBy, id, amountMsat, paymentHash, cltvExpiry }) => ({
        offeredBy,
        id,
        amountMsat,
        paymentHash,
        cltvExpiry,
      })),
    };
    expect(verdictOn(without).account?.riders[0]?.fate).toBe("does not count: no preimage is known");
    expect(verdictOn(without, two).account?.riders[0]?.fate).toBe("counts: its receiver shows the preimage");
  });

  it("where they contradict each other, neither is believed but who proves the channel's keys", () => {
    const honest = bundle({ holder: 2 });
    const other = { ...honest.keys[0], nodeId: PARAMETERS.meterKeys[0] };
    const keys =
      Buffer.compare(other.nodeId, honest.keys[1].nodeId) < 0 ? ([other, honest.keys[1]] as const) : undefined;
    const liar = {
      ...bundle(),
      ...(keys ? { keys } : { keys: [{ ...honest.keys[0], toSelfDelay: 9 }, honest.keys[1]] as const }),
    };
    expect(standings(verdictOn(liar, honest))).toEqual(["inconsistent", "inconsistent"]);
    expect(standings(verdictOn(liar, { ...honest, fundingTransaction: fundingTransaction() }))).toEqual([
      "inconsistent",
      "valid",
    ]);
  });

  it("two that prove the channel's keys are still not both right; a false proof is none", () => {
    const proof = fundingTransaction();
    const keys = (end: EvidenceBundle) => [{ ...end.keys[0], toSelfDelay: 9 }, end.keys[1]] as const;
    const honest = { ...bundle({ holder: 2 }), fundingTransaction: proof };
    const liar = { ...bundle({ holder: 1 }), fundingTransaction: proof };
    expect(standings(verdictOn({ ...liar, keys: keys(liar) }, honest))).toEqual(["inconsistent", "inconsistent"]);
    const spoilt = { ...liar, fundingTransaction: proof.slice(1), keys: keys(liar) };
    expect(standings(verdictOn(spoilt, honest))).toEqual(["inconsistent", "valid"]);
  });

  it("a point that no output proves is no answer to a secret", () => {
    const poor = { ...bundle({ ownMsat: 0n, htlcs: [], state: { ...STATE, riders: [] } }) };
    expect(standings(verdictOn(poor))).toEqual(["valid"]);
    const lied = { ...poor, perCommitmentPoint: bundle({ number: 3n }).perCommitmentPoint };
    const informed = { ...bundle({ holder: 2 }), revealedSecrets: [{ number: 21n, secret: commitmentSecret(1, 21n) }] };
    expect(standings(verdictOn(poor, informed))).toEqual(["refuted", "valid"]);
    const verdict = verdictOn(lied, informed);
    expect(standings(verdict)).toEqual(["inconsistent", "valid"]);
    expect(faultsOf(verdict).join()).toContain("a commitment.per_commitment_point is not that of the secret in b");
  });

  it("a secret that is out of the curve's order is none", () => {
    const verdict = verdictOn({
      ...bundle(),
      revealedSecrets: [{ number: 0n, secret: new Uint8Array(32).fill(0xff) }],
    });
    expect(faultsOf(verdict)).toEqual(["a revealed_secrets[0].secret is no secret"]);
  });

  it("of two channels, of one end, or of three, are not judged", () => {
    expect(() => verdictOn(bundle(), bundle())).toThrow(UnfitBundles);
    expect(() => verdictOn(bundle(), { ...bundle({ holder: 2 }), fundingOutput: 0 })).toThrow("two channels");
    expect(() => judge([])).toThrow(UnfitBundles);
    expect(() => verdictOn(bundle(), bundle({ holder: 2 }), bundle())).toThrow(UnfitBundles);
  });
});

describe("whose preimage it is", () => {
  /** What only its offerer has to show. */
  const hidden = (options: Parameters<typeof bundle>[0]): EvidenceBundle => {
    const { htlcs, ...shown } = bundle(options);
    return {
      ...shown,
      htlcs: htlcs.map(({ preimage, ...htlc }) =>
        htlc.offeredBy === shown.holder && preimage !== undefined ? { ...htlc, preimage } : htlc,
      ),
    };
  };
  const fates = ({ account }: Verdict) => account?.riders.map(({ fate }) => fate.split(":")[0]);
  const unproven = /Only node_(\d) shows the preimage of its HTLC (\d+), and may have made it/;
  const PLACES = [0, 1, 3];

  it.each([
    [1, false],
    [1, true],
    [2, false],
    [2, true],
  ] as const)(
    "only its offerer shows it: nothing counts; on node_%i's commitment, anchors %s, claims prove it",
    (holder, anchors) => {
      const options = { holder, anchors };
      const both = [hidden({ holder: 1, anchors }), hidden({ holder: 2, anchors })];
      const [mine, theirs] = holder === 1 ? both : [...both].reverse();
      if (mine === undefined || theirs === undefined) throw new RangeError("no bundle");
      const without = verdictOn(mine, theirs);
      expect(fates(without)).toEqual([
        "does not count",
        "does not count",
        "does not count",
        "does not count",
        "void",
        "does not count",
      ]);
      expect(without.account?.riders[0]?.fate).toBe("does not count: only its offerer shows the preimage");
      expect(without.account?.riders[3]?.fate).toBe("does not count: only its offerer shows the preimage");
      expect(without.account?.ridersMsat).toBe(0n);
      expect(without.remarks.flatMap((remark) => unproven.exec(remark)?.slice(1).join("/") ?? [])).toEqual([
        "1/0",
        "1/1",
        "2/0",
      ]);
      // The claims may be shown by either end.
      const claimTransactions = PLACES.map((place) => spending(options, place));
      for (const verdict of [
        verdictOn({ ...mine, claimTransactions }, theirs),
        verdictOn(mine, { ...theirs, claimTransactions }),
      ]) {
        expect(faultsOf(verdict)).toEqual([]);
        expect(verdict.account?.riders.map(({ fate }) => fate).slice(0, 4)).toEqual([
          "counts: its receiver has claimed it on the chain",
          "bought back: claimed after its lapse",
          "does not count: no preimage is known",
          "pays arrears: its receiver has claimed it on the chain",
        ]);
        expect(verdict.remarks.join()).not.toMatch(unproven);
        expect(verdict.consistent).toBe(true);
      }
      // One of them proves itself alone.
      const [first] = claimTransactions;
      const one = verdictOn({ ...mine, claimTransactions: first ? [first] : [] }, theirs);
      expect(fates(one)?.slice(0, 4)).toEqual(["counts", "does not count", "does not count", "does not count"]);
    },
  );

  it.each([false, true])("what is no claim by its receiver proves nothing, anchors %s", (anchors) => {
    for (const holder of [1, 2] as const) {
      const options = { holder, anchors };
      const other = hidden({ holder: holder === 1 ? 2 : 1, anchors });
      const good = spending(options, 0);
      const wrong: Uint8Array[] = (["timeout", "forged from timeout", "signed by the offerer"] as const)
        .filter((how) => holder === 1 || how === "signed by the offerer")
        .map((how) => spending(options, 0, how));
      // Another preimage, another signature, a witness less.
      const { inputs } = decodeTransaction(good);
      const { witness } = inputs[0] ?? { witness: [] };
      for (const [i, item] of witness.entries()) {
        // Of the offerer's signature beside the receiver's it is not asked whether it holds.
        if (item.length === 0 || (witness.length === 5 && i === 1)) continue;
        const changed = Buffer.from(good);
        const at = changed.indexOf(item) + Math.floor(item.length / 2);
        changed[at] = (changed[at] ?? 0) ^ 1;
        wrong.push(changed);
      }
      expect(wrong.length).toBe(holder === 1 ? 6 : 4);
      for (const claim of wrong) {
        const verdict = verdictOn({ ...hidden(options), claimTransactions: [claim] }, other);
        expect(standings(verdict)[0]).toBe("inconsistent");
        const fault = "a claim_transactions[0] is no claim by who is to receive the HTLC";
        expect(faultsOf(verdict)).toEqual([fault]);
      }
      const broken = verdictOn({ ...hidden(options), claimTransactions: [good.subarray(0, 40)] }, other);
      expect(faultsOf(broken).join()).toContain("a claim_transactions[0] is no transaction");
    }
  });

  it("a claim of the receiver's own commitment, which it does not show, counts if it has confirmed", () => {
    const closed = bundle({ holder: 2 });
    const txid = decodeTransaction(closed.transaction).txid;
    const confirmedTxid = Uint8Array.from(Buffer.from(txid, "hex")).reverse();
    const claim = spending({ holder: 2 }, 0);
    const shown = { ...hidden({}), claimTransactions: [claim], confirmedTxid };
    const verdict = verdictOn(shown);
    expect([faultsOf(verdict), fates(verdict)?.[0], fates(verdict)?.[1]]).toEqual([[], "counts", "does not count"]);
    expect(verdict.remarks.join()).toContain(`On the chain, ${decodeTransaction(claim).txid} must have confirmed`);
    // Not if something else has confirmed, or the bundle's own, nor the offerer's way out, nor another HTLC's preimage.
    for (const change of [
      { confirmedTxid: new Uint8Array(32) },
      { claimTransactions: [spending({ holder: 2 }, 3)] },
      { claimTransactions: [spending({ holder: 2 }, 2)] },
    ]) {
      expect(fates(verdictOn({ ...shown, ...change }))?.[0]).toBe("does not count");
    }
  });

  it("a claim of another commitment proves nothing, and is told", () => {
    const claimTransactions = [spending({ number: 22n }, 0)];
    const verdict = verdictOn({ ...hidden({}), claimTransactions }, hidden({ holder: 2 }));
    expect(faultsOf(verdict)).toEqual([]);
    expect(fates(verdict)?.[0]).toBe("does not count");
    expect(verdict.remarks.join()).toContain("a: claim_transactions[0] spends no commitment that is shown here");
  });
});
