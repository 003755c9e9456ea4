import { Entropy } from "../../host/board/entropy.js";
import { KeyRing } from "../../host/board/key_ring.js";
import type { MeterPort } from "../../host/board/meter_port.js";
import { NODE_FLASH_SECTORS, NODE_SECTOR_BYTES, NodeBoard, type RandomSource } from "../../host/board/node_board.js";
import { NodeCrypto } from "../../host/board/node_crypto.js";
import { NorFlash } from "../../host/board/nor_flash.js";
import type { Engine } from "../../host/engine/engine.js";
import { engineByName } from "../../host/engine/index.js";
import type { ModuleFile } from "../../host/engine/module_file.js";
import { LightningNode, type NodeHost } from "../../host/node/lightning_node.js";
import type { NodeEvent } from "../../host/node/node_event.js";
import type { EnergyParameters } from "../../host/node/energy_requests.js";
import type { NodeConfig, PayHop, PayRequest } from "../../host/node/requests.js";
import { decodeInvoice } from "../../host/decode/invoice.js";
import { NodeModule, readNode } from "../../host/node/module.js";
import { hex } from "../driver/vectors.js";

export const CONFIG: NodeConfig = { chainHash: new Uint8Array(32).fill(0x06), prefix: "bcrt" };
export const START_HEIGHT = 1000;
/** Another chain, with a height of its own. */
export const OTHER_CHAIN = new Uint8Array(32).fill(0x0f);
export const OTHER_START_HEIGHT = 30_000;
/** Flash that can fail: NorFlash or one of its kinds. */
export type MakeFlash = (image?: Uint8Array) => NorFlash;
const goodFlash: MakeFlash = (image) => new NorFlash(NODE_SECTOR_BYTES, NODE_FLASH_SECTORS, image);

/** One line between two nodes; bytes wait on it until the network lets them through. */
export interface Line {
  readonly ends: readonly [End, End];
  readonly waiting: { readonly to: End; readonly bytes: Uint8Array }[];
  open: boolean;
}
interface End {
  readonly node: TestNode;
  readonly connection: number;
}

/** A node, its board, and what it has told. It can be switched off and on again with the flash that it has. */
export class TestNode {
  readonly events: NodeEvent[] = [];
  readonly broadcasts: Uint8Array[] = [];
  /** Numbers of the chains that these are for. */
  readonly broadcastChains: number[] = [];
  readonly watched = new Map<number, Uint8Array>();
  readonly lines: (Line | undefined)[] = [undefined, undefined, undefined, undefined];
  readonly keys: KeyRing;
  readonly flash: NorFlash;
  node!: LightningNode;
  board!: NodeBoard;
  alive = false;
  /** How far its clock is ahead of the network's, s. */
  aheadS = 0n;
  /** It has no clock. */
  clockless = false;
  private starts = 0;

  constructor(
    readonly network: TestNetwork,
    readonly name: string,
    makeFlash: MakeFlash,
    image?: Uint8Array,
    readonly config = CONFIG,
    private readonly meters: readonly MeterPort[] = [],
  ) {
    this.keys = new KeyRing(new Entropy(name, "root").bytes(32));
    this.flash = makeFlash(image);
    this.start();
  }

  get utcS(): bigint {
    return this.clockless ? 0n : this.network.utcS + this.aheadS;
  }

  get id(): Uint8Array {
    return this.keys.publicKey(0) as Uint8Array;
  }

  /** Switches it on, with the flash as it is. */
  start(): void {
    const { engine, random } = this.network.equip(this.name, this.starts++);
    this.board = new NodeBoard(this.flash, new NodeCrypto(this.keys), random, this.meters);
    this.alive = true;
    const { nowMs } = this.network;
    const file = this.network.files.get(this.name) ?? this.network.file;
    this.node = new LightningNode(new NodeModule(engine, file, this.board), this.config, this, {
      height: this.network.heightOf(this.config.chainHash),
      secondHeight: this.network.heightOf(this.config.secondChain?.chainHash),
      nowMs,
      utcS: this.utcS,
    });
  }

  /** Power is gone: its lines are dead, though what it had sent still arrives. */
  kill(): void {
    this.alive = false;
    for (let connection = 0; connection < this.lines.length; connection++) this.network.cut(this, connection);
  }

  onSend(connection: number, bytes: Uint8Array): void {
    this.network.send(this, connection, bytes);
  }

  onHangUp(connection: number): void {
    this.network.cut(this, connection);
  }

  onEvent(event: NodeEvent): void {
    this.events.push(event);
    this.network.onEvent(this, event);
  }

  onBroadcast(transaction: Uint8Array, chain: number): void {
    this.broadcasts.push(transaction);
    this.broadcastChains.push(chain);
  }

  onWatch: NodeHost["onWatch"] = (channel, outpoint) => {
    this.watched.set(channel, outpoint);
  };

  told<K extends NodeEvent["kind"]>(kind: K): Extract<NodeEvent, { kind: K }>[] {
    return this.events.filter((event): event is Extract<NodeEvent, { kind: K }> => event.kind === kind);
  }
}

const isOther = (chainHash: Uint8Array | undefined): boolean =>
  chainHash !== undefined && Buffer.compare(chainHash, OTHER_CHAIN) === 0;

/** Nodes in one process, lines between them, and chains that confirm what is funded when they are asked to. */
export class TestNetwork {
  readonly engine: Engine;
  readonly file = readNode();
  /** Firmware of its own, by a node's name. */
  readonly files = new Map<string, ModuleFile>();
  readonly nodes: TestNode[] = [];
  private lines: Line[] = [];
  private fundings = 0;
  height = START_HEIGHT;
  /** Of OTHER_CHAIN. */
  otherHeight = OTHER_START_HEIGHT;
  nowMs = 1_000n;
  utcS = 1_800_000_000n;
  /** A call into a node threw: by default that is the end of the test. */
  onCrash: (node: TestNode, error: unknown) => void = (_, error) => {
    throw error;
  };

  /** @param seed of the nodes' random generators: another one for every life that begins with the same flash */
  constructor(
    engine: Engine["name"],
    readonly seed = "network",
  ) {
    this.engine = engineByName(engine);
  }

  /** What a node runs on when it is switched on for the `start`th time. */
  equip(name: string, start: number): { readonly engine: Engine; readonly random: RandomSource } {
    return { engine: this.engine, random: new Entropy(this.seed, `${name} ${start}`) };
  }

  /**
   * @param image what is in its flash; nothing if absent
   * @param meters its line meters
   */
  add(
    name: string,
    makeFlash: MakeFlash = goodFlash,
    image?: Uint8Array,
    config = CONFIG,
    meters: readonly MeterPort[] = [],
  ): TestNode {
    const node = new TestNode(this, name, makeFlash, image, config, meters);
    this.nodes.push(node);
    return node;
  }

  /** Lays a line from one node to another and lets the first one call. */
  connect(a: TestNode, b: TestNode): void {
    const first = a.lines.indexOf(undefined);
    const second = b.lines.findIndex((line, i) => line === undefined && (a !== b || i !== first));
    const ends = [
      { node: a, connection: first },
      { node: b, connection: second },
    ] as const;
    const line: Line = { ends, waiting: [], open: true };
    this.lines.push(line);
    for (const end of ends) end.node.lines[end.connection] = line;
    this.call(b, () => b.node.connect(ends[1].connection));
    this.call(a, () => a.node.connect(ends[0].connection, b.id));
  }

  send(from: TestNode, connection: number, bytes: Uint8Array): void {
    const line = from.lines[connection];
    if (!line) return;
    const to = line.ends.find((end) => end.node !== from || end.connection !== connection);
    if (to) line.waiting.push({ to, bytes });
  }

  /** One end of a line is gone. What is on it still arrives, then the other end hears of it. */
  cut(node: TestNode, connection: number): void {
    const line = node.lines[connection];
    if (!line) return;
    node.lines[connection] = undefined;
    line.open = false;
  }

  /** Cuts the line between two nodes at once, whatever is on it. */
  sever(a: TestNode, b: TestNode): void {
    for (const line of this.lines) {
      const nodes = line.ends.map((end) => end.node);
      if (nodes.includes(a) && nodes.includes(b)) {
        line.waiting.length = 0;
        line.open = false;
      }
    }
    this.run();
  }

  /** Lets one piece of what is on the lines arrive, or one end hear that its line is down; false if there is nothing. */
  step(): boolean {
    for (const line of this.lines) {
      const piece = line.waiting.shift();
      if (piece !== undefined) {
        const { node, connection } = piece.to;
        if (node.alive && node.lines[connection] === line)
          this.call(node, () => node.node.receive(connection, piece.bytes));
        return true;
      }
      if (line.open) continue;
      this.lines = this.lines.filter((other) => other !== line);
      for (const { node, connection } of line.ends) {
        if (node.lines[connection] !== line) continue;
        node.lines[connection] = undefined;
        if (node.alive) this.call(node, () => node.node.disconnect(connection));
      }
      return true;
    }
    return false;
  }

  /** Until nothing is on the lines. */
  run(): void {
    for (let steps = 0; this.step(); steps++) {
      if (steps > 10_000) throw new Error("the nodes do not come to rest");
    }
  }

  call(node: TestNode, body: () => void): void {
    try {
      body();
    } catch (error) {
      this.onCrash(node, error);
    }
  }

  onEvent(node: TestNode, event: NodeEvent): void {
    if (event.kind === "funding needed") {
      const txid = new Entropy("funding", `${this.fundings++}`).bytes(32);
      this.call(node, () => node.node.fund(event.channel, txid, 1));
    }
  }

  heightOf(chainHash: Uint8Array | undefined): number {
    return isOther(chainHash) ? this.otherHeight : this.height;
  }

  /** One block, that confirms every funding output on its chain that is watched. */
  mine(blocks = 1, other = false): void {
    for (let i = 0; i < blocks; i++) {
      const height = other ? ++this.otherHeight : ++this.height;
      for (const node of this.nodes) {
        const { chainHash, secondChain } = node.config;
        const chain = [chainHash, secondChain?.chainHash].findIndex((hash) => hash && isOther(hash) === other);
        if (!node.alive || chain < 0) continue;
        node.node.block(height, chain);
        for (const channel of node.node.channels()) {
          if (!node.watched.has(channel.channel) || channel.chain !== chain) continue;
          const since = this.confirmedAt(channel.fundingTxid, height);
          node.node.fundingDepth(channel.channel, height - since.height + 1, since.height, since.index);
        }
      }
      this.run();
    }
  }

  private readonly confirmed = new Map<string, { readonly height: number; readonly index: number }>();

  private confirmedAt(txid: Uint8Array, height: number): { readonly height: number; readonly index: number } {
    const key = Buffer.from(txid).toString("hex");
    const known = this.confirmed.get(key) ?? { height, index: this.confirmed.size + 1 };
    this.confirmed.set(key, known);
    return known;
  }

  tick(ms: bigint): void {
    this.nowMs += ms;
    this.utcS += ms / 1000n;
    for (const node of this.nodes) if (node.alive) this.call(node, () => node.node.tick(this.nowMs, node.utcS));
    this.run();
  }

  /** Opens a channel and confirms it: its number at each end. */
  openChannel(
    a: TestNode,
    b: TestNode,
    fundingSat = 1_000_000n,
    anchors = false,
    pushMsat = 0n,
    energy?: EnergyParameters,
  ): [number, number] {
    const line = energy === undefined ? {} : { energy };
    const number = a.node.open({ peer: b.id, fundingSat, pushMsat, feeratePerKw: 253, anchors, ...line });
    this.run();
    this.mine(6);
    const id = a.node.channel(number)?.channelId ?? new Uint8Array();
    const other = b.node.channels().find(({ channelId }) => Buffer.compare(channelId, id) === 0);
    return [number, other?.channel ?? -1];
  }
}

/** Hops along channels, each forwarder without fee and with `delta` blocks. */
export function routeOf(
  network: TestNetwork,
  amountMsat: bigint,
  hops: readonly { readonly node: TestNode; readonly scid: bigint }[],
  delta = 40,
): PayHop[] {
  return hops.map(({ node, scid }, i) => ({
    point: node.id,
    shortChannelId: scid,
    amountMsat,
    cltvExpiry: network.height + 20 + delta * (hops.length - 1 - i),
  }));
}

/** What an invoice asks a payer for. */
export function invoiceOf(bolt11: string): NonNullable<PayRequest["invoice"]> {
  const { payment_hash, payment_secret } = decodeInvoice(bolt11);
  return { paymentHash: hex(payment_hash), paymentSecret: hex(payment_secret) };
}
