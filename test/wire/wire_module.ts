import { hex, toHex } from "../driver/vectors.js";
import type { TestModule } from "../driver/modules.js";

export const ENTRY = "test/wire/wire.entry.ts";

/** Codes of assembly/base/errors.ts. */
export const CODES = {
  ERR_CAPACITY: -15,
  ERR_TRUNCATED: -9,
  ERR_MINIMAL: -10,
  ERR_ORDER: -11,
  ERR_UNKNOWN_EVEN: -12,
  ERR_LENGTH: -13,
  ERR_VALUE: -14,
  ERR_POINT: -18,
  ERR_CHAIN: -22,
  ERR_DEPENDENCY: -23,
} as const;

const DATA_BYTES = 16384;

/** The entry's exports with bytes as arguments. */
export class WireModule {
  private constructor(
    readonly module: TestModule,
    readonly dataAt: number,
    private readonly outAt: number,
    private readonly recordAt: number,
  ) {}

  static async open(module: TestModule): Promise<WireModule> {
    const [data, out, record] = await Promise.all([module.call("data"), module.call("out"), module.call("record")]);
    return new WireModule(module, data as number, out as number, record as number);
  }

  /** Writes `bytes` to `data` and calls an export with their length as its last argument. */
  async on(name: string, bytes: Uint8Array | string, ...before: number[]): Promise<number> {
    const input = typeof bytes === "string" ? hex(bytes) : bytes;
    const [, result] = await Promise.all([
      this.module.write(this.dataAt, input),
      this.module.call(name, ...before, input.length),
    ]);
    return result as number;
  }

  async call(name: string, ...args: (number | bigint)[]): Promise<number> {
    return (await this.module.call(name, ...args)) as number;
  }

  out(length: number): Promise<Uint8Array> {
    return this.module.read(this.outAt, length);
  }

  /** The i32 results at `out`. */
  async codes(count: number): Promise<number[]> {
    const view = new DataView((await this.out(4 * count)).slice().buffer);
    return Array.from({ length: count }, (_, i) => view.getInt32(4 * i, true));
  }

  /** Type or code of each frame. */
  async decodeMany(frames: readonly Uint8Array[]): Promise<number[]> {
    const results: number[] = [];
    for (let done = 0; done < frames.length;) {
      const parts: Uint8Array[] = [];
      let size = 0;
      let frame = frames[done];
      while (frame !== undefined && size + 2 + frame.length <= DATA_BYTES && parts.length < 4000) {
        parts.push(Uint8Array.of(frame.length & 255, frame.length >> 8), frame);
        size += 2 + frame.length;
        frame = frames[done + parts.length / 2];
      }
      const count = parts.length / 2;
      if (count === 0) throw new RangeError("a frame is longer than the test's buffer");
      await this.module.write(this.dataAt, Buffer.concat(parts));
      const [, codes] = await Promise.all([this.module.call("decode_many", count), this.codes(count)]);
      results.push(...codes);
      done += count;
    }
    return results;
  }

  record(): Promise<Uint8Array> {
    return this.module.read(this.recordAt, 208);
  }

  writeRecord(bytes: Uint8Array): Promise<void> {
    return this.module.write(this.recordAt, bytes);
  }

  /** Decodes a message and encodes it again: hex, or the code. */
  async reencode(frame: Uint8Array | string): Promise<string | number> {
    const type = await this.on("decode", frame);
    if (type <= 0) return type;
    const length = await this.call("encode", 8192);
    return length < 0 ? length : toHex(await this.out(length));
  }
}
