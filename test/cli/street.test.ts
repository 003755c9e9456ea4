import { execFile, spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { projectRoot } from "../../host/root.js";

const MAIN = join(projectRoot(), "build/host/cli/main.js");

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "tieline-cli-"));
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** Runs the compiled CLI in the temporary folder. */
function tieline(...args: string[]): Promise<{ code: number | null; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [MAIN, ...args], { cwd: folder }, (_, stdout, stderr) => {
      resolve({ code: child.exitCode, stdout, stderr });
    });
  });
}

describe("tieline street", () => {
  it("runs a day, says what it did and leaves files that tieline verify accepts", async () => {
    const { code, stdout } = await tieline("street", "--engine", "v8", "--out", "day");
    expect(code).toBe(0);
    expect(stdout).toMatch(/home +│ TL000001 +│ +\d+\.\d{3} │ +0\.000 │ +96 │ +all/);
    expect(stdout).toMatch(/Physical line losses \d+\.\d{3} kWh: holds/);
    expect(stdout).toContain("288 receipts: every signature, page and hash chain verified");
    expect(readdirSync(join(folder, "day")).sort()).toEqual(
      [
        "keys.json",
        ...["feeder-head", "home", "solar-home"].flatMap((n) => [`${n}.csv`, `${n}.ocmf.txt`, `${n}.xml`]),
      ].sort(),
    );
    const keys = JSON.parse(readFileSync(join(folder, "day/keys.json"), "utf8")) as {
      name: string;
      publicKey: string;
    }[];
    for (const { name, publicKey } of keys) {
      for (const file of [`day/${name}.ocmf.txt`, `day/${name}.xml`]) {
        expect((await tieline("verify", "--key", publicKey, file)).code).toBe(0);
      }
      expect((await tieline("verify", `day/${name}.xml`)).code).toBe(2);
      expect((await tieline("verify", "--self-signed", `day/${name}.xml`)).code).toBe(0);
    }
    const [first, second] = keys;
    expect((await tieline("verify", "--key", second?.publicKey ?? "", `day/${first?.name}.ocmf.txt`)).code).toBe(1);
    expect((await tieline("verify", "day/home.ocmf.txt")).code).toBe(2);
  });

  it("overwrites nothing", async () => {
    mkdirSync(join(folder, "taken"));
    writeFileSync(join(folder, "taken/file"), "mine");
    const { code, stderr } = await tieline("street", "--out", "taken");
    expect([code, stderr]).toEqual([1, "tieline: --out taken: exists already, and nothing is overwritten\n"]);
    expect(readdirSync(join(folder, "taken"))).toEqual(["file"]);
  });

  it("takes the next free folder when none is named", async () => {
    for (const n of [1, 2]) {
      expect((await tieline("street", "--engine", "v8")).stdout).toContain(`Files in out/street-${n}/`);
      expect(existsSync(join(folder, `out/street-${n}/home.xml`))).toBe(true);
    }
  });

  it.each([
    [["--days", "0"], /--days/],
    [["--days", "367"], /--days/],
    [["--days", "1x"], /--days/],
    [["--engine", "v9"], /--engine/],
    [["--colour"], /unknown option '--colour'/],
  ])("refuses %j by name", async (args, message) => {
    const { code, stderr } = await tieline("street", ...args);
    expect(code).toBe(1);
    expect(stderr).toMatch(message);
  });

  it("ends cleanly on Ctrl-C and writes nothing", async () => {
    const child = spawn(process.execPath, [MAIN, "street", "--engine", "v8", "--days", "366", "--out", "cut"], {
      cwd: folder,
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
    expect(existsSync(join(folder, "cut"))).toBe(false);
  });
});
