import { encodeEdges, type Edge } from "../../host/board/edge_fifo.js";
import { encodeConfig, type MeterConfig } from "../../host/metrology/config.js";
import type { MeterDriver } from "../../host/metrology/driver.js";
import {
  decodeEvent,
  decodeRegisters,
  encodeTexts,
  type MeterEvent,
  type Registers,
} from "../../host/metrology/module.js";

export const CONFIG: MeterConfig = {
  serial: "TL000042",
  vendor: "Tieline",
  model: "test meter",
  meterConstant: 1000,
  intervalS: 900,
};

/** 2026-06-22T00:00:00Z. */
export const MIDNIGHT = Date.UTC(2026, 5, 22);

/** Calls of a meter's exports with the arguments spelled out; results as they are, codes included. */
export class MeterClient {
  constructor(readonly driver: MeterDriver) {}

  async boot(config: Partial<MeterConfig> = {}, monoMs = 0): Promise<number> {
    return this.bootRecord(encodeConfig({ ...CONFIG, ...config }), monoMs);
  }

  async bootRecord(record: Uint8Array, monoMs = 0): Promise<number> {
    return (await this.driver.call("boot", [record.length, BigInt(monoMs)], record)).result;
  }

  async setClock(monoMs: number, utcMs: number, state = "S"): Promise<number> {
    return (await this.driver.call("set_clock", [BigInt(monoMs), BigInt(utcMs), state.charCodeAt(0)])).result;
  }

  async edges(baseMs: number, edges: readonly Edge[]): Promise<number> {
    const records = encodeEdges(baseMs, edges);
    return (await this.driver.call("pulse_edges", [BigInt(baseMs), edges.length], records)).result;
  }

  async counter(input: number, value: number, monoMs: number): Promise<number> {
    return (await this.driver.call("pulse_counter", [input, value, BigInt(monoMs)])).result;
  }

  /** The record's text, or the code (0: nothing is due). */
  async tick(monoMs: number): Promise<string | number> {
    const { result, output } = await this.driver.call("tick", [BigInt(monoMs)]);
    return result > 0 ? Buffer.from(output).toString("latin1") : result;
  }

  /** Ticks until nothing is due. */
  async drain(monoMs: number): Promise<string[]> {
    const records: string[] = [];
    for (;;) {
      const record = await this.tick(monoMs);
      if (record === 0) return records;
      if (typeof record === "number") throw new Error(`tick: ${record}`);
      records.push(record);
    }
  }

  async tamper(what: number, active: number, monoMs: number): Promise<number> {
    return (await this.driver.call("tamper", [what, active, BigInt(monoMs)])).result;
  }

  async transaction(reason: string, monoMs: number, identification = "", tariff = ""): Promise<number> {
    const texts = reason === "B" || reason === "T" ? encodeTexts(identification, tariff) : new Uint8Array();
    const args = [reason.charCodeAt(0), texts.length, BigInt(monoMs)];
    return (await this.driver.call("transaction", args, texts)).result;
  }

  /** A record out of flash, or the code. */
  async record(context: "F" | "T", page: number): Promise<string | number> {
    const { result, output } = await this.driver.call("record", [context.charCodeAt(0), page]);
    return result > 0 ? Buffer.from(output).toString("latin1") : result;
  }

  /** All events of the log, oldest first. */
  async events(): Promise<MeterEvent[]> {
    const { newestEvent } = await this.registers();
    const events: MeterEvent[] = [];
    for (let number = 1; number <= newestEvent; number++) {
      const { result, output } = await this.driver.call("event", [number]);
      if (result > 0) events.push(decodeEvent(output));
    }
    return events;
  }

  async registers(): Promise<Registers> {
    return decodeRegisters((await this.driver.call("registers", [])).output);
  }
}

/** `count` pulses on an input: on for 30 ms every `periodMs` from `fromMs`. */
export function pulseTrain(input: number, count: number, fromMs: number, periodMs: number): Edge[] {
  return Array.from({ length: count }, (_, i) => fromMs + i * periodMs).flatMap((timeMs) => [
    { timeMs, input, level: 1 as const },
    { timeMs: timeMs + 30, input, level: 0 as const },
  ]);
}
