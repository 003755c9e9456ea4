import { ByteReader } from "./byte_reader.js";
import { ByteWriter } from "./byte_writer.js";
import { ENERGY, ENERGY_TOTAL } from "./energy.js";
import { tlv } from "./schema.js";
import { readTlvs, writeTlvs, type TlvStream } from "./tlv_stream.js";

/** TLVs of an onion's hop payload: BOLT 4, "Payload Format"; keysend's of bLIP 3; ours. */
export const PAYLOAD_TLVS = [
  tlv(2, "amt_to_forward", "tu64:amt_to_forward"),
  tlv(4, "outgoing_cltv_value", "tu32:outgoing_cltv_value"),
  tlv(6, "short_channel_id", "short_channel_id:short_channel_id"),
  tlv(8, "payment_data", "32*byte:payment_secret", "tu64:total_msat"),
  tlv(10, "encrypted_recipient_data", "...*byte:encrypted_recipient_data"),
  tlv(12, "current_path_key", "point:path_key"),
  tlv(16, "payment_metadata", "...*byte:payment_metadata"),
  tlv(18, "total_amount_msat", "tu64:total_msat"),
  ENERGY,
  ENERGY_TOTAL,
  tlv(5482373484, "keysend_preimage", "32*byte:preimage"),
];

/** Reads a hop payload without its length prefix. @throws WireError */
export function decodePayload(bytes: Uint8Array): TlvStream {
  const reader = new ByteReader(bytes);
  return reader.within("payload", () => readTlvs(reader, PAYLOAD_TLVS));
}

export function encodePayload(stream: Partial<TlvStream>): Uint8Array {
  const writer = new ByteWriter();
  writeTlvs(writer, PAYLOAD_TLVS, { tlvs: {}, unknown: [], ...stream });
  return writer.finish();
}
