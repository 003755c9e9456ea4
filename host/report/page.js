// The script of a report's page: draws the charts that the page's data describe, and pages the table of trades.
/* global document, window, uPlot, ResizeObserver */
(() => {
  "use strict";
  const { times, charts } = JSON.parse(document.getElementById("data").textContent);
  const DASHES = [[], [7, 4], [2, 3]];
  const MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");
  const two = (number) => String(number).padStart(2, "0");
  const colour = (name) => window.getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

  function clock(second, withDate) {
    const date = new Date(second * 1000);
    const seconds = date.getUTCSeconds() ? `:${two(date.getUTCSeconds())}` : "";
    const time = `${two(date.getUTCHours())}:${two(date.getUTCMinutes())}${seconds}`;
    return withDate ? `${date.getUTCDate()} ${MONTHS[date.getUTCMonth()]} ${time}` : time;
  }

  /** Times under the axis: at midnight the date. */
  const tick = (second) => (second % 86400 === 0 ? clock(second, true).replace(" 00:00", "") : clock(second, false));

  /** With as many decimals as the marks of the axis need to be told exactly. */
  function marks(plot, splits) {
    let digits = 0;
    while (digits < 6 && splits.some((value) => Math.abs(value - Number(value.toFixed(digits))) > 1e-9)) digits++;
    const format = { minimumFractionDigits: digits, maximumFractionDigits: digits };
    // 0 has no sign.
    return splits.map((value) => (value || 0).toLocaleString("en", format));
  }

  function axisWidth(plot, values) {
    const longest = (values ?? []).reduce((most, text) => Math.max(most, text.length), 0);
    return 18 + longest * 7;
  }

  function draw({ id, unit, series }) {
    const place = document.getElementById(`chart-${id}`);
    const height = place.closest(".wide") ? 300 : 220;
    const axis = {
      stroke: colour("soft"),
      grid: { stroke: colour("grid"), width: 1 },
      ticks: { stroke: colour("grid") },
    };
    const font = "12px system-ui, 'Noto Sans', 'DejaVu Sans', sans-serif";
    const shown = (value) => (value == null ? "" : value.toLocaleString("en", { maximumFractionDigits: 3 }));
    const line = ({ label, colour: number, dash, filled }) => ({
      label,
      scale: "y",
      stroke: colour(`colour-${number}`),
      width: 2,
      dash: DASHES[dash],
      points: { show: false },
      paths: uPlot.paths.stepped({ align: 1 }),
      value: (plot, value) => shown(value),
      ...(filled ? { fill: `${colour(`colour-${number}`)}26`, fillTo: 0 } : {}),
    });
    const options = {
      width: Math.max(place.clientWidth, 200),
      height,
      cursor: { sync: { key: "time" }, points: { size: 7 }, drag: { x: true, y: false } },
      scales: {
        x: { time: true },
        // 0 is in sight, with some room above and below.
        y: {
          range: (plot, low, high) => {
            const [from, to] = [Math.min(low ?? 0, 0), Math.max(high ?? 1, 0)];
            const room = (to - from || 1) * 0.06;
            return [from < 0 ? from - room : 0, to > 0 ? to + room : room];
          },
        },
      },
      axes: [
        { ...axis, font, size: 32, space: 64, values: (plot, splits) => splits.map(tick) },
        { ...axis, font, values: marks, size: axisWidth, label: unit, labelFont: font, labelSize: 18, labelGap: 0 },
      ],
      legend: { markers: { width: 3, dash: (plot, at) => (plot.series[at].dash?.length ? "dashed" : "solid") } },
      series: [
        { label: "UTC", value: (plot, second) => (second == null ? "" : clock(second, true)) },
        ...series.map(line),
      ],
      tzDate: (second) => uPlot.tzDate(new Date(second * 1000), "Etc/UTC"),
    };
    // The last interval has a length too: its value holds to its end.
    const values = series.map(({ values }) => [...values, values.at(-1) ?? null]);
    return new uPlot(options, [times, ...values], place);
  }

  let plots = [];
  function drawAll() {
    for (const plot of plots) plot.destroy();
    plots = times.length === 0 ? [] : charts.map(draw);
    document.documentElement.dataset.charts = String(plots.length);
  }
  drawAll();
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAll);
  new ResizeObserver(() => {
    for (const plot of plots) {
      const width = Math.max(plot.root.parentElement.clientWidth, 200);
      if (width !== plot.width) plot.setSize({ width, height: plot.height });
    }
  }).observe(document.querySelector("main"));

  const PAGE = 25;
  const table = document.getElementById("trades");
  const rows = [...table.tBodies[0].rows];
  if (rows.length <= PAGE) return;
  let page = 0;
  const make = (name, properties) => Object.assign(document.createElement(name), properties);
  const filter = make("input", { type: "search", placeholder: "filter: a name, a status" });
  filter.setAttribute("aria-label", "show only trades that contain this text");
  const back = make("button", { type: "button", textContent: "\u2190 earlier" });
  const next = make("button", { type: "button", textContent: "later \u2192" });
  const where = make("span", {});
  where.setAttribute("aria-live", "polite");
  function turn(to) {
    const wanted = filter.value.trim().toLowerCase();
    const found = rows.filter((row) => row.textContent.toLowerCase().includes(wanted));
    const last = Math.max(0, Math.ceil(found.length / PAGE) - 1);
    page = Math.min(Math.max(to, 0), last);
    const shown = new Set(found.slice(page * PAGE, (page + 1) * PAGE));
    for (const row of rows) row.hidden = !shown.has(row);
    where.textContent = found.length
      ? `${page * PAGE + 1}\u2013${page * PAGE + shown.size} of ${found.length}`
      : "no such trade";
    back.disabled = page === 0;
    next.disabled = page === last;
  }
  back.addEventListener("click", () => turn(page - 1));
  next.addEventListener("click", () => turn(page + 1));
  filter.addEventListener("input", () => turn(0));
  const pager = make("div", { className: "pager" });
  pager.append(back, next, where, filter);
  table.parentElement.after(pager);
  turn(0);
})();
