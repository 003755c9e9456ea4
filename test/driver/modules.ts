import { beforeAll, describe, type TaskMeta } from "vitest";
import { KeyRing } from "../../host/board/key_ring.js";
import { NodeCrypto } from "../../host/board/node_crypto.js";
import type { Engine, Instance } from "../../host/engine/engine.js";
import { engineByName } from "../../host/engine/index.js";
import type { ModuleFile } from "../../host/engine/module_file.js";
import { asTrap } from "../../host/link/board_meter.js";
import { BOARD_ROOT } from "../../host/link/image.js";
import { QemuMachine } from "../../host/qemu/machine.js";
import { type EngineName, itOnEveryEngine } from "./engines.js";
import { compileEntry } from "./entry.js";

/**
 * A test's own module on some engine. Whatever is asked of it happens in the order it was asked, so that a test need
 * not wait for one answer before it asks the next: on a board, most of a call's time is the way there and back.
 */
export interface TestModule {
  readonly engine: EngineName;
  /** Calls an export; i32 are numbers, i64 bigints. Rejects with `Trap` if the module traps. */
  call(name: string, ...args: (number | bigint)[]): Promise<number | bigint | undefined>;
  /** `length` bytes of linear memory. Rejects if any of them is outside. */
  read(at: number, length: number): Promise<Uint8Array>;
  /** Rejects if any of the bytes is outside linear memory. */
  write(at: number, bytes: Uint8Array): Promise<void>;
  /** Tells the report that `count` vectors of test/vectors/FILE.json were applied. */
  applied(file: string, count?: number): void;
}

/** Name of the import module of test_keys.entry.ts. */
const TEST_KEYS = "test_keys.entry";
/** Root secret of the node's keys, on every engine. */
export const TEST_ROOT = BOARD_ROOT;
const ERR_CRYPTO = -4;
const ERR_RANGE = -7;

export interface OpenModule extends Omit<TestModule, "applied"> {
  close(): Promise<void>;
}

/** Its functions are async so that what the engine throws becomes a rejection. */
export function openLocal(name: Engine["name"], { wasm, sourceMap }: ModuleFile): OpenModule {
  const keys = new KeyRing(TEST_ROOT);
  const crypto = new NodeCrypto(keys).imports(() => instance.memory());
  const testKeys = {
    key_import: (handle: number, at: number): number => {
      const key = instance.memory().slice(at >>> 0, (at >>> 0) + 32);
      if (key.length !== 32) return ERR_RANGE;
      return keys.importKey(handle, key) ? 0 : ERR_CRYPTO;
    },
  };
  const instance: Instance = engineByName(name).instantiate(wasm, { ...crypto, [TEST_KEYS]: testKeys }, sourceMap);
  return {
    engine: name,
    call: async (...args) => instance.call(...args),
    read: async (at, length) => {
      const bytes = instance.memory().slice(at, at + length);
      if (bytes.length !== length) throw new RangeError("outside the module's memory");
      return bytes;
    },
    write: async (at, bytes) => instance.memory().set(bytes, at),
    close: async () => undefined,
  };
}

/** A board of its own, without a key: its metrology module stays down, and this one takes its place. */
async function openOnBoard({ wasm }: ModuleFile): Promise<OpenModule> {
  const machine = new QemuMachine({});
  try {
    await machine.powerOn();
    const { client } = machine;
    await client.load(wasm);
    return {
      engine: "qemu",
      call: async (name, ...args) => {
        const params = args.map((arg) => (typeof arg === "bigint" ? "i64" : "i32"));
        try {
          return await client.callNamed(name, params, args);
        } catch (error) {
          throw asTrap(error);
        }
      },
      read: (at, length) => client.memoryRead(at, length),
      write: (at, bytes) => client.memoryWrite(at, bytes),
      close: () => machine.discard(),
    };
  } catch (error) {
    await machine.discard();
    throw error;
  }
}

function count(meta: TaskMeta, file: string, vectors = 1): void {
  meta.vectors ??= {};
  meta.vectors[file] = (meta.vectors[file] ?? 0) + vectors;
}

const open = async (engine: EngineName, file: ModuleFile): Promise<OpenModule> =>
  engine === "qemu" ? openOnBoard(file) : openLocal(engine, file);

/**
 * One test of a room's internals on every engine, each time with a fresh instance of an entry file of the test's own.
 * @param entry path from the project's root, test/ROOM/NAME.entry.ts; compiled before the clock of the tests starts
 */
export function onEveryModuleEngine(
  title: string,
  entry: string,
  body: (module: TestModule) => Promise<void>,
  timeoutMs?: number,
): void {
  describe(title, () => {
    let file: ModuleFile;
    beforeAll(() => {
      file = compileEntry(entry);
    });
    itOnEveryEngine(async (engine, meta) => {
      const module = await open(engine, file);
      try {
        await body({ ...module, applied: (...args) => count(meta, ...args) });
      } finally {
        await module.close();
      }
    }, timeoutMs);
  });
}
