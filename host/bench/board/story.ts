import { BoardRandom } from "../../board/board_random.js";
import { Entropy } from "../../board/entropy.js";
import { generateKey } from "../../board/key_store.js";
import { MeterPort } from "../../board/meter_port.js";
import { SimulatedChain } from "../../chain/simulated_chain.js";
import { v8 } from "../../engine/v8.js";
import type { BoardImage } from "../../link/image.js";
import { CounterMeter } from "../../lnsim/counter_meter.js";
import { SimNode, type World } from "../../lnsim/sim_node.js";
import { MemoryWire, run } from "../../lnsim/wire.js";
import { readNode } from "../../node/module.js";
import type { PayHop } from "../../node/requests.js";
import { BoardRecorder, type RecordedCall } from "../../trace/board_calls.js";

const SEED = "board benchmark";
const INTERVAL_S = 60;
const START_S = 1_800_000_000n;
const FUNDING_SAT = 10_000_000n;
const CREDIT_MSAT = 50_000_000n;
const AMOUNT_MSAT = 200_000n;
const ENERGY_MWH = 1_000_000n;
const PRICE_MSAT_PER_KWH = 200_000n;
const RATING_W = 1_000_000;
const FINAL = 60;
const FORWARDED = 50;
/** By then an interval is closed by both ends. */
const AFTER_END_S = 20;

const PARAMETERS = {
  ratingMw: 12_000_000_000n,
  intervalS: INTERVAL_S,
  openerOwns: true,
  rentForthMsatPerKwh: 0n,
  rentBackMsatPerKwh: 0n,
  lossForthPpm: 0,
  lossBackPpm: 0,
  lossMaxPpm: 100_000,
  creditLimitMsat: CREDIT_MSAT,
  priceCapMsatPerKwh: 1_000_000n,
  imbalanceSpreadPpm: 0,
  tariffMsatPerKwh: PRICE_MSAT_PER_KWH,
  holdS: 10,
};

/** Nodes in a row, from the one that pays to the one that delivers. */
export const ROLES = ["payer", "forwarder", "recipient"] as const;
export type Role = (typeof ROLES)[number];

/** What a stretch of a story is about; what comes in between is not measured. */
export type Chapter = "between" | "first swap" | "second swap" | "empty interval" | "interval";

/** One node's part in it, as a board can go through it. */
export interface Part {
  readonly image: BoardImage;
  /** In order; a chapter may come several times. */
  readonly chapters: readonly { readonly chapter: Chapter; readonly calls: readonly RecordedCall[] }[];
}

class Household {
  readonly recorder = new BoardRecorder();
  readonly meter: CounterMeter;
  readonly node: SimNode;
  readonly image: BoardImage;
  private readonly chapters: { chapter: Chapter; from: number }[] = [{ chapter: "between", from: 0 }];

  constructor(role: Role, world: World, lines: number) {
    const seed = new Entropy(SEED, `${role}/seed`).bytes(32);
    this.meter = new CounterMeter(
      this.recorder.engine("metrology"),
      role,
      Number(world.utcS) * 1000,
      INTERVAL_S,
      RATING_W,
    );
    this.node = new SimNode(role, world, SEED, {
      engine: this.recorder.engine("node"),
      random: new BoardRandom(seed),
      config: { energy: true, energyCreditMsat: CREDIT_MSAT, closeDelayS: 5 },
      // Nothing flows, so that one meter can stand for that of every line.
      meters: Array.from({ length: lines }, () => new MeterPort(this.meter)),
    });
    this.image = {
      root: new Entropy(SEED, `node/${role}`).stream("root").bytes(32),
      key: generateKey(new Entropy(role, "meter")),
      seed,
    };
    this.node.start();
  }

  begin(chapter: Chapter): void {
    this.chapters.push({ chapter, from: this.recorder.calls.length });
  }

  get part(): Part {
    const chapters = this.chapters.map(({ chapter, from }, i) => ({
      chapter,
      calls: this.recorder.calls.slice(from, this.chapters[i + 1]?.from),
    }));
    return { image: this.image, chapters };
  }
}

/**
 * Three nodes with their meters, recorded on V8: two lines, two swaps along both of them (promises of energy in the next
 * interval), and two intervals closed by both ends of each line: one without energy, and the one of the swaps.
 */
export function story(): Readonly<Record<Role, Part>> {
  const chain = new SimulatedChain({ seed: SEED });
  chain.mineNow(3);
  const world: World = { engine: v8, file: readNode(), chain, nowMs: 1000n, utcS: START_S };
  const payer = new Household("payer", world, 1);
  const forwarder = new Household("forwarder", world, 2);
  const recipient = new Household("recipient", world, 1);
  const row = [payer, forwarder, recipient] as const;
  const wires: MemoryWire[] = [];
  const begin = (chapter: Chapter): void => row.forEach((household) => household.begin(chapter));
  const seconds = (count: number): void => {
    for (let i = 0; i < count; i++) {
      world.nowMs += 1000n;
      world.utcS += 1n;
      for (const { meter, node } of row) {
        meter.advance(Number(world.nowMs) - 1000);
        node.try((on) => on.tick(world.nowMs, world.utcS));
      }
      run(wires);
    }
  };
  const intervalStart = (): number => Number(world.utcS) - (Number(world.utcS) % INTERVAL_S);

  for (const [from, to] of [
    [payer, forwarder],
    [forwarder, recipient],
  ] as const) {
    wires.push(new MemoryWire(from.node, to.node));
    run(wires);
    from.node.node.open({
      peer: to.node.nodeId,
      fundingSat: FUNDING_SAT,
      pushMsat: (FUNDING_SAT / 2n) * 1000n,
      feeratePerKw: 253,
      anchors: true,
      energy: PARAMETERS,
    });
    run(wires);
    for (let block = 0; block < 6; block++) {
      chain.mineNow(1);
      run(wires);
    }
  }
  seconds(Number(BigInt(INTERVAL_S) - (world.utcS % BigInt(INTERVAL_S))) + 10);
  const start = intervalStart() + INTERVAL_S;
  const terms = { receipts: false, promises: true, meter: 0, fromS: start, untilS: start + INTERVAL_S };
  recipient.node.node.offer(0, {
    side: "sell",
    ...terms,
    priceMsatPerKwh: PRICE_MSAT_PER_KWH,
    maxMwh: 1_000_000_000n,
  });

  const preimages = new Entropy(SEED, "preimages");
  const between = (a: SimNode, b: SimNode): bigint =>
    a.node.channels().find(({ peer }) => Buffer.compare(peer, b.nodeId) === 0)?.shortChannelId ?? 0n;
  const { height } = payer.node.node.info();
  const hops = [forwarder, recipient].map(({ node }, i): PayHop => {
    return {
      point: node.nodeId,
      shortChannelId: between((row[i] as Household).node, node),
      amountMsat: AMOUNT_MSAT,
      cltvExpiry: height + FINAL + FORWARDED * (1 - i),
      energyMwh: ENERGY_MWH,
    };
  });
  for (const chapter of ["first swap", "second swap"] as const) {
    begin(chapter);
    const energy = { intervalStart: start, kind: "promise" as const };
    payer.node.node.pay({ channel: 0, hops, preimage: preimages.bytes(32), energy });
    run(wires);
  }
  for (const chapter of ["empty interval", "interval"] as const) {
    begin("between");
    seconds(INTERVAL_S - (Number(world.utcS) % INTERVAL_S) - 1);
    begin(chapter);
    seconds(AFTER_END_S);
  }
  const paid = payer.node.told("sent").length;
  const closed = row.map(({ node }) => node.told("interval closed").length);
  const problems = row.flatMap(({ node }) => node.told("problem"));
  if (paid !== 2 || closed.some((count) => count < 2) || problems.length > 0) {
    throw new Error(`the story went another way: ${paid} swaps, ${closed.join()} closes, ${problems.length} problems`);
  }
  return { payer: payer.part, forwarder: forwarder.part, recipient: recipient.part };
}
