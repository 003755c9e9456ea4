// One end of a peer link with a node that talks by rule, as peer_link_harness.c has it, and a script of all that the end
// went through.

import { PeerLink } from "../../host/link/peer_link.js";

/** As much as a board has room for: peer_state.h. */
const ROOM = 8_192;

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

/** What the node says in its `connection`-th connection. */
export const words = (connection: number, from: number, length: number): Uint8Array =>
  Uint8Array.from({ length }, (_, i) => {
    const at = from + i;
    return at < 4 ? connection >> (8 * at) : connection * 31 + at * 7 + (at >> 8);
  });

export interface Heard {
  bytes: Buffer;
  over: boolean;
}

export class PeerEnd {
  link: PeerLink;
  now = 0n;
  /** Frames for the line, which the line takes out. */
  written: Uint8Array[] = [];
  /** What was heard in each connection. */
  readonly heard: Heard[] = [];
  /** How much was said in each connection, the first one's at 1. */
  readonly said: number[] = [0];
  /** What the harness is told, and what it has to answer. */
  readonly script: string[] = [];
  readonly events: string[] = [];
  readonly lines: string[] = [];
  private obedient = false;

  constructor(
    readonly calls: boolean,
    session: number,
  ) {
    this.link = this.start(session);
  }

  /** The firmware starts anew: it knows nothing of what was. */
  restart(session: number): void {
    const last = this.heard.at(-1);
    if (last !== undefined) last.over = true;
    this.link = this.start(session);
  }

  /** From now on the node says what it is told to say, and nothing by rule. */
  obey(): void {
    this.obedient = true;
    this.script.push("b");
  }

  private start(session: number): PeerLink {
    this.script.push(`n ${session} ${this.calls ? 1 : 0}`);
    return new PeerLink({
      session,
      write: (bytes) => {
        this.written.push(bytes);
        this.lines.push(`w ${hex(bytes)}`);
      },
      nowUs: () => this.now,
      onConnect: () => {
        this.events.push("c");
        this.heard.push({ bytes: Buffer.alloc(0), over: false });
        this.said.push(0);
        if (this.calls) this.say(50);
      },
      onReceive: (bytes) => {
        this.events.push(`r ${hex(bytes)}`);
        const last = this.heard.at(-1);
        if (last !== undefined) last.bytes = Buffer.concat([last.bytes, bytes]);
        if (this.obedient) return;
        const what = (bytes[0] ?? 0) + bytes.length;
        if (what % 3 === 0) this.say(bytes.length);
        if (what % 41 === 0) this.hangUp();
      },
      onDisconnect: () => {
        this.events.push("d");
        const last = this.heard.at(-1);
        if (last !== undefined) last.over = true;
      },
    });
  }

  private hangUp(): void {
    const last = this.heard.at(-1);
    if (last !== undefined) last.over = true;
    this.link.hangUp();
  }

  private say(count: number): void {
    if (!this.link.connected || this.link.outstanding + count > ROOM) return;
    const connection = this.said.length - 1;
    const from = this.said[connection] ?? 0;
    this.said[connection] = from + count;
    this.link.send(words(connection, from, count));
  }

  /** Whatever is due by `now`. */
  poll(now: bigint): void {
    this.now = now;
    while (this.link.dueUs !== undefined && this.link.dueUs <= now) this.link.poll();
    this.script.push(`t ${now}`);
    const due = this.link.dueUs;
    this.events.push(due === undefined ? "= never" : `= ${due - now}`);
  }

  /** One thing happens at `now`, and what comes of it. */
  happens(now: bigint, what: { fed: Uint8Array } | { said: number } | "hang up"): void {
    this.poll(now);
    if (what === "hang up") {
      this.script.push("h");
      this.hangUp();
    } else if ("fed" in what) {
      this.script.push(`f ${hex(what.fed)}`);
      this.link.feed(what.fed);
    } else {
      this.script.push(`s ${what.said}`);
      this.say(what.said);
    }
    this.poll(now);
  }
}
