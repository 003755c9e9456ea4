import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";

/**
 * A folder that appears whole or not at all: files are written beside it and moved into place by `commit`. An existing
 * folder is never touched.
 */
export class OutputFolder {
  private readonly target: string;
  private readonly contents = new Map<string, string | Uint8Array>();

  /**
   * @param folder the folder to make; undefined for the next free `out/KIND-N`
   * Throws if it exists.
   */
  constructor(folder: string | undefined, kind: string) {
    this.target = resolve(folder ?? nextFree(kind));
    if (existsSync(this.target)) throw new Error(`--out ${folder}: exists already, and nothing is overwritten`);
  }

  write(name: string, contents: string | Uint8Array): void {
    this.contents.set(name, contents);
  }

  /** Writes everything and returns the folder's path. */
  commit(): string {
    const parent = dirname(this.target);
    mkdirSync(parent, { recursive: true });
    const partial = join(parent, `.${basename(this.target)}.${process.pid}`);
    mkdirSync(partial);
    try {
      for (const [name, contents] of this.contents) writeFileSync(join(partial, name), contents);
      // Another run may have taken the name meanwhile: renaming onto a folder with files fails.
      renameSync(partial, this.target);
    } catch (error) {
      rmSync(partial, { recursive: true, force: true });
      throw error;
    }
    return this.target;
  }
}

function nextFree(kind: string): string {
  for (let n = 1; ; n++) {
    const folder = join("out", `${kind}-${n}`);
    if (!existsSync(folder)) return folder;
  }
}
