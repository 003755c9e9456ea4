import { Fields, paddedText } from "./fields.js";

/** A CONTEXT entry: everything of a record that does not change from one to the next. */
export interface RecordContext {
  readonly constantImpPerKwh: bigint;
  readonly intervalS: number;
  readonly lossBoundMs: number;
  readonly lossBoundWh: number;
  /** How far promises go; 0: there are none. */
  readonly ratingW: number;
  readonly inputs: readonly [imported: InputConfig, exported: InputConfig];
  readonly serial: string;
  readonly vendor: string;
  readonly model: string;
  /** SHA-256 of the metrology module, hex. */
  readonly moduleHash: string;
  /** "major.minor.patch". */
  readonly firmwareVersion: string;
}

export interface InputConfig {
  readonly filter: "edge" | "pulse" | "counter";
  readonly minOnMs: number;
  readonly minOffMs: number;
  /** 0: no rate alarm. */
  readonly minPeriodMs: number;
}

export const CONTEXT_BYTES = 148;
const CONFIG_VERSION = 2;
const TEXT_BYTES = 24;
const FILTERS = ["edge", "pulse", "counter"] as const;

/** Decodes the entry's payload, or says what is wrong with it. */
export function readContext(payload: Uint8Array): RecordContext | string {
  if (payload.length !== CONTEXT_BYTES) return `has ${payload.length} bytes, not ${CONTEXT_BYTES}`;
  const fields = new Fields(payload);
  const version = fields.u32();
  if (version !== CONFIG_VERSION) return `has a configuration of version ${version}, not ${CONFIG_VERSION}`;
  const [constant, intervalS, lossBoundMs, lossBoundWh] = [fields.u32(), fields.u32(), fields.u32(), fields.u32()];
  if (constant < 1 || constant > 100_000) return `has a meter constant of ${constant} imp/kWh`;
  if (intervalS < 5 || 3600 % intervalS !== 0) return `has intervals of ${intervalS} s`;
  if (lossBoundMs < 1000 || lossBoundMs > 60_000) return `has a loss bound of ${lossBoundMs} ms`;
  if (lossBoundWh < 1 || lossBoundWh > 1000) return `has a loss bound of ${lossBoundWh} Wh`;
  const inputs = [readInput(fields), readInput(fields)] as const;
  const [imported, exported] = inputs;
  if (!imported || !exported) return "has an input filter that is none";
  const ratingW = fields.u32();
  const [serial, vendor, model] = [TEXT_BYTES, TEXT_BYTES, TEXT_BYTES].map((n) => paddedText(fields.bytes(n)));
  if (serial == null || vendor == null || model == null || serial === "") {
    return "has a serial, vendor or model that no record can carry";
  }
  const moduleHash = fields.hex(32);
  const firmwareVersion = [fields.u8(), fields.u8(), fields.u8()].join(".");
  return {
    constantImpPerKwh: BigInt(constant),
    intervalS,
    lossBoundMs,
    lossBoundWh,
    ratingW,
    inputs: [imported, exported],
    serial,
    vendor,
    model,
    moduleHash,
    firmwareVersion,
  };
}

function readInput(fields: Fields): InputConfig | null {
  const filter = FILTERS[fields.u8()];
  fields.skip(1);
  const [minOnMs, minOffMs, minPeriodMs] = [fields.u16(), fields.u16(), fields.u16()];
  return filter === undefined ? null : { filter, minOnMs, minOffMs, minPeriodMs };
}
