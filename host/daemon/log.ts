import { closeSync, openSync, writeSync } from "node:fs";
import { printable } from "../ocmf/errors.js";
import type { Clock } from "./clock.js";

/** From the most important to the least. */
export const LOG_LEVELS = ["error", "warn", "info", "debug"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** A line an event, with its time (UTC) and level, in a file and on standard error. Secrets never get here. */
export class Log {
  private constructor(
    private readonly clock: Clock,
    private readonly level: LogLevel,
    private readonly write: (line: string) => void,
    private readonly file: number,
  ) {}

  /**
   * @param level the least important that is written
   * @param write standard error
   */
  static open(path: string, clock: Clock, level: LogLevel, write: (line: string) => void): Log {
    return new Log(clock, level, write, openSync(path, "a", 0o600));
  }

  error(text: string): void {
    this.line("error", text);
  }

  warn(text: string): void {
    this.line("warn", text);
  }

  info(text: string): void {
    this.line("info", text);
  }

  debug(text: string): void {
    this.line("debug", text);
  }

  close(): void {
    closeSync(this.file);
  }

  private line(level: LogLevel, text: string): void {
    if (LOG_LEVELS.indexOf(level) > LOG_LEVELS.indexOf(this.level)) return;
    // What a peer says may stand in a text: it stays on one line.
    const line = `${new Date(this.clock.nowMs()).toISOString()} ${level.padEnd(5)} ${printable(text)}\n`;
    this.write(line);
    try {
      writeSync(this.file, line);
    } catch (error) {
      // A full disk is no reason to stop paying; standard error still hears it.
      this.write(`log file: ${(error as Error).message}\n`);
    }
  }
}
