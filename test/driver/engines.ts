import { it, type TaskMeta } from "vitest";
import type { Engine } from "../../host/engine/engine.js";
import { wasm3Missing } from "../../host/engine/index.js";
import { qemuMissing } from "../../host/qemu/index.js";

/** What the firmware runs on: engines in this process, and the emulated board. */
export type EngineName = Engine["name"] | "qemu";

/** Why an engine cannot run here and how to get it. */
const MISSING: Readonly<Record<EngineName, string | undefined>> = {
  v8: undefined,
  wasm3: wasm3Missing(),
  qemu: qemuMissing(),
};

/**
 * Defines the tests of `body` if the engine can run here. If not, a skipped test says why in its title; where
 * TIELINE_REQUIRE_ALL=1 says that every engine must be there, it fails instead.
 */
export function whereItRuns(engine: EngineName, body: () => void): void {
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

/** One test for every engine. The body may note in `meta` what the report is to show. */
export function itOnEveryEngine(body: (engine: EngineName, meta: TaskMeta) => Promise<void>, timeoutMs?: number): void {
  for (const engine of Object.keys(MISSING) as EngineName[]) {
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
