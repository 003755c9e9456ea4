import { Command, InvalidArgumentError, Option } from "commander";
import type { KeyStore } from "../board/key_store.js";
import type { LineMeter } from "../board/meter_port.js";
import type { Engine } from "../engine/engine.js";
import { type BoardOption, parseBoard } from "../hil/board_option.js";
import { BoardPlaces } from "../hil/board_places.js";
import { METER_FLASH_SECTORS } from "../metrology/driver.js";
import { readMetrology } from "../metrology/module.js";
import { readScenario } from "../scenario/check.js";
import { displayedPath } from "../scenario/document.js";
import type { ScenarioMeter } from "../scenario/meter_control.js";
import { scenarioFile } from "../scenario/ready.js";
import type { Scenario } from "../scenario/scenario.js";
import { EmulatedMeter } from "../sim/emulated_meter.js";
import { OutputFolder } from "../sim/output_folder.js";
import type { MeterSpec } from "../street/meters.js";
import { DumpFile } from "../vcd/dump_file.js";
import { chooseEngine, EXIT_CODES, overridesOf, runToEnd, withRunOptions, type RunOptions } from "./run.js";
import { prepareStreet, type Prepared } from "./run_scenario.js";

interface Options extends RunOptions {
  readonly board: readonly BoardOption[];
}

/** `tieline hil`: hardware in the loop, or boards that are emulated down to their instructions. */
export function hilCommand(): Command {
  const command = new Command("hil")
    .description("run a street that trades with boards for some of its homes")
    .argument("<scenario>", "a ready scenario's name, or a YAML file (SCENARIOS.md), with a market");
  return withRunOptions(command)
    .addOption(
      new Option("--board <name=source>", "the board of a home, of those below; may be given more than once")
        .argParser(takeBoard)
        .makeOptionMandatory(),
    )
    .addHelpText("after", `${SOURCES}${EXIT_CODES}`)
    .action(hil);
}

const SOURCES = `
Boards:
  qemu, posix           an RV32 machine of QEMU's with this project's firmware, or its C as a process of this machine; it
                        runs by itself, in steps of the scenario's time; with :driven it is driven call by call
  serial:SERVICE        a board at a serial port, 115,200 baud, driven
  serial:SERVICE,PEER   one that takes steps, with its link to a peer at another port
  socket:SERVICE[,PEER] likewise behind unix sockets, or TCP where an address is HOST:PORT
All other homes are emulated as by "tieline run", and a board of an emulated kind has the keys that its home would have
there: all files are the same, byte for byte.
`;

function takeBoard(text: string, before: readonly BoardOption[] | undefined): BoardOption[] {
  try {
    return [...(before ?? []), parseBoard(text)];
  } catch (error) {
    throw new InvalidArgumentError((error as Error).message);
  }
}

async function hil(name: string, options: Options): Promise<void> {
  const scenario = readScenario(displayedPath(scenarioFile(name)), overridesOf(options));
  const output = new OutputFolder(options.out, scenario.name);
  const engine = chooseEngine(options.engine);
  const started = performance.now();
  const dump = options.vcd === undefined ? undefined : new DumpFile(options.vcd, scenario.name);
  const boards = new BoardPlaces(scenario, options.board, engine);
  try {
    const prepared = prepareBoards(scenario, engine, boards, dump);
    if (!(await runToEnd(prepared.simulation, dump))) return;
    const done = prepared.finish();
    for (const [file, text] of done.files) output.write(file, text);
    if (options.evidence) for (const [file, text] of done.evidence()) output.write(file, text);
    dump?.commit(prepared.simulation.endMs);
    const facts = {
      engine: `${engine.name} and boards (${options.board.map(({ text }) => text).join(", ")})`,
      folder: displayedPath(output.commit()),
      seconds: (performance.now() - started) / 1000,
    };
    console.log(options.json ? JSON.stringify(done.json(facts), null, 2) : done.text(facts));
    if (!done.ok) process.exitCode = 1;
  } finally {
    boards.close();
  }
}

/** Switches the street on, boards where there are some and emulated homes elsewhere. */
export function prepareBoards(
  scenario: Scenario,
  engine: Engine,
  boards: BoardPlaces,
  dump?: DumpFile,
): Omit<Prepared, "meters"> {
  if (scenario.market === undefined) throw new TypeError(`${scenario.name} has no market`);
  const file = readMetrology();
  const open = (spec: MeterSpec, keys: KeyStore): ScenarioMeter & LineMeter => {
    const probe = dump?.scope(spec.name);
    const board = boards.meter(spec, keys, probe);
    if (board !== undefined) return board;
    const { frontEnd, config } = spec;
    const flash = { sectors: METER_FLASH_SECTORS };
    return new EmulatedMeter(engine, file, keys, config, { frontEnd, flash, ...(probe && { probe }) });
  };
  return prepareStreet(scenario, scenario.market, engine, open, (place) => boards.unitOf(place));
}
