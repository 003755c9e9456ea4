import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type Block, ChainError, txidText } from "../chain/chain.js";
import { SimulatedChain } from "../chain/simulated_chain.js";
import { decodeTransaction } from "../decode/transaction.js";
import { CHAIN_VERBS } from "./chain_verbs.js";
import type { Clock } from "./clock.js";
import { hexText } from "./context.js";
import { ControlServer } from "./control_server.js";
import { type Handlers, dispatcher } from "./dispatch.js";
import { inFolder, prepareFolder, writeWhole } from "./folder.js";
import { FolderLock } from "./lock.js";
import { Log, type LogLevel } from "./log.js";
import { type Json, RPC_CODES, RpcError } from "./rpc.js";

export interface ChainServiceOptions {
  readonly folder: string;
  /** Decides the wallet's keys of a new chain; random where it is not given. */
  readonly seed?: string | undefined;
  readonly clock: Clock;
  readonly logLevel: LogLevel;
  readonly writeLog: (line: string) => void;
}

const WAIT_S = 30;

/**
 * One simulated chain for several nodes: a process of its own, whose state is in a file, at a control socket. Whoever may
 * connect may spend its wallet: its coins are worth nothing.
 */
export class ChainService {
  /** Ends with the service. */
  readonly ended: Promise<void>;
  private readonly end: () => void;
  private readonly waiting = new Set<() => void>();
  private server: ControlServer | undefined;

  private constructor(
    private readonly chain: SimulatedChain,
    private readonly file: string,
    private readonly clock: Clock,
    private readonly log: Log,
    private readonly lock: FolderLock,
  ) {
    let end = (): void => undefined;
    this.ended = new Promise((resolve) => {
      end = resolve;
    });
    this.end = end;
  }

  /** Throws an Error if the folder is taken or does not hold a chain. */
  static async start({ folder, seed, clock, logLevel, writeLog }: ChainServiceOptions): Promise<ChainService> {
    prepareFolder(folder);
    const lock = FolderLock.take(folder);
    try {
      const log = Log.open(inFolder(folder).log, clock, logLevel, writeLog);
      const file = join(folder, "chain.json");
      const chain = load(file, seed);
      const service = new ChainService(chain, file, clock, log, lock);
      service.save();
      const dispatch = dispatcher(CHAIN_VERBS, service.handlers());
      service.server = await ControlServer.listen(inFolder(folder).control, dispatch, (error) => {
        log.error(error instanceof Error ? (error.stack ?? error.message) : String(error));
      });
      log.info(`chain at height ${chain.height()}, in ${folder}`);
      return service;
    } catch (error) {
      lock.release();
      throw error;
    }
  }

  /** Answers what is under way, then ends. */
  async stop(): Promise<void> {
    for (const wake of [...this.waiting]) wake();
    await this.server?.close();
    this.log.info("stopped");
    this.log.close();
    this.lock.release();
    this.end();
  }

  private handlers(): Handlers<typeof CHAIN_VERBS> {
    const { chain } = this;
    return {
      getinfo: async () => ({
        chain_hash: hexText(chain.chainHash),
        height: chain.height(),
        tip: chain.tip(),
        balance_sat: await chain.balanceSat(),
        waiting: chain.waiting().map((transaction) => decodeTransaction(transaction).txid),
      }),
      mine: ({ blocks = 1 }) => {
        chain.mineNow(blocks);
        this.changed();
        for (const wake of [...this.waiting]) wake();
        return { height: chain.height(), tip: chain.tip() };
      },
      getblock: ({ height }) => {
        const block = chain.block(height);
        if (block === undefined) throw new RpcError(RPC_CODES.CHAIN, `there is no block ${height}`);
        return blockDocument(block);
      },
      waitblock: async ({ tip, seconds = WAIT_S }) => {
        if (chain.tip() === tip) await this.woken(seconds * 1000);
        return { height: chain.height(), tip: chain.tip() };
      },
      broadcast: ({ tx }) => {
        const refusal = chain.submit(tx);
        this.changed();
        return refusal === undefined ? {} : { reason: refusal.reason, detail: refusal.detail };
      },
      fund: ({ script, amount, feerate }) => {
        const { tx, txid, vout, feeSat } = this.wallet(() => chain.fundNow(script, amount, feerate));
        return { tx: hexText(tx), txid: txidText(txid), vout, fee_sat: feeSat };
      },
      release: async ({ tx }) => {
        await chain.release(tx);
        this.changed();
        return {};
      },
      newscript: async () => {
        const script = await chain.newAddressScript();
        this.changed();
        return { script: hexText(script) };
      },
      stop: () => {
        // After the reply: what is under way is answered first.
        this.clock.after(0, () => void this.stop());
        return {};
      },
    };
  }

  private wallet<T>(call: () => T): T {
    try {
      const result = call();
      this.changed();
      return result;
    } catch (error) {
      if (error instanceof ChainError) throw new RpcError(RPC_CODES.CHAIN, error.message);
      throw error;
    }
  }

  private woken(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        this.waiting.delete(wake);
        timer.cancel();
        resolve();
      };
      const timer = this.clock.after(ms, wake);
      this.waiting.add(wake);
    });
  }

  private changed(): void {
    this.log.debug(`height ${this.chain.height()}, ${this.chain.waiting().length} waiting`);
    this.save();
  }

  private save(): void {
    writeWhole(this.file, this.chain.save());
  }
}

function load(file: string, seed: string | undefined): SimulatedChain {
  let saved: string;
  try {
    saved = readFileSync(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    return new SimulatedChain({ seed: seed ?? randomBytes(16).toString("hex") });
  }
  try {
    return SimulatedChain.load(saved);
  } catch (error) {
    throw new Error(`${file}: ${(error as Error).message}`, { cause: error });
  }
}

const blockDocument = ({ height, hash, header, transactions }: Block): Json => ({
  height,
  hash: txidText(hash),
  header: hexText(header),
  transactions: transactions.map(hexText),
});
