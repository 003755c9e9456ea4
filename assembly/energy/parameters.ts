// Parameters of a line: proposed by the channel's opener, repeated by its accepter, and kept as both ends see them alike.
// PROTOCOL.md, "Opening a line".

import { ERR_NOT_FOUND, ERR_VALUE } from "../base/errors";
import { HOUR_S, MAX_CHANNELS, MAX_PRICE_MSAT_PER_KWH, MAX_RATING_MW, MIN_INTERVAL_S } from "../base/limits";
import { write_begin, write_bytes, write_end, write_u16, write_u32, write_u64, write_u8 } from "../base/writer";
import { sha256 } from "../crypto/crypto";
import * as meter from "../meter/meter";
import * as wire from "../wire/energy";
import { size_of } from "./price";
import * as at from "./record";

/** The opener's record, PARAMETERS_BYTES, as the node's command has it. */
const RATING_MW: usize = 0;
const INTERVAL_S: usize = 8;
const FLAGS: usize = 12;
const RENT_FORTH: usize = 16;
const RENT_BACK: usize = 24;
const LOSS_FORTH: usize = 32;
const LOSS_BACK: usize = 36;
const LOSS_MAX: usize = 40;
const SPREAD: usize = 44;
const CREDIT: usize = 48;
const PRICE_CAP: usize = 56;
const TARIFF: usize = 64;
const HOLD_S: usize = 72;
const METER: usize = 76;
export const PARAMETERS_BYTES: usize = 96;
/** For METER: the least that no channel uses. */
const ANY_METER: u32 = 0xffffffff;

const hashed: usize = memory.data(256, 8);
const proposal: usize = memory.data(80, 8);

/** Whether energy that goes over the line and comes back would gain: rent + (1 - l) x back < 0. Prices are in their range. */
function is_pump(rent: i64, loss_ppm: u32, back: i64): bool {
  return rent * 1_000_000 + back * <i64>(1_000_000 - loss_ppm) < 0;
}

function is_price(price_msat_per_kwh: i64): bool {
  return size_of(price_msat_per_kwh) <= MAX_PRICE_MSAT_PER_KWH;
}

/**
 * Whether a line can have these parameters: slots of the TLV (wire/energy.ts). ERR_VALUE: an interval that does not divide the
 * hour; flags, shares or a hold out of range; a rating or price of nothing or beyond MAX_RATING_MW, MAX_PRICE_MSAT_PER_KWH; a
 * capacity of nothing; policies that are a pump. PROTOCOL.md, "Opening a line".
 */
export function parameters_check(slots: usize): i32 {
  const interval_s = load<u32>(slots, wire.ENERGY_PARAMETERS_INTERVAL_S);
  const flags = load<u32>(slots, wire.ENERGY_PARAMETERS_FLAGS);
  const hold_s = load<u32>(slots, wire.ENERGY_PARAMETERS_HOLD_S);
  if (interval_s < MIN_INTERVAL_S || HOUR_S % interval_s != 0) return ERR_VALUE;
  if (flags != wire.OPENER_OWNS && flags != wire.ACCOUNTED_AT_OPENER) return ERR_VALUE;
  if (hold_s == 0 || hold_s > HOUR_S) return ERR_VALUE;
  const forth = load<i64>(slots, wire.ENERGY_PARAMETERS_RENT_FORTH_MSAT_PER_KWH);
  const back = load<i64>(slots, wire.ENERGY_PARAMETERS_RENT_BACK_MSAT_PER_KWH);
  const loss_forth = load<u32>(slots, wire.ENERGY_PARAMETERS_LOSS_FORTH_PPM);
  const loss_back = load<u32>(slots, wire.ENERGY_PARAMETERS_LOSS_BACK_PPM);
  if (loss_forth > 1_000_000 || loss_back > 1_000_000) return ERR_VALUE;
  if (load<u32>(slots, wire.ENERGY_PARAMETERS_LOSS_MAX_PPM) > 1_000_000) return ERR_VALUE;
  if (load<u32>(slots, wire.ENERGY_PARAMETERS_IMBALANCE_SPREAD_PPM) > 1_000_000) return ERR_VALUE;
  if (load<u64>(slots, wire.ENERGY_PARAMETERS_PRICE_CAP_MSAT_PER_KWH) > MAX_PRICE_MSAT_PER_KWH) return ERR_VALUE;
  if (!is_price(load<i64>(slots, wire.ENERGY_PARAMETERS_TARIFF_MSAT_PER_KWH))) return ERR_VALUE;
  if (!is_price(forth) || !is_price(back)) return ERR_VALUE;
  if (is_pump(forth, loss_forth, back) || is_pump(back, loss_back, forth)) return ERR_VALUE;
  const rating_mw = load<u64>(slots, wire.ENERGY_PARAMETERS_RATING_MW);
  return rating_mw > MAX_RATING_MW || capacity_mwh(rating_mw, interval_s) == 0 ? ERR_VALUE : 0;
}

/** Of one interval, for a rating up to MAX_RATING_MW. */
function capacity_mwh(rating_mw: u64, interval_s: u32): u64 {
  return (rating_mw * interval_s) / HOUR_S;
}

/** Whether a line meter is another channel's: it would count the energy of both lines. */
function is_used(n: i32, number: u32): bool {
  for (let other = 0; other < MAX_CHANNELS; other++) {
    const energy = at.energy_of(other);
    if (other != n && load<u32>(energy, at.ENERGY_INTERVAL_S) != 0 && load<u32>(energy, at.ENERGY_METER) == number) {
      return true;
    }
  }
  return false;
}

/** Takes a line meter of the holder's. ERR_NOT_FOUND: there is none, or it is another line's. */
function take_meter(n: i32, number: u32): i32 {
  if (number == ANY_METER) {
    number = 0;
    while (is_used(n, number)) number++;
  }
  if (is_used(n, number)) return ERR_NOT_FOUND;
  const energy = at.energy_of(n);
  store<u32>(energy, number, at.ENERGY_METER);
  return meter.point(<i32>number, energy + at.ENERGY_METER_KEYS) < 0 ? ERR_NOT_FOUND : 0;
}

function keep(n: i32, slots: usize, opened: bool): void {
  const energy = at.energy_of(n);
  const forth = energy + at.ENERGY_POLICIES;
  store<u32>(energy, opened ? at.HOLDER_OPENED : 0, at.ENERGY_ROLES);
  store<u64>(energy, load<u64>(slots, wire.ENERGY_PARAMETERS_RATING_MW), at.ENERGY_RATING_MW);
  store<u32>(energy, load<u32>(slots, wire.ENERGY_PARAMETERS_INTERVAL_S), at.ENERGY_INTERVAL_S);
  // As from the opener's point of view, until energy_begin knows who is node_1.
  store<u32>(energy, load<u32>(slots, wire.ENERGY_PARAMETERS_FLAGS), at.ENERGY_MARKS);
  store<i64>(forth, load<i64>(slots, wire.ENERGY_PARAMETERS_RENT_FORTH_MSAT_PER_KWH));
  store<u32>(forth, load<u32>(slots, wire.ENERGY_PARAMETERS_LOSS_FORTH_PPM), at.POLICY_LOSS_PPM);
  store<i64>(forth + at.POLICY_BYTES, load<i64>(slots, wire.ENERGY_PARAMETERS_RENT_BACK_MSAT_PER_KWH));
  store<u32>(forth + at.POLICY_BYTES, load<u32>(slots, wire.ENERGY_PARAMETERS_LOSS_BACK_PPM), at.POLICY_LOSS_PPM);
  store<u32>(energy, load<u32>(slots, wire.ENERGY_PARAMETERS_LOSS_MAX_PPM), at.ENERGY_LOSS_MAX_PPM);
  store<u64>(energy, load<u64>(slots, wire.ENERGY_PARAMETERS_PRICE_CAP_MSAT_PER_KWH), at.ENERGY_PRICE_CAP);
  store<u32>(energy, load<u32>(slots, wire.ENERGY_PARAMETERS_IMBALANCE_SPREAD_PPM), at.ENERGY_SPREAD_PPM);
  store<i64>(energy, load<i64>(slots, wire.ENERGY_PARAMETERS_TARIFF_MSAT_PER_KWH), at.ENERGY_TARIFF);
  store<u16>(energy, <u16>load<u32>(slots, wire.ENERGY_PARAMETERS_HOLD_S), at.ENERGY_HOLD_S);
}

/** The opener's proposal, of a record of PARAMETERS_BYTES. ERR_VALUE, ERR_NOT_FOUND (no such meter). */
export function energy_propose(n: i32, record: usize): i32 {
  store<u64>(proposal, load<u64>(record, RATING_MW), wire.ENERGY_PARAMETERS_RATING_MW);
  store<u32>(proposal, load<u32>(record, INTERVAL_S), wire.ENERGY_PARAMETERS_INTERVAL_S);
  store<u32>(proposal, load<u32>(record, FLAGS), wire.ENERGY_PARAMETERS_FLAGS);
  store<i64>(proposal, load<i64>(record, RENT_FORTH), wire.ENERGY_PARAMETERS_RENT_FORTH_MSAT_PER_KWH);
  store<u32>(proposal, load<u32>(record, LOSS_FORTH), wire.ENERGY_PARAMETERS_LOSS_FORTH_PPM);
  store<i64>(proposal, load<i64>(record, RENT_BACK), wire.ENERGY_PARAMETERS_RENT_BACK_MSAT_PER_KWH);
  store<u32>(proposal, load<u32>(record, LOSS_BACK), wire.ENERGY_PARAMETERS_LOSS_BACK_PPM);
  store<u32>(proposal, load<u32>(record, LOSS_MAX), wire.ENERGY_PARAMETERS_LOSS_MAX_PPM);
  store<u64>(proposal, load<u64>(record, PRICE_CAP), wire.ENERGY_PARAMETERS_PRICE_CAP_MSAT_PER_KWH);
  store<u32>(proposal, load<u32>(record, SPREAD), wire.ENERGY_PARAMETERS_IMBALANCE_SPREAD_PPM);
  store<i64>(proposal, load<i64>(record, TARIFF), wire.ENERGY_PARAMETERS_TARIFF_MSAT_PER_KWH);
  store<u32>(proposal, load<u32>(record, HOLD_S), wire.ENERGY_PARAMETERS_HOLD_S);
  let code = parameters_check(proposal);
  if (code >= 0) code = take_meter(n, load<u32>(record, METER));
  if (code < 0) return code;
  keep(n, proposal, true);
  store<u64>(at.energy_of(n), load<u64>(record, CREDIT), at.ENERGY_CREDITS_MSAT);
  return 0;
}

function keep_peer(n: i32, slots: usize): void {
  const energy = at.energy_of(n);
  memory.copy(energy + at.ENERGY_METER_KEYS + 33, load<u32>(slots, wire.ENERGY_PARAMETERS_METER_KEY), 33);
  store<u64>(energy, load<u64>(slots, wire.ENERGY_PARAMETERS_CREDIT_LIMIT_MSAT), at.ENERGY_CREDITS_MSAT + 8);
}

/** The accepter takes open_channel's, and grants `credit_msat` of its own. ERR_VALUE, ERR_NOT_FOUND (no meter is free). */
export function energy_take_open(n: i32, slots: usize, credit_msat: u64): i32 {
  let code = parameters_check(slots);
  if (code >= 0) code = take_meter(n, ANY_METER);
  if (code < 0) return code;
  keep(n, slots, false);
  keep_peer(n, slots);
  store<u64>(at.energy_of(n), credit_msat, at.ENERGY_CREDITS_MSAT);
  return 0;
}

/** The opener takes accept_channel's, which repeat its own. ERR_VALUE. */
export function energy_take_accept(n: i32, slots: usize): i32 {
  energy_write(n, proposal);
  store<u32>(proposal, load<u32>(slots, wire.ENERGY_PARAMETERS_METER_KEY), wire.ENERGY_PARAMETERS_METER_KEY);
  store<u64>(
    proposal,
    load<u64>(slots, wire.ENERGY_PARAMETERS_CREDIT_LIMIT_MSAT),
    wire.ENERGY_PARAMETERS_CREDIT_LIMIT_MSAT,
  );
  if (memory.compare(proposal, slots, 80) != 0) return ERR_VALUE;
  keep_peer(n, slots);
  return 0;
}

/** Fills the slots of the TLV, before energy_begin at the accepter's and the opener's. */
export function energy_write(n: i32, slots: usize): void {
  const energy = at.energy_of(n);
  const roles = load<u32>(energy, at.ENERGY_ROLES);
  const opener_is_node_1 = ((roles & at.HOLDER_IS_NODE_1) != 0) == ((roles & at.HOLDER_OPENED) != 0);
  // It is worked out by energy_begin.
  const begun = load<u64>(energy, at.ENERGY_CAPACITY_MWH) != 0;
  let flags = load<u32>(energy, at.ENERGY_MARKS);
  if (begun)
    flags = ((roles & at.OWNER_IS_NODE_1) != 0) == opener_is_node_1 ? wire.OPENER_OWNS : wire.ACCOUNTED_AT_OPENER;
  const back: usize = begun && !opener_is_node_1 ? 0 : at.POLICY_BYTES;
  const forth_at = energy + at.ENERGY_POLICIES + at.POLICY_BYTES - back;
  const back_at = energy + at.ENERGY_POLICIES + back;
  store<u64>(slots, load<u64>(energy, at.ENERGY_RATING_MW), wire.ENERGY_PARAMETERS_RATING_MW);
  store<u32>(slots, load<u32>(energy, at.ENERGY_INTERVAL_S), wire.ENERGY_PARAMETERS_INTERVAL_S);
  store<u32>(slots, flags, wire.ENERGY_PARAMETERS_FLAGS);
  store<u32>(slots, <u32>(energy + at.ENERGY_METER_KEYS), wire.ENERGY_PARAMETERS_METER_KEY);
  store<i64>(slots, load<i64>(forth_at), wire.ENERGY_PARAMETERS_RENT_FORTH_MSAT_PER_KWH);
  store<u32>(slots, load<u32>(forth_at, at.POLICY_LOSS_PPM), wire.ENERGY_PARAMETERS_LOSS_FORTH_PPM);
  store<i64>(slots, load<i64>(back_at), wire.ENERGY_PARAMETERS_RENT_BACK_MSAT_PER_KWH);
  store<u32>(slots, load<u32>(back_at, at.POLICY_LOSS_PPM), wire.ENERGY_PARAMETERS_LOSS_BACK_PPM);
  store<u32>(slots, load<u32>(energy, at.ENERGY_LOSS_MAX_PPM), wire.ENERGY_PARAMETERS_LOSS_MAX_PPM);
  store<u64>(slots, load<u64>(energy, at.ENERGY_CREDITS_MSAT), wire.ENERGY_PARAMETERS_CREDIT_LIMIT_MSAT);
  store<u64>(slots, load<u64>(energy, at.ENERGY_PRICE_CAP), wire.ENERGY_PARAMETERS_PRICE_CAP_MSAT_PER_KWH);
  store<u32>(slots, load<u32>(energy, at.ENERGY_SPREAD_PPM), wire.ENERGY_PARAMETERS_IMBALANCE_SPREAD_PPM);
  store<i64>(slots, load<i64>(energy, at.ENERGY_TARIFF), wire.ENERGY_PARAMETERS_TARIFF_MSAT_PER_KWH);
  store<u32>(slots, load<u16>(energy, at.ENERGY_HOLD_S), wire.ENERGY_PARAMETERS_HOLD_S);
}

/** Both ends' parameters are there: roles, capacity, hash. ERR_CRYPTO. */
export function energy_begin(n: i32, holder_is_node_1: bool): i32 {
  const energy = at.energy_of(n);
  const opened = (load<u32>(energy, at.ENERGY_ROLES) & at.HOLDER_OPENED) != 0;
  const opener_is_node_1 = opened == holder_is_node_1;
  const opener_owns = load<u32>(energy, at.ENERGY_MARKS) == wire.OPENER_OWNS;
  let roles: u32 = opened ? at.HOLDER_OPENED : 0;
  if (holder_is_node_1) roles |= at.HOLDER_IS_NODE_1;
  roles |= opener_owns == opener_is_node_1 ? at.OWNER_IS_NODE_1 : at.ACCOUNTED_AT_NODE_1;
  store<u32>(energy, roles, at.ENERGY_ROLES);
  store<u32>(energy, at.ENERGY_ON, at.ENERGY_MARKS);
  const capacity = capacity_mwh(load<u64>(energy, at.ENERGY_RATING_MW), load<u32>(energy, at.ENERGY_INTERVAL_S));
  store<u64>(energy, capacity, at.ENERGY_CAPACITY_MWH);
  const policies = energy + at.ENERGY_POLICIES;
  if (!opener_is_node_1) {
    memory.copy(hashed, policies, at.POLICY_BYTES);
    memory.copy(policies, policies + at.POLICY_BYTES, at.POLICY_BYTES);
    memory.copy(policies + at.POLICY_BYTES, hashed, at.POLICY_BYTES);
  }
  const first: usize = holder_is_node_1 ? 0 : 1;
  const keys = energy + at.ENERGY_METER_KEYS;
  const credits = energy + at.ENERGY_CREDITS_MSAT;
  write_begin(hashed, 256);
  write_u64(load<u64>(energy, at.ENERGY_RATING_MW));
  write_u32(load<u32>(energy, at.ENERGY_INTERVAL_S));
  write_u8((roles >> 2) & 3);
  write_bytes(keys + first * 33, 33);
  write_bytes(keys + (1 - first) * 33, 33);
  for (let way: usize = 0; way < 2; way++) {
    write_u64(load<u64>(policies + way * at.POLICY_BYTES));
    write_u32(load<u32>(policies + way * at.POLICY_BYTES, at.POLICY_LOSS_PPM));
  }
  write_u32(load<u32>(energy, at.ENERGY_LOSS_MAX_PPM));
  write_u64(load<u64>(credits + (first << 3)));
  write_u64(load<u64>(credits + ((1 - first) << 3)));
  write_u64(load<u64>(energy, at.ENERGY_PRICE_CAP));
  write_u32(load<u32>(energy, at.ENERGY_SPREAD_PPM));
  write_u64(load<u64>(energy, at.ENERGY_TARIFF));
  write_u16(load<u16>(energy, at.ENERGY_HOLD_S));
  return sha256(hashed, write_end(), energy + at.ENERGY_PARAMETERS_HASH);
}
