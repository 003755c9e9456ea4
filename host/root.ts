import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

let found: string | undefined;

/** The project's folder: the same from the sources under host/ and from what is compiled to build/host/. */
export function projectRoot(): string {
  if (found !== undefined) return found;
  for (let folder = dirname(fileURLToPath(import.meta.url)); ; folder = dirname(folder)) {
    const file = join(folder, "package.json");
    if (existsSync(file) && (JSON.parse(readFileSync(file, "utf8")) as { name?: string }).name === "tieline") {
      found = folder;
      return folder;
    }
    if (folder === dirname(folder)) throw new Error("the tieline project's package.json was not found");
  }
}
