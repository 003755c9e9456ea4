import { execFileSync } from "node:child_process";
import { hash } from "node:crypto";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { readMetrology } from "../../host/metrology/module.js";
import { projectRoot } from "../../host/root.js";

/** Builds the metrology module from a copy of its sources in a new folder; SHA-256 of the wasm. */
function buildElsewhere(prefix: string): string {
  const folder = mkdtempSync(join(tmpdir(), prefix));
  try {
    for (const name of ["assembly", "asconfig.json"])
      cpSync(join(projectRoot(), name), join(folder, name), { recursive: true });
    symlinkSync(join(projectRoot(), "node_modules"), join(folder, "node_modules"));
    const asc = join(folder, "node_modules/assemblyscript/bin/asc.js");
    const args = [asc, "assembly/metrology/index.ts", "--target", "metrology"];
    execFileSync(process.execPath, args, { cwd: folder, stdio: "pipe" });
    return hash("sha256", readFileSync(join(folder, "build/metrology.wasm")));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

it("builds in different folders give the same wasm, and it is the one that is tested", () => {
  const here = hash("sha256", readMetrology().wasm);
  expect(buildElsewhere("tieline-a-")).toBe(here);
  expect(buildElsewhere("tieline-much-longer-name-")).toBe(here);
});

it("metrology.wasm stays within 16 KB", () => {
  expect(readMetrology().wasm.length).toBeLessThanOrEqual(16 * 1024);
});
