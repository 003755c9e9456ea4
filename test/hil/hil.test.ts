import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { prepareBoards } from "../../host/cli/hil.js";
import { type Finished, prepare, type Running } from "../../host/cli/run_scenario.js";
import { engineByName } from "../../host/engine/index.js";
import { parseBoard } from "../../host/hil/board_option.js";
import { BoardPlaces, provisioningOf } from "../../host/hil/board_places.js";
import { createImage } from "../../host/link/image.js";
import { posixMissing } from "../../host/posix/index.js";
import { POSIX_BOARD } from "../../host/posix/paths.js";
import { qemuMissing } from "../../host/qemu/index.js";
import { readScenario } from "../../host/scenario/check.js";
import { projectRoot } from "../../host/root.js";
import { scenarioFile } from "../../host/scenario/ready.js";
import type { Scenario } from "../../host/scenario/scenario.js";
import { DumpFile } from "../../host/vcd/dump_file.js";
import { Cli } from "../cli/cli.js";
import { HIL_MINUTES, LONG } from "../long/counts.js";

const FIVE = join(projectRoot(), "test/hil/five.yaml");
const FACTS = { engine: "any", folder: "folder", seconds: 0 };
/** Boards that processes emulate share the machine with whatever else it does. */
/** A day on QEMU takes eight minutes and more. */
const LIMIT_MS = LONG ? 7_200_000 : 600_000;
const engine = engineByName("v8");

const five = (durationMs: number): Scenario => readScenario(FIVE, { durationMs });

function toEnd(simulation: Running): void {
  while (!simulation.finished) simulation.step();
}

/** What came of a street, and what its nodes said of their lines at the end, while their boards were there. */
interface Run {
  readonly done: Finished;
  readonly evidence: ReadonlyMap<string, string>;
}

/** A street run with boards for some of its homes. */
function withBoards(scenario: Scenario, options: readonly string[], dump?: DumpFile): Run {
  const boards = new BoardPlaces(scenario, options.map(parseBoard), engine);
  try {
    const { simulation, finish } = prepareBoards(scenario, engine, boards, dump);
    toEnd(simulation);
    expect(boards.requests).toBeGreaterThan(200);
    const done = finish();
    return { done, evidence: done.evidence() };
  } finally {
    boards.close();
  }
}

describe.each([
  { board: "qemu", missing: qemuMissing(), minutes: HIL_MINUTES.qemu },
  { board: "posix", missing: posixMissing(), minutes: HIL_MINUTES.posix },
  { board: "posix:driven", missing: posixMissing(), minutes: HIL_MINUTES.posix },
  ...(LONG ? [{ board: "qemu:driven", missing: qemuMissing(), minutes: HIL_MINUTES.qemu }] : []),
])("a street with $board boards", ({ board, missing, minutes }) => {
  let folder: string;
  let emulated: Finished;
  let emulatedEndMs: number;
  const scenario = five(minutes * 60_000);

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "tieline-hil-"));
    const dump = new DumpFile(join(folder, "emulated.vcd"), scenario.name);
    const { simulation, finish } = prepare(scenario, engine, dump);
    toEnd(simulation);
    emulatedEndMs = simulation.endMs;
    dump.commit(emulatedEndMs);
    emulated = finish();
  }, LIMIT_MS);

  afterAll(() => rmSync(folder, { recursive: true }));

  it.skipIf(missing !== undefined)(
    "trades as the emulated one does, and signs the same receipts",
    () => {
      const path = join(folder, "boards.vcd");
      const dump = new DumpFile(path, scenario.name);
      const { done: run, evidence } = withBoards(scenario, [`home=${board}`, `solar-home=${board}`], dump);
      const json = run.json(FACTS) as Record<string, number | Record<string, unknown>>;
      expect(json["conservation"]).toMatchObject({ money_holds: true, energy_holds: true, flows_hold: true });
      expect(json["trades"]).toBeGreaterThan(12);
      expect(json).toEqual(emulated.json(FACTS));
      for (const name of ["home.ocmf.txt", "solar-home.ocmf.txt"]) {
        expect(run.files.get(name)).toMatch(/^OCMF\|/);
        expect(run.files.get(name)).toBe(emulated.files.get(name));
      }
      // Node ids, balances and signatures of both ends of each line, after all that has happened on it.
      expect([...evidence]).toEqual([...emulated.evidence()]);
      dump.commit(emulatedEndMs);
      expect(readFileSync(path, "utf8")).toBe(readFileSync(join(folder, "emulated.vcd"), "utf8"));
    },
    LIMIT_MS,
  );
});

describe.skipIf(posixMissing() !== undefined)("a board behind sockets", () => {
  const scenario = five(600_000);
  const folder = mkdtempSync(join(tmpdir(), "tieline-hil-"));
  let bridge: ChildProcess;

  beforeAll(async () => {
    const flash = join(folder, "flash");
    createImage(flash, provisioningOf(scenario.seed, "home"));
    bridge = spawn(process.execPath, [join(projectRoot(), "test/hil/bridge.mjs"), folder, POSIX_BOARD, flash]);
    await new Promise((resolve) => bridge.stdout?.once("data", resolve));
  }, LIMIT_MS);

  afterAll(() => {
    bridge.kill("SIGKILL");
    rmSync(folder, { recursive: true });
  });

  it(
    "is found as it is, trades, and is refused when it has counted",
    () => {
      const { simulation, finish } = prepare(scenario, engine, undefined);
      toEnd(simulation);
      const option = `home=socket:${folder}/service,${folder}/peer`;
      expect(withBoards(scenario, [option]).done.json(FACTS)).toEqual(finish().json(FACTS));
      expect(() => withBoards(scenario, [option])).toThrow(
        `--board ${option}: its meter has counted before; a street begins with registers at zero`,
      );
    },
    LIMIT_MS,
  );
});

describe("boards that cannot be", () => {
  const scenario = five(600_000);
  const open = (...options: string[]) => new BoardPlaces(scenario, options.map(parseBoard), engine);

  it.each([
    ["flut=qemu", "--board flut=qemu: the scenario has no meter flut; its homes are home, solar-home, flat, shop"],
    ["head=posix", "--board head=posix: head has other lines than one to the head, a board has one"],
    ["home=serial:/dev/no-such-port", "--board home=serial:/dev/no-such-port: the board does not answer: /dev/no-such"],
    ["home=socket:/no/such/socket", "--board home=socket:/no/such/socket: the board does not answer: /no/such/socket"],
  ])("%s is refused by name", (option, message) => {
    expect(() => open(option)).toThrow(message);
  });

  it("a board that says nothing is refused by name", async () => {
    const folder = mkdtempSync(join(tmpdir(), "tieline-hil-"));
    const path = join(folder, "board");
    const server = createServer();
    try {
      await new Promise<void>((resolve) => server.listen(path, resolve));
      expect(() => open(`home=socket:${path}`)).toThrow(
        `--board home=socket:${path}: the board does not answer: no answer to operation 1 within 5000 ms`,
      );
    } finally {
      server.close();
      rmSync(folder, { recursive: true });
    }
  });

  it("meters alone have no boards", () => {
    const alone = readScenario(scenarioFile("winter-evening"));
    expect(() => new BoardPlaces(alone, [parseBoard("home=posix")], engine)).toThrow(
      "scenario winter-evening has no market",
    );
  });

  it("a meter with two boards is refused", () => {
    expect(() => open("home=qemu", "home=posix")).toThrow("--board home=qemu: home has two boards");
  });

  it.each(["home", "=qemu", "home=", "home=esp", "home=serial:", "home=socket:a,b,c", "home=posix:free"])(
    "%s is no option",
    (text) => {
      expect(() => parseBoard(text)).toThrow(/expected/);
    },
  );

  describe("on the command line", () => {
    const cli = new Cli();

    it("are refused before anything is written", async () => {
      const { code, stdout, stderr } = await cli.run("hil", FIVE, "--board", "flut=posix", "--out", "run");
      expect([code, stdout]).toEqual([1, ""]);
      expect(stderr).toBe(
        "tieline: --board flut=posix: the scenario has no meter flut; its homes are home, solar-home, flat, shop\n",
      );
      expect(existsSync(cli.path("run"))).toBe(false);
    });
  });
});
