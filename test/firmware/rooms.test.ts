import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { Entropy } from "../../host/board/entropy.js";
import { KeyRing } from "../../host/board/key_ring.js";
import { NodeBoard } from "../../host/board/node_board.js";
import { NodeCrypto } from "../../host/board/node_crypto.js";
import { NorFlash } from "../../host/board/nor_flash.js";
import type { Instance } from "../../host/engine/engine.js";
import { engineByName } from "../../host/engine/index.js";
import { projectRoot } from "../../host/root.js";

/** Rooms of the node module. */
const ROOMS = "base crypto wire chain transport onion gossip invoice htlc channel payment node".split(" ");

/** An entry that exports every public function of every room, under names of a few letters. */
function everything(from: string): { readonly entry: string; readonly functions: number; readonly memory: string } {
  const lines = [`import "${from}/wire/message";`]; // whose tables have to be in the first 64 KiB
  let functions = 0;
  let memory = "";
  for (const room of ROOMS) {
    for (const file of readdirSync(join(projectRoot(), "assembly", room)).filter((name) => name !== "index.ts")) {
      const source = readFileSync(join(projectRoot(), "assembly", room, file), "utf8");
      const names = [...source.matchAll(/^export function (\w+)/gm)].map(([, name = ""]) => {
        const alias = `f${functions++}`;
        if (name === "memory_bytes") memory = alias;
        return `${name} as ${alias}`;
      });
      if (names.length > 0) lines.push(`export { ${names.join(", ")} } from "${from}/${room}/${file.slice(0, -3)}";`);
    }
  }
  return { entry: lines.join("\n"), functions, memory };
}

it("all rooms together, what no export reaches yet included, stay within 100 KB of flash and 204 KB of memory", () => {
  const folder = join(projectRoot(), "build/test", `rooms.${process.pid}`);
  mkdirSync(folder, { recursive: true });
  try {
    const { entry, functions, memory } = everything("../../../assembly");
    expect(functions).toBeGreaterThan(200);
    writeFileSync(join(folder, "rooms.entry.ts"), entry);
    const asc = join(projectRoot(), "node_modules/assemblyscript/bin/asc.js");
    const wasm = join(folder, "rooms.wasm");
    const args = [asc, join(folder, "rooms.entry.ts"), "--target", "node", "--outFile", wasm];
    execFileSync(process.execPath, args, { cwd: projectRoot(), stdio: "pipe" });
    const bytes = readFileSync(wasm);
    expect(bytes.length).toBeLessThanOrEqual(100 * 1024);

    const crypto = new NodeCrypto(new KeyRing(new Uint8Array(32).fill(1)));
    const board = new NodeBoard(new NorFlash(4096, 8), crypto, new Entropy("rooms"));
    const instance: Instance = engineByName("v8").instantiate(
      bytes,
      board.imports(() => instance.memory()),
    );
    const used = instance.call(memory) as number;
    console.log(`all rooms: ${bytes.length} bytes of wasm, ${used} bytes of linear memory, ${functions} functions`);
    expect(used).toBeLessThanOrEqual(204 * 1024);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
