import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

/** The emulated loader of a chip at the end of a serial line. */
export class RomLoader {
  private constructor(
    readonly port: string,
    readonly process: ChildProcessWithoutNullStreams,
    readonly file: string,
  ) {}

  static async start(...options: string[]): Promise<RomLoader> {
    const file = join(mkdtempSync(join(tmpdir(), "tieline-flash-")), "flash.bin");
    const program = join(dirname(fileURLToPath(import.meta.url)), "rom_loader.py");
    const child = spawn("python3", [program, file, ...options]);
    child.stderr.pipe(process.stderr);
    const [port] = (await once(createInterface(child.stdout), "line")) as [string];
    return new RomLoader(port, child, file);
  }

  /** What stands in its flash in the end. */
  async stop(): Promise<Uint8Array> {
    const gone = once(this.process, "exit");
    this.process.stdin.end();
    await gone;
    return readFileSync(this.file);
  }
}
