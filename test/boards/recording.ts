import { createHmac } from "node:crypto";
import type { NodeOutput, RandomSource } from "../../host/board/node_board.js";
import type { Engine, HostFunction, Imports, Instance } from "../../host/engine/engine.js";
import { engineByName } from "../../host/engine/index.js";
import type { ExportName } from "../../host/metrology/abi.js";
import type { BoardClient } from "../../host/link/board_client.js";
import { BOARD_MODULE, type NodeExportName } from "../../host/node/abi.js";

/** One call from outside of one of a board's two modules, and what came of it. */
export interface RecordedCall {
  readonly place: "metrology" | "node";
  readonly name: string;
  readonly args: readonly (number | bigint)[];
  readonly input: Uint8Array;
  readonly result: number;
  readonly output: Uint8Array;
  readonly outputs: readonly NodeOutput[];
}

/** How many bytes of the input buffer a call takes. */
function inputBytes(place: RecordedCall["place"], name: string, args: readonly (number | bigint)[]): number {
  const at = (i: number): number => Number(args[i] ?? 0);
  if (place === "node") {
    if (name === "connect") return at(1) === 0 ? 0 : 33;
    return name === "boot" ? at(0) : ["receive", "command", "funding_spent"].includes(name) ? at(1) : 0;
  }
  if (name === "pulse_edges") return 4 * at(1);
  return name === "boot" ? at(0) : name === "transaction" ? at(1) : name === "note" ? 32 : 0;
}

/** V8, writing down what both modules of one board are asked for from outside. */
export class Recorder {
  readonly calls: RecordedCall[] = [];
  private outputs: NodeOutput[] = [];
  private depth = 0;

  engine(place: RecordedCall["place"]): Engine {
    const v8 = engineByName("v8");
    return {
      name: "v8",
      instantiate: (wasm, imports, sourceMap) => {
        const watched = place === "node" ? this.watched(imports, () => instance.memory()) : imports;
        const instance: Instance = v8.instantiate(wasm, watched, sourceMap);
        const [inputAt, outputAt] = ["in_buffer", "out_buffer"].map((name) => Number(instance.call(name)));
        const memory = (from = 0, length = 0): Uint8Array => instance.memory().slice(from, from + length);
        return {
          memory: () => instance.memory(),
          call: (name, ...args) => {
            const input = memory(inputAt, inputBytes(place, name, args));
            this.depth++;
            let result: number;
            try {
              result = Number(instance.call(name, ...args));
            } finally {
              this.depth--;
            }
            // What the node asks of its meter is no call from outside.
            if (this.depth === 0) {
              const filled = name === "command" || place === "metrology" ? Math.max(result, 0) : 0;
              const output = BUFFERLESS.has(name) ? new Uint8Array(0) : memory(outputAt, filled);
              this.calls.push({ place, name, args, input, result, output, outputs: this.outputs });
              this.outputs = [];
            }
            return result;
          },
        };
      },
    };
  }

  /** The same imports; what leaves the node by them is written down. */
  private watched(imports: Imports, memory: () => Uint8Array): Imports {
    const bytes = (at: number, length: number): Uint8Array => memory().slice(at >>> 0, (at >>> 0) + length);
    const note: Record<string, (...args: number[]) => NodeOutput> = {
      send: (connection = 0, at = 0, length = 0) => ({ kind: "send", connection, bytes: bytes(at, length) }),
      hang_up: (connection = 0) => ({ kind: "hang_up", connection }),
      tell: (what = 0, at = 0, length = 0) => ({ kind: "tell", what, record: bytes(at, length) }),
      broadcast: (chain = 0, at = 0, length = 0) => ({ kind: "broadcast", chain, transaction: bytes(at, length) }),
      watch: (chain = 0, channel = 0, outpoint = 0, script = 0, length = 0) => ({
        kind: "watch",
        chain,
        channel,
        outpoint: bytes(outpoint, 36),
        script: bytes(script, length),
      }),
    };
    const board = Object.entries(imports[BOARD_MODULE] ?? {}).map(([name, call]): [string, HostFunction] => {
      const output = note[name];
      if (output === undefined) return [name, call];
      const both = (...args: number[]): number => {
        this.outputs.push(output(...args));
        return (call as (...args: number[]) => number)(...args);
      };
      return [name, both];
    });
    return { ...imports, [BOARD_MODULE]: Object.fromEntries(board) };
  }
}

/** Exports of metrology whose result is no length of an output. */
const BUFFERLESS = new Set([
  ...["abi", "in_buffer", "out_buffer", "memory_bytes", "boot", "set_clock"],
  ...["pulse_edges", "pulse_counter", "tamper", "transaction"],
]);

/** Does on a board what was recorded. Returns the calls that came out otherwise, none if all is well. */
export async function replay(client: BoardClient, calls: readonly RecordedCall[]): Promise<string[]> {
  const differences: string[] = [];
  for (const [i, call] of calls.entries()) {
    // Where a module's buffers lie the board asks itself.
    if (["in_buffer", "out_buffer"].includes(call.name)) continue;
    const { name, args, input, output } = call;
    const got =
      call.place === "node"
        ? await client.callNode(name as NodeExportName, args, input, output.length)
        : { ...(await client.call(name as ExportName, args, input)), outputs: [] };
    const one = { result: call.result, output: Buffer.from(output), outputs: call.outputs };
    const other = { result: got.result, output: Buffer.from(got.output), outputs: got.outputs };
    if (text(one) === text(other)) continue;
    differences.push(`call ${i}, ${call.place} ${name}(${args.join(", ")}): ${text(other)} instead of ${text(one)}`);
  }
  return differences;
}

const text = (value: unknown): string =>
  JSON.stringify(value, (_, field: unknown) =>
    field instanceof Uint8Array ? Buffer.from(field).toString("hex") : field,
  );

const hmac = (key: Uint8Array, ...parts: Uint8Array[]): Buffer => {
  const hash = createHmac("sha256", key);
  for (const part of parts) hash.update(part);
  return hash.digest();
};

/** The random generator of a board with this seed (RFC 6979, 3.2; HMAC-DRBG), after it has blinded its curve with it. */
export class BoardRandom implements RandomSource {
  private key: Buffer = Buffer.alloc(32, 0);
  private value: Buffer = Buffer.alloc(32, 1);
  private again = false;

  constructor(seed: Uint8Array) {
    for (const step of [0, 1]) this.mix(Uint8Array.of(step), seed);
    this.bytes(32);
  }

  bytes(length: number): Uint8Array {
    if (this.again) this.mix(Uint8Array.of(0));
    this.again = true;
    const blocks: Buffer[] = [];
    for (let made = 0; made < length; made += 32) blocks.push((this.value = hmac(this.key, this.value)));
    return Uint8Array.from(Buffer.concat(blocks).subarray(0, length));
  }

  private mix(...more: Uint8Array[]): void {
    this.key = hmac(this.key, this.value, ...more);
    this.value = hmac(this.key, this.value);
  }
}
