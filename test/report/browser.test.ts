import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Browser, Page } from "puppeteer-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { findChromium, launchBrowser } from "../../host/report/browser.js";
import { reportHtml } from "../../host/report/report.js";
import { streetResult } from "./street.js";

// Reports as a browser shows them: charts are drawn, tables turn their pages, nothing is asked of any network.

/** Distinct colours on a chart's canvas beside its ground, by how many pixels have them. Runs in the page. */
const COLOURS = `(canvas) => {
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  const counts = {};
  for (let at = 0; at < data.length; at += 4) {
    if (data[at + 3] < 250) continue;
    const key = [data[at], data[at + 1], data[at + 2]].join(",");
    counts[key] = (counts[key] ?? 0) + 1;
  }
  return counts;
}`;

const rgb = (hex: string): string => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16)).join(",");

interface Seen {
  readonly page: Page;
  readonly messages: string[];
  readonly requests: string[];
}

function inBrowser(chromium: string): void {
  let browser: Browser;
  let folder: string;
  let url: string;

  beforeAll(async () => {
    browser = await launchBrowser(chromium);
    folder = mkdtempSync(join(tmpdir(), "tieline-report-"));
    const file = join(folder, "report.html");
    writeFileSync(file, reportHtml(streetResult()));
    url = pathToFileURL(file).href;
  });
  afterAll(async () => {
    await browser?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  async function open(width: number, scheme: "light" | "dark" = "light", address = url): Promise<Seen> {
    const page = await browser.newPage();
    const messages: string[] = [];
    const requests: string[] = [];
    page.on("console", (message) => messages.push(message.text()));
    page.on("pageerror", (error) => messages.push(String(error)));
    page.on("request", (request) => requests.push(request.url()));
    await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
    await page.setViewport({ width, height: 900 });
    await page.goto(address);
    return { page, messages, requests };
  }

  const run = <T>({ page }: Seen, script: string): Promise<T> => page.evaluate(script) as Promise<T>;

  it.each([
    [1280, "light", ["#0072b2", "#d55e00"]],
    [1280, "dark", ["#56b4e9", "#ff9248"]],
    [390, "light", ["#0072b2", "#d55e00"]],
    [360, "dark", ["#56b4e9", "#ff9248"]],
  ] as const)(
    "%i pixels wide, %s: every chart is drawn, nothing is loaded, nothing is wider",
    async (width, scheme, colours) => {
      const seen = await open(width, scheme);
      expect(await run(seen, "document.documentElement.dataset.charts")).toBe("10");
      const canvases = await run<Record<string, number>[]>(
        seen,
        `[...document.querySelectorAll(".chart canvas")].map(${COLOURS})`,
      );
      expect(canvases).toHaveLength(10);
      // Both first lines of every chart in their colours: a stretch of at least some pixels.
      for (const counts of canvases) {
        for (const colour of colours) expect(counts[rgb(colour)] ?? 0).toBeGreaterThan(60);
      }
      const [content, view] = await run<[number, number]>(
        seen,
        "[document.documentElement.scrollWidth, document.documentElement.clientWidth]",
      );
      expect(content).toBeLessThanOrEqual(view);
      const overflowing = await run<string[]>(
        seen,
        `[...document.querySelectorAll("main *")].filter((element) => !element.closest(".scroll, .uplot")
        && element.getBoundingClientRect().right > document.documentElement.clientWidth + 0.5)
        .map((element) => element.outerHTML.slice(0, 80))`,
      );
      expect(overflowing).toEqual([]);
      expect(seen.messages).toEqual([]);
      expect(seen.requests.filter((request) => !request.startsWith("data:"))).toEqual([url]);
      await seen.page.close();
    },
  );

  it("legends name what is drawn, axes their unit", async () => {
    const seen = await open(1280);
    const labels = await run<string[][]>(
      seen,
      `[...document.querySelectorAll(".chart")].map((chart) =>
        [...chart.querySelectorAll(".u-legend .u-label")].map((label) => label.textContent))`,
    );
    expect(labels[0]).toEqual(["UTC", "head sells", "solar 1 sells", "head buys"]);
    expect(labels[1]).toEqual(["UTC", "agreed", "metered", "rating forth", "rating back"]);
    const captions = await run<string[]>(
      seen,
      `[...document.querySelectorAll("figcaption small")].map(({ textContent }) => textContent)`,
    );
    expect(new Set(captions)).toEqual(new Set(["sat/kWh", "kW", "sat", "kWh"]));
    await seen.page.close();
  });

  it("axes are marked with what stands there: times of the day, and numbers that are evenly spaced", async () => {
    const page = await browser.newPage();
    // Every text that is drawn, by its canvas.
    await page.evaluateOnNewDocument(`
      window.drawn = new Map();
      const fillText = CanvasRenderingContext2D.prototype.fillText;
      CanvasRenderingContext2D.prototype.fillText = function (text, ...place) {
        window.drawn.set(this.canvas, [...(window.drawn.get(this.canvas) ?? []), text]);
        return fillText.call(this, text, ...place);
      };
    `);
    // Whoever looks on from elsewhere sees UTC as well.
    await page.emulateTimezone("Asia/Kolkata");
    await page.setViewport({ width: 1280, height: 900 });
    await page.goto(url);
    const seen = { page, messages: [], requests: [] };
    const texts = await run<string[][]>(
      seen,
      `[...document.querySelectorAll(".chart canvas")].map((canvas) => window.drawn.get(canvas))`,
    );
    expect(texts).toHaveLength(10);
    const units = ["sat/kWh", "kW", "kW", "kW", "kW", "sat", "kWh", "kWh", "kWh", "kWh"];
    for (const [index, drawn] of texts.entries()) {
      expect(drawn).toContain(units[index]);
      expect(drawn.filter((text) => /^\d\d:00$|^2[12] Jun$/.test(text)).length).toBeGreaterThan(3);
      const numbers = drawn
        .filter((text) => /^-?[\d,]+(?:\.\d+)?$/.test(text))
        .map((text) => Number(text.replaceAll(",", "")));
      expect(numbers.length).toBeGreaterThan(2);
      const step = (numbers[1] ?? 0) - (numbers[0] ?? 0);
      expect(step).toBeGreaterThan(0);
      numbers.forEach((number, at) => expect(number).toBeCloseTo((numbers[0] ?? 0) + at * step, 9));
      expect(drawn).not.toContain("-0");
      // No more decimals than one of them needs.
      const decimals = drawn.filter((text) => /^-?\d+\.\d+$/.test(text));
      if (decimals.length > 0) expect(decimals.some((text) => !text.endsWith("0"))).toBe(true);
    }
    await page.close();
  });

  it("a value holds from its interval's start to its end, the last one's too", async () => {
    const { intervals, ...street } = streetResult({ intervals: 2 });
    const prices = [100_000n, 200_000n].map((msatPerKwh) => [{ node: "head", side: "sell" as const, msatPerKwh }]);
    const stepped = intervals.map((interval, at) => ({ ...interval, prices: prices[at] ?? [] }));
    const file = join(folder, "steps.html");
    writeFileSync(file, reportHtml({ ...street, intervals: stepped }));
    const seen = await open(1280, "light", pathToFileURL(file).href);
    // Height of the line over the axis, as a share of the plot's, at shares of the plot's width.
    const heights = await run<number[]>(
      seen,
      `(() => {
        const canvas = document.querySelector("#chart-prices canvas");
        const over = document.querySelector("#chart-prices .u-over").getBoundingClientRect();
        const frame = canvas.getBoundingClientRect();
        const context = canvas.getContext("2d");
        return [0.02, 0.48, 0.52, 0.98].map((share) => {
          const x = Math.round(over.left - frame.left + share * over.width);
          const { data } = context.getImageData(x, 0, 1, canvas.height);
          const rows = Array.from({ length: canvas.height }, (_, y) => y)
            .filter((y) => data[4 * y] === 0 && data[4 * y + 1] === 114 && data[4 * y + 2] === 178);
          const y = rows.reduce((sum, row) => sum + row, 0) / rows.length;
          return 1 - (y - (over.top - frame.top)) / over.height;
        });
      })()`,
    );
    const expected = [100, 100, 200, 200].map((price) => price / 212);
    heights.forEach((height, at) => expect(height).toBeCloseTo(expected[at] ?? 0, 1));
    expect(Math.abs((heights[2] ?? 0) / (heights[1] ?? 1) - 2)).toBeLessThan(0.05);
    await seen.page.close();
  });

  it("the cursor reads values of its own chart and moves in all", async () => {
    const seen = await open(1280);
    const plot = await seen.page.$("#chart-line-1 .u-over");
    await plot?.scrollIntoView();
    const box = await plot?.boundingBox();
    if (!box) throw new Error("no chart");
    await seen.page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
    const values = (chart: string) =>
      run<string[]>(
        seen,
        `[...document.querySelectorAll("#chart-${chart} .u-value")].map(({ textContent }) => textContent)`,
      );
    const [time, agreed] = await values("line-1");
    expect(time).toMatch(/^21 Jun 1[12]:\d\d$/);
    expect(Number(agreed)).toBeGreaterThan(0);
    expect((await values("prices"))[0]).toBe(time);
    await seen.page.close();
  });

  it("charts follow the window and the colour scheme", async () => {
    const seen = await open(1280);
    const widths = () =>
      run<number[]>(seen, `[...document.querySelectorAll(".uplot canvas")].map(({ width }) => width)`);
    const before = await widths();
    await seen.page.setViewport({ width: 700, height: 900 });
    await expect.poll(async () => Math.max(...(await widths()))).toBeLessThan(700);
    expect(Math.max(...before)).toBeGreaterThan(1000);
    await seen.page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: "dark" }]);
    await expect
      .poll(
        async () =>
          (await run<Record<string, number>[]>(seen, `[...document.querySelectorAll("canvas")].map(${COLOURS})`))[0]?.[
            rgb("#56b4e9")
          ] ?? 0,
      )
      .toBeGreaterThan(60);
    expect(seen.messages).toEqual([]);
    await seen.page.close();
  });

  it("the table of trades turns pages and finds", async () => {
    const seen = await open(1280);
    const shown = () =>
      run<string[]>(
        seen,
        `[...document.querySelectorAll("#trades tbody tr:not([hidden])")].map(({ textContent }) => textContent)`,
      );
    const where = () => run<string>(seen, `document.querySelector(".pager span").textContent`);
    const first = await shown();
    expect(first).toHaveLength(25);
    expect(await where()).toBe("1\u201325 of 288");
    await seen.page.click(".pager button:nth-of-type(2)");
    expect(await where()).toBe("26\u201350 of 288");
    expect(await shown()).not.toEqual(first);
    await seen.page.click(".pager button:nth-of-type(1)");
    expect(await where()).toBe("1\u201325 of 288");
    expect(await shown()).toEqual(first);
    for (let page = 0; page < 20; page++) await seen.page.click(".pager button:nth-of-type(2)");
    expect(await where()).toBe("276\u2013288 of 288");
    expect(await shown()).toHaveLength(13);
    await seen.page.type(".pager input", "Temporary_channel");
    expect(await where()).toBe("1\u20136 of 6");
    expect((await shown()).every((row) => row.includes("temporary_channel_failure"))).toBe(true);
    await seen.page.type(".pager input", "!");
    expect(await where()).toBe("no such trade");
    await seen.page.close();
  });

  it("a large street and a hostile name", async () => {
    const street = streetResult({ homes: 60 });
    const name =
      "</script><script>document.title = 'taken'</script><img src='http://127.0.0.1:9/x' onerror='alert(1)'>";
    const file = join(folder, "large.html");
    writeFileSync(file, reportHtml({ ...street, name, description: `${"long".repeat(200)} ${name}` }));
    const seen = await open(390, "light", pathToFileURL(file).href);
    expect(await seen.page.title()).toBe(`${name}: Tieline report`);
    expect(await run(seen, `document.querySelectorAll("img").length`)).toBe(0);
    expect(await run(seen, "document.documentElement.dataset.charts")).toBe("26");
    expect(await run(seen, "document.documentElement.scrollWidth")).toBe(390);
    expect(seen.messages).toEqual([]);
    expect(seen.requests.filter((request) => !request.startsWith("data:"))).toHaveLength(1);
    await seen.page.close();
  });
}

describe("a report in a browser", () => {
  const chromium = findChromium();
  const missing = "chromium is missing: npm run setup:browser installs it";
  if (chromium !== undefined) {
    inBrowser(chromium);
  } else if (process.env["TIELINE_REQUIRE_ALL"] === "1") {
    it("in chromium", () => {
      throw new Error(missing);
    });
  } else {
    it.skip(`in chromium: ${missing}`, () => undefined);
  }
});
