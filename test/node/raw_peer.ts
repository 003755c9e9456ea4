import { Entropy } from "../../host/board/entropy.js";
import { KeyRing } from "../../host/board/key_ring.js";
import { NodeCrypto } from "../../host/board/node_crypto.js";
import { v8 } from "../../host/engine/v8.js";
import { NodeModule, readNode } from "../../host/node/module.js";
import { decodeMessage, encodeMessage, type Message } from "../../host/wire/message.js";
import type { TestNode } from "./network.js";

const REPLY = 1;
const ESTABLISHED = 2;
const MESSAGE = 3;

/** A peer that says whatever a test wants it to, on connection 0 of a node. */
export class RawPeer {
  readonly heard: Message[] = [];
  readonly keys: KeyRing;
  private readonly module: NodeModule;

  constructor(
    private readonly node: TestNode,
    name = "raw",
  ) {
    this.keys = new KeyRing(new Entropy(name, "root").bytes(32));
    this.module = new NodeModule(v8, readNode(), new NodeCrypto(this.keys));
    const ephemeral = new Entropy(name, "ephemeral").bytes(32);
    node.onSend = (_, bytes) => this.receive(bytes);
    node.node.connect(0);
    this.module.input(ephemeral);
    this.module.input(node.id, 32);
    const act = this.module.expect("transport_open", 0, 1);
    this.write(this.module.output(act));
  }

  /** Sends a message; text is hexadecimal of a whole one. */
  say(message: Parameters<typeof encodeMessage>[0] | string): void {
    const frame = typeof message === "string" ? Buffer.from(message, "hex") : encodeMessage(message);
    this.module.input(frame);
    this.write(this.module.output(this.module.expect("transport_send", 0, frame.length)));
  }

  /** Bytes as they are. */
  write(bytes: Uint8Array): void {
    this.node.node.receive(0, bytes);
  }

  /** What was heard since the last call. */
  take(): Message[] {
    return this.heard.splice(0);
  }

  private receive(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length;) {
      this.module.input(bytes.subarray(at));
      at += this.module.expect("transport_receive", 0, 0, bytes.length - at);
      const head = new DataView(this.module.output(8).buffer);
      const [event, length] = [head.getUint32(0, true), head.getUint32(4, true)];
      const content = this.module.output(length, 8);
      if (event === REPLY || event === ESTABLISHED) this.write(content);
      if (event === MESSAGE) {
        const message = decodeMessage(content);
        if (message !== undefined) this.heard.push(message);
      }
    }
  }
}
