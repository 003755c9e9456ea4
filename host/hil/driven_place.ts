import type { LineMeter } from "../board/meter_port.js";
import type { KeyStore } from "../board/key_store.js";
import type { Engine } from "../engine/engine.js";
import { readMetrology, type Registers } from "../metrology/module.js";
import type { NodeUnit } from "../node/unit.js";
import type { ScenarioMeter } from "../scenario/meter_control.js";
import { EmulatedMeter } from "../sim/emulated_meter.js";
import type { MeterProbe } from "../sim/meter_probe.js";
import type { MeterSpec } from "../street/meters.js";
import { BoardMetrology } from "./board_metrology.js";
import { DrivenUnit } from "./driven_unit.js";
import type { OpenBoard } from "./open_board.js";

/** A place of a street whose meter and node are a board. */
export interface BoardPlace {
  readonly meter: ScenarioMeter & LineMeter;
  /** The node, started. */
  unit(): NodeUnit;
}

/** What the meter of a place has around it. */
export interface Surroundings {
  readonly spec: MeterSpec;
  readonly keys: KeyStore;
  readonly engine: Engine;
  readonly probe: MeterProbe | undefined;
}

/** A meter whose pulses, main loop and clock this process emulates, around the firmware of a board. */
class DrivenMeter extends EmulatedMeter {
  constructor(
    private readonly open: OpenBoard,
    { spec, keys, engine, probe }: Surroundings,
  ) {
    const { frontEnd, config } = spec;
    let isFresh = true;
    const firmware = (): BoardMetrology => {
      if (!isFresh) open.board.restart();
      isFresh = false;
      return new BoardMetrology(open.board);
    };
    super(engine, readMetrology(), keys, config, { frontEnd, firmware, ...(probe && { probe }) });
  }

  override start(utcMs: number): void {
    super.start(utcMs);
    demandNew(this.open, this.registers());
  }

  override publicKey(): Uint8Array {
    return this.open.publicKey;
  }
}

/** A street begins with registers at zero. Throws Error naming the board whose meter has counted before. */
export function demandNew({ option }: OpenBoard, { importPulses, exportPulses, nextPage }: Registers): void {
  if (importPulses === 0n && exportPulses === 0n && nextPage === 1) return;
  throw new Error(`--board ${option.text}: its meter has counted before; a street begins with registers at zero`);
}

/** A place on a driven board: virtual time comes to it with each call, and the bytes of its line cross the service link. */
export function drivenPlace(open: OpenBoard, surroundings: Surroundings): BoardPlace {
  const meter = new DrivenMeter(open, surroundings);
  return {
    meter,
    unit: () => {
      open.board.start("node");
      return new DrivenUnit(open.board, () => meter.catchUp());
    },
  };
}
