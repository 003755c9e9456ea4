import type { Engine } from "../../engine/engine.js";
import { availableEngines } from "../../engine/index.js";
import type { BenchResult, BenchRow } from "../bench.js";
import { rateRow, timeInTurn } from "../channel/rows.js";
import { state } from "./state.js";
import { streets } from "./streets.js";
import { Row } from "./row.js";

/** So many that the middle half of the ratios lies on one side of the aim. */
const ROUNDS = 25;
const QUICK_ROUNDS = 1;
/** Payments of a round; the next round's go back, so that nothing runs out. */
const PAYMENTS = 12;
/**
 * At a time, by hops. A channel takes 12 HTLCs of one side; of what a forwarder holds, its peers have their shares, so that 6
 * of one peer go through.
 */
const WINDOWS: readonly (readonly [hops: number, windows: readonly number[]])[] = [
  [1, [1, 6, 10]],
  [2, [1, 6]],
];
const CLOSES = 4;
/** What a swap may cost, of a payment without energy. */
const SWAP_AIM = 1.15;

/**
 * What energy costs: swaps beside plain payments of the same A between the same nodes (spontaneous ones, channels with
 * anchors, forwarded once or not at all), in time, bytes on the wire and bytes of flash; what positions and pending riders
 * take of both memories; and days of streets that trade.
 * @param quick one engine, few rounds and no streets: whether it runs, not how fast
 */
export async function benchEnergy(quick = false): Promise<BenchResult> {
  const results: BenchRow[] = [];
  const engines = quick ? availableEngines().slice(0, 1) : availableEngines();
  const rounds = quick ? QUICK_ROUNDS : ROUNDS;
  for (const engine of engines) {
    for (const [hops, windows] of WINDOWS) {
      for (const window of windows) results.push(await swaps(engine, hops, window, rounds));
    }
    results.push(await closes(engine, rounds));
  }
  const [first] = engines;
  if (first !== undefined) results.push(...bytes(first), ...state(first), ...(quick ? [] : streets(first)));
  return { name: "energy", results };
}

async function swaps(engine: Engine, hops: number, window: number, rounds: number): Promise<BenchRow> {
  const workloads = [true, false].map((energy) => {
    const row = new Row(engine, hops, energy);
    return { name: energy ? "swap" : "plain", count: PAYMENTS, run: () => row.load(PAYMENTS, window) };
  });
  const times = await timeInTurn(workloads, rounds);
  const what = `swaps, ${hops === 1 ? "1 hop" : `${hops} hops`}, ${window} at a time`;
  return rateRow(`${what}/${engine.name} : plain`, times, "swap", "plain", SWAP_AIM);
}

/**
 * Intervals closed on a line: receipts, both closes, the roll, and arrears that one end pays; beside plain payments. What goes
 * on until a close is due is not timed.
 */
async function closes(engine: Engine, rounds: number): Promise<BenchRow> {
  const [line, plain] = [new Row(engine, 1, true), new Row(engine, 1, false)];
  // The first one tells registers alone.
  line.passInterval();
  line.closeInterval();
  const closing: number[] = [];
  const close = (): void => {
    let ms = 0;
    for (let i = 0; i < CLOSES; i++) {
      line.passInterval();
      const start = performance.now();
      line.closeInterval();
      ms += performance.now() - start;
    }
    closing.push(ms / CLOSES);
  };
  const workloads = [
    { name: "close", count: CLOSES, run: close },
    { name: "plain", count: PAYMENTS, run: () => plain.load(PAYMENTS, 1) },
  ];
  const times = await timeInTurn(workloads, rounds);
  // In the first one compilers warm up.
  const timed = new Map([...times, ["close", closing.slice(1)]]);
  return rateRow(`intervals closed/${engine.name} : plain payments`, timed, "close", "plain", null, "closes/s");
}

/** Bytes of a swap over one hop, on the wire and in the flash of both ends, beside those of a plain payment. */
function bytes(engine: Engine): BenchRow[] {
  const [swap, plain] = [true, false].map((energy) => {
    const row = new Row(engine, 1, energy);
    row.load(2, 1);
    const before = row.programmed;
    const sent = row.sentBy(() => row.load(PAYMENTS, 1));
    return { sent: sent / PAYMENTS, programmed: (row.programmed - before) / PAYMENTS };
  }) as [{ sent: number; programmed: number }, { sent: number; programmed: number }];
  const row = (id: string, value: number, baseline: number): BenchRow => ({
    id: `${id} : plain`,
    value,
    unit: "bytes/payment",
    baseline,
    ratio: value / baseline,
    aim: null,
    met: null,
  });
  return [
    row("swap on the wire", swap.sent, plain.sent),
    row("swap in the journals", swap.programmed, plain.programmed),
  ];
}
