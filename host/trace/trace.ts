import type { ExportName } from "../metrology/abi.js";
import type { DriverOptions, MeterDriver } from "../metrology/driver.js";

/** One export call as it went in and what came out; bytes in hexadecimal, i64 as decimal text. */
export interface TraceStep {
  readonly call: ExportName | "restart";
  readonly args: readonly (number | string)[];
  readonly input: string;
  readonly result: number;
  readonly output: string;
}

/** Everything that a replay needs and everything that it must reproduce. */
export interface Trace {
  /** Private key of the test board, hexadecimal. */
  readonly key: string;
  readonly flashBefore: string | null;
  readonly steps: readonly TraceStep[];
  readonly flashAfter: string;
}

/** A replay that went another way. */
export class TraceMismatch extends Error {
  override readonly name = "TraceMismatch";
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
const bytesOf = (text: string): Uint8Array => Buffer.from(text, "hex");

/** Passes every call on to `driver` and writes it down. */
export class Recorder implements MeterDriver {
  private readonly steps: TraceStep[] = [];

  constructor(
    private readonly driver: MeterDriver,
    private readonly options: DriverOptions,
  ) {}

  get engine(): string {
    return this.driver.engine;
  }

  async call(name: ExportName, args: readonly (number | bigint)[], input?: Uint8Array) {
    const outcome = await this.driver.call(name, args, input);
    this.steps.push({
      call: name,
      args: args.map((arg) => (typeof arg === "bigint" ? arg.toString() : arg)),
      input: hex(input ?? new Uint8Array()),
      result: outcome.result,
      output: hex(outcome.output),
    });
    return outcome;
  }

  async restart(): Promise<void> {
    await this.driver.restart();
    this.steps.push({ call: "restart", args: [], input: "", result: 0, output: "" });
  }

  publicKey(): Promise<Uint8Array> {
    return this.driver.publicKey();
  }

  flash(): Promise<Uint8Array> {
    return this.driver.flash();
  }

  close(): Promise<void> {
    return this.driver.close();
  }

  /** The trace so far. */
  async trace(): Promise<Trace> {
    const { key, flash } = this.options;
    return {
      key: hex(key),
      flashBefore: flash === undefined ? null : hex(flash),
      steps: [...this.steps],
      flashAfter: hex(await this.flash()),
    };
  }
}

/** What to open a driver with for `replay`. */
export function traceOptions(trace: Trace): DriverOptions {
  const key = bytesOf(trace.key);
  return trace.flashBefore === null ? { key } : { key, flash: bytesOf(trace.flashBefore) };
}

/** Gives `driver` the trace's calls; throws TraceMismatch at the first byte that differs, flash contents included. */
export async function replay(trace: Trace, driver: MeterDriver): Promise<void> {
  for (const [i, step] of trace.steps.entries()) {
    if (step.call === "restart") {
      await driver.restart();
      continue;
    }
    const args = step.args.map((arg) => (typeof arg === "string" ? BigInt(arg) : arg));
    const { result, output } = await driver.call(step.call, args, bytesOf(step.input));
    if (result !== step.result || hex(output) !== step.output) {
      throw new TraceMismatch(
        `step ${i}, ${step.call}(${step.args.join(", ")}) on ${driver.engine}: ` +
          `${result} ${hex(output)}, recorded ${step.result} ${step.output}`,
      );
    }
  }
  const flash = hex(await driver.flash());
  if (flash !== trace.flashAfter)
    throw new TraceMismatch(`flash after ${trace.steps.length} steps on ${driver.engine}`);
}
