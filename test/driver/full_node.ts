import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { it } from "vitest";
import { ChainError } from "../../host/chain/chain.js";
import { RpcClient, type RpcOptions } from "../../host/chain/rpc_client.js";

/** On its regtest, CHECKSEQUENCEVERIFY holds from block 432 on, CHECKLOCKTIMEVERIFY from 1351. */
const BLOCKS = 1360;
const WALLET = "tieline";
const WALLET_BLOCKS = 20;
const ANYBODY = "raw(51)";

/** Why there is no full node here and how to get it. */
export function fullNodeMissing(): string | undefined {
  return spawnSync("litecoind", ["--version"]).status === 0
    ? undefined
    : "litecoind is missing: npm run setup:chain installs it";
}

/** Defines the tests of `body` if litecoind is here; if not, does as `whereItRuns` of the engines does. */
export function whereFullNodeRuns(body: () => void): void {
  const missing = fullNodeMissing();
  if (missing === undefined) {
    body();
  } else if (process.env["TIELINE_REQUIRE_ALL"] === "1") {
    it("on litecoind", () => {
      throw new Error(missing);
    });
  } else {
    it.skip(`on litecoind: ${missing}`, () => undefined);
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

/** A litecoind of its own, on regtest, without peers, in a folder that goes with it. Its relay rules are Bitcoin's. */
export class FullNode {
  private constructor(
    private readonly child: ChildProcess,
    readonly dir: string,
    readonly rpc: RpcClient,
    readonly options: RpcOptions,
  ) {}

  /** One that answers, with a wallet and blocks enough for all that scripts may use. */
  static async start(blocks = BLOCKS): Promise<FullNode> {
    const dir = mkdtempSync(join(tmpdir(), "tieline-litecoind-"));
    const port = await freePort();
    const child = spawn(
      "litecoind",
      [
        "-regtest",
        `-datadir=${dir}`,
        "-server",
        "-listen=0",
        "-dnsseed=0",
        "-rpcbind=127.0.0.1",
        "-rpcallowip=127.0.0.1",
        `-rpcport=${port}`,
        "-fallbackfee=0.00001",
        "-mintxfee=0.00001",
        "-dustrelayfee=0.00003",
        "-acceptnonstdtxn=0",
        "-mempoolreplacement=1",
        "-dbcache=4",
        "-printtoconsole=0",
        // Its extension blocks would want a transaction of their own at their activation.
        "-vbparams=mweb:9000000000:9000000001",
      ],
      { stdio: "ignore" },
    );
    // Also where a test's time is up before it has the node.
    const kill = (): void => void child.kill("SIGTERM");
    process.once("exit", kill);
    child.once("exit", () => process.off("exit", kill));
    const options = { url: `http://127.0.0.1:${port}/wallet/${WALLET}`, cookieFile: join(dir, "regtest/.cookie") };
    const node = new FullNode(child, dir, new RpcClient(options), options);
    try {
      await node.ready();
      await node.rpc.call("createwallet", WALLET);
      const address = await node.rpc.call<string>("getnewaddress");
      // A wallet that all blocks had paid to would be slow.
      if (blocks > 0) await node.rpc.call("generatetoaddress", Math.min(blocks, WALLET_BLOCKS), address);
      if (blocks > WALLET_BLOCKS) await node.rpc.call("generatetodescriptor", blocks - WALLET_BLOCKS, ANYBODY);
    } catch (error) {
      await node.stop();
      throw error;
    }
    return node;
  }

  async stop(): Promise<void> {
    if (this.child.exitCode === null && this.child.signalCode === null) {
      const exited = new Promise((resolve) => this.child.once("exit", resolve));
      this.child.kill("SIGTERM");
      await exited;
    }
    rmSync(this.dir, { recursive: true, force: true });
  }

  private async ready(): Promise<void> {
    for (;;) {
      if (this.child.exitCode !== null) throw new Error(`litecoind ended at once: ${this.lastWords()}`);
      try {
        await this.rpc.call("getblockcount");
        return;
      } catch (error) {
        if (!(error instanceof ChainError)) throw error;
      }
      await sleep(50);
    }
  }

  private lastWords(): string {
    const log = join(this.dir, "regtest/debug.log");
    return existsSync(log) ? readFileSync(log, "utf8").slice(-500) : "no log";
  }
}
