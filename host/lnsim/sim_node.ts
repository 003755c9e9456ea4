import { Entropy } from "../board/entropy.js";
import { FaultyFlash } from "../board/flash_faults.js";
import { KeyRing } from "../board/key_ring.js";
import type { MeterPort } from "../board/meter_port.js";
import { NODE_FLASH_SECTORS, NODE_SECTOR_BYTES, NodeBoard, type RandomSource } from "../board/node_board.js";
import { NodeCrypto } from "../board/node_crypto.js";
import { PowerCut } from "../board/power_cut.js";
import { outpointOf, REGTEST_CHAIN_HASH, type Subscription } from "../chain/chain.js";
import type { SimulatedChain } from "../chain/simulated_chain.js";
import type { Engine } from "../engine/engine.js";
import type { ModuleFile } from "../engine/module_file.js";
import { MAX_CONNECTIONS } from "../node/abi.js";
import { LightningNode, type NodeHost } from "../node/lightning_node.js";
import { NodeModule } from "../node/module.js";
import type { NodeEvent } from "../node/node_event.js";
import type { NodeConfig } from "../node/requests.js";
import type { NodeUnit } from "../node/unit.js";
import type { End, Line, Party } from "./wire.js";

/** What the nodes of one world have in common. */
export interface World {
  readonly engine: Engine;
  readonly file: ModuleFile;
  readonly chain: SimulatedChain;
  /** Monotonic, ms, and s since 1970: simulated. */
  nowMs: bigint;
  utcS: bigint;
}

/** What a node has beside itself. */
export interface Equipment {
  /** By their numbers. */
  readonly meters?: readonly MeterPort[];
  /** On top of the chain's own settings. */
  readonly config?: Partial<NodeConfig>;
  /** What it runs on instead of the world's. */
  readonly engine?: Engine;
  /** Its random generator, from its first start on; one that follows from the seed if absent. */
  readonly random?: RandomSource;
  /** What runs the node at each start, with flash, keys and meters of its own; default: the world's engine. */
  readonly unit?: () => NodeUnit;
}

/**
 * A LightningNode with board and flash that may lose power and come back. It funds its channels from the chain's wallet,
 * follows their funding outputs and publishes what it is asked to. While it is off, whatever is asked of it has no effect.
 */
export class SimNode implements Party {
  readonly flash: FaultyFlash;
  /** All it has told, over all its starts. */
  readonly events: NodeEvent[] = [];
  /** What the chain refused, and why. */
  readonly refusals: string[] = [];
  /** Called for what it tells, at once. */
  onEvent: (event: NodeEvent) => void = () => undefined;
  /** Called instead of publishing, if set. */
  onBroadcast: ((transaction: Uint8Array) => void) | undefined;
  private readonly keys: KeyRing;
  private point: Uint8Array | undefined;
  private readonly entropy: Entropy;
  private readonly lines = new Map<number, Line>();
  private readonly funding = new Map<number, Uint8Array>();
  private readonly watching = new Map<number, Subscription>();
  private live: LightningNode | undefined;
  starts = 0;
  private powerCuts = 0;

  /** Switched off: `start` it. */
  constructor(
    readonly name: string,
    private readonly world: World,
    seed: string,
    private readonly equipment: Equipment = {},
  ) {
    this.entropy = new Entropy(seed, `node/${name}`);
    this.keys = new KeyRing(this.entropy.stream("root").bytes(32));
    if (equipment.unit === undefined) this.point = this.keys.publicKey(0);
    this.flash = new FaultyFlash(NODE_SECTOR_BYTES, NODE_FLASH_SECTORS, this.entropy.stream("flash"));
    world.chain.onBlock((block) => this.try((node) => node.block(block.height)));
  }

  /** Throws while a node whose keys are its own has not been switched on yet. */
  get nodeId(): Uint8Array {
    return (this.point ??= this.node.info().nodeId);
  }

  get on(): boolean {
    return this.live !== undefined;
  }

  /** Power cuts that were survived so far, set ones that have struck included. */
  get cuts(): number {
    return this.powerCuts;
  }

  /** The node. Throws if it is off. */
  get node(): LightningNode {
    if (this.live === undefined) throw new Error(`${this.name} is off`);
    return this.live;
  }

  /** Switches it on with what its flash has kept; it may lose power again while it starts. */
  start(): void {
    const { world, keys, equipment } = this;
    this.flash.powerOn();
    const random = equipment.random ?? this.entropy.stream(`random/${this.starts}`);
    this.starts++;
    const unit =
      equipment.unit ??
      (() =>
        new NodeModule(
          equipment.engine ?? world.engine,
          world.file,
          new NodeBoard(this.flash, new NodeCrypto(keys), random, equipment.meters),
        ));
    const config = { chainHash: REGTEST_CHAIN_HASH, prefix: "bcrt", ...equipment.config };
    const start = { height: world.chain.height(), nowMs: world.nowMs, utcS: world.utcS };
    // What the constructor tells is handed out before it returns: `live` must be there by then for those who answer.
    const queue: (() => void)[] = [];
    let ready = false;
    const later =
      <A extends unknown[]>(handler: (...args: A) => void) =>
      (...args: A): void => {
        if (ready) handler(...args);
        else queue.push(() => handler(...args));
      };
    const host: NodeHost = {
      onSend: (connection, bytes) => this.lines.get(connection)?.send(bytes),
      onHangUp: (connection) => this.hangUp(connection),
      onEvent: later((event: NodeEvent) => this.told(event)),
      onBroadcast: later((transaction: Uint8Array) => this.publish(transaction)),
      onWatch: later((channel: number, outpoint: Uint8Array, script: Uint8Array) =>
        this.watch(channel, outpoint, script),
      ),
    };
    this.guard(() => {
      this.live = new LightningNode(unit(), config, host, start);
    });
    ready = true;
    // Also if one of them is its end: what it has told, it has told.
    for (const call of queue) call();
  }

  /** Power is gone, at once. */
  powerOff(): void {
    this.live = undefined;
    this.flash.powerOff();
    for (const line of this.lines.values()) line.close();
    this.lines.clear();
    for (const subscription of this.watching.values()) subscription.cancel();
    this.watching.clear();
  }

  /** Does something with the node, unless it is off; a power cut on the way switches it off. */
  try<T>(body: (node: LightningNode) => T): T | undefined {
    const { live } = this;
    return live === undefined ? undefined : this.guard(() => body(live));
  }

  dial(remote: Uint8Array, line: Line): End {
    return this.open(line, remote);
  }

  accept(line: Line): End {
    return this.open(line);
  }

  /** Connections that are free. */
  get free(): number {
    return MAX_CONNECTIONS - this.lines.size;
  }

  told<K extends NodeEvent["kind"]>(event: K): Extract<NodeEvent, { kind: K }>[];
  told(event: NodeEvent): void;
  told(event: string | NodeEvent): unknown {
    if (typeof event === "string") return this.events.filter(({ kind }) => kind === event);
    this.events.push(event);
    if (event.kind === "funding needed") {
      const { tx, txid, vout } = this.world.chain.fundNow(event.script, event.amountSat, 253);
      this.funding.set(event.channel, tx);
      this.try((node) => node.fund(event.channel, txid, vout));
    } else if (event.kind === "funding signed") {
      const tx = this.funding.get(event.channel);
      if (tx !== undefined) this.publish(tx);
    }
    this.onEvent(event);
    return undefined;
  }

  private open(line: Line, remote?: Uint8Array): End {
    const connection = Array.from({ length: MAX_CONNECTIONS }, (_, i) => i).find((i) => !this.lines.has(i));
    if (connection === undefined || !this.on) {
      line.close();
      return { receive: () => undefined, down: () => undefined };
    }
    this.lines.set(connection, line);
    this.try((node) => node.connect(connection, remote));
    const mine = (): boolean => this.lines.get(connection) === line;
    return {
      receive: (bytes) => {
        if (mine()) this.try((node) => node.receive(connection, bytes));
      },
      down: () => {
        if (!mine()) return;
        this.lines.delete(connection);
        this.try((node) => node.disconnect(connection));
      },
    };
  }

  private hangUp(connection: number): void {
    this.lines.get(connection)?.close();
    this.lines.delete(connection);
  }

  private publish(transaction: Uint8Array): void {
    if (this.onBroadcast !== undefined) {
      this.onBroadcast(transaction);
      return;
    }
    const refusal = this.world.chain.submit(transaction);
    if (refusal !== undefined && refusal.reason !== "known") {
      this.refusals.push(`${refusal.reason}: ${refusal.detail}`);
    }
  }

  private watch(channel: number, outpoint: Uint8Array, script: Uint8Array): void {
    this.watching.get(channel)?.cancel();
    if (!this.on) return;
    const listener = {
      depth: (depth: number, place: { height: number; index: number } | undefined): void =>
        void this.try((node) => {
          const state = node.channel(channel)?.state;
          if (state !== "funded" && state !== "normal") return;
          node.fundingDepth(channel, depth, place?.height ?? 0, place?.index ?? 0);
        }),
      spent: (spend: { tx: Uint8Array } | undefined): void => {
        if (spend !== undefined) this.try((node) => node.fundingSpent(channel, spend.tx));
      },
    };
    const subscription = this.world.chain.watch(outpointOf(outpoint), script, listener, 1);
    // What it was told at once may have been its end.
    if (this.on) this.watching.set(channel, subscription);
    else subscription.cancel();
  }

  private guard<T>(body: () => T): T | undefined {
    try {
      return body();
    } catch (error) {
      if (!(error instanceof PowerCut)) throw error;
      this.powerCuts++;
      this.powerOff();
      return undefined;
    }
  }
}
