// The messages that open a channel. BOLT 2, "Channel Establishment v1".

import {
  CHANNEL_ANCHORS,
  CHANNEL_ENERGY,
  CHANNEL_FLAGS,
  CHANNEL_FUNDING_SAT,
  CHANNEL_OUTPOINT,
  COUNTERPARTY,
  HOLDER,
  SIDE_DUST_LIMIT_SAT,
  SIDE_FUNDING_PUBKEY,
  SIDE_TO_SELF_DELAY,
  side_of,
} from "../chain/spec";
import { energy_write } from "../energy/parameters";
import { RECORD_PRESENT } from "../wire/kinds";
import { message_begin } from "../wire/message";
import * as opening from "../wire/opening";
import { chain_hashes } from "./config";
import { temporary_channel_id } from "./funding";
import { own_point } from "./live";
import { begin, point, record, sign, signatures } from "./outgoing";
import * as at from "./record";
import { of_side } from "./view";

/** The longest channel_type: bits 12 (option_static_remotekey), 22 (option_anchors), 280 (option_energy). */
const TYPE_BYTES: usize = 36;
const type: usize = memory.data(36, 8);

function set_terms(channel: usize, at_slot: usize): void {
  // Both messages have these one behind the other: dust limit, max in flight, reserve, htlc_minimum.
  store<u64>(record + at_slot, load<u64>(side_of(channel, HOLDER), SIDE_DUST_LIMIT_SAT));
  store<u64>(record + at_slot, of_side(channel, at.CHANNEL_MAX_IN_FLIGHT_MSAT, HOLDER), 8);
  store<u64>(record + at_slot, of_side(channel, at.CHANNEL_RESERVES_SAT, COUNTERPARTY), 16);
  store<u64>(record + at_slot, of_side(channel, at.CHANNEL_HTLC_MINIMUM_MSAT, HOLDER), 24);
}

/** to_self_delay, max_accepted_htlcs and the six points, likewise. ERR_CRYPTO. */
function set_keys(n: i32, delay_slot: usize): i32 {
  const channel = at.channel_of(n);
  store<u32>(record + delay_slot, load<u32>(side_of(channel, COUNTERPARTY), SIDE_TO_SELF_DELAY));
  store<u32>(record + delay_slot, load<u32>(channel, at.CHANNEL_MAX_ACCEPTED), 4);
  const own = side_of(channel, HOLDER) + SIDE_FUNDING_PUBKEY;
  for (let key: usize = 0; key < 5; key++) store<u32>(record + delay_slot + (key << 2), <u32>(own + key * 33), 8);
  store<u32>(record + delay_slot, <u32>point, 28);
  return own_point(n, 0, point);
}

/** channel_type in the fewest bytes, and the parameters of energy. */
function set_type(n: i32, type_slot: usize, parameters_slot: usize): void {
  const flags = load<u32>(at.channel_of(n), CHANNEL_FLAGS);
  const anchors = (flags & CHANNEL_ANCHORS) != 0;
  const energy = (flags & CHANNEL_ENERGY) != 0;
  store<u8>(type, energy ? 1 : 0);
  store<u8>(type, anchors ? 0x40 : 0, TYPE_BYTES - 3);
  store<u8>(type, 0x10, TYPE_BYTES - 2);
  const len: usize = energy ? TYPE_BYTES : anchors ? 3 : 2;
  store<u32>(record + type_slot, <u32>(type + TYPE_BYTES - len));
  store<u32>(record + type_slot, <u32>len, 4);
  // An empty upfront_shutdown_script goes with it: none is committed to.
  let present = opening.OPEN_CHANNEL_HAS_CHANNEL_TYPE | opening.OPEN_CHANNEL_HAS_UPFRONT_SHUTDOWN_SCRIPT;
  if (energy) {
    present |= opening.OPEN_CHANNEL_HAS_ENERGY_PARAMETERS;
    energy_write(n, record + parameters_slot);
  }
  store<u32>(record, present, RECORD_PRESENT);
}

export function make_open(n: i32): i32 {
  const channel = at.channel_of(n);
  message_begin(record, opening.OPEN_CHANNEL);
  store<u32>(record, <u32>chain_hashes + (at.chain_of(n) << 5), opening.OPEN_CHANNEL_CHAIN_HASH);
  store<u32>(record, <u32>(channel + at.CHANNEL_ID), opening.OPEN_CHANNEL_TEMPORARY_CHANNEL_ID);
  store<u64>(record, load<u64>(channel, CHANNEL_FUNDING_SAT), opening.OPEN_CHANNEL_FUNDING_SATOSHIS);
  store<u64>(record, of_side(channel, at.CHANNEL_BALANCES_MSAT, COUNTERPARTY), opening.OPEN_CHANNEL_PUSH_MSAT);
  set_terms(channel, opening.OPEN_CHANNEL_DUST_LIMIT_SATOSHIS);
  store<u32>(record, load<u32>(channel + 16, at.CHANNEL_FEERATES), opening.OPEN_CHANNEL_FEERATE_PER_KW);
  store<u32>(record, load<u8>(channel, at.CHANNEL_OPEN_FLAGS), opening.OPEN_CHANNEL_CHANNEL_FLAGS);
  set_type(n, opening.OPEN_CHANNEL_CHANNEL_TYPE, opening.OPEN_CHANNEL_ENERGY_PARAMETERS);
  return set_keys(n, opening.OPEN_CHANNEL_TO_SELF_DELAY);
}

export function make_accept(n: i32): i32 {
  const channel = at.channel_of(n);
  message_begin(record, opening.ACCEPT_CHANNEL);
  store<u32>(record, <u32>(channel + at.CHANNEL_ID), opening.ACCEPT_CHANNEL_TEMPORARY_CHANNEL_ID);
  set_terms(channel, opening.ACCEPT_CHANNEL_DUST_LIMIT_SATOSHIS);
  store<u32>(record, load<u32>(channel, at.CHANNEL_MINIMUM_DEPTH), opening.ACCEPT_CHANNEL_MINIMUM_DEPTH);
  set_type(n, opening.ACCEPT_CHANNEL_CHANNEL_TYPE, opening.ACCEPT_CHANNEL_ENERGY_PARAMETERS);
  return set_keys(n, opening.ACCEPT_CHANNEL_TO_SELF_DELAY);
}

export function make_funding_created(n: i32): i32 {
  const outpoint = at.channel_of(n) + CHANNEL_OUTPOINT;
  message_begin(record, opening.FUNDING_CREATED);
  store<u32>(record, <u32>temporary_channel_id(), opening.FUNDING_CREATED_TEMPORARY_CHANNEL_ID);
  store<u32>(record, <u32>outpoint, opening.FUNDING_CREATED_FUNDING_TXID);
  store<u32>(record, load<u32>(outpoint, 32), opening.FUNDING_CREATED_FUNDING_OUTPUT_INDEX);
  store<u32>(record, <u32>signatures, opening.FUNDING_CREATED_SIGNATURE);
  return sign(n);
}

export function make_funding_signed(n: i32): i32 {
  begin(n, opening.FUNDING_SIGNED);
  store<u32>(record, <u32>signatures, opening.FUNDING_SIGNED_SIGNATURE);
  return sign(n);
}

export function make_ready(n: i32): i32 {
  begin(n, opening.CHANNEL_READY);
  store<u32>(record, <u32>point, opening.CHANNEL_READY_SECOND_PER_COMMITMENT_POINT);
  const alias = load<u64>(at.channel_of(n), at.CHANNEL_ALIAS);
  if (alias != 0) {
    store<u32>(record, opening.CHANNEL_READY_HAS_SHORT_CHANNEL_ID, RECORD_PRESENT);
    store<u64>(record, alias, opening.CHANNEL_READY_SHORT_CHANNEL_ID);
  }
  return own_point(n, 1, point);
}
