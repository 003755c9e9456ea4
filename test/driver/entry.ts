import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { projectRoot } from "../../host/root.js";
import type { ModuleFile } from "../../host/engine/module_file.js";

/**
 * Compiles a test's own AssemblyScript entry with the firmware's settings (asconfig.json, target "test"). Kept under
 * build/test by the hash of all firmware sources, so that it is compiled once.
 * @param entry path from the project's root, test/ROOM/NAME.entry.ts
 * @param target "node" for memory as large as the node's
 */
export function compileEntry(entry: string, target: "test" | "node" = "test"): ModuleFile {
  const root = projectRoot();
  const hash = createHash("sha256");
  const sources = readdirSync(join(root, "assembly"), { recursive: true, encoding: "utf8" });
  for (const source of sources.filter((name) => name.endsWith(".ts")).sort()) {
    hash.update(readFileSync(join(root, "assembly", source)));
  }
  hash
    .update(readFileSync(join(root, "asconfig.json")))
    .update(readFileSync(join(root, entry)))
    .update(target);
  const folder = join(root, "build/test", hash.digest("hex").slice(0, 16));
  if (!existsSync(folder)) {
    const partial = `${folder}.${process.pid}`;
    mkdirSync(partial, { recursive: true });
    const asc = join(root, "node_modules/assemblyscript/bin/asc.js");
    const out = join(partial, "module.wasm");
    execFileSync(process.execPath, [asc, entry, "--target", target, "--outFile", out], { cwd: root, stdio: "pipe" });
    try {
      renameSync(partial, folder);
    } catch (error) {
      // Another worker, whose tests have the same entry, was faster.
      if (!existsSync(folder)) throw error;
      rmSync(partial, { recursive: true });
    }
  }
  return {
    wasm: readFileSync(join(folder, "module.wasm")),
    sourceMap: readFileSync(join(folder, "module.wasm.map"), "utf8"),
  };
}
