import type { NodeOutput } from "../board/node_board.js";
import type { Engine, HostFunction, Imports } from "../engine/engine.js";
import { v8 } from "../engine/v8.js";
import { BOARD_MODULE, CRYPTO_MODULE, type CryptoImportName } from "../node/abi.js";

/** One call of an import of cryptography. */
export interface ImportCall {
  readonly name: CryptoImportName;
  readonly args: readonly number[];
}

/** One call from outside of one of a board's two modules, and what came of it. */
export interface RecordedCall {
  readonly place: "metrology" | "node";
  readonly name: string;
  readonly args: readonly (number | bigint)[];
  readonly input: Uint8Array;
  readonly result: number;
  readonly output: Uint8Array;
  readonly outputs: readonly NodeOutput[];
  /** The cryptography in it, of both modules. */
  readonly crypto: readonly ImportCall[];
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

/** Exports of metrology whose result is no length of an output. */
const BUFFERLESS = new Set([
  ...["abi", "in_buffer", "out_buffer", "memory_bytes", "boot", "set_clock"],
  ...["pulse_edges", "pulse_counter", "tamper", "transaction"],
]);

/** What metrology's own cryptography is in terms of the node's. */
const METROLOGY_CRYPTO: Readonly<Record<string, (args: readonly number[]) => ImportCall>> = {
  sha256: (args) => ({ name: "sha256", args }),
  sign: ([digest = 0, signature = 0]) => ({ name: "key_sign", args: [0, 0, 0, digest, signature] }),
};

/** V8, writing down what both modules of one board are asked for from outside. */
export class BoardRecorder {
  readonly calls: RecordedCall[] = [];
  private outputs: NodeOutput[] = [];
  private crypto: ImportCall[] = [];
  private depth = 0;
  private nodeMemory: () => Uint8Array = () => new Uint8Array(0);

  engine(place: RecordedCall["place"]): Engine {
    return {
      name: "v8",
      instantiate: (wasm, imports, sourceMap) => {
        const instance = v8.instantiate(wasm, this.watched(place, imports), sourceMap);
        const [inputAt, outputAt] = ["in_buffer", "out_buffer"].map((name) => Number(instance.call(name)));
        if (place === "node") this.nodeMemory = () => instance.memory();
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
              const { outputs, crypto } = this;
              this.calls.push({ place, name, args, input, result, output, outputs, crypto });
              this.outputs = [];
              this.crypto = [];
            }
            return result;
          },
        };
      },
    };
  }

  /** The same imports; what they show of the module is written down. */
  private watched(place: RecordedCall["place"], imports: Imports): Imports {
    if (place === "metrology") {
      return this.noting(imports, BOARD_MODULE, (name, args) => {
        const call = METROLOGY_CRYPTO[name]?.(args);
        if (call !== undefined) this.crypto.push(call);
      });
    }
    const board = this.noting(imports, BOARD_MODULE, (name, args) => {
      const output = this.output(name, args);
      if (output !== undefined) this.outputs.push(output);
    });
    return this.noting(board, CRYPTO_MODULE, (name, args) => {
      this.crypto.push({ name: name as CryptoImportName, args });
    });
  }

  private noting(imports: Imports, module: string, note: (name: string, args: number[]) => void): Imports {
    const functions = Object.entries(imports[module] ?? {}).map(([name, call]): [string, HostFunction] => [
      name,
      (...args: number[]): number => {
        note(name, args);
        return (call as (...args: number[]) => number)(...args);
      },
    ]);
    return { ...imports, [module]: Object.fromEntries(functions) };
  }

  /** What leaves the node by an import; undefined if that is nothing. */
  private output(name: string, [a = 0, b = 0, c = 0, d = 0, e = 0]: readonly number[]): NodeOutput | undefined {
    const bytes = (at: number, length: number): Uint8Array => this.nodeMemory().slice(at >>> 0, (at >>> 0) + length);
    switch (name) {
      case "send":
        return { kind: "send", connection: a, bytes: bytes(b, c) };
      case "hang_up":
        return { kind: "hang_up", connection: a };
      case "tell":
        return { kind: "tell", what: a, record: bytes(b, c) };
      case "broadcast":
        return { kind: "broadcast", chain: a, transaction: bytes(b, c) };
      case "watch":
        return { kind: "watch", chain: a, channel: b, outpoint: bytes(c, 36), script: bytes(d, e) };
      default:
        return undefined;
    }
  }
}
