import { describe } from "vitest";
import type { Engine } from "../../host/engine/engine.js";
import { engineByName } from "../../host/engine/index.js";
import type { DriverOptions, MeterDriver } from "../../host/metrology/driver.js";
import { openLocalMeter } from "../../host/metrology/local.js";
import { readMetrology } from "../../host/metrology/module.js";
import { openPosixMeter } from "../../host/posix/index.js";
import { openQemuMeter } from "../../host/qemu/index.js";
import { itOnEngines, METER_ENGINES, type MeterEngineName } from "./engines.js";

const openLocal =
  (name: Engine["name"]) =>
  (options: DriverOptions): MeterDriver =>
    openLocalMeter(engineByName(name), readMetrology(), options);

/** How each engine gets metrology.wasm running. */
const openers: Readonly<Record<MeterEngineName, (options: DriverOptions) => MeterDriver | Promise<MeterDriver>>> = {
  v8: openLocal("v8"),
  wasm3: openLocal("wasm3"),
  posix: openPosixMeter,
  qemu: openQemuMeter,
};

/** Opens meters that are closed when the test ends. */
export type Open = (options?: Partial<DriverOptions>) => Promise<MeterDriver>;

/** The private key of the tests' meters. */
export const TEST_KEY = new Uint8Array(32).fill(0x11);

/** One test of metrology.wasm on every engine. */
export function onEveryEngine(
  title: string,
  body: (open: Open, engine: MeterEngineName) => Promise<void>,
  timeoutMs?: number,
): void {
  describe(title, () => {
    itOnEngines(
      METER_ENGINES,
      async (engine) => {
        const opened: MeterDriver[] = [];
        try {
          await body(async (options) => {
            const meter = await openers[engine]({ key: TEST_KEY, ...options });
            opened.push(meter);
            return meter;
          }, engine);
        } finally {
          for (const meter of opened) await meter.close();
        }
      },
      timeoutMs,
    );
  });
}
