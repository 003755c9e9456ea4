import { describe, expect, it } from "vitest";
import { type ChartData, MAX_CHARTS, balanceChart, chartTimes, energyCharts } from "../../host/report/charts.js";
import { flowCharts, priceChart } from "../../host/report/charts.js";
import { reportHtml } from "../../host/report/report.js";
import { MAX_TRADES, conservationList, lineTable, nodeTable, tradeTable } from "../../host/report/tables.js";
import { decimal, escapeHtml, percentText, scriptJson, timeText } from "../../host/report/text.js";
import type { StreetResult } from "../../host/street/result.js";
import { streetResult } from "./street.js";

const street = streetResult();
const html = reportHtml(street);

/** What the page's script is given. */
const dataOf = (page: string): ChartData =>
  JSON.parse(/<script type="application\/json" id="data">(.*?)<\/script>/s.exec(page)?.[1] ?? "") as ChartData;
const seriesOf = (page: string, chart: string, label: string): readonly (number | null)[] | undefined =>
  dataOf(page)
    .charts.find(({ id }) => id === chart)
    ?.series.find((series) => series.label === label)?.values;

describe("quantities", () => {
  it.each([
    [0n, 6, "0.000000"],
    [1n, 6, "0.000001"],
    [-1n, 3, "\u22120.001"],
    [1_234_567_890n, 6, "1,234.567890"],
    [999_999n, 3, "999.999"],
    [1_000_000n, 3, "1,000.000"],
    [12_345n, 0, "12,345"],
    [9_007_199_254_740_993n, 0, "9,007,199,254,740,993"],
  ])("%d with %i decimals is %s", (value, digits, text) => {
    expect(decimal(value, digits)).toBe(text);
  });

  it("times are UTC, with seconds where there are any; shares are cut off", () => {
    expect(timeText(Date.UTC(2026, 5, 21, 13, 45))).toBe("2026-06-21 13:45");
    expect(timeText(Date.UTC(2026, 5, 21, 13, 45, 5))).toBe("2026-06-21 13:45:05");
    expect(percentText(999_999)).toBe("99.99 %");
    expect(percentText(1_000_000)).toBe("100.00 %");
  });
});

describe("content is escaped", () => {
  const hostile = `</script><script>alert("1")</script><img src=x onerror='alert(2)'>&\u2028\u0007`;
  const renamed = (text: string): StreetResult => {
    const [node, ...nodes] = street.nodes;
    const [trade, ...trades] = street.trades;
    const [interval, ...intervals] = street.intervals;
    if (node === undefined || trade === undefined || interval === undefined) throw new RangeError("empty street");
    return {
      ...street,
      name: text,
      description: text,
      seed: text,
      nodes: [{ ...node, name: text }, ...nodes],
      lines: street.lines.map((line) => ({ ...line, from: text })),
      trades: [{ ...trade, buyer: text, seller: text, route: [text], status: text }, ...trades],
      intervals: [{ ...interval, prices: [{ node: text, side: "sell", msatPerKwh: 1n }] }, ...intervals],
      conservation: { ...street.conservation, flowsHold: false, holds: false, flowsDiffer: [text] },
    };
  };

  it("in text, attributes and the page's data", () => {
    const page = reportHtml(renamed(hostile));
    expect(page).not.toContain("<img");
    expect(page).not.toContain("<script>alert");
    expect(page).not.toContain("\u0007");
    expect(page.match(/<script/g)).toHaveLength(3);
    expect(page.match(/<\/script>/g)).toHaveLength(3);
    // What the page's script reads is the very text.
    expect(dataOf(page).charts[0]?.series.some(({ label }) => label === `${hostile} sells`)).toBe(true);
    // Every place has the text, only escaped: heading, title, description, seed, conservation, tables.
    expect(page.split(escapeHtml(hostile)).length).toBeGreaterThan(10);
  });

  it("every character that HTML or a script element gives a meaning", () => {
    expect(escapeHtml(`&<>"'`)).toBe("&amp;&lt;&gt;&quot;&#39;");
    expect(scriptJson("</script>&\u2029")).toBe('"\\u003c/script\\u003e\\u0026\\u2029"');
    expect(escapeHtml("\u0000a\u0085\tb\n")).toBe("\ufffda\ufffd\tb\n");
  });
});

describe("the page", () => {
  it("names no resource outside", () => {
    // Licence notes name addresses; nothing that a browser would load does.
    expect(html).not.toMatch(/(?:src|href|action|poster|data)\s*=\s*["']?(?!data:,)[^"'>\s]*:\/\//i);
    expect(html).not.toMatch(/@import|url\(/i);
    expect(html).toContain("default-src 'none'");
    expect(html).not.toContain("script-src 'unsafe-inline'");
  });

  it("is the same for the same result, and another one for another", () => {
    expect(reportHtml(streetResult())).toBe(html);
    expect(reportHtml({ ...street, seed: "2" })).not.toBe(html);
  });

  it("has a place for each chart that its data have", () => {
    const places = [...html.matchAll(/id="chart-([^"]+)"/g)].map(([, id]) => id);
    expect(places).toEqual(dataOf(html).charts.map(({ id }) => id));
    expect(places).toEqual([
      "prices",
      "line-0",
      "line-1",
      "line-2",
      "line-3",
      "balances",
      "node-0",
      "node-2",
      "node-3",
      "node-4",
    ]);
  });

  it("says what a street without intervals has: nothing", () => {
    const empty = reportHtml({
      ...street,
      intervals: [],
      trades: [],
      totals: { ...street.totals, trades: 0, failedTrades: 0 },
    });
    expect(dataOf(empty).times).toEqual([]);
    expect(empty).toContain("0 trades, all of them.");
  });
});

describe("charts", () => {
  const middle = 50;
  const interval = street.intervals[middle];

  it("times are the intervals' starts and the last one's end", () => {
    const times = chartTimes(street);
    expect(times).toHaveLength(street.intervals.length + 1);
    expect(times[1]).toBe((times[0] ?? 0) + 900);
    expect(times.at(-1)).toBe(street.startUtcMs / 1000 + 86_400);
  });

  it("prices are in sat per kWh, with gaps where nobody offers", () => {
    const buys = seriesOf(html, "prices", "head buys");
    expect(buys?.[0]).toBeNull();
    expect(buys?.[middle]).toBe(Number(interval?.prices.at(-1)?.msatPerKwh) / 1000);
    expect(buys?.[middle]).toBeLessThan(0);
    expect(seriesOf(html, "prices", "head sells")?.[middle]).toBe(Number(interval?.prices[0]?.msatPerKwh) / 1000);
  });

  it("many offers are drawn as their range", () => {
    const { title, series } = priceChart(streetResult({ homes: 30 }));
    expect(title).toBe("Posted prices, 12 offers");
    const [lowest, highest, buy] = series.map(({ values }) => values[middle] ?? 0);
    expect(highest).toBe(Number(interval?.prices[0]?.msatPerKwh) / 1000);
    expect(lowest).toBe((highest ?? 0) - 20 - 9);
    expect(buy).toBeLessThan(0);
  });

  it("flows are mean power in kW, with the rating in the directions that come near it", () => {
    const line = interval?.lines[2];
    expect(seriesOf(html, "line-2", "agreed")?.[middle]).toBeCloseTo((Number(line?.agreedMwh) / 1e6) * 4, 9);
    expect(seriesOf(html, "line-2", "metered")?.[middle]).toBeCloseTo((Number(line?.meteredMwh) / 1e6) * 4, 9);
    expect(seriesOf(html, "line-2", "rating back")?.[middle]).toBe(-6);
    expect(seriesOf(html, "line-1", "rating forth")?.[middle]).toBe(6);
    expect(seriesOf(html, "line-1", "rating back")).toBeUndefined();
    // The same energy in a third of the time.
    const short = reportHtml({ ...street, intervalS: 300 });
    expect(seriesOf(short, "line-2", "agreed")?.[middle]).toBeCloseTo((Number(line?.agreedMwh) / 1e6) * 12, 9);
  });

  it("balances are changes since the first interval", () => {
    const values = seriesOf(html, "balances", "head");
    const [first, last] = [street.intervals[0], street.intervals.at(-1)];
    expect(values?.[0]).toBe(0);
    const change = (last?.nodes[0]?.balanceMsat ?? 0n) - (first?.nodes[0]?.balanceMsat ?? 0n);
    expect(values?.at(-1)).toBe(Number(change) / 1000);
    expect(change).not.toBe(0n);
  });

  it("energy is in kWh, for nodes that have any of their own", () => {
    expect(seriesOf(html, "node-2", "bought")?.[middle]).toBe(Number(interval?.nodes[2]?.boughtMwh) / 1e6);
    expect(seriesOf(html, "node-3", "sold")?.[middle]).toBe(Number(interval?.nodes[3]?.soldMwh) / 1e6);
    expect(seriesOf(html, "node-3", "imbalance")?.[middle]).toBe(Number(interval?.nodes[3]?.imbalanceMwh) / 1e6);
    expect(energyCharts(street).total).toBe(4);
  });

  it("of a large street, the lines and nodes that matter most are drawn, and it is said", () => {
    const large = streetResult({ homes: 40, intervals: 8 });
    const { charts, total } = flowCharts(large);
    expect([charts.length, total]).toEqual([MAX_CHARTS, 41]);
    const uses = charts.map(({ id }) => large.totals.lines[Number(id.slice(5))]?.useOfRatingPpm ?? 0);
    expect(uses).toEqual([...uses].sort((a, b) => b - a));
    const left = large.totals.lines.filter((_, index) => !charts.some(({ id }) => id === `line-${index}`));
    expect(Math.max(...left.map(({ useOfRatingPpm }) => useOfRatingPpm))).toBeLessThanOrEqual(uses.at(-1) ?? 0);
    expect(energyCharts(large).charts).toHaveLength(MAX_CHARTS);
    expect(balanceChart(large).charts[0]?.series).toHaveLength(21);
    const page = reportHtml(large);
    expect(page).toContain("12 of 41 lines, those used most; the table has all.");
    expect(page).toContain("21 of 42 nodes, those whose balance changed most; the table has all.");
    expect(html).not.toContain("the table has all");
  });
});

describe("tables", () => {
  const cells = (text: string): string[][] =>
    [...text.matchAll(/<tr>(.*?)<\/tr>/gs)].map(([, row]) =>
      [...(row ?? "").matchAll(/<t[hd][^>]*>(.*?)<\/t[hd]>/g)].map(([, cell]) => cell ?? ""),
    );

  it("nodes and lines, each with its totals", () => {
    const [head, first] = cells(nodeTable(street));
    const figures = street.totals.nodes[0];
    expect(head).toHaveLength(12);
    expect(first?.[0]).toBe("head");
    expect(first?.[3]).toBe(decimal(figures?.soldMwh ?? 0n, 6));
    expect(first?.[7]).toBe(decimal(figures?.earnedMsat ?? 0n, 3));
    expect(cells(nodeTable(street))).toHaveLength(6);
    const lines = cells(lineTable(street));
    expect(lines).toHaveLength(5);
    expect(lines[3]?.[0]).toBe("cabinet \u2192 solar 1");
    expect(lines[3]?.[2]).toBe(decimal(street.totals.lines[2]?.agreedMwh ?? 0n, 6));
  });

  it("trades: all of them, or the first and how many there are", () => {
    const rows = cells(tradeTable(street));
    expect(rows).toHaveLength(289);
    expect(tradeTable(street)).toContain("288 trades, all of them.");
    expect(rows.filter((row) => row.at(-1) === "temporary_channel_failure at cabinet")).toHaveLength(6);
    const many = { ...street, trades: Array.from({ length: 4 }, () => street.trades).flat() };
    expect(tradeTable(many)).toContain("The first 1,000 of 1,152 trades; trades.csv has them all.");
    expect(cells(tradeTable(many))).toHaveLength(MAX_TRADES + 1);
  });

  it("conservation: each part holds or does not", () => {
    const { conservation } = street;
    expect(conservationList(conservation).match(/<strong>holds/g)).toHaveLength(3);
    const money = conservationList({ ...conservation, endMsat: conservation.startMsat + 1n, moneyHolds: false });
    expect(money).toContain(", 0.001 sat more;");
    expect(money.match(/DOES NOT HOLD/g)).toHaveLength(1);
    const balances = conservationList({ ...conservation, moneyDiffers: ["home 2"], moneyHolds: false });
    expect(balances).toContain("not what trades brought and cost at home 2.");
    const problems = conservationList({ ...conservation, problems: ["line <1> was not closed"] });
    expect(problems).toContain("<strong>DOES NOT HOLD</strong> line &lt;1&gt; was not closed");
    const energy = conservationList({ ...conservation, lostMwh: conservation.lostMwh - 2n, energyHolds: false });
    expect(energy).toContain("0.000002 kWh of them nowhere");
    const flows = conservationList({ ...conservation, flowsHold: false, flowsDiffer: ["home 0", "cabinet"] });
    expect(flows).toContain("differ at home 0, cabinet.");
    const page = reportHtml({ ...street, conservation: { ...conservation, holds: false } });
    expect(page).toContain("<dd>DOES NOT HOLD");
    expect(html).not.toContain("DOES NOT HOLD");
  });
});
