import * as funding from "../../assembly/chain/funding";
import { channel_on_message } from "../../assembly/channel/channel";
import * as config from "../../assembly/channel/config";
import { channel_on_open, channel_open as open } from "../../assembly/channel/opening";
import { has_changes } from "../../assembly/channel/moves";
import * as record from "../../assembly/channel/record";
import { view_build, view_energy, view_make, view_slots } from "../../assembly/channel/view";
import * as energy_record from "../../assembly/energy/record";
import { energy_view, energy_view_bytes } from "../../assembly/energy/view";
import { ERR_NOT_FOUND } from "../../assembly/base/errors";
import { OUTPUT_KIND, output_at, outputs_count } from "../../assembly/chain/outputs";
import { htlc_signed } from "../../assembly/chain/signatures";
import { HOLDER, HTLC_OFFERED_BY } from "../../assembly/chain/spec";
import * as blobs from "../../assembly/htlc/blobs";
import { event_of, state_after, state_flags } from "../../assembly/htlc/states";
import { decode_message } from "../../assembly/wire/message";
import { OPEN_CHANNEL } from "../../assembly/wire/opening";

// Several channels of one module, which talk to each other through the test: each is an end of its own, with keys of its
// own. Arguments and results lie in `data`.

export {
  channel_commit,
  channel_commitment_tx,
  channel_connected,
  channel_disconnected,
  channel_force,
  channel_forget,
  channel_hang_up,
  channel_next_message,
  channel_on_error,
  channels_boot,
} from "../../assembly/channel/channel";
export { channel_close, channel_closing_tx } from "../../assembly/channel/closing";
export { set_energy_credit, set_time } from "../../assembly/channel/config";
export { channel_lapse, channel_roll } from "../../assembly/channel/energy_updates";
export {
  channel_fail,
  channel_fail_back,
  channel_fail_malformed,
  channel_fee,
  channel_fulfill,
  channel_offer,
  channel_offer_check,
  channel_release,
  channel_spendable_msat,
  channel_withdraw,
} from "../../assembly/channel/offers";
export {
  channel_fund,
  channel_funding_depth,
  channel_funding_program,
  temporary_channel_id,
} from "../../assembly/channel/funding";
export { live_of } from "../../assembly/channel/live";
export { channel_find, channel_free, channel_of, channels_begin, slot_of } from "../../assembly/channel/record";
export { energies_begin, energy_of } from "../../assembly/energy/record";
export { blob_free, blob_new, blobs_begin } from "../../assembly/htlc/blobs";
export { has_changes, state_after, state_flags, event_of };

const data_at: usize = memory.data(16384, 8);
const message: usize = memory.data(256, 8);

export function data(): usize {
  return data_at;
}

/** Node identity of all ends. */
export function set_chain(hash: usize): void {
  config.set_chain(0, 1, hash, 354, 0);
}

export function set_feerate(feerate: u32): void {
  config.set_feerate(0, feerate);
}

/** On the first chain. */
export function channel_open(
  n: i32,
  peer: usize,
  funding_sat: u64,
  push_msat: u64,
  feerate_per_kw: u32,
  flags: u32,
  open_flags: u32,
  parameters: usize,
): i32 {
  return open(n, peer, funding_sat, push_msat, feerate_per_kw, flags, open_flags, parameters, 0);
}

/** Hands `len` bytes at `frame` to end `n`, which for open_channel is the one that is to accept it: 0 or a code. */
export function deliver(n: i32, frame: usize, len: i32, peer: usize, flags: u32): i32 {
  const type = decode_message(frame, len, message);
  if (type < 0) return type;
  if (type == OPEN_CHANNEL) {
    const given = channel_on_open(peer, message, flags);
    return given < 0 ? given : given == n ? 0 : -100;
  }
  return channel_on_message(n, message);
}

/** The latest commitment of a side as end `n` has it, without witness: its length, and itself at `target`. */
export function commitment(n: i32, owner: u32, target: usize): i32 {
  const code = view_build(n, owner, false);
  if (code < 0) return code;
  memory.copy(target, funding.funding_tx(), funding.funding_tx_bytes());
  return funding.funding_tx_bytes();
}

/**
 * The HTLC transaction of a slot's HTLC in the holder's latest commitment, with the signature that is remembered: its
 * length. ERR_NOT_FOUND: it is no output. @param preimage 32 bytes, of a received HTLC
 */
export function htlc_tx(n: i32, slot: i32, preimage: usize, to: usize, capacity: i32): i32 {
  const code = view_build(n, HOLDER, false);
  if (code < 0) return code;
  for (let position = 0; position < outputs_count(); position++) {
    const htlc = load<i32>(output_at(position), OUTPUT_KIND);
    if (htlc < 0 || load<u8>(view_slots + <usize>htlc) != <u8>slot) continue;
    const at = record.slot_of(n, slot);
    const own = load<u32>(at, HTLC_OFFERED_BY) == HOLDER;
    return htlc_signed(position, at + record.SLOT_SIGNATURE, own ? 0 : preimage, to, capacity);
  }
  return ERR_NOT_FOUND;
}

/** The energy state of the latest commitment of a side as end `n` has it: its length, and itself at `target`. */
export function energy_state(n: i32, owner: u32, target: usize): i32 {
  const code = view_make(n, owner, false);
  if (code < 0) return code;
  view_energy(n, owner, false);
  memory.copy(target, energy_view, energy_view_bytes());
  return energy_view_bytes();
}

export function energies(): usize {
  return energy_record.energies;
}

export function energies_bytes(): i32 {
  return energy_record.ENERGIES_BYTES;
}

export function region(): usize {
  return record.channels;
}

export function region_bytes(): i32 {
  return record.CHANNELS_BYTES;
}

export function blob_lengths(): usize {
  return blobs.blob_lengths;
}

export function blob_at(number: u32): usize {
  return blobs.blob_at(number);
}
