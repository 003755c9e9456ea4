import { afterEach, beforeAll, describe, expect, it } from "vitest";
import type { Machine } from "../../host/link/machine.js";
import { replay } from "../../host/trace/board_replay.js";
import { whereItRuns } from "../driver/engines.js";
import { BOARDS, engineOf, makeMachine } from "./board.js";
import { type Story, story } from "./story.js";

let recorded: Story;
beforeAll(() => {
  recorded = story();
});

describe.each(BOARDS)("the node on the board %s", (name) => {
  let machine: Machine | undefined;
  afterEach(async () => machine?.discard());

  async function start(): Promise<Machine> {
    machine = makeMachine(name, recorded.image);
    expect(await machine.powerOn()).toBe("");
    await machine.client.start("node");
    return machine;
  }

  whereItRuns(engineOf(name), () => {
    it.each([
      ["as large as the board grants", undefined],
      ["32 KB", 32 * 1024],
      ["nothing", 0],
    ] as const)(
      "answers as on V8, call by call, metrology beside it; code cache: %s",
      async (_, cache) => {
        const { client } = await start();
        if (cache !== undefined) await client.codeCache(cache);
        expect(recorded.calls.filter(({ place }) => place === "metrology").length).toBeGreaterThan(100);
        const [first, ...rest] = recorded.calls;
        if (first === undefined) return expect.fail();
        expect(await replay(client, [first])).toEqual([]);
        const structures = (await client.map(false, "node")).get("structures");
        expect(await replay(client, rest)).toEqual([]);
        const [node, metrology] = [await client.map(false, "node"), await client.map()];
        const of = (map: typeof node, figure: string): number => map.get(figure) ?? -1;
        if (cache === undefined) {
          expect(of(metrology, "code_drops")).toBe(0);
        } else {
          expect(of(node, "code_drops")).toBeGreaterThan(10);
          expect(of(node, "functions_dropped")).toBeGreaterThan(of(node, "functions_compiled"));
        }
        if (cache === 0) {
          expect(of(metrology, "code_drops")).toBeGreaterThan(10);
          // Nothing of what was compiled is left behind.
          expect(of(node, "functions_compiled")).toBe(0);
          expect(of(node, "structures")).toBe(structures);
        }
      },
      300_000,
    );
  });
});
