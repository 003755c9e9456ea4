import { expect, it } from "vitest";
import { Entropy } from "../../host/board/entropy.js";
import { KeyStore } from "../../host/board/key_store.js";
import { MeterPort, meterImports, type LineMeter } from "../../host/board/meter_port.js";
import { engineByName } from "../../host/engine/index.js";
import { memoryRange } from "../../host/engine/memory_range.js";
import { readMetrology } from "../../host/metrology/module.js";
import { decodeNote, verifyNote } from "../../host/metrology/note.js";
import { EmulatedMeter } from "../../host/sim/emulated_meter.js";
import { CONFIG, MIDNIGHT } from "../driver/meter_client.js";
import { hashOf } from "../driver/note_client.js";

const ERR_ARGUMENT = -1;
const ERR_STATE = -2;
const ERR_RANGE = -7;
const ERR_NOT_FOUND = -8;
const ERR_CAPACITY = -15;
const ERR_REPLAY = -20;

const START = MIDNIGHT / 1000;
const MEMORY = 4096;

function setUp() {
  const newMeter = (name: string): EmulatedMeter =>
    new EmulatedMeter(engineByName("v8"), readMetrology(), KeyStore.generate(new Entropy(name)), {
      ...CONFIG,
      ratingW: 1000,
    });
  const meters = [newMeter("first"), newMeter("second")] as const;
  const memory = new Uint8Array(MEMORY);
  const ports = meters.map((meter) => new MeterPort(meter));
  const functions = meterImports(
    ports,
    memoryRange(() => memory),
  );
  const call = (name: keyof typeof functions, ...args: (number | bigint)[]): number =>
    (functions[name] as (...args: (number | bigint)[]) => number)(...args);
  return { meters, memory, call };
}

it("gives each meter's key, and nothing for a meter that is not there", () => {
  const { meters, memory, call } = setUp();
  expect(call("point", 1, 100)).toBe(0);
  expect(memory.subarray(100, 133)).toEqual(meters[1].publicKey());
  expect(call("point", 0, MEMORY - 33)).toBe(0);
  expect(call("point", 0, MEMORY - 32)).toBe(ERR_RANGE);
  expect(call("point", 0, -1)).toBe(ERR_RANGE);
  for (const none of [2, -1]) {
    expect(call("point", none, 0)).toBe(ERR_NOT_FOUND);
    expect(call("receipt", none, 0, 0, 2000)).toBe(ERR_NOT_FOUND);
    expect(call("note", none, 0, START, 1n, 0, 100)).toBe(ERR_NOT_FOUND);
  }
});

it("finds the first receipt whose interval ended at or after a time", () => {
  const { meters, memory, call } = setUp();
  const [meter] = meters;
  expect(call("receipt", 0, START, 0, 2000)).toBe(ERR_STATE);
  meter.start(MIDNIGHT);
  expect(call("receipt", 0, START, 0, 2000)).toBe(ERR_NOT_FOUND);
  meter.run(-3_000_000, 3600_000 + 1000);
  expect(meter.receipts).toHaveLength(4);
  const found = (fromS: number): string | number => {
    const length = call("receipt", 0, fromS, 0, 2000);
    return length < 0 ? length : Buffer.from(memory.subarray(0, length)).toString("latin1");
  };
  expect(found(0)).toBe(meter.receipts[0]);
  expect(found(START + 900)).toBe(meter.receipts[0]);
  expect(found(START + 901)).toBe(meter.receipts[1]);
  expect(found(START + 3600)).toBe(meter.receipts[3]);
  expect(found(START + 3601)).toBe(ERR_NOT_FOUND);
  meter.run(-3_000_000, 4500_000 + 1000);
  expect(found(START + 3601)).toBe(meter.receipts[4]);
  const length = meter.receipts[4]?.length ?? 0;
  expect(call("receipt", 0, START + 3601, MEMORY - length, length)).toBe(length);
  expect(call("receipt", 0, START + 3601, 0, length - 1)).toBe(ERR_CAPACITY);
  expect(call("receipt", 0, START + 3601, MEMORY - length, length + 1)).toBe(ERR_RANGE);
  expect(call("receipt", 0, START + 3601, 0, -1)).toBe(ERR_RANGE);
});

it("tells no receipt that is overwritten", () => {
  const meter: LineMeter = {
    publicKey: () => new Uint8Array(33),
    nextPage: () => 5,
    fiscalRecord: () => undefined,
    note: () => ERR_STATE,
  };
  expect(new MeterPort(meter).receipt(0)).toBe(ERR_NOT_FOUND);
});

it("lets the meter sign, over all that happened before, and passes refusals on", () => {
  const { meters, memory, call } = setUp();
  const [meter] = meters;
  const hash = hashOf(1);
  memory.set(hash);
  const ask = (how: number, interval: number, energyMwh: bigint, to = 100): number =>
    call("note", 0, how, START + interval * 900, energyMwh, 0, to);
  expect(ask(1, 1, 5n)).toBe(ERR_STATE);
  meter.start(MIDNIGHT);
  meter.run(-3_600_000, 905_500);
  // A pulse of 1 Wh each second, the first as the interval begins.
  expect(ask(0, 1, 6001n)).toBe(ERR_CAPACITY);
  expect(ask(0, 1, 6000n)).toBe(0);
  const note = decodeNote(memory.subarray(100, 188));
  expect(note).toMatchObject({ intervalStart: START + 900, energyMwh: 6000n, issuedMwh: 6000n });
  expect(verifyNote(note, hash, meter.publicKey())).toBeUndefined();
  expect(ask(1, 1, 6000n)).toBe(ERR_REPLAY);
  memory.set(hashOf(2));
  expect(ask(4, 1, 1n)).toBe(ERR_ARGUMENT);
  expect(ask(-1, 1, 1n)).toBe(ERR_ARGUMENT);
  expect(ask(3, 2, -1n)).toBe(ERR_CAPACITY);
  expect(ask(3, 2, 1n, MEMORY - 87)).toBe(ERR_RANGE);
  expect(call("note", 0, 3, START + 1800, 1n, MEMORY - 31, 100)).toBe(ERR_RANGE);
  expect(ask(3, 2, 1n, MEMORY - 88)).toBe(0);
  expect(decodeNote(memory.subarray(MEMORY - 88)).issuedMwh).toBe(1n);
});

it("gives no note when power fails in the middle, and the same one afterwards", () => {
  const { meters } = setUp();
  const [meter] = meters;
  meter.start(MIDNIGHT);
  meter.run(0, 1000);
  const port = new MeterPort(meter);
  meter.flash.cutAt({ kind: "program", index: 0, bytes: 64 });
  expect(port.note(1, START, 7n, hashOf(1))).toBe(ERR_STATE);
  expect(meter.powered).toBe(false);
  expect(port.note(1, START, 7n, hashOf(1))).toBe(ERR_STATE);
  meter.restorePower();
  const note = port.note(1, START, 7n, hashOf(1));
  if (typeof note === "number") return expect.fail(`refused: ${note}`);
  expect(decodeNote(note)).toMatchObject({ energyMwh: 7n, issuedMwh: 7n });
});
