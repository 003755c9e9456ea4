import { readFileSync } from "node:fs";
import { Command } from "commander";
import { expect } from "vitest";
import { evidenceCommand } from "../../host/cli/evidence.js";
import type { CommandIo } from "../../host/cli/verify.js";
import { SYSTEM_CLOCK } from "../../host/daemon/clock.js";
import { RpcError } from "../../host/daemon/rpc.js";
import { Machines, type Reply, type Service } from "./processes.js";

// Nodes with line meters, as processes, and what tests ask them over and over.

/** Delivery interval of all lines here, s: the shortest there is. */
export const INTERVAL_S = 5;
/** For whatever takes an interval or two, on a machine that has others to serve. */
export const WAIT = { timeout: 60_000, interval: 100 };

/** Of a line as `lines` shows it: what both ends have alike. */
const TOTALS = ["closed_until", "arrears_msat", "total_forth_mwh", "total_back_mwh", "positions"];
export const totals = (line: Reply): unknown[] => TOTALS.map((name) => line[name] as unknown);

/** A close as a node's log tells it: sums from node_1 to node_2. */
export interface LoggedClose {
  readonly until: number;
  readonly meteredMwh: bigint;
  readonly agreedMwh: bigint;
  readonly arrearsMsat: bigint;
}

export class LineMachines extends Machines {
  cli(name: string, verb: string, ...words: string[]): Promise<Reply> {
    return this.ask("cli", name, verb, ...words);
  }

  /** The error of a verb that is refused, as the control socket has it: no process is started for it. */
  async refused(name: string, verb: string, ...words: string[]): Promise<Reply> {
    try {
      return { result: await this.cli(name, verb, ...words) };
    } catch (error) {
      if (!(error instanceof RpcError)) throw error;
      const { code, message, data } = error;
      return { code, message, data };
    }
  }

  mine(blocks: number): Promise<Reply> {
    return this.ask("chain", "chain", "mine", String(blocks));
  }

  /** A node with a meter for each load, W: positive comes out of the line to the node. Intervals are closed early. */
  metered(name: string, loadsW: readonly number[], ...args: string[]): Promise<Service> {
    const loads = loadsW.flatMap((loadW) => ["--meter-load", String(loadW)]);
    return this.node(name, ...loads, "--meter-interval", String(INTERVAL_S), "--close-delay", "1", ...args);
  }

  /** A line as `lines` shows it; undefined while there is none of this number. */
  async line(name: string, number = 0): Promise<Reply> {
    const { lines } = await this.cli(name, "lines");
    return (lines as Reply[]).find((line) => line.number === number) as Reply;
  }

  /** What this node has on the channel, msat. */
  async toUs(name: string, number = 0): Promise<bigint> {
    const { channels } = await this.cli(name, "listpeerchannels");
    return BigInt((channels as Reply[]).find((channel) => channel.number === number).to_us_msat as string);
  }

  /** Opens a line, and waits until it is in use at both ends; each end has a number for it. */
  async openLine(
    [from, number]: readonly [string, number],
    [to, otherNumber]: readonly [string, number],
    line: object,
    pushMsat: bigint,
  ): Promise<void> {
    const { id, binding } = await this.cli(to, "getinfo");
    await this.cli(from, "connect", `${id}@${binding}`);
    const words = ["--push_msat", String(pushMsat), "--energy", JSON.stringify(line)];
    expect(await this.cli(from, "fundchannel", id as string, "1000000sat", ...words)).toHaveProperty("txid");
    await this.mine(6);
    await expect.poll(async () => (await this.line(from, number))?.state as string, WAIT).toBe("normal");
    await expect.poll(async () => (await this.line(to, otherNumber))?.state as string, WAIT).toBe("normal");
  }

  /** Waits until a line has closed all intervals that begin before `untilS`, UTC in s. */
  async closed(name: string, number: number, untilS: number): Promise<void> {
    await expect
      .poll(async () => (await this.line(name, number)).closed_until as number, WAIT)
      .toBeGreaterThanOrEqual(untilS);
  }

  /** Writes a node's evidence of a line to its file and returns that. */
  async evidence(name: string, number = 0): Promise<Reply> {
    const file = this.path(`${name}.evidence.json`);
    expect(await this.cli(name, "evidence", String(number), file)).toMatchObject({ file });
    return JSON.parse(readFileSync(file, "utf8"));
  }

  /** `tieline evidence` of nodes' files, in this process: its exit code and what it says. */
  async judged(names: readonly string[]): Promise<Reply> {
    let [code, text] = [-1, ""];
    const io: CommandIo = {
      write: (more) => (text += more),
      writeError: (more) => (text += more),
      setExitCode: (given) => (code = given),
    };
    const files = names.map((name) => this.path(`${name}.evidence.json`));
    const words = ["node", "tieline", "evidence", "--json", ...files];
    await new Command().addCommand(evidenceCommand(io)).parseAsync(words);
    return { code, ...(JSON.parse(text) as object) };
  }
}

/** All closes of a line that the log of a node's process has. */
export function loggedCloses(service: Service, number: number): LoggedClose[] {
  const pattern = /line (\d+): closed until (\d+), (-?\d+) mWh of (-?\d+), arrears (-?\d+) msat/g;
  return [...service.stderr.matchAll(pattern)]
    .filter(([, line]) => line === String(number))
    .map(([, , until, metered = "", agreed = "", arrears = ""]) => ({
      until: Number(until),
      meteredMwh: BigInt(metered),
      agreedMwh: BigInt(agreed),
      arrearsMsat: BigInt(arrears),
    }));
}

export const nowS = (): number => SYSTEM_CLOCK.nowMs() / 1000;
export const startOf = (s: number): number => Math.floor(s) - (Math.floor(s) % INTERVAL_S);

/** Waits until `s`, UTC. */
export async function until(s: number): Promise<void> {
  while (nowS() < s) await new Promise((resolve) => setTimeout(resolve, 20));
}

/** The next interval's start, with at least 2 s before it begins. */
export async function nextStart(): Promise<number> {
  for (;;) {
    const now = nowS();
    if (now - startOf(now) < INTERVAL_S - 2) return startOf(now) + INTERVAL_S;
    await until(startOf(now) + INTERVAL_S);
  }
}

/** What flows at a constant load between two moments, UTC in s, in whole pulses of 10 mWh of a counter that runs by UTC. */
export function flowedMwh(loadW: number, fromS: number, untilS: number): bigint {
  const pulsesAt = (s: number): bigint => (BigInt(loadW) * BigInt(s)) / 36n;
  return (pulsesAt(untilS) - pulsesAt(fromS)) * 10n;
}
