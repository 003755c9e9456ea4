import * as crypto from "../../assembly/crypto/crypto";
import { key_import } from "../driver/test_keys.entry";

// The crypto capability as a module sees it, import by import, with arguments of the caller's choosing.

const arena: usize = memory.data(8192, 8);

/** Memory for arguments: 8,192 bytes. */
export function data(): usize {
  return arena;
}

/** Calls import number `which` of crypto.ts and returns its code. */
export function call_import(which: i32, a: i32, b: i32, c: i32, d: i32, e: i32, f: i32): i32 {
  switch (which) {
    case 0:
      return crypto.sha256(<usize>a, b, <usize>c);
    case 1:
      return crypto.sha256d(<usize>a, b, <usize>c);
    case 2:
      return crypto.sha256_update(<usize>a, b);
    case 3:
      return crypto.sha256_final(<usize>a);
    case 4:
      return crypto.ripemd160(<usize>a, b, <usize>c);
    case 5:
      return crypto.hmac_sha256(<usize>a, b, <usize>c, d, <usize>e);
    case 6:
      return crypto.hkdf_sha256(<usize>a, <usize>b, c, <usize>d);
    case 7:
      return crypto.chacha20(<usize>a, <usize>b, <usize>c, d);
    case 8:
      return crypto.aead_seal(<usize>a, <usize>b, <usize>c, d, <usize>e, f);
    case 9:
      return crypto.aead_open(<usize>a, <usize>b, <usize>c, d, <usize>e, f);
    case 10:
      return crypto.key_public(a, <usize>b);
    case 11:
      return crypto.key_ecdh(a, <usize>b, <usize>c);
    case 12:
      return crypto.key_sign(a, <usize>b, <usize>c, <usize>d, <usize>e);
    case 13:
      return crypto.key_sign_recoverable(a, <usize>b, <usize>c);
    case 14:
      return crypto.key_seed(a, <usize>b);
    case 15:
      return crypto.scalar_public(<usize>a, <usize>b);
    case 16:
      return crypto.scalar_ecdh(<usize>a, <usize>b, <usize>c);
    case 17:
      return crypto.scalar_add(<usize>a, <usize>b, <usize>c);
    case 18:
      return crypto.scalar_mul(<usize>a, <usize>b, <usize>c);
    case 19:
      return crypto.point_mul(<usize>a, <usize>b, <usize>c);
    case 20:
      return crypto.point_add(<usize>a, <usize>b, <usize>c);
    case 21:
      return crypto.point_add_scalar(<usize>a, <usize>b, <usize>c);
    case 22:
      return crypto.verify(<usize>a, <usize>b, <usize>c);
    default:
      return crypto.recover(<usize>a, <usize>b, c, <usize>d);
  }
}

/** As `call_import`, `times` times: what one costs, where a single call is too short to measure. The last code. */
export function repeat_import(times: i32, which: i32, a: i32, b: i32, c: i32, d: i32, e: i32, f: i32): i32 {
  let code = 0;
  for (let i = 0; i < times; i++) code = call_import(which, a, b, c, d, e, f);
  return code;
}

export function import_key(handle: i32, key: usize): i32 {
  return key_import(handle, key);
}
