import { ModuleError } from "../engine/errors.js";
import { asTrap } from "../link/board_meter.js";
import type { SyncBoard } from "../link/sync_board.js";
import { COMMANDS, NODE_OUTPUT_BYTES, type NodeExportName } from "../node/abi.js";
import type { NodeUnit } from "../node/unit.js";

/** Replies of most commands are shorter; longer ones are asked for again. */
const REPLY_BYTES = 512;
/** Commands that must not be given twice, or whose replies are long. */
const LONG_REPLIES: ReadonlySet<number | bigint> = new Set([COMMANDS.INVOICE, COMMANDS.EVIDENCE]);

/** The node module of a board that is driven: each call crosses the service link. */
export class DrivenUnit implements NodeUnit {
  readonly outputs;
  private given: Uint8Array = new Uint8Array();
  private reply: Uint8Array = new Uint8Array();

  /** @param before called before each call: the board's meter must know of all pulses until now */
  constructor(
    private readonly board: SyncBoard,
    private readonly before: () => void,
  ) {
    this.outputs = board.outputs;
  }

  input(bytes: Uint8Array): void {
    this.given = bytes.slice();
  }

  expect(name: NodeExportName, ...args: (number | bigint)[]): number {
    this.before();
    const { given } = this;
    this.given = new Uint8Array();
    const [what = 0] = args;
    const wanted = name !== "command" ? 0 : LONG_REPLIES.has(what) ? NODE_OUTPUT_BYTES : REPLY_BYTES;
    const result = this.call(name, args, given, wanted);
    // What a command that is given twice does, it does once; those for which that is not so have short replies.
    if (name === "command" && result > wanted) this.call(name, args, given, result);
    return result;
  }

  output(length: number): Uint8Array {
    return this.reply.slice(0, length);
  }

  private call(name: NodeExportName, args: (number | bigint)[], input: Uint8Array, wanted: number): number {
    try {
      const { result, output } = this.board.callNode(name, args, input, wanted);
      if (result < 0) throw new ModuleError(name, result);
      this.reply = output;
      return result;
    } catch (error) {
      throw asTrap(error);
    }
  }
}
