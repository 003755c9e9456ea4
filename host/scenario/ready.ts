import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { projectRoot } from "../root.js";
import { ScenarioDocument } from "./document.js";

/** The scenarios that come with the project: host/scenario/ready/NAME.yaml. */
export interface ReadyScenario {
  readonly name: string;
  readonly description: string;
  readonly file: string;
}

export function readyScenarios(): ReadyScenario[] {
  const folder = join(projectRoot(), "host/scenario/ready");
  return readdirSync(folder)
    .filter((file) => file.endsWith(".yaml"))
    .sort()
    .map((file) => {
      const path = join(folder, file);
      const { description = "" } = ScenarioDocument.read(path).value as { description?: string };
      return { name: file.slice(0, -".yaml".length), description, file: path };
    });
}

/** The file of a scenario by a ready one's name or by path. Throws, naming what there is. */
export function scenarioFile(nameOrPath: string): string {
  if (/[/\\]|\.ya?ml$/i.test(nameOrPath)) return nameOrPath;
  const ready = readyScenarios();
  const found = ready.find(({ name }) => name === nameOrPath);
  if (found) return found.file;
  if (existsSync(nameOrPath)) return nameOrPath;
  const names = ready.map(({ name }) => name).join(", ");
  throw new Error(`${nameOrPath}: neither a file nor a ready scenario; ready are ${names}`);
}
