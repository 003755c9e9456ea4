import { readFileSync } from "node:fs";
import { join } from "node:path";
import { projectRoot } from "../../host/root.js";

/** A file of test/vectors: official vectors as they were published, each with its origin. */
export function readVectors<T>(name: string): T {
  return JSON.parse(readFileSync(join(projectRoot(), `test/vectors/${name}.json`), "utf8")) as T;
}

export const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, "hex"));
export const toHex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

declare module "vitest" {
  interface TaskMeta {
    /** Engine of a test that ran on one of several. */
    engine?: string;
    /** Vectors that the test applied, by file of test/vectors. The test report adds them up. */
    vectors?: Record<string, number>;
  }
}
