import { key_import } from "../driver/test_keys.entry";
import * as attribution from "../../assembly/onion/attribution";
import * as blinded_path from "../../assembly/onion/blinded_path";
import * as blinding from "../../assembly/onion/blinding";
import * as building from "../../assembly/onion/build";
import * as errors from "../../assembly/onion/error";
import * as failure from "../../assembly/onion/failure";
import * as keys from "../../assembly/onion/keys";
import * as peeling from "../../assembly/onion/peel";
import * as payloads from "../../assembly/onion/payload";
import * as recipient from "../../assembly/onion/recipient_data";
import * as refusing from "../../assembly/onion/refuse";
import * as replay from "../../assembly/onion/replay";
import * as route from "../../assembly/onion/route";

// The onion as the node's other rooms see it: arguments lie in `data`.

const DATA_BYTES: i32 = 16384;
const data_at: usize = memory.data(DATA_BYTES, 8);

export function data(): usize {
  return data_at;
}

/** Whether all secrets are gone: scratch memory and the secrets of a route are zeros. */
export function clean(): i32 {
  for (let i: usize = 0; i < 176; i++) if (load<u8>(keys.key + i) != 0) return 0;
  for (let i: usize = 0; i < 27 * 32; i++) if (load<u8>(route.hop_secret(0) + i) != 0) return 0;
  return 1;
}

export function import_key(handle: i32, key: usize): i32 {
  return key_import(handle, key);
}

export function build(
  session_key: usize,
  hash: usize,
  points: usize,
  hops: i32,
  payloads: usize,
  len: i32,
  packet: usize,
): i32 {
  return building.build(session_key, hash, points, hops, payloads, len, packet);
}

export function peel(handle: i32, path_key: usize, packet: usize, hash: usize, next: usize, secret: usize): i32 {
  return peeling.peel(handle, path_key, packet, hash, next, secret);
}

export function payload(): usize {
  return peeling.payload;
}

export function is_final(): i32 {
  return peeling.is_final ? 1 : 0;
}

export function make_error(secret: usize, message: usize, len: i32, packet: usize): i32 {
  return errors.make_error(secret, message, len, packet);
}

export function wrap_error(secret: usize, packet: usize, len: i32): i32 {
  return errors.wrap_error(secret, packet, len);
}

export function attribute(secret: usize, packet: usize, len: i32, hold_time: i32, at: usize): i32 {
  return attribution.attribute(secret, packet, len, hold_time, at);
}

export function unwrap_error(
  session_key: usize,
  points: usize,
  hops: i32,
  packet: usize,
  len: i32,
  at: usize,
  hold_times: usize,
  message: usize,
): i32 {
  return errors.unwrap_error(session_key, points, hops, packet, len, at, hold_times, message);
}

export function attributed(): i32 {
  return errors.attributed;
}

export function message_bytes(): i32 {
  return errors.message_bytes;
}

export function verify_hop(secret: usize, packet: usize, len: i32, distance: i32, at: usize, hold_time: usize): i32 {
  return attribution.verify_hop(secret, packet, len, distance, at, hold_time);
}

export function write_failure(code: i32, first: u64, second: u64, target: usize): i32 {
  return failure.write_failure(code, first, second, target);
}

export function failure_of(code: i32): i32 {
  return refusing.failure_of(code);
}

export function unblind(handle: i32, path_key: usize, at: usize, len: i32, next_path_key: usize): i32 {
  return blinding.unblind(handle, path_key, at, len, next_path_key);
}

export function blind_hop(
  path_scalar: usize,
  node_id: usize,
  at: usize,
  len: i32,
  path_key: usize,
  blinded_node_id: usize,
): i32 {
  return blinded_path.blind_hop(path_scalar, node_id, at, len, path_key, blinded_node_id);
}

export function read_payload(at: usize, len: i32, last: i32, path_key: i32): i32 {
  return payloads.read_payload(at, len, last != 0, path_key != 0);
}

export function fields(): usize {
  return payloads.fields;
}

export function bad_type(): u64 {
  return payloads.bad_type;
}

export function bad_offset(): i32 {
  return payloads.bad_offset;
}

export function check_keysend(payment_hash: usize): i32 {
  return payloads.check_keysend(payment_hash);
}

export function read_recipient_data(at: usize, len: i32, last: i32): i32 {
  return recipient.read_recipient_data(at, len, last != 0);
}

export function instructions(): usize {
  return recipient.instructions;
}

export function relayed_msat(amount_msat: u64, out: usize): i32 {
  return recipient.relayed_msat(amount_msat, out);
}

export function admit(secret: usize, cltv_expiry: i32, height: i32): i32 {
  return replay.admit(secret, cltv_expiry, height);
}

export function table(): usize {
  return replay.table;
}

export function memory_bytes(): i32 {
  return <i32>__heap_base;
}

export function refuse(code: i32, blinded: i32, packet: usize, type: u64, offset: i32, target: usize): i32 {
  return refusing.refuse(code, blinded != 0, packet, type, offset, target);
}

/** The failure codes in the order of BOLT 4. */
const codes_at: usize = memory.data<i32>([
  failure.TEMPORARY_NODE_FAILURE,
  failure.PERMANENT_NODE_FAILURE,
  failure.REQUIRED_NODE_FEATURE_MISSING,
  failure.INVALID_ONION_VERSION,
  failure.INVALID_ONION_HMAC,
  failure.INVALID_ONION_KEY,
  failure.TEMPORARY_CHANNEL_FAILURE,
  failure.PERMANENT_CHANNEL_FAILURE,
  failure.REQUIRED_CHANNEL_FEATURE_MISSING,
  failure.UNKNOWN_NEXT_PEER,
  failure.AMOUNT_BELOW_MINIMUM,
  failure.FEE_INSUFFICIENT,
  failure.INCORRECT_CLTV_EXPIRY,
  failure.EXPIRY_TOO_SOON,
  failure.INCORRECT_OR_UNKNOWN_PAYMENT_DETAILS,
  failure.FINAL_INCORRECT_CLTV_EXPIRY,
  failure.FINAL_INCORRECT_HTLC_AMOUNT,
  failure.CHANNEL_DISABLED,
  failure.EXPIRY_TOO_FAR,
  failure.INVALID_ONION_PAYLOAD,
  failure.MPP_TIMEOUT,
  failure.INVALID_ONION_BLINDING,
]);

export function codes(): usize {
  return codes_at;
}
