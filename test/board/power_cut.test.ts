import { describe, expect, it } from "vitest";
import { encodeEdges } from "../../host/board/edge_fifo.js";
import { Entropy } from "../../host/board/entropy.js";
import { FaultyFlash } from "../../host/board/flash_faults.js";
import { KeyStore } from "../../host/board/key_store.js";
import { MetrologyBoard } from "../../host/board/metrology_board.js";
import { PowerCut, cutPoints } from "../../host/board/power_cut.js";
import type { Engine } from "../../host/engine/engine.js";
import { engineByName } from "../../host/engine/index.js";
import { Metrology, MeterError, readMetrology } from "../../host/metrology/module.js";
import { whereItRuns } from "../driver/engines.js";
import { CONFIG, MIDNIGHT, pulseTrain } from "../driver/meter_client.js";

const file = readMetrology();
const keys = KeyStore.generate(new Entropy("power cut"));
const PULSES = 120;

/** Registers that a power cut may leave: those already safe, and those that the call under way was making safe. */
interface Progress {
  saved: bigint;
  counted: bigint;
}

function boot(engine: Engine, flash: FaultyFlash): Metrology {
  const meter = new Metrology(engine, file, new MetrologyBoard(flash, keys));
  meter.boot({ ...CONFIG, intervalS: 5 }, 0);
  return meter;
}

/** 120 pulses, one a call, 500 ms apart, with the closings that fall due; what is in flash is saved. */
function work(engine: Engine, flash: FaultyFlash, progress: Progress): void {
  const meter = boot(engine, flash);
  meter.setClock(0, MIDNIGHT, "S");
  for (let i = 0; i < PULSES; i++) {
    const edges = pulseTrain(0, 1, i * 500, 500);
    const programs = flash.programOps;
    while (meter.tick(i * 500) !== undefined) continue;
    if (flash.programOps > programs) progress.saved = progress.counted;
    progress.counted++;
    const before = flash.programOps;
    if (meter.pulseEdges(i * 500, encodeEdges(i * 500, edges)) !== 2) throw new Error(`pulse ${i} was refused`);
    if (flash.programOps > before) progress.saved = progress.counted;
  }
}

const newFlash = (seed: string): FaultyFlash => new FaultyFlash(512, 8, new Entropy(seed));

for (const name of ["v8", "wasm3"] as const) {
  describe("power cuts", () => {
    whereItRuns(name, () => {
      const engine = engineByName(name);

      it(`at every byte and erase stage unwind ${name}; registers come back as last saved`, () => {
        const whole = newFlash("whole");
        const operations = whole.record();
        work(engine, whole, { saved: 0n, counted: 0n });
        const points = cutPoints(operations);
        expect(operations.filter(({ kind }) => kind === "erase").length).toBeGreaterThan(2);
        expect(points.length).toBeGreaterThan(1000);
        let exact = 0;
        for (const point of points) {
          const flash = newFlash(JSON.stringify(point));
          flash.cutAt(point);
          const progress = { saved: 0n, counted: 0n };
          expect(() => work(engine, flash, progress)).toThrow(PowerCut);
          flash.powerOn();
          const { importPulses } = boot(engine, flash).registers();
          expect([point, importPulses]).toEqual([
            point,
            importPulses === progress.saved ? progress.saved : progress.counted,
          ]);
          if (importPulses === progress.saved) exact++;
        }
        expect(exact).toBeGreaterThan(points.length / 2);
      });

      it(`a cut at its first byte, on ${name}: exactly what was saved before`, () => {
        const flash = newFlash("first byte");
        const meter = boot(engine, flash);
        const give = (count: number, atMs: number): number =>
          meter.pulseEdges(atMs, encodeEdges(atMs, pulseTrain(0, count, atMs, 60)));
        give(10, 0);
        give(9, 1000);
        flash.cutAt({ kind: "program", index: 0, bytes: 0 });
        expect(() => give(1, 2000)).toThrow(PowerCut);
        // A module that went on running would find nothing that answers.
        expect(() => meter.tick(20_000)).toThrow(PowerCut);
        flash.powerOn();
        expect(boot(engine, flash).registers().importPulses).toBe(10n);
      });

      it(`a bad sector is ERR_FLASH on ${name}`, () => {
        const flash = newFlash("bad");
        flash.markBad(0);
        const error = (() => {
          try {
            return boot(engine, flash);
          } catch (caught) {
            return caught;
          }
        })();
        expect(error).toBeInstanceOf(MeterError);
        expect((error as MeterError).code).toBe(-3);
      });
    });
  });
}
