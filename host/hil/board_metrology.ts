import { asTrap } from "../link/board_meter.js";
import type { SyncBoard } from "../link/sync_board.js";
import type { ExportName } from "../metrology/abi.js";
import { MetrologyCalls } from "../metrology/module.js";

/** The metrology module of a board: each call crosses the service link. */
export class BoardMetrology extends MetrologyCalls {
  private given: Uint8Array = new Uint8Array();
  private left: Uint8Array = new Uint8Array();

  constructor(private readonly board: SyncBoard) {
    super();
  }

  override call(name: ExportName, ...args: (number | bigint)[]): number {
    const { given } = this;
    this.given = new Uint8Array();
    try {
      const { result, output } = this.board.call(name, args, given);
      this.left = output;
      return result;
    } catch (error) {
      throw asTrap(error);
    }
  }

  override input(bytes: Uint8Array): void {
    this.given = bytes.slice();
  }

  override output(length: number): Uint8Array {
    return this.left.slice(0, length);
  }
}
