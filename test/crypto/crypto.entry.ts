import * as crypto from "../../assembly/crypto/crypto";
import { key_import } from "../driver/test_keys.entry";

// The crypto capability as a module sees it: arguments lie at `data`.

const data_at: usize = memory.data(4096, 8);

export function data(): usize {
  return data_at;
}

export function sha256(len: i32, digest: usize): i32 {
  return crypto.sha256(data_at, len, digest);
}

export function import_key(handle: i32, key: usize): i32 {
  return key_import(handle, key);
}

export function key_public(handle: i32, point: usize): i32 {
  return crypto.key_public(handle, point);
}
