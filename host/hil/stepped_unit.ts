import type { SyncBoard } from "../link/sync_board.js";
import { COMMANDS, type NodeExportName } from "../node/abi.js";
import type { NodeUnit } from "../node/unit.js";
import { DrivenUnit } from "./driven_unit.js";
import type { SteppedBoard } from "./stepped_board.js";

/** Commands after which a node has nothing to say. */
const READING: ReadonlySet<number | bigint> = new Set([
  COMMANDS.INFO,
  COMMANDS.CHANNEL,
  COMMANDS.PAYMENT,
  COMMANDS.INVOICE_STATE,
  COMMANDS.ENERGY,
  COMMANDS.EVIDENCE,
]);

/**
 * The node module of a board that runs by itself. What its owner asks crosses the service link; its connection is the
 * board's own link to a peer, and its time that of the steps.
 */
export class SteppedUnit implements NodeUnit {
  readonly outputs;
  private readonly calls: DrivenUnit;
  private given: Uint8Array = new Uint8Array();

  /** @param begin starts the board with the node's boot record */
  constructor(
    board: SyncBoard,
    private readonly stepped: SteppedBoard,
    private readonly begin: (boot: Uint8Array) => void,
  ) {
    this.outputs = board.outputs;
    this.calls = new DrivenUnit(board, () => undefined);
  }

  input(bytes: Uint8Array): void {
    this.given = bytes.slice();
  }

  expect(name: NodeExportName, ...args: (number | bigint)[]): number {
    const { given } = this;
    this.given = new Uint8Array();
    const [connection = 0] = args;
    switch (name) {
      case "boot":
        this.begin(given);
        return 0;
      case "connect":
        this.connect(Number(connection), args[1] !== 0);
        return 0;
      case "receive":
        this.stepped.line.send(given);
        this.stepped.settle();
        return 0;
      case "disconnect":
        this.stepped.line.hangUp();
        this.stepped.settle();
        return 0;
      case "tick":
        // The step that has brought the meter here has brought the node here too.
        this.stepped.settle();
        return 0;
      default:
        return this.call(name, given, args);
    }
  }

  output(length: number): Uint8Array {
    return this.calls.output(length);
  }

  private call(name: NodeExportName, input: Uint8Array, args: (number | bigint)[]): number {
    this.calls.input(input);
    try {
      return this.calls.expect(name, ...args);
    } finally {
      if (name !== "command" || !READING.has(args[0] ?? 0)) this.stepped.settle();
    }
  }

  private connect(connection: number, calls: boolean): void {
    if (connection !== 0 || calls) throw new Error("a board has one line, and who is at its other end calls");
    this.stepped.line.open({
      receive: (bytes) => this.outputs.push({ kind: "send", connection, bytes }),
      over: () => this.outputs.push({ kind: "hang_up", connection }),
    });
    this.stepped.settle();
    if (!this.stepped.line.connected) throw new Error("the board's link to its peer does not come up");
  }
}
