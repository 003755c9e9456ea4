import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { changed } from "../scenario/documents.js";
import { Cli, MAIN } from "./cli.js";

const cli = new Cli();
const HOUR = ["--engine", "v8", "--duration", "1h"];

describe("tieline run", () => {
  it("runs the street for a day, says what it did and leaves files that tieline verify accepts", async () => {
    const { code, stdout } = await cli.run("run", "street", "--engine", "v8", "--out", "day");
    expect(code).toBe(0);
    expect(stdout).toMatch(/^Scenario street: 3 meters, 1 day from 2026-06-22, seed 1, on v8: /);
    expect(stdout).toMatch(/home +│ TL000001 +│ +\d+\.\d{3} │ +0\.000 │ +96 │ +all/);
    expect(stdout).toMatch(/Physical line losses \d+\.\d{3} kWh: holds to the meters' resolution \(0\.006 kWh\)/);
    expect(stdout).toContain("288 receipts: every signature, page and hash chain verified");
    const names = ["feeder-head", "home", "solar-home"].flatMap((n) => [`${n}.csv`, `${n}.ocmf.txt`, `${n}.xml`]);
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

  it("--json prints the summary and nothing else", async () => {
    const { code, stdout } = await cli.run("run", "street", ...HOUR, "--seed", "x", "--json", "--out", "json");
    const summary = JSON.parse(stdout) as { [key: string]: unknown };
    expect([code, summary]).toEqual([
      0,
      expect.objectContaining({
        scenario: "street",
        start: "2026-06-22T00:00:00Z",
        duration_s: 3600,
        seed: "x",
        engine: "v8",
        ok: true,
        receipts: 12,
        events: 0,
        problems: [],
        remarks: [],
        folder: "json",
      }),
    ]);
    expect(summary["meters"]).toContainEqual(
      expect.objectContaining({ name: "home", serial: "TL000001", export_mwh: 0, receipts: 4, findings: 0 }),
    );
    expect(summary["balance"]).toEqual(expect.objectContaining({ holds: true, tolerance_mwh: 6000 }));
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
    expect(stdout).toMatch(/^street +a home and a solar home on a summer workday$/m);
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
    const child = spawn(process.execPath, [MAIN, "run", "street", "--engine", "v8", "--days", "366", "--out", "cut"], {
      cwd: cli.folder,
    });
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
