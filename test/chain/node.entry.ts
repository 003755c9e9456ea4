export { chain_commitment_sign } from "../../assembly/node/chain";
export { in_buffer, out_buffer } from "../../assembly/node/node";
import { key_import } from "../driver/test_keys.entry";

export function import_key(handle: i32, key: usize): i32 {
  return key_import(handle, key);
}
