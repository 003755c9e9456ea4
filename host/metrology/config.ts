/** How an input takes edges for pulses: assembly/metrology/inputs.ts. */
export interface InputConfig {
  readonly filter: "edge" | "pulse" | "counter";
  /** Shortest on and off times, ms, 0..65535. */
  readonly minOnMs: number;
  readonly minOffMs: number;
  /** Pulses nearer to each other raise the rate alarm, ms; 0: none do. */
  readonly minPeriodMs: number;
}

/** An S0 output (IEC 62053-31): at least 30 ms on and 30 ms off. */
export const S0_INPUT: InputConfig = { filter: "pulse", minOnMs: 30, minOffMs: 30, minPeriodMs: 60 };
/** A meter's LED. */
export const LED_INPUT: InputConfig = { filter: "edge", minOnMs: 3, minOffMs: 1, minPeriodMs: 4 };
/** A hardware pulse counter with a filter of its own. */
export const COUNTER_INPUT: InputConfig = { filter: "counter", minOnMs: 0, minOffMs: 0, minPeriodMs: 0 };

/** What `boot` needs to know of a meter: PROTOCOL.md, "Configuration record". */
export interface MeterConfig {
  /** 1..24 printable ASCII characters without " \ |. */
  readonly serial: string;
  readonly vendor: string;
  readonly model: string;
  /** Impulses per kWh, 1..100,000. */
  readonly meterConstant: number;
  /** Delivery interval, s: a divisor of 3600, at least 5. */
  readonly intervalS: number;
  /** Import and export; S0 inputs unless said otherwise. */
  readonly inputs?: readonly [InputConfig, InputConfig];
  /** What a power cut may lose: 1,000..60,000 ms, 10,000 unless said otherwise. */
  readonly lossBoundMs?: number;
  /** Likewise 1..1,000 Wh, 10 unless said otherwise. */
  readonly lossBoundWh?: number;
  /** Most that the plant behind the meter can take or give, W: promises go no further. 0, none, unless said otherwise. */
  readonly ratingW?: number;
}

export const CONFIG_BYTES = 112;
const TEXT_BYTES = 24;
const VERSION = 2;
const TEXT = /^[\x20-\x7e]*$/;
const FILTERS: readonly InputConfig["filter"][] = ["edge", "pulse", "counter"];

/** The configuration record, 112 bytes. Throws RangeError naming the field that is wrong. */
export function encodeConfig(config: MeterConfig): Uint8Array {
  const {
    meterConstant,
    intervalS,
    inputs = [S0_INPUT, S0_INPUT],
    lossBoundMs = 10_000,
    lossBoundWh = 10,
    ratingW = 0,
  } = config;
  whole("meter constant", meterConstant, 1, 100_000, "imp/kWh");
  if (!Number.isInteger(intervalS) || intervalS < 5 || 3600 % intervalS !== 0) {
    throw new RangeError(`interval: ${intervalS} s is not a divisor of 3600 s from 5 s`);
  }
  whole("loss bound", lossBoundMs, 1000, 60_000, "ms");
  whole("loss bound", lossBoundWh, 1, 1000, "Wh");
  whole("rating", ratingW, 0, 2 ** 32 - 1, "W");
  if (config.serial === "") throw new RangeError("serial: empty");
  const view = new DataView(new ArrayBuffer(CONFIG_BYTES));
  for (const [i, value] of [VERSION, meterConstant, intervalS, lossBoundMs, lossBoundWh].entries()) {
    view.setUint32(i * 4, value, true);
  }
  for (const [i, input] of inputs.entries()) {
    const at = 20 + i * 8;
    view.setUint8(at, FILTERS.indexOf(input.filter));
    for (const [j, name] of (["minOnMs", "minOffMs", "minPeriodMs"] as const).entries()) {
      whole(`input ${i} ${name}`, input[name], 0, 65_535, "ms");
      view.setUint16(at + 2 + j * 2, input[name], true);
    }
  }
  view.setUint32(36, ratingW, true);
  const bytes = new Uint8Array(view.buffer);
  for (const [i, name] of (["serial", "vendor", "model"] as const).entries()) {
    const text = config[name];
    if (text.length > TEXT_BYTES || !TEXT.test(text) || /["\\|]/.test(text)) {
      throw new RangeError(`${name}: ${JSON.stringify(text)} is not at most 24 ASCII characters without " \\ |`);
    }
    bytes.set(Buffer.from(text, "ascii"), 40 + i * TEXT_BYTES);
  }
  return bytes;
}

function whole(name: string, value: number, low: number, high: number, unit: string): void {
  if (!Number.isInteger(value) || value < low || value > high) {
    throw new RangeError(`${name}: ${value} ${unit} is not an integer in ${low}..${high}`);
  }
}
