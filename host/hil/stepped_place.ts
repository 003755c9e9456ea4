import { Entropy } from "../board/entropy.js";
import type { LineMeter } from "../board/meter_port.js";
import type { ClockState } from "../board/meter_clock.js";
import { PulseLine } from "../board/pulse_line.js";
import { PulseSource } from "../board/pulse_source.js";
import type { MeterConfig } from "../metrology/config.js";
import type { Registers, TransactionReason } from "../metrology/module.js";
import type { ScenarioMeter } from "../scenario/meter_control.js";
import type { MeterProbe } from "../sim/meter_probe.js";
import { BoardMetrology } from "./board_metrology.js";
import { type BoardPlace, demandNew, type Surroundings } from "./driven_place.js";
import type { OpenBoard } from "./open_board.js";
import { SteppedBoard } from "./stepped_board.js";
import { SteppedUnit } from "./stepped_unit.js";

const ERR_STATE = -2;

/** A meter whose pulses this process emulates, on a board that meters by itself. */
class SteppedMeter implements ScenarioMeter, LineMeter {
  readonly receipts: string[] = [];
  readonly config: MeterConfig;
  /** UTC at its power-up, ms. */
  startUtcMs = 0;
  private readonly firmware: BoardMetrology;
  private readonly source: PulseSource;
  private readonly line: PulseLine;
  private readonly probe: MeterProbe | undefined;
  private nowMs = 0;
  /** Tamper inputs, as a step says them. */
  private active = 0;

  constructor(
    private readonly open: OpenBoard,
    private readonly board: SteppedBoard,
    { spec, probe }: Surroundings,
  ) {
    const { config, frontEnd } = spec;
    if (frontEnd === "counter")
      throw new Error(`--board ${open.option.text}: its inputs do not count pulses by themselves`);
    this.config = config;
    this.probe = probe;
    this.firmware = new BoardMetrology(open.board);
    this.source = new PulseSource(config.meterConstant);
    this.line = new PulseLine(new Entropy(config.serial).stream("line"));
    board.onRecord = (text, atMs) => {
      this.receipts.push(text);
      probe?.recordSigned(atMs);
    };
  }

  /** The board itself is set up when its node's record is there. */
  start(utcMs: number): void {
    this.startUtcMs = utcMs;
    this.probe?.power(0, true);
  }

  run(powerMw: number, toMs: number): void {
    const edges = this.line.advance(this.source.advance(powerMw, this.nowMs, toMs), toMs);
    for (const { timeMs, input, level } of edges) this.probe?.edge(timeMs, input, level);
    this.nowMs = toMs;
    this.board.run(edges, toMs);
  }

  registers(): Registers {
    return this.firmware.registers();
  }

  publicKey(): Uint8Array {
    return this.open.publicKey;
  }

  nextPage(): number {
    return this.registers().nextPage;
  }

  fiscalRecord(page: number): string | undefined {
    return this.firmware.record("F", page);
  }

  /** A board's meter issues notes to its own node only. */
  note(): number {
    return ERR_STATE;
  }

  setClock(utcMs: number, state: ClockState): void {
    this.firmware.setClock(this.nowMs, utcMs, state);
  }

  tamper(what: "cover" | "magnet", active: boolean): void {
    const bit = what === "cover" ? 1 : 2;
    this.active = active ? this.active | bit : this.active & ~bit;
    this.board.settle({ tamper: this.active });
    this.probe?.tamper(this.nowMs, what, active);
  }

  transaction(reason: TransactionReason, identification = "", tariff = ""): void {
    this.firmware.transaction(reason, this.nowMs, { identification, tariff });
  }

  cutPower(): void {
    throw new Error(`--board ${this.open.option.text}: a board's power is not the scenario's to cut`);
  }

  restorePower(): boolean {
    return true;
  }
}

/** A place on a board that runs by itself, in steps of the scenario's time. */
export function steppedPlace(open: OpenBoard, surroundings: Surroundings): BoardPlace {
  const board = new SteppedBoard(open);
  const meter = new SteppedMeter(open, board, surroundings);
  return {
    meter,
    unit: () =>
      new SteppedUnit(open.board, board, (boot) => {
        board.begin(meter.config, boot, meter.startUtcMs);
        demandNew(open, meter.registers());
      }),
  };
}
