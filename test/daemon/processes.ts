import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll } from "vitest";
import { CHAIN_VERBS } from "../../host/daemon/chain_verbs.js";
import { parametersOf } from "../../host/daemon/command_line.js";
import { ControlClient } from "../../host/daemon/control_client.js";
import { NODE_VERBS, type Verbs } from "../../host/daemon/verbs.js";
import { MAIN, type Outcome } from "../cli/cli.js";

/** A reply; tests look into it as they like. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type Reply = any;

/** A process of `tieline` that runs until it is stopped. */
export class Service {
  stderr = "";
  private readonly child: ChildProcess;
  readonly exited: Promise<number | null>;

  constructor(args: readonly string[]) {
    this.child = spawn(process.execPath, [MAIN, ...args], { stdio: ["ignore", "ignore", "pipe"] });
    this.child.stderr?.on("data", (chunk: Buffer) => {
      this.stderr += chunk.toString();
    });
    this.exited = once(this.child, "close").then(([code]) => code as number | null);
  }

  /** Waits for a line of its log. Throws with the log if it ends before. */
  async until(pattern: RegExp): Promise<RegExpExecArray> {
    let ended = false;
    void this.exited.then(() => (ended = true));
    for (const start = performance.now(); performance.now() - start < 60_000;) {
      const found = pattern.exec(this.stderr);
      if (found !== null) return found;
      if (ended) break;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    throw new Error(`no ${pattern.source} in:\n${this.stderr}`);
  }

  send(name: NodeJS.Signals): void {
    this.child.kill(name);
  }

  /** Sends a signal and waits for its end. */
  async signal(name: NodeJS.Signals): Promise<number | null> {
    this.send(name);
    return this.exited;
  }
}

/** Services in a temporary folder, for one test file; whatever still runs at its end is killed. */
export class Machines {
  folder = "";
  private readonly services = new Set<Service>();

  constructor() {
    beforeAll(() => {
      this.folder = mkdtempSync(join(tmpdir(), "tieline-daemon-"));
    });
    afterAll(async () => {
      await Promise.all([...this.services].map((service) => service.signal("SIGKILL")));
      rmSync(this.folder, { recursive: true, force: true });
    });
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  start(...args: string[]): Service {
    const service = new Service(args);
    this.services.add(service);
    void service.exited.then(() => this.services.delete(service));
    return service;
  }

  async chain(name = "chain"): Promise<Service> {
    const service = this.start("chain", "--dir", this.path(name), "--seed", "test", "--log-level", "debug");
    await service.until(/chain at height/);
    return service;
  }

  async node(name: string, ...args: string[]): Promise<Service> {
    const chain = `simulated:${this.path("chain")}`;
    const common = ["--dir", this.path(name), "--chain", chain, "--listen", "127.0.0.1:0", "--log-level", "debug"];
    const service = this.start("node", ...common, ...args);
    await service.until(/listening at/);
    return service;
  }

  run(...args: string[]): Promise<Outcome> {
    return new Promise((resolve) => {
      const child = execFile(process.execPath, [MAIN, ...args], { cwd: this.folder }, (_, stdout, stderr) => {
        resolve({ code: child.exitCode, stdout, stderr });
      });
    });
  }

  /** The result of a verb, over the control socket as `tieline cli` asks for it; throws if it is refused. */
  async ask(command: "cli" | "chain", name: string, verb: string, ...words: string[]): Promise<Reply> {
    const verbs: Verbs = command === "cli" ? NODE_VERBS : CHAIN_VERBS;
    const known = verbs[verb];
    if (known === undefined) throw new Error(`no verb ${verb}`);
    const client = await ControlClient.connect(this.path(`${name}/control.sock`));
    try {
      return await client.call(verb, parametersOf(known, words));
    } finally {
      client.close();
    }
  }

  /** The error of a verb that is refused, with the exit code. */
  async refusal(command: "cli" | "chain", name: string, ...words: string[]): Promise<Reply> {
    const { code, stdout } = await this.run(command, "--dir", this.path(name), "--json", ...words);
    return { exit: code, ...(JSON.parse(stdout) as { error: object }).error };
  }
}
