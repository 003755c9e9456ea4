import { it, type TaskMeta } from "vitest";
import type { Engine } from "../../host/engine/engine.js";
import { wasm3Missing } from "../../host/engine/index.js";
import { posixMissing } from "../../host/posix/index.js";
import { qemuMissing } from "../../host/qemu/index.js";

/** What modules run on: engines in this process, and the emulated board. */
export type EngineName = Engine["name"] | "qemu";
/** What meters run on: those, and the board that is a process. */
export type MeterEngineName = EngineName | "posix";

/** Why an engine cannot run here and how to get it. */
const MISSING: Readonly<Record<MeterEngineName, string | undefined>> = {
  v8: undefined,
  wasm3: wasm3Missing(),
  posix: posixMissing(),
  qemu: qemuMissing(),
};

/**
 * Defines the tests of `body` if the engine can run here. If not, a skipped test says why in its title; where
 * TIELINE_REQUIRE_ALL=1 says that every engine must be there, it fails instead.
 */
export function whereItRuns(engine: MeterEngineName, body: () => void): void {
  const missing = MISSING[engine];
  if (missing === undefined) {
    body();
  } else if (process.env["TIELINE_REQUIRE_ALL"] === "1") {
    it(`on ${engine}`, () => {
      throw new Error(missing);
    });
  } else {
    it.skip(`on ${engine}: ${missing}`, () => undefined);
  }
}

const MODULE_ENGINES: readonly EngineName[] = ["v8", "wasm3", "qemu"];
export const METER_ENGINES: readonly MeterEngineName[] = [...MODULE_ENGINES, "posix"];

/** One test for every engine. The body may note in `meta` what the report is to show. */
export function itOnEveryEngine(body: (engine: EngineName, meta: TaskMeta) => Promise<void>, timeoutMs?: number): void {
  itOnEngines(MODULE_ENGINES, body, timeoutMs);
}

/** As `itOnEveryEngine`, for some engines. */
export function itOnEngines<E extends MeterEngineName>(
  engines: readonly E[],
  body: (engine: E, meta: TaskMeta) => Promise<void>,
  timeoutMs?: number,
): void {
  for (const engine of engines) {
    whereItRuns(engine, () =>
      it(
        `on ${engine}`,
        ({ task }) => {
          task.meta.engine = engine;
          return body(engine, task.meta);
        },
        timeoutMs,
      ),
    );
  }
}
