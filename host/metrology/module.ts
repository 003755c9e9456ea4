import { TAMPER_INPUTS, type TamperInput } from "../board/tamper_inputs.js";
import type { MetrologyBoard } from "../board/metrology_board.js";
import type { Engine, Instance } from "../engine/engine.js";
import { ModuleError } from "../engine/errors.js";
import { readModule, type ModuleFile } from "../engine/module_file.js";
import { ABI_VERSION, INPUT_BYTES, type ExportName } from "./abi.js";
import { encodeConfig, type MeterConfig } from "./config.js";
import { NOTE_BYTES, noteHow, type NoteRequest } from "./note.js";

/** build/metrology.wasm of this project. */
export const readMetrology = (): ModuleFile => readModule("metrology");

/** Registers as the export `registers` gives them. */
export interface Registers {
  /** 1-0:1.8.0 and 1-0:2.8.0, pulses. */
  readonly importPulses: bigint;
  readonly exportPulses: bigint;
  /** The same in mWh, rounded down. */
  readonly importMwh: bigint;
  readonly exportMwh: bigint;
  /** End of the running interval, UTC ms; 0 while the clock is not set. */
  readonly intervalEndUtcMs: number;
  readonly nextPage: number;
  readonly meterConstant: number;
  readonly intervalS: number;
  /** "U", "I", "S", or "" while the clock is not set. */
  readonly clockState: string;
  readonly nextTransactionPage: number;
  /** Number of the newest event, 0 if there is none. */
  readonly newestEvent: number;
}

/** An entry of the event log: PROTOCOL.md, "Event log". */
export interface MeterEvent {
  readonly number: number;
  readonly kind: EventKind;
  /** UTC, ms; 0 while the clock was not set. */
  readonly utcMs: number;
  readonly monoMs: number;
  readonly detail: number;
  /** SHA-256 of the previous event's hash and this event's first 32 bytes. */
  readonly hash: Uint8Array;
}

/** Kinds of events by number, from 1. */
export const EVENT_KINDS = [
  "power down",
  "power up",
  "clock set",
  "cover opened",
  "cover closed",
  "magnet on",
  "magnet off",
  "rate alarm",
  "update",
  "verification failure",
  "configured",
] as const;
export type EventKind = (typeof EVENT_KINDS)[number];

/** Reads the output of `registers`. */
export function decodeRegisters(output: Uint8Array): Registers {
  const view = new DataView(output.buffer, output.byteOffset, output.byteLength);
  const state = view.getUint32(52, true);
  return {
    importPulses: view.getBigUint64(0, true),
    exportPulses: view.getBigUint64(8, true),
    importMwh: view.getBigUint64(16, true),
    exportMwh: view.getBigUint64(24, true),
    intervalEndUtcMs: Number(view.getBigInt64(32, true)),
    nextPage: view.getUint32(40, true),
    meterConstant: view.getUint32(44, true),
    intervalS: view.getUint32(48, true),
    clockState: state === 0 ? "" : String.fromCharCode(state),
    nextTransactionPage: view.getUint32(56, true),
    newestEvent: view.getUint32(60, true),
  };
}

/** Reads the output of `event`, 64 bytes. */
export function decodeEvent(output: Uint8Array): MeterEvent {
  const view = new DataView(output.buffer, output.byteOffset, output.byteLength);
  const kind = EVENT_KINDS[view.getUint16(4, true) - 1];
  if (kind === undefined) throw new RangeError(`event kind ${view.getUint16(4, true)} is unknown`);
  return {
    number: view.getUint32(0, true),
    kind,
    utcMs: Number(view.getBigInt64(8, true)),
    monoMs: Number(view.getBigInt64(16, true)),
    detail: Number(view.getBigInt64(24, true)),
    hash: output.slice(32, 64),
  };
}

/** OCMF's letters, "TX": begin, tariff change, end, ended locally, remotely, by an error. */
export type TransactionReason = "B" | "T" | "E" | "L" | "R" | "A";

/** Who buys, at most 40 characters, and at what tariff, at most 48; printable ASCII without " \\ |. */
export interface TransactionTexts {
  readonly identification?: string;
  readonly tariff?: string;
}

const ERR_NOT_FOUND = -8;

/** Texts of a transaction as the input buffer takes them: two lengths, identification, tariff text. */
export function encodeTexts(identification = "", tariff = ""): Uint8Array {
  const texts = Buffer.from(identification + tariff, "latin1");
  return Uint8Array.from([identification.length, tariff.length, ...texts]);
}

/** metrology.wasm, wherever it runs: the host's only typed way to the firmware. */
export abstract class MetrologyCalls {
  /** Calls an export and returns its i32 result as it is; throws Trap. */
  abstract call(name: ExportName, ...args: (number | bigint)[]): number;

  /** Copies bytes to the input buffer, for the next call. */
  abstract input(bytes: Uint8Array): void;

  /** A copy of the first `length` bytes of the output buffer, as the last call left them. */
  abstract output(length: number): Uint8Array;

  boot(config: MeterConfig, monoMs: number): void {
    const record = encodeConfig(config);
    this.input(record);
    this.expect("boot", record.length, BigInt(monoMs));
  }

  /** @param state "U" unknown, "I" informative, "S" synchronised (OCMF "Time Status") */
  setClock(monoMs: number, utcMs: number, state: "U" | "I" | "S"): void {
    this.expect("set_clock", BigInt(monoMs), BigInt(utcMs), state.charCodeAt(0));
  }

  /** Offers edge records; returns how many were taken before an interval had to be closed. */
  pulseEdges(baseMs: number, records: Uint8Array): number {
    this.input(records);
    return this.expect("pulse_edges", BigInt(baseMs), records.length / 4);
  }

  /** Tells a 16-bit hardware counter's value; returns the pulses it added. */
  pulseCounter(input: number, value: number, monoMs: number): number {
    return this.expect("pulse_counter", input, value, BigInt(monoMs));
  }

  /** Lets time pass; returns the signed record of an interval that ended, if one did: call again until none does. */
  tick(monoMs: number): string | undefined {
    const length = this.expect("tick", BigInt(monoMs));
    return length === 0 ? undefined : this.outputText(length);
  }

  /** A tamper input became active or idle. */
  tamper(what: TamperInput, active: boolean, monoMs: number): void {
    this.expect("tamper", TAMPER_INPUTS.indexOf(what), active ? 1 : 0, BigInt(monoMs));
  }

  /**
   * Begins ("B"), changes the tariff of ("T") or ends ("E", "L" locally, "R" remotely, "A" by an error) a transaction;
   * its record comes out of the next tick.
   */
  transaction(reason: TransactionReason, monoMs: number, texts: TransactionTexts = {}): void {
    const record =
      reason === "B" || reason === "T" ? encodeTexts(texts.identification, texts.tariff) : new Uint8Array();
    this.input(record);
    this.expect("transaction", reason.charCodeAt(0), record.length, BigInt(monoMs));
  }

  /** A record that was signed, rebuilt from flash; undefined if it is overwritten or not signed yet. */
  record(context: "F" | "T", page: number): string | undefined {
    const length = this.call("record", context.charCodeAt(0), page);
    if (length === ERR_NOT_FOUND) return undefined;
    if (length < 0) throw new ModuleError("record", length);
    return this.outputText(length);
  }

  /** An event of the log; undefined if there is none of that number. */
  event(number: number): MeterEvent | undefined {
    const length = this.call("event", number);
    if (length === ERR_NOT_FOUND) return undefined;
    if (length < 0) throw new ModuleError("event", length);
    return decodeEvent(this.output(length));
  }

  /** Issues a note at `monoMs`, before which all pulses have been told: its 88 bytes, or the code of a refusal. */
  note(request: NoteRequest, monoMs: number): Uint8Array | number {
    const { intervalStart, energyMwh, paymentHash } = request;
    this.input(paymentHash);
    const result = this.call("note", noteHow(request), intervalStart, energyMwh, BigInt(monoMs));
    return result === NOTE_BYTES ? this.output(result) : result;
  }

  /** Saves the registers at `monoMs`, before which all pulses have been told: the board is about to start anew. */
  save(monoMs: number): void {
    this.expect("save", BigInt(monoMs));
  }

  registers(): Registers {
    return decodeRegisters(this.output(this.expect("registers")));
  }

  /** The same as text. */
  protected outputText(length: number): string {
    return Buffer.from(this.output(length)).toString("latin1");
  }

  private expect(name: ExportName, ...args: (number | bigint)[]): number {
    const result = this.call(name, ...args);
    if (result < 0) throw new ModuleError(name, result);
    return result;
  }
}

/** metrology.wasm on one engine with its emulated board. */
export class Metrology extends MetrologyCalls {
  private readonly instance: Instance;
  private readonly inputAt: number;
  private readonly outputAt: number;

  constructor(engine: Engine, file: ModuleFile, board: MetrologyBoard) {
    super();
    const imports = board.imports(file.wasm, () => this.instance.memory());
    this.instance = engine.instantiate(file.wasm, imports, file.sourceMap);
    const version = this.call("abi");
    if (version !== ABI_VERSION)
      throw new Error(`metrology.wasm: interface ${version}, this host speaks ${ABI_VERSION}`);
    this.inputAt = this.call("in_buffer");
    this.outputAt = this.call("out_buffer");
  }

  override call(name: ExportName, ...args: (number | bigint)[]): number {
    return this.instance.call(name, ...args) as number;
  }

  override input(bytes: Uint8Array): void {
    if (bytes.length > INPUT_BYTES) throw new RangeError(`input: ${bytes.length} bytes, at most ${INPUT_BYTES}`);
    this.instance.memory().set(bytes, this.inputAt);
  }

  override output(length: number): Uint8Array {
    return this.instance.memory().slice(this.outputAt, this.outputAt + length);
  }

  protected override outputText(length: number): string {
    const memory = this.instance.memory();
    return Buffer.from(memory.buffer, memory.byteOffset + this.outputAt, length).toString("latin1");
  }
}
