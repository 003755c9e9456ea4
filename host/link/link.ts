import type { Duplex } from "node:stream";
import { encodeFrame, FrameDecoder, MAX_CONTENT_BYTES } from "./frame.js";
import {
  decodeResponse,
  encodeRequest,
  EVENT_SEQUENCE,
  LinkError,
  nextSequence,
  type Op,
  type Response,
  Status,
} from "./protocol.js";

const DEFAULT_TIMEOUT_MS = 30_000;
/** Events that are kept until somebody listens. */
const MOST_EARLY = 256;

/** A response, and what came out of the node module while it was made. */
export interface Answer {
  readonly payload: Uint8Array;
  readonly outputs: readonly Response[];
}

interface Waiting {
  resolve(answer: Answer): void;
  reject(reason: Error): void;
  readonly timer: NodeJS.Timeout;
}

/** What leaves the node module: it comes before the response to the call that brought it about. */
const OUTPUTS: ReadonlySet<number> = new Set([Status.send, Status.hangUp, Status.tell, Status.broadcast, Status.watch]);

const text = (payload: Uint8Array): string => Buffer.from(payload).toString("utf8");

/**
 * Requests and responses over a byte stream to a board. Damaged or unexpected bytes never end the link: the frame they
 * belong to is lost and its request times out. Requests are not repeated, since a call may not be run twice.
 */
export class Link {
  readonly #stream: Duplex;
  readonly #decoder = new FrameDecoder();
  readonly #waiting = new Map<number, Waiting>();
  readonly #readyListeners: { resolve(message: string): void; reject(reason: Error): void }[] = [];
  #sequence = EVENT_SEQUENCE;
  #outputs: Response[] = [];
  #listener: ((event: Response) => void) | undefined;
  /** Of RECORD and LOG, what came before there was a listener. */
  readonly #early: Response[] = [];
  #lastComplaint = "";
  #closed: Error | undefined;
  /** Hears the lines of the board's log as they are written. */
  onLog: ((line: string) => void) | undefined;

  constructor(stream: Duplex) {
    this.#stream = stream;
    stream.on("data", (bytes: Uint8Array) => {
      for (const content of this.#decoder.feed(bytes)) this.#receive(decodeResponse(content));
    });
    stream.on("error", (error: Error) => this.close(error));
    stream.on("end", () => this.close(new Error("the board closed the link")));
    stream.on("close", () => this.close(new Error("the link is closed")));
  }

  /** The board's last complaint about a damaged frame, "" if there was none. */
  get lastComplaint(): string {
    return this.#lastComplaint;
  }

  /**
   * From now on `listener` gets what leaves the modules, in order: outputs of the node, which then no answer has with it,
   * RECORD and LOG. In free mode they come at any time.
   */
  listen(listener: (event: Response) => void): void {
    this.#listener = listener;
    for (const event of [...this.#early.splice(0), ...this.#outputs.splice(0)]) listener(event);
  }

  /** Resolves with the message of the next READY event: "" or why the module cannot run. */
  ready(): Promise<string> {
    if (this.#closed !== undefined) return Promise.reject(this.#closed);
    return new Promise((resolve, reject) => this.#readyListeners.push({ resolve, reject }));
  }

  /** Sends a request. Resolves with the response's payload; rejects with LinkError if the board refuses. */
  request(op: Op, payload: Uint8Array = new Uint8Array(), timeoutMs = DEFAULT_TIMEOUT_MS): Promise<Uint8Array> {
    return this.rawRequest(op, payload, timeoutMs);
  }

  /** As `request`; the answer has the node's outputs with it, and so has the LinkError. */
  requestWithOutputs(op: Op, payload: Uint8Array, timeoutMs = DEFAULT_TIMEOUT_MS): Promise<Answer> {
    return this.#ask(op, payload, timeoutMs);
  }

  /** As `request`, with any number for the operation: for tests of the board. */
  async rawRequest(op: number, payload: Uint8Array, timeoutMs = DEFAULT_TIMEOUT_MS): Promise<Uint8Array> {
    return (await this.#ask(op, payload, timeoutMs)).payload;
  }

  #ask(op: number, payload: Uint8Array, timeoutMs: number): Promise<Answer> {
    if (this.#closed !== undefined) return Promise.reject(this.#closed);
    this.#sequence = nextSequence(this.#sequence);
    const sequence = this.#sequence;
    const content = encodeRequest(sequence, op, payload);
    if (content.length > MAX_CONTENT_BYTES)
      return Promise.reject(new RangeError("the request is too long for a frame"));
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(sequence);
        const complaint = this.#lastComplaint === "" ? "" : `; the board's last complaint: ${this.#lastComplaint}`;
        reject(new Error(`no response to operation ${op} within ${timeoutMs} ms${complaint}`));
      }, timeoutMs);
      this.#waiting.set(sequence, { resolve, reject, timer });
      this.#stream.write(encodeFrame(content));
    });
  }

  /** Rejects everything that waits. The stream itself is its owner's to end. */
  close(reason = new Error("the link is closed")): void {
    if (this.#closed !== undefined) return;
    this.#closed = reason;
    this.#rejectAll(reason);
  }

  #receive(response: Response | undefined): void {
    if (response === undefined) return;
    if (response.sequence === EVENT_SEQUENCE) {
      if (OUTPUTS.has(response.status)) this.#receiveOutput(response);
      else if (response.status === Status.record || response.status === Status.log) this.#receiveWord(response);
      else this.#receiveEvent(response.status, text(response.payload));
      return;
    }
    const outputs = this.#outputs;
    this.#outputs = [];
    const waiting = this.#waiting.get(response.sequence);
    if (waiting === undefined) return; // its request timed out
    this.#waiting.delete(response.sequence);
    clearTimeout(waiting.timer);
    if (response.status === Status.ok) waiting.resolve({ payload: response.payload, outputs });
    else waiting.reject(new LinkError(response.status, text(response.payload), outputs));
  }

  #receiveOutput(output: Response): void {
    if (this.#listener === undefined) this.#outputs.push(output);
    else this.#listener(output);
  }

  #receiveWord(word: Response): void {
    if (word.status === Status.log) this.onLog?.(text(word.payload));
    if (this.#listener !== undefined) this.#listener(word);
    else if (this.#early.length < MOST_EARLY) this.#early.push(word);
  }

  #receiveEvent(status: number, message: string): void {
    if (status === Status.ready) {
      for (const listener of this.#readyListeners.splice(0)) listener.resolve(message);
    } else if (status === Status.fault) {
      this.#rejectAll(new LinkError(status, `the board failed and restarted: ${message}`));
    } else {
      this.#lastComplaint = message;
    }
  }

  #rejectAll(reason: Error): void {
    for (const waiting of this.#waiting.values()) {
      clearTimeout(waiting.timer);
      waiting.reject(reason);
    }
    this.#waiting.clear();
    for (const listener of this.#readyListeners.splice(0)) listener.reject(reason);
  }
}
