import { encodeEdges, type Edge } from "../../board/edge_fifo.js";
import { KeyStore } from "../../board/key_store.js";
import { MetrologyBoard } from "../../board/metrology_board.js";
import { NorFlash } from "../../board/nor_flash.js";
import { v8 } from "../../engine/v8.js";
import type { ExportName } from "../../metrology/abi.js";
import { encodeConfig } from "../../metrology/config.js";
import { Metrology, readMetrology } from "../../metrology/module.js";
import { callFigures, valueOf } from "../../qemu/figures.js";
import { QemuMachine } from "../../qemu/machine.js";
import { EVERYTHING } from "./part.js";

const START_UTC_MS = Date.UTC(2026, 5, 22);
const CONFIG = { serial: "BENCH", vendor: "Tieline", model: "bench", meterConstant: 1000, intervalS: 900 };
const INTERVAL_MS = 900_000;
const KEY = new Uint8Array(32).fill(0x42);
/** Without one the generator of a board begins otherwise each time. */
const SEED = new Uint8Array(32).fill(0x5e);
const SECTOR_BYTES = 4096;
/** A chip's metrology partition. */
const RING_SECTORS = 256;
const RING_DAYS = 60;
const RECORDS_PER_DAY = 96;

export const EDGES = 100;
/** An S0 output at its fastest and a bit. */
const EDGE_MS = 50;

export interface MeteringReport {
  /** Instructions of a batch of EDGES edges, warm and with everything to be compiled. */
  readonly edges: { readonly warm: number; readonly cold: number };
  /** From reset until the first batch is counted: loading the module, boot, set_clock, the batch. */
  readonly boot: number;
  /** Of these: until the board answers, and the call of `boot`. */
  readonly bootParts: { readonly start: number; readonly boot: number };
  /** Days of records in the flash that it boots from. */
  readonly days: number;
}

/** Flash with the records of two months, made on V8. */
export function fullRing(days = RING_DAYS): Uint8Array {
  const flash = new NorFlash(SECTOR_BYTES, RING_SECTORS);
  const meter = new Metrology(v8, readMetrology(), new MetrologyBoard(flash, new KeyStore(KEY)));
  meter.boot(CONFIG, 0);
  meter.setClock(0, START_UTC_MS, "S");
  for (let record = 1; record <= days * RECORDS_PER_DAY; record++) {
    if (meter.tick(record * INTERVAL_MS) === undefined) throw new Error(`no record of interval ${record}`);
  }
  return flash.image();
}

/** Measures the metrology module on a board whose flash is as old as `flash`. */
export async function measureMetering(flash: Uint8Array, days: number): Promise<MeteringReport> {
  const machine = new QemuMachine({ key: KEY, seed: SEED, flash, countInstructions: true });
  try {
    const refusal = await machine.powerOn();
    if (refusal !== "") throw new Error(refusal);
    const { client } = machine;
    const cost = async (name: ExportName, args: (number | bigint)[], input?: Uint8Array): Promise<number> => {
      const { result } = await client.call(name, args, input);
      if (result < 0) throw new Error(`${name}: ${result}`);
      return callFigures(await client.map()).instructions;
    };
    let at = 1000;
    const edges = async (): Promise<number> => {
      const batch = Array.from({ length: EDGES }, (_, i): Edge => {
        return { timeMs: at + i * EDGE_MS, input: 0, level: i % 2 === 0 ? 1 : 0 };
      });
      const records = encodeEdges(at, batch);
      const instructions = await cost("pulse_edges", [BigInt(at), EDGES], records);
      at += (EDGES + 1) * EDGE_MS;
      return instructions;
    };
    const started = valueOf(await client.map(), "start_cycles");
    const config = encodeConfig(CONFIG);
    const booted = await cost("boot", [config.length, 0n], config);
    const now = BigInt(START_UTC_MS) + BigInt(days) * 86_400_000n;
    const clock = await cost("set_clock", [0n, now, "S".charCodeAt(0)]);
    const boot = started + booted + clock + (await edges());
    await client.codeCache(EVERYTHING);
    await edges();
    const warm = await edges();
    await client.codeCache(0);
    const cold = await edges();
    return { edges: { warm, cold }, boot, bootParts: { start: started, boot: booted }, days };
  } finally {
    await machine.discard();
  }
}
