import { describe, it } from "vitest";
import { engineByName, wasm3Missing } from "../../host/engine/index.js";
import type { DriverOptions, MeterDriver } from "../../host/metrology/driver.js";
import { openLocalMeter } from "../../host/metrology/local.js";
import { readMetrology } from "../../host/metrology/module.js";
import { openQemuMeter, qemuMissing } from "../../host/qemu/index.js";

/** Something that runs metrology.wasm. */
interface MeterEngine {
  readonly name: string;
  /** Why it cannot run here and how to get it. */
  readonly missing: string | undefined;
  open(options: DriverOptions): Promise<MeterDriver>;
}

export const meterEngines: readonly MeterEngine[] = [
  {
    name: "v8",
    missing: undefined,
    open: async (options) => openLocalMeter(engineByName("v8"), readMetrology(), options),
  },
  {
    name: "wasm3",
    missing: wasm3Missing(),
    open: async (options) => openLocalMeter(engineByName("wasm3"), readMetrology(), options),
  },
  { name: "qemu", missing: qemuMissing(), open: openQemuMeter },
];

/** Opens meters that are closed when the test ends. */
export type Open = (options?: Partial<DriverOptions>) => Promise<MeterDriver>;

/** The private key of the tests' meters. */
export const TEST_KEY = new Uint8Array(32).fill(0x11);

/**
 * One test for every engine that can run here. A missing engine is skipped by name, and is a failure where
 * TIELINE_REQUIRE_ALL=1 says that all must be there.
 */
export function onEveryEngine(
  title: string,
  body: (open: Open, engine: string) => Promise<void>,
  timeoutMs?: number,
): void {
  describe(title, () => {
    for (const engine of meterEngines) {
      if (engine.missing !== undefined && process.env["TIELINE_REQUIRE_ALL"] !== "1") {
        it.skip(`on ${engine.name}: ${engine.missing}`, () => undefined);
        continue;
      }
      it(
        `on ${engine.name}`,
        async () => {
          if (engine.missing !== undefined) throw new Error(`${engine.name}: ${engine.missing}`);
          const opened: MeterDriver[] = [];
          try {
            await body(async (options) => {
              const meter = await engine.open({ key: TEST_KEY, ...options });
              opened.push(meter);
              return meter;
            }, engine.name);
          } finally {
            for (const meter of opened) await meter.close();
          }
        },
        timeoutMs,
      );
    }
  });
}
