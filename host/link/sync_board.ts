import type { NodeOutput } from "../board/node_board.js";
import type { CallResult } from "../metrology/driver.js";
import { type ExportName, FILLS_OUTPUT } from "../metrology/abi.js";
import type { NodeExportName } from "../node/abi.js";
import { type BlockingStream, StreamEnded } from "./blocking_stream.js";
import { callRequest, type Hello, nodeCallRequest, readCall, readHello } from "./board_client.js";
import { encodeFrame, FrameDecoder, MAX_CONTENT_BYTES } from "./frame.js";
import { nodeOutput } from "./node_output.js";
import {
  decodeResponse,
  encodeRequest,
  EVENT_SEQUENCE,
  LinkError,
  nextSequence,
  Op,
  Place,
  type PlaceName,
  type Response,
  Status,
} from "./protocol.js";
import { encodeSettings, type Settings } from "./settings.js";

/** What a board may take for an answer: an emulated one on a busy machine shares its processor. */
const ANSWER_MS = 120_000;

const OUTPUTS: ReadonlySet<number> = new Set([Status.send, Status.hangUp, Status.tell, Status.broadcast, Status.watch]);

const text = (payload: Uint8Array): string => Buffer.from(payload).toString("utf8");

/** The board does not answer, or not any more. */
export class BoardSilent extends Error {
  override readonly name = "BoardSilent";
}

/**
 * A board at the end of a service link (boards/LINK.md) whose answers are waited for: to the rest of this process it is as
 * an engine, whose calls return with their results.
 */
export class SyncBoard {
  /** What has come out of the node module and has not been taken, oldest first. */
  readonly outputs: NodeOutput[] = [];
  /** Called for every other event, as it comes. */
  onEvent: (event: Response) => void = () => undefined;
  /** Round trips so far. */
  requests = 0;
  readonly #decoder = new FrameDecoder();
  readonly #received: Response[] = [];
  #sequence = EVENT_SEQUENCE;
  #complaint = "";

  /** @param answerMs how long an answer may take */
  constructor(
    readonly stream: BlockingStream,
    public answerMs = ANSWER_MS,
  ) {}

  /** Waits for a READY event: its message. Throws BoardSilent. */
  ready(): string {
    for (;;) {
      const { sequence, status, payload } = this.#next("READY");
      if (sequence === EVENT_SEQUENCE && status === Status.ready) return text(payload);
    }
  }

  /** Sends a request and waits for its response. Throws LinkError where the board refuses, BoardSilent. */
  request(op: number, payload: Uint8Array = new Uint8Array()): Uint8Array {
    this.#sequence = nextSequence(this.#sequence);
    const content = encodeRequest(this.#sequence, op, payload);
    if (content.length > MAX_CONTENT_BYTES) throw new RangeError("the request is too long for a frame");
    this.requests++;
    this.#write(encodeFrame(content));
    for (;;) {
      const response = this.#next(`operation ${op}`);
      if (response.sequence === EVENT_SEQUENCE) this.#event(response);
      // Others are answers that came too late for who had asked.
      if (response.sequence !== this.#sequence) continue;
      if (response.status !== Status.ok) throw new LinkError(response.status, text(response.payload));
      return response.payload;
    }
  }

  hello(): Hello {
    return readHello(this.request(Op.hello));
  }

  /** Calls an export of the metrology module. */
  call(name: ExportName, args: readonly (number | bigint)[], input: Uint8Array = new Uint8Array()): CallResult {
    return readCall(this.request(Op.call, callRequest(name, args, input)), FILLS_OUTPUT.has(name));
  }

  /** Calls an export of the node module: what it puts out is in `outputs`. @param outputBytes wanted of its output buffer */
  callNode(
    name: NodeExportName,
    args: readonly (number | bigint)[],
    input: Uint8Array = new Uint8Array(),
    outputBytes = 0,
  ): CallResult {
    return readCall(this.request(Op.call, nodeCallRequest(name, args, input, outputBytes)), true);
  }

  /** Starts a place's built-in module. */
  start(place: PlaceName): void {
    this.request(Op.start, Uint8Array.of(Place[place]));
  }

  /** Replaces what the board is set up for. */
  writeSettings(settings: Settings): void {
    this.request(Op.settingsWrite, encodeSettings(settings));
  }

  /** Starts the firmware anew: the message of its READY event. */
  restart(): string {
    this.request(Op.restart);
    return this.ready();
  }

  #event(event: Response): void {
    if (OUTPUTS.has(event.status)) {
      this.outputs.push(nodeOutput(event));
    } else if (event.status === Status.fault) {
      throw new BoardSilent(`the board failed and restarted: ${text(event.payload)}`);
    } else {
      if (event.status < Status.ready) this.#complaint = text(event.payload);
      this.onEvent(event);
    }
  }

  #write(bytes: Uint8Array): void {
    try {
      this.stream.write(bytes);
    } catch (error) {
      throw silent(error);
    }
  }

  /** The next frame that is a response or an event. */
  #next(what: string): Response {
    const until = performance.now() + this.answerMs;
    for (;;) {
      const next = this.#received.shift();
      if (next !== undefined) return next;
      let bytes: Uint8Array;
      try {
        bytes = this.stream.read(Math.max(0, until - performance.now()));
      } catch (error) {
        throw silent(error);
      }
      if (bytes.length === 0) {
        const complaint = this.#complaint === "" ? "" : `; its last complaint: ${this.#complaint}`;
        throw new BoardSilent(`no answer to ${what} within ${this.answerMs} ms${complaint}`);
      }
      for (const content of this.#decoder.feed(bytes)) {
        const response = decodeResponse(content);
        if (response !== undefined) this.#received.push(response);
      }
    }
  }
}

const silent = (error: unknown): unknown =>
  error instanceof StreamEnded ? new BoardSilent(error.message, { cause: error }) : error;
