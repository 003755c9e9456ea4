import { Entropy } from "../board/entropy.js";
import { MeterPort } from "../board/meter_port.js";
import { SimulatedChain } from "../chain/simulated_chain.js";
import type { Engine } from "../engine/engine.js";
import { ModuleError } from "../engine/errors.js";
import type { ModuleFile } from "../engine/module_file.js";
import { LineChecker } from "./line_checker.js";
import { CounterMeter, PULSE_MWH } from "./counter_meter.js";
import { SimNode, type World } from "./sim_node.js";
import { MemoryWire, run } from "./wire.js";

const START_UTC_S = 1_800_000_000n;
const INTERVAL_S = 60;
const MWH_PER_KWH = 1_000_000n;
const LOSS_MAX_PPM = 100_000;
const CREDIT_MSAT = 10_000_000n;
const CONFIRMATIONS = 3;
const LIMIT = 20_000;

/** A line between two nodes: `ends[0]` opened it and owns it, its energy is counted at `ends[1]`. */
export interface SimLine {
  readonly ends: readonly [SimNode, SimNode];
  readonly numbers: readonly [number, number];
  readonly meters: readonly [CounterMeter, CounterMeter];
  /** Flow from `ends[0]` to `ends[1]` that swaps have agreed, by interval; and what the accounting point has counted. */
  readonly agreedMwh: Map<number, bigint>;
  readonly countedMwh: Map<number, bigint>;
}

/** What happened in a simulation of lines. */
export interface LineSummary {
  lines: number;
  swaps: number;
  refused: number;
  intervals: number;
}

/**
 * A row of nodes whose channels are lines: neighbours swap promises of the next interval, energy flows nearly as agreed,
 * intervals are closed. Nothing disturbs them. Everything follows from the seed. Throws Violation, or whatever the
 * firmware throws.
 */
export function simulateLines(seed: string, engine: Engine, file: ModuleFile, intervals = 4): LineSummary {
  const row = new Row(new Entropy("lines", seed), engine, file, seed);
  const checker = new LineChecker(row.lines);
  for (let i = 0; i < intervals; i++) {
    row.swaps();
    checker.check();
    row.interval();
    checker.check();
  }
  // Into the next interval, by more than a close waits.
  row.seconds(INTERVAL_S - (INTERVAL_S >> 2));
  checker.check();
  checker.checkEnd(row.intervalStart);
  return { lines: row.lines.length, swaps: row.swapped, refused: row.refused, intervals };
}

class Row {
  readonly lines: SimLine[] = [];
  swapped = 0;
  refused = 0;
  private readonly nodes: SimNode[] = [];
  private readonly meters: CounterMeter[][] = [];
  private readonly wires: MemoryWire[] = [];
  private readonly world: World;
  private readonly startMs = 1_000n;

  constructor(
    private readonly random: Entropy,
    engine: Engine,
    file: ModuleFile,
    seed: string,
  ) {
    this.world = { engine, file, chain: new SimulatedChain({ seed }), nowMs: this.startMs, utcS: START_UTC_S };
    this.world.chain.mineNow(3);
    const count = 2 + random.below(3);
    for (let i = 0; i < count; i++) this.add(`n${i}`, seed, engine);
    for (let i = 1; i < count; i++) this.open(i - 1, i);
  }

  /** Start of the interval that goes on, UTC in s. */
  get intervalStart(): number {
    return Number(this.world.utcS) - (Number(this.world.utcS) % INTERVAL_S);
  }

  seconds(count: number): void {
    for (let i = 0; i < count; i++) {
      this.world.nowMs += 1_000n;
      this.world.utcS += 1n;
      for (const meter of this.meters.flat()) meter.advance(Number(this.world.nowMs - this.startMs));
      for (const node of this.nodes) node.node.tick(this.world.nowMs, this.world.utcS);
      this.settle();
    }
  }

  /** Some swaps of the next interval's energy between neighbours, in both directions. */
  swaps(): void {
    for (const line of this.lines) {
      for (let count = this.random.below(4); count > 0; count--) this.swap(line, this.random.below(2) as 0 | 1);
    }
  }

  /** Time goes to the middle of the next interval; in it, energy flows as agreed but for a little. */
  interval(): void {
    this.seconds(INTERVAL_S - Number(this.world.utcS % BigInt(INTERVAL_S)) + (INTERVAL_S >> 1));
    for (const line of this.lines) {
      const agreed = (line.agreedMwh.get(this.intervalStart) ?? 0n) / PULSE_MWH;
      const counted = (agreed + BigInt(this.random.below(2_001) - 1_000)) * PULSE_MWH;
      // What enters a line is what leaves it and a loss within bounds.
      const size = counted < 0n ? -counted : counted;
      const loss = (size / PULSE_MWH / BigInt(20 + this.random.below(100))) * PULSE_MWH;
      line.meters[0].send(counted + loss);
      line.meters[1].send(-counted);
      line.countedMwh.set(this.intervalStart, counted);
    }
  }

  private swap(line: SimLine, payer: 0 | 1): void {
    const payee = payer === 0 ? 1 : 0;
    const [from, to] = [line.ends[payer], line.ends[payee]];
    const fromS = this.intervalStart + INTERVAL_S;
    const energyMwh = BigInt(1 + this.random.below(20_000)) * PULSE_MWH;
    const priceMsatPerKwh = BigInt(this.random.below(400_000));
    const amountMsat = (energyMwh * priceMsatPerKwh + MWH_PER_KWH - 1n) / MWH_PER_KWH + 1n;
    to.node.offer(0, {
      side: "sell",
      receipts: false,
      promises: true,
      meter: line.meters[payee] === this.meters[this.nodes.indexOf(to)]?.[0] ? 0 : 1,
      fromS,
      untilS: fromS + INTERVAL_S,
      priceMsatPerKwh,
      maxMwh: energyMwh,
    });
    const [hop, before] = [from.node.channel(line.numbers[payer]), from.told("sent").length];
    try {
      from.node.pay({
        channel: line.numbers[payer],
        hops: [
          {
            point: to.nodeId,
            shortChannelId: hop?.shortChannelId ?? 0n,
            amountMsat,
            cltvExpiry: this.world.chain.height() + 60,
            energyMwh,
          },
        ],
        energy: { intervalStart: fromS, kind: "promise" },
      });
    } catch (error) {
      if (!(error instanceof ModuleError)) throw error;
      this.refused++;
      return;
    }
    this.settle();
    if (from.told("sent").length === before) {
      this.refused++;
      return;
    }
    this.swapped++;
    const flow = payee === 0 ? energyMwh : -energyMwh;
    line.agreedMwh.set(fromS, (line.agreedMwh.get(fromS) ?? 0n) + flow);
  }

  private settle(): void {
    if (run(this.wires, LIMIT) >= LIMIT) throw new Error("the nodes do not come to rest");
  }

  private add(name: string, seed: string, engine: Engine): void {
    const utcMs = Number(START_UTC_S) * 1000;
    const meters = [0, 1].map((i) => new CounterMeter(engine, `${seed}${name}${i}`, utcMs, INTERVAL_S));
    const config = { energy: true, energyCreditMsat: CREDIT_MSAT, closeDelayS: 5 };
    const ports = meters.map((meter) => new MeterPort(meter));
    const node = new SimNode(name, this.world, seed, { meters: ports, config });
    node.start();
    this.nodes.push(node);
    this.meters.push(meters);
  }

  private open(near: number, far: number): void {
    const [a, b] = [this.nodes[near] as SimNode, this.nodes[far] as SimNode];
    this.wires.push(new MemoryWire(a, b));
    this.settle();
    const here = a.node.open({
      peer: b.nodeId,
      fundingSat: 1_000_000n,
      pushMsat: 500_000_000n,
      feeratePerKw: 253,
      anchors: this.random.below(2) === 0,
      energy: {
        ratingMw: 1_200_000_000n,
        intervalS: INTERVAL_S,
        openerOwns: true,
        rentForthMsatPerKwh: 0n,
        rentBackMsatPerKwh: 0n,
        lossForthPpm: 0,
        lossBackPpm: 0,
        lossMaxPpm: LOSS_MAX_PPM,
        creditLimitMsat: CREDIT_MSAT,
        priceCapMsatPerKwh: 1_000_000n,
        imbalanceSpreadPpm: this.random.below(100_000),
        tariffMsatPerKwh: BigInt(this.random.below(400_000)),
        holdS: 10,
      },
    });
    this.settle();
    const id = String(a.node.channel(here)?.channelId);
    const there = b.node.channels().find(({ channelId }) => String(channelId) === id)?.channel;
    if (there === undefined) throw new Error(`${a.name} and ${b.name} do not come to a line`);
    for (let i = 0; i < CONFIRMATIONS; i++) {
      this.world.chain.mineNow(1);
      this.settle();
    }
    const meterOf = (i: number, node: SimNode, number: number): CounterMeter =>
      this.meters[i]?.[node.node.energy(number)?.meter ?? 0] as CounterMeter;
    this.lines.push({
      ends: [a, b],
      numbers: [here, there],
      meters: [meterOf(near, a, here), meterOf(far, b, there)],
      agreedMwh: new Map(),
      countedMwh: new Map(),
    });
  }
}
