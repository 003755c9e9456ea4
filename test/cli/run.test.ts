import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { changed } from "../scenario/documents.js";
import { Cli, MAIN } from "./cli.js";

const cli = new Cli();
const HOUR = ["--engine", "v8", "--duration", "1h"];

describe("tieline run", () => {
  it("runs meters for a day, says what they did and leaves files that tieline verify accepts", async () => {
    const { code, stdout } = await cli.run("run", "winter-evening", "--engine", "v8", "--out", "day");
    expect(code).toBe(0);
    expect(stdout).toMatch(/^Scenario winter-evening: 5 meters, 1 day from 2026-01-19, seed 1, on v8: /);
    expect(stdout).toMatch(/home-1 +│ TL000001 +│ +\d+\.\d{3} │ +0\.000 │ +96 │ +all/);
    expect(stdout).toMatch(/Physical line losses \d+\.\d{3} kWh: holds to the meters' resolution \(0\.010 kWh\)/);
    expect(stdout).toContain("480 receipts: every signature, page and hash chain verified");
    const meters = ["feeder-head", "heat-pump-home", "home-1", "home-2", "home-3"];
    const names = meters.flatMap((n) => [`${n}.csv`, `${n}.ocmf.txt`, `${n}.xml`]);
    expect(readdirSync(cli.path("day")).sort()).toEqual(["keys.json", ...names].sort());
    const keys = JSON.parse(readFileSync(cli.path("day/keys.json"), "utf8")) as { name: string; publicKey: string }[];
    const [first, second] = keys;
    for (const { name, publicKey } of keys) {
      expect((await cli.run("verify", "--key", publicKey, `day/${name}.ocmf.txt`)).code).toBe(0);
    }
    expect((await cli.run("verify", "--key", first?.publicKey ?? "", `day/${first?.name}.xml`)).code).toBe(0);
    expect((await cli.run("verify", `day/${first?.name}.xml`)).code).toBe(2);
    expect((await cli.run("verify", "--self-signed", `day/${first?.name}.xml`)).code).toBe(0);
    expect((await cli.run("verify", "--key", second?.publicKey ?? "", `day/${first?.name}.ocmf.txt`)).code).toBe(1);
  });

  it("runs the street, whose homes trade, and leaves its trades beside its receipts", async () => {
    const { code, stdout } = await cli.run("run", "street", ...HOUR, "--out", "traded");
    expect(stdout).toMatch(/^Scenario street: 5 nodes, 8 meters, 01:00:00 from 2026-06-22, seed 1, on v8: /);
    expect(stdout).toMatch(/^[1-9]\d* swaps: [1-9]\d* promises, [1-9]\d* receipts, 0 of them .*; 0 refused\.$/m);
    expect(stdout).toMatch(/^A: .*: holds to the msat\.$/m);
    expect(stdout).toMatch(/^Energy: .*: holds to the mWh\.$/m);
    expect(stdout).toMatch(/^Flows: .*: holds\.$/m);
    // An hour, and the interval before it.
    expect(stdout).toContain("40 receipts of 4 lines' meters: all verified");
    expect(code).toBe(0);
    const files = readdirSync(cli.path("traded"));
    expect(files).toEqual(
      expect.arrayContaining(["trades.csv", "lines.csv", "prices.csv", "nodes.csv", "report.html"]),
    );
    expect(files).toHaveLength(8 * 3 + 6);
    const keys = JSON.parse(readFileSync(cli.path("traded/keys.json"), "utf8")) as {
      name: string;
      publicKey: string;
    }[];
    for (const { name, publicKey } of keys) {
      expect((await cli.run("verify", "--key", publicKey, `traded/${name}.ocmf.txt`)).code).toBe(0);
    }
  });

  it("says so, and ends with 1, where the meters at a line's ends differ by more than the line may lose", async () => {
    const text = `name: lossy
start: 2026-06-22T00:00:00Z
duration: 30min
feeder: { head: head, lines: [{ to: home, resistance_ohm: 2 }] }
meters:
  - { name: home, serial: H1, load: { constant_w: 3000 } }
  - { name: head, serial: H2 }
market: { every_line: { loss_max_percent: 1 }, offers: [{ node: head, side: sell, msat_per_kwh: 1000 }] }
`;
    writeFileSync(cli.path("lossy.yaml"), text);
    const { code, stdout } = await cli.run("run", "lossy.yaml", "--engine", "v8", "--out", "lossy");
    expect(code).toBe(1);
    expect(stdout).toMatch(/^ {2}head: meters differ, -?\d+ and -?\d+ mWh$/m);
    expect(stdout).toMatch(/^ {2}head - home: interval left open$/m);
    expect(stdout).toMatch(/^A: .*: holds to the msat\.$/m);
    const within = text.replace("loss_max_percent: 1 ", "loss_max_percent: 15 ");
    writeFileSync(cli.path("within.yaml"), within);
    expect((await cli.run("run", "within.yaml", "--engine", "v8", "--out", "within")).code).toBe(0);
  });

  it("--json prints the street's summary and nothing else", async () => {
    const { code, stdout } = await cli.run("run", "street", ...HOUR, "--seed", "x", "--json", "--out", "street-json");
    const summary = JSON.parse(stdout) as { [key: string]: unknown };
    expect([code, summary]).toEqual([
      0,
      expect.objectContaining({
        scenario: "street",
        duration_s: 3600,
        seed: "x",
        engine: "v8",
        ok: true,
        receipts: 40,
      }),
    ]);
    expect(summary["conservation"]).toEqual(
      expect.objectContaining({ money_holds: true, energy_holds: true, flows_hold: true }),
    );
    expect(readdirSync(cli.path("street-json")).sort()).toEqual([...(summary["files"] as string[])].sort());
  });

  it("--json prints the summary and nothing else", async () => {
    const { code, stdout } = await cli.run("run", "winter-evening", ...HOUR, "--seed", "x", "--json", "--out", "json");
    const summary = JSON.parse(stdout) as { [key: string]: unknown };
    expect([code, summary]).toEqual([
      0,
      expect.objectContaining({
        scenario: "winter-evening",
        start: "2026-01-19T00:00:00Z",
        duration_s: 3600,
        seed: "x",
        engine: "v8",
        ok: true,
        receipts: 20,
        events: 0,
        problems: [],
        remarks: [],
        folder: "json",
      }),
    ]);
    expect(summary["meters"]).toContainEqual(
      expect.objectContaining({ name: "home-1", serial: "TL000001", export_mwh: 0, receipts: 4, findings: 0 }),
    );
    expect(summary["balance"]).toEqual(expect.objectContaining({ holds: true, tolerance_mwh: 10000 }));
    expect(readdirSync(cli.path("json")).sort()).toEqual([...(summary["files"] as string[])].sort());
  });

  it("runs a file of one's own with one's own figures", async () => {
    mkdirSync(cli.path("mine"));
    writeFileSync(cli.path("mine/own.csv"), "time,load_kW\n0,1\n900,4\n1800,2\n7200,2\n");
    writeFileSync(cli.path("mine/own.yaml"), changed("constant_w: 1000", "csv: own.csv, column: load_kW"));
    const { code, stdout } = await cli.run("run", "mine/own.yaml", ...HOUR);
    expect([code, stdout.split("\n")[0]]).toEqual([
      0,
      expect.stringMatching(/^Scenario small: 3 meters, 01:00:00 from 2026-06-22, seed 1, on v8/),
    ]);
    const rows = readFileSync(cli.path("out/small-1/a.csv"), "utf8").trimEnd().split("\n").slice(1);
    // To a pulse: 1 kW, 4 kW and twice 2 kW for a quarter of an hour.
    const wh = rows.map((row) => Math.round(Number(row.split(",")[4]) / 10) * 10);
    expect(wh).toEqual([250, 1000, 500, 500]);
  });

  it("does not run half of a wrong file", async () => {
    writeFileSync(cli.path("bad.yaml"), changed("constant_w: 1000", "watt: 1").replace("duration: 2h", "duration: 2"));
    const { code, stdout, stderr } = await cli.run("run", "bad.yaml", "--out", "bad");
    expect([code, stdout, stderr.split("\n")]).toEqual([
      1,
      "",
      [
        "tieline: bad.yaml:3:11: duration: 2 is not a duration: a number with its unit (30s, 15min, 6h, 1d) or HH:MM:SS",
        "bad.yaml:12:11: meters[0].load: needs exactly one of profile, csv, constant_w",
        expect.stringMatching(/^bad.yaml:12:13: meters\[0\].load.watt: unknown key; known here: profile, annual_kwh/),
        "",
      ],
    ]);
    expect(existsSync(cli.path("bad"))).toBe(false);
  });

  it("--list names the ready scenarios", async () => {
    const { code, stdout } = await cli.run("run", "--list");
    expect(code).toBe(0);
    expect(stdout).toMatch(/^street +three homes, one with a roof, trade energy on a summer workday$/m);
    const list = JSON.parse((await cli.run("run", "--list", "--json")).stdout) as { name: string }[];
    const printed = stdout.trimEnd().split("\n");
    expect(list.map(({ name }) => name)).toEqual(printed.map((line) => line.split(" ")[0]));
  });

  it("overwrites nothing", async () => {
    mkdirSync(cli.path("taken"));
    writeFileSync(cli.path("taken/file"), "mine");
    const { code, stderr } = await cli.run("run", "street", "--out", "taken");
    expect([code, stderr]).toEqual([1, "tieline: --out taken: exists already, and nothing is overwritten\n"]);
    expect(readdirSync(cli.path("taken"))).toEqual(["file"]);
  });

  it("takes the next free folder when none is named", async () => {
    for (const n of [1, 2]) {
      expect((await cli.run("run", "street", ...HOUR)).stdout).toContain(`Files in out/street-${n}/`);
      expect(existsSync(cli.path(`out/street-${n}/home.xml`))).toBe(true);
    }
  });

  it.concurrent.each([
    [["street", "--days", "0"], /--days/],
    [["street", "--days", "367"], /--days/],
    [["street", "--days", "1x"], /--days/],
    [["street", "--duration", "5"], /--duration/],
    [["street", "--duration", "1h", "--days", "1"], /--duration.*--days|--days.*--duration/],
    [["street", "--seed", ""], /--seed/],
    [["street", "--engine", "v9"], /--engine/],
    [["street", "--colour"], /unknown option '--colour'/],
    [["strete"], /strete: neither a file nor a ready scenario; ready are clock-trouble, .*street/],
    [["strete.yaml"], /strete.yaml: there is no such scenario file/],
    [["./"], /is no file/],
    [[], /name a scenario; --list lists/],
  ])("refuses %j by name", async (args, message) => {
    const { code, stdout, stderr } = await cli.run("run", ...args);
    expect([code, stdout]).toEqual([1, ""]);
    expect(stderr).toMatch(message);
  });

  it("ends cleanly on Ctrl-C and writes nothing", async () => {
    const child = spawn(
      process.execPath,
      [MAIN, "run", "winter-evening", "--engine", "v8", "--days", "366", "--out", "cut"],
      {
        cwd: cli.folder,
      },
    );
    let stderr = "";
    child.stderr.on("data", (chunk: Buffer) => {
      stderr += chunk.toString();
    });
    // Time to begin; a year takes far longer.
    await new Promise((resolve) => setTimeout(resolve, 2500));
    child.kill("SIGINT");
    const code = await new Promise((resolve) => child.once("exit", resolve));
    expect(code).toBe(130);
    expect(stderr).toMatch(/Stopped at 2026-\S+; nothing was written/);
    expect(existsSync(cli.path("cut"))).toBe(false);
  });
});
