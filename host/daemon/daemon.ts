import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { KeyRing } from "../board/key_ring.js";
import { MeterPort } from "../board/meter_port.js";
import { NODE_FLASH_SECTORS, NODE_SECTOR_BYTES, NodeBoard } from "../board/node_board.js";
import { NodeCrypto } from "../board/node_crypto.js";
import { type Chain, ChainError } from "../chain/chain.js";
import { type Engine, Trap } from "../engine/engine.js";
import { ModuleError } from "../engine/errors.js";
import type { ModuleFile } from "../engine/module_file.js";
import { NodeModule } from "../node/module.js";
import { LightningNode, type NodeHost } from "../node/lightning_node.js";
import { Book } from "./book.js";
import { type ChainChoice, openChain } from "./chains.js";
import type { Clock, Timer } from "./clock.js";
import { type Context, hexText, refused, sameBytes } from "./context.js";
import { ControlServer, type Dispatch } from "./control_server.js";
import { dispatcher } from "./dispatch.js";
import { DurableFlash } from "./durable_flash.js";
import { Events } from "./events.js";
import { inFolder, prepareFolder, rootSecret } from "./folder.js";
import { EmulatedLineMeter } from "./line_meter.js";
import { LineKeeper } from "./line_keeper.js";
import { FolderLock } from "./lock.js";
import { Log, type LogLevel } from "./log.js";
import { methods } from "./methods.js";
import { NETWORKS, type NetworkName } from "./networks.js";
import { Onchain } from "./onchain.js";
import { resumeFundings } from "./opening.js";
import { type Address, addressText } from "./parameters.js";
import { Payments } from "./payments.js";
import { Peers } from "./peers.js";
import { RPC_CODES, RpcError } from "./rpc.js";
import { NODE_VERBS } from "./verbs.js";

export interface DaemonOptions {
  readonly folder: string;
  readonly listen: Address;
  readonly chain: ChainChoice;
  /** Where a full node writes user and password. */
  readonly chainCookie: string | undefined;
  readonly network: NetworkName;
  readonly alias: string;
  readonly logLevel: LogLevel;
  readonly engine: Engine;
  readonly module: ModuleFile;
  /** Emulated line meters; without any, the node has no lines. */
  readonly meters?: MetersChoice;
  readonly clock: Clock;
  /** Standard error. */
  readonly writeLog: (line: string) => void;
}

/** Line meters of a node, and what it grants on lines which others open. */
export interface MetersChoice {
  /** The firmware of a meter. */
  readonly module: ModuleFile;
  /** The constant load of each, W: positive comes out of the line to the node. */
  readonly loadsW: readonly number[];
  readonly intervalS: number;
  /** Unsecured credit, msat. */
  readonly creditMsat: bigint;
  /** Between the end of an interval and its close, s. */
  readonly closeDelayS: number;
}

const TICK_MS = 1000;
const ERR_FLASH = -3;

/** A node as a process: the firmware between its flash file, TCP, the chain and the control socket. */
export class Daemon {
  /** The process's exit code, once it has stopped. */
  readonly ended: Promise<number>;
  private end: (code: number) => void = () => undefined;
  private control: ControlServer | undefined;
  private ticks: Timer | undefined;
  private stopping = false;

  private constructor(
    private readonly context: Context,
    private readonly peers: Peers,
    private readonly onchain: Onchain,
    private readonly flash: DurableFlash,
    private readonly meters: readonly EmulatedLineMeter[],
    private readonly lock: FolderLock,
  ) {
    this.ended = new Promise((resolve) => {
      this.end = resolve;
    });
  }

  /** Throws an Error that says what is missing, with nothing left behind but the folder's files. */
  static async start(options: DaemonOptions): Promise<Daemon> {
    prepareFolder(options.folder);
    const lock = FolderLock.take(options.folder);
    const undo: (() => void)[] = [
      () => {
        lock.release();
      },
    ];
    try {
      return await Daemon.begin(options, lock, undo);
    } catch (error) {
      for (const step of undo.reverse()) step();
      throw error;
    }
  }

  private static async begin(options: DaemonOptions, lock: FolderLock, undo: (() => void)[]): Promise<Daemon> {
    const { clock, engine, module } = options;
    const network = NETWORKS[options.network];
    const files = inFolder(options.folder);
    const log = Log.open(files.log, clock, options.logLevel, options.writeLog);
    undo.push(() => {
      log.close();
    });
    const book = Book.open(files.book);
    undo.push(() => {
      book.close();
    });
    const root = rootSecret(options.folder, existsSync(files.flash));
    const flash = DurableFlash.open(files.flash, NODE_SECTOR_BYTES, NODE_FLASH_SECTORS);
    undo.push(() => {
      flash.close();
    });
    const chain: Chain = await openChain(options.chain, options.chainCookie, clock, (message) => {
      log.warn(`chain: ${message}`);
    });
    undo.push(() => {
      chain.close();
    });
    if (!sameBytes(chain.chainHash, network.chainHash)) {
      throw new Error(`--network ${options.network}: the chain is another one, ${hexText(chain.chainHash)}`);
    }
    const meters: EmulatedLineMeter[] = [];
    undo.push(() => {
      for (const meter of meters) meter.close();
    });
    const choice = options.meters;
    for (const [number, loadW] of choice?.loadsW.entries() ?? []) {
      const [path, serial] = [files.meter(number), `TIELINE${number}`];
      const { module: metrology, intervalS } = choice as MetersChoice;
      meters.push(EmulatedLineMeter.open({ engine, module: metrology, clock, path, serial, intervalS, loadW }));
    }
    const crypto = new NodeCrypto(new KeyRing(root));
    root.fill(0);
    const random = { bytes: (length: number): Uint8Array => new Uint8Array(randomBytes(length)) };
    const ports = meters.map((meter) => new MeterPort(meter));
    const board = new NodeBoard(flash, crypto, random, ports);

    const events = new Events(clock);
    const started: { daemon?: Daemon } = {};
    // What the node asks for while it boots waits until there is somebody to do it.
    const early: (() => void)[] = [];
    const later = (action: (running: Daemon) => void): void => {
      const run = (): void => {
        if (started.daemon !== undefined) action(started.daemon);
      };
      if (started.daemon === undefined) early.push(run);
      else run();
    };
    const host: NodeHost = {
      onSend: (connection, bytes) => {
        later((running) => {
          running.stored(() => {
            running.peers.send(connection, bytes);
          });
        });
      },
      onHangUp: (connection) => {
        later((running) => {
          running.peers.hangUp(connection);
        });
      },
      onEvent: (event) => {
        later(() => {
          events.emit(event);
        });
      },
      onBroadcast: (transaction) => {
        later((running) => {
          running.stored(() => {
            void running.onchain.broadcast(transaction);
          });
        });
      },
      onWatch: (channel, outpoint, script) => {
        later((running) => {
          running.onchain.watch(channel, outpoint, script);
        });
      },
    };
    const energy = meters.length > 0 && choice !== undefined;
    const config = {
      chainHash: network.chainHash,
      prefix: network.prefix,
      ...(energy ? { energy, energyCreditMsat: choice.creditMsat, closeDelayS: choice.closeDelayS } : {}),
    };
    const times = (): { nowMs: bigint; utcS: bigint } => ({
      nowMs: BigInt(Math.floor(clock.monoMs())),
      utcS: BigInt(Math.floor(clock.nowMs() / 1000)),
    });
    const start = { height: chain.height(), ...times() };
    const node = new LightningNode(new NodeModule(engine, module, board), config, host, start);
    const act = (what: string, action: () => void): void => {
      try {
        action();
      } catch (error) {
        if (error instanceof ModuleError && error.code !== ERR_FLASH) log.warn(`${what}: ${error.message}`);
        else started.daemon?.fail(error);
      }
    };
    const context: Context = { node, chain, network, book, events, clock, log, act };
    const peers = new Peers(context);
    const payments = new Payments(context);
    const publish = (transaction: Uint8Array): void => {
      void onchain.broadcast(transaction);
    };
    const onchain: Onchain = new Onchain(context, () => {
      resumeFundings(context, publish);
    });
    const running = new Daemon(context, peers, onchain, flash, meters, lock);
    started.daemon = running;
    const keeper = new LineKeeper(context, meters);
    for (const action of early) act("boot", action);
    events.on((event) => {
      if (event.kind !== "channel") return;
      log.info(`channel ${event.channel}: ${event.state}`);
      // Our handlers may call the node again, and so it hears of a new channel as one to keep.
      peers.keepChannels();
    });
    keeper.resume();
    payments.resume();
    resumeFundings(context, publish);

    const bound = await peers.listen(options.listen);
    undo.push(() => void peers.close());
    const verbs = methods({
      context,
      peers,
      payments,
      onchain,
      keeper,
      alias: options.alias,
      networkName: options.network,
      bound,
      stop: () => {
        // After the reply.
        clock.after(0, () => {
          running.stop("stop");
        });
      },
    });
    running.control = await ControlServer.listen(
      files.control,
      running.guarded(dispatcher(NODE_VERBS, verbs)),
      (error) => {
        log.error(`control: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
      },
    );
    running.ticks = clock.every(TICK_MS, () => {
      const { nowMs, utcS } = times();
      act("tick", () => {
        for (const meter of meters) meter.advance();
        node.tick(nowMs, utcS);
      });
    });
    peers.keepChannels();
    log.info(`node ${hexText(node.info().nodeId)} on ${options.network}, height ${chain.height()}, ${engine.name}`);
    log.info(`listening at ${addressText(bound)}`);
    return running;
  }

  /** Stops in good order: no new requests, hang up, flash safe, lock released. Calling it again does nothing. */
  stop(reason: string): void {
    if (this.stopping) return;
    this.stopping = true;
    this.context.log.info(`stopping (${reason})`);
    void this.shutDown(0);
  }

  private fail(error: unknown): void {
    if (this.stopping) return;
    this.stopping = true;
    this.context.log.error(`cannot go on: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    void this.shutDown(1);
  }

  private async shutDown(code: number): Promise<void> {
    const { log, chain } = this.context;
    let result = code;
    const step = async (what: string, action: () => void | Promise<void>): Promise<void> => {
      try {
        await action();
      } catch (error) {
        log.error(`${what}: ${(error as Error).message}`);
        result = 1;
      }
    };
    this.ticks?.cancel();
    this.onchain.stop();
    await step("peers", () => this.peers.close());
    this.stopRequests();
    await step("control socket", () => this.control?.close());
    await step("chain", () => {
      chain.close();
    });
    await step("flash", () => {
      this.flash.close();
    });
    await step("meters", () => {
      for (const meter of this.meters) meter.close();
    });
    this.context.book.close();
    log.info("stopped");
    log.close();
    this.lock.release();
    this.end(result);
  }

  private readonly interruptions = new Set<(error: RpcError) => void>();

  private stopRequests(): void {
    for (const interrupt of [...this.interruptions])
      interrupt(new RpcError(RPC_CODES.STOPPING, "the node is stopping"));
  }

  /** Sends only once the flash is safe, and what the meters have signed. */
  private stored(send: () => void): void {
    try {
      for (const meter of this.meters) meter.sync();
      this.flash.sync();
    } catch (error) {
      this.fail(error);
      return;
    }
    send();
  }

  /** Requests end with the daemon, and its errors with a code of their own. */
  private guarded(dispatch: Dispatch): Dispatch {
    return async (method, params) => {
      if (this.stopping) throw new RpcError(RPC_CODES.STOPPING, "the node is stopping");
      let interrupt: (error: RpcError) => void = () => undefined;
      const interrupted = new Promise<never>((_, reject) => {
        interrupt = reject;
      });
      interrupted.catch(() => undefined);
      this.interruptions.add(interrupt);
      try {
        const result = await Promise.race([Promise.resolve(dispatch(method, params)), interrupted]);
        // What is told is stored: an invoice, for one.
        this.stored(() => undefined);
        return result;
      } catch (error) {
        if (error instanceof ChainError) throw new RpcError(RPC_CODES.CHAIN, error.message);
        if (error instanceof RpcError) throw error;
        if (error instanceof ModuleError && error.code !== ERR_FLASH) throw refused(method, error);
        if (error instanceof ModuleError || error instanceof Trap) this.fail(error);
        throw error;
      } finally {
        this.interruptions.delete(interrupt);
      }
    };
  }
}
