import { secp256k1 } from "@noble/curves/secp256k1.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { expect } from "vitest";
import { KeyStore } from "../../host/board/key_store.js";
import { engineByName } from "../../host/engine/index.js";
import { S0_INPUT } from "../../host/metrology/config.js";
import { readMetrology } from "../../host/metrology/module.js";
import { verifyNote, type Note, type NoteRequest } from "../../host/metrology/note.js";
import { EmulatedMeter } from "../../host/sim/emulated_meter.js";
import { onEveryEngine, TEST_KEY } from "../driver/meters.js";
import { CONFIG, MeterClient, MIDNIGHT, pulseTrain } from "../driver/meter_client.js";
import { askNote, callNote, hashOf } from "../driver/note_client.js";

const ERR_ARGUMENT = -1;
const ERR_STATE = -2;
const ERR_FLASH = -3;
const ERR_CAPACITY = -15;
const ERR_REPLAY = -20;
const ERR_EXPIRED = -25;

const INTERVAL_S = 900;
const INTERVAL_MS = INTERVAL_S * 1000;
const START_S = MIDNIGHT / 1000;
/** 4 W for a quarter of an hour: as much as a pulse. */
const RATED_MWH = 1000n;

/** A meter whose time began at MIDNIGHT, mono 0: intervals by number from there. */
class Seller {
  readonly client: MeterClient;
  private asked = 0;

  constructor(readonly driver: MeterClient["driver"]) {
    this.client = new MeterClient(driver);
  }

  async boot(monoMs = 0, ratingW = 4): Promise<void> {
    expect(await this.client.boot({ ratingW })).toBe(0);
    await this.client.drain(0);
    expect(await this.client.setClock(0, MIDNIGHT + monoMs)).toBe(0);
  }

  /** `count` pulses of 1 Wh on an input, from a time on. */
  async pulses(input: number, count: number, fromMs: number): Promise<void> {
    expect(await this.client.edges(fromMs, pulseTrain(input, count, fromMs, 100))).toBe(2 * count);
  }

  /** A note for a swap that nobody asked for before. */
  async ask(change: Partial<NoteRequest> & { interval?: number; energyMwh: bigint }, atMs: number): Promise<unknown> {
    const answer = await this.note({ paymentHash: hashOf(++this.asked), ...change }, atMs);
    return typeof answer === "number" ? answer : answer.issuedMwh;
  }

  async note(
    { interval = 1, ...change }: Partial<NoteRequest> & { interval?: number; energyMwh: bigint },
    atMs: number,
  ): Promise<Note | number> {
    return askNote(this.driver, requestOf(interval, change), atMs);
  }
}

const requestOf = (interval: number, change: Partial<NoteRequest> & { energyMwh: bigint }): NoteRequest => ({
  kind: "receipt",
  side: "sells",
  intervalStart: START_S + interval * INTERVAL_S,
  paymentHash: hashOf(0),
  ...change,
});

onEveryEngine("a note is the meter's signature of the swap, its energy and the interval's total", async (open) => {
  const meter = new Seller(await open());
  await meter.boot();
  await meter.client.drain(INTERVAL_MS);
  await meter.pulses(1, 5, INTERVAL_MS);
  const { result, output } = await callNote(
    meter.driver,
    requestOf(1, { energyMwh: 1_234n, paymentHash: hashOf(7) }),
    INTERVAL_MS + 60_000,
  );
  expect([result, output.length]).toEqual([88, 88]);
  const view = Buffer.from(output);
  expect([view.readUInt32LE(0), view.readUInt32LE(4)]).toEqual([START_S + INTERVAL_S, 0]);
  expect([view.readBigUInt64LE(8), view.readBigUInt64LE(16)]).toEqual([1_234n, 1_234n]);
  const signed = Buffer.concat([hashOf(7), Buffer.alloc(20)]);
  signed.writeUInt32BE(START_S + INTERVAL_S, 32);
  signed.writeBigUInt64BE(1_234n, 36);
  signed.writeBigUInt64BE(1_234n, 44);
  const key = secp256k1.getPublicKey(TEST_KEY);
  expect(secp256k1.verify(output.subarray(24), sha256(signed), key, { prehash: false })).toBe(true);
  expect(await meter.driver.publicKey()).toEqual(key);
});

onEveryEngine("receipts of the running interval end with what is metered, and grow with it", async (open) => {
  const meter = new Seller(await open());
  await meter.boot();
  await meter.pulses(1, 9, 1000);
  // The first interval was not seen from its beginning.
  expect(await meter.ask({ interval: 0, energyMwh: 1n }, 60_000)).toBe(ERR_EXPIRED);
  await meter.client.drain(INTERVAL_MS);
  expect(await meter.ask({ energyMwh: 1n }, INTERVAL_MS)).toBe(ERR_CAPACITY);
  await meter.pulses(1, 3, INTERVAL_MS + 1000);
  expect(await meter.ask({ energyMwh: 3_001n }, INTERVAL_MS + 60_000)).toBe(ERR_CAPACITY);
  expect(await meter.ask({ energyMwh: 2_000n }, INTERVAL_MS + 60_000)).toBe(2_000n);
  expect(await meter.ask({ energyMwh: 1_001n }, INTERVAL_MS + 60_000)).toBe(ERR_CAPACITY);
  expect(await meter.ask({ energyMwh: 1_000n }, INTERVAL_MS + 60_000)).toBe(3_000n);
  expect(await meter.ask({ energyMwh: 1n }, INTERVAL_MS + 60_000)).toBe(ERR_CAPACITY);
  await meter.pulses(1, 1, INTERVAL_MS + 70_000);
  expect(await meter.ask({ energyMwh: 1_000n }, INTERVAL_MS + 80_000)).toBe(4_000n);
  // What the import register counts is nothing to sell, and the other way round.
  await meter.pulses(0, 2, INTERVAL_MS + 90_000);
  expect(await meter.ask({ energyMwh: 1n }, INTERVAL_MS + 100_000)).toBe(ERR_CAPACITY);
  expect(await meter.ask({ energyMwh: 2_001n, side: "buys" }, INTERVAL_MS + 100_000)).toBe(ERR_CAPACITY);
  expect(await meter.ask({ energyMwh: 2_000n, side: "buys" }, INTERVAL_MS + 100_000)).toBe(2_000n);
  expect(await meter.ask({ energyMwh: 1n, side: "buys" }, INTERVAL_MS + 100_000)).toBe(ERR_CAPACITY);
});

onEveryEngine("a closed interval has what was counted until its end, for eight intervals", async (open) => {
  const meter = new Seller(await open());
  await meter.boot();
  await meter.client.drain(INTERVAL_MS);
  for (let interval = 1; interval <= 9; interval++) {
    await meter.pulses(1, interval, interval * INTERVAL_MS + 500);
    await meter.client.drain((interval + 1) * INTERVAL_MS);
  }
  const now = 10 * INTERVAL_MS + 1000;
  const all: unknown[] = [];
  for (let interval = 0; interval <= 11; interval++) {
    const energyMwh = BigInt(interval) * 1_000n;
    all.push(await meter.ask({ interval, energyMwh: energyMwh + 1n }, now));
    all.push(await meter.ask({ interval, energyMwh: energyMwh === 0n ? 1n : energyMwh }, now));
  }
  const sold = (interval: number): unknown[] => [ERR_CAPACITY, BigInt(interval) * 1_000n];
  const refused = (code: number): unknown[] => [code, code];
  expect(all).toEqual([
    ...refused(ERR_EXPIRED),
    ...refused(ERR_EXPIRED),
    ...[2, 3, 4, 5, 6, 7, 8, 9].flatMap(sold),
    ...refused(ERR_CAPACITY),
    ...refused(ERR_EXPIRED),
  ]);
});

onEveryEngine("promises end with the rating, and the receipts of the interval count with them", async (open) => {
  const meter = new Seller(await open());
  await meter.boot();
  const promise = { kind: "promise", interval: 2 } as const;
  expect(await meter.ask({ ...promise, energyMwh: RATED_MWH + 1n }, 1000)).toBe(ERR_CAPACITY);
  expect(await meter.ask({ ...promise, energyMwh: 700n }, 1000)).toBe(700n);
  expect(await meter.ask({ ...promise, energyMwh: 301n }, 1000)).toBe(ERR_CAPACITY);
  expect(await meter.ask({ ...promise, energyMwh: 2n ** 64n - 1n }, 1000)).toBe(ERR_CAPACITY);
  expect(await meter.ask({ ...promise, energyMwh: RATED_MWH, side: "buys" }, 1000)).toBe(RATED_MWH);
  for (const interval of [1, 2]) await meter.client.drain(interval * INTERVAL_MS);
  const now = 2 * INTERVAL_MS + 60_000;
  await meter.pulses(1, 1, 2 * INTERVAL_MS + 1000);
  // 1 Wh is metered, 0.7 of it is promised already.
  expect(await meter.ask({ interval: 2, energyMwh: 301n }, now)).toBe(ERR_CAPACITY);
  expect(await meter.ask({ interval: 2, energyMwh: 300n }, now)).toBe(RATED_MWH);
  expect(await meter.ask({ ...promise, energyMwh: 1n }, now)).toBe(ERR_CAPACITY);
  // The running interval can still be promised, the last one not any more.
  expect(await meter.ask({ ...promise, interval: 1, energyMwh: 1n }, now)).toBe(ERR_EXPIRED);
  await meter.client.drain(3 * INTERVAL_MS);
  expect(await meter.ask({ ...promise, interval: 3, energyMwh: RATED_MWH }, 3 * INTERVAL_MS)).toBe(RATED_MWH);
});

onEveryEngine("no rating, no promises", async (open) => {
  const meter = new Seller(await open());
  await meter.boot(0, 0);
  expect(await meter.ask({ kind: "promise", energyMwh: 1n }, 1000)).toBe(ERR_CAPACITY);
});

onEveryEngine("the same payment_hash is the same note, and never another swap's", async (open) => {
  const meter = new Seller(await open());
  await meter.boot();
  const request = requestOf(3, { kind: "promise", energyMwh: 10n, paymentHash: hashOf(1) });
  const first = await callNote(meter.driver, request, 1000);
  expect(first.result).toBe(88);
  expect(await meter.ask({ kind: "promise", interval: 3, energyMwh: 5n, paymentHash: hashOf(2) }, 1000)).toBe(15n);
  expect(await callNote(meter.driver, request, 2000)).toEqual(first);
  for (const change of [
    { energyMwh: 11n },
    { side: "buys" },
    { kind: "receipt" },
    { intervalStart: START_S },
  ] as const) {
    expect((await callNote(meter.driver, { ...request, ...change }, 2000)).result).toBe(ERR_REPLAY);
  }
  // Asked for again it is not issued again.
  expect(await meter.ask({ kind: "promise", interval: 3, energyMwh: 1n, paymentHash: hashOf(3) }, 1000)).toBe(16n);
  // It is known after a power cut, even before the time is.
  await meter.driver.restart();
  expect(await meter.client.boot({ ratingW: 4 })).toBe(0);
  expect(await callNote(meter.driver, request, 0)).toEqual(first);
  expect(await meter.ask({ kind: "promise", energyMwh: 1n, paymentHash: hashOf(4) }, 0)).toBe(ERR_STATE);
});

onEveryEngine("the last sixteen notes are kept", async (open) => {
  const meter = new Seller(await open());
  await meter.boot();
  const request = (n: number): NoteRequest =>
    requestOf(2, { kind: "promise", energyMwh: 1n, paymentHash: hashOf(100 + n) });
  const first: unknown[] = [];
  for (let n = 0; n < 17; n++) first.push(await callNote(meter.driver, request(n), 1000));
  for (let n = 1; n < 17; n++) expect(await callNote(meter.driver, request(n), 2000)).toEqual(first[n]);
  // The oldest one is forgotten: a new note, with a total of its own.
  expect(await askNote(meter.driver, request(0), 2000)).toMatchObject({ issuedMwh: 18n });
});

onEveryEngine("the last sixteen notes outlast every turn of the journal", async (open, engine) => {
  // So many boots are for engines that boot at once.
  if (engine === "qemu") return;
  const meter = new Seller(await open());
  await meter.boot(0, 40);
  const request = (n: number): NoteRequest =>
    requestOf(2, { kind: "promise", energyMwh: BigInt(n + 1), paymentHash: hashOf(200 + n) });
  const first: unknown[] = [];
  // More than two sectors of them: each begins with what the one before had.
  for (let n = 0; n < 130; n++) {
    first.push(await callNote(meter.driver, request(n), 1000));
    // What the journal turns for may be a note or the registers.
    await meter.pulses(0, 1, 2000);
    await meter.client.drain(INTERVAL_MS / 2);
    await meter.driver.restart();
    expect(await meter.client.boot({ ratingW: 40 })).toBe(0);
    // Known before the time is, and none has taken the oldest one's place.
    for (const kept of [n, Math.max(n - 8, 0), Math.max(n - 15, 0)]) {
      expect([n, kept, await callNote(meter.driver, request(kept), 0)]).toEqual([n, kept, first[kept]]);
    }
    await meter.client.drain(0);
    expect(await meter.client.setClock(0, MIDNIGHT)).toBe(0);
  }
  // Their total outlasts them as well.
  const all = (130n * 131n) / 2n;
  expect(await meter.ask({ kind: "promise", interval: 2, energyMwh: 1n }, 1000)).toBe(all + 1n);
});

onEveryEngine("sixteen intervals ahead can be promised, and old totals make room for new ones", async (open) => {
  const meter = new Seller(await open());
  await meter.boot();
  const promise = (interval: number, atMs: number): Promise<unknown> =>
    meter.ask({ kind: "promise", interval, energyMwh: 1n }, atMs);
  for (let interval = 1; interval <= 16; interval++) expect(await promise(interval, 0)).toBe(1n);
  expect(await promise(17, 0)).toBe(ERR_CAPACITY);
  expect(await promise(1000, 0)).toBe(ERR_CAPACITY);
  expect(await promise(16, 0)).toBe(2n);
  expect(await promise(0, 0)).toBe(1n);
  for (let interval = 1; interval <= 30; interval++) {
    await meter.client.drain(interval * INTERVAL_MS);
    // Interval number 9 takes the last place of 24, and number 10 the first one's.
    expect(await promise(interval + 16, interval * INTERVAL_MS), `${interval}`).toBe(1n);
    expect(await promise(interval, interval * INTERVAL_MS), `${interval}`).toBe(
      interval <= 16 ? (interval === 16 ? 3n : 2n) : 2n,
    );
  }
  // A clock that was ahead does not bring back what is forgotten.
  await meter.client.setClock(30 * INTERVAL_MS, MIDNIGHT + 5 * INTERVAL_MS);
  expect(await promise(5, 30 * INTERVAL_MS)).toBe(ERR_EXPIRED);
  expect(await promise(22, 30 * INTERVAL_MS)).toBe(ERR_EXPIRED);
  expect(await promise(24, 30 * INTERVAL_MS)).toBe(3n);
});

onEveryEngine("notes have no room in small sectors", async (_, engine) => {
  if (engine === "qemu" || engine === "posix") return;
  const config = { ...CONFIG, ratingW: 4 };
  const answer = (sectorBytes: number): unknown => {
    const flash = { sectorBytes, sectors: 8 };
    const meter = new EmulatedMeter(engineByName(engine), readMetrology(), new KeyStore(TEST_KEY), config, { flash });
    meter.start(MIDNIGHT);
    const note = meter.note(requestOf(1, { kind: "promise", energyMwh: 1n }));
    return typeof note === "number" ? note : note.length;
  };
  expect([512, 2556, 2560].map(answer)).toEqual([ERR_FLASH, ERR_FLASH, 88]);
});

onEveryEngine("arguments and states that no note comes from", async (open) => {
  const meter = new Seller(await open());
  const request = requestOf(1, { kind: "promise", energyMwh: 1n });
  expect((await callNote(meter.driver, request, 0)).result).toBe(ERR_STATE);
  expect(await meter.client.boot({ ratingW: 4 })).toBe(0);
  expect((await callNote(meter.driver, request, 0)).result).toBe(ERR_STATE);
  expect(await meter.client.setClock(0, MIDNIGHT)).toBe(0);
  const how = async (value: number, start = request.intervalStart, energy = 1n, monoMs = 0n): Promise<number> =>
    (await meter.driver.call("note", [value, start, energy, monoMs], hashOf(1))).result;
  expect(await how(4)).toBe(ERR_ARGUMENT);
  expect(await how(-1)).toBe(ERR_ARGUMENT);
  expect(await how(1, START_S + 1)).toBe(ERR_ARGUMENT);
  expect(await how(1, 0)).toBe(ERR_ARGUMENT);
  expect(await how(1, START_S, 0n)).toBe(ERR_ARGUMENT);
  expect(await how(1, START_S, 1n, -1n)).toBe(ERR_ARGUMENT);
  // An interval that has ended is closed first: what its last pulses were is not known before.
  expect(await how(1, request.intervalStart, 1n, BigInt(INTERVAL_MS))).toBe(ERR_STATE);
  await meter.client.drain(INTERVAL_MS);
  expect(await how(1, request.intervalStart, 1n, BigInt(INTERVAL_MS))).toBe(88);
});

onEveryEngine("what was metered is known again after a power cut, as far as the records tell", async (open) => {
  const meter = new Seller(await open());
  await meter.boot();
  await meter.client.drain(INTERVAL_MS);
  for (const interval of [1, 2]) {
    await meter.pulses(1, interval, interval * INTERVAL_MS + 500);
    await meter.client.drain((interval + 1) * INTERVAL_MS);
  }
  await meter.pulses(1, 5, 3 * INTERVAL_MS + 500);
  const running = { interval: 3, energyMwh: 5_000n };
  expect(await meter.ask({ ...running, energyMwh: 4_000n }, 3 * INTERVAL_MS + 60_000)).toBe(4_000n);
  await meter.driver.restart();
  await meter.boot(3 * INTERVAL_MS + 120_000);
  // The receipt's pulses were made safe with it: none is lost, and none is sold again.
  expect(await meter.ask({ ...running, energyMwh: 1_001n }, 1000)).toBe(ERR_CAPACITY);
  expect(await meter.ask({ ...running, energyMwh: 1_000n }, 1000)).toBe(5_000n);
  expect(await meter.ask({ interval: 2, energyMwh: 2_000n }, 1000)).toBe(2_000n);
  expect(await meter.ask({ interval: 1, energyMwh: 1_001n }, 1000)).toBe(ERR_CAPACITY);
  expect(await meter.ask({ interval: 1, energyMwh: 1_000n }, 1000)).toBe(1_000n);
  expect(await meter.ask({ interval: 0, energyMwh: 1n }, 1000)).toBe(ERR_EXPIRED);
  // Off for longer than the rest of an interval: that interval and the one of the return have no two ends.
  await meter.driver.restart();
  await meter.boot(5 * INTERVAL_MS + 1000);
  await meter.pulses(1, 2, 2000);
  expect(await meter.ask({ interval: 5, energyMwh: 1n }, 60_000)).toBe(ERR_EXPIRED);
  expect(await meter.ask({ interval: 3, energyMwh: 1n }, 60_000)).toBe(ERR_EXPIRED);
  expect(await meter.ask({ interval: 4, energyMwh: 1n }, 60_000)).toBe(ERR_EXPIRED);
});

onEveryEngine("what is known again is that of the last intervals, and not of readings in between", async (open) => {
  const meter = new Seller(await open());
  await meter.boot();
  await meter.client.drain(INTERVAL_MS);
  for (let interval = 1; interval <= 12; interval++) {
    const from = interval * INTERVAL_MS;
    await meter.pulses(1, interval, from + 500);
    // Records of a transaction, whose pages are as those of intervals.
    expect(await meter.client.transaction(interval % 2 === 1 ? "B" : "E", from + 60_000)).toBe(0);
    await meter.client.drain(from + 60_000);
    await meter.client.drain(from + INTERVAL_MS);
  }
  await meter.driver.restart();
  await meter.boot(13 * INTERVAL_MS + 1000);
  const known: unknown[] = [];
  for (let interval = 1; interval <= 12; interval++) {
    known.push(await meter.ask({ interval, energyMwh: BigInt(interval) * 1_000n + 1n }, 1000));
    known.push(await meter.ask({ interval, energyMwh: BigInt(interval) * 1_000n }, 1000));
  }
  expect(known).toEqual([
    ...Array<number>(8).fill(ERR_EXPIRED),
    ...[5, 6, 7, 8, 9, 10, 11, 12].flatMap((interval) => [ERR_CAPACITY, BigInt(interval) * 1_000n]),
  ]);
});

onEveryEngine("a pulse whose level has lasted counts for a note, though nothing has come since", async (open) => {
  const meter = new Seller(await open());
  expect(await meter.client.boot({ ratingW: 4, inputs: [S0_INPUT, S0_INPUT] })).toBe(0);
  await meter.client.drain(0);
  expect(await meter.client.setClock(0, MIDNIGHT)).toBe(0);
  await meter.client.drain(INTERVAL_MS);
  expect(await meter.client.edges(INTERVAL_MS, [{ timeMs: INTERVAL_MS + 100, input: 1, level: 1 }])).toBe(1);
  expect(await meter.ask({ energyMwh: 1n }, INTERVAL_MS + 129)).toBe(ERR_CAPACITY);
  expect(await meter.ask({ energyMwh: 1_000n }, INTERVAL_MS + 130)).toBe(1_000n);
});

onEveryEngine("after a step of the clock no interval is taken for whole that was not", async (open) => {
  const meter = new Seller(await open());
  await meter.boot();
  for (const interval of [1, 2, 3]) await meter.client.drain(interval * INTERVAL_MS);
  await meter.pulses(1, 4, 3 * INTERVAL_MS + 500);
  // Back by three intervals: interval 0 runs once more, then interval 1, which had readings at both ends before.
  const back = 3 * INTERVAL_MS + 60_000;
  await meter.client.setClock(back, MIDNIGHT + 60_000);
  const ask = (interval: number, atMs: number): Promise<unknown> => meter.ask({ interval, energyMwh: 1n }, atMs);
  expect(await ask(0, back)).toBe(ERR_EXPIRED);
  expect(await ask(3, back)).toBe(ERR_EXPIRED);
  expect(await ask(1, back)).toBe(ERR_CAPACITY);
  await meter.client.drain(back + INTERVAL_MS);
  // Between the first end of interval 2 and the second one of interval 0 lies no interval.
  expect(await ask(0, back + INTERVAL_MS)).toBe(ERR_EXPIRED);
  // From its second beginning on, interval 1 has what is counted now.
  await meter.pulses(1, 1, back + INTERVAL_MS + 500);
  expect(await ask(1, back + INTERVAL_MS + 60_000)).toBe(1n);
});

onEveryEngine("verifyNote believes no other figures, hash or key", async (open) => {
  const meter = new Seller(await open());
  await meter.boot();
  const note = await meter.note({ kind: "promise", energyMwh: 9n, paymentHash: hashOf(1) }, 0);
  if (typeof note === "number") return expect.fail(`refused: ${note}`);
  const key = await meter.driver.publicKey();
  expect(verifyNote(note, hashOf(1), key)).toBeUndefined();
  const wrong = "the signature is not the meter's for this payment_hash and these figures";
  expect(verifyNote(note, hashOf(2), key)).toBe(wrong);
  expect(verifyNote({ ...note, issuedMwh: 10n }, hashOf(1), key)).toBe(wrong);
  expect(verifyNote({ ...note, energyMwh: 8n }, hashOf(1), key)).toBe(wrong);
  expect(verifyNote({ ...note, intervalStart: note.intervalStart + 1 }, hashOf(1), key)).toBe(wrong);
  expect(verifyNote({ ...note, signature: new Uint8Array(64).fill(0xff) }, hashOf(1), key)).toBe(wrong);
  expect(verifyNote(note, hashOf(1), secp256k1.getPublicKey(new Uint8Array(32).fill(3)))).toBe(wrong);
  expect(verifyNote({ ...note, issuedMwh: 8n }, hashOf(1), key)).toMatch(/the note alone has 9/);
  expect(verifyNote({ ...note, energyMwh: 0n }, hashOf(1), key)).toBe("the note is of no energy");
  expect(verifyNote(note, hashOf(1).subarray(1), key)).toMatch(/31 bytes/);
  expect(verifyNote(note, hashOf(1), new Uint8Array(33))).toMatch(/no compressed point/);
});
