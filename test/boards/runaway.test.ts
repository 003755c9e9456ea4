import secp256k1 from "secp256k1";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Machine } from "../../host/link/machine.js";
import { PARTITION_SECTORS, partitionBytes } from "../../host/link/image.js";
import { LinkError, Status } from "../../host/link/protocol.js";
import { compileEntry } from "../driver/entry.js";
import { whereItRuns } from "../driver/engines.js";
import { CONFIG, MeterClient, MIDNIGHT, pulseTrain } from "../driver/meter_client.js";
import { BOARDS, engineOf, KEY, makeMachine } from "./board.js";

const ERR_ARGUMENT = -1;
const ERR_STATE = -2;
const ERR_RANGE = -7;
const ERR_NOT_FOUND = -8;
const ERR_CAPACITY = -15;
const ERR_EXPIRED = -25;
const MEMORY_BYTES = 65536;
const INTERVAL_MS = CONFIG.intervalS * 1000;

/** A meter's calls over the link, as a driver of one has them. */
const meterOf = (machine: Machine): MeterClient =>
  new MeterClient({
    engine: "board",
    call: (name, args, input) => machine.client.call(name, args, input),
    publicKey: async () => (await machine.client.hello()).publicKey,
    flash: () => Promise.resolve(machine.flash()),
    restart: () => machine.client.restart(),
    close: () => machine.discard(),
  });

/** A module of long functions, each byte of which is an operation. */
function bulky(): Uint8Array {
  const leb = (value: number): number[] => (value < 128 ? [value] : [(value & 127) | 128, ...leb(value >> 7)]);
  const section = (id: number, content: number[]): number[] => [id, ...leb(content.length), ...content];
  const [functions, length] = [60, 4000];
  // local.get 0, i32.eqz over and over
  const body = [0, 0x20, 0, ...new Array<number>(length).fill(0x45), 0x0b];
  const bodies = Array.from({ length: functions }, () => [...leb(body.length), ...body]).flat();
  return Uint8Array.from([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, [1, 0x60, 1, 0x7f, 1, 0x7f]),
    ...section(3, [functions, ...new Array<number>(functions).fill(0)]),
    ...section(10, [functions, ...bodies]),
  ]);
}

describe.each(BOARDS)("a hostile module in the node's place on the board %s", (name) => {
  const { wasm } = compileEntry("test/boards/runaway.entry.ts");
  let machine: Machine;
  let meter: MeterClient;
  let monoMs = 0;

  const call = async (exported: string, ...args: (number | bigint)[]): Promise<number> => {
    const params = args.map((arg) => (typeof arg === "bigint" ? "i64" : "i32"));
    return Number(await machine.client.callNamed(exported, params, args));
  };
  /** The meter goes on: another interval with pulses closes, and its registers have counted. */
  async function metersOn(): Promise<void> {
    const before = await meter.registers();
    expect(await meter.edges(monoMs, pulseTrain(0, 5, monoMs + 1000, 100))).toBeGreaterThan(0);
    monoMs += INTERVAL_MS;
    expect(await meter.drain(monoMs)).toHaveLength(1);
    const after = await meter.registers();
    expect(after.importPulses).toBe(before.importPulses + 5n);
    expect(after.nextPage).toBe(before.nextPage + 1);
  }

  whereItRuns(engineOf(name), () => {
    beforeAll(async () => {
      machine = makeMachine(name, { key: KEY });
      expect(await machine.powerOn()).toBe("");
      meter = meterOf(machine);
      expect(await meter.boot()).toBe(0);
      await meter.setClock(0, MIDNIGHT);
      await metersOn();
    });
    afterAll(() => machine.discard());
    beforeEach(() => machine.client.load(wasm));

    it.each([
      ["spins", "spin", "[trap] gas exhausted"],
      ["traps", "trap", "[trap] unreachable executed"],
      ["multiplies points for ever", "multiply", "[trap] gas exhausted"],
    ])("is stopped when it %s, and the meter goes on", async (_, exported, message) => {
      await expect(call(exported)).rejects.toMatchObject({ status: Status.trap, message });
      await expect(call("data")).rejects.toMatchObject({ status: Status.stopped, message });
      await metersOn();
      // The node itself can be started in its place.
      await machine.client.start("node");
      expect((await machine.client.callNode("abi", [])).result).toBeGreaterThan(0);
      await metersOn();
    });

    it("cannot starve the meter of memory for its code", async () => {
      await machine.client.load(bulky());
      // Nothing of the meter is compiled, and nothing is dropped any more.
      await machine.client.codeCache(0);
      await machine.client.codeCache(0xffff_ffff);
      // So large a module does not fit; the meter's code, all of it, does.
      await expect(machine.client.map(true, "node")).rejects.toMatchObject({
        status: Status.stopped,
        message: expect.stringMatching(/memory allocation failed/) as string,
      });
      const map = await machine.client.map(true, "metrology");
      expect(map.get("functions_compiled")).toBe(map.get("functions"));
      await metersOn();
      await machine.client.codeCache(220 * 1024);
    });

    it("puts out so much in a call and no more", async () => {
      expect(await call("chatter")).toBe(512);
      expect(await call("chatter"), "each call anew").toBe(512);
      expect(await call("flood", 2048)).toBe(128);
      expect(await call("flood", -1)).toBe(0);
      await metersOn();
    });

    it("cannot bring the meter down from however deep it calls it", async () => {
      // Each turn starts anew, with nothing compiled, until the module's own stack is at its end.
      let deepest = 0;
      for (let depth = 0; ; depth = depth < 8 ? depth + 1 : Math.ceil(depth * 1.03)) {
        await machine.client.codeCache(0);
        const receipt = await call("receipt_below", depth).catch((error: unknown) => error);
        const note = await call("note_below", depth).catch((error: unknown) => error);
        if (receipt instanceof LinkError || note instanceof LinkError) {
          for (const failure of [receipt, note].filter((result) => result instanceof LinkError)) {
            // The sanitizers' C stack is so large that wasm3's ends first.
            if (name !== "posix, sanitized") expect(failure.message).toBe("[trap] native stack exhausted");
          }
          break;
        }
        expect(receipt).toBeGreaterThan(depth + 500);
        expect(note).toBe(ERR_ARGUMENT);
        deepest = depth;
      }
      await machine.client.codeCache(220 * 1024);
      expect(deepest).toBeGreaterThan(10);
      await metersOn();
      const map = await machine.client.map();
      expect(map.get("stack_peak")).toBeLessThan(map.get("stack") ?? 0);
    });

    it("gets ERR_RANGE for every pointer that leaves its memory", async () => {
      const at = await call("data");
      for (const [wild, length] of [
        [MEMORY_BYTES, 1],
        [MEMORY_BYTES - 1, 2],
        [-1, 1],
        [1, -1],
        [-2147483648, -2147483648],
      ] as const) {
        expect(await call("board_random", wild, length)).toBe(ERR_RANGE);
        expect(await call("board_broadcast", wild, length)).toBe(ERR_RANGE);
        expect(await call("board_program", 0, wild, length)).toBe(ERR_RANGE);
        expect(await call("board_watch", 0, at, wild, length)).toBe(ERR_RANGE);
        expect(await call("meter_receipt", 0, 0, wild, length)).toBe(ERR_RANGE);
      }
      for (const wild of [MEMORY_BYTES - 31, MEMORY_BYTES, -1, -2147483648]) {
        expect(await call("board_watch", 0, wild, at, 0)).toBe(ERR_RANGE);
        expect(await call("meter_point", 0, wild)).toBe(ERR_RANGE);
        expect(await call("meter_note", 0, 0, 900, 1n, wild, at)).toBe(ERR_RANGE);
        expect(await call("meter_note", 0, 0, 900, 1n, at, wild)).toBe(ERR_RANGE);
      }
      expect(await call("board_watch", 256, at, at, 0)).toBe(ERR_RANGE);
      await metersOn();
    });

    it("has the node's flash and none of the meter's", async () => {
      const before = machine.flash("metrology");
      const sectors = PARTITION_SECTORS.node;
      expect(await call("board_sectors")).toBe(sectors);
      expect(await call("board_erase", sectors)).toBe(ERR_RANGE);
      expect(await call("board_erase", -1)).toBe(ERR_RANGE);
      const at = await call("data");
      await machine.client.memoryWrite(at, Uint8Array.of(1, 2, 3, 4));
      for (const offset of [partitionBytes("node"), partitionBytes("node") - 2, -4, -262144]) {
        expect(await call("board_program", offset, at, 4)).toBe(ERR_RANGE);
      }
      expect(await call("board_program", partitionBytes("node") - 4, at, 4)).toBe(0);
      expect(await call("board_erase", 0)).toBe(0);
      expect(machine.flash("metrology")).toEqual(before);
      expect(machine.flash("node").subarray(-4)).toEqual(Uint8Array.of(1, 2, 3, 4));
      expect(machine.flash("settings")).toEqual(new Uint8Array(partitionBytes("settings")).fill(0xff));
    });

    it("asks the one meter there is, and hears from it what a meter says", async () => {
      const at = await call("data");
      expect(await call("meter_point", 0, at)).toBe(0);
      expect(await machine.client.memoryRead(at, 33)).toEqual(secp256k1.publicKeyCreate(KEY, true));
      // Boards for tests give it to a module under test for each of four lines.
      for (const other of [4, -1]) {
        expect(await call("meter_point", other, at)).toBe(ERR_NOT_FOUND);
        expect(await call("meter_receipt", other, 0, at, 2048)).toBe(ERR_NOT_FOUND);
        expect(await call("meter_note", other, 0, 900, 1n, at, at)).toBe(ERR_NOT_FOUND);
      }
      const { nextPage } = await meter.registers();
      const endOf = (page: number): number => MIDNIGHT / 1000 + page * CONFIG.intervalS;
      const receipt = async (fromS: number): Promise<string> => {
        const length = await call("meter_receipt", 0, fromS, at, 2048);
        return Buffer.from(await machine.client.memoryRead(at, length)).toString("latin1");
      };
      for (let page = 1; page < nextPage; page++) {
        const expected = await meter.record("F", page);
        expect(await receipt(endOf(page - 1)), `page ${page}`).toBe(await receipt(endOf(page - 1)));
        if (page > 1) expect(await receipt(endOf(page - 2) + 1)).toBe(await receipt(endOf(page - 1)));
        expect([await receipt(endOf(page - 1)), await receipt(endOf(page))]).toContain(expected);
      }
      expect(await call("meter_receipt", 0, endOf(nextPage), at, 2048)).toBe(ERR_NOT_FOUND);
      expect(await call("meter_receipt", 0, 0, at, 100)).toBe(ERR_CAPACITY);
      expect(await call("meter_note", 0, 4, 900, 1n, at, at)).toBe(ERR_ARGUMENT);
    });

    it("cannot have a note while an interval is to be closed first, whatever the time was before", async () => {
      const at = await call("data");
      monoMs += 2 * INTERVAL_MS;
      expect(await meter.tick(monoMs)).toMatch(/^OCMF/);
      expect(await call("meter_note", 0, 0, CONFIG.intervalS, 5n, at, at)).toBe(ERR_STATE);
      expect(await meter.drain(monoMs)).toHaveLength(1);
      expect(await call("meter_note", 0, 0, CONFIG.intervalS, 5n, at, at)).toBe(ERR_EXPIRED);
    });

    it("is told so while the meter does not run", async () => {
      const at = await call("data");
      await machine.client.start("metrology"); // anew: it has not booted
      expect(await call("meter_receipt", 0, 0, at, 2048)).toBe(ERR_STATE);
      expect(await call("meter_note", 0, 0, 900, 1n, at, at)).toBe(ERR_STATE);
    });
  });
});
