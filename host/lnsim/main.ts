import { execFileSync } from "node:child_process";
import { Command } from "commander";
import { engineByName } from "../engine/index.js";
import { readNode } from "../node/module.js";
import { projectRoot } from "../root.js";
import { simulate, type Summary } from "./simulation.js";

const number = (text: string): number => {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`${text} is no number of seeds`);
  return value;
};

/** Which state of the sources this is, for whoever wants to see a failure again. */
function commit(): string {
  try {
    const git = (...args: string[]): string =>
      execFileSync("git", args, { cwd: projectRoot(), encoding: "utf8" }).trim();
    return (
      git("rev-parse", "HEAD") + (git("status", "--porcelain", "--", "assembly", "host") === "" ? "" : " and changes")
    );
  } catch {
    return "unknown";
  }
}

const program = new Command("sim")
  .description("Simulates networks of Lightning nodes: random payments, power cuts, broken lines")
  .option("--seeds <count>", "how many simulations", number, 20)
  .option("--first <seed>", "the first seed", number, 0)
  .option("--steps <count>", "things that happen in each", number, 150)
  .option("--engine <name>", "v8 or wasm3", "v8")
  .parse();
const options = program.opts<{ seeds: number; first: number; steps: number; engine: string }>();
const engine = engineByName(options.engine === "wasm3" ? "wasm3" : "v8");
const file = readNode();
const total: Summary = { nodes: 0, channels: 0, payments: 0, sent: 0, refused: 0, starts: 0, powerCuts: 0 };
let failed = 0;
for (let seed = options.first; seed < options.first + options.seeds; seed++) {
  try {
    const summary = simulate(String(seed), engine, file, options.steps);
    for (const key of Object.keys(total) as (keyof Summary)[]) total[key] += summary[key];
  } catch (error) {
    failed++;
    console.log(`seed ${seed} failed on ${engine.name}, commit ${commit()}: ${String(error)}`);
  }
}
const { nodes, channels, payments, sent, refused, starts, powerCuts } = total;
console.log(`${options.seeds - failed} of ${options.seeds} simulations passed: ${nodes} nodes, ${channels} channels,`);
console.log(`${payments} payments (${sent} arrived, ${refused} refused), ${starts} starts, ${powerCuts} power cuts`);
process.exitCode = failed === 0 ? 0 : 1;
