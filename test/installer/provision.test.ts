import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { Entropy } from "../../host/board/entropy.js";
import { KeyStore } from "../../host/board/key_store.js";
import { readModule } from "../../host/engine/module_file.js";
import { signImage } from "../../host/image/image.js";
import { planSettings, readPlan } from "../../host/installer/board_plan.js";
import { connectBoard } from "../../host/installer/connect.js";
import { provision } from "../../host/installer/provision.js";
import { QemuMachine } from "../../host/qemu/machine.js";
import { whereItRuns } from "../driver/engines.js";
import { Bench, started, tieline } from "./bench.js";

const PEER = Buffer.from(KeyStore.generate(new Entropy("peer")).publicKey()).toString("hex");
const METER = ["--serial", "TL-4711", "--constant", "1000"];
const python = spawnSync("python3", ["--version"]).status === 0;

let bench: Bench | undefined;
afterEach(async () => {
  await bench?.close();
  bench = undefined;
});

describe("tieline provision", () => {
  whereItRuns("posix", () => {
    it.skipIf(!python)(
      "makes a meter of an empty board at a serial port, and seals it",
      async () => {
        bench = await Bench.onPort({ rootless: true });
        const first = await bench.tieline(
          "provision",
          ...METER,
          "--peer",
          PEER,
          "--peer",
          "accept",
          "--seal",
          "--json",
        );
        expect(first).toMatchObject({ status: 0, stderr: "" });
        const report = JSON.parse(first.stdout) as Record<string, string>;
        expect(report).toMatchObject({ board: "posix", sealed: true, made: { metrology: true, node: true } });
        expect(report["node_id"]).toMatch(/^0[23][0-9a-f]{64}$/);
        const settings = await bench.tieline("console", "settings");
        for (const said of [
          /sealed +yes/,
          /serial +TL-4711/,
          /1000 imp\/kWh/,
          /interval +900 s/,
          /link 1 +called: 0/,
        ]) {
          expect(settings.stdout).toMatch(said);
        }
        expect(settings.stdout).toMatch(/link 2 +calls/);
        expect((await bench.tieline("console", "keys")).stdout).toContain(report["public_key_spki"]);
        // The seal holds, and its keys are never made anew.
        const again = await bench.tieline("provision", ...METER);
        expect(again).toMatchObject({ status: 1, stdout: "" });
        expect(again.stderr).toContain("the board is sealed and its cover is closed");
        expect((await bench.tieline("console", "logs")).stdout).toMatch(/settings refused: sealed/);
        expect((await bench.tieline("console", "keys")).stdout).toContain(report["public_key_spki"]);
      },
      120_000,
    );

    it("keeps the keys of a board that it sets up a second time", async () => {
      bench = await Bench.onSocket({ rootless: true });
      const report = async (): Promise<Record<string, unknown>> => {
        const outcome = await (bench as Bench).tieline("provision", ...METER, "--json");
        expect(outcome.stderr).toBe("");
        return JSON.parse(outcome.stdout) as Record<string, unknown>;
      };
      const [first, second] = [await report(), await report()];
      expect(second).toEqual({ ...first, made: { metrology: false, node: false } });
    });

    it("does not seal a board whose registers were counted with another meter constant", async () => {
      bench = await Bench.onSocket({});
      expect((await bench.tieline("provision", ...METER)).status).toBe(0);
      // A pulse's worth of registers: `boot` has stored its meter constant with the first entry.
      const { client, close } = await connectBoard({ socket: bench.address[1] ?? "" });
      const { metrology } = planSettings(readPlan(undefined, { meter: { serial: "TL-4711", constant: 1000 } }));
      await client.call("boot", [metrology.length, 0n], metrology);
      await client.call("tamper", [0, 1, 5n]);
      await close();
      const other = await bench.tieline("provision", "--serial", "TL-4711", "--constant", "500", "--seal");
      expect(other.status).toBe(1);
      expect(other.stderr).toMatch(/boot of the meter/);
      expect((await bench.tieline("console", "settings")).stdout).toMatch(/sealed +no/);
    });

    it("takes a file, with what differs from meter to meter as options", async () => {
      bench = await Bench.onSocket({ rootless: true });
      const file = join(bench.directory, "fleet.yaml");
      writeFileSync(
        file,
        "meter:\n  vendor: Tieline\n  constant: 2000\n  interval_s: 300\n  inputs: led\nnode:\n  network: testnet\n",
      );
      expect((await bench.tieline("provision", "--file", file, "--serial", "A1", "--interval", "600")).status).toBe(0);
      const { stdout } = await bench.tieline("console", "settings");
      for (const said of [/serial +A1/, /Tieline/, /2000 imp/, /interval +600 s/, /inputs +edge, edge/]) {
        expect(stdout).toMatch(said);
      }
    });

    it("says that nothing answers", async () => {
      bench = await Bench.onSocket({}, ["sleep", "60"]);
      await expect(tieline("console", "--socket", "/no/such/socket", "state")).resolves.toMatchObject({ status: 1 });
      await expect(connectBoard({ socket: bench.address[1] ?? "" }, 50)).rejects.toThrow(
        /no board answers: no response/,
      );
    });
  });

  whereItRuns("qemu", () => {
    it("makes a meter of an empty emulated board", async () => {
      const machine = new QemuMachine({ rootless: true });
      try {
        expect(await machine.powerOn()).toMatch(/no metrology key/);
        const planned = planSettings(readPlan(undefined, { meter: { serial: "TL-1", constant: 500 } }));
        const done = await provision(machine.client, planned, true);
        expect(done).toMatchObject({ board: "qemu_virt", sealed: true, keysMade: { metrology: true, node: true } });
        const { publicKey } = await machine.client.hello();
        expect([...publicKey]).toEqual([...done.publicKey]);
        await expect(provision(machine.client, planned, true)).rejects.toThrow("sealed and its cover is closed");
        expect((await machine.client.settings()).metrology).toEqual(planned.metrology);
      } finally {
        await machine.discard();
      }
    });
  });

  it("names what is wrong in a file, and where", async () => {
    const file = join(process.env["TMPDIR"] ?? "/tmp", `tieline-plan-${process.pid}.yaml`);
    writeFileSync(
      file,
      `meter:\n  serial: "a|b"\n  constant: 0\n  interval_s: 7\n  colour: red\nnode:\n  peers: [accept, "02${"0".repeat(64)}", x, 02${"0".repeat(64)}]\n`,
    );
    const { status, stderr } = await tieline("provision", "--socket", "/none", "--file", file);
    expect(status).toBe(1);
    for (const said of [
      `${file}:2:11: meter.serial: "a|b" is not text (in quotes if it is a number) of 1 to 24 printable characters`,
      `${file}:3:13: meter.constant: 0 is not a whole number of impulses`,
      `${file}:4:15: meter.interval_s: 7 is not a divisor of 3600 s`,
      `${file}:5:3: meter.colour: unknown key`,
      `node.peers[1]: 02${"0".repeat(64)} is no point of the curve`,
      'node.peers[2]: "x" is not a node id',
      "node.peers[3]: 2e+64 is not a node id",
    ]) {
      expect(stderr).toContain(said);
    }
    const options = await tieline("provision", "--socket", "/none", "--serial", "x", "--constant", "0");
    expect(options.stderr).toMatch(/options:\d+:\d+: meter\.constant: 0 is not/);
    const missing = await tieline("provision", "--socket", "/none", "--constant", "5");
    expect(missing.stderr).toMatch(/meter\.serial: is missing/);
    const nowhere = await tieline("provision", ...METER);
    expect(nowhere.stderr).toMatch(/give either --port or --socket/);
  }, 120_000);
});

describe("tieline console and update", () => {
  whereItRuns("posix", () => {
    it("answers a dialogue line by line, and goes on after a refusal", async () => {
      bench = await Bench.onSocket({ key: new Uint8Array(32).fill(7) });
      const { stdout, stderr, status } = await started(
        ["console", ...bench.address],
        "state\nregisters\nnonsense\nimages\nhelp\nexit\nstate\n",
      );
      expect(status).toBe(0);
      expect(stdout.match(/reset_reason +power on/g)).toHaveLength(1);
      expect(stdout).toMatch(/runs +version 1 \(built-in\)/);
      expect(stdout).toMatch(/receipts +receipts \[number\]/);
      // The meter was not booted.
      expect(stderr).toMatch(/registers/);
      expect(stderr).toMatch(/nonsense: no such verb/);
    });

    it("brings an image of the node, which then runs", async () => {
      const key = KeyStore.generate(new Entropy("update key"));
      bench = await Bench.onSocket({ key: new Uint8Array(32).fill(7), updateKey: key.publicKey() });
      const file = join(bench.directory, "node.img");
      const module = Buffer.concat([readModule("node").wasm, Uint8Array.of(0, 2, 1, 0x78)]);
      writeFileSync(file, signImage({ version: 2, module }, key));
      const taken = await bench.tieline("update", "--restart", file);
      expect(taken.stdout).toMatch(/version 2 \(A, on trial\)/);
      expect(taken.status).toBe(0);
      const older = await bench.tieline("update", file);
      expect(older.status).toBe(1);
      expect(readFileSync(file).length).toBeGreaterThan(module.length);
    });
  });
});
