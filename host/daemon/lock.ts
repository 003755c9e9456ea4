import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Name of the file that says which process has a folder. */
export const PID_FILE = "pid";

/**
 * When a process started, so that another one that was given the same number later is not taken for it; "" where the
 * system does not tell. Linux: proc(5), field 22 of stat, counted after the name, which may hold anything.
 */
function startOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? "";
  } catch {
    return "";
  }
}

function isRunning(pid: number, start: string): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EPERM") return false;
  }
  const now = startOf(pid);
  return start === "" || now === "" || start === now;
}

/** The process of a pid file's text; undefined if the text is none. */
function ownerOf(text: string): { readonly pid: number; readonly start: string } | undefined {
  const [, pid, start = ""] = /^([1-9]\d{0,9})(?: (\d+))?\n$/.exec(text) ?? [];
  return pid === undefined ? undefined : { pid: Number(pid), start };
}

/**
 * A folder that one process has at a time, by a file with its number. The file outlives a process that is killed; the
 * next one sees that nobody has that number any more and takes over.
 */
export class FolderLock {
  private constructor(private readonly path: string) {}

  /** Throws an Error naming the process that has the folder. */
  static take(folder: string): FolderLock {
    const path = join(folder, PID_FILE);
    const own = `${path}.${process.pid}`;
    const start = startOf(process.pid);
    writeFileSync(own, `${process.pid}${start === "" ? "" : ` ${start}`}\n`, { mode: 0o600 });
    try {
      // A link appears whole or not at all, and never where there is one already.
      for (let attempt = 0; attempt < 10; attempt++) {
        try {
          linkSync(own, path);
          return new FolderLock(path);
        } catch (error) {
          if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
        }
        removeStale(path, folder);
      }
      throw new Error(`${folder}: others take it at the same time`);
    } finally {
      rmSync(own, { force: true });
    }
  }

  release(): void {
    rmSync(this.path, { force: true });
  }
}

/** Moves a dead process's file away; of several that try, one succeeds. Throws if its process lives. */
function removeStale(path: string, folder: string): void {
  const read = (file: string): string => {
    try {
      return readFileSync(file, "latin1");
    } catch {
      return "";
    }
  };
  const seen = read(path);
  if (seen === "") return;
  const owner = ownerOf(seen);
  if (owner === undefined) throw new Error(`${path}: is no pid file of ours; remove it if no node runs in ${folder}`);
  if (isRunning(owner.pid, owner.start)) throw new Error(`${folder}: process ${owner.pid} has it (${PID_FILE})`);
  const aside = `${path}.stale.${process.pid}`;
  try {
    renameSync(path, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return;
    throw error;
  }
  // Someone may have taken the folder between the look and the move: the file is put back.
  if (read(aside) !== seen) linkSync(aside, path);
  rmSync(aside, { force: true });
}
