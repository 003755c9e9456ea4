import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Ajv2020, type ErrorObject, type ValidateFunction } from "ajv/dist/2020.js";
import { quote } from "../ocmf/errors.js";
import { projectRoot } from "../root.js";
import { type Path, ScenarioDocument, ScenarioError } from "../scenario/document.js";
import type { EvidenceBundle } from "./bundle.js";
import { type BundleJson, bundleOf, jsonOf } from "./document.js";
import { isPoint } from "./keys.js";

// A bundle as a file: JSON that is checked by evidence.schema.json.

/** What is wrong with a file, each with its line, its column and the field. */
export class EvidenceError extends Error {
  override readonly name = "EvidenceError";
}

const within = (pattern: RegExp, least: bigint, most: bigint) => (text: string) =>
  pattern.test(text) && BigInt(text) >= least && BigInt(text) <= most;

let compiled: ValidateFunction<BundleJson> | undefined;

function validator(): ValidateFunction<BundleJson> {
  if (compiled !== undefined) return compiled;
  const ajv = new Ajv2020({ allErrors: true, verbose: true });
  ajv.addFormat("u64", within(/^(?:0|[1-9]\d{0,19})$/, 0n, 2n ** 64n - 1n));
  ajv.addFormat("s64", within(/^(?:0|-?[1-9]\d{0,18})$/, 1n - 2n ** 63n, 2n ** 63n - 1n));
  ajv.addFormat(
    "point",
    (text: string) => /^[0-9a-f]{66}$/.test(text) && isPoint(new Uint8Array(Buffer.from(text, "hex"))),
  );
  const schema = readFileSync(join(projectRoot(), "host/evidence/evidence.schema.json"), "utf8");
  compiled = ajv.compile<BundleJson>(JSON.parse(schema) as object);
  return compiled;
}

/** Reads a bundle. Throws EvidenceError with a line for each field that is wrong: `file:line:column: field: what`. */
export function parseBundle(file: string, text: string): EvidenceBundle {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new EvidenceError(`${file}: is not JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
  const validate = validator();
  if (validate(value)) return bundleOf(value);
  try {
    const document = new ScenarioDocument(file, text);
    for (const error of validate.errors ?? []) {
      const { path, message, atKey } = explain(error);
      document.report(path, message, atKey);
    }
    document.throwProblems();
  } catch (error) {
    if (error instanceof ScenarioError) throw new EvidenceError(error.message);
    throw error;
  }
  throw new EvidenceError(`${file}: is not a bundle of evidence`);
}

function explain(error: ErrorObject): { path: Path; message: string; atKey: boolean } {
  const path: Path = error.instancePath
    .split("/")
    .slice(1)
    .map((step) => (/^\d+$/.test(step) ? Number(step) : step));
  const schema = error.parentSchema as { description?: string; properties?: object };
  const params = error.params as Readonly<Record<string, string>>;
  if (error.keyword === "additionalProperties") {
    const known = Object.keys(schema.properties ?? {}).join(", ");
    const name = params["additionalProperty"] ?? "";
    return { path: [...path, name], message: `unknown field; known here: ${known}`, atKey: true };
  }
  if (error.keyword === "required") {
    return { path: [...path, params["missingProperty"] ?? ""], message: "is missing", atKey: false };
  }
  return { path, message: `${shown(error.data)} is not ${schema.description ?? "allowed here"}`, atKey: false };
}

function shown(value: unknown): string {
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (typeof value === "string") return quote(value);
  return typeof value === "object" && value !== null ? "an object" : String(value);
}

/** The bundle as a file has it. */
export const bundleText = (bundle: EvidenceBundle): string => `${JSON.stringify(jsonOf(bundle), null, 2)}\n`;
