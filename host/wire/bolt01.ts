import { message, tlv } from "./schema.js";

/** BOLT 1. */
export const SETUP_MESSAGES = [
  message(
    16,
    "init",
    ["u16:gflen", "gflen*byte:globalfeatures", "u16:flen", "flen*byte:features"],
    [tlv(1, "networks", "...*chain_hash:chains"), tlv(3, "remote_addr", "...*byte:data")],
  ),
  message(17, "error", ["channel_id:channel_id", "u16:len", "len*byte:data"]),
  message(1, "warning", ["channel_id:channel_id", "u16:len", "len*byte:data"]),
  message(18, "ping", ["u16:num_pong_bytes", "u16:byteslen", "byteslen*byte:ignored"]),
  message(19, "pong", ["u16:byteslen", "byteslen*byte:ignored"]),
  message(7, "peer_storage", ["u16:length", "length*byte:blob"]),
  message(9, "peer_storage_retrieval", ["u16:length", "length*byte:blob"]),
];
