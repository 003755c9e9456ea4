import type { NodeOutput } from "../board/node_board.js";
import type { NodeExportName } from "./abi.js";

/**
 * A node module that runs somewhere, as LightningNode calls it: in this process on an engine (NodeModule), or on a board
 * at the end of a link.
 */
export interface NodeUnit {
  /** What the module has asked for and has not been handed out, oldest first. */
  readonly outputs: NodeOutput[];
  /** Copies bytes to the input buffer, for the next call. */
  input(bytes: Uint8Array): void;
  /** Calls an export: its result. Throws ModuleError for a negative one, Trap. */
  expect(name: NodeExportName, ...args: (number | bigint)[]): number;
  /** A copy of `length` bytes of the output buffer, as the last call left them. */
  output(length: number): Uint8Array;
}
