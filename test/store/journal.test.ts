import { expect } from "vitest";
import { onEachLocalEngine } from "../driver/modules.js";
import type { Instance } from "../../host/engine/engine.js";

const ENTRY = "test/store/journal.entry.ts";
const SIZE = 4 * 512;
const FOREVER = 2 ** 31 - 1;

/** Typed calls of the test module, and its flash. */
function client(module: Instance) {
  const at = module.call("flash") as number;
  const call =
    (name: string) =>
    (...args: number[]): number =>
      module.call(name, ...args) as number;
  return {
    mount: call("mount"),
    count: call("count"),
    countOn: call("count_on"),
    checkpoint: call("checkpoint"),
    append: call("append"),
    endCheckpoint: call("end_checkpoint"),
    setPower: call("set_power"),
    image: (): Uint8Array => module.memory().slice(at, at + SIZE),
    load: (image: Uint8Array): void => module.memory().set(image, at),
  };
}

/** Starts a journal on flash with the given contents. */
function fresh(module: Instance, fill = 0xff): ReturnType<typeof client> {
  const journal = client(module);
  journal.setPower(FOREVER);
  journal.load(new Uint8Array(SIZE).fill(fill));
  expect(journal.mount()).toBe(0);
  expect(journal.checkpoint()).toBe(0);
  return journal;
}

onEachLocalEngine("a journal keeps what was appended, over many turns of the ring", ENTRY, (module) => {
  const journal = fresh(module);
  for (let i = 1; i <= 1000; i++) {
    expect(journal.countOn()).toBe(0);
    if (i % 7 === 0) {
      expect(journal.mount()).toBe(1);
      expect(journal.count()).toBe(i);
    }
  }
});

onEachLocalEngine("flash with anything in it is taken for empty", ENTRY, (module) => {
  for (const fill of [0x00, 0x55, 0xa5]) expect(fresh(module, fill).countOn()).toBe(0);
});

onEachLocalEngine("a power cut at any byte loses at most what was not acknowledged", ENTRY, (module) => {
  const journal = fresh(module);
  let cuts = 0;
  // 80 steps go once round the ring, four changes of sector included.
  for (let step = 1; step <= 80; step++) {
    const before = journal.image();
    for (let budget = 0; ; budget++) {
      journal.load(before);
      expect(journal.mount()).toBe(1);
      expect(journal.count()).toBe(step - 1);
      journal.setPower(budget);
      const code = journal.countOn();
      journal.setPower(FOREVER);
      expect(journal.mount()).toBe(1);
      if (code === 0) {
        expect(journal.count()).toBe(step);
        break;
      }
      // The entry in progress may have come through whole, or not at all.
      expect([step - 1, step]).toContain(journal.count());
      const count = journal.count();
      expect(journal.countOn()).toBe(0);
      expect(journal.mount()).toBe(1);
      expect(journal.count()).toBe(count + 1);
      cuts++;
    }
    journal.load(before);
    journal.mount();
    expect(journal.countOn()).toBe(0);
  }
  expect(cuts).toBeGreaterThan(3000);
});

onEachLocalEngine("a bit that flips in the last entry undoes that entry and no other", ENTRY, (module) => {
  const journal = fresh(module);
  for (let i = 1; i <= 5; i++) journal.countOn();
  const before = journal.image();
  journal.countOn();
  const after = journal.image();
  const changed = [...after.keys()].filter((i) => before[i] !== after[i]);
  const first = Math.min(...changed);
  for (let at = first; at < first + 20; at++) {
    for (let bit = 0; bit < 8; bit++) {
      const image = after.slice();
      image[at] = (image[at] ?? 0) ^ (1 << bit);
      journal.load(image);
      expect(journal.mount()).toBe(1);
      expect(journal.count()).toBe(5);
      // The torn tail is left alone: what comes next goes to the next sector.
      expect(journal.countOn()).toBe(0);
      expect(journal.mount()).toBe(1);
      expect(journal.count()).toBe(6);
    }
  }
});

onEachLocalEngine("calls that make no sense are refused", ENTRY, (module) => {
  const journal = fresh(module);
  expect(journal.append(0, 4)).toBe(-1);
  expect(journal.append(256, 4)).toBe(-1);
  expect(journal.append(1, 129)).toBe(-1);
  expect(journal.append(1, -1)).toBe(-1);
  expect(journal.endCheckpoint()).toBe(-2);
});
