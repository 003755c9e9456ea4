import { qemuMissing } from "../../qemu/missing.js";
import type { BenchResult, BenchRow } from "../bench.js";
import { codeRow, flashRows, ramRows } from "./memory.js";
import { EDGES, fullRing, measureMetering } from "./metering.js";
import { measurePeel } from "./onion.js";
import { type Cost, EVERYTHING, measurePart, type PartReport } from "./part.js";
import { type Part, type Role, ROLES, story } from "./story.js";

const KB = 1024;
/** Compiled code that may stay between calls: as on the chip (boards/esp32c6/board.mk), and where there is more memory. */
const CHIP_CACHE = 12 * KB;
const CACHES = [CHIP_CACHE, 64 * KB, 128 * KB, 220 * KB];
/** Whose calls compile the most, so that it needs the most memory: its meter signs a note in the midst of one. */
const LARGEST: Role = "recipient";
const RING_DAYS = 60;

/**
 * The chip's clock, and cycles that an instruction of its core is taken to need on average: it issues one at a time, most
 * need one cycle, loads whose value is wanted at once and branches that are taken more. That is an assumption, no
 * measurement; waiting for flash, to fetch code from it or to erase it, is not in it.
 */
const CYCLES_PER_MS = 160_000;
const CYCLES_PER_INSTRUCTION = 1.25;

const EDGES_AIM = 100_000;
const BOOT_AIM_MS = 300;
/** Of a swap that is forwarded, warm: instructions to those of the cryptography in it. */
const FORWARD_AIM = 1.5;

const msOf = (instructions: number): number => (instructions * CYCLES_PER_INSTRUCTION) / CYCLES_PER_MS;
const instructionsIn = (ms: number): number => (ms * CYCLES_PER_MS) / CYCLES_PER_INSTRUCTION;

function row(id: string, value: number, baseline: number, aim: number | null = null): BenchRow {
  const ratio = value / baseline;
  const met = aim === null ? null : ratio <= aim;
  return { id, value, unit: "instructions", estimateMs: msOf(value), baseline, ratio, aim, met };
}

const beside = (id: string, { instructions, floor }: Cost, aim: number | null = null): BenchRow =>
  row(id, instructions, floor, aim);

/** Instructions do not depend on the machine: what comes out another way the second time is not what it seems. */
async function twice<T>(what: string, measure: () => Promise<T>): Promise<T> {
  const [first, second] = [await measure(), await measure()];
  const [one, other] = [JSON.stringify(first), JSON.stringify(second)];
  if (one !== other) throw new Error(`${what}: ${one}, the second time ${other}`);
  return first;
}

const part = (role: Role, parts: Readonly<Record<Role, Part>>, cache: number): Promise<PartReport> =>
  twice(`${role}, ${cache} bytes of code cache`, () => measurePart(parts[role], cache, role === "forwarder"));

/**
 * What the firmware costs an RV32 board, in instructions of an emulated one, beside those of the cryptography alone that
 * it calls for; where there is none, beside what they are to stay below. Warm: everything is compiled that is called.
 * Cold: nothing is. Every row is measured on two boards and has to come out the same.
 * @param quick a few rows, those of the node on one board only
 */
export async function benchBoard(quick = false): Promise<BenchResult> {
  const missing = qemuMissing();
  if (missing !== undefined) throw new Error(missing);
  const parts = story();
  const results = await metering(quick ? 1 : RING_DAYS);
  results.push(...(quick ? await few(parts) : await all(parts)));
  return { name: "board", results };
}

async function metering(days: number): Promise<BenchRow[]> {
  const ring = fullRing(days);
  const { edges, boot } = await twice("metering", () => measureMetering(ring, days));
  return [
    row(`batch of ${EDGES} edges, warm`, edges.warm, EDGES_AIM, 1),
    row(`batch of ${EDGES} edges, cold`, edges.cold, EDGES_AIM),
    row(`reset to metering, ${days === 1 ? "1 day" : `${days} days`} of records`, boot, instructionsIn(BOOT_AIM_MS), 1),
  ];
}

async function few(parts: Readonly<Record<Role, Part>>): Promise<BenchRow[]> {
  const report = await measurePart(parts[LARGEST], CHIP_CACHE);
  const [role, cache] = [LARGEST, `cache of ${CHIP_CACHE / KB} KB`];
  return [
    beside(`receipt signed, ${cache}`, report.tick),
    beside(`swap as ${role}, ${cache}`, report.swap),
    beside(`interval closed as ${role}, ${cache}`, report.closing),
    ...flashRows(report),
    ...ramRows(report),
  ];
}

async function all(parts: Readonly<Record<Role, Part>>): Promise<BenchRow[]> {
  const [warm, cold] = [new Map<Role, PartReport>(), new Map<Role, PartReport>()];
  for (const role of ROLES) {
    warm.set(role, await part(role, parts, EVERYTHING));
    cold.set(role, await part(role, parts, 0));
  }
  const peel = await twice("onion", measurePeel);
  const work = (state: "warm" | "cold"): BenchRow[] => {
    const of = (role: Role): PartReport => (state === "warm" ? warm : cold).get(role) as PartReport;
    return [
      beside(`onion peeled, ${state}`, peel[state]),
      ...ROLES.map((role) =>
        beside(
          `swap as ${role}, ${state}`,
          of(role).swap,
          role === "forwarder" && state === "warm" ? FORWARD_AIM : null,
        ),
      ),
      beside(`receipt signed, ${state}`, of("payer").tick),
      beside(`interval closed as payer, ${state}`, of("payer").closing),
      beside(`interval closed as recipient, ${state}`, of("recipient").closing),
    ];
  };
  const caches: BenchRow[] = [];
  const forwarder = (warm.get("forwarder") as PartReport).swap.instructions;
  for (const cache of CACHES) {
    const { instructions } = (await part("forwarder", parts, cache)).swap;
    const share = Math.round(100 * (1 - forwarder / instructions));
    caches.push({
      ...row(`swap as forwarder, cache of ${cache / KB} KB : warm`, instructions, forwarder),
      unit: `instructions, ${share} % of them recompile`,
    });
  }
  const chip = await part(LARGEST, parts, CHIP_CACHE);
  const code = codeRow(warm.get("payer") as PartReport);
  return [...work("warm"), ...work("cold"), ...caches, ...flashRows(chip), ...ramRows(chip), code];
}
