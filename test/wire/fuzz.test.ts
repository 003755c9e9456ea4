import fc from "fast-check";
import { expect } from "vitest";
import { encodeMessage, MESSAGES } from "../../host/wire/message.js";
import { onEveryModuleEngine, type TestModule } from "../driver/modules.js";
import { toHex } from "../driver/vectors.js";
import { WIRE_MUTATIONS } from "../long/counts.js";
import { messageOf } from "./arbitraries.js";

const ENTRY = "test/wire/fuzz.entry.ts";
const MEMORY_BYTES = 65536;
/** What the wire room writes to besides its caller's record: one record in the making. */
const DRAFT_BYTES = 208;
/** Rounds of one call: short of what a board's instruction budget allows. */
const ROUNDS = { v8: 1000, wasm3: 100, qemu: 2 } as const;

/** Bases to mutate: messages of every type in turn, with ever other contents. */
function* bases(seed: number): Generator<Uint8Array> {
  for (let batch = 0; ; batch++) {
    const samples = MESSAGES.map((schema) =>
      fc.sample(messageOf(schema), { numRuns: 8, seed: seed + 1000 * batch + schema.type }),
    );
    for (let i = 0; i < 8; i++) {
      for (const sample of samples) {
        const message = sample[i];
        const frame = message && encodeMessage(message);
        if (frame && frame.length <= 4000) yield frame;
      }
    }
  }
}

class Fuzzer {
  readonly outcomes: number[] = [];

  private constructor(
    private readonly module: TestModule,
    private readonly arena: number,
    private readonly arenaBytes: number,
  ) {}

  static async open(module: TestModule): Promise<Fuzzer> {
    const [arena, bytes] = await Promise.all([module.call("arena"), module.call("arena_bytes")]);
    return new Fuzzer(module, arena as number, bytes as number);
  }

  /** Mutates bases until `count` frames were judged. */
  async run(count: number, seed: number): Promise<void> {
    const rounds = ROUNDS[this.module.engine];
    let done = 0;
    for (const base of bases(seed)) {
      await this.module.write(this.arena, base);
      const defect = await this.module.call("run", seed + done, base.length, rounds);
      if (defect !== 0) expect([defect, await this.failed()]).toEqual([0, ""]);
      done += rounds;
      if (done >= count) break;
    }
    const counts = await this.module.read((await this.module.call("counts_at")) as number, 32 * 4);
    for (let i = 0; i < 32; i++) this.outcomes.push(Buffer.from(counts).readUInt32LE(4 * i));
  }

  private async failed(): Promise<string> {
    const [at, length] = await Promise.all([this.module.call("failed_at"), this.module.call("failed_len")]);
    return toHex(await this.module.read(at as number, length as number));
  }

  /** Fills what is nobody's, so that zeros written there show as well. Returns where it begins. */
  async fillFree(): Promise<number> {
    const free = (await this.module.call("heap_base")) as number;
    const tail = (await this.module.call("tail_bytes")) as number;
    await this.module.write(free, new Uint8Array(MEMORY_BYTES - tail - free).fill(0x5a));
    return free;
  }

  /** Linear memory without the test's own buffers: what lies before them, between them and the frames, as zeros there. */
  async memory(): Promise<Uint8Array> {
    const tail = (await this.module.call("tail_bytes")) as number;
    const memory = Uint8Array.from(await this.module.read(0, MEMORY_BYTES));
    memory.fill(0, this.arena, this.arena + this.arenaBytes);
    memory.fill(0, MEMORY_BYTES - tail);
    return memory;
  }
}

onEveryModuleEngine(
  "wire: mutated frames do not trap, are not read beyond, and touch nothing",
  ENTRY,
  async (module) => {
    const fuzzer = await Fuzzer.open(module);
    const free = await fuzzer.fillFree();
    const before = await fuzzer.memory();
    const count = WIRE_MUTATIONS[module.engine];
    await fuzzer.run(count, 1);
    const after = await fuzzer.memory();
    const changed = [...after.keys()].filter((at) => after[at] !== before[at]);
    const [first = 0, last = 0] = [changed[0], changed.at(-1)];
    expect(last - first).toBeLessThan(DRAFT_BYTES);
    expect(last).toBeLessThan(free);
    // Every outcome in earnest, or the mutations were no test: accepted, ignored, and each code of decode_message.
    expect(fuzzer.outcomes.reduce((sum, outcome) => sum + outcome)).toBeGreaterThanOrEqual(count);
    const codes = module.engine === "qemu" ? [0, 10] : [0, 1, 10, 11, 12, 13, 14, 15, 16, 19];
    for (const code of codes) expect(fuzzer.outcomes[code], `outcome ${code}`).toBeGreaterThan(count / 20_000);
  },
  600_000,
);
