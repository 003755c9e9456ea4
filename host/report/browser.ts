import { spawnSync } from "node:child_process";
import puppeteer, { type Browser } from "puppeteer-core";

// Reports in a real browser: an installed Chromium, without a window, by way of puppeteer-core, which downloads nothing.

/** As Debian and others call it. */
const NAMES = ["chromium", "chromium-browser", "google-chrome"];

/** Path of a Chromium that is installed here; TIELINE_CHROMIUM names another one. */
export function findChromium(): string | undefined {
  for (const name of [process.env["TIELINE_CHROMIUM"] ?? "", ...NAMES]) {
    const path = name === "" ? "" : spawnSync("which", [name], { encoding: "utf8" }).stdout.trim();
    if (path !== "") return path;
  }
  return undefined;
}

/** A browser that asks no network for anything on its own. */
export function launchBrowser(chromium: string): Promise<Browser> {
  return puppeteer.launch({
    executablePath: chromium,
    headless: true,
    // Chromium's sandbox does not run as root, which containers are; what is opened is our own file.
    args: ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--disable-background-networking"],
  });
}
