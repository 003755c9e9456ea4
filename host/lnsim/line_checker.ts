import { judge } from "../evidence/judge.js";
import type { ChannelEvidence, EvidenceBundle } from "../evidence/bundle.js";
import type { ChannelInfo } from "../node/answers.js";
import type { EnergyInfo } from "../node/energy_answers.js";
import { Violation } from "./checkers.js";
import type { Row, SimLine, SimSwap } from "./row.js";

function demand(holds: boolean, what: string): void {
  if (!holds) throw new Violation(what);
}

const SAME = ["parametersHash", "closedUntil", "arrearsMsat", "totalForthMwh", "totalBackMwh", "positions"] as const;
const MWH_PER_KWH = 1_000_000n;

const plain = (value: unknown): string =>
  JSON.stringify(value, (_, each: unknown) => (typeof each === "bigint" ? String(each) : each));
const size = (value: bigint): bigint => (value < 0n ? -value : value);

/** What the checkers read of a simulation. */
export type Watched = Pick<Row, "lines" | "swaps" | "intervalStart">;

/** What must hold of lines, of what was agreed over them, and of what was counted. A checker throws Violation. */
export class LineChecker {
  private readonly earlier = new Map<SimLine, ChannelEvidence>();

  constructor(private readonly row: Watched) {}

  /** Swaps whose payers were told that they are paid. */
  get moved(): number {
    return this.row.swaps.filter(isSent).length;
  }

  /**
   * At any time, of whatever end is on: nothing agreed is above the rating, no promises are above what covers them, and no
   * line has failed.
   */
  checkStep(): void {
    for (const line of this.row.lines) {
      for (const end of [0, 1] as const) {
        const [info, channel] = [energyOf(line, end), channelOf(line, end)];
        if (info === undefined || channel === undefined) continue;
        const name = `${nameOf(line)}, ${line.ends[end].name}`;
        demand(channel.state === "normal", `${name}: the channel is ${channel.state}, fault ${channel.fault}`);
        for (const { start, flowMwh } of info.positions) {
          demand(size(flowMwh) <= info.capacityMwh, `${name}: ${flowMwh} mWh in ${start} are above the rating`);
        }
        checkCover(name, info, channel);
      }
    }
  }

  /**
   * At rest: both ends have the same energy and money, and nothing agreed is more than swaps have asked for. If nothing has
   * disturbed them (`exact`), it is what the swaps that were paid have asked for.
   */
  checkRest(exact: boolean): void {
    this.checkStep();
    for (const line of this.row.lines) {
      const [name, [a, b], [here, there]] = [nameOf(line), infos(line), channels(line)];
      for (const key of SAME) demand(plain(a[key]) === plain(b[key]), `${name}: ends differ in ${key}`);
      const sumMsat = here.holderMsat + there.holderMsat;
      demand(sumMsat === here.fundingSat * 1000n, `${name} holds ${sumMsat} msat`);
      for (const { start, flowMwh } of a.positions)
        this.checkFlow(line, start, a.holderIsNode1 ? flowMwh : -flowMwh, exact);
      for (const event of line.ends.flatMap((node) => node.told("problem"))) {
        const problem = `${name}: problem ${event.code} with message ${event.message} on channel ${event.channel}`;
        demand(!exact && (event.channel < 0 || isExpected(event)), problem);
      }
      const evidence = line.ends[0].node.evidence(line.numbers[0]);
      if (!this.earlier.has(line) && evidence !== undefined) this.earlier.set(line, evidence);
    }
  }

  /** Whether every interval that has ended is rolled on every line. */
  allClosed(): boolean {
    return this.row.lines.every((line) =>
      ([0, 1] as const).every((end) => energyOf(line, end)?.closedUntil === this.row.intervalStart),
    );
  }

  /** Whether nobody owes anything that he could pay. */
  allPaid(): boolean {
    return this.row.lines.every((line) => {
      const info = energyOf(line, 0);
      return info !== undefined && (info.arrearsMsat === 0n || this.isBroke(line, info));
    });
  }

  /** Once all is closed: as the accounting point has counted it, and what one end owes the other one is paid. */
  checkEnd(): void {
    for (const line of this.row.lines) {
      const [name, [a]] = [nameOf(line), infos(line)];
      demand(a.closedUntil === this.row.intervalStart, `${name} is closed until ${a.closedUntil}`);
      const closes = line.ends[0].told("interval closed").filter(({ channel }) => channel === line.numbers[0]);
      const seen = new Map(closes.map((close) => [close.until, close]));
      let [forth, back, from] = [0n, 0n, 0];
      for (const { until, meteredMwh, start } of [...seen.values()].sort((x, y) => x.until - y.until)) {
        demand(start >= from, `${name} has rolled ${start} twice`);
        from = until;
        const counted = [...line.countedMwh].reduce(
          (sum, [at, mwh]) => (at >= start && at < until ? sum + mwh : sum),
          0n,
        );
        const metered = a.holderIsNode1 ? meteredMwh : -meteredMwh;
        demand(start === 0 || metered === counted, `${name}: rolled ${metered} mWh from ${start}, counted ${counted}`);
        if (meteredMwh > 0n) forth += meteredMwh;
        else back -= meteredMwh;
      }
      // What was told while the node had no power is told never.
      const whole = line.ends[0].starts === 1;
      demand(
        whole
          ? a.totalForthMwh === forth && a.totalBackMwh === back
          : a.totalForthMwh >= forth && a.totalBackMwh >= back,
        `${name}: totals ${a.totalForthMwh} and ${a.totalBackMwh} mWh, rolled were ${forth} and ${back}`,
      );
      demand(this.allPaid(), `${name}: ${a.arrearsMsat} msat of arrears are left`);
    }
  }

  /** A judge finds what both ends show consistent; what one of them had earlier, the other one refutes. */
  checkEvidence(): void {
    for (const line of this.row.lines) {
      const [one, other] = line.ends.map((node, end) => node.node.evidence(line.numbers[end] ?? 0));
      const name = nameOf(line);
      if (one === undefined || other === undefined) throw new Violation(`${name} shows no evidence`);
      const bundle = (evidence: ChannelEvidence): EvidenceBundle => ({ ...evidence, receipts: [], notes: [] });
      const [a, b] = [
        { file: "one", bundle: bundle(one) },
        { file: "other", bundle: bundle(other) },
      ];
      const verdict = judge([a, b]);
      const faults = verdict.bundles.flatMap(({ faults }) => faults);
      demand(faults.length === 0, `${name}: the judge finds ${plain(faults)}`);
      const standings = verdict.bundles.map(({ standing }) => standing);
      demand(plain(standings) === '["valid","valid"]', `${name}: the states are ${standings.join(" and ")}`);
      const old = this.earlier.get(line);
      if (old === undefined || old.commitmentNumber === one.commitmentNumber) continue;
      const cheat = judge([{ file: "earlier", bundle: bundle(old) }, b]);
      const standing = cheat.bundles.find(({ file }) => file === "earlier")?.standing;
      demand(standing === "refuted", `${name}: an earlier state is ${standing}`);
    }
  }

  /** What the lines are, for a message. */
  state(): string {
    return this.row.lines
      .map((line) => {
        const ends = ([0, 1] as const).map((end) => {
          const [info, channel] = [energyOf(line, end), channelOf(line, end)];
          if (info === undefined || channel === undefined) return "off";
          const marks = `${info.disputed ? ", disputed" : ""}${info.suspended ? ", suspended" : ""}`;
          return `${channel.htlcs} HTLCs, closed until ${info.closedUntil}, arrears ${info.arrearsMsat}${marks}`;
        });
        return `${nameOf(line)}: ${ends.join(" | ")}`;
      })
      .join("; ");
  }

  private checkFlow(line: SimLine, start: number, flow: bigint, exact: boolean): void {
    let [least, most, agreed] = [0n, 0n, 0n];
    for (const swap of this.row.swaps) {
      const asked = swap.start === start ? (swap.flows.get(line) ?? 0n) : 0n;
      if (asked > 0n) most += asked;
      else least += asked;
      if (isSent(swap)) agreed += asked;
    }
    const name = `${nameOf(line)}: ${flow} mWh in ${start}`;
    demand(flow >= least && flow <= most, `${name}, swaps asked for ${least} to ${most}`);
    demand(!exact || flow === agreed, `${name}, swaps agreed ${agreed}`);
  }

  /** Whether who owes has nothing left above its reserve. */
  private isBroke(line: SimLine, a: EnergyInfo): boolean {
    const owes = a.arrearsMsat > 0n === a.holderIsNode1 ? 0 : 1;
    const { holderMsat, holderReserveSat } = channels(line)[owes];
    return holderMsat <= holderReserveSat * 1000n + 20_000_000n;
  }
}

const ERR_STATE = -2;
const ERR_SUSPENDED = -27;
const ERR_ORDER = -11;
const WARNING = 1;
const ENERGY_LAPSE = 42001;
const INTERVAL_CLOSE = 42003;
const INTERVAL_ROLL = 42007;

/**
 * What disturbances bring about: closes that a wrong clock or a slow wire makes old, rolls that rest on them, lapses that a forwarder without power passes on
 * before their time, and what the peer says of them.
 */
const isExpected = ({ code, message }: { readonly code: number; readonly message: number }): boolean =>
  (code === ERR_SUSPENDED && message === INTERVAL_CLOSE) ||
  (code === ERR_STATE && message === INTERVAL_ROLL) ||
  (code === ERR_ORDER && message === ENERGY_LAPSE) ||
  (code === 0 && message === WARNING);

const isSent = ({ payer, part }: SimSwap): boolean =>
  part !== undefined && payer.told("sent").some((event) => event.part === part);

/** Promises, at the price cap, are covered by the A of whoever has given them above its reserve, and by its credit. */
function checkCover(name: string, info: EnergyInfo, channel: ChannelInfo): void {
  const [{ holderMsat, holderReserveSat }, { counterpartyMsat, counterpartyReserveSat }] = [channel, channel];
  for (const [who, sign, msat, reserveSat, creditMsat] of [
    ["the holder", info.holderIsNode1 ? 1n : -1n, holderMsat, holderReserveSat, info.counterpartyCreditMsat],
    ["the peer", info.holderIsNode1 ? -1n : 1n, counterpartyMsat, counterpartyReserveSat, info.holderCreditMsat],
  ] as const) {
    const promised = info.positions.reduce((sum, { promisedMwh }) => {
      const given = sign * promisedMwh;
      return given > 0n ? sum + given : sum;
    }, 0n);
    const exposedMsat = (promised * info.priceCapMsatPerKwh) / MWH_PER_KWH;
    const freeMsat = msat > reserveSat * 1000n ? msat - reserveSat * 1000n : 0n;
    const coveredMsat = creditMsat + freeMsat;
    demand(exposedMsat <= coveredMsat, `${name}: ${who} has promised ${exposedMsat} msat, covered are ${coveredMsat}`);
  }
}

const nameOf = ({ ends }: SimLine): string => `line of ${ends[0].name} and ${ends[1].name}`;

const energyOf = ({ ends, numbers }: SimLine, end: 0 | 1): EnergyInfo | undefined =>
  ends[end].try((live) => live.energy(numbers[end]));
const channelOf = ({ ends, numbers }: SimLine, end: 0 | 1): ChannelInfo | undefined =>
  ends[end].try((live) => live.channel(numbers[end]));

function infos(line: SimLine): [EnergyInfo, EnergyInfo] {
  const [a, b] = [energyOf(line, 0), energyOf(line, 1)];
  if (a === undefined || b === undefined) throw new Violation(`${nameOf(line)} is gone`);
  return [a, b];
}

function channels(line: SimLine): [ChannelInfo, ChannelInfo] {
  const [a, b] = [channelOf(line, 0), channelOf(line, 1)];
  if (a === undefined || b === undefined) throw new Violation(`${nameOf(line)} has no channel`);
  return [a, b];
}
