import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Ajv2020, type ErrorObject, type ValidateFunction } from "ajv/dist/2020.js";
import { projectRoot } from "../root.js";
import type { Path, ScenarioDocument } from "./document.js";

/** Reads a file of this folder; tsc copies no JSON, so it is always the one beside the sources. */
export function scenarioData(name: string): unknown {
  return JSON.parse(readFileSync(join(projectRoot(), "host/scenario", name), "utf8"));
}

interface SchemaNode {
  readonly description?: string;
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly oneOf?: readonly { readonly required?: readonly string[] }[];
  readonly const?: string;
}

let compiled: ValidateFunction | undefined;

/** Compiled when it is first needed: most commands never do. */
function validator(): ValidateFunction {
  compiled ??= new Ajv2020({
    allErrors: true,
    verbose: true,
    discriminator: true,
    // The schema repeats no "type: object" in its alternatives.
    strictTypes: false,
    strictRequired: false,
  }).compile(scenarioData("scenario.schema.json") as object);
  return compiled;
}

/** Reports every place where the document departs from scenario.schema.json. */
export function checkSchema(document: ScenarioDocument): void {
  checkAgainst(document, validator());
}

/** Reports every place where a document departs from a schema, in the words of the schema's descriptions. */
export function checkAgainst(document: ScenarioDocument, validate: ValidateFunction): void {
  if (validate(document.value)) return;
  const told = new Set<string>();
  for (const error of validate.errors ?? []) {
    const found = explain(error);
    if (found === undefined) continue;
    const key = JSON.stringify([found.path, found.message]);
    // A scalar may break two rules with the same description (type and range).
    if (!told.has(key)) document.report(found.path, found.message, found.atKey ?? false);
    told.add(key);
  }
}

interface Explanation {
  readonly path: Path;
  readonly message: string;
  readonly atKey?: boolean;
}

function explain(error: ErrorObject): Explanation | undefined {
  const path = pathOf(error.instancePath);
  const schema = error.parentSchema as SchemaNode;
  const params = error.params as Readonly<Record<string, string>>;
  switch (error.keyword) {
    case "additionalProperties": {
      const known = Object.keys(schema.properties ?? {}).join(", ");
      return {
        path: [...path, params["additionalProperty"] ?? ""],
        message: `unknown key; known here: ${known}`,
        atKey: true,
      };
    }
    case "required":
      // The alternatives of oneOf each complain of their own: the oneOf itself says it better.
      if (/\/oneOf\/\d+\/required$/.test(error.schemaPath) && schema.properties === undefined) return undefined;
      return { path: [...path, params["missingProperty"] ?? ""], message: "is missing" };
    case "dependentRequired":
      return {
        path: [...path, params["missingProperty"] ?? ""],
        message: `is missing, which ${params["property"]} needs`,
      };
    case "oneOf": {
      // What is no mapping at all is reported as such.
      if (typeof error.data !== "object") return undefined;
      const names = (schema.oneOf ?? []).flatMap(({ required }) => required ?? []);
      return { path, message: `needs exactly one of ${names.join(", ")}` };
    }
    case "discriminator": {
      // A missing kind is reported as such already.
      const kind = (error.data as { kind?: unknown }).kind;
      if (kind === undefined) return undefined;
      const kinds = (schema.oneOf as readonly SchemaNode[]).map((branch) => branch.properties?.["kind"]?.const);
      return { path: [...path, "kind"], message: `${shown(kind)} is not a kind of event: ${kinds.join(", ")}` };
    }
    default:
      return { path, message: `${shown(error.data)} is not ${schema.description ?? "allowed here"}` };
  }
}

/** A JSON Pointer (RFC 6901) as a path; what looks like an index is one, for no key of a scenario is a number. */
function pathOf(pointer: string): Path {
  return pointer
    .split("/")
    .slice(1)
    .map((step) => (/^\d+$/.test(step) ? Number(step) : step.replaceAll("~1", "/").replaceAll("~0", "~")));
}

/** A value as a message shows it. */
function shown(value: unknown): string {
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (typeof value === "object" && value !== null) return "a mapping";
  if (typeof value === "number") return String(value);
  const text = JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}
