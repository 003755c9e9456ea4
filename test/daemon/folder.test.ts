import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { NorFlash } from "../../host/board/nor_flash.js";
import { DurableFlash } from "../../host/daemon/durable_flash.js";
import { prepareFolder, rootSecret, writeWhole } from "../../host/daemon/folder.js";
import { Lines } from "../../host/daemon/lines.js";
import { FolderLock } from "../../host/daemon/lock.js";
import { Log } from "../../host/daemon/log.js";
import { TestClock } from "./test_clock.js";

let folder: string;
const path = (name: string): string => join(folder, name);

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "tieline-folder-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

describe("lock", () => {
  it("is one process's, until it is released, and leaves nothing else", () => {
    const lock = FolderLock.take(folder);
    expect(readdirSync(folder)).toEqual(["pid"]);
    expect(readFileSync(path("pid"), "utf8")).toMatch(new RegExp(`^${process.pid}( \\d+)?\\n$`));
    expect(() => FolderLock.take(folder)).toThrow(`process ${process.pid} has it`);
    lock.release();
    FolderLock.take(folder).release();
    expect(readdirSync(folder)).toEqual([]);
  });

  it("passes from a process that was killed", async () => {
    const child = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"]);
    const { pid = 0 } = child;
    writeFileSync(path("pid"), `${pid}\n`);
    expect(() => FolderLock.take(folder)).toThrow(`process ${pid} has it`);
    child.kill("SIGKILL");
    await once(child, "exit");
    FolderLock.take(folder).release();
    expect(readdirSync(folder)).toEqual([]);
  });

  it.runIf(process.platform === "linux")("knows another process with the same number by its start", () => {
    writeFileSync(path("pid"), `${process.pid} 1\n`);
    FolderLock.take(folder).release();
  });

  it("does not take over a file that is none of ours", () => {
    writeFileSync(path("pid"), "hello\n");
    expect(() => FolderLock.take(folder)).toThrow("no pid file of ours");
    expect(readFileSync(path("pid"), "utf8")).toBe("hello\n");
  });
});

describe("root secret", () => {
  it("is made once, for its owner only, and another one in each folder", () => {
    prepareFolder(path("a/b"));
    prepareFolder(path("c"));
    const made = rootSecret(path("a/b"), false);
    expect(made).toHaveLength(32);
    expect(rootSecret(path("a/b"), true)).toEqual(made);
    expect(rootSecret(path("c"), false)).not.toEqual(made);
    expect(statSync(path("a/b/root_secret")).mode & 0o777).toBe(0o600);
    expect(statSync(path("a/b")).mode & 0o777).toBe(0o700);
    chmodSync(path("a/b/root_secret"), 0o644);
    rootSecret(path("a/b"), true);
    expect(statSync(path("a/b/root_secret")).mode & 0o777).toBe(0o600);
  });

  it("is never made anew under a flash, nor read from something else", () => {
    expect(() => rootSecret(folder, true)).toThrow("the flash beside it belongs to it");
    expect(readdirSync(folder)).toEqual([]);
    writeFileSync(path("root_secret"), "abc\n");
    expect(() => rootSecret(folder, false)).toThrow("does not hold 32 bytes");
  });

  it("names a folder that cannot be made", () => {
    writeFileSync(path("file"), "");
    expect(() => {
      prepareFolder(path("file/x"));
    }).toThrow(`--dir ${path("file/x")}`);
  });
});

describe("flash in a file", () => {
  it("stands in the file after each operation, as NOR flash", () => {
    const flash = DurableFlash.open(path("flash"), 4096, 4);
    const model = new NorFlash(4096, 4);
    for (const part of [flash, model]) {
      expect(part.program(4090, Uint8Array.of(0xf0, 0x0f, 1))).toBe(true);
      expect(part.program(4090, Uint8Array.of(0x3c))).toBe(true);
      expect(part.program(8192, new Uint8Array(4096).fill(7))).toBe(true);
      expect(part.program(4095, Uint8Array.of(1, 2))).toBe(false);
      expect(part.erase(2)).toBe(true);
      expect(part.program(12288, Uint8Array.of(9))).toBe(true);
    }
    // Without sync or close: a killed process has no chance to.
    expect(new Uint8Array(readFileSync(path("flash")))).toEqual(model.image());
    flash.close();
    const again = DurableFlash.open(path("flash"), 4096, 4);
    expect(again.image()).toEqual(model.image());
    again.close();
    expect(() => DurableFlash.open(path("flash"), 4096, 5)).toThrow("16384 bytes, expected 5 sectors of 4096");
  });

  it("says so when the file cannot be written", () => {
    const flash = DurableFlash.open(path("flash"), 4096, 4);
    flash.close();
    expect([flash.program(0, Uint8Array.of(1)), flash.erase(0)]).toEqual([false, false]);
  });
});

describe("log, files, lines", () => {
  it("writes from its level on, with time and level, each event on one line, and adds to what is there", () => {
    const heard: string[] = [];
    const clock = new TestClock(Date.UTC(2026, 0, 2, 3, 4, 5, 6));
    for (const text of ["a\nb", "c"]) {
      const log = Log.open(path("log"), clock, "info", (line) => heard.push(line));
      log.warn(text);
      log.debug("not this");
      log.close();
    }
    expect(readFileSync(path("log"), "utf8")).toBe(heard.join(""));
    expect(heard).toEqual(["2026-01-02T03:04:05.006Z warn  a\\u000ab\n", "2026-01-02T03:04:05.006Z warn  c\n"]);
  });

  it("replaces a file as a whole", () => {
    writeWhole(path("f"), "long text");
    writeWhole(path("f"), "x");
    expect([readFileSync(path("f"), "utf8"), readdirSync(folder)]).toEqual(["x", ["f"]]);
  });

  it("cuts lines wherever the chunks end, within a character too", () => {
    const bytes = Buffer.from("größe\r\n\n  \n{}\nrest");
    for (let at = 0; at <= bytes.length; at++) {
      const lines = new Lines();
      expect([...lines.push(bytes.subarray(0, at)), ...lines.push(bytes.subarray(at))]).toEqual(["größe", "{}"]);
    }
    expect(() => new Lines(4).push(Buffer.from("12345"))).toThrow("longer than 4");
  });
});
