import { join } from "node:path";
import { MessageChannel, type MessagePort, receiveMessageOnPort, Worker } from "node:worker_threads";
import { projectRoot } from "../root.js";

/**
 * What a stream leads to: a process's standard input and output, a socket that somebody listens on, a unix socket that
 * this side listens on, for one caller at a time, or a serial port.
 */
export type StreamTarget =
  | { readonly kind: "process"; readonly command: string; readonly args: readonly string[] }
  | { readonly kind: "socket"; readonly path: string; readonly withinMs: number }
  | { readonly kind: "socket"; readonly host: string; readonly port: number; readonly withinMs: number }
  | { readonly kind: "listen"; readonly path: string }
  | { readonly kind: "serial"; readonly path: string; readonly baudRate: number };

type Message =
  { readonly bytes: Uint8Array } | { readonly pid: number } | { readonly open: true } | { readonly ended: string };

const CLOSE_MS = 5000;

/** Processes that are not closed yet: none may outlive this one. */
const processes = new Set<number>();
process.once("exit", () => {
  for (const pid of processes) {
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // It has ended by itself.
    }
  }
});

/** The stream is over: who reads or writes it has to open another one. */
export class StreamEnded extends Error {
  override readonly name = "StreamEnded";
}

/**
 * A byte stream whose reader waits. Boards at the end of one can so stand where an engine in this process stands, whose
 * calls return with their results. A thread of its own (stream_worker.mjs) does what is asynchronous.
 */
export class BlockingStream {
  readonly #worker: Worker;
  readonly #port: MessagePort;
  readonly #count = new Int32Array(new SharedArrayBuffer(4));
  readonly #unread: Uint8Array[] = [];
  #pid: number | undefined;
  #open = false;
  #settled = false;
  #ended: string | undefined;

  constructor(target: StreamTarget) {
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    port1.unref();
    this.#worker = new Worker(join(projectRoot(), "host/link/stream_worker.mjs"), {
      workerData: { target, port: port2, count: this.#count },
      transferList: [port2],
    });
    this.#worker.unref();
  }

  /** Why it is over; undefined while it is not. */
  get ended(): string | undefined {
    return this.#ended;
  }

  /** Hands bytes over. Throws StreamEnded. */
  write(bytes: Uint8Array): void {
    if (this.#ended !== undefined) throw new StreamEnded(this.#ended);
    this.#port.postMessage(Uint8Array.from(bytes));
  }

  /** Waits until it is open: a process started, a socket connected or listening. Throws StreamEnded, also if it takes too long. */
  opened(withinMs: number): void {
    if (this.#wait(withinMs, () => this.#open)) return;
    throw new StreamEnded(`it does not open within ${withinMs} ms`);
  }

  /** Waits until the far side has taken notice of what has happened by now: that somebody has called, say. Throws StreamEnded. */
  settle(withinMs: number): void {
    this.#settled = false;
    this.#port.postMessage("settle");
    if (!this.#wait(withinMs, () => this.#settled)) throw new StreamEnded(`it does not answer within ${withinMs} ms`);
  }

  /** Waits until bytes come, at most `withinMs`: none then. Throws StreamEnded once all that came has been read. */
  read(withinMs: number): Uint8Array {
    this.#wait(withinMs, () => this.#unread.length > 0);
    return this.#unread.shift() ?? new Uint8Array();
  }

  /** Takes messages until something is there: false if it is not in time. */
  #wait(withinMs: number, isThere: () => boolean): boolean {
    const until = performance.now() + withinMs;
    for (;;) {
      const seen = Atomics.load(this.#count, 0);
      if (isThere()) return true;
      const received = receiveMessageOnPort(this.#port) as { message: Message } | undefined;
      if (received !== undefined) {
        this.#take(received.message);
        continue;
      }
      if (this.#ended !== undefined) throw new StreamEnded(this.#ended);
      const leftMs = until - performance.now();
      if (leftMs <= 0) return false;
      Atomics.wait(this.#count, 0, seen, leftMs);
    }
  }

  /** Ends it; a process is killed, and has ended when this returns. */
  close(): void {
    if (this.#ended === undefined) {
      this.#port.postMessage("close");
      try {
        const until = performance.now() + CLOSE_MS;
        while (performance.now() < until) this.read(Math.max(0, until - performance.now()));
      } catch (error) {
        if (!(error instanceof StreamEnded)) throw error;
      }
    }
    void this.#worker.terminate();
  }

  #take(message: Message): void {
    if ("bytes" in message) this.#unread.push(message.bytes);
    else if ("open" in message) this.#open = true;
    else if ("settled" in message) this.#settled = true;
    else if ("pid" in message) {
      this.#pid = message.pid;
      processes.add(message.pid);
    } else {
      this.#ended = message.ended;
      if (this.#pid !== undefined) processes.delete(this.#pid);
    }
  }
}
