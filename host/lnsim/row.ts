import { Entropy } from "../board/entropy.js";
import { MeterPort } from "../board/meter_port.js";
import { SimulatedChain } from "../chain/simulated_chain.js";
import type { Engine } from "../engine/engine.js";
import { ModuleError } from "../engine/errors.js";
import type { ModuleFile } from "../engine/module_file.js";
import type { LineTerms } from "../node/energy_requests.js";
import type { PayHop } from "../node/requests.js";
import { CounterMeter, PULSE_MWH } from "./counter_meter.js";
import { SimNode, type World } from "./sim_node.js";
import { MemoryWire, run } from "./wire.js";

const START_UTC_S = 1_800_000_000n;
export const INTERVAL_S = 60;
const MWH_PER_KWH = 1_000_000n;
const PPM = 1_000_000n;
const LOSS_MAX_PPM = 100_000;
const CREDIT_MSAT = 10_000_000n;
const PURSE_MSAT = 100_000_000n;
const CONFIRMATIONS = 3;
const CLTV_FINAL = 60;
const LIMIT = 20_000;
const START_MS = 1_000n;

/** A line between two nodes: `ends[0]` opened it and owns it, its energy is counted at `ends[1]`. */
export interface SimLine {
  readonly ends: readonly [SimNode, SimNode];
  readonly numbers: readonly [number, number];
  readonly meters: readonly [CounterMeter, CounterMeter];
  /** What the owner charges from `ends[0]` to `ends[1]`, and back. */
  readonly terms: readonly [LineTerms, LineTerms];
  wire: MemoryWire | undefined;
  /** What the accounting point has counted of flow from `ends[0]` to `ends[1]`, by interval. */
  readonly countedMwh: Map<number, bigint>;
}

/** A swap that was begun, and the flow from `ends[0]` to `ends[1]` that it asks of each line. */
export interface SimSwap {
  readonly payer: SimNode;
  readonly part: number | undefined;
  readonly start: number;
  readonly flows: ReadonlyMap<SimLine, bigint>;
}

interface Step {
  readonly line: SimLine;
  readonly from: 0 | 1;
}

const ceilDiv = (a: bigint, b: bigint): bigint => (a > 0n ? (a + b - 1n) / b : a / b);

/** Nodes in a row whose channels are lines, with meters, clocks and wires that can be disturbed. */
export class Row {
  readonly lines: SimLine[] = [];
  readonly nodes: SimNode[] = [];
  readonly swaps: SimSwap[] = [];
  /** What nodes' clocks are off by, s. */
  readonly offsets = new Map<SimNode, bigint>();
  refused = 0;
  private readonly meters: CounterMeter[][] = [];
  private readonly world: World;

  constructor(
    private readonly random: Entropy,
    engine: Engine,
    file: ModuleFile,
    seed: string,
  ) {
    this.world = { engine, file, chain: new SimulatedChain({ seed }), nowMs: START_MS, utcS: START_UTC_S };
    this.world.chain.mineNow(3);
    const count = 2 + random.below(3);
    for (let i = 0; i < count; i++) this.add(`n${i}`, seed, engine);
    for (let i = 1; i < count; i++) this.open(i - 1, i);
    for (const { node } of this.nodes) node.purse(PURSE_MSAT);
  }

  /** Start of the interval that goes on, UTC in s. */
  get intervalStart(): number {
    return Number(this.world.utcS) - (Number(this.world.utcS) % INTERVAL_S);
  }

  /** s that the interval has gone on. */
  get second(): number {
    return Number(this.world.utcS) - this.intervalStart;
  }

  /** Time goes on for meters and nodes; nothing on the wires moves. */
  tick(s: number): void {
    this.world.nowMs += BigInt(s) * 1_000n;
    this.world.utcS += BigInt(s);
    for (const meter of this.meters.flat()) meter.advance(Number(this.world.nowMs - START_MS));
    for (const node of this.nodes) {
      const utcS = this.world.utcS + (this.offsets.get(node) ?? 0n);
      node.try((live) => live.tick(this.world.nowMs, utcS));
    }
  }

  /** Time goes on in steps of at most `step` s, and all wires run between them. */
  pass(s: number, step = 1): void {
    for (let left = s; left > 0; left -= step) {
      this.tick(Math.min(step, left));
      this.settle();
    }
  }

  settle(): void {
    const wires = this.lines.flatMap(({ wire }) => (wire?.connected === true ? [wire] : []));
    if (run(wires, LIMIT) >= LIMIT) throw new Error("the nodes do not come to rest");
  }

  /** Connects what is not connected, as far as both ends are on. */
  connect(line: SimLine): void {
    const [a, b] = line.ends;
    if (line.wire?.connected === true || line.ends.some((node) => !node.on || node.free === 0)) return;
    line.wire = this.random.below(2) === 0 ? new MemoryWire(a, b) : new MemoryWire(b, a);
  }

  /** Energy flows over all lines in this interval: `swing` mWh at most, one way or the other; losses within bounds. */
  flow(swing: number): void {
    for (const line of this.lines) {
      const pulses = this.random.below(2 * swing + 1) - swing;
      this.flowOver(line, BigInt(pulses) * PULSE_MWH, BigInt(20 + this.random.below(100)));
    }
  }

  /** @param part of what is counted that is lost on the way: 1 / part */
  flowOver(line: SimLine, countedMwh: bigint, part: bigint): void {
    const size = countedMwh < 0n ? -countedMwh : countedMwh;
    line.meters[0].send(countedMwh + (size / PULSE_MWH / part) * PULSE_MWH);
    line.meters[1].send(-countedMwh);
    line.countedMwh.set(this.intervalStart, (line.countedMwh.get(this.intervalStart) ?? 0n) + countedMwh);
  }

  silence(node: SimNode, silent: boolean): void {
    for (const meter of this.meters[this.nodes.indexOf(node)] ?? []) meter.silent = silent;
  }

  /** Begins a swap over one to three lines: receipt or promise, sold or, below zero, bought. Nothing has moved yet. */
  swap(): void {
    const way = this.randomWay();
    const [first] = way;
    const payer = first?.line.ends[first.from];
    const payee = way.at(-1)?.line.ends[1 - (way.at(-1)?.from ?? 0)];
    if (first === undefined || payer?.on !== true || payee?.on !== true) return;
    const bought = this.random.below(4) === 0;
    const kind = this.random.below(4) === 0 ? "receipt" : "promise";
    const start = kind === "receipt" ? this.intervalStart : this.intervalStart + INTERVAL_S;
    const energyMwh = BigInt(1 + this.random.below(20_000)) * PULSE_MWH;
    const priceMsatPerKwh = BigInt(this.random.below(400_000));
    const offer = {
      side: bought ? ("buy" as const) : ("sell" as const),
      receipts: true,
      promises: true,
      meter: 0,
      fromS: start,
      untilS: start + INTERVAL_S,
      priceMsatPerKwh: bought ? -priceMsatPerKwh : priceMsatPerKwh,
      maxMwh: 10n * energyMwh,
    };
    const energies = this.energies(way, energyMwh, bought);
    const hops = this.hops(way, energies, bought, ceilDiv(energyMwh * priceMsatPerKwh, MWH_PER_KWH) + 1n);
    const sign = bought ? -1n : 1n;
    const flows = new Map(
      way.map(({ line, from }, i) => [line, (from === 0 ? -sign : sign) * (energies[i] ?? 0n)] as const),
    );
    const refused = this.refused;
    const part = this.attempt(() => {
      payee.try((node) => node.offer(this.random.below(2), offer));
      return payer.try((node) =>
        node.pay({
          channel: first.line.numbers[first.from],
          hops: hops.map((hop, i) => ({ ...hop, energyMwh: sign * (energies[i] ?? 0n) })),
          energy: { intervalStart: start, kind },
        }),
      );
    });
    if (this.refused === refused) this.swaps.push({ payer, part, start, flows });
  }

  /** Does it; a refusal is counted, and gives undefined. */
  attempt<T>(body: () => T): T | undefined {
    try {
      return body();
    } catch (error) {
      if (!(error instanceof ModuleError)) throw error;
      this.refused++;
      return undefined;
    }
  }

  /** What each line carries, payer's first: losses are taken where the energy flows to. */
  private energies(way: readonly Step[], energyMwh: bigint, bought: boolean): bigint[] {
    const amounts = [energyMwh];
    // Sold energy comes from the payee: less and less of it arrives. Of bought energy more and more has to be sent.
    for (const { near, far } of this.between(way)) {
      const x = amounts[0] ?? 0n;
      const owned = [far, near].filter(({ line, from }, i) => line.ends[0] === line.ends[i === 0 ? from : 1 - from]);
      const losses = owned.map((step) => BigInt(this.termsOf(step, !bought).lossPpm));
      amounts.unshift(
        bought
          ? [...losses].reduce((sum, loss) => ceilDiv(sum * PPM, PPM - loss) + 1n, x)
          : losses.reduce((sum, loss) => (sum * (PPM - loss)) / PPM, x),
      );
    }
    return amounts;
  }

  /** Pairs of lines at each forwarder, the one nearest the payee first. */
  private between(way: readonly Step[]): { near: Step; far: Step }[] {
    return way
      .slice(1)
      .map((far, i) => ({ near: way[i] as Step, far }))
      .reverse();
  }

  /** The terms of a step's line for energy that flows against the payment, or along with it. */
  private termsOf({ line, from }: Step, against: boolean): LineTerms {
    return line.terms[(from === 0) === against ? 1 : 0];
  }

  private hops(way: readonly Step[], energies: readonly bigint[], bought: boolean, paidMsat: bigint): PayHop[] {
    const made: PayHop[] = [];
    let [amountMsat, cltvExpiry] = [paidMsat, this.world.chain.height() + CLTV_FINAL];
    for (let i = way.length - 1; i >= 0; i--) {
      const step = way[i] as Step;
      const end = step.line.ends[1 - step.from] as SimNode;
      const info = step.line.ends.map((node, k) => node.try((live) => live.channel(step.line.numbers[k] ?? 0)));
      made.unshift({
        point: end.nodeId,
        shortChannelId: (info[0] ?? info[1])?.shortChannelId ?? 0n,
        amountMsat,
        cltvExpiry,
      });
      const before = way[i - 1];
      if (before === undefined) break;
      // Whoever forwards owns the line to the one or the other side, or both, or none.
      for (const [at, k, own] of [
        [step, i, step.line.ends[step.from] === step.line.ends[0]],
        [before, i - 1, before.line.ends[1 - before.from] === before.line.ends[0]],
      ] as const) {
        if (!own) continue;
        const { rentMsatPerKwh } = this.termsOf(at, !bought);
        amountMsat += ceilDiv(rentMsatPerKwh * (energies[k] ?? 0n), MWH_PER_KWH) + 20n;
        if (amountMsat < 1n) amountMsat = 1n;
      }
      cltvExpiry += 80;
    }
    return made;
  }

  private randomWay(): Step[] {
    const way: Step[] = [];
    let at = this.random.below(this.nodes.length);
    const up = this.random.below(2) === 0;
    for (let length = 1 + this.random.below(3); length > 0; length--) {
      const line = this.lines[up ? at : at - 1];
      if (line === undefined) break;
      way.push({ line, from: up ? 0 : 1 });
      at += up ? 1 : -1;
    }
    return way;
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
    const wire = new MemoryWire(a, b);
    run([wire]);
    const loss = (): number => this.random.below(50_000);
    const back = { rentMsatPerKwh: BigInt(this.random.below(20_000)), lossPpm: loss() };
    // No pump: there and back costs something.
    const least = -Number(back.rentMsatPerKwh) / 2;
    const forth = { rentMsatPerKwh: BigInt(Math.ceil(least) + this.random.below(20_000)), lossPpm: loss() };
    const here = a.node.open({
      peer: b.nodeId,
      fundingSat: 1_000_000n,
      pushMsat: 500_000_000n,
      feeratePerKw: 253,
      anchors: this.random.below(2) === 0,
      energy: {
        ratingMw: 60_000_000n + BigInt(this.random.below(1_000_000_000)),
        intervalS: INTERVAL_S,
        openerOwns: true,
        rentForthMsatPerKwh: forth.rentMsatPerKwh,
        rentBackMsatPerKwh: back.rentMsatPerKwh,
        lossForthPpm: forth.lossPpm,
        lossBackPpm: back.lossPpm,
        lossMaxPpm: LOSS_MAX_PPM,
        creditLimitMsat: CREDIT_MSAT,
        priceCapMsatPerKwh: 1_000_000n,
        imbalanceSpreadPpm: this.random.below(100_000),
        tariffMsatPerKwh: BigInt(this.random.below(600_000) - 200_000),
        holdS: 6 + this.random.below(10),
      },
    });
    run([wire]);
    const id = String(a.node.channel(here)?.channelId);
    const there = b.node.channels().find(({ channelId }) => String(channelId) === id)?.channel;
    if (there === undefined) throw new Error(`${a.name} and ${b.name} do not come to a line`);
    const meterOf = (i: number, node: SimNode, number: number): CounterMeter =>
      this.meters[i]?.[node.node.energy(number)?.meter ?? 0] as CounterMeter;
    this.lines.push({
      ends: [a, b],
      numbers: [here, there],
      meters: [meterOf(near, a, here), meterOf(far, b, there)],
      terms: [forth, back],
      wire,
      countedMwh: new Map(),
    });
    for (let i = 0; i < CONFIRMATIONS; i++) {
      this.world.chain.mineNow(1);
      this.settle();
    }
  }
}
