import { stringify } from "csv-stringify/sync";
import { writeContainer } from "../ocmf/container.js";
import { spkiFromPoint } from "../ocmf/key.js";
import { parseRecord, pageText, type OcmfRecord } from "../ocmf/parse.js";
import type { Reading } from "../ocmf/reading.js";
import { verifyChain, verifyRecord } from "../ocmf/verify.js";
import type { Registers } from "../metrology/module.js";
import type { MeterConfig } from "../metrology/config.js";

/** What is needed of a meter here. */
export interface ReceiptSource {
  readonly config: MeterConfig;
  readonly receipts: readonly string[];
  registers(): Registers;
  /** Compressed public key, 33 bytes. */
  publicKey(): Uint8Array;
}

/** Something the verification found wrong. */
export interface ReceiptProblem {
  /** The record's field: "RD[0].TM", "SD", "PG". */
  readonly field: string;
  /** With the meter and the record, for people. */
  readonly text: string;
}

/** What one meter leaves behind: its receipts in every form, checked by code that shares nothing with the firmware. */
export interface MeterFiles {
  readonly name: string;
  readonly serial: string;
  /** SPKI DER, upper-case hexadecimal. */
  readonly publicKey: string;
  readonly registers: Registers;
  readonly receipts: number;
  readonly problems: readonly ReceiptProblem[];
  /** File name to contents. */
  readonly files: ReadonlyMap<string, string>;
}

export function receiptFiles(name: string, meter: ReceiptSource): MeterFiles {
  const publicKey = Buffer.from(spkiFromPoint(meter.publicKey())).toString("hex").toUpperCase();
  const records = meter.receipts.map(parseRecord);
  const problems = records.flatMap((record): ReceiptProblem[] => {
    const verification = verifyRecord(record, publicKey);
    if (verification.ok) return [];
    const { field, message } = verification;
    return [{ field, text: `${name} ${pageText(record.pagination)}: ${field} ${message}` }];
  });
  for (const { index, field, message } of verifyChain(records)) {
    problems.push({ field, text: `${name} record ${index + 1}: ${field} ${message}` });
  }
  const text = meter.receipts.map((record) => `${record}\n`).join("");
  const container = writeContainer(
    records.map((record) => ({ record: record.text, publicKey, transactionId: record.pagination.number })),
  );
  return {
    name,
    serial: meter.config.serial,
    publicKey,
    registers: meter.registers(),
    receipts: records.length,
    problems,
    files: new Map([
      [`${name}.ocmf.txt`, text],
      [`${name}.xml`, container],
      [`${name}.csv`, loadProfile(records, meter.config.intervalS)],
    ]),
  };
}

/** The load profile as the receipts say it: registers at each interval's end and energy within it. */
function loadProfile(records: readonly OcmfRecord[], intervalS: number): string {
  let previous: [bigint, bigint] = [0n, 0n];
  const rows = records.map((record) => {
    const [imported = 0n, exported = 0n] = record.readings.map((reading) => mwhOf(reading));
    const row = [
      record.readings[0].time.text.slice(0, 23).replace(",", ".") + "Z",
      pageText(record.pagination),
      kwhText(imported),
      kwhText(exported),
      whText(imported - previous[0]),
      whText(exported - previous[1]),
    ];
    previous = [imported, exported];
    return row;
  });
  return stringify(rows, {
    header: true,
    columns: [
      "interval_end_utc",
      "page",
      "import_1-0:1.8.0_kWh",
      "export_1-0:2.8.0_kWh",
      `import_in_${intervalS}_s_Wh`,
      `export_in_${intervalS}_s_Wh`,
    ],
  });
}

/** Our readings are kWh with six decimals: their digits are mWh. */
function mwhOf(reading: Reading): bigint {
  return reading.value?.coefficient ?? 0n;
}

function kwhText(mwh: bigint): string {
  return `${mwh / 1_000_000n}.${(mwh % 1_000_000n).toString().padStart(6, "0")}`;
}

function whText(mwh: bigint): string {
  return `${mwh / 1000n}.${(mwh % 1000n).toString().padStart(3, "0")}`;
}
