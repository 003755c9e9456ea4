import { setImmediate } from "node:timers/promises";
import { relative } from "node:path";
import { SingleBar } from "cli-progress";
import Table from "cli-table3";
import { Command, InvalidArgumentError, Option } from "commander";
import { defaultEngine, engineByName } from "../engine/index.js";
import type { Engine } from "../engine/engine.js";
import { readMetrology } from "../metrology/module.js";
import { OutputFolder } from "../sim/output_folder.js";
import { receiptFiles, type MeterFiles } from "../sim/receipt_files.js";
import { Street, balanceHolds, type EnergyBalance } from "../sim/street.js";

interface Options {
  readonly engine?: "v8" | "wasm3";
  readonly seed: string;
  readonly days: number;
  readonly out?: string;
}

const SIGINT_EXIT = 130;
/** Minutes of virtual time between two looks at the event loop, where Ctrl-C arrives. */
const SLICE = 30;

/** `tieline street`: what `npm start` runs. */
export function streetCommand(): Command {
  return new Command("street")
    .description("run a street of emulated meters in virtual time and write their verified receipts")
    .addOption(new Option("--engine <name>", "what executes the firmware").choices(["v8", "wasm3"]))
    .option("--seed <text>", "decides keys, load and clouds", "1")
    .option("--days <n>", "days of virtual time, 1 to 366", parseDays, 1)
    .option("--out <folder>", "where to write (default: the next free out/street-N); never overwritten")
    .action(run);
}

function parseDays(text: string): number {
  const days = Number(text);
  if (!/^\d{1,3}$/.test(text) || days < 1 || days > 366) throw new InvalidArgumentError("expected 1 to 366.");
  return days;
}

async function run(options: Options): Promise<void> {
  const output = new OutputFolder(options.out, "street");
  const engine = chooseEngine(options.engine);
  const started = performance.now();
  const street = new Street({
    engine,
    file: readMetrology(),
    seed: options.seed,
    days: options.days,
  });
  if (!(await runToEnd(street))) return;
  const files = street.meters.map(({ name, meter }) => receiptFiles(name, meter));
  for (const file of files) {
    for (const [name, text] of file.files) output.write(name, text);
  }
  output.write("keys.json", keysJson(files));
  const folder = displayed(output.commit());
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  const days = `${options.days} day${options.days === 1 ? "" : "s"} from ${street.startText}`;
  console.log(`A street of ${files.length} meters, ${days}, seed ${options.seed}, on ${engine.name}: ${seconds} s.`);
  console.log(meterTable(files));
  console.log(balanceText(street.balance()));
  const receipts = files.reduce((sum, file) => sum + file.receipts, 0);
  const problems = files.flatMap((file) => file.problems);
  for (const problem of problems) console.log(problem);
  console.log(
    problems.length === 0
      ? `${receipts} receipts: every signature, page and hash chain verified with OpenSSL, outside the firmware.`
      : `${problems.length} problems in ${receipts} receipts.`,
  );
  console.log(`\nFiles in ${folder}/`);
  for (const file of files) console.log(`  ${[...file.files.keys()].join("  ")}`);
  console.log("  keys.json\n\nVerify one yourself:");
  const [first] = files;
  if (first) console.log(`  npm run -s tieline -- verify --key ${first.publicKey} ${folder}/${first.name}.ocmf.txt`);
  if (problems.length > 0 || !balanceHolds(street.balance())) process.exitCode = 1;
}

/** A path as a person would type it here. */
function displayed(path: string): string {
  const short = relative("", path);
  return short.startsWith("..") ? path : short;
}

function chooseEngine(name: Options["engine"]): Engine {
  if (name !== undefined) return engineByName(name);
  const { engine, reason } = defaultEngine();
  if (reason !== undefined) console.log(`${reason}; running on ${engine.name}.`);
  return engine;
}

/** False if Ctrl-C ended it first. */
async function runToEnd(street: Street): Promise<boolean> {
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
    time: new Date(street.clock.utcMs).toISOString().slice(0, 16).replace("T", " "),
    receipts: street.meters.reduce((sum, { meter }) => sum + meter.receipts.length, 0),
  });
  bar.start(street.endMs, 0, payload());
  while (!street.finished && !interrupted) {
    for (let i = 0; i < SLICE && !street.finished; i++) street.step();
    bar.update(street.clock.monoMs, payload());
    await setImmediate();
  }
  bar.stop();
  process.off("SIGINT", onInterrupt);
  if (interrupted) {
    console.error(`Stopped at ${new Date(street.clock.utcMs).toISOString()}; nothing was written.`);
    process.exitCode = SIGINT_EXIT;
  }
  return !interrupted;
}

function meterTable(files: readonly MeterFiles[]): string {
  const table = new Table({
    head: ["meter", "serial", "import kWh\n1-0:1.8.0", "export kWh\n1-0:2.8.0", "receipts", "verified"],
    colAligns: ["left", "left", "right", "right", "right", "right"],
    style: { head: [], border: [] },
  });
  for (const file of files) {
    table.push([
      file.name,
      file.serial,
      kwh(file.registers.importMwh),
      kwh(file.registers.exportMwh),
      file.receipts,
      file.problems.length === 0 ? "all" : "NO",
    ]);
  }
  return table.toString();
}

function balanceText({ headMwh, homesMwh, lostMwh, resolutionMwh }: EnergyBalance): string {
  const measured = headMwh - homesMwh;
  const holds = balanceHolds({ headMwh, homesMwh, lostMwh, resolutionMwh });
  return [
    `Energy balance: feeder head ${kwh(headMwh)} kWh = homes ${kwh(homesMwh)} kWh + lines ${kwh(measured)} kWh.`,
    `Physical line losses ${kwh(lostMwh)} kWh: ${holds ? "holds" : "DOES NOT HOLD"} to the meters' resolution ` +
      `(${kwh(resolutionMwh)} kWh).`,
  ].join("\n");
}

/** mWh as kWh with three decimals, rounded toward zero. */
function kwh(mwh: bigint): string {
  const wh = (mwh < 0n ? -mwh : mwh) / 1000n;
  return `${mwh < 0n && wh > 0n ? "-" : ""}${wh / 1000n}.${(wh % 1000n).toString().padStart(3, "0")}`;
}

function keysJson(files: readonly MeterFiles[]): string {
  const keys = files.map(({ name, serial, publicKey }) => ({ name, serial, publicKey }));
  return `${JSON.stringify(keys, null, 2)}\n`;
}
