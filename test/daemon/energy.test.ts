import { readFileSync, writeFileSync } from "node:fs";
import { beforeAll, describe, expect, it } from "vitest";
import { SYSTEM_CLOCK } from "../../host/daemon/clock.js";
import { INTERVAL_S, LineMachines, WAIT, nextStart, totals } from "./line_machines.js";
import type { Reply, Service } from "./processes.js";

const machines = new LineMachines();
const cli = (name: string, verb: string, ...words: string[]): Promise<Reply> => machines.cli(name, verb, ...words);
const refusal = (name: string, ...words: string[]): Promise<Reply> => machines.refusal("cli", name, ...words);
const lineOf = (name: string): Promise<Reply> => machines.line(name);

const CREDIT = ["--energy-credit", "1000000"];
const LINE = {
  rating_w: 100_000,
  interval_s: INTERVAL_S,
  tariff_msat_per_kwh: 200_000,
  price_cap_msat_per_kwh: "1000000",
  credit_limit_msat: 5_000_000,
};

let a: Service;
let b: Service;
let ids: { a: string; b: string; address: string };
beforeAll(async () => {
  await machines.chain();
  a = await machines.metered("a", [-36_000], "--engine", "v8");
  b = await machines.metered("b", [36_000], ...CREDIT);
  const info = await cli("b", "getinfo");
  ids = { a: (await cli("a", "getinfo")).id as string, b: info.id as string, address: info.binding as string };
  await cli("a", "connect", `${ids.b}@${ids.address}`);
});

describe("energy between two nodes over TCP", () => {
  it("a line, an offer, a swap of a promise; the interval closes alike, and a kill", { timeout: 180_000 }, async () => {
    writeFileSync(machines.path("line.yaml"), `# a line\n${JSON.stringify(LINE)}\n`);
    const words = ["fundchannel", ids.b, "1000000sat", "--push_msat", "400000000", "--energy", "line.yaml"];
    const opened = await machines.run("cli", "--dir", machines.path("a"), "--json", ...words);
    expect(opened.stdout).toContain("txid");
    await machines.mine(6);
    await expect.poll(async () => ((await lineOf("a")) as Reply)?.state as string, WAIT).toBe("normal");
    await expect.poll(async () => ((await lineOf("b")) as Reply)?.state as string, WAIT).toBe("normal");
    expect(await lineOf("a")).toMatchObject({
      interval_s: INTERVAL_S,
      owner: "local",
      // 100 kW for 5 s.
      capacity_mwh: "138888",
      credit_given_msat: "5000000",
      credit_received_msat: "1000000",
      meter: { emulated: true, load_w: -36_000 },
    });
    // The first close tells registers alone: from then on what flows counts.
    await expect.poll(async () => ((await lineOf("a")) as Reply).closed_until as number, WAIT).toBeGreaterThan(0);

    // B buys what A sells: 20 Wh for 150 sat a kWh.
    const start = await nextStart();
    const offer = await cli("a", "offer", "3", "sell", "150000", "30Wh", "next", "--intervals", "2");
    expect(offer).toMatchObject({ place: 3, from: start, until: start + 2 * INTERVAL_S, most_mwh: "30000" });
    expect((await cli("a", "listoffers")).offers).toEqual([offer]);
    const before = (await cli("b", "listpeerchannels")).channels[0].to_us_msat as string;
    const swap = await cli("b", "swap", ids.a, "20Wh", "150000", String(start));
    expect(swap).toMatchObject({
      status: "complete",
      amount_msat: "3000",
      energy: { energy_mwh: "20000", interval_start: start, kind: "promise" },
      note: { energy_mwh: "20000", issued_mwh: "20000", interval_start: start },
    });
    const sign = (await lineOf("b")).node_1 === "local" ? -1 : 1;
    const position = { interval_start: start, flow_mwh: String(20_000 * sign), promised_mwh: String(20_000 * sign) };
    for (const name of ["a", "b"]) {
      await expect
        .poll(async () => ((await lineOf(name)) as Reply).positions as unknown, { interval: 50, timeout: 4000 })
        .toEqual([position]);
    }
    expect((await cli("b", "listpeerchannels")).channels[0].to_us_msat).toBe(String(Number(before) - 3000));
    // Its note is the meter's word.
    writeFileSync(machines.path("note.json"), JSON.stringify(swap.note));
    const peerKey = (await lineOf("b")).meter.peer_key as string;
    expect(peerKey).toBe((await lineOf("a")).meter.key);
    expect((await machines.run("verify", "--key", peerKey, "note.json")).code).toBe(0);
    // More than the offer is for fails at the payee, and moves nothing.
    expect(await refusal("b", "swap", ids.a, "10.001Wh", "150000", String(start))).toMatchObject({ exit: 1, code: 5 });

    // The interval ends, and both close it with the same figures: 36 kW for 5 s are 50 Wh, of which 20 Wh were sold.
    for (const name of ["a", "b"]) {
      await expect
        .poll(async () => ((await lineOf(name)) as Reply).closed_until as number, WAIT)
        .toBeGreaterThan(start + INTERVAL_S - 1);
    }
    const service = { a, b };
    for (const name of ["a", "b"] as const) {
      await service[name].until(
        new RegExp(`closed until ${start + INTERVAL_S}, ${50_000 * sign} mWh of ${20_000 * sign},`),
      );
    }

    // Both are judged alone and together.
    for (const name of ["a", "b"]) {
      const words = ["--dir", machines.path(name), "--json", "evidence", "0", `${name}.evidence.json`];
      const written = await machines.run("cli", ...words);
      expect(JSON.parse(written.stdout)).toMatchObject({ file: machines.path(`${name}.evidence.json`), notes: 1 });
      const bundle = JSON.parse(readFileSync(machines.path(`${name}.evidence.json`), "utf8")) as Reply;
      expect(new Set((bundle.receipts as Reply[]).map(({ end }) => end as string))).toEqual(
        new Set(["node_1", "node_2"]),
      );
      expect(await machines.judged([name])).toMatchObject({ code: 0, consistent: true });
    }
    // Of one moment: what one end shows of an earlier one is refuted by a roll that came between.
    await expect
      .poll(async () => {
        await Promise.all(["a", "b"].map((name) => machines.evidence(name)));
        const { code, consistent } = await machines.judged(["a", "b"]);
        return { code: code as number, consistent: consistent as boolean };
      }, WAIT)
      .toEqual({ code: 0, consistent: true });

    // A is killed and started again: its meter is the same one, has counted on, and the line goes on without a dispute.
    const key = (await lineOf("a")).meter.key as string;
    await a.signal("SIGKILL");
    a = await machines.metered("a", [-36_000], "--engine", "v8");
    const resumed = Math.floor(SYSTEM_CLOCK.nowMs() / 1000);
    await expect.poll(async () => ((await lineOf("a")) as Reply).state as string, WAIT).toBe("normal");
    expect((await lineOf("a")).meter.key).toBe(key);
    await expect.poll(async () => ((await lineOf("a")) as Reply).closed_until as number, WAIT).toBeGreaterThan(resumed);
    await expect
      .poll(async () => {
        const [one, other] = [await lineOf("a"), await lineOf("b")];
        return JSON.stringify(totals(one)) === JSON.stringify(totals(other)) && !one.disputed && !other.disputed;
      }, WAIT)
      .toBe(true);
    const all = Number((await lineOf("a")).closed_until);
    expect(all).toBeGreaterThan(start);
  });

  it("a purse, a policy, an offer to buy; what is wrong is named", { timeout: 180_000 }, async () => {
    expect(await cli("a", "purse")).toEqual({ cap_msat: "0", left_msat: "0" });
    expect(await cli("a", "purse", "5sat")).toEqual({ cap_msat: "5000", left_msat: "5000" });
    const policy = {
      rent_forth_msat_per_kwh: "70",
      loss_forth_ppm: 900,
      rent_back_msat_per_kwh: "-60",
      loss_back_ppm: 0,
    };
    const words = ["0", "--rent_forth", "70", "--loss_forth", "900", "--rent_back", "-60"];
    expect(await cli("a", "linepolicy", ...words)).toEqual(policy);
    expect(await cli("a", "linepolicy", ids.b)).toEqual(policy);
    expect((await lineOf("a")).policy).toEqual(policy);
    expect(await refusal("b", "linepolicy", "0", "--loss_back=5")).toMatchObject({
      code: 1,
      data: { error: "ERR_STATE" },
    });
    expect(await refusal("a", "settle", "0")).toMatchObject({ code: 1, data: { error: "ERR_STATE" } });

    // A takes energy, and is paid for that: B's promise goes along with its money.
    const start = await nextStart();
    await cli("a", "offer", "0", "buy", "-50000", "10Wh", String(start), "--kinds", "promise");
    const swap = await cli("b", "swap", ids.a, "energy=-10Wh", "price=-50000", "from=next");
    expect(swap).toMatchObject({ amount_msat: "500", energy: { energy_mwh: "-10000" }, note: { energy_mwh: "10000" } });
    const sign = (await lineOf("b")).node_1 === "local" ? 1 : -1;
    await expect
      .poll(async () => ((await lineOf("a")) as Reply).positions as Reply[], WAIT)
      .toContainEqual({ interval_start: start, flow_mwh: String(10_000 * sign), promised_mwh: String(10_000 * sign) });
    expect((await cli("a", "listoffers")).offers.map(({ place }: Reply) => place as number)).toContain(0);
    expect(await cli("a", "dropoffer", "0")).toMatchObject({ place: 0, side: "buy", kinds: ["promise"] });
    expect(await refusal("a", "dropoffer", "0")).toMatchObject({ data: { field: "place", reason: "has no offer" } });

    // A field of a parameter, a parameter, a file.
    writeFileSync(machines.path("bad.yaml"), JSON.stringify({ ...LINE, hold_s: 0 }));
    const fund = (file: string): Promise<Reply> => refusal("a", "fundchannel", ids.b, "1000000", "--energy", file);
    expect(await fund("bad.yaml")).toMatchObject({ exit: 1, data: { field: "energy", place: "hold_s" } });
    writeFileSync(machines.path("bad.yaml"), JSON.stringify({ ...LINE, interval_s: 900 }));
    expect(await fund("bad.yaml")).toMatchObject({ exit: 1, data: { field: "energy", place: "interval_s" } });
    writeFileSync(machines.path("bad.yaml"), JSON.stringify({ ...LINE, meter: 1 }));
    expect(await fund("bad.yaml")).toMatchObject({ exit: 1, data: { field: "energy", place: "meter" } });
    expect(await fund("none.yaml")).toMatchObject({ exit: 2, data: { field: "energy" } });
    expect(await refusal("a", "offer", "0", "sell", "1", "1Wh", "7")).toMatchObject({ data: { field: "from" } });
    expect(await refusal("a", "offer", "8", "sell", "1", "1Wh", "now")).toMatchObject({ data: { field: "place" } });
    expect(await refusal("a", "offer", "0", "sell", "1", "1Wh", "now", "--meter", "1")).toMatchObject({
      data: { field: "meter" },
    });
    for (const price of ["0", "-5"]) {
      expect(await refusal("b", "swap", ids.a, "1Wh", `price=${price}`, "next")).toMatchObject({
        data: { field: "price" },
      });
    }
    expect(await refusal("a", "evidence", "0", "no/such/folder")).toMatchObject({ exit: 1, data: { field: "file" } });
    expect(await refusal("a", "evidence", "1", "x")).toMatchObject({ data: { field: "id" } });
    for (const [flag, value] of [
      ["--meter-load", "1.5"],
      ["--meter-load", "1000001"],
      ["--meter-interval", "7"],
      ["--close-delay", "0"],
      ["--energy-credit", "-1"],
    ] as const) {
      const { code, stderr } = await machines.run("node", "--dir", machines.path("x"), flag, value);
      expect([code, stderr]).toEqual([expect.any(Number), expect.stringContaining(flag)]);
      expect(code).not.toBe(0);
    }
  });

  it("a node without meters has no lines and says so", { timeout: 180_000 }, async () => {
    await machines.node("c");
    await cli("c", "connect", `${ids.b}@${ids.address}`);
    expect(await cli("c", "lines")).toEqual({ lines: [] });
    for (const words of [
      ["offer", "0", "sell", "1", "1Wh", "now", "--meter=0"],
      ["swap", ids.b, "1Wh", "1000", "next"],
      ["fundchannel", ids.b, "100000", "--energy", "line.yaml"],
    ]) {
      expect(await refusal("c", ...words)).toMatchObject({
        exit: 1,
        message: expect.stringMatching(/--meter-load/) as string,
      });
    }
  });
});
