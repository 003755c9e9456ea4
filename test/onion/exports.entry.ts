import { key_import } from "../driver/test_keys.entry";
import * as recipient from "../../assembly/onion/recipient_data";
import * as payloads from "../../assembly/onion/payload";

// The onion's exports as node.wasm has them, and its parsers for bytes that lie anywhere.

export * from "../../assembly/node/onion";
export { in_buffer, memory_bytes, out_buffer } from "../../assembly/node/node";

export function import_key(handle: i32, key: usize): i32 {
  return key_import(handle, key);
}

export function read_payload(at: usize, len: i32, last: i32, path_key: i32): i32 {
  return payloads.read_payload(at, len, last != 0, path_key != 0);
}

export function read_recipient_data(at: usize, len: i32, last: i32): i32 {
  return recipient.read_recipient_data(at, len, last != 0);
}
