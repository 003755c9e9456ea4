// What proves a line's energy state to whoever judges a dispute, piece by piece: the record of its channel, and the holder's
// latest commitment with its energy state and its HTLCs. host/node/evidence.ts reads them. Numbers are little-endian.
// PROTOCOL.md, "Ending".

import { ERR_ARGUMENT, ERR_CAPACITY, ERR_STATE } from "../base/errors";
import { NODE_OUTPUT_BYTES } from "../base/limits";
import { funding_tx, funding_tx_bytes } from "../chain/funding";
import { COMMITMENT_HTLC_COUNT, COMMITMENT_HTLCS, COMMITMENT_POINT, HOLDER, HTLC_BYTES } from "../chain/spec";
import {
  CHANNEL_STATE_BYTES,
  channel_of,
  has_energy,
  slot_has,
  SLOT_HAS_PREIMAGE,
  SLOT_PREIMAGE,
} from "../channel/record";
import { view, view_build } from "../channel/view";
import { energy_view, energy_view_bytes } from "../energy/view";

/** The record of channel/record.ts, CHANNEL_STATE_BYTES: no secret of the holder's is in it. */
const RECORD: u32 = 0;
/** u32 bytes of the energy state, u32 bytes of the transaction without witness, per_commitment_point (33), at 44 the two. */
const COMMITMENT: u32 = 1;
const COMMITMENT_HEAD: usize = 44;
/** For each HTLC of the commitment its record of chain/spec.ts, u64: 1 if the preimage is known, the preimage. */
const HTLCS: u32 = 2;
const ROW_BYTES: usize = 96;

/**
 * Piece `what` of the evidence for channel `n` to `to`, NODE_OUTPUT_BYTES: its length. ERR_STATE: no line; ERR_ARGUMENT: no
 * such piece; codes of `view_build`.
 */
export function evidence(n: i32, what: u32, to: usize): i32 {
  if (!has_energy(n)) return ERR_STATE;
  if (what == RECORD) {
    memory.copy(to, channel_of(n), CHANNEL_STATE_BYTES);
    return <i32>CHANNEL_STATE_BYTES;
  }
  if (what > HTLCS) return ERR_ARGUMENT;
  const code = view_build(n, HOLDER, false);
  if (code < 0) return code;
  return what == COMMITMENT ? write_commitment(to) : write_htlcs(to);
}

function write_commitment(to: usize): i32 {
  const state_bytes = energy_view_bytes();
  const tx_bytes = funding_tx_bytes();
  const len = <i32>COMMITMENT_HEAD + state_bytes + tx_bytes;
  if (len > NODE_OUTPUT_BYTES) return ERR_CAPACITY;
  store<u32>(to, state_bytes);
  store<u32>(to, tx_bytes, 4);
  memory.copy(to + 8, view + COMMITMENT_POINT, 36);
  memory.copy(to + COMMITMENT_HEAD, energy_view, state_bytes);
  memory.copy(to + COMMITMENT_HEAD + <usize>state_bytes, funding_tx(), tx_bytes);
  return len;
}

function write_htlcs(to: usize): i32 {
  const count = load<i32>(view, COMMITMENT_HTLC_COUNT);
  for (let i = 0; i < count; i++) {
    const slot = <usize>load<u32>(view + ((<usize>i) << 2), COMMITMENT_HTLCS);
    const row = to + <usize>i * ROW_BYTES;
    const known = slot_has(slot, SLOT_HAS_PREIMAGE);
    memory.copy(row, slot, HTLC_BYTES);
    store<u64>(row, known ? 1 : 0, 56);
    if (known) memory.copy(row + 64, slot + SLOT_PREIMAGE, 32);
    else memory.fill(row + 64, 0, 32);
  }
  return count * <i32>ROW_BYTES;
}
