import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll } from "vitest";
import { projectRoot } from "../../host/root.js";

export const MAIN = join(projectRoot(), "build/host/cli/main.js");

export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The compiled CLI in a temporary folder that lives as long as the test file. */
export class Cli {
  folder = "";

  constructor() {
    beforeAll(() => {
      this.folder = mkdtempSync(join(tmpdir(), "tieline-cli-"));
    });
    afterAll(() => {
      rmSync(this.folder, { recursive: true, force: true });
    });
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  run(...args: string[]): Promise<Outcome> {
    return new Promise((resolve) => {
      const child = execFile(process.execPath, [MAIN, ...args], { cwd: this.folder }, (_, stdout, stderr) => {
        resolve({ code: child.exitCode, stdout, stderr });
      });
    });
  }
}
