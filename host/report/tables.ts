import type { Conservation, StreetResult, StreetTrade } from "../street/result.js";
import { decimal, escapeHtml, kwhText, percentText, satText, timeText } from "./text.js";

// The tables of a report. They are whole without any script; the page's script only turns their pages.

/** Trades in the page; all of them are in trades.csv. */
export const MAX_TRADES = 1000;

interface Column<Row> {
  readonly head: string;
  /** Numbers stand at the right. */
  readonly number?: boolean;
  readonly cell: (row: Row) => string;
}

function table<Row>(columns: readonly Column<Row>[], rows: readonly Row[], attributes = ""): string {
  const classOf = ({ number }: Column<Row>) => (number ? ' class="number"' : "");
  const head = columns.map((column) => `<th scope="col"${classOf(column)}>${escapeHtml(column.head)}</th>`).join("");
  const body = rows.map(
    (row) =>
      `<tr>${columns.map((column) => `<td${classOf(column)}>${escapeHtml(column.cell(row))}</td>`).join("")}</tr>`,
  );
  return (
    `<div class="scroll" tabindex="0"><table${attributes}><thead><tr>${head}</tr></thead>` +
    `<tbody>${body.join("\n")}</tbody></table></div>`
  );
}

/** What each node bought, sold, paid and earned in all. */
export function nodeTable({ nodes, totals }: StreetResult): string {
  const rows = nodes.flatMap((node, index) => {
    const figures = totals.nodes[index];
    return figures === undefined ? [] : [{ ...figures, ...node }];
  });
  type Row = (typeof rows)[number];
  const energy = (head: string, of: (row: Row) => bigint): Column<Row> => ({
    head: `${head}, kWh`,
    number: true,
    cell: (row) => kwhText(of(row)),
  });
  const money = (head: string, of: (row: Row) => bigint): Column<Row> => ({
    head: `${head}, sat`,
    number: true,
    cell: (row) => satText(of(row)),
  });
  return table<Row>(
    [
      { head: "node", cell: ({ name }) => name },
      { head: "kind", cell: ({ kind }) => kind },
      energy("bought", ({ boughtMwh }) => boughtMwh),
      energy("sold", ({ soldMwh }) => soldMwh),
      energy("kept for losses", ({ lostMwh }) => lostMwh),
      energy("imbalance", ({ imbalanceMwh }) => imbalanceMwh),
      money("paid", ({ paidMsat }) => paidMsat),
      money("earned", ({ earnedMsat }) => earnedMsat),
      money("rents", ({ rentMsat }) => rentMsat),
      money("rebates", ({ rebateMsat }) => rebateMsat),
      money("settled", ({ settledMsat }) => settledMsat),
      money("balance", ({ balanceMsat }) => balanceMsat),
    ],
    rows,
  );
}

/** What each line carried in all. */
export function lineTable({ lines, totals }: StreetResult): string {
  const rows = lines.flatMap((line, index) => {
    const figures = totals.lines[index];
    return figures === undefined ? [] : [{ ...line, ...figures }];
  });
  type Row = (typeof rows)[number];
  return table<Row>(
    [
      { head: "line", cell: ({ from, to }) => `${from} \u2192 ${to}` },
      { head: "rating, kW", number: true, cell: ({ ratingMw }) => decimal(ratingMw, 6) },
      { head: "agreed, kWh", number: true, cell: ({ agreedMwh }) => kwhText(agreedMwh) },
      { head: "metered, kWh", number: true, cell: ({ meteredMwh }) => kwhText(meteredMwh) },
      { head: "lost, kWh", number: true, cell: ({ lostMwh }) => kwhText(lostMwh) },
      { head: "most use of the rating", number: true, cell: ({ useOfRatingPpm }) => percentText(useOfRatingPpm) },
    ],
    rows,
  );
}

const hourText = (utcMs: number): string => timeText(utcMs).slice(5);

/** The first trades, failed ones among them, and a statement of how many there were. */
export function tradeTable({ trades }: StreetResult): string {
  const shown = trades.slice(0, MAX_TRADES);
  const columns: Column<StreetTrade>[] = [
    { head: "time, UTC", cell: ({ atUtcMs }) => hourText(atUtcMs) },
    { head: "interval", cell: ({ intervalStartUtcMs }) => hourText(intervalStartUtcMs) },
    { head: "kind", cell: ({ kind }) => kind },
    { head: "buyer", cell: ({ buyer }) => buyer },
    { head: "seller", cell: ({ seller }) => seller },
    { head: "route of the payment", cell: ({ route }) => route.join(" \u2192 ") },
    { head: "bought, kWh", number: true, cell: ({ energyBoughtMwh }) => kwhText(energyBoughtMwh) },
    { head: "sold, kWh", number: true, cell: ({ energySoldMwh }) => kwhText(energySoldMwh) },
    { head: "paid, sat", number: true, cell: ({ paidMsat }) => satText(paidMsat) },
    { head: "received, sat", number: true, cell: ({ receivedMsat }) => satText(receivedMsat) },
    { head: "status", cell: ({ status }) => status },
  ];
  const count = decimal(BigInt(trades.length), 0);
  const text =
    shown.length < trades.length
      ? `The first ${decimal(BigInt(shown.length), 0)} of ${count} trades; trades.csv has them all.`
      : `${count} trades, all of them.`;
  return `<p class="note">${text}</p>\n${table(columns, shown, ' id="trades"')}`;
}

/** Whether A and energy are conserved, and the sums that say so. */
export function conservationList(conservation: Conservation): string {
  const { startMsat, endMsat, moneyDiffers, moneyHolds, flowsDiffer, flowsHold, energyHolds, problems } = conservation;
  const { generatedMwh, consumedMwh, lostMwh, physicalLostMwh, resolutionMwh } = conservation;
  const gap = generatedMwh - consumedMwh - lostMwh;
  const items: [boolean, string][] = [
    [
      moneyHolds,
      `Money: channels and outputs on the chain held ${satText(startMsat)} sat before the first interval and ` +
        `${satText(endMsat)} sat after the last` +
        (startMsat === endMsat ? ", the same to the msat" : `, ${satText(endMsat - startMsat)} sat more`) +
        (moneyDiffers.length === 0
          ? "; every node's balance is what its trades brought and cost it."
          : `; balances are not what trades brought and cost at ${moneyDiffers.join(", ")}.`),
    ],
    [
      energyHolds,
      `Energy: ${kwhText(generatedMwh)} kWh generated, ${kwhText(consumedMwh)} kWh consumed and ` +
        `${kwhText(lostMwh)} kWh lost, as metered at the ends of the lines` +
        (gap === 0n ? ", the same to the mWh" : `, ${kwhText(gap)} kWh of them nowhere`) +
        `; in truth the lines lost ${kwhText(physicalLostMwh)} kWh, and the meters resolve ${kwhText(resolutionMwh)} kWh.`,
    ],
    [
      flowsHold,
      flowsDiffer.length === 0
        ? "Flows: what riders say on the lines is what the nodes sold, bought and kept for losses, at every node."
        : `Flows: riders on the lines and the nodes' own sums differ at ${flowsDiffer.join(", ")}.`,
    ],
    ...problems.map((problem): [boolean, string] => [false, problem]),
  ];
  const list = items.map(
    ([holds, text]) =>
      `<li class="${holds ? "holds" : "fails"}"><strong>${holds ? "holds" : "DOES NOT HOLD"}</strong> ${escapeHtml(text)}</li>`,
  );
  return `<ul class="conservation">${list.join("\n")}</ul>`;
}
