import { existsSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { MeterScope } from "./meter_scope.js";
import { VcdWriter } from "./writer.js";

/** A value change dump that becomes a file when it is whole. An existing file is never touched. */
export class DumpFile {
  private readonly parts: string[] = [];
  private readonly writer: VcdWriter;

  /** Throws Error if the file exists. */
  constructor(
    private readonly path: string,
    comment: string,
  ) {
    if (existsSync(path)) throw new Error(`--vcd ${path}: exists already, and nothing is overwritten`);
    this.writer = new VcdWriter((part) => this.parts.push(part), { comment });
  }

  /** The probe of a meter; all of them before the first flush. */
  scope(name: string): MeterScope {
    return new MeterScope(this.writer, this.writer.root, name);
  }

  /** All meters have come to `timeMs`: what happened before can be put in order. */
  flush(timeMs: number): void {
    this.writer.flush(timeMs);
  }

  /** Writes the file. */
  commit(endMs: number): void {
    this.writer.close(endMs);
    const partial = `${this.path}.${process.pid}`;
    try {
      writeFileSync(partial, this.parts.join(""));
      renameSync(partial, this.path);
    } catch (error) {
      rmSync(partial, { force: true });
      throw error;
    }
  }
}
