import { copyFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { Reply, Service } from "./processes.js";
import { INTERVAL_S, LineMachines, WAIT, loggedCloses, nextStart, nowS, startOf } from "./line_machines.js";

// Two nodes whose meters do not agree, and two that part for good.

const machines = new LineMachines();
const LIMIT = { timeout: 240_000 };

/** W: what goes into the line at the one end, and what comes out of it at the other. */
const LOAD_W = 36_000;
const LINE = {
  rating_w: 300_000,
  interval_s: INTERVAL_S,
  tariff_msat_per_kwh: 200_000,
  price_cap_msat_per_kwh: 1_000_000,
  credit_limit_msat: 5_000_000,
};
const ENDS = ["a", "b"] as const;
/** For intervals that do not come while the test runs. */
const AHEAD_S = 3600;

let a: Service;
let b: Service;
/** The owner, and the accounting end with where it listens. */
let [idOfA, idOfB, addressOfB]: string[] = [];
/** Of a: flows are told from node_1 to node_2. */
let sign = 1;
let ahead = 0;

/** b with a meter that sees so much of what comes out of the line. */
async function startB(loadW: number): Promise<void> {
  b = await machines.metered("b", [loadW], "--engine", "v8", ...(addressOfB ? ["--listen", addressOfB] : []));
}

async function restartB(loadW: number): Promise<void> {
  await b.signal("SIGTERM");
  await startB(loadW);
  // Sooner than a would look for it by itself.
  await machines.refused("a", "connect", `${idOfB}@${addressOfB}`);
  for (const name of ENDS) {
    await expect.poll(async () => (await machines.line(name)).peer_connected as boolean, WAIT).toBe(true);
  }
}

const swap = (energy: string, start: number | string, ...options: string[]): Promise<Reply> =>
  machines.refused("b", "swap", idOfA ?? "", energy, "150000", String(start), ...options);

const both = async (field: string): Promise<unknown[]> =>
  Promise.all(ENDS.map(async (name) => (await machines.line(name))[field] as unknown));

/** Writes both ends' evidence, of one moment of the line. */
const shown = (): Promise<Reply[]> => Promise.all(ENDS.map((name) => machines.evidence(name)));

describe("two ends of a line", () => {
  it(
    "whose meters differ are in dispute, pay each other all the while, and go on once one gives in",
    LIMIT,
    async () => {
      await machines.chain();
      a = await machines.metered("a", [-LOAD_W], "--engine", "v8");
      await startB(LOAD_W);
      const info = await machines.cli("b", "getinfo");
      [idOfA, idOfB] = [(await machines.cli("a", "getinfo")).id as string, info.id as string];
      addressOfB = info.binding as string;
      await machines.openLine(["a", 0], ["b", 0], LINE, 60_000_000n);
      sign = (await machines.line("a")).node_1 === "local" ? 1 : -1;
      await machines.closed("b", 0, 1);

      // Energy of an interval that is far ahead is sold already.
      const words = ["offer", "0", "sell", "150000", "100Wh", "now", "--intervals", "1000"];
      await machines.cli("a", words[0] ?? "", ...words.slice(1));
      ahead = startOf(nowS()) + AHEAD_S;
      expect(await swap("20Wh", ahead)).toMatchObject({ result: { status: "complete" } });

      // From now on b's meter sees half of what comes out of the line.
      await restartB(LOAD_W / 2);
      for (const name of ENDS) {
        await expect.poll(async () => (await machines.line(name)).state as string, WAIT).toBe("disputed");
      }
      const [from, arrears] = [await both("closed_until"), await both("arrears_msat")];
      expect(from[0]).toBe(from[1]);
      const told = /line 0: in dispute, meters say (-?\d+) and (-?\d+) mWh/;
      const [, sent = "", seen = ""] = await a.until(told);
      expect(Number(sent) * sign).toBeGreaterThan(Number(seen) * sign * 1.05);
      expect((await b.until(told)).slice(1)).toEqual([seen, sent]);

      // No energy is agreed on, whatever it is of, and the reason is named.
      for (const [start, kind] of [
        ["now", "receipt"],
        ["next", "promise"],
        [ahead, "promise"],
      ] as const) {
        expect(await swap("1Wh", start, "--kind", kind)).toEqual({
          code: 1,
          message: expect.stringMatching(/^line 0: is in dispute, .* until one end settles$/) as string,
          data: { error: "ERR_SUSPENDED", line: 0, disputed: true },
        });
      }
      // A goes both ways.
      await machines.cli("b", "keysend", idOfA, "5000");
      await machines.cli("a", "keysend", idOfB, "7000");

      // What either end has to show proves the dispute, alone and with the other's.
      expect((await shown()).map(({ receipts }) => (receipts as Reply[]).length > 0)).toEqual([true, true]);
      for (const names of [["a"], ["b"], ["a", "b"]]) {
        const verdict = await machines.judged(names);
        expect(verdict).toMatchObject({ code: 1, consistent: false });
        expect(verdict.bundles.map(({ standing, faults }: Reply) => [standing, faults] as unknown)).toEqual(
          names.map(() => ["valid", []]),
        );
        expect(verdict.account.intervals).toEqual([
          { start: ahead, agreedMwh: String(20_000 * sign), promisedMwh: String(20_000 * sign) },
        ]);
        expect(verdict.account.disputes[0]).toMatchObject({ from: from[0], meteredMwh: seen, otherMeterMwh: sent });
      }
      for (const name of ENDS) copyFileSync(machines.path(`${name}.evidence.json`), machines.path(`${name}.old`));

      // b has its meter mended, and accepts what a's has counted, for each close that is in dispute.
      await restartB(LOAD_W);
      expect([await both("disputed"), await both("closed_until")]).toEqual([[true, true], from]);
      expect(await both("arrears_msat")).toEqual(arrears);
      const mended = startOf(nowS()) + INTERVAL_S;
      await expect
        .poll(async () => {
          const line = await machines.line("b");
          if (line.disputed) await machines.refused("b", "settle", "0");
          return (line.closed_until as number) > mended && !line.disputed;
        }, WAIT)
        .toBe(true);
      const settled = loggedCloses(b, 0)[0];
      expect(settled).toMatchObject({ meteredMwh: BigInt(sent) });
      expect(loggedCloses(a, 0)).toContainEqual(settled);
      expect(await both("state")).toEqual(["normal", "normal"]);

      // Energy goes on.
      let start = 0;
      const bought = async (): Promise<unknown> => {
        start = await nextStart();
        return (await swap("1Wh", start)).result?.status as unknown;
      };
      await expect.poll(bought, WAIT).toBe("complete");
      for (const name of ENDS) await machines.closed(name, 0, start + INTERVAL_S);
      expect(loggedCloses(b, 0).map(({ agreedMwh }) => agreedMwh)).toContain(BigInt(1000 * sign));
      expect(await both("disputed")).toEqual([false, false]);
    },
  );

  it("one closes by force: what was sold ahead and what is owed stand in the evidence of both", LIMIT, async () => {
    expect(await swap("30Wh", ahead + INTERVAL_S)).toMatchObject({ result: { status: "complete" } });
    // b pays what it has to a, so that it cannot pay for what it takes out of the line beyond what it has bought.
    await expect
      .poll(async () => {
        const { channels } = await machines.cli("b", "listpeerchannels");
        const { spendable_msat } = (channels as Reply[])[0] as { spendable_msat: string };
        if (spendable_msat !== "0") await machines.refused("b", "keysend", idOfA ?? "", spendable_msat);
        const [one, other] = await both("arrears_msat");
        // Not while an interval is being closed, in the second second after its end.
        const quiet = nowS() - startOf(nowS()) > 2.5 && nowS() - startOf(nowS()) < 4;
        return quiet && one === other && Number(one) * sign < 0;
      }, WAIT)
      .toBe(true);

    const forced = await machines.cli("a", "close", "0", "--force");
    expect(forced).toMatchObject({ type: "unilateral", txid: expect.stringMatching(/^[0-9a-f]{64}$/) as string });
    await machines.mine(1);
    const spent = /funding output spent by ([0-9a-f]{64})/;
    const [, txid = ""] = await a.until(spent);
    await b.until(spent);
    expect(await both("state")).toEqual(["failed", "failed"]);
    const [arrears] = await both("arrears_msat");

    const kept = await shown();
    for (const { notes, confirmed_txid } of kept) {
      expect((notes as Reply[]).length).toBeGreaterThanOrEqual(2);
      expect(confirmed_txid).toBe(txid);
    }
    for (const names of [["a"], ["b"], ["a", "b"]]) {
      const { code, bundles, account, remarks } = await machines.judged(names);
      expect([code, bundles.map(({ standing }: Reply) => standing as unknown)]).toEqual([0, names.map(() => "valid")]);
      // Both promises are still owed, at the ends of the flow.
      expect(account.intervals).toEqual(
        [20_000, 30_000].map((mwh, i) => {
          const flow = String(mwh * sign);
          return { start: ahead + i * INTERVAL_S, agreedMwh: flow, promisedMwh: flow };
        }),
      );
      expect(remarks.join()).toContain("2 open intervals without receipts");
      expect(account.signedArrearsMsat).toBe(arrears);
      expect(account.owedMsat).toBe(String(BigInt(arrears as string) + BigInt(account.deviationsMsat as string)));
      expect(account.debtor).toBe(sign > 0 ? 2 : 1);
    }
    // What a has shown before is refuted by a secret that b has had since.
    copyFileSync(machines.path("a.old"), machines.path("a.evidence.json"));
    const cheat = await machines.judged(ENDS);
    expect(cheat).toMatchObject({ code: 1, consistent: false });
    expect(cheat.bundles.map(({ standing }: Reply) => standing as unknown)).toEqual(["refuted", "valid"]);
  });
});
