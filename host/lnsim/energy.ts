import { Entropy } from "../board/entropy.js";
import type { Engine } from "../engine/engine.js";
import type { ModuleFile } from "../engine/module_file.js";
import { Violation } from "./checkers.js";
import { PULSE_MWH } from "./counter_meter.js";
import { LineChecker } from "./line_checker.js";
import { INTERVAL_S, Row, type SimLine } from "./row.js";
import type { SimNode } from "./sim_node.js";
import { deliver, tamperOnce } from "./wire.js";

/** Things that happen in an interval, at most. */
const STEPS = 24;
/** Pulses that flow in an interval, at most, one way or the other. */
const SWING = 20_000;
/** A disagreement of meters: energy that only one of them has seen. */
const QUARREL_MWH = 400_000n * PULSE_MWH;
/** s until all is at rest once nothing disturbs it any more: a hold, an outage's redial, a close that is sent again. */
const HEALING_S = 400;

/** What happened in a simulation of lines. */
export interface LineSummary {
  lines: number;
  swaps: number;
  moved: number;
  refused: number;
  lapsed: number;
  disputes: number;
  intervals: number;
  starts: number;
  powerCuts: number;
}

/**
 * A row of nodes whose channels are lines: they swap promises and receipts over each other, energy flows nearly as agreed,
 * intervals are closed. In two of three simulations power fails, wires break, pieces of bytes get lost or changed, meters
 * fall silent or disagree, clocks go wrong, offers are taken back and recipients answer late. Everything follows from the
 * seed. Throws Violation, or whatever the firmware throws.
 */
export function simulateLines(seed: string, engine: Engine, file: ModuleFile, intervals = 4): LineSummary {
  const random = new Entropy("lines", seed);
  const row = new Row(random.stream("row"), engine, file, seed);
  const disturbed = random.below(3) > 0;
  const checker = new LineChecker(row);
  const disturbances = random.stream("disturbances");
  checker.checkRest(!disturbed);
  for (let i = 0; i < intervals; i++) {
    row.pass(INTERVAL_S - row.second + 20, 5);
    row.flow(SWING);
    for (let step = disturbances.below(STEPS); step > 0; step--) {
      if (disturbed) disturb(row, disturbances);
      else calm(row, disturbances);
      checker.checkStep();
    }
    heal(row, checker);
    checker.checkRest(!disturbed);
    if (disturbed && disturbances.below(8) === 0) quarrel(row, disturbances);
  }
  end(row, checker);
  checker.checkRest(!disturbed);
  checker.checkEnd();
  checker.checkEvidence();
  const count = (kind: "lapsed" | "dispute"): number =>
    row.nodes.reduce((sum, node) => sum + node.told(kind).length, 0);
  return {
    lines: row.lines.length,
    swaps: row.swaps.length,
    moved: checker.moved,
    refused: row.refused,
    lapsed: count("lapsed"),
    disputes: count("dispute"),
    intervals,
    starts: row.nodes.reduce((sum, { starts }) => sum + starts, 0),
    powerCuts: row.nodes.reduce((sum, { cuts }) => sum + cuts, 0),
  };
}

const pick = <T>(items: readonly T[], random: Entropy): T => items[random.below(items.length)] as T;

/** Nothing disturbs: a swap, or time. */
function calm(row: Row, random: Entropy): void {
  if (random.below(3) > 0) row.swap();
  row.settle();
  if (random.below(6) === 0) row.pass(random.below(5), 1);
}

/** One thing happens. */
function disturb(row: Row, random: Entropy): void {
  const line = pick(row.lines, random);
  const node = pick(row.nodes, random);
  const choice = random.below(100);
  if (choice < 30) row.swap();
  else if (choice < 50) deliver(line.wire, 1 + random.below(12));
  else if (choice < 58) row.settle();
  else if (choice < 66) row.pass(1 + random.below(8), 4);
  // Nobody answers while time goes on: riders lapse.
  else if (choice < 72) stall(row, line, random);
  else if (choice < 78) for (const each of row.lines) row.connect(each);
  else if (choice < 82) line.wire?.cut();
  else if (choice < 85) tamperOnce(line.wire, random);
  else if (choice < 88) {
    if (node.on) node.powerOff();
    else node.start();
  } else if (choice < 90) {
    node.flash.cutAt({ kind: "program", index: random.below(6), bytes: random.below(300) });
  } else if (choice < 92) row.silence(node, random.below(2) === 0);
  else if (choice < 95) row.offsets.set(node, BigInt(pick([-60, -2, -1, 1, 2, 60], random)));
  else if (choice < 97) row.attempt(() => node.try((live) => live.offer(random.below(2), undefined)));
  else if (choice < 98) row.attempt(() => node.try((live) => live.purse(BigInt(random.below(2)) * 100_000_000n)));
  else for (const each of row.nodes) if (!each.on) each.start();
}

/** A swap's answer comes late or never: its wires stand still somewhere on its way, and time goes on. */
function stall(row: Row, line: SimLine, random: Entropy): void {
  row.swap();
  deliver(line.wire, 1 + random.below(30));
  for (let s = random.below(24); s > 0; s -= 3) row.tick(3);
}

/** The meter at one end has seen energy that the other one has not: the line falls into dispute when that is closed. */
function quarrel(row: Row, random: Entropy): void {
  const line = pick(row.lines, random);
  line.meters[0].send(random.below(2) === 0 ? QUARREL_MWH : -QUARREL_MWH);
}

/** Whether the owner has given in. What the accounting point has counted stands. */
function settleDisputes(row: Row): void {
  for (const { ends, numbers } of row.lines) {
    const [owner] = ends;
    const [number] = numbers;
    if (owner.try((live) => live.energy(number))?.disputed !== true) continue;
    row.attempt(() => owner.try((live) => live.settleDispute(number)));
  }
}

function mend(row: Row): void {
  row.offsets.clear();
  for (const node of row.nodes) {
    node.flash.cutAt(undefined);
    row.silence(node, false);
    if (!node.on) node.start();
  }
  for (const line of row.lines) {
    if (line.wire !== undefined) line.wire.tamper = undefined;
    row.connect(line);
  }
  row.settle();
}

const isQuiet = (node: SimNode): boolean =>
  node.node.channels().every(({ htlcs, connected }) => htlcs === 0 && connected);

/** No more disturbances: everything is switched on and connected, and time goes on until no HTLC is left. */
function heal(row: Row, checker: LineChecker): void {
  until(row, checker, () => row.nodes.every(isQuiet), "HTLCs are left");
}

/** All intervals that have ended are closed, and disputes settled. */
function end(row: Row, checker: LineChecker): void {
  row.pass(INTERVAL_S - row.second + 10, 5);
  const closed = (): boolean => {
    settleDisputes(row);
    return row.second > 6 && row.nodes.every(isQuiet) && checker.allClosed() && checker.allPaid();
  };
  until(row, checker, closed, "intervals or arrears are left open");
}

function until(row: Row, checker: LineChecker, done: () => boolean, what: string): void {
  mend(row);
  for (let s = 0; s < HEALING_S; s += 2) {
    if (done()) return;
    row.pass(2, 2);
    mend(row);
    checker.checkStep();
  }
  throw new Violation(`${what} after ${HEALING_S} s: ${checker.state()}`);
}
