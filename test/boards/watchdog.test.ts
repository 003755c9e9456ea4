import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { projectRoot } from "../../host/root.js";
import { whereItRuns } from "../driver/engines.js";
import { compileEntry } from "../driver/entry.js";
import { KEY, makeMachine } from "./board.js";
import { CONFIGURATION, FREE, FreeBoard } from "./free_board.js";

const compiler = spawnSync("cc", ["--version"]).status === 0;

describe.skipIf(!compiler)("the watchdog of a process", () => {
  it("resets what runs in circles and what sleeps, and nothing that feeds it", () => {
    const directory = mkdtempSync(join(tmpdir(), "tieline-watchdog-"));
    try {
      const program = join(directory, "watchdog");
      const boards = join(projectRoot(), "boards");
      const flags = "-std=gnu11 -D_GNU_SOURCE -Wall -Wextra -Werror -g -O1";
      const folders = [boards, join(boards, "posix")].map((folder) => `-I${folder}`);
      const source = join(projectRoot(), "test/boards/watchdog_harness.c");
      const built = spawnSync("cc", [...flags.split(" "), ...folders, "-o", program, source], { encoding: "utf8" });
      expect(built.stderr).toBe("");
      for (const args of [[], ["asleep"]]) {
        expect(spawnSync(program, args, { encoding: "utf8", timeout: 30_000 }).stdout).toBe("fed\nin time\n");
      }
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  });
});

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

// A module's gas is not spent while the board works for it: its watchdog has to end that.
describe("the watchdog of a board in free mode", () => {
  whereItRuns("qemu", () => {
    it("resets it where it hangs, and not where it goes its turns", async () => {
      const boards = (["posix", "qemu", "posix"] as const).map(
        (name) => new FreeBoard(makeMachine(name, { key: KEY })),
      );
      const restarts = boards.map(() => 0);
      try {
        for (const [i, board] of boards.entries()) {
          expect(await board.set({ mode: FREE, metrology: CONFIGURATION })).toBe("");
          const { link } = board.machine.client;
          const count = (): void => void (restarts[i] = (restarts[i] ?? 0) + 1);
          void link.ready().then(count, () => undefined);
        }
        const hanging = boards.slice(0, 2);
        const { wasm } = compileEntry("test/boards/slow.entry.ts");
        await Promise.all(
          hanging.map(async ({ machine }) => {
            await machine.client.load(wasm);
            machine.client.callNamed("hash").catch(() => undefined);
          }),
        );
        for (let tries = 0; tries < 900 && (restarts[0] === 0 || restarts[1] === 0); tries++) await sleep(100);
        expect(restarts).toEqual([1, 1, 0]);
      } finally {
        await Promise.all(boards.map(({ machine }) => machine.discard()));
      }
    }, 120_000);
  });
});
