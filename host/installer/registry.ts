// What `tieline console` can be asked: one table for one-shot verbs, the prompt and the help.

import { ModuleError } from "../engine/errors.js";
import type { BoardClient } from "../link/board_client.js";
import { NOT_FOUND } from "./codes.js";
import { decodeEvent, decodeRegisters, type MeterEvent, type Registers } from "../metrology/module.js";
import { type ContainerValue, writeContainer } from "../ocmf/container.js";
import { spkiFromPoint } from "../ocmf/key.js";
import { parseRecord } from "../ocmf/parse.js";
import { describeSettings } from "./describe.js";

/** What a verb writes files with. */
export interface Files {
  write(name: string, text: string): void;
}

interface Verb {
  readonly help: string;
  /** Lines for people. */
  run(client: BoardClient, args: readonly string[], files: Files): Promise<readonly string[]>;
}

const FISCAL = "F".charCodeAt(0);
const RESET_REASONS = ["power on", "restart", "watchdog", "supply", "fault"];
const MODULE_STATES = ["stopped", "runs", "a module under test runs"];

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
const table = (rows: readonly (readonly [string, string])[]): string[] =>
  rows.map(([name, value]) => `${name.padEnd(24)} ${value}`);

async function registers(client: BoardClient): Promise<Registers> {
  const { result, output } = await client.call("registers", []);
  if (result < 0) throw new ModuleError("registers", result);
  return decodeRegisters(output);
}

/** Receipts that the meter still has, oldest first, as it signed them. */
export async function readReceipts(client: BoardClient, last = Infinity): Promise<string[]> {
  const { nextPage } = await registers(client);
  const texts: string[] = [];
  for (let page = nextPage - 1; page >= 1 && texts.length < last; page--) {
    const { result, output } = await client.call("record", [FISCAL, page]);
    if (result === NOT_FOUND) break;
    if (result < 0) throw new ModuleError("record", result);
    texts.unshift(Buffer.from(output).toString("latin1"));
  }
  return texts;
}

async function receiptFile(client: BoardClient, name: string, files: Files): Promise<readonly string[]> {
  const texts = await readReceipts(client);
  const { publicKey } = await client.hello();
  const key = Buffer.from(spkiFromPoint(publicKey)).toString("hex").toUpperCase();
  const xml = name.endsWith(".xml");
  const values = (): ContainerValue[] =>
    texts.map((record) => ({ record, publicKey: key, transactionId: parseRecord(record).pagination.number }));
  files.write(name, xml ? writeContainer(values()) : texts.map((text) => `${text}\n`).join(""));
  return [`${name}: ${texts.length} receipts; public key ${key}`];
}

async function readEvents(client: BoardClient): Promise<MeterEvent[]> {
  const events: MeterEvent[] = [];
  for (let number = (await registers(client)).newestEvent; number >= 1; number--) {
    const { result, output } = await client.call("event", [number]);
    if (result === NOT_FOUND) break;
    if (result < 0) throw new ModuleError("event", result);
    events.unshift(decodeEvent(output));
  }
  return events;
}

const kwh = (mwh: bigint): string => `${mwh / 1_000_000n}.${`${mwh % 1_000_000n}`.padStart(6, "0")} kWh`;
const time = (utcMs: number): string => (utcMs === 0 ? "unknown" : new Date(utcMs).toISOString());

function count(text: string | undefined, otherwise: number): number {
  if (text === undefined) return otherwise;
  if (!/^[1-9]\d{0,5}$/.test(text)) throw new Error(`${text}: not a number of receipts`);
  return Number(text);
}

/** Verbs by name. */
export const VERBS: Readonly<Record<string, Verb>> = {
  state: {
    help: "how the board is: modules, starts, traps, links",
    run: async (client) => {
      const named: Readonly<Record<string, readonly string[]>> = {
        mode: ["driven", "free"],
        reset_reason: RESET_REASONS,
        metrology: MODULE_STATES,
        node: MODULE_STATES,
      };
      const figures = [...(await client.state())];
      return table(figures.map(([name, value]) => [name, named[name]?.[value] ?? `${value}`]));
    },
  },
  logs: { help: "the board's log since it was started", run: async (client) => client.logs() },
  keys: {
    help: "the meter's public key, and what the modules in place are",
    run: async (client) => {
      const { publicKey, moduleHash, nodeHash, board } = await client.hello();
      return table([
        ["board", board],
        ["public key", hex(publicKey)],
        ["public key, SPKI", hex(spkiFromPoint(publicKey)).toUpperCase()],
        ["metrology, SHA-256", hex(moduleHash)],
        ["node, SHA-256", /^0+$/.test(hex(nodeHash)) ? "not started" : hex(nodeHash)],
      ]);
    },
  },
  settings: {
    help: "what the board is set up for",
    run: async (client) => table(describeSettings(await client.settings())),
  },
  registers: {
    help: "the meter's registers",
    run: async (client) => {
      const found = await registers(client);
      return table([
        ["1-0:1.8.0 import", kwh(found.importMwh)],
        ["1-0:2.8.0 export", kwh(found.exportMwh)],
        ["pulses", `${found.importPulses} import, ${found.exportPulses} export`],
        ["meter constant", `${found.meterConstant} imp/kWh`],
        ["interval", `${found.intervalS} s, ends ${time(found.intervalEndUtcMs)}`],
        ["clock", found.clockState === "" ? "not set" : found.clockState],
        ["receipts signed", `${found.nextPage - 1}`],
      ]);
    },
  },
  receipts: {
    help: "receipts [number]: the newest ones, as the meter signed them, one a line; else all",
    run: async (client, [last]) => readReceipts(client, count(last, Infinity)),
  },
  save: {
    help: "save <file>: all receipts; a S.A.F.E. XML container if the name ends in .xml, else one a line",
    run: async (client, [file], files) => {
      if (file === undefined) throw new Error("save: the file's name is missing");
      return receiptFile(client, file, files);
    },
  },
  events: {
    help: "the meter's own event log",
    run: async (client) =>
      (await readEvents(client)).map(
        ({ number, kind, utcMs, detail }) =>
          `${`${number}`.padStart(5)}  ${time(utcMs).padEnd(24)}  ${kind}${detail === 0 ? "" : ` (${detail})`}`,
      ),
  },
  images: {
    help: "which image of the node runs, is in force, is on trial",
    run: async (client) => {
      const images = await client.images();
      return table([
        ["runs", `version ${images.runningVersion} (${images.running})`],
        ["in force", images.active],
        ["on trial", images.trial === undefined ? "none" : `${images.trial}, ${images.tries} starts`],
        ["highest that ever stayed", `${images.confirmedVersion}`],
      ]);
    },
  },
};

/** A line for each verb. */
export const helpLines = (): string[] => table(Object.entries(VERBS).map(([name, { help }]) => [name, help]));

/** Runs one line of words. Throws where there is no such verb, or the board or a module refuses. */
export async function runVerb(client: BoardClient, words: readonly string[], files: Files): Promise<readonly string[]> {
  const [name = "", ...args] = words;
  if (name === "help") return helpLines();
  const verb = Object.hasOwn(VERBS, name) ? VERBS[name] : undefined;
  if (verb === undefined) throw new Error(`${name}: no such verb; there are ${Object.keys(VERBS).join(", ")}, help`);
  return verb.run(client, args, files);
}
