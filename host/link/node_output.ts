import type { NodeOutput } from "../board/node_board.js";
import { type Response, Status } from "./protocol.js";

export type { NodeOutput };

const OUTPOINT_BYTES = 36;

/** An event of the service link by which something leaves the node module. */
export function nodeOutput({ status, payload }: Response): NodeOutput {
  const [first = 0, second = 0] = payload;
  switch (status) {
    case Status.send:
      return { kind: "send", connection: first, bytes: payload.slice(1) };
    case Status.hangUp:
      return { kind: "hang_up", connection: first };
    case Status.tell:
      return { kind: "tell", what: first, record: payload.slice(1) };
    case Status.broadcast:
      return { kind: "broadcast", chain: first, transaction: payload.slice(1) };
    case Status.watch:
      return {
        kind: "watch",
        chain: first,
        channel: second,
        outpoint: payload.slice(2, 2 + OUTPOINT_BYTES),
        script: payload.slice(2 + OUTPOINT_BYTES),
      };
    default:
      throw new RangeError(`event ${status} is no output of a node`);
  }
}
