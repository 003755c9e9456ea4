import { KeyRing } from "../../host/board/key_ring.js";
import { NodeBoard, type NodeOutput } from "../../host/board/node_board.js";
import { NodeCrypto } from "../../host/board/node_crypto.js";
import { NorFlash } from "../../host/board/nor_flash.js";
import { Entropy } from "../../host/board/entropy.js";
import { engineByName } from "../../host/engine/index.js";
import { SECTOR_BYTES, PARTITION_SECTORS } from "../../host/link/image.js";
import type { Machine } from "../../host/link/machine.js";
import { COMMANDS, type CommandName, type NodeExportName } from "../../host/node/abi.js";
import { type ChannelInfo, readChannel } from "../../host/node/answers.js";
import { NodeModule, readNode } from "../../host/node/module.js";
import { type NodeEvent, readEvent } from "../../host/node/node_event.js";
import { bootRecord, type NodeConfig, payRecord, type PayRequest } from "../../host/node/requests.js";
import { RecordWriter } from "../../host/node/record_fields.js";

/** Longer than whatever a command answers here. */
const ANSWER_BYTES = 1024;

/** What one call of a node gave. */
interface Reply {
  readonly result: number;
  readonly output: Uint8Array;
  readonly outputs: readonly NodeOutput[];
}
type Call = (
  name: NodeExportName,
  args: readonly (number | bigint)[],
  input: Uint8Array,
  outputBytes: number,
) => Promise<Reply>;

/** Where a node runs: what switches it on gives how it is called. */
export type Host = () => Promise<Call>;

/** A node in this process, on V8, with flash that begins with an image. */
export function inProcess(keys: KeyRing, image: Uint8Array, seed: string): Host {
  const flash = new NorFlash(SECTOR_BYTES, PARTITION_SECTORS.node, image);
  let starts = 0;
  return async () => {
    const board = new NodeBoard(flash, new NodeCrypto(keys), new Entropy(seed, `${starts++}`));
    const module = new NodeModule(engineByName("v8"), readNode(), board);
    return async (name, args, input, outputBytes) => {
      module.input(input);
      const result = module.call(name, ...args);
      return { result, output: module.output(outputBytes), outputs: board.outputs.splice(0) };
    };
  };
}

/** The node of a board, which is on. `onCall` is told of each call as it is under way. */
export function onBoard(machine: Machine, onCall: () => void = () => undefined): Host {
  return async () => {
    await machine.client.start("node");
    return (...call) => {
      const reply = machine.client.callNode(...call);
      onCall();
      return reply;
    };
  };
}

/** A node of a live network. Its calls take their time, and any of them may end with its power. */
export class LiveNode {
  readonly events: NodeEvent[] = [];
  readonly broadcasts: Uint8Array[] = [];
  #call: Call | undefined;

  constructor(
    readonly network: LiveNetwork,
    readonly name: string,
    readonly id: Uint8Array,
    private readonly host: Host,
    private readonly config: NodeConfig,
  ) {}

  get isOn(): boolean {
    return this.#call !== undefined;
  }

  /** Switches it on: what boot says, 1 if there was something in its flash. */
  async start(): Promise<number> {
    this.#call = await this.host();
    const { height, nowMs, utcS } = this.network;
    const record = bootRecord(this.config, height, nowMs, utcS);
    return (await this.call("boot", [record.length], record)).result;
  }

  /** Its power is gone, and with it all lines. */
  off(): void {
    this.#call = undefined;
    this.network.drop(this);
  }

  /** Calls an export, and sends on what comes out. Throws where the module refuses. */
  async call(
    name: NodeExportName,
    args: readonly (number | bigint)[],
    input: Uint8Array = new Uint8Array(0),
    outputBytes = 0,
  ): Promise<Reply> {
    if (this.#call === undefined) throw new Error(`${this.name} is off`);
    const reply = await this.#call(name, args, input, outputBytes);
    for (const output of reply.outputs) {
      if (output.kind === "send") this.network.send(this, output.connection, output.bytes);
      else if (output.kind === "hang_up") this.network.hangUp(this, output.connection);
      else if (output.kind === "tell") this.events.push(readEvent(output.what, output.record));
      else if (output.kind === "broadcast") this.broadcasts.push(output.transaction);
    }
    if (reply.result < 0) throw new Error(`${name} of ${this.name}: code ${reply.result}`);
    return reply;
  }

  async command(name: CommandName, record: Uint8Array): Promise<Uint8Array> {
    const { result, output } = await this.call("command", [COMMANDS[name], record.length], record, ANSWER_BYTES);
    return output.slice(0, result);
  }

  async channel(channel: number): Promise<ChannelInfo> {
    return readChannel(await this.command("CHANNEL", new RecordWriter().number(channel, 4).end()));
  }

  async pay(request: PayRequest): Promise<void> {
    await this.command("PAY", payRecord(request));
  }

  told<K extends NodeEvent["kind"]>(kind: K): Extract<NodeEvent, { kind: K }>[] {
    return this.events.filter((event): event is Extract<NodeEvent, { kind: K }> => event.kind === kind);
  }
}

interface End {
  readonly node: LiveNode;
  readonly connection: number;
}

/** Nodes of which some run on boards, and lines between them. Nothing happens unless it is awaited. */
export class LiveNetwork {
  nowMs = 1_000_000n;
  utcS = 1_800_100_000n;
  readonly nodes: LiveNode[] = [];
  private lines: (readonly [End, End])[] = [];
  private waiting: { readonly to: End; readonly bytes: Uint8Array | undefined }[] = [];
  /** Called where a call throws: whether it was to be expected. */
  onCrash: (node: LiveNode, error: unknown) => boolean = () => false;

  constructor(readonly height: number) {}

  add(name: string, id: Uint8Array, host: Host, config: NodeConfig): LiveNode {
    const node = new LiveNode(this, name, id, host, config);
    this.nodes.push(node);
    return node;
  }

  /** Lays a line, unless it is there, and lets the first end call. */
  async connect(a: End, b: End): Promise<void> {
    if (!a.node.isOn || !b.node.isOn || this.lineOf(a.node, a.connection)) return;
    this.lines.push([a, b]);
    await this.guard(b.node, () => b.node.call("connect", [b.connection, 0]));
    await this.guard(a.node, () => a.node.call("connect", [a.connection, 1], b.node.id));
  }

  send(from: LiveNode, connection: number, bytes: Uint8Array): void {
    const to = this.otherEnd(from, connection);
    if (to !== undefined) this.waiting.push({ to, bytes });
  }

  /** One end is gone: what it has sent still arrives, then the other end hears of it. */
  hangUp(node: LiveNode, connection: number): void {
    const to = this.otherEnd(node, connection);
    if (to !== undefined) this.waiting.push({ to, bytes: undefined });
  }

  /** All lines of a node are dead. */
  drop(node: LiveNode): void {
    for (const line of this.lines) {
      const end = line.find((one) => one.node === node);
      if (end !== undefined) this.hangUp(node, end.connection);
    }
  }

  /** Until nothing is under way. */
  async run(): Promise<void> {
    for (let steps = 0; ; steps++) {
      if (steps > 2000) throw new Error("the nodes do not come to rest");
      const piece = this.waiting.shift();
      if (piece === undefined) return;
      const { node, connection } = piece.to;
      const line = this.lineOf(node, connection);
      const { bytes } = piece;
      if (bytes === undefined) this.lines = this.lines.filter((one) => one !== line);
      if (!node.isOn || line === undefined) continue;
      if (bytes === undefined) await this.guard(node, () => node.call("disconnect", [connection]));
      else await this.guard(node, () => node.call("receive", [connection, bytes.length], bytes));
    }
  }

  /** Seconds go by. */
  async seconds(count: number): Promise<void> {
    for (let i = 0; i < count; i++) {
      this.nowMs += 1000n;
      this.utcS += 1n;
      for (const node of this.nodes) {
        if (node.isOn) await this.guard(node, () => node.call("tick", [this.nowMs, this.utcS]));
      }
      await this.run();
    }
  }

  /** Does something with a node, whose power may fail meanwhile. */
  async guard(node: LiveNode, body: () => Promise<unknown>): Promise<void> {
    try {
      await body();
    } catch (error) {
      if (!this.onCrash(node, error)) throw error;
      node.off();
    }
  }

  private lineOf(node: LiveNode, connection: number): readonly [End, End] | undefined {
    return this.lines.find((line) => line.some((end) => end.node === node && end.connection === connection));
  }

  private otherEnd(node: LiveNode, connection: number): End | undefined {
    return this.lineOf(node, connection)?.find((end) => end.node !== node);
  }
}
