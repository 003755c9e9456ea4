// Exports of the chain room: for measuring, and for boards that keep a channel's records outside.

import { ERR_LENGTH } from "../base/errors";
import { commitment_build, commitment_end } from "../chain/commitment";
import { commitment_sign } from "../chain/signatures";
import { CHANNEL_BYTES, COMMITMENT_BYTES, COMMITMENT_HTLCS, COMMITMENT_HTLC_COUNT, HTLC_BYTES } from "../chain/spec";
import { input, output } from "./buffers";

/**
 * Builds and signs a counterparty's commitment. Input (assembly/chain/spec.ts): the channel's record (432 bytes), the
 * commitment's (200; the addresses in it are filled in here), its HTLCs' (56 each). Output: the signature (64 bytes), and
 * the HTLC signatures (64 each) in the order of the outputs. Returns how many there are of these. ERR_LENGTH, and the
 * codes of `commitment_build` and `commitment_sign`.
 */
export function chain_commitment_sign(len: i32): i32 {
  const commitment = input + CHANNEL_BYTES;
  const htlcs = commitment + COMMITMENT_BYTES;
  const rest = len - <i32>(htlcs - input);
  const count = load<i32>(commitment, COMMITMENT_HTLC_COUNT);
  if (rest < 0 || rest != count * <i32>HTLC_BYTES) return ERR_LENGTH;
  // A count of more than a record has addresses for is refused by commitment_build.
  for (let i = 0; i < count && COMMITMENT_HTLCS + ((<usize>i) << 2) < COMMITMENT_BYTES; i++) {
    store<u32>(commitment + ((<usize>i) << 2), <u32>(htlcs + <usize>i * HTLC_BYTES), COMMITMENT_HTLCS);
  }
  let code = commitment_build(input, commitment);
  if (code >= 0) code = commitment_sign(output);
  commitment_end(); // the input buffer, where its records lie, is used for other things as well
  return code;
}
