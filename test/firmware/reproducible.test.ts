import { execFileSync } from "node:child_process";
import { hash } from "node:crypto";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readMetrology } from "../../host/metrology/module.js";
import { readNode } from "../../host/node/module.js";
import { projectRoot } from "../../host/root.js";

type Target = "metrology" | "node";

/** Builds a module from a copy of its sources in a new folder; SHA-256 of the wasm. */
function buildElsewhere(target: Target, prefix: string): string {
  const folder = mkdtempSync(join(tmpdir(), prefix));
  try {
    for (const name of ["assembly", "asconfig.json"])
      cpSync(join(projectRoot(), name), join(folder, name), { recursive: true });
    symlinkSync(join(projectRoot(), "node_modules"), join(folder, "node_modules"));
    const asc = join(folder, "node_modules/assemblyscript/bin/asc.js");
    const args = [asc, `assembly/${target}/index.ts`, "--target", target];
    execFileSync(process.execPath, args, { cwd: folder, stdio: "pipe" });
    return hash("sha256", readFileSync(join(folder, `build/${target}.wasm`)));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

describe.each([
  { target: "metrology", read: readMetrology, kilobytes: 16 },
  { target: "node", read: readNode, kilobytes: 100 },
] as const)("wasm of the $target module", ({ target, read, kilobytes }) => {
  it("is the same built in another folder", () => {
    expect(buildElsewhere(target, "tieline-much-longer-name-")).toBe(hash("sha256", read().wasm));
  });

  it(`stays within ${kilobytes} KB`, () => {
    expect(read().wasm.length).toBeLessThanOrEqual(kilobytes * 1024);
  });
});
