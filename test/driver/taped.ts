import { afterAll, beforeAll, describe, it } from "vitest";
import type { Engine, Instance } from "../../host/engine/engine.js";
import type { ModuleFile } from "../../host/engine/module_file.js";
import type { Machine } from "../../host/link/machine.js";
import { PosixMachine } from "../../host/posix/index.js";
import { QemuMachine } from "../../host/qemu/machine.js";
import { LONG, TAPE_CALLS, TAPES } from "../long/counts.js";
import { whereItRuns } from "./engines.js";
import { compileEntry } from "./entry.js";
import { type ImportName, withImport } from "./import_names.js";
import { TEST_ROOT } from "./modules.js";
import { type Tape, TapeRecorder } from "./tape.js";
import { replayTape } from "./tape_replay.js";

/** Boards on which what was recorded on V8 is done once more. */
const TAPE_ENGINES = ["posix", "qemu"] as const;
type TapeEngine = (typeof TAPE_ENGINES)[number];

/** A module and what it imports, for tests that hold its memory in their hands and so run in one process with it. */
export interface TapedModule {
  /** Path from the project's root, test/ROOM/NAME.entry.ts. */
  readonly entry: string;
  instantiate(engine: Engine["name"], file: ModuleFile): Instance;
  /** Root secret of the keys that it is given; TEST_ROOT if absent. */
  readonly root?: Uint8Array;
  /** Imports that no board has, and what of a board's imports does the same. */
  readonly instead?: readonly (readonly [from: ImportName, to: ImportName])[];
}

/** The import of a board that stands for its line meters' keys where a module under test has several meters. */
export const METERS_ARE_KEYS: readonly [ImportName, ImportName] = [
  { module: "meter", field: "point" },
  { module: "crypto", field: "key_public" },
];

const makeMachine = (engine: TapeEngine, root: Uint8Array): Machine =>
  engine === "qemu" ? new QemuMachine({ root }) : new PosixMachine({ root });

const most = (calls: Readonly<Record<TapeEngine, number>>): number =>
  Math.max(...TAPE_ENGINES.map((engine) => calls[engine]));

/** The first calls of tapes, which are all of them if they are few enough. */
function* within(tapes: readonly Tape[], mostTapes: number, mostCalls: number): Generator<Tape> {
  let left = mostCalls;
  for (const tape of tapes.slice(0, mostTapes)) {
    if (left <= 0) return;
    // Without its last steps nothing is known of the whole memory.
    yield tape.steps.length <= left ? tape : { steps: tape.steps.slice(0, left), memory: new Uint8Array(0) };
    left -= tape.steps.length;
  }
}

/**
 * Tests of a room whose bodies call a module directly, so that they run on the engines of this process. On boards each runs
 * as a tape: what it did on V8, done again call by call, with every byte that comes of it compared.
 * @param tests each is given a way to make fresh instances
 */
export function onTapedEngines(
  title: string,
  module: TapedModule,
  tests: Readonly<Record<string, (fresh: () => Instance) => void | Promise<void>>>,
  timeoutMs: number,
): void {
  describe(title, () => {
    let file: ModuleFile;
    beforeAll(() => {
      file = compileEntry(module.entry, "node");
    }, 600_000);
    /** By the names of tests. */
    const recorded = new Map<string, readonly Tape[]>();
    const onV8 = async (name: string): Promise<void> => {
      const recorder = new TapeRecorder(most(TAPE_CALLS), most(TAPES));
      await tests[name]?.(() => recorder.record(module.instantiate("v8", file)));
      recorded.set(name, recorder.tapes);
    };
    const names = Object.keys(tests);
    for (const name of names) it(`${name} on v8`, () => onV8(name), timeoutMs);
    whereItRuns("wasm3", () => {
      for (const name of names) {
        it(`${name} on wasm3`, () => tests[name]?.(() => module.instantiate("wasm3", file)), timeoutMs);
      }
    });
    for (const engine of TAPE_ENGINES) {
      let machine: Machine | undefined;
      afterAll(async () => machine?.discard());
      whereItRuns(engine, () => {
        for (const name of names) {
          it(
            `${name} on ${engine}`,
            async () => {
              if (!recorded.has(name)) await onV8(name);
              if (machine === undefined) {
                machine = makeMachine(engine, module.root ?? TEST_ROOT);
                await machine.powerOn();
              }
              const imports = module.instead ?? [];
              const wasm = imports.reduce((bytes, [from, to]) => withImport(bytes, from, to), file.wasm);
              for (const tape of within(recorded.get(name) ?? [], TAPES[engine], TAPE_CALLS[engine])) {
                const difference = await replayTape(machine.client, wasm, tape);
                if (difference !== undefined) throw new Error(difference);
              }
            },
            LONG ? 3_600_000 : timeoutMs,
          );
        }
      });
    }
  });
}
