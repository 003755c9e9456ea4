import { randomBytes } from "node:crypto";
import { chmodSync, closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, writeSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

const ROOT_FILE = "root_secret";
const ROOT_BYTES = 32;

/** Where a node lives unless it is told. */
export const defaultFolder = (): string => join(homedir(), ".tieline");

/** Files of a node's folder. */
export const inFolder = (folder: string) =>
  ({
    control: join(folder, "control.sock"),
    flash: join(folder, "flash"),
    log: join(folder, "log"),
    book: join(folder, "book"),
    root: join(folder, ROOT_FILE),
    /** Files of a line meter begin like this. */
    meter: (number: number): string => join(folder, `meter${number}`),
  }) as const;

/** Makes the folder, for its owner only, if it is not there. Throws an Error naming it if it cannot be used. */
export function prepareFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw new Error(`--dir ${folder}: ${(error as Error).message}`, { cause: error });
  }
}

/**
 * The secret from which all of a node's keys derive, 32 bytes: from the folder, or made of the system's randomness at the
 * first start.
 *
 * @param hasFlash whether the node has a flash already, which is worth nothing under another secret
 */
export const rootSecret = (folder: string, hasFlash: boolean): Uint8Array =>
  secretFile(join(folder, ROOT_FILE), hasFlash);

/** As rootSecret, of any file. */
export function secretFile(path: string, hasFlash: boolean): Uint8Array {
  let text: string;
  try {
    text = readFileSync(path, "latin1");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    if (hasFlash) throw new Error(`${path}: is missing, and the flash beside it belongs to it`, { cause: error });
    const secret = randomBytes(ROOT_BYTES);
    writeWhole(path, `${secret.toString("hex")}\n`);
    return new Uint8Array(secret);
  }
  if (!/^[0-9a-f]{64}\n?$/.test(text)) throw new Error(`${path}: does not hold ${ROOT_BYTES} bytes in hexadecimal`);
  chmodSync(path, 0o600);
  return new Uint8Array(Buffer.from(text.trim(), "hex"));
}

/** Replaces a file as a whole, mode 0600: whoever opens it sees the old text or the new one, after a power cut too. */
export function writeWhole(path: string, text: string): void {
  const partial = `${path}.partial`;
  const file = openSync(partial, "w", 0o600);
  try {
    writeSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(partial, path);
}
