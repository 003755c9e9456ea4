import type { Engine } from "../../engine/engine.js";
import type { BenchRow } from "../bench.js";
import type { Lane } from "./lane.js";
import { rateRow, timeInTurn } from "./rows.js";
import { TielineLane } from "./tieline_lane.js";

const ROUNDS = 3;
const PAYMENTS = 10;
const PENDING = [6, 12] as const;
const CHANNELS = [2, 4] as const;
const NOTHING = "nothing more";

/** How a payment's cost grows with HTLCs that are pending meanwhile, and with channels between the same nodes. */
export async function growth(engine: Engine): Promise<BenchRow[]> {
  const lanes = new Map<string, Lane>([[NOTHING, new TielineLane({ engine, hops: 1 })]]);
  for (const pending of PENDING) {
    const lane = new TielineLane({ engine, hops: 1 });
    lane.hold(pending);
    lanes.set(`${pending} HTLCs pending`, lane);
  }
  for (const channels of CHANNELS) lanes.set(`${channels} channels`, new TielineLane({ engine, hops: 1, channels }));
  const workloads = [...lanes].map(([name, lane]) => ({
    name,
    count: PAYMENTS,
    run: () => lane.load(PAYMENTS, 1, false),
  }));
  const times = await timeInTurn(workloads, ROUNDS);
  return [...lanes.keys()]
    .filter((name) => name !== NOTHING)
    .map((name) => rateRow(`${name}/${engine.name} : none`, times, name, NOTHING, null));
}

/** Bytes that each node programs into its journal for a payment, beside those that it sends. */
export async function journal(engine: Engine): Promise<BenchRow[]> {
  const rows: BenchRow[] = [];
  for (const concurrent of [1, 10]) {
    const lane = new TielineLane({ engine, hops: 2 });
    await lane.load(PAYMENTS, concurrent);
    await lane.load(PAYMENTS, concurrent);
    const before = lane.nodes.map(({ flash, sentBytes }) => [flash.programBytes, sentBytes] as const);
    await lane.load(PAYMENTS, concurrent);
    for (const [i, role] of ["payer", "forwarder", "payee"].entries()) {
      const [node, start] = [lane.nodes[i], before[i]];
      if (node === undefined || start === undefined) throw new Error("no such node");
      const value = (node.flash.programBytes - start[0]) / PAYMENTS;
      const baseline = (node.sentBytes - start[1]) / PAYMENTS;
      rows.push({
        id: `journal, ${role}, ${concurrent} concurrent : sent`,
        value,
        unit: "bytes/payment",
        baseline,
        ratio: value / baseline,
        aim: null,
        met: null,
      });
    }
  }
  return rows;
}
