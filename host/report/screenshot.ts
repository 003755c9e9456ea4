import { pathToFileURL } from "node:url";
import { findChromium, launchBrowser } from "./browser.js";

// `npm run screenshot [-- FILE.html [OUT.png]]`: a report as a browser shows it, its upper part, for README.

const WIDTH = 1280;
const HEIGHT = 1640;

const [file = "out/street-1/report.html", out = "report.png"] = process.argv.slice(2);
const chromium = findChromium();
if (chromium === undefined) {
  console.error("tieline: chromium is missing: npm run setup:browser installs it");
  process.exitCode = 1;
} else {
  const browser = await launchBrowser(chromium);
  try {
    const page = await browser.newPage();
    await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: "light" }]);
    await page.setViewport({ width: WIDTH, height: HEIGHT });
    await page.goto(pathToFileURL(file).href);
    await page.waitForSelector("html[data-charts]");
    await page.screenshot({ path: out as `${string}.png`, type: "png" });
    console.log(`${out}: ${file}, ${WIDTH} x ${HEIGHT}`);
  } finally {
    await browser.close();
  }
}
