import { execFileSync } from "node:child_process";
import { setImmediate } from "node:timers/promises";
import { Command } from "commander";
import { engineByName } from "../engine/index.js";
import { readNode } from "../node/module.js";
import { projectRoot } from "../root.js";
import { simulateLines } from "./energy.js";
import { simulate } from "./simulation.js";

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
  .option("--lines", "rows of lines that swap energy, instead of networks that pay")
  .option("--engine <name>", "v8 or wasm3", "v8")
  .parse();
const options = program.opts<{ seeds: number; first: number; steps: number; lines?: boolean; engine: string }>();
const engine = engineByName(options.engine === "wasm3" ? "wasm3" : "v8");
const file = readNode();
const total: Record<string, number> = {};
let failed = 0;
for (let seed = options.first; seed < options.first + options.seeds; seed++) {
  try {
    const summary =
      options.lines === true
        ? simulateLines(String(seed), engine, file)
        : simulate(String(seed), engine, file, options.steps);
    for (const [what, count] of Object.entries(summary)) total[what] = (total[what] ?? 0) + Number(count);
  } catch (error) {
    failed++;
    console.log(`seed ${seed} failed on ${engine.name}, commit ${commit()}: ${String(error)}`);
  }
  // wasm3 gives the memory of instances that are gone back when the event loop turns.
  await setImmediate();
}
/** powerCuts: power cuts. */
const words = (name: string): string => name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
console.log(`${options.seeds - failed} of ${options.seeds} simulations passed:`);
console.log(
  Object.entries(total)
    .map(([what, count]) => `${count} ${words(what)}`)
    .join(", "),
);
process.exitCode = failed === 0 ? 0 : 1;
