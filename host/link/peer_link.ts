// The host's end of a peer link: boards/LINK.md, "Peer links". boards/runtime/peer_link.c is the boards' end.

import { encodeFrame, FrameDecoder } from "./frame.js";

const Kind = { hello: 1, data: 2, ack: 3, bye: 4 } as const;

const HELLO_BYTES = 10;
const DATA_HEADER_BYTES = 7;
const ACK_BYTES = 7;
const BYE_BYTES = 5;

export const PEER_DATA_BYTES = 512;
export const PEER_WINDOW = 4;
/** Longest content. */
const MOST_BYTES = DATA_HEADER_BYTES + PEER_DATA_BYTES;
const HELLO_EVERY_US = 1_000_000n;
const FIRST_PAUSE_US = 250_000n;
const LAST_PAUSE_US = 2_000_000n;
const FAILURES = 10;

const NUMBERS = 0x1_0000;
const LAST_SESSION = 0xffff_ffff;

export interface PeerLinkOptions {
  /** Takes all it is given: bytes for the line. What comes back is fed later, not from within. */
  write(bytes: Uint8Array): void;
  /** The time, microseconds; never goes back. */
  nowUs(): bigint;
  /** Number of the first session: one that this end has not used lately. 1 to 2^32 - 1. */
  readonly session: number;
  onConnect(): void;
  onReceive(bytes: Uint8Array): void;
  /** Not called where this end has hung up. */
  onDisconnect(): void;
}

/**
 * One end of a peer link. It does nothing but when it is called: `feed` with what has arrived, `poll` once `dueUs` has
 * come, `send` and `hangUp` at any time.
 */
export class PeerLink {
  readonly #options: PeerLinkOptions;
  readonly #decoder = new FrameDecoder();
  #state: "none" | "open" | "closing" = "none";
  #session: number;
  #remote = 0;
  #beginsUs = 0n;
  #dueUs: bigint | undefined;
  /** What is to be said and is in no frame yet. */
  #queue: Uint8Array[] = [];
  /** Frames that are not acknowledged; `#first` is the first one's number. */
  #frames: Uint8Array[] = [];
  #first = 0;
  #expected = 0;
  #failures = 0;
  #pauseUs = FIRST_PAUSE_US;
  #owesHello = false;
  #owesAck = false;
  /** What has arrived is being looked at; what is to be written comes after it. */
  #feeding = false;

  /** Sends the first HELLO with the first `poll`. */
  constructor(options: PeerLinkOptions) {
    this.#options = options;
    this.#session = options.session;
    this.#dueUs = options.nowUs();
  }

  get connected(): boolean {
    return this.#state === "open";
  }

  /** Bytes that were sent and have not arrived yet, as far as this end knows. */
  get outstanding(): number {
    return [...this.#frames, ...this.#queue].reduce((sum, bytes) => sum + bytes.length, 0);
  }

  /** When `poll` has something to do though nothing arrives; `undefined`: never. */
  get dueUs(): bigint | undefined {
    return this.#dueUs;
  }

  /** Takes bytes from the line, in any portions. */
  feed(bytes: Uint8Array): void {
    this.#feeding = true;
    try {
      for (const content of this.#decoder.feed(bytes)) this.#take(Buffer.from(content));
    } finally {
      this.#feeding = false;
    }
    this.#write();
  }

  /** Bytes for the other side. Without a connection they go nowhere. */
  send(bytes: Uint8Array): void {
    if (this.#state !== "open") return;
    this.#queue.push(Uint8Array.from(bytes));
    this.#write();
  }

  /** Ends the connection, once all that was sent has arrived. */
  hangUp(): void {
    if (this.#state !== "open") return;
    this.#state = "closing";
    this.#write();
  }

  /** Does what is due by now. */
  poll(): void {
    if (this.#dueUs === undefined || this.#options.nowUs() < this.#dueUs) return;
    if (this.#state === "none") {
      this.#owesHello = true;
      this.#dueUs = this.#options.nowUs() + HELLO_EVERY_US;
      this.#write();
      return;
    }
    if (++this.#failures === FAILURES) {
      this.#end(true);
      return;
    }
    this.#pauseUs = 2n * this.#pauseUs < LAST_PAUSE_US ? 2n * this.#pauseUs : LAST_PAUSE_US;
    for (const [i, bytes] of this.#frames.entries()) this.#data(i, bytes);
  }

  #take(content: Buffer): void {
    const kind = content[0];
    if (kind === Kind.hello && content.length === HELLO_BYTES) {
      this.#takeHello(content.readUInt32LE(1), content.readUInt32LE(5), content[9] !== 0);
    } else if (kind === Kind.data && content.length > DATA_HEADER_BYTES && content.length <= MOST_BYTES) {
      this.#takeData(content.readUInt32LE(1), content.readUInt16LE(5), content.subarray(DATA_HEADER_BYTES));
    } else if (kind === Kind.ack && content.length === ACK_BYTES) {
      this.#takeAck(content.readUInt32LE(1), content.readUInt16LE(5));
    } else if (kind === Kind.bye && content.length === BYE_BYTES) {
      if (this.#state !== "none" && content.readUInt32LE(1) === this.#remote) this.#end(false);
    }
  }

  #takeHello(from: number, to: number, connected: boolean): void {
    if (from === 0 || from === this.#session) return;
    if (this.#state !== "none") {
      if (from === this.#remote && to === this.#session) {
        if (!connected) this.#owesHello = true;
        return;
      }
      this.#end(false);
    }
    const now = this.#options.nowUs();
    if (now < this.#beginsUs) return;
    this.#remote = from;
    if (to !== this.#session || !connected) this.#owesHello = true;
    this.#dueUs = now + HELLO_EVERY_US;
    if (to !== this.#session) return;
    this.#state = "open";
    this.#beginsUs = now + HELLO_EVERY_US;
    this.#dueUs = undefined;
    this.#first = this.#expected = this.#failures = 0;
    this.#pauseUs = FIRST_PAUSE_US;
    this.#options.onConnect();
  }

  #takeData(from: number, number: number, bytes: Uint8Array): void {
    if (this.#state === "none" || from !== this.#remote) return;
    this.#owesAck = true;
    if (number !== this.#expected) return;
    this.#expected = (this.#expected + 1) % NUMBERS;
    if (this.#state === "open") this.#options.onReceive(Uint8Array.from(bytes));
  }

  #takeAck(to: number, next: number): void {
    const count = (next - this.#first + NUMBERS) % NUMBERS;
    if (this.#state === "none" || to !== this.#session || count === 0 || count > this.#frames.length) return;
    this.#frames.splice(0, count);
    this.#first = next;
    this.#failures = 0;
    this.#pauseUs = FIRST_PAUSE_US;
    this.#dueUs = this.#frames.length === 0 ? undefined : this.#options.nowUs() + this.#pauseUs;
  }

  #end(sayBye: boolean): void {
    const told = this.#state === "open";
    if (sayBye) this.#frame(Kind.bye, this.#session, 0);
    this.#state = "none";
    this.#owesHello = this.#owesAck = false;
    this.#session = this.#session === LAST_SESSION ? 1 : this.#session + 1;
    this.#remote = 0;
    this.#queue = [];
    this.#frames = [];
    this.#dueUs = this.#beginsUs;
    if (told) this.#options.onDisconnect();
  }

  /** Writes what is owed, and as much of the queue as may be under way. */
  #write(): void {
    if (this.#feeding) return;
    if (this.#owesHello) this.#hello();
    if (this.#owesAck) this.#frame(Kind.ack, this.#remote, 2, (content) => content.writeUInt16LE(this.#expected, 5));
    this.#owesHello = this.#owesAck = false;
    if (this.#state === "none") return;
    while (this.#frames.length < PEER_WINDOW && this.#queue.length > 0) {
      const all = Buffer.concat(this.#queue);
      const bytes = all.subarray(0, PEER_DATA_BYTES);
      this.#queue = all.length > bytes.length ? [all.subarray(bytes.length)] : [];
      if (bytes.length === 0) continue;
      this.#data(this.#frames.push(bytes) - 1, bytes);
    }
    if (this.#state === "closing" && this.#frames.length === 0) this.#end(true);
  }

  #hello(): void {
    this.#frame(Kind.hello, this.#session, 5, (content) => {
      content.writeUInt32LE(this.#remote, 5);
      content[9] = this.#state === "none" ? 0 : 1;
    });
  }

  #data(i: number, bytes: Uint8Array): void {
    this.#dueUs = this.#options.nowUs() + this.#pauseUs;
    this.#frame(Kind.data, this.#session, 2 + bytes.length, (content) => {
      content.writeUInt16LE((this.#first + i) % NUMBERS, 5);
      content.set(bytes, DATA_HEADER_BYTES);
    });
  }

  #frame(kind: number, session: number, more: number, fill?: (content: Buffer) => void): void {
    const content = Buffer.alloc(5 + more);
    content[0] = kind;
    content.writeUInt32LE(session, 1);
    fill?.(content);
    this.#options.write(encodeFrame(content));
  }
}
