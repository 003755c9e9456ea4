import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { type Partition, PARTITIONS } from "../../host/link/image.js";
import type { Machine } from "../../host/link/machine.js";
import { BOARD_IMPORTS, CRYPTO_IMPORTS, METER_IMPORTS } from "../../host/node/abi.js";
import { IMPORTS } from "../../host/metrology/abi.js";
import { whereItRuns } from "../driver/engines.js";
import { compileEntry } from "../driver/entry.js";
import { CONFIG, MIDNIGHT, pulseTrain } from "../driver/meter_client.js";
import { LONG, WILD_CALLS } from "../long/counts.js";
import { meterOf } from "./board_meter.js";
import { BOARDS, engineOf, KEY, makeMachine } from "./board.js";

/** Calls of imports in one call of the module: more of those on the curve would use up its gas. */
const STORM = 100;
/** Requests that wait in the link while others run. */
const AHEAD = 2;

const PLACES = {
  node: {
    wasm: () => compileEntry("test/boards/wild_node.entry.ts").wasm,
    // And test_keys.entry.
    imports: [
      ...Object.keys(CRYPTO_IMPORTS),
      ...Object.keys(BOARD_IMPORTS),
      ...Object.keys(METER_IMPORTS),
      "key_import",
    ],
    own: "node",
  },
  metrology: {
    wasm: () => compileEntry("test/boards/wild_metrology.entry.ts").wasm,
    imports: Object.keys(IMPORTS),
    own: "metrology",
  },
} as const;
type PlaceName = keyof typeof PLACES;

/** These take nothing that could be out of range. */
const RANGELESS = ["flash_sector_bytes", "flash_sectors"];

const partitions = (machine: Machine, but: Partition): Record<string, string> =>
  Object.fromEntries(
    PARTITIONS.filter((name) => name !== but).map((name) => [
      name,
      Buffer.from(machine.flash(name)).toString("base64"),
    ]),
  );

describe.each(BOARDS)("imports that are called with wild pointers, on the board %s", (name) => {
  let machine: Machine | undefined;
  afterEach(async () => machine?.discard());
  beforeAll(() => {
    for (const { wasm } of Object.values(PLACES)) wasm();
  }, 600_000);

  whereItRuns(engineOf(name), () => {
    it.each(Object.keys(PLACES) as PlaceName[])(
      "in the place of %s: what is outside is refused, and nothing else of the board is touched",
      async (place) => {
        const { wasm, imports, own } = PLACES[place];
        machine = makeMachine(name, { key: KEY });
        expect(await machine.powerOn()).toBe("");
        const { client } = machine;
        const meter = meterOf(machine);
        expect(await meter.boot()).toBe(0);
        expect(await meter.setClock(0, MIDNIGHT)).toBe(0);
        await meter.edges(0, pulseTrain(0, 40, 10, 1000));
        expect(await meter.drain(CONFIG.intervalS * 1000)).toHaveLength(1);
        const registers = await meter.registers();
        const before = partitions(machine, own);

        await client.load(wasm(), place);
        expect(await client.callNamed("imports", [], [], place)).toBe(imports.length);
        for (let done = 0; done < WILD_CALLS[name]; done += AHEAD * STORM) {
          const storms = Array.from({ length: AHEAD }, (_, i) => done + i * STORM);
          await Promise.all(
            storms.map((at) => client.callNamed("storm", ["i32", "i32", "i32"], [at + 1, at, STORM], place)),
          );
        }
        const seen = async (kind: number): Promise<string[]> => {
          const bits = (await client.callNamed("codes_seen", ["i32"], [kind], place)) as bigint;
          return imports.filter((_, i) => ((bits >> BigInt(i)) & 1n) === 1n);
        };
        expect(await seen(0)).toEqual(imports.filter((one) => !RANGELESS.includes(one)));
        // It got through as well: these were real calls.
        expect((await seen(2)).length).toBeGreaterThan(imports.length / 2);

        expect(partitions(machine, own)).toEqual(before);
        expect(await client.settings()).toEqual({});
        if (place === "metrology") {
          // What it did to its own flash may keep the meter from booting, but not the board from starting it.
          await client.start("metrology");
          expect((await client.hello()).publicKey).toHaveLength(33);
        } else {
          expect(await meter.registers()).toEqual(registers);
          expect(await meter.drain(2 * CONFIG.intervalS * 1000)).toHaveLength(1);
        }
      },
      LONG ? 3_600_000 : 120_000,
    );
  });
});
