import { ERR_ARGUMENT, ERR_STATE } from "../base/errors";
import { MAX_ONION_HOPS } from "../base/limits";
import { KEY_NODE } from "../crypto/keys";
import { attribute, ATTRIBUTION_BYTES } from "../onion/attribution";
import { unblind } from "../onion/blinding";
import { build } from "../onion/build";
import { attributed, make_error, MAX_ERROR_BYTES, message_bytes, unwrap_error, wrap_error } from "../onion/error";
import { PACKET_BYTES, PAYLOADS_BYTES, POINT_BYTES } from "../onion/keys";
import { bad_offset, bad_type, has, read_payload } from "../onion/payload";
import { is_final, payload, peel } from "../onion/peel";
import { read_recipient_data } from "../onion/recipient_data";
import { refuse } from "../onion/refuse";
import { admit } from "../onion/replay";
import { HAS_CURRENT_PATH_KEY } from "../wire/payload";
import { input, output } from "./buffers";

const PEELED_SECRET: usize = PACKET_BYTES;
const PEELED_PAYLOAD: usize = PEELED_SECRET + 34;
const FINAL_FLAG: i32 = 0x1_0000;

/** What `onion_failure` answers. */
let refused: i32 = 0;
let refused_blinded: bool = false;
let refused_type: u64 = 0;
let refused_offset: i32 = 0;

/**
 * Builds an onion. BOLT 4, "Packet Construction". Input: session key (32 bytes, zeroed), payment_hash (32), `hops`
 * points (33 each), payloads in `payloads_len` bytes, each behind its length as bigsize. Output: the packet, 1366 bytes.
 * Returns 1366 or a code of `build` in onion/build.ts.
 */
export function onion_build(hops: i32, payloads_len: i32): i32 {
  if (<u32>(hops - 1) >= <u32>MAX_ONION_HOPS || <u32>payloads_len > <u32>PAYLOADS_BYTES) return ERR_ARGUMENT;
  const points = input + 64;
  const code = build(input, input + 32, points, hops, points + <usize>(hops * POINT_BYTES), payloads_len, output);
  memory.fill(input, 0, 32);
  return code < 0 ? code : PACKET_BYTES;
}

/**
 * Peels an onion with the node's key, and checks the payload's records. BOLT 4, "Onion Decryption" and "Payload Format".
 * Input: packet (1366 bytes), payment_hash (32), and the path key (33) that came with the HTLC, if `path_key` is 1.
 * Output: at 0 the packet for the next hop, unless this is the last; at 1366 the secret for errors (32); at 1400 the
 * payload. Returns the payload's length, plus 65536 if this is the last hop; or a code of `peel` in onion/peel.ts or of
 * `read_payload` in onion/payload.ts, and `onion_failure` then has the answer. The input is unchanged.
 */
export function onion_peel(path_key: i32): i32 {
  const path = path_key != 0 ? input + PACKET_BYTES + 32 : 0;
  refused_type = 0;
  refused_offset = 0;
  refused_blinded = path != 0;
  let code = peel(KEY_NODE, path, input, input + PACKET_BYTES, output, output + PEELED_SECRET);
  if (code >= 0) {
    const len = code;
    code = read_payload(payload, len, is_final, path != 0);
    if (code < 0) {
      refused_type = bad_type;
      refused_offset = bad_offset;
      if (!is_final && has(HAS_CURRENT_PATH_KEY)) refused_blinded = true;
    } else {
      memory.copy(output + PEELED_PAYLOAD, payload, len);
      code = is_final ? len + FINAL_FLAG : len;
    }
  }
  refused = code;
  return code;
}

/**
 * The failure message for the code that `onion_peel` has just returned, input and output being as it left them: its
 * length, and the message (at most 34 bytes) at 1400 in the output. If its code has the bit 0x8000 and it answers an HTLC
 * with a path key or without a secret, it goes out as update_fail_malformed_htlc, else through `onion_error_create`.
 * ERR_STATE: there was no code.
 */
export function onion_failure(): i32 {
  if (refused >= 0) return ERR_STATE;
  return refuse(refused, refused_blinded, input, refused_type, refused_offset, output + PEELED_PAYLOAD);
}

/**
 * Remembers against replay, until the chain's height is above `cltv_expiry`, the onion whose secret (32 bytes) is the
 * input. Returns 0 or a code of `admit` in onion/replay.ts.
 */
export function onion_admit(cltv_expiry: i32, height: i32): i32 {
  return min(admit(input, cltv_expiry, height), 0);
}

/**
 * Decrypts what a blinded path's recipient tells this hop. BOLT 4, "Route Blinding". Input: path key (33 bytes),
 * encrypted_recipient_data of `len` bytes. Output: the next path key (33), unless the data names another; at 40 the
 * decrypted TLV stream. Returns its length, or a code of `unblind` in onion/blinding.ts or of `read_recipient_data` in
 * onion/recipient_data.ts. `last`: 1 if this is the last hop.
 */
export function onion_unblind(len: i32, last: i32): i32 {
  if (<u32>len > <u32>PAYLOADS_BYTES) return ERR_ARGUMENT;
  const data = output + 40;
  memory.copy(data, input + POINT_BYTES, len);
  const bytes = unblind(KEY_NODE, input, data, len, output);
  if (bytes < 0) return bytes;
  const code = read_recipient_data(data, bytes, last != 0);
  return code < 0 ? code : bytes;
}

/** Attribution, unless the hold time is negative, then obfuscation of the error packet behind it in the output. */
function send_error(len: i32, hold_time: i32): i32 {
  const packet = output + ATTRIBUTION_BYTES;
  let code = hold_time < 0 ? 0 : attribute(input, packet, len, hold_time, output);
  if (code >= 0) code = wrap_error(input, packet, len);
  memory.fill(input, 0, 32);
  return code < 0 ? code : len;
}

/**
 * Makes an error packet. BOLT 4, "Returning Errors". Input: the secret that `onion_peel` gave (32 bytes, zeroed), the
 * failure message of `len` bytes. `hold_time`: how long the HTLC was held, in units of 100 ms; negative for no attribution
 * data. Output: attribution data (920 bytes), error packet. Returns the packet's length or a code of `make_error`.
 */
export function onion_error_create(len: i32, hold_time: i32): i32 {
  memory.fill(output, 0, ATTRIBUTION_BYTES);
  const code = make_error(input, input + 32, len, output + ATTRIBUTION_BYTES);
  return code < 0 ? code : send_error(code, hold_time);
}

/**
 * Passes an error packet on. Input: secret (32 bytes, zeroed), attribution data (920 bytes; zeros if none came), error
 * packet of `len` bytes, at most 4040. Output and `hold_time` as of `onion_error_create`. Returns `len` or a code.
 */
export function onion_error_wrap(len: i32, hold_time: i32): i32 {
  if (<u32>len > 4040) return ERR_ARGUMENT;
  memory.copy(output, input + 32, ATTRIBUTION_BYTES + len);
  return send_error(len, hold_time);
}

/**
 * Unwraps an error packet as the origin. Input: session key (32 bytes, zeroed), attribution data (920 bytes, used if
 * `attribution` is 1), `hops` points (33 each), error packet of `len` bytes. Output, little-endian: u32 number of hops
 * that attribution vouches for, u32 length of the failure message, 20 u32 hold times, and at 88 the message. Returns the
 * number of the failing hop, from 0, or a code of `unwrap_error` in onion/error.ts; after ERR_MAC the output still says
 * what attribution tells.
 */
export function onion_error_unwrap(hops: i32, len: i32, attribution: i32): i32 {
  if (<u32>(hops - 1) >= <u32>MAX_ONION_HOPS || <u32>len > <u32>MAX_ERROR_BYTES) return ERR_ARGUMENT;
  const points = input + 32 + ATTRIBUTION_BYTES;
  const data = attribution != 0 ? input + 32 : 0;
  memory.fill(output, 0, 88);
  const packet = points + <usize>(hops * POINT_BYTES);
  const code = unwrap_error(input, points, hops, packet, len, data, output + 8, output + 88);
  memory.fill(input, 0, 32);
  store<i32>(output, attributed);
  store<i32>(output, message_bytes, 4);
  return code;
}
