import { Command, InvalidArgumentError, Option } from "commander";
import { CHAIN_KINDS_HELP, readChainChoice, type ChainChoice } from "../daemon/chains.js";
import { SYSTEM_CLOCK } from "../daemon/clock.js";
import { Daemon } from "../daemon/daemon.js";
import { defaultFolder } from "../daemon/folder.js";
import { LOG_LEVELS, type LogLevel } from "../daemon/log.js";
import { NETWORKS, type NetworkName } from "../daemon/networks.js";
import { type Address, MSAT_OR_ZERO, ParameterError, readAddress } from "../daemon/parameters.js";
import { defaultEngine, engineByName } from "../engine/index.js";
import { readMetrology } from "../metrology/module.js";
import { MAX_CHANNELS } from "../node/abi.js";
import { readNode } from "../node/module.js";

interface Options {
  readonly dir: string;
  readonly listen: Address;
  readonly chain: ChainChoice;
  readonly chainCookie?: string;
  readonly network: NetworkName;
  readonly engine?: "v8" | "wasm3";
  readonly alias?: string;
  readonly logLevel: LogLevel;
  readonly meterLoad?: readonly number[];
  readonly meterInterval: number;
  readonly closeDelay: number;
  readonly energyCredit: bigint;
}

/** `tieline node`: one firmware node over TCP until it is stopped. */
export function nodeCommand(): Command {
  return new Command("node")
    .description("run a Lightning node: the firmware, over TCP, with its flash in a file")
    .option("--dir <folder>", "where it keeps its flash, secret, log and control socket", defaultFolder())
    .addOption(
      new Option("--listen <address>", "where peers reach it; port 0: any that is free")
        .argParser((text) => argument(() => readAddress(text, true)))
        .default(readAddress("127.0.0.1:9735"), "127.0.0.1:9735"),
    )
    .addOption(
      new Option("--chain <chain>", CHAIN_KINDS_HELP)
        .argParser((text) => argument(() => readChainChoice(text)))
        .default(readChainChoice("simulated"), "simulated"),
    )
    .option("--chain-cookie <file>", "where a full node writes its user and password")
    .addOption(
      new Option("--network <name>", "which chain its channels are on")
        .choices(Object.keys(NETWORKS))
        .default("regtest" satisfies NetworkName),
    )
    .addOption(new Option("--engine <name>", "what executes the firmware").choices(["v8", "wasm3"]))
    .option("--alias <text>", "a name for people, 1 to 32 bytes", alias)
    .addOption(
      new Option("--log-level <level>", "the least important that is logged").choices(LOG_LEVELS).default("info"),
    )
    .option("--meter-load <W>", METER_LOAD_HELP, meterLoad)
    .option("--meter-interval <s>", "delivery interval of its meters and lines", meterInterval, 900)
    .option("--close-delay <s>", CLOSE_DELAY_HELP, closeDelay, 15)
    .addOption(
      new Option("--energy-credit <msat>", "unsecured credit on lines that peers open")
        .argParser((text) => argument(() => MSAT_OR_ZERO.read(text)))
        .default(0n, "0"),
    )
    .addHelpText("after", EXIT_CODES)
    .action(run);
}

const METER_LOAD_HELP =
  "an emulated line meter with this constant load, positive: out of the line to the node; once for each line";
/** Behind one node there can be no more, either way. */
const MOST_LOAD_W = 1_000_000;

function meterLoad(text: string, before: readonly number[] = []): readonly number[] {
  if (!/^-?\d{1,7}$/.test(text) || Math.abs(Number(text)) > MOST_LOAD_W) {
    throw new InvalidArgumentError(`it is no whole number of W from -${MOST_LOAD_W} to ${MOST_LOAD_W}.`);
  }
  if (before.length === MAX_CHANNELS) throw new InvalidArgumentError(`there are more than ${MAX_CHANNELS} meters.`);
  return [...before, Number(text)];
}

function meterInterval(text: string): number {
  const seconds = Number(text);
  if (!/^\d{1,4}$/.test(text) || seconds < 5 || 3600 % seconds !== 0) {
    throw new InvalidArgumentError("it is no divisor of 3600 s from 5 s.");
  }
  return seconds;
}

const CLOSE_DELAY_HELP = "an interval is closed so long after its end; until then what was metered in it can be sold";

function closeDelay(text: string): number {
  const seconds = Number(text);
  if (!/^\d{1,4}$/.test(text) || seconds < 1 || seconds > 3600) {
    throw new InvalidArgumentError("it is no whole number of s from 1 to 3600.");
  }
  return seconds;
}

const EXIT_CODES = `
It ends by tieline cli stop, Ctrl-C or SIGTERM. Exit codes: 0 stopped; 1 it could not begin or go on, as the log says.`;

function argument<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof ParameterError)) throw error;
    throw new InvalidArgumentError(`it ${error.reason}.`);
  }
}

function alias(text: string): string {
  if (text === "" || Buffer.byteLength(text) > 32) throw new InvalidArgumentError("expected 1 to 32 bytes.");
  return text;
}

async function run(options: Options): Promise<void> {
  const daemon = await Daemon.start({
    folder: options.dir,
    listen: options.listen,
    chain: options.chain,
    chainCookie: options.chainCookie,
    network: options.network,
    alias: options.alias ?? "",
    logLevel: options.logLevel,
    engine: options.engine === undefined ? defaultEngine().engine : engineByName(options.engine),
    module: readNode(),
    ...(options.meterLoad === undefined
      ? {}
      : {
          meters: {
            module: readMetrology(),
            loadsW: options.meterLoad,
            intervalS: options.meterInterval,
            creditMsat: options.energyCredit,
            closeDelayS: options.closeDelay,
          },
        }),
    clock: SYSTEM_CLOCK,
    writeLog: (line) => process.stderr.write(line),
  });
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.on(signal, () => {
      daemon.stop(signal);
    });
  }
  // Timers of what was given up may still be set: they are not waited for.
  process.exit(await daemon.ended);
}
