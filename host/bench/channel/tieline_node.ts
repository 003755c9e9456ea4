import { createHash } from "node:crypto";
import { Entropy } from "../../board/entropy.js";
import { KeyRing } from "../../board/key_ring.js";
import { NODE_FLASH_SECTORS, NODE_SECTOR_BYTES, NodeBoard } from "../../board/node_board.js";
import { NodeCrypto } from "../../board/node_crypto.js";
import { NorFlash } from "../../board/nor_flash.js";
import { REGTEST_CHAIN_HASH } from "../../chain/chain.js";
import type { Engine } from "../../engine/engine.js";
import type { End, Line, Party } from "../../lnsim/wire.js";
import { MAX_CONNECTIONS } from "../../node/abi.js";
import { LightningNode, type NodeHost } from "../../node/lightning_node.js";
import { NodeModule, readNode } from "../../node/module.js";
import type { NodeEvent } from "../../node/node_event.js";
import { RecordingCrypto } from "../recorder.js";

export const HEIGHT = 1_000;
export const UTC_S = 1_800_000_000n;
const START = { height: HEIGHT, nowMs: 1_000n, utcS: UTC_S };

/** A whole node of this project on a board with good flash. Its channels are funded by transactions that nobody made. */
export class BenchNode implements Party, NodeHost {
  readonly nodeId: Uint8Array;
  readonly flash = new NorFlash(NODE_SECTOR_BYTES, NODE_FLASH_SECTORS);
  readonly crypto: NodeCrypto;
  readonly node: LightningNode;
  /** Called when a payment of this node's has come to its end. */
  onSettled: (paid: boolean) => void = () => undefined;
  /** Bytes that this node has sent. */
  sentBytes = 0;
  readonly problems: NodeEvent[] = [];
  private readonly lines = new Map<number, Line>();

  /** @param records notes what its crypto unit is asked for: slower */
  constructor(engine: Engine, name: string, records = false) {
    const entropy = new Entropy("channel benchmark", name);
    const keys = new KeyRing(entropy.stream("root").bytes(32));
    this.nodeId = keys.publicKey(0) as Uint8Array;
    this.crypto = records ? new RecordingCrypto(keys) : new NodeCrypto(keys);
    const board = new NodeBoard(this.flash, this.crypto, entropy.stream("random"));
    const config = { chainHash: REGTEST_CHAIN_HASH, prefix: "bcrt" };
    this.node = new LightningNode(new NodeModule(engine, readNode(), board), config, this, START);
  }

  dial(remote: Uint8Array, line: Line): End {
    return this.attach(line, remote);
  }

  accept(line: Line): End {
    return this.attach(line);
  }

  onSend(connection: number, bytes: Uint8Array): void {
    this.sentBytes += bytes.length;
    this.lines.get(connection)?.send(bytes);
  }

  onHangUp(connection: number): void {
    this.lines.get(connection)?.close();
    this.lines.delete(connection);
  }

  onEvent(event: NodeEvent): void {
    if (event.kind === "sent") this.onSettled(true);
    else if (event.kind === "failed") this.onSettled(false);
    else if (event.kind === "problem") this.problems.push(event);
    else if (event.kind === "funding needed") {
      this.node.fund(event.channel, createHash("sha256").update(event.script).digest(), 0);
    }
  }

  onBroadcast(): void {
    throw new Error("a channel was closed");
  }

  onWatch(): void {
    // Whoever makes the channel says when it is confirmed.
  }

  private attach(line: Line, remote?: Uint8Array): End {
    const connection = Array.from({ length: MAX_CONNECTIONS }, (_, i) => i).find((i) => !this.lines.has(i));
    if (connection === undefined) throw new Error("no connection is free");
    this.lines.set(connection, line);
    this.node.connect(connection, remote);
    return {
      receive: (bytes) => this.node.receive(connection, bytes),
      down: () => {
        if (this.lines.get(connection) !== line) return;
        this.lines.delete(connection);
        this.node.disconnect(connection);
      },
    };
  }
}
