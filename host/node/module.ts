import type { NodeOutput } from "../board/node_board.js";
import type { Engine, Imports, Instance } from "../engine/engine.js";
import { ModuleError } from "../engine/errors.js";
import { readModule, type ModuleFile } from "../engine/module_file.js";
import {
  BOARD_IMPORTS,
  BOARD_MODULE,
  METER_IMPORTS,
  METER_MODULE,
  NODE_ABI_VERSION,
  NODE_INPUT_BYTES,
  type NodeExportName,
} from "./abi.js";
import type { NodeUnit } from "./unit.js";

const ERR_STATE = -2;

/** build/node.wasm of this project. */
export const readNode = (): ModuleFile => readModule("node");

/** A board with nothing but a crypto unit: enough for the exports that compute, and on which no node boots. */
const absent = (names: object) => Object.fromEntries(Object.keys(names).map((name) => [name, () => ERR_STATE]));
const ABSENT = { [BOARD_MODULE]: absent(BOARD_IMPORTS), [METER_MODULE]: absent(METER_IMPORTS) };

/** What a node's module runs on: NodeBoard, or NodeCrypto alone for what only computes. */
export interface NodeImports {
  /** What the module asks for, where there is anybody to ask. */
  readonly outputs?: NodeOutput[];
  imports(memory: () => Uint8Array): Imports;
}

/** build/rooms.wasm: of node.wasm what only computes, for boards that have cryptography and nothing else for it. */
export const readRooms = (): ModuleFile => readModule("rooms");

/** node.wasm on one engine with its board: the host's only typed way to the firmware. */
export class NodeModule implements NodeUnit {
  readonly outputs: NodeOutput[];
  private readonly instance: Instance;
  private readonly inputAt: number;
  private readonly outputAt: number;

  constructor(engine: Engine, file: ModuleFile, board: NodeImports) {
    this.outputs = board.outputs ?? [];
    const imports = { ...ABSENT, ...board.imports(() => this.instance.memory()) };
    this.instance = engine.instantiate(file.wasm, imports, file.sourceMap);
    const version = this.call("abi");
    if (version !== NODE_ABI_VERSION) {
      throw new Error(`node.wasm: interface ${version}, this host speaks ${NODE_ABI_VERSION}`);
    }
    this.inputAt = this.call("in_buffer");
    this.outputAt = this.call("out_buffer");
  }

  /** Calls an export and returns its i32 result as it is; throws Trap. */
  call(name: NodeExportName, ...args: (number | bigint)[]): number {
    return this.instance.call(name, ...args) as number;
  }

  /** As `call`; throws ModuleError for a negative result. */
  expect(name: NodeExportName, ...args: (number | bigint)[]): number {
    const result = this.call(name, ...args);
    if (result < 0) throw new ModuleError(name, result);
    return result;
  }

  /** Copies bytes to the input buffer, from `at` on. */
  input(bytes: Uint8Array, at = 0): void {
    if (at + bytes.length > NODE_INPUT_BYTES) {
      throw new RangeError(`input: ${at + bytes.length} bytes, at most ${NODE_INPUT_BYTES}`);
    }
    this.instance.memory().set(bytes, this.inputAt + at);
  }

  /** A copy of `length` bytes of the output buffer, from `at` on. */
  output(length: number, at = 0): Uint8Array {
    return this.instance.memory().slice(this.outputAt + at, this.outputAt + at + length);
  }
}
