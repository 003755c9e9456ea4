// A module in the node's place that calls every import of its capabilities with whatever comes to its mind.
import * as crypto from "../../assembly/crypto/crypto";
import * as meter from "../../assembly/meter/meter";
import * as board from "../../assembly/node/board";
import { key_import } from "../driver/test_keys.entry";
import { note_code, wild, wild_begin } from "./wild.entry";

export { codes_seen } from "./wild.entry";

/** How many imports there are. */
const IMPORTS: u32 = 39;

function call(which: u32): i32 {
  const a = wild();
  const b = wild();
  const c = wild();
  const d = wild();
  const e = wild();
  const f = wild();
  switch (which) {
    case 0:
      return crypto.sha256(a, b, c);
    case 1:
      return crypto.sha256d(a, b, c);
    case 2:
      return crypto.sha256_update(a, b);
    case 3:
      return crypto.sha256_final(a);
    case 4:
      return crypto.ripemd160(a, b, c);
    case 5:
      return crypto.hmac_sha256(a, b, c, d, e);
    case 6:
      return crypto.hkdf_sha256(a, b, c, d);
    case 7:
      return crypto.chacha20(a, b, c, d);
    case 8:
      return crypto.aead_seal(a, b, c, d, e, f);
    case 9:
      return crypto.aead_open(a, b, c, d, e, f);
    case 10:
      return crypto.key_public(a, b);
    case 11:
      return crypto.key_ecdh(a, b, c);
    case 12:
      return crypto.key_sign(a, b, c, d, e);
    case 13:
      return crypto.key_sign_recoverable(a, b, c);
    case 14:
      return crypto.key_seed(a, b);
    case 15:
      return crypto.scalar_public(a, b);
    case 16:
      return crypto.scalar_ecdh(a, b, c);
    case 17:
      return crypto.scalar_add(a, b, c);
    case 18:
      return crypto.scalar_mul(a, b, c);
    case 19:
      return crypto.point_mul(a, b, c);
    case 20:
      return crypto.point_add(a, b, c);
    case 21:
      return crypto.point_add_scalar(a, b, c);
    case 22:
      return crypto.verify(a, b, c);
    case 23:
      return crypto.recover(a, b, c, d);
    case 24:
      return board.flash_sector_bytes();
    case 25:
      return board.flash_sectors();
    case 26:
      return board.flash_read(a, b, c);
    case 27:
      return board.flash_program(a, b, c);
    case 28:
      return board.flash_erase(a);
    case 29:
      return board.random(a, b);
    case 30:
      return board.send(a, b, c);
    case 31:
      return board.hang_up(a);
    case 32:
      return board.tell(a, b, c);
    case 33:
      return board.broadcast(a, b, c);
    case 34:
      return board.watch(a, b, c, d, e);
    case 35:
      return meter.point(a & 1, b);
    case 36:
      return meter.receipt(a & 1, b, c, d);
    case 37:
      return meter.note(a & 1, b, c, <u64>d, e, f);
    default:
      return key_import(a, b);
  }
}

/** Calls `count` imports, one after the other, beginning with number `first`. */
export function storm(seed: u32, first: u32, count: u32): void {
  wild_begin(seed);
  for (let i: u32 = 0; i < count; i++) note_code((first + i) % IMPORTS, call((first + i) % IMPORTS));
}

export function imports(): u32 {
  return IMPORTS;
}
