import { Command, Option } from "commander";
import { ChainService } from "../daemon/chain_service.js";
import { CHAIN_VERBS } from "../daemon/chain_verbs.js";
import { defaultChainFolder } from "../daemon/chains.js";
import { SYSTEM_CLOCK } from "../daemon/clock.js";
import { inFolder } from "../daemon/folder.js";
import { LOG_LEVELS, type LogLevel } from "../daemon/log.js";
import { ask } from "./cli.js";
import { type CommandIo, PROCESS_IO } from "./verify.js";

interface Options {
  readonly dir: string;
  readonly seed?: string;
  readonly logLevel: LogLevel;
  readonly json?: boolean;
}

/** `tieline chain`: a simulated chain for nodes of this machine. */
export function chainCommand(io: CommandIo = PROCESS_IO): Command {
  return new Command("chain")
    .description("serve a simulated chain to nodes, or, with a verb, tell a chain that is served what to do")
    .argument("[verb]", "such as mine or getinfo; help lists them; without one the chain is served")
    .argument("[parameters...]", "the verb's parameters: by position, NAME=VALUE or --name VALUE")
    .option("--dir <folder>", "where the chain is kept", defaultChainFolder())
    .option("--seed <text>", "the keys of a new chain's wallet follow from this text: for tests")
    .addOption(
      new Option("--log-level <level>", "the least important that is logged").choices(LOG_LEVELS).default("info"),
    )
    .option("--json", "with a verb: print one JSON document")
    .allowUnknownOption()
    .addHelpText("after", EXIT_CODES)
    .action(async (verb: string | undefined, words: string[], options: Options, command: Command) => {
      if (verb === undefined) {
        await serve(options);
      } else if (verb.startsWith("-")) {
        command.error(`error: unknown option '${verb}'`);
      } else {
        await ask(io, "chain", CHAIN_VERBS, inFolder(options.dir).control, {
          verb,
          words,
          json: options.json ?? false,
        });
      }
    });
}

const EXIT_CODES = `
Exit codes: 0 done or stopped; 1 refused, or it could not begin; 2 wrong parameters, or no chain is served there.`;

async function serve({ dir, seed, logLevel }: Options): Promise<void> {
  const service = await ChainService.start({
    folder: dir,
    seed,
    clock: SYSTEM_CLOCK,
    logLevel,
    writeLog: (line) => process.stderr.write(line),
  });
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => void service.stop());
  await service.ended;
}
