import { Entropy } from "../../board/entropy.js";
import { MeterPort } from "../../board/meter_port.js";
import { SimulatedChain } from "../../chain/simulated_chain.js";
import type { Engine } from "../../engine/engine.js";
import { CounterMeter } from "../../lnsim/counter_meter.js";
import { SimNode, type World } from "../../lnsim/sim_node.js";
import { MemoryWire, run } from "../../lnsim/wire.js";
import { readNode } from "../../node/module.js";
import type { PayHop } from "../../node/requests.js";

const INTERVAL_S = 900;
const START_S = 1_800_000_000n;
const FUNDING_SAT = 16_000_000n;
const AMOUNT_MSAT = 1_000_000n;
/** So little that a day of them is nothing beside what a line carries. */
const ENERGY_MWH = 1000n;
const RATING_W = 1_000_000;
const CREDIT_MSAT = 1_000_000_000_000n;
/** What flows over a line that is closed, and what it is worth: at the imbalance price, of 200 sat a kWh. */
const DEVIATION_MWH = 100_000n;
const TARIFF_MSAT_PER_KWH = 200_000n;
const CLOSE_DELAY_S = 15n;
const SECONDS_TO_CLOSE = 10;
const STEP_S = 15n;
const FORWARDED = 50;
const FINAL = 60;

/** The energy of a payment: the interval from the first one that is sold, and what moves against A. */
export interface Swap {
  readonly interval: number;
  readonly energyMwh: bigint;
}

/**
 * Nodes in a row over links in memory, each with its journal on emulated flash, that pay each other along all of it. With
 * `energy` their channels are lines, every end has a meter, and every payment is a swap: the same A, and a promise for it.
 */
export class Row {
  readonly nodes: readonly SimNode[];
  /** Of each node: that of the line before it, and of the line behind it; of the first one, of the line behind it. */
  private readonly meters: readonly (readonly CounterMeter[])[];
  private readonly world: World;
  private readonly wires: MemoryWire[] = [];
  private readonly random = new Entropy("energy benchmark", "preimages");
  private readonly start = Number(START_S) - (Number(START_S) % INTERVAL_S) + INTERVAL_S;
  private forth = true;

  constructor(
    engine: Engine,
    hops: number,
    private readonly energy: boolean,
    intervals = 1,
  ) {
    const chain = new SimulatedChain({ seed: "energy benchmark" });
    chain.mineNow(3);
    const world: World = (this.world = { engine, file: readNode(), chain, nowMs: 1000n, utcS: START_S });
    this.meters = Array.from({ length: hops + 1 }, (_, i) =>
      [0, 1].map((end) => new CounterMeter(engine, `${i}/${end}`, Number(START_S) * 1000, INTERVAL_S, RATING_W)),
    );
    this.nodes = Array.from({ length: hops + 1 }, (_, i) => {
      const config = { energy: true, energyCreditMsat: CREDIT_MSAT };
      const ports = (this.meters[i] ?? []).map((meter) => new MeterPort(meter));
      const node = new SimNode(`n${i}`, world, "energy benchmark", energy ? { meters: ports, config } : {});
      node.start();
      return node;
    });
    for (let i = 0; i < hops; i++) {
      const [from, to] = [this.at(i), this.at(i + 1)];
      this.wires.push(new MemoryWire(from, to));
      run(this.wires);
      from.node.open({
        peer: to.nodeId,
        fundingSat: FUNDING_SAT,
        pushMsat: (FUNDING_SAT / 2n) * 1000n,
        feeratePerKw: 253,
        anchors: true,
        ...(energy && { energy: PARAMETERS }),
      });
      run(this.wires);
      for (let block = 0; block < 6; block++) {
        chain.mineNow(1);
        run(this.wires);
      }
    }
    if (!energy) return;
    for (const node of [this.at(0), this.at(hops)]) {
      const [fromS, untilS] = [this.start, this.start + intervals * INTERVAL_S];
      const terms = { receipts: false, promises: true, meter: 0, fromS, untilS, priceMsatPerKwh: 0n };
      node.node.offer(0, { side: "sell", ...terms, maxMwh: 1_000_000_000n });
    }
  }

  /**
   * Makes `count` payments, `window` at a time, along the row; the next ones go back. Throws if one fails.
   * @param swapOf what the payment of this number is of, if not of the first interval's energy
   */
  load(count: number, window: number, swapOf: (i: number) => Partial<Swap> = () => ({})): void {
    for (let done = 0; done < count; done += window) {
      const now = Math.min(window, count - done);
      const payer = this.forth ? this.at(0) : this.at(this.nodes.length - 1);
      const before = payer.told("sent").length;
      for (let i = 0; i < now; i++) this.pay(payer, swapOf(done + i));
      run(this.wires);
      const sent = payer.told("sent").length - before;
      if (sent !== now) throw new Error(`${sent} of ${now} payments: ${JSON.stringify(this.complaints())}`);
      for (const node of this.nodes) node.events.length = 0;
    }
    this.forth = !this.forth;
  }

  /**
   * Parts of one payment along the row, one after the other; `each` is called with their number after each. As one more is
   * missing, all of them stay pending.
   */
  hold(count: number, each: (pending: number) => void): void {
    const preimage = this.random.bytes(32);
    for (let i = 0; i < count; i++) {
      this.pay(this.at(0), {}, { preimage, parts: count + 1 });
      run(this.wires);
      const pending = this.nodes.map(({ node }) => node.channels().reduce((sum, { htlcs }) => sum + htlcs, 0));
      const held = pending.every((htlcs, n) => htlcs === (n === 0 || n === pending.length - 1 ? 1 : 2) * (i + 1));
      if (!held) throw new Error(`${pending.join(", ")} pending of ${i + 1}: ${JSON.stringify(this.complaints())}`);
      each(i + 1);
    }
  }

  /** Energy that nobody has agreed on flows over the first line, until a second before the interval's close is due. */
  passInterval(): void {
    const { world, meters } = this;
    meters[0]?.[0]?.send(DEVIATION_MWH);
    meters[1]?.[0]?.send(-DEVIATION_MWH);
    const due = world.utcS - (world.utcS % BigInt(INTERVAL_S)) + BigInt(INTERVAL_S) + CLOSE_DELAY_S;
    // Peers that hear nothing of each other for long hang up.
    while (world.utcS < due - 1n) this.toTime(world.utcS + (due - 1n - world.utcS < STEP_S ? 1n : STEP_S));
  }

  /** Both ends close the interval, it is rolled out of the state, and who owes pays. Throws if that is not done in time. */
  closeInterval(): void {
    const { world, nodes } = this;
    const until = Number(world.utcS - (world.utcS % BigInt(INTERVAL_S)));
    for (let s = 0; s < SECONDS_TO_CLOSE && !this.isClosed(until); s++) this.toTime(world.utcS + 1n);
    if (!this.isClosed(until)) throw new Error(`not closed: ${JSON.stringify(this.complaints())}`);
    for (const node of nodes) node.events.length = 0;
  }

  private isClosed(until: number): boolean {
    const lines = this.nodes.flatMap(({ node }) =>
      node.channels().flatMap(({ channel }) => node.energy(channel) ?? []),
    );
    const quiet = this.nodes.every(({ node }) => node.channels().every(({ htlcs }) => htlcs === 0));
    return quiet && lines.every(({ closedUntil, arrearsMsat }) => closedUntil === until && arrearsMsat === 0n);
  }

  private toTime(utcS: bigint): void {
    const { world } = this;
    world.nowMs += (utcS - world.utcS) * 1000n;
    world.utcS = utcS;
    for (const meter of this.meters.flat()) meter.advance(Number(utcS - START_S) * 1000);
    for (const node of this.nodes) node.node.tick(world.nowMs, utcS);
    run(this.wires);
  }

  /** Bytes that all nodes have programmed into their flash. */
  get programmed(): number {
    return this.nodes.reduce((sum, { flash }) => sum + flash.programBytes, 0);
  }

  /** Bytes that went over all wires, both ways, while `body` ran. */
  sentBy(body: () => void): number {
    let bytes = 0;
    for (const wire of this.wires) {
      wire.tamper = (piece) => {
        bytes += piece.length;
        return [piece];
      };
    }
    body();
    for (const wire of this.wires) wire.tamper = undefined;
    return bytes;
  }

  private pay(payer: SimNode, swap: Partial<Swap>, part?: { preimage: Uint8Array; parts: number }): void {
    const { interval, energyMwh } = { interval: 0, energyMwh: ENERGY_MWH, ...swap };
    const row = this.forth ? this.nodes : [...this.nodes].reverse();
    const hops = row.slice(1).map((node, i): PayHop => {
      const left = row.length - 2 - i;
      return {
        point: node.nodeId,
        shortChannelId: this.between(row[i] as SimNode, node),
        amountMsat: AMOUNT_MSAT,
        cltvExpiry: payer.node.info().height + FINAL + FORWARDED * left,
        ...(this.energy && { energyMwh }),
      };
    });
    const parts = BigInt(part?.parts ?? 1);
    const totalMwh = energyMwh * parts;
    const intervalStart = this.start + interval * INTERVAL_S;
    payer.node.pay({
      channel: 0,
      hops,
      preimage: part?.preimage ?? this.random.bytes(32),
      totalMsat: AMOUNT_MSAT * parts,
      ...(this.energy && { energy: { intervalStart, kind: "promise" as const, ...(part && { totalMwh }) } }),
    });
  }

  private between(a: SimNode, b: SimNode): bigint {
    const other = (info: { peer: Uint8Array }): boolean => Buffer.compare(info.peer, b.nodeId) === 0;
    return a.node.channels().find(other)?.shortChannelId ?? 0n;
  }

  private complaints(): unknown[] {
    return this.nodes.flatMap((node) => [
      ...node.told("failed").map(({ hop, code }) => ({ hop, code })),
      ...node.told("problem").map(({ code, message }) => ({ code, message })),
    ]);
  }

  private at(i: number): SimNode {
    return this.nodes[i] as SimNode;
  }
}

const PARAMETERS = {
  ratingMw: 1_000_000_000n,
  intervalS: INTERVAL_S,
  openerOwns: true,
  rentForthMsatPerKwh: 0n,
  rentBackMsatPerKwh: 0n,
  lossForthPpm: 0,
  lossBackPpm: 0,
  lossMaxPpm: 0,
  creditLimitMsat: CREDIT_MSAT,
  // What the benchmark pays for next to nothing.
  priceCapMsatPerKwh: 1_000_000_000n,
  imbalanceSpreadPpm: 0,
  tariffMsatPerKwh: TARIFF_MSAT_PER_KWH,
  holdS: 10,
};
