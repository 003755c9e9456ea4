// What an HTLC is answered whose onion is not accepted. BOLT 4, "Failure Messages", "Requirements".

import { ERR_CAPACITY, ERR_CRYPTO, ERR_MAC, ERR_POINT, ERR_REPLAY, ERR_STATE, ERR_VERSION } from "../base/errors";
import { sha256 } from "../crypto/crypto";
import {
  BADONION,
  INVALID_ONION_BLINDING,
  INVALID_ONION_HMAC,
  INVALID_ONION_KEY,
  INVALID_ONION_PAYLOAD,
  INVALID_ONION_VERSION,
  TEMPORARY_NODE_FAILURE,
  write_failure,
} from "./failure";
import { forget, key, PACKET_BYTES } from "./keys";

/** The failure that answers a code of `peel`, `admit` or `read_payload`. */
export function failure_of(code: i32): i32 {
  if (code == ERR_VERSION) return INVALID_ONION_VERSION;
  if (code == ERR_MAC) return INVALID_ONION_HMAC;
  if (code == ERR_POINT) return INVALID_ONION_KEY;
  if (code == ERR_CAPACITY || code == ERR_REPLAY || code == ERR_CRYPTO || code == ERR_STATE) {
    return TEMPORARY_NODE_FAILURE;
  }
  return INVALID_ONION_PAYLOAD;
}

/**
 * Writes the failure message, at most 34 bytes, that answers `code` to the onion at `packet` (as it came) to `target`;
 * returns its length. `blinded`: a path key came with the HTLC or, unless this is its last hop, in the payload: inside a
 * blinded path all failures look alike. `type` and `offset` are those of a payload that was not understood.
 */
export function refuse(code: i32, blinded: bool, packet: usize, type: u64, offset: i32, target: usize): i32 {
  const failure = blinded ? INVALID_ONION_BLINDING : failure_of(code);
  if ((failure & BADONION) != 0) {
    if (sha256(packet, PACKET_BYTES, key) < 0) return ERR_CRYPTO;
    type = key;
  }
  return forget(write_failure(failure, type, offset, target));
}
