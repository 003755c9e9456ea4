import type { PostedPrice, StreetResult } from "../street/result.js";

// What the charts of a report draw, as numbers: charts.js, in the page, has no arithmetic of its own.

/** A line of a chart. `values` has one number for each interval; null where there is none. */
export interface Series {
  readonly label: string;
  readonly values: readonly (number | null)[];
  /** Number of the palette's colour, and of the pattern of dashes (0 solid). */
  readonly colour: number;
  readonly dash: number;
  /** The area to 0 is tinted. */
  readonly filled?: boolean;
}

export interface Chart {
  readonly id: string;
  readonly title: string;
  readonly unit: string;
  readonly series: readonly Series[];
}

/** Charts of one kind, and how many there would be of it. */
export interface ChartGroup {
  readonly charts: readonly Chart[];
  readonly total: number;
}

/** What charts.js finds in the page. */
export interface ChartData {
  /** UTC in s of each interval's start, and of the last one's end. */
  readonly times: readonly number[];
  readonly charts: readonly Chart[];
}

/** More lines in one chart than this cannot be told apart: 7 colours, 3 patterns. */
const MAX_SERIES = 21;
const COLOURS = 7;
/** More prices than this are drawn as the range that they span. */
const MAX_PRICES = 8;
/** Charts of one kind; the tables have all lines and nodes. */
export const MAX_CHARTS = 12;

const kwh = (mwh: bigint): number => Number(mwh) / 1e6;
const sat = (msat: bigint): number => Number(msat) / 1e3;
const style = (index: number): Pick<Series, "colour" | "dash"> => ({
  colour: index % COLOURS,
  dash: Math.floor(index / COLOURS),
});

export function chartTimes({ intervals, intervalS }: StreetResult): number[] {
  const starts = intervals.map(({ startUtcMs }) => startUtcMs / 1000);
  const last = starts.at(-1);
  return last === undefined ? [] : [...starts, last + intervalS];
}

/** Posted prices over time, one line an offer; of many only the lowest and highest to sell, and the lowest to buy. */
export function priceChart({ intervals }: StreetResult): Chart {
  const keyOf = ({ node, side }: PostedPrice) => `${node} ${side}s`;
  const keys = [...new Set(intervals.flatMap(({ prices }) => prices.map(keyOf)))];
  const perKwh = (msat: bigint | undefined): number | null => (msat === undefined ? null : sat(msat));
  const chart = { id: "prices", title: "Posted prices", unit: "sat/kWh" };
  if (keys.length <= MAX_PRICES) {
    const series = keys.map((key, index) => ({
      label: key,
      values: intervals.map(({ prices }) => perKwh(prices.find((price) => keyOf(price) === key)?.msatPerKwh)),
      ...style(index),
    }));
    return { ...chart, series };
  }
  const range = (label: string, side: PostedPrice["side"], highest: boolean, index: number): Series => ({
    label,
    values: intervals.map(({ prices }) => {
      const posted = prices.filter((price) => price.side === side).map(({ msatPerKwh }) => msatPerKwh);
      return perKwh(posted.sort((a, b) => (a < b ? -1 : a > b ? 1 : 0)).at(highest ? -1 : 0));
    }),
    ...style(index),
  });
  const series = [
    range("lowest to sell", "sell", false, 0),
    range("highest to sell", "sell", true, 1),
    range("lowest to buy", "buy", false, 2),
  ];
  return { ...chart, title: `Posted prices, ${keys.length} offers`, series };
}

/** Mean power of every line: agreed, metered, and what the rating allows. The lines that were used most come first. */
export function flowCharts(result: StreetResult): ChartGroup {
  const { intervals, intervalS, lines, totals } = result;
  const kw = (mwh: bigint): number => (kwh(mwh) * 3600) / intervalS;
  const use = (index: number): number => totals.lines[index]?.useOfRatingPpm ?? 0;
  const charts = [...lines.keys()]
    .sort((a, b) => (lines.length > MAX_CHARTS ? use(b) - use(a) : 0) || a - b)
    .slice(0, MAX_CHARTS)
    .flatMap((index) => {
      const line = lines[index];
      if (line === undefined) return [];
      const rating = Number(line.ratingMw) / 1e6;
      const flows = (of: "agreedMwh" | "meteredMwh") => intervals.map(({ lines }) => kw(lines[index]?.[of] ?? 0n));
      const agreed = flows("agreedMwh");
      const metered = flows("meteredMwh");
      // The rating that nothing comes near would only press the flows flat.
      const bounds = [1, -1].filter((sign) => [...agreed, ...metered].some((flow) => flow * sign > rating / 4));
      return {
        id: `line-${index}`,
        title: `${line.from} \u2192 ${line.to}`,
        unit: "kW",
        series: [
          { label: "agreed", values: agreed, colour: 0, dash: 0, filled: true },
          { label: "metered", values: metered, colour: 1, dash: 0 },
          ...bounds.map((sign) => ({
            label: `rating ${sign < 0 ? "back" : "forth"}`,
            values: intervals.map(() => sign * rating),
            colour: 2,
            dash: 1,
          })),
        ],
      };
    });
  return { charts, total: lines.length };
}

/** What each node's channels held of A, as the change since the first interval's end: balances differ by far. */
export function balanceChart(result: StreetResult): ChartGroup {
  const { intervals, nodes } = result;
  const all = nodes.map(({ name }, index) => {
    const first = intervals[0]?.nodes[index]?.balanceMsat ?? 0n;
    const values = intervals.map(({ nodes }) => sat((nodes[index]?.balanceMsat ?? first) - first));
    return { label: name, values, most: values.reduce((most, value) => Math.max(most, Math.abs(value)), 0) };
  });
  const kept = nodes.length > MAX_SERIES ? all.sort((a, b) => b.most - a.most).slice(0, MAX_SERIES) : all;
  const series = kept.map(({ label, values }, index) => ({ label, values, ...style(index) }));
  return {
    charts: [
      { id: "balances", title: "A in each node's channels, change since the first interval", unit: "sat", series },
    ],
    total: nodes.length,
  };
}

/** Energy of every node that has any of its own, interval by interval. The nodes that traded most come first. */
export function energyCharts(result: StreetResult): ChartGroup {
  const { intervals, nodes, totals } = result;
  const traded = (index: number): bigint => {
    const figures = totals.nodes[index];
    return figures === undefined ? 0n : figures.boughtMwh + figures.soldMwh;
  };
  const active = [...nodes.keys()].filter(
    (index) => traded(index) !== 0n || intervals.some(({ nodes }) => (nodes[index]?.imbalanceMwh ?? 0n) !== 0n),
  );
  const charts = [...active]
    .sort((a, b) => (active.length > MAX_CHARTS ? Number(traded(b) - traded(a)) : 0) || a - b)
    .slice(0, MAX_CHARTS)
    .map((index) => {
      const { name = "", kind = "home" } = nodes[index] ?? {};
      const figures = (of: "boughtMwh" | "soldMwh" | "imbalanceMwh") =>
        intervals.map(({ nodes }) => kwh(nodes[index]?.[of] ?? 0n));
      return {
        id: `node-${index}`,
        title: `${name} (${kind})`,
        unit: "kWh",
        series: [
          { label: "bought", values: figures("boughtMwh"), colour: 0, dash: 0, filled: true },
          { label: "sold", values: figures("soldMwh"), colour: 1, dash: 0, filled: true },
          { label: "imbalance", values: figures("imbalanceMwh"), colour: 3, dash: 1 },
        ],
      };
    });
  return { charts, total: active.length };
}
