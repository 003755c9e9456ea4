import { Entropy } from "../board/entropy.js";
import { encodeEdges, type Edge } from "../board/edge_fifo.js";
import { KeyStore } from "../board/key_store.js";
import { MetrologyBoard } from "../board/metrology_board.js";
import { NorFlash } from "../board/nor_flash.js";
import type { Engine } from "../engine/engine.js";
import { availableEngines, engineByName } from "../engine/index.js";
import { FLASH_SECTORS, FLASH_SECTOR_BYTES } from "../metrology/driver.js";
import { Metrology, readMetrology } from "../metrology/module.js";
import { EmulatedMeter } from "../sim/emulated_meter.js";
import { compare, type BenchResult, type BenchRow, type Workload } from "./bench.js";

const START_UTC_MS = Date.UTC(2026, 5, 22);
const DAY_MS = 86_400_000;
const CLOSINGS = 96;
/** Enough a round for compilers to have warmed up. */
const CLOSINGS_PER_ROUND = 960;
/** 20 kWh at 1000 imp/kWh, both edges. */
const EDGES_PER_DAY = 40_000;
/** 20 kWh a day as constant power, mW. */
const POWER_MW = 833_334;

const keys = KeyStore.generate(new Entropy("bench"));
const file = readMetrology();
const config = { serial: "BENCH", vendor: "Tieline", model: "bench", meterConstant: 1000 };

/** Pulses, closings and whole meter-days per second, on each engine. */
export function benchMetering(): BenchResult {
  const results: BenchRow[] = [];
  for (const engine of availableEngines()) {
    results.push(compare(`pulses/${engine.name}`, "pulses/s", pulses(engine), pulsesFloor(), null));
    results.push(
      compare(
        `closings/${engine.name}`,
        "closings/s",
        closings(engine),
        signatures(CLOSINGS_PER_ROUND),
        engine.name === "v8" ? 1.5 : 2.5,
      ),
    );
    results.push(compare(`meter-days/${engine.name}`, "meter-days/s", meterDay(engine), meterDayFloor(), 8));
  }
  return { name: "metering", results };
}

function openMeter(engine: Engine, intervalS: number): Metrology {
  const flash = new NorFlash(FLASH_SECTOR_BYTES, FLASH_SECTORS);
  const meter = new Metrology(engine, file, new MetrologyBoard(flash, keys));
  meter.boot({ ...config, intervalS }, 0);
  meter.setClock(0, START_UTC_MS, "S");
  return meter;
}

const BATCH = 1000;
const BATCHES = 200;

/** A batch of alternating edges, 30 ms apart. */
function edgeBatch(): Uint8Array {
  const edges: Edge[] = [];
  for (let i = 0; i < BATCH; i++) edges.push({ timeMs: i * 30, input: 0, level: i % 2 === 0 ? 1 : 0 });
  return encodeEdges(0, edges);
}

function pulses(engine: Engine): Workload {
  const batch = edgeBatch();
  const meter = openMeter(engine, 3600);
  return {
    count: (BATCH / 2) * BATCHES,
    run() {
      for (let i = 0; i < BATCHES; i++) meter.pulseEdges(i, batch);
    },
  };
}

/** The same batches counted by a plain loop in the host's own language. */
function pulsesFloor(): Workload {
  const batch = edgeBatch();
  const records = new DataView(batch.buffer);
  let levels = 0;
  let counted = 0;
  return {
    count: (BATCH / 2) * BATCHES,
    run() {
      for (let i = 0; i < BATCHES; i++) {
        for (let at = 0; at < batch.length; at += 4) {
          const edge = records.getUint32(at, true);
          const bit = 1 << ((edge >>> 28) & 7);
          const level = edge >>> 31 !== 0 ? bit : 0;
          if ((levels & bit) === level) continue;
          levels ^= bit;
          if (level !== 0) counted++;
        }
      }
      if (counted === 0) throw new Error("nothing was counted");
    },
  };
}

function closings(engine: Engine): Workload {
  const meter = openMeter(engine, 5);
  let monoMs = 0;
  return {
    count: CLOSINGS_PER_ROUND,
    run() {
      for (let i = 0; i < CLOSINGS_PER_ROUND; i++) {
        monoMs += 5000;
        if (meter.tick(monoMs) === undefined) throw new Error(`no record at ${monoMs} ms`);
      }
    },
  };
}

/** The bare signatures of as many closings. */
function signatures(count: number): Workload {
  const digest = new Uint8Array(32).fill(7);
  const signature = new Uint8Array(64);
  return {
    count,
    run() {
      for (let i = 0; i < count; i++) {
        digest[0] = i;
        keys.sign(digest, signature);
      }
    },
  };
}

function meterDay(engine: Engine): Workload {
  return {
    count: 1,
    run() {
      const meter = new EmulatedMeter(engine, file, keys, { ...config, intervalS: 900 });
      meter.start(START_UTC_MS);
      for (let ms = 60_000; ms <= DAY_MS; ms += 60_000) meter.run(POWER_MW, ms);
      const { importPulses } = meter.registers();
      if (importPulses < 20_000n || meter.receipts.length !== 96) {
        throw new Error(`a meter-day came to ${importPulses} pulses and ${meter.receipts.length} receipts`);
      }
    },
  };
}

/** An export that hands its argument to an import: (func (export "f") (param i32) (result i32) local.get 0 call 0). */
const BARE_CALL = Uint8Array.from([
  0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00, 0x01, 0x06, 0x01, 0x60, 0x01, 0x7f, 0x01, 0x7f, 0x02, 0x07, 0x01,
  0x01, 0x65, 0x01, 0x69, 0x00, 0x00, 0x03, 0x02, 0x01, 0x00, 0x05, 0x03, 0x01, 0x00, 0x01, 0x07, 0x05, 0x01, 0x01,
  0x66, 0x00, 0x01, 0x0a, 0x08, 0x01, 0x06, 0x00, 0x20, 0x00, 0x10, 0x00, 0x0b,
]);

/** What a day cannot do without: a wasm3 call with one import for each edge, and 96 signatures. */
function meterDayFloor(): Workload {
  const sign = signatures(CLOSINGS);
  const instance = engineByName("wasm3").instantiate(BARE_CALL, { e: { i: (value: number) => value } });
  return {
    count: 1,
    run() {
      for (let i = 0; i < EDGES_PER_DAY; i++) instance.call("f", i);
      sign.run();
    },
  };
}
