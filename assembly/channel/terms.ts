// The terms of open_channel and accept_channel, which have most of them in common: what is taken of a peer, and how it is
// kept in the channel's record. BOLT 2, "The `open_channel` Message", "The `accept_channel` Message".

import { mul_div_floor } from "../base/amount";
import { ERR_MISSING, ERR_VALUE } from "../base/errors";
import { MAX_DUST_LIMIT_SAT, MAX_SHUTDOWN_BYTES, MAX_TO_SELF_DELAY, MIN_DUST_LIMIT_SAT } from "../base/limits";
import { SHUTDOWN_ANY_SEGWIT, shutdown_script_check } from "../chain/script";
import {
  CHANNEL_ANCHORS,
  CHANNEL_ENERGY,
  COUNTERPARTY,
  HOLDER,
  SIDE_DUST_LIMIT_SAT,
  SIDE_FUNDING_PUBKEY,
  SIDE_TO_SELF_DELAY,
  side_of,
} from "../chain/spec";
import { TYPE_ANCHORS, TYPE_ENERGY, channel_type } from "../wire/features";
import { RECORD_PRESENT } from "../wire/kinds";
import * as wire from "../wire/opening";
import { reserve_for } from "./bounds";
import { check_point } from "./commits";
import { chain_dust_limit_sat } from "./config";
import * as at from "./record";

const POINT: usize = 33;

const amount: usize = memory.data(8, 8);

/** The channel type as flags of chain/spec.ts; with energy, the parameters are there too. ERR_MISSING, ERR_VALUE. */
export function type_of(record: usize, slot: usize): i32 {
  // Both messages have the same TLVs.
  const present = load<u32>(record, RECORD_PRESENT);
  if ((present & wire.OPEN_CHANNEL_HAS_CHANNEL_TYPE) == 0) return ERR_MISSING;
  const type = channel_type(load<u32>(record + slot), load<i32>(record + slot, 4));
  if (type < 0) return type;
  if ((type & ~(TYPE_ANCHORS | TYPE_ENERGY)) != 0) return ERR_VALUE;
  const flags = (type & TYPE_ANCHORS) != 0 ? CHANNEL_ANCHORS : 0;
  if ((type & TYPE_ENERGY) == 0) return flags;
  return (present & wire.OPEN_CHANNEL_HAS_ENERGY_PARAMETERS) == 0 ? ERR_MISSING : flags | CHANNEL_ENERGY;
}

/** ERR_VALUE unless there is no upfront_shutdown_script, an empty one, or one of a valid form. */
export function check_upfront(record: usize, slot: usize): i32 {
  if ((load<u32>(record, RECORD_PRESENT) & wire.OPEN_CHANNEL_HAS_UPFRONT_SHUTDOWN_SCRIPT) == 0) return 0;
  const len = load<i32>(record + slot, 4);
  return len == 0 ? 0 : shutdown_script_check(load<u32>(record + slot), len, SHUTDOWN_ANY_SEGWIT);
}

export function keep_upfront(channel: usize, record: usize, slot: usize): void {
  if ((load<u32>(record, RECORD_PRESENT) & wire.OPEN_CHANNEL_HAS_UPFRONT_SHUTDOWN_SCRIPT) == 0) return;
  const len = load<i32>(record + slot, 4);
  store<u8>(channel, <u8>len, at.CHANNEL_SCRIPT_LENGTHS + 1);
  memory.copy(channel + at.CHANNEL_SCRIPTS + <usize>MAX_SHUTDOWN_BYTES, load<u32>(record + slot), len);
}

/**
 * The six points of either message, which lie in slots one behind the other, are points of the curve: 0, ERR_POINT. The
 * channel's own keys serve to check them.
 */
export function check_points(channel: usize, record: usize, first: usize): i32 {
  const own = side_of(channel, HOLDER) + SIDE_FUNDING_PUBKEY;
  for (let i: usize = 0; i < 6; i++) {
    const code = check_point(load<u32>(record + first + (i << 2)), own);
    if (code < 0) return code;
  }
  return 0;
}

export function keep_points(channel: usize, record: usize, first: usize): void {
  const side = side_of(channel, COUNTERPARTY) + SIDE_FUNDING_PUBKEY;
  for (let i: usize = 0; i < 5; i++) memory.copy(side + i * POINT, load<u32>(record + first + (i << 2)), POINT);
  memory.copy(channel + at.CHANNEL_POINTS, load<u32>(record + first + 20), POINT);
}

/** Terms of the peer that either message has. ERR_VALUE. */
export function check_terms(
  dust_sat: u64,
  reserve_sat: u64,
  minimum_msat: u64,
  delay: u32,
  accepted: u32,
  funding: u64,
  chain: u32,
): i32 {
  mul_div_floor(funding, 1000, 1, amount);
  const fits =
    dust_sat >= MIN_DUST_LIMIT_SAT &&
    dust_sat <= MAX_DUST_LIMIT_SAT &&
    // Neither side's reserve may be dust to the other.
    dust_sat <= reserve_sat &&
    dust_sat <= reserve_for(funding) &&
    chain_dust_limit_sat(chain) <= reserve_sat &&
    reserve_sat <= funding / 5 &&
    minimum_msat <= load<u64>(amount) / 10 &&
    delay <= MAX_TO_SELF_DELAY &&
    accepted >= 1 &&
    accepted <= 483;
  return fits ? 0 : ERR_VALUE;
}

export function keep_terms(
  channel: usize,
  dust: u64,
  reserve: u64,
  minimum: u64,
  delay: u32,
  accepted: u32,
  most: u64,
): void {
  store<u64>(side_of(channel, COUNTERPARTY), dust, SIDE_DUST_LIMIT_SAT);
  store<u32>(side_of(channel, HOLDER), delay, SIDE_TO_SELF_DELAY);
  store<u64>(channel, reserve, at.CHANNEL_RESERVES_SAT);
  store<u64>(channel, minimum, at.CHANNEL_HTLC_MINIMUM_MSAT + 8);
  store<u32>(channel, accepted, at.CHANNEL_MAX_ACCEPTED + 4);
  store<u64>(channel, most, at.CHANNEL_MAX_IN_FLIGHT_MSAT + 8);
}
