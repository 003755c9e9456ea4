import { expect } from "vitest";
import { onEveryModuleEngine, type TestModule } from "../driver/modules.js";

const ENTRY = "test/store/journal.entry.ts";
const SIZE = 4 * 512;
const FOREVER = 2 ** 31 - 1;

/**
 * The emulated board takes some 15 ms for a power cut, mostly to have its flash put back: there only one in so many is
 * made, at other bytes in each step.
 */
const QEMU_CUT_EVERY = 31;

interface Client {
  mount(): Promise<number>;
  count(): Promise<number>;
  countOn(): Promise<number>;
  put(type: number, length: number): Promise<number>;
  damaged(): Promise<number>;
  setPower(budget: number): Promise<unknown>;
  image(): Promise<Uint8Array>;
  load(image: Uint8Array): Promise<void>;
}

/** Typed calls of the test module, and its flash. */
async function client(module: TestModule): Promise<Client> {
  const at = (await module.call("flash")) as number;
  const call =
    (name: string) =>
    async (...args: number[]): Promise<number> =>
      (await module.call(name, ...args)) as number;
  return {
    mount: call("mount"),
    count: call("count"),
    countOn: call("count_on"),
    put: call("put"),
    damaged: call("damaged"),
    setPower: call("set_power"),
    image: () => module.read(at, SIZE),
    load: (image) => module.write(at, image),
  };
}

/** Starts a journal on flash with the given contents. */
async function fresh(module: TestModule, fill = 0xff): Promise<Client> {
  const journal = await client(module);
  await journal.setPower(FOREVER);
  await journal.load(new Uint8Array(SIZE).fill(fill));
  expect(await journal.mount()).toBe(0);
  return journal;
}

onEveryModuleEngine("a journal keeps what was appended, over many turns of the ring", ENTRY, async (module) => {
  const journal = await fresh(module);
  for (let i = 1; i <= 1000; i++) {
    expect(await journal.countOn()).toBe(0);
    if (i % 7 === 0) {
      expect(await journal.mount()).toBe(1);
      expect(await journal.count()).toBe(i);
    }
  }
});

onEveryModuleEngine("flash with anything in it is taken for empty", ENTRY, async (module) => {
  for (const fill of [0x00, 0x55, 0xa5]) expect(await (await fresh(module, fill)).countOn()).toBe(0);
});

onEveryModuleEngine("a power cut at any byte loses at most what was not acknowledged", ENTRY, async (module) => {
  const journal = await fresh(module);
  const every = module.engine === "qemu" ? QEMU_CUT_EVERY : 1;
  let cuts = 0;
  // 80 steps go once round the ring, four changes of sector included.
  for (let step = 1; step <= 80; step++) {
    const before = await journal.image();
    for (let budget = step % every; ; budget += every) {
      const [, mounted, counted, , code, , mountedAgain, count] = await Promise.all([
        journal.load(before),
        journal.mount(),
        journal.count(),
        journal.setPower(budget),
        journal.countOn(),
        journal.setPower(FOREVER),
        journal.mount(),
        journal.count(),
      ]);
      expect([mounted, counted, mountedAgain]).toEqual([1, step - 1, 1]);
      if (code === 0) {
        expect(count).toBe(step);
        break;
      }
      // The entry in progress may have come through whole, or not at all.
      expect([step - 1, step]).toContain(count);
      expect(await Promise.all([journal.countOn(), journal.mount(), journal.count()])).toEqual([0, 1, count + 1]);
      cuts++;
    }
  }
  expect(cuts).toBeGreaterThan(3000 / every);
});

onEveryModuleEngine("a bit that flips in the last entry undoes that entry and no other", ENTRY, async (module) => {
  const journal = await fresh(module);
  for (let i = 1; i <= 5; i++) await journal.countOn();
  const before = await journal.image();
  await journal.countOn();
  const after = await journal.image();
  const changed = [...after.keys()].filter((i) => before[i] !== after[i]);
  const first = Math.min(...changed);
  for (let at = first; at < first + 20; at++) {
    for (let bit = 0; bit < 8; bit++) {
      const image = after.slice();
      image[at] = (image[at] ?? 0) ^ (1 << bit);
      const [, mounted, count, code, mountedAgain, countAgain] = await Promise.all([
        journal.load(image),
        journal.mount(),
        journal.count(),
        // The torn tail is left alone: what comes next goes to the next sector.
        journal.countOn(),
        journal.mount(),
        journal.count(),
      ]);
      expect([mounted, count, code, mountedAgain, countAgain]).toEqual([1, 5, 0, 1, 6]);
    }
  }
});

onEveryModuleEngine("a bit that flips anywhere costs at most the last entry", ENTRY, async (module) => {
  const journal = await fresh(module);
  for (let i = 1; i <= 50; i++) await journal.countOn();
  const image = await journal.image();
  const every = module.engine === "qemu" ? 8 * QEMU_CUT_EVERY + 1 : 3;
  let damaged = 0;
  for (let bit = 0; bit < SIZE * 8; bit += every) {
    const flipped = image.slice();
    flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    const [, mounted, count, seen, code, mountedAgain, countAgain] = await Promise.all([
      journal.load(flipped),
      journal.mount(),
      journal.count(),
      journal.damaged(),
      journal.countOn(),
      journal.mount(),
      journal.count(),
    ]);
    expect([mounted, code, mountedAgain, countAgain], `bit ${bit}`).toEqual([1, 0, 1, count + 1]);
    expect([49, 50], `bit ${bit}`).toContain(count);
    damaged += seen;
  }
  expect(damaged).toBeGreaterThan(0);
});

onEveryModuleEngine("erased flash behind a damaged entry is passed over at once", ENTRY, async (module) => {
  const journal = await fresh(module);
  for (let i = 1; i <= 3; i++) await journal.countOn();
  const image = await journal.image();
  // Of the first sector the last entry is damaged, and the last word written.
  const end = image.slice(0, 512).findLastIndex((byte) => byte !== 0xff);
  image[end] = (image[end] ?? 0) ^ 1;
  image[508] = 0;
  await journal.load(image);
  await module.call("take_reads");
  expect(await journal.mount()).toBe(1);
  expect(await journal.count()).toBe(2);
  expect(await journal.damaged()).toBe(1);
  // Some 100 words are erased; a read for each of them, and of all that follows, would be several hundred.
  expect(await module.call("take_reads")).toBeLessThan(100);
});

onEveryModuleEngine("calls that make no sense are refused", ENTRY, async (module) => {
  const journal = await fresh(module);
  expect(await journal.put(0, 4)).toBe(-1);
  expect(await journal.put(256, 4)).toBe(-1);
  expect(await journal.put(1, 161)).toBe(-1);
  expect(await journal.put(1, -1)).toBe(-1);
});
