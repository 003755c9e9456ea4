import { setImmediate } from "node:timers/promises";
import { SingleBar } from "cli-progress";
import { Command, InvalidArgumentError, Option } from "commander";
import type { Engine } from "../engine/engine.js";
import { defaultEngine, engineByName } from "../engine/index.js";
import { readScenario } from "../scenario/check.js";
import { displayedPath } from "../scenario/document.js";
import { readyScenarios, scenarioFile } from "../scenario/ready.js";
import { parseDuration } from "../scenario/units.js";
import { OutputFolder } from "../sim/output_folder.js";
import { DumpFile } from "../vcd/dump_file.js";
import { prepare, type Running } from "./run_scenario.js";

/** What `tieline run` and `tieline hil` both take. */
export interface RunOptions {
  readonly engine?: "v8" | "wasm3";
  readonly seed?: string;
  readonly days?: number;
  readonly duration?: number;
  readonly out?: string;
  readonly vcd?: string;
  readonly evidence?: boolean;
  readonly json?: boolean;
}

interface Options extends RunOptions {
  readonly flash?: boolean;
  readonly list?: boolean;
}

const SIGINT_EXIT = 130;
const DAY_MS = 86_400_000;
/** Wall time between two looks at the event loop, where Ctrl-C arrives, ms. */
const SLICE_MS = 25;

/** `tieline run`: with the scenario `street` it is what `npm start` runs. */
export function runCommand(): Command {
  const command = new Command("run")
    .description("run a scenario in virtual time and write its meters' verified receipts")
    .argument("[scenario]", "a ready scenario's name, or a YAML file (SCENARIOS.md)");
  return withRunOptions(command)
    .option("--flash", "write the meters' flash images too, for tieline inspect")
    .option("--list", "list the ready scenarios")
    .addHelpText("after", EXIT_CODES)
    .action(run);
}

/** Adds the options of RunOptions. */
export function withRunOptions(command: Command): Command {
  return command
    .addOption(new Option("--engine <name>", "what executes the firmware").choices(["v8", "wasm3"]))
    .option("--seed <text>", "decides keys, load and clouds (default: the scenario's)", parseSeed)
    .addOption(new Option("--days <n>", "days of virtual time, 1 to 366").argParser(parseDays).conflicts("duration"))
    .option("--duration <time>", "virtual time, such as 90min or 06:30:00 (default: the scenario's)", parseTime)
    .option("--out <folder>", "where to write (default: the next free out/NAME-N); never overwritten")
    .option("--vcd <file>", "write pulse inputs, power and tamper inputs as a value change dump, for GTKWave")
    .option("--evidence", "write what both ends of every line could show a judge too, for tieline evidence")
    .option("--json", "print the summary as one JSON document");
}

/** Of both commands. */
export const EXIT_CODES = `
Exit codes: 0 all holds; 1 something is wrong, with the scenario or with its receipts; 130 ended by Ctrl-C.`;

function parseSeed(text: string): string {
  if (text === "" || text.length > 200) throw new InvalidArgumentError("expected 1 to 200 characters.");
  return text;
}

function parseDays(text: string): number {
  const days = Number(text);
  if (!/^\d{1,3}$/.test(text) || days < 1 || days > 366) throw new InvalidArgumentError("expected 1 to 366.");
  return days;
}

function parseTime(text: string): number {
  const ms = parseDuration(text);
  if (ms === undefined || ms < 1000 || ms > 366 * DAY_MS) {
    throw new InvalidArgumentError("expected 1s to 366d, with its unit or as HH:MM:SS.");
  }
  return ms;
}

async function run(scenarioName: string | undefined, options: Options, command: Command): Promise<void> {
  if (options.list) {
    printList(options.json ?? false);
    return;
  }
  if (scenarioName === undefined) command.error("error: name a scenario; --list lists those that are ready");
  const scenario = readScenario(displayedPath(scenarioFile(scenarioName)), overridesOf(options));
  const output = new OutputFolder(options.out, scenario.name);
  const engine = chooseEngine(options.engine);
  const started = performance.now();
  const dump = options.vcd === undefined ? undefined : new DumpFile(options.vcd, scenario.name);
  const prepared = prepare(scenario, engine, dump);
  if (!(await runToEnd(prepared.simulation, dump))) return;
  const done = prepared.finish();
  for (const [name, text] of done.files) output.write(name, text);
  if (options.evidence) for (const [name, text] of done.evidence()) output.write(name, text);
  if (options.flash) for (const [name, meter] of prepared.meters) output.write(`${name}.flash`, meter.flash.image());
  dump?.commit(prepared.simulation.endMs);
  const folder = displayedPath(output.commit());
  const facts = { engine: engine.name, folder, seconds: (performance.now() - started) / 1000 };
  console.log(options.json ? JSON.stringify(done.json(facts), null, 2) : done.text(facts));
  if (!done.ok) process.exitCode = 1;
}

/** What the options put in the place of the scenario's own. */
export function overridesOf({ seed, days, duration }: RunOptions): { seed?: string; durationMs?: number } {
  const durationMs = duration ?? (days === undefined ? undefined : days * DAY_MS);
  return { ...(seed === undefined ? {} : { seed }), ...(durationMs === undefined ? {} : { durationMs }) };
}

function printList(json: boolean): void {
  const ready = readyScenarios().map(({ name, description }) => ({ name, description }));
  if (json) {
    console.log(JSON.stringify(ready, null, 2));
    return;
  }
  const width = Math.max(...ready.map(({ name }) => name.length));
  for (const { name, description } of ready) console.log(`${name.padEnd(width)}  ${description}`);
}

/** What is said of the engine goes to stderr: stdout may be JSON. */
export function chooseEngine(name: RunOptions["engine"]): Engine {
  if (name !== undefined) return engineByName(name);
  const { engine, reason } = defaultEngine();
  if (reason !== undefined) console.error(`${reason}; running on ${engine.name}.`);
  return engine;
}

/** False if Ctrl-C ended it first. */
export async function runToEnd(simulation: Running, dump: DumpFile | undefined): Promise<boolean> {
  let interrupted = false;
  const onInterrupt = (): void => {
    interrupted = true;
  };
  process.on("SIGINT", onInterrupt);
  const bar = new SingleBar({
    format: "{bar} {percentage}% | {time} UTC | {receipts} receipts",
    barCompleteChar: "█",
    barIncompleteChar: "░",
    hideCursor: true,
    clearOnComplete: true,
  });
  const payload = (): object => ({
    time: new Date(simulation.clock.utcMs).toISOString().slice(0, 16).replace("T", " "),
    receipts: simulation.receipts,
  });
  bar.start(simulation.endMs, 0, payload());
  try {
    while (!simulation.finished && !interrupted) {
      const until = performance.now() + SLICE_MS;
      do simulation.step();
      while (!simulation.finished && performance.now() < until);
      dump?.flush(simulation.clock.monoMs);
      bar.update(simulation.clock.monoMs, payload());
      await setImmediate();
    }
  } finally {
    bar.stop();
    process.off("SIGINT", onInterrupt);
  }
  if (interrupted) {
    console.error(`Stopped at ${new Date(simulation.clock.utcMs).toISOString()}; nothing was written.`);
    process.exitCode = SIGINT_EXIT;
  }
  return !interrupted;
}
