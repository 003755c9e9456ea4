import type { Edge } from "../board/edge_fifo.js";
import { decodeIdle, encodeStep, type Step } from "../link/board_client.js";
import { type Response, Op, Status } from "../link/protocol.js";
import { MODES } from "../link/settings.js";
import { encodeConfig, type MeterConfig } from "../metrology/config.js";
import type { OpenBoard } from "./open_board.js";
import { PeerLine } from "./peer_line.js";

/**
 * The board's time at the beginning of the scenario: its node has learnt the time with the first second, and its meter lets
 * time pass every ten seconds, with which the scenario's intervals end.
 */
const FIRST_MS = 10_000;
/** A request has room for so many. */
const MOST_EDGES = 800;
const SETTLE_MS = 60_000;
/** Round trips after which a board that still has something to say at one time is a defect. */
const MOST_ROUNDS = 10_000;

/**
 * A board that runs by itself, in a time that only steps move: it meters the edges that a step brings, and what its node
 * and its peer say to each other crosses its own link, all at the step's time.
 */
export class SteppedBoard {
  /** Records that have left the meter, and when, ms of the scenario. */
  onRecord: (text: string, atMs: number) => void = () => undefined;
  readonly line: PeerLine;
  private nowMs = 0;
  private dueMs = 0;

  constructor(private readonly open: OpenBoard) {
    if (open.peer === undefined) throw new TypeError(`${open.option.text} has no link to a peer`);
    this.line = new PeerLine(open.peer, () => this.us);
    open.board.onEvent = (event) => this.take(event);
  }

  /** Sets the board up and starts it anew, at time 0 of the scenario. @param boot the node's record */
  begin(config: MeterConfig, boot: Uint8Array, utcMs: number): void {
    const { board, option, peer } = this.open;
    board.writeSettings({ mode: Uint8Array.of(MODES.stepped), metrology: encodeConfig(config), node: boot });
    const refusal = board.restart();
    if (refusal !== "") throw new Error(`--board ${option.text}: it does not run by itself: ${refusal}`);
    // A board that starts anew may plug in its link anew.
    peer?.settle(SETTLE_MS);
    this.settle({ utcMs: BigInt(utcMs) });
  }

  /** Time goes on to `toMs`. @param edges before it, in order, of the scenario's time */
  run(edges: readonly Edge[], toMs: number): void {
    let next = 0;
    while (this.nowMs < toMs) {
      const due = Math.min(toMs, Math.max(this.dueMs, this.nowMs + 1));
      let end = next;
      while (end < edges.length && (edges[end]?.timeMs ?? 0) < due && end - next < MOST_EDGES) end++;
      const cut = edges[end];
      // Where there are too many for one step, it goes as far as they do.
      this.nowMs = cut !== undefined && cut.timeMs < due ? cut.timeMs : due;
      const own = edges.slice(next, end).map((edge) => ({ ...edge, timeMs: edge.timeMs + FIRST_MS }));
      next = end;
      this.settle({ edges: own });
    }
  }

  /** Steps at the present time until neither side has anything to say. */
  settle(first: Omit<Step, "us" | "written"> = {}): void {
    let more = first;
    for (let rounds = 0; ; rounds++) {
      if (rounds > MOST_ROUNDS) throw new Error(`--board ${this.open.option.text}: it does not come to rest`);
      const { written } = this.line;
      const idle = decodeIdle(
        this.open.board.request(Op.step, encodeStep({ ...more, us: this.us, written: [written] })),
      );
      more = {};
      this.dueMs = Number(idle.dueUs / 1000n) - FIRST_MS;
      this.line.take(idle.written[0] ?? 0);
      if (this.line.written === written) return;
    }
  }

  private get us(): bigint {
    return BigInt(this.nowMs + FIRST_MS) * 1000n;
  }

  private take({ status, payload }: Response): void {
    if (status === Status.record) this.onRecord(Buffer.from(payload).toString("latin1"), this.nowMs);
  }
}
