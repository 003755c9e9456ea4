/** What `boot` needs to know of a meter: assembly/metrology/config.ts. */
export interface MeterConfig {
  /** 1..24 printable ASCII characters without " \ |. */
  readonly serial: string;
  readonly vendor: string;
  readonly model: string;
  /** Impulses per kWh, 1..100,000. */
  readonly meterConstant: number;
  /** Delivery interval, s: a divisor of 3600, at least 5. */
  readonly intervalS: number;
}

const CONFIG_BYTES = 88;
const TEXT_BYTES = 24;
const VERSION = 1;
const TEXT = /^[\x20-\x7e]*$/;

/** The configuration record, 88 bytes. Throws RangeError naming the field that is wrong. */
export function encodeConfig(config: MeterConfig): Uint8Array {
  const { meterConstant, intervalS } = config;
  if (!Number.isInteger(meterConstant) || meterConstant < 1 || meterConstant > 100_000) {
    throw new RangeError(`meter constant: ${meterConstant} imp/kWh is not an integer in 1..100000`);
  }
  if (!Number.isInteger(intervalS) || intervalS < 5 || 3600 % intervalS !== 0) {
    throw new RangeError(`interval: ${intervalS} s is not a divisor of 3600 s from 5 s`);
  }
  if (config.serial === "") throw new RangeError("serial: empty");
  const view = new DataView(new ArrayBuffer(CONFIG_BYTES));
  view.setUint32(0, VERSION, true);
  view.setUint32(4, meterConstant, true);
  view.setUint32(8, intervalS, true);
  const bytes = new Uint8Array(view.buffer);
  for (const [i, name] of (["serial", "vendor", "model"] as const).entries()) {
    const text = config[name];
    if (text.length > TEXT_BYTES || !TEXT.test(text) || /["\\|]/.test(text)) {
      throw new RangeError(`${name}: ${JSON.stringify(text)} is not at most 24 ASCII characters without " \\ |`);
    }
    bytes.set(Buffer.from(text, "ascii"), 16 + i * TEXT_BYTES);
  }
  return bytes;
}
