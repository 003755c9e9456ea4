import type { ChannelInfo } from "../node/answers.js";
import type { EnergyInfo } from "../node/energy_answers.js";
import { Violation } from "./checkers.js";
import type { SimLine } from "./energy.js";

function demand(holds: boolean, what: string): void {
  if (!holds) throw new Violation(what);
}

const SAME = ["parametersHash", "closedUntil", "arrearsMsat", "totalForthMwh", "totalBackMwh", "positions"] as const;

const plain = (value: unknown): string =>
  JSON.stringify(value, (_, each: unknown) => (typeof each === "bigint" ? String(each) : each));

/** What must hold of lines at rest: of both ends' energy, of what was agreed over them, and of what was counted. */
export class LineChecker {
  constructor(private readonly lines: readonly SimLine[]) {}

  /** Both ends have the same energy and money; nothing agreed is above the rating or other than the swaps were. */
  check(): void {
    for (const line of this.lines) {
      const [name, [a, b], [here, there]] = [nameOf(line), infos(line), channels(line)];
      for (const key of SAME) demand(plain(a[key]) === plain(b[key]), `${name}: ends differ in ${key}`);
      demand(!a.disputed && !b.disputed, `${name} is in dispute`);
      const sumMsat = here.holderMsat + there.holderMsat;
      demand(sumMsat === here.fundingSat * 1000n, `${name} holds ${sumMsat} msat`);
      for (const { start, flowMwh } of a.positions) {
        const size = flowMwh < 0n ? -flowMwh : flowMwh;
        demand(size <= a.capacityMwh, `${name}: ${flowMwh} mWh are above the rating`);
        const agreed = line.agreedMwh.get(start) ?? 0n;
        const flow = a.holderIsNode1 ? flowMwh : -flowMwh;
        demand(flow === agreed, `${name}: ${flow} mWh in ${start}, swaps agreed ${agreed}`);
      }
      for (const event of line.ends.flatMap((node) => node.told("problem"))) {
        throw new Violation(`${name}: problem ${event.code} with message ${event.message}`);
      }
    }
  }

  /** Every interval before `untilS` is rolled, as agreed and as the accounting point has counted it. */
  checkEnd(untilS: number): void {
    for (const line of this.lines) {
      const [name, [a]] = [nameOf(line), infos(line)];
      demand(a.closedUntil === untilS, `${name} is closed until ${a.closedUntil}, not ${untilS}`);
      let [forth, back] = [0n, 0n];
      for (const flow of line.countedMwh.values()) {
        if (flow > 0n === a.holderIsNode1) forth += flow < 0n ? -flow : flow;
        else back += flow < 0n ? -flow : flow;
      }
      demand(
        a.totalForthMwh === forth && a.totalBackMwh === back,
        `${name}: totals ${a.totalForthMwh} and ${a.totalBackMwh} mWh, counted were ${forth} and ${back}`,
      );
      const closes = line.ends[0].told("interval closed").filter(({ channel }) => channel === line.numbers[0]);
      for (const { start, until, agreedMwh } of closes) {
        let agreed = 0n;
        for (const [at, flow] of line.agreedMwh) if (at >= start && at < until) agreed += flow;
        const flow = a.holderIsNode1 ? agreedMwh : -agreedMwh;
        demand(flow === agreed, `${name}: rolled ${flow} mWh from ${start}, swaps agreed ${agreed}`);
      }
      demand(closes.length > 0, `${name} has rolled nothing`);
    }
  }
}

const nameOf = ({ ends }: SimLine): string => `line of ${ends[0].name} and ${ends[1].name}`;

function infos(line: SimLine): [EnergyInfo, EnergyInfo] {
  const [a, b] = line.ends.map((node, i) => node.node.energy(line.numbers[i] ?? 0));
  if (a === undefined || b === undefined) throw new Violation(`${nameOf(line)} is gone`);
  return [a, b];
}

function channels(line: SimLine): [ChannelInfo, ChannelInfo] {
  const [a, b] = line.ends.map((node, i) => node.node.channel(line.numbers[i] ?? 0));
  if (a === undefined || b === undefined) throw new Violation(`${nameOf(line)} has no channel`);
  return [a, b];
}
