import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { projectRoot } from "../root.js";
import type { StreetResult } from "../street/result.js";
import { type Chart, type ChartData, type ChartGroup } from "./charts.js";
import { balanceChart, chartTimes, energyCharts, flowCharts, priceChart } from "./charts.js";
import { conservationList, lineTable, nodeTable, tradeTable } from "./tables.js";
import { decimal, durationText, escapeHtml, kwhText, satText, scriptJson, timeText } from "./text.js";

const asset = (path: string): string => readFileSync(path, "utf8").trim();
const own = (name: string): string => asset(join(projectRoot(), "host/report", name));
const uplot = (name: string): string => asset(createRequire(import.meta.url).resolve(`uplot/dist/${name}`));

/**
 * The report on a street that has traded: one HTML file that needs nothing else, opened from a disk as from anywhere.
 * A content security policy keeps it from asking any network for anything, and from running any script but its own.
 * The same result gives the same bytes.
 */
export function reportHtml(result: StreetResult): string {
  const prices = priceChart(result);
  const flows = flowCharts(result);
  const balances = balanceChart(result);
  const energy = energyCharts(result);
  const charts = [prices, ...flows.charts, ...balances.charts, ...energy.charts];
  const data: ChartData = { times: chartTimes(result), charts };
  const scripts = [uplot("uPlot.iife.min.js"), own("page.js")];
  const policy = [
    "default-src 'none'",
    "img-src data:",
    "style-src 'unsafe-inline'",
    `script-src ${scripts.map((script) => `'sha256-${createHash("sha256").update(script).digest("base64")}'`).join(" ")}`,
    "base-uri 'none'",
    "form-action 'none'",
  ].join("; ");
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escapeHtml(result.name)}: Tieline report</title>
<link rel="icon" href="data:,">
<style>${uplot("uPlot.min.css")}</style>
<style>${own("page.css")}</style>
</head>
<body>
<main>
${header(result)}
${section("Conservation", conservationList(result.conservation))}
${section("Prices", group({ charts: [prices], total: 1 }, ""), "At which nodes offered to sell or to buy a kilowatt-hour, at their own place. Below zero the seller pays.")}
${section("Lines", `${group(flows, "lines, those used most")}\n${lineTable(result)}`, flowText(result))}
${section("Money", group(balances, "nodes, those whose balance changed most"), "Token A in channels. 1 sat is 1,000 msat.")}
${section("Nodes", `${group(energy, "nodes, those that traded most")}\n${nodeTable(result)}`, "Energy of each interval. Imbalance is what the line meters say beyond what was agreed; positive: the node got it.")}
${section("Trades", tradeTable(result), "Swaps of energy for A. Below zero the seller has initiated and paid.")}
</main>
<noscript><p class="note">The charts need JavaScript; the tables do not.</p></noscript>
<script type="application/json" id="data">${scriptJson(data)}</script>
${scripts.map((script) => `<script>${script}</script>`).join("\n")}
</body>
</html>
`;
}

function header(result: StreetResult): string {
  const { name, description, startUtcMs, intervalS, intervals, nodes, lines, seed, totals, conservation } = result;
  const sum = (of: (figures: StreetResult["totals"]["nodes"][number]) => bigint): bigint =>
    totals.nodes.reduce((total, figures) => total + of(figures), 0n);
  const count = (number: number): string => decimal(BigInt(number), 0);
  const tiles: [string, string, string][] = [
    ["Trades", count(totals.trades - totals.failedTrades), `done, ${count(totals.failedTrades)} failed`],
    ["Energy bought", kwhText(sum(({ boughtMwh }) => boughtMwh)), "kWh"],
    ["Paid for it", satText(sum(({ paidMsat }) => paidMsat)), "sat"],
    [
      "Rents",
      satText(sum(({ rentMsat }) => rentMsat)),
      `sat, ${satText(sum(({ rebateMsat }) => rebateMsat))} sat rebates`,
    ],
    ["Conservation", conservation.holds ? "holds" : "DOES NOT HOLD", "of money, energy and flows"],
  ];
  const facts =
    `${count(nodes.length)} nodes, ${count(lines.length)} lines, ${count(intervals.length)} intervals of ` +
    `${durationText(intervalS)} from ${timeText(startUtcMs)} UTC, seed ${seed}`;
  return `<header>
<h1>${escapeHtml(name)}</h1>
<p>${escapeHtml(description)}</p>
<p class="note">${escapeHtml(facts)}</p>
<dl class="tiles">
${tiles.map(([term, value, unit]) => `<div><dt>${escapeHtml(term)}</dt><dd>${escapeHtml(value)} <small>${escapeHtml(unit)}</small></dd></div>`).join("\n")}
</dl>
</header>`;
}

const section = (title: string, content: string, note = ""): string =>
  `<section>\n<h2>${escapeHtml(title)}</h2>\n${note && `<p class="note">${escapeHtml(note)}</p>\n`}${content}\n</section>`;

const flowText = ({ intervalS }: StreetResult): string =>
  `Mean power of each interval of ${durationText(intervalS)} at the line's accounting point, positive in the direction ` +
  `of the arrow. The rating is drawn where flows come near it.`;

function group({ charts, total }: ChartGroup, what: string): string {
  const shown = charts.length === 1 ? (charts[0]?.series.length ?? 0) : charts.length;
  const count =
    shown < total ? `<p class="note">${shown} of ${total} ${escapeHtml(what)}; the table has all.</p>\n` : "";
  const size = charts.length === 1 ? "charts wide" : "charts";
  return `${count}<div class="${size}">\n${charts.map(figure).join("\n")}\n</div>`;
}

/** The caption is for everybody; what a chart says in words, for those who cannot see it, is in the tables. */
function figure({ id, title, unit, series }: Chart): string {
  const lines = series.map(({ label }) => label).join(", ");
  return (
    `<figure><figcaption>${escapeHtml(title)} <small>${escapeHtml(unit)}</small></figcaption>` +
    `<div class="chart" id="chart-${escapeHtml(id)}" role="img" aria-label="${escapeHtml(`${title}, ${unit}, over time: ${lines}`)}"></div></figure>`
  );
}
