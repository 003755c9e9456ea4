import type { Edge } from "../../host/board/edge_fifo.js";
import type { Step } from "../../host/link/board_client.js";
import type { BoardImage } from "../../host/link/image.js";
import type { Machine } from "../../host/link/machine.js";
import { Status } from "../../host/link/protocol.js";
import { MODES, type Settings } from "../../host/link/settings.js";
import { encodeConfig } from "../../host/metrology/config.js";
import { COMMANDS, type CommandName, NODE_OUTPUT_BYTES } from "../../host/node/abi.js";
import { type NodeEvent, readEvent } from "../../host/node/node_event.js";
import { decodeRegisters, type Registers } from "../../host/metrology/module.js";
import { bootRecord } from "../../host/node/requests.js";
import { CONFIG } from "../driver/meter_client.js";
import { CONFIG as NODE_CONFIG, START_HEIGHT } from "../node/network.js";
import { KEY } from "./board.js";

export const STEPPED = Uint8Array.of(MODES.stepped);
export const FREE = Uint8Array.of(MODES.free);
export const CONFIGURATION = encodeConfig(CONFIG);

/** Every leading edge counts, however near to the last: a machine that is busy hands over several at once. */
const ANY_EDGE = { filter: "edge", minOnMs: 0, minOffMs: 0, minPeriodMs: 0 } as const;
/** Of a board with a node that calls nobody and a meter that takes every edge. */
export const FREE_SETTINGS = {
  mode: FREE,
  metrology: encodeConfig({ ...CONFIG, inputs: [ANY_EDGE, ANY_EDGE] }),
  node: bootRecord(NODE_CONFIG, START_HEIGHT, 0n, 0n),
};

export const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Polls until it holds. */
export async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 1500; tries++) {
    if (await holds()) return;
    await sleep(20);
  }
  throw new Error(`it never came to this: ${what}`);
}

/** A board in free mode, what it has let out, and its operations by short names. */
export class FreeBoard {
  readonly records: string[] = [];
  readonly log: string[] = [];
  readonly told: { readonly what: number; readonly record: Uint8Array }[] = [];

  constructor(readonly machine: Machine) {}

  /** Sets the board up, also with an image of the node, and starts it anew: READY's text. */
  async set(settings: Settings, nodeImage?: Uint8Array): Promise<string> {
    await this.machine.powerOn();
    if (nodeImage !== undefined) await this.machine.client.update(nodeImage);
    await this.machine.client.writeSettings(settings);
    await this.machine.powerOff();
    return this.on();
  }

  async on(): Promise<string> {
    const ready = await this.machine.powerOn();
    this.listen();
    return ready;
  }

  /** Hears what the board lets out. */
  listen(): void {
    this.machine.client.link.listen(({ status, payload }) => {
      const text = Buffer.from(payload).toString("latin1");
      if (status === Status.record) this.records.push(text);
      else if (status === Status.log)
        this.log.push(text.replace(/^\d+ /, "")); // the second
      else if (status === Status.tell) this.told.push({ what: payload[0] ?? 0, record: payload.slice(1) });
    });
  }

  /** A step to `ms`; returns when the board wants the next one, ms. */
  async step(ms: number, rest: Omit<Step, "us"> = {}): Promise<number> {
    return Number((await this.machine.client.step({ us: BigInt(ms) * 1000n, ...rest })).dueUs / 1000n);
  }

  /** A command of the node; what it answers. Rejects with the code of a refusal. */
  async command(name: CommandName, record: Uint8Array = new Uint8Array()): Promise<Uint8Array> {
    const args = [COMMANDS[name], record.length];
    const { result, output } = await this.machine.client.callNode("command", args, record, NODE_OUTPUT_BYTES);
    if (result < 0) throw new Error(`${name}: ${result}`);
    return output.slice(0, result);
  }

  /** Lines that say that the node has stopped. */
  get stops(): string[] {
    return this.log.filter((line) => line.startsWith("node stopped"));
  }

  /** What the node has told of a kind. */
  events<K extends NodeEvent["kind"]>(kind: K): Extract<NodeEvent, { kind: K }>[] {
    const all = this.told.map(({ what, record }) => readEvent(what, record));
    return all.filter((event): event is Extract<NodeEvent, { kind: K }> => event.kind === kind);
  }

  async registers(): Promise<Registers> {
    return decodeRegisters((await this.machine.client.call("registers", [])).output);
  }
}

export const image = (more: BoardImage = {}): BoardImage => ({ key: KEY, ...more });

/** Takes `count` edges out of those that wait, from the oldest on: those before `ms`. */
export function before(waiting: Edge[], ms: number): Edge[] {
  const end = waiting.findIndex(({ timeMs }) => timeMs >= ms);
  return waiting.splice(0, end < 0 ? waiting.length : end);
}
