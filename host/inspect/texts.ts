import { Fields, isRecordText } from "./fields.js";

/** A TRANSACTION or TEXTS entry: what the records of a transaction say of its user. */
export interface TransactionTexts {
  readonly open: boolean;
  readonly identification: string;
  readonly tariff: string;
}

export const TEXTS_BYTES = 104;
const MAX_IDENTIFICATION = 40;
const MAX_TARIFF = 48;

/** Decodes the entry's payload, or says what is wrong with it. */
export function readTexts(payload: Uint8Array): TransactionTexts | string {
  if (payload.length !== TEXTS_BYTES) return `has ${payload.length} bytes, not ${TEXTS_BYTES}`;
  const fields = new Fields(payload);
  // 0 none, 1 open, 2 announced while its first record is not sealed.
  const [phase, identificationBytes, tariffBytes] = [fields.u8(), fields.u8(), fields.u8()];
  fields.skip(13);
  if (phase > 2) return `has ${phase} for a phase`;
  if (identificationBytes > MAX_IDENTIFICATION) return `has an identification of ${identificationBytes} bytes`;
  if (tariffBytes > MAX_TARIFF) return `has a tariff text of ${tariffBytes} bytes`;
  const identification = fields.bytes(MAX_IDENTIFICATION).subarray(0, identificationBytes);
  const tariff = fields.bytes(MAX_TARIFF).subarray(0, tariffBytes);
  if (!isRecordText(identification) || !isRecordText(tariff)) return "holds text that no record can carry";
  const text = (bytes: Uint8Array) => Buffer.from(bytes).toString("latin1");
  return { open: phase === 1, identification: text(identification), tariff: text(tariff) };
}
