import { Entropy } from "../../host/board/entropy.js";
import { NodeCrypto } from "../../host/board/node_crypto.js";
import { v8 } from "../../host/engine/v8.js";
import { NodeModule, readNode } from "../../host/node/module.js";
import type { TestNode } from "./network.js";

const REPLY = 1;
const ESTABLISHED = 2;
const MESSAGE = 3;

/** Compiled once for all ends. */
const file = readNode();

/** One end of a line whose keys are known: it speaks to a node in another node's name, and reads what the node says. */
class End {
  readonly module: NodeModule;
  /** What the node has said and nobody has passed on, oldest first. */
  readonly said: Buffer[] = [];
  /** A handshake is under way or done. */
  open = false;
  /** Every frame that was read, whatever became of it. */
  onFrame: (frame: Buffer) => void = () => undefined;
  private calls = 0;

  /** @param alias in whose name it speaks */
  constructor(
    readonly node: TestNode,
    readonly alias: TestNode,
    readonly connection: number,
  ) {
    this.module = new NodeModule(v8, file, new NodeCrypto(alias.keys));
    const { network } = node;
    node.onSend = (number, bytes) => {
      if (number === connection) this.receive(bytes);
      else network.send(node, number, bytes);
    };
    node.onHangUp = (number) => {
      if (number === connection) this.open = false;
      else network.cut(node, number);
    };
  }

  /** Calls the node, up to where both could say their `init`. */
  connect(): void {
    this.module.call("transport_close", 0);
    this.said.length = 0;
    this.open = true;
    this.node.node.connect(this.connection);
    this.module.input(new Entropy(`${this.node.name} ${this.alias.name}`, `${this.calls++}`).bytes(32));
    this.module.input(this.node.id, 32);
    this.write(this.module.output(this.module.expect("transport_open", 0, 1)));
  }

  /** The line is down. */
  drop(): void {
    if (this.open && this.node.alive) this.node.node.disconnect(this.connection);
    this.open = false;
    this.said.length = 0;
  }

  /** Says a message, of up to 4,096 bytes. */
  say(frame: Uint8Array): void {
    if (!this.open) return;
    this.module.input(frame);
    this.write(this.module.output(this.module.expect("transport_send", 0, frame.length)));
  }

  /** Bytes as they are. */
  write(bytes: Uint8Array): void {
    if (this.open && this.node.alive) this.node.node.receive(this.connection, bytes);
  }

  private receive(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length;) {
      this.module.input(bytes.subarray(at));
      at += this.module.expect("transport_receive", 0, 0, bytes.length - at);
      const head = new DataView(this.module.output(8).buffer);
      const [event, length] = [head.getUint32(0, true), head.getUint32(4, true)];
      const content = Buffer.from(this.module.output(length, 8));
      if (event === REPLY || event === ESTABLISHED) this.write(content);
      if (event === MESSAGE) {
        this.said.push(content);
        this.onFrame(content);
      }
    }
  }
}

/**
 * Somebody between two nodes who has the keys of both: reads all that they say to each other, and passes on what it likes.
 * So one of them hears from a peer that can do everything which that peer could do.
 */
export class Between {
  readonly ends: readonly [End, End];

  constructor(
    readonly a: TestNode,
    readonly b: TestNode,
    connections: readonly [number, number] = [0, 0],
  ) {
    this.ends = [new End(a, b, connections[0]), new End(b, a, connections[1])];
  }

  get open(): boolean {
    return this.ends[0].open && this.ends[1].open;
  }

  connect(): void {
    this.drop();
    for (const end of this.ends) end.connect();
  }

  drop(): void {
    for (const end of this.ends) end.drop();
  }

  /** What node `from` (0: a) has said next, taken off the line; undefined if it has nothing to say. */
  take(from: number): Buffer | undefined {
    return this.ends[from]?.said.shift();
  }

  /** Says a message to the peer of node `from`, in the name of that node. */
  pass(from: number, frame: Uint8Array): void {
    this.ends[1 - from]?.say(frame);
  }

  /** Passes on one message of a node: whether there was one. One who hung up is heard to the end, then the line is down. */
  step(from: number): boolean {
    const frame = this.take(from);
    if (frame !== undefined) this.pass(from, frame);
    else if (!this.open && this.ends.some((end) => end.open) && !this.ends[from]?.open) this.drop();
    return frame !== undefined;
  }

  /** Passes on everything, until there is nothing. */
  run(): void {
    for (let steps = 0; ; steps++) {
      const both = [this.step(0), this.step(1)];
      if (!both.includes(true)) return;
      if (steps > 10_000) throw new Error("the nodes do not come to rest");
    }
  }

  /** Passes on everything before the first message of a type that node `from` says: that one, taken off the line. */
  upTo(from: number, type: number): Buffer {
    for (let steps = 0; steps < 10_000; steps++) {
      if (this.ends[from]?.said[0]?.readUInt16BE(0) === type) return this.take(from) as Buffer;
      const moved = this.step(from) || this.step(1 - from);
      if (!moved) break;
    }
    throw new Error(`no message ${type} comes`);
  }
}

/** Number of the commitment transaction that this is, or undefined if it is none. BOLT 3, "Commitment Transaction". */
export function commitmentNumber(locktime: number, sequence: number, obscuring: bigint): bigint | undefined {
  if (locktime >>> 24 !== 0x20 || sequence >>> 24 !== 0x80) return undefined;
  return ((BigInt(sequence & 0xffffff) << 24n) | BigInt(locktime & 0xffffff)) ^ obscuring;
}
