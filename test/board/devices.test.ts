import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { secp256k1 } from "@noble/curves/secp256k1.js";
import { VirtualClock } from "../../host/board/clock.js";
import { EdgeFifo, encodeEdges } from "../../host/board/edge_fifo.js";
import { Entropy } from "../../host/board/entropy.js";
import { KeyStore } from "../../host/board/key_store.js";
import { MetrologyBoard } from "../../host/board/metrology_board.js";
import { NorFlash } from "../../host/board/nor_flash.js";
import { PulseSource } from "../../host/board/pulse_source.js";

describe("NOR flash", () => {
  it("only clears bits until it is erased", () => {
    const flash = new NorFlash(16, 2);
    expect(flash.program(3, Uint8Array.of(0b1010_1010))).toBe(true);
    expect(flash.program(3, Uint8Array.of(0b1100_1111))).toBe(true);
    expect(flash.image()[3]).toBe(0b1000_1010);
    expect(flash.erase(0)).toBe(true);
    expect(flash.image()[3]).toBe(0xff);
    expect([...flash.eraseCounts]).toEqual([1, 0]);
  });

  it("refuses what leaves a sector or the flash, and changes nothing", () => {
    const flash = new NorFlash(16, 2);
    const before = flash.image();
    expect(flash.program(15, Uint8Array.of(0, 0))).toBe(false);
    expect(flash.program(32, Uint8Array.of(0))).toBe(false);
    expect(flash.program(-1, Uint8Array.of(0))).toBe(false);
    expect(flash.read(31, new Uint8Array(2))).toBe(false);
    expect(flash.erase(2)).toBe(false);
    expect(flash.erase(-1)).toBe(false);
    expect(flash.image()).toEqual(before);
    expect(() => new NorFlash(16, 2, new Uint8Array(31))).toThrow(/31 bytes/);
  });
});

describe("entropy", () => {
  it("is the seed's and the label's, and nothing else's", () => {
    const root = new Entropy("seed");
    expect(root.stream("a").bytes(40)).toEqual(new Entropy("seed").stream("a").bytes(40));
    expect(root.stream("a").bytes(40)).not.toEqual(root.stream("b").bytes(40));
    expect(root.stream("a").bytes(40)).not.toEqual(new Entropy("other").stream("a").bytes(40));
  });

  it("below() reaches every value and no other", () => {
    const entropy = new Entropy("below");
    const seen = new Set(Array.from({ length: 400 }, () => entropy.below(7)));
    expect([...seen].sort()).toEqual([0, 1, 2, 3, 4, 5, 6]);
  });
});

describe("key store", () => {
  it("signs as an independent library verifies: 64 bytes, low S, the same each time", () => {
    const keys = KeyStore.generate(new Entropy("keys"));
    const digest = new Entropy("digest").bytes(32);
    const [first, second] = [new Uint8Array(64), new Uint8Array(64)];
    keys.sign(digest, first);
    keys.sign(digest, second);
    expect(first).toEqual(second);
    expect(secp256k1.verify(first, digest, keys.publicKey(), { prehash: false, lowS: true })).toBe(true);
  });

  it("refuses what is no private key", () => {
    expect(() => new KeyStore(new Uint8Array(32))).toThrow(/private key/);
    expect(() => new KeyStore(new Uint8Array(31).fill(1))).toThrow(/private key/);
    expect(() => new KeyStore(new Uint8Array(32).fill(0xff))).toThrow(/private key/);
  });
});

describe("edge FIFO", () => {
  it("drops and counts what comes when it is full", () => {
    const fifo = new EdgeFifo(2);
    for (let i = 0; i < 5; i++) fifo.push({ timeMs: i, input: 0, level: 1 });
    expect([fifo.length, fifo.dropped, fifo.firstMs()]).toEqual([2, 3, 0]);
  });

  it("makes batches that their 28-bit times can say", () => {
    const fifo = new EdgeFifo();
    fifo.push({ timeMs: 5, input: 1, level: 1 });
    fifo.push({ timeMs: 2 ** 28 + 4, input: 0, level: 0 });
    fifo.push({ timeMs: 2 ** 28 + 5, input: 0, level: 1 });
    expect(fifo.batch()).toMatchObject({ baseMs: 5, count: 2 });
    expect([...fifo.batch().records]).toEqual([0, 0, 0, 0x90, 0xff, 0xff, 0xff, 0x0f]);
    fifo.take(2);
    expect(fifo.batch()).toMatchObject({ baseMs: 2 ** 28 + 5, count: 1 });
  });

  it("encodes level, input and time", () => {
    const [a, b, c, d] = encodeEdges(100, [{ timeMs: 0x1234 + 100, input: 1, level: 1 }]);
    expect([a, b, c, d]).toEqual([0x34, 0x12, 0x00, 0x90]);
  });
});

describe("pulse source", () => {
  it("gives one pulse for each whole impulse of energy, however the time is cut", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 10_000 }),
        fc.array(fc.tuple(fc.integer({ min: -1_000_000, max: 1_000_000 }), fc.integer({ min: 1, max: 60_000 })), {
          maxLength: 12,
        }),
        (meterConstant, segments) => {
          const source = new PulseSource(meterConstant);
          const energy = [0n, 0n];
          const pulses = [0n, 0n];
          let last = -1;
          let now = 0;
          for (const [power, duration] of [...segments, [0, 60] as const]) {
            for (const edge of source.advance(power, now, now + duration)) {
              expect(edge.timeMs).toBeGreaterThanOrEqual(last);
              last = edge.timeMs;
              if (edge.level === 1) pulses[edge.input] = (pulses[edge.input] ?? 0n) + 1n;
            }
            now += duration;
            const input = power < 0 ? 1 : 0;
            energy[input] = (energy[input] ?? 0n) + BigInt(Math.abs(power)) * BigInt(duration) * BigInt(meterConstant);
          }
          // The pulse that completes exactly at the end of a segment comes with the next one.
          for (const input of [0, 1]) {
            const whole = (energy[input] ?? 0n) / 3_600_000_000_000n;
            expect([whole, whole - 1n]).toContain(pulses[input]);
          }
        },
      ),
      { numRuns: 100 },
    );
  });

  it("refuses a power that its pulses could not follow", () => {
    expect(() => new PulseSource(10_000).advance(10_000_000, 0, 1000)).toThrow(/faster than/);
  });
});

describe("the board's import functions", () => {
  const memory = new Uint8Array(1024);
  const board = new MetrologyBoard(new NorFlash(512, 4), KeyStore.generate(new Entropy("board")));
  const functions = board.imports(Uint8Array.of(1, 2, 3), () => memory)["board"] as unknown as Record<
    string,
    (...args: number[]) => number
  >;
  const call = (name: string, ...args: number[]): number | undefined => functions[name]?.(...args);

  it("refuse every range that leaves memory or partition", () => {
    for (const pointer of [1000, 1024, 0x7fffffff, -1, -32, -2147483648]) {
      expect(call("sha256", 0, 32, pointer)).toBe(-7);
      expect(call("sha256", pointer, 64, 0)).toBe(-7);
      expect(call("sign", pointer, 0)).toBe(-7);
      expect(call("sign", 0, pointer)).toBe(-7);
      expect(call("module_hash", pointer)).toBe(-7);
      expect(call("flash_read", 0, pointer, 64)).toBe(-7);
      expect(call("flash_program", 0, pointer, 64)).toBe(-7);
    }
    expect(call("sha256", 0, -1, 0)).toBe(-7);
    expect(call("flash_read", 2047, 0, 2)).toBe(-7);
    expect(call("flash_program", 511, 0, 2)).toBe(-7);
    expect(call("flash_erase", 4)).toBe(-3);
    expect(memory.every((byte) => byte === 0)).toBe(true);
  });

  it("hash", () => {
    memory.set(Buffer.from("abc"));
    expect(call("sha256", 0, 3, 64)).toBe(0);
    // FIPS 180-4 example.
    expect(Buffer.from(memory.subarray(64, 96)).toString("hex")).toBe(
      "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
    );
  });
});

describe("virtual clock", () => {
  it("never goes back", () => {
    const clock = new VirtualClock(1000);
    clock.advanceTo(5);
    expect([clock.monoMs, clock.utcMs]).toEqual([5, 1005]);
    expect(() => clock.advanceTo(4)).toThrow(/cannot go back/);
  });
});
