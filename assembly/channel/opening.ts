// Opening a channel in either role, until both have signed and the funding is confirmed. BOLT 2, "Channel Establishment v1".

import { mul_div_floor, sub } from "../base/amount";
import { ERR_ARGUMENT, ERR_CHAIN, ERR_OVERFLOW, ERR_STATE, ERR_VALUE } from "../base/errors";
import {
  MAX_ACCEPTED_HTLCS,
  MAX_CHANNELS,
  MAX_FEERATE_PER_KW,
  MAX_FUNDING_SAT,
  MAX_MINIMUM_DEPTH,
  MIN_FEERATE_PER_KW,
  MIN_FUNDING_SAT,
} from "../base/limits";
import { obscuring_factor } from "../chain/derive";
import { CHAIN_HASH } from "../chain/params";
import { FUNDING_SCRIPT_BYTES, funding_script, p2wsh_program } from "../chain/script";
import { commitment_check } from "../chain/signatures";
import {
  CHANNEL_ANCHORS,
  CHANNEL_ENERGY,
  CHANNEL_FLAGS,
  CHANNEL_FUNDING_SAT,
  CHANNEL_KEYS,
  CHANNEL_OBSCURING,
  CHANNEL_OPENER,
  CHANNEL_OUTPOINT,
  COUNTERPARTY,
  HOLDER,
  SIDE_DUST_LIMIT_SAT,
  SIDE_FUNDING_PUBKEY,
  SIDE_PAYMENT_BASEPOINT,
  SIDE_TO_SELF_DELAY,
  side_of,
} from "../chain/spec";
import { key_public, sha256 } from "../crypto/crypto";
import { KEY_CHANNEL } from "../crypto/keys";
import { RECORD_PRESENT } from "../wire/kinds";
import * as wire from "../wire/opening";
import { check_first, reserve_for } from "./bounds";
import { check_point } from "./commits";
import {
  chain_params,
  own_dust_limit_sat,
  own_htlc_minimum_msat,
  own_minimum_depth,
  own_to_self_delay,
} from "./config";
import {
  CONNECTED,
  ESTABLISHED,
  TO_ACCEPT,
  TO_FUNDING_CREATED,
  TO_FUNDING_SIGNED,
  TO_OPEN,
  TO_READY,
  is_live,
  live_end,
  set_live,
} from "./live";
import * as at from "./record";
import { check_points, check_terms, check_upfront, keep_points, keep_terms, keep_upfront, type_of } from "./terms";
import { view_build } from "./view";

const POINT: usize = 33;
const ID_BYTES: usize = 32;

const amount: usize = memory.data(8, 8);
const opener_msat: usize = memory.data(8, 8);
const script: usize = memory.data(FUNDING_SCRIPT_BYTES, 8);

/** Fills in what we bring along: keys under a number that no channel has had, and our terms. ERR_CRYPTO. */
function begin(n: i32, peer: usize, funding_sat: u64, feerate: u32, flags: u32, opener: u32): i32 {
  const channel = at.channel_of(n);
  live_end(n);
  memory.fill(channel, 0, at.CHANNEL_STATE_BYTES);
  const number = load<u32>(at.channels);
  const keys = KEY_CHANNEL * (<i32>number + 1);
  store<u32>(channel, number, at.CHANNEL_NUMBER);
  store<i32>(channel, keys, CHANNEL_KEYS);
  const own = side_of(channel, HOLDER);
  let code = 0;
  for (let key: usize = 0; code >= 0 && key < 5; key++) {
    code = key_public(keys + <i32>key, own + SIDE_FUNDING_PUBKEY + key * POINT);
  }
  if (code < 0) {
    memory.fill(channel, 0, at.CHANNEL_STATE_BYTES);
    return code;
  }
  store<u64>(channel, funding_sat, CHANNEL_FUNDING_SAT);
  store<u32>(channel, flags, CHANNEL_FLAGS);
  store<u32>(channel, opener, CHANNEL_OPENER);
  memory.copy(channel + at.CHANNEL_PEER, peer, POINT);
  store<u64>(own, own_dust_limit_sat, SIDE_DUST_LIMIT_SAT);
  store<u32>(side_of(channel, COUNTERPARTY), own_to_self_delay, SIDE_TO_SELF_DELAY);
  mul_div_floor(funding_sat, 1000, 1, amount);
  store<u64>(channel, load<u64>(amount), at.CHANNEL_MAX_IN_FLIGHT_MSAT);
  store<u64>(channel, own_htlc_minimum_msat, at.CHANNEL_HTLC_MINIMUM_MSAT);
  store<u32>(channel, MAX_ACCEPTED_HTLCS, at.CHANNEL_MAX_ACCEPTED);
  // What the other side has to keep is what we ask for.
  store<u64>(channel, reserve_for(funding_sat), at.CHANNEL_RESERVES_SAT + 8);
  store<u32>(channel + 16, feerate, at.CHANNEL_FEERATES);
  return 0;
}

/** Makes the record count: its keys are used up, whatever becomes of it. */
function take_number(): void {
  store<u32>(at.channels, load<u32>(at.channels) + 1);
}

/**
 * Begins to open channel `n`, a free one, to the peer (33 bytes): its open_channel is pulled next. ERR_STATE: `n` is in
 * use; ERR_ARGUMENT: the flags; ERR_VALUE: an amount or feerate is not taken; ERR_OVERFLOW: too little is left for the
 * fee, or neither side would have more than the reserve; ERR_CRYPTO.
 * @param flags CHANNEL_ANCHORS and CHANNEL_ENERGY of chain/spec.ts, if negotiated
 * @param open_flags bit 0: announce_channel
 * @param parameters with CHANNEL_ENERGY a record of energy/parameters.ts, else 0
 */
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
  if (<u32>n >= <u32>MAX_CHANNELS || flags > (CHANNEL_ANCHORS | CHANNEL_ENERGY) || open_flags > 1) return ERR_ARGUMENT;
  if ((parameters != 0) != ((flags & CHANNEL_ENERGY) != 0)) return ERR_ARGUMENT;
  if (at.state_of(n) != at.STATE_NONE) return ERR_STATE;
  let code = check_amounts(funding_sat, push_msat, feerate_per_kw);
  if (code >= 0) code = begin(n, peer, funding_sat, feerate_per_kw, flags, HOLDER);
  if (code < 0) return code;
  const channel = at.channel_of(n);
  store<u64>(channel, load<u64>(opener_msat), at.CHANNEL_BALANCES_MSAT);
  store<u64>(channel, push_msat, at.CHANNEL_BALANCES_MSAT + 8);
  store<u8>(channel, <u8>open_flags, at.CHANNEL_OPEN_FLAGS);
  code = check_first(channel, feerate_per_kw, load<u64>(opener_msat), push_msat, reserve_for(funding_sat));
  // Its keys are new, so a hash of them is an id that no other channel has.
  if (code >= 0) code = sha256(side_of(channel, HOLDER) + SIDE_FUNDING_PUBKEY, 5 * <i32>POINT, channel + at.CHANNEL_ID);
  if (code < 0) {
    memory.fill(channel, 0, at.CHANNEL_STATE_BYTES);
    return code;
  }
  take_number();
  store<u32>(channel, at.STATE_OPENING, at.CHANNEL_STATE);
  set_live(n, CONNECTED | ESTABLISHED | TO_OPEN);
  return 0;
}

/** Funding, push and feerate; what the opener keeps goes to `opener_msat`. */
function check_amounts(funding_sat: u64, push_msat: u64, feerate: u32): i32 {
  if (funding_sat < MIN_FUNDING_SAT || funding_sat >= MAX_FUNDING_SAT) return ERR_VALUE;
  if (feerate < MIN_FEERATE_PER_KW || feerate > MAX_FEERATE_PER_KW) return ERR_VALUE;
  mul_div_floor(funding_sat, 1000, 1, amount);
  return sub(load<u64>(amount), push_msat, opener_msat) < 0 ? ERR_VALUE : 0;
}

function check_open(record: usize, flags: u32): i32 {
  if (memory.compare(load<u32>(record, wire.OPEN_CHANNEL_CHAIN_HASH), chain_params + CHAIN_HASH, 32) != 0)
    return ERR_CHAIN;
  const type = type_of(record, wire.OPEN_CHANNEL_CHANNEL_TYPE);
  if (type < 0) return type;
  if (((<u32>type) & ~flags) != 0) return ERR_VALUE;
  const funding_sat = load<u64>(record, wire.OPEN_CHANNEL_FUNDING_SATOSHIS);
  const push_msat = load<u64>(record, wire.OPEN_CHANNEL_PUSH_MSAT);
  let code = check_amounts(funding_sat, push_msat, load<u32>(record, wire.OPEN_CHANNEL_FEERATE_PER_KW));
  if (code < 0) return code;
  code = check_terms(
    load<u64>(record, wire.OPEN_CHANNEL_DUST_LIMIT_SATOSHIS),
    load<u64>(record, wire.OPEN_CHANNEL_CHANNEL_RESERVE_SATOSHIS),
    load<u64>(record, wire.OPEN_CHANNEL_HTLC_MINIMUM_MSAT),
    load<u32>(record, wire.OPEN_CHANNEL_TO_SELF_DELAY),
    load<u32>(record, wire.OPEN_CHANNEL_MAX_ACCEPTED_HTLCS),
    funding_sat,
  );
  return code < 0 ? code : check_upfront(record, wire.OPEN_CHANNEL_UPFRONT_SHUTDOWN_SCRIPT);
}

/**
 * An open_channel in `record` from the peer (33 bytes): the number of the channel that accepts it, whose accept_channel is
 * pulled next; or a code, nothing having changed, upon which the peer is to be sent an `error` of its temporary_channel_id:
 * ERR_CAPACITY: there are MAX_CHANNELS; ERR_CHAIN; ERR_MISSING: no channel_type; ERR_VALUE: a term that is not taken;
 * ERR_OVERFLOW as of `channel_open`; ERR_POINT; ERR_CRYPTO.
 * @param flags CHANNEL_ANCHORS, if negotiated
 */
export function channel_on_open(peer: usize, record: usize, flags: u32): i32 {
  const n = at.channel_free();
  if (n < 0) return n;
  let code = check_open(record, flags);
  if (code < 0) return code;
  // Messages have to find one channel.
  if (at.channel_find(load<u32>(record, wire.OPEN_CHANNEL_TEMPORARY_CHANNEL_ID), peer) >= 0) return ERR_VALUE;
  const type = <u32>type_of(record, wire.OPEN_CHANNEL_CHANNEL_TYPE);
  const funding_sat = load<u64>(record, wire.OPEN_CHANNEL_FUNDING_SATOSHIS);
  const push_msat = load<u64>(record, wire.OPEN_CHANNEL_PUSH_MSAT);
  const feerate = load<u32>(record, wire.OPEN_CHANNEL_FEERATE_PER_KW);
  code = begin(n, peer, funding_sat, feerate, type, COUNTERPARTY);
  if (code < 0) return code;
  const channel = at.channel_of(n);
  code = check_points(channel, record, wire.OPEN_CHANNEL_FUNDING_PUBKEY);
  const reserve_sat = max(load<u64>(record, wire.OPEN_CHANNEL_CHANNEL_RESERVE_SATOSHIS), reserve_for(funding_sat));
  if (code >= 0) code = check_first(channel, feerate, load<u64>(opener_msat), push_msat, reserve_sat);
  if (code < 0) {
    memory.fill(channel, 0, at.CHANNEL_STATE_BYTES);
    return code;
  }
  take_number();
  keep_points(channel, record, wire.OPEN_CHANNEL_FUNDING_PUBKEY);
  keep_upfront(channel, record, wire.OPEN_CHANNEL_UPFRONT_SHUTDOWN_SCRIPT);
  keep_terms(
    channel,
    load<u64>(record, wire.OPEN_CHANNEL_DUST_LIMIT_SATOSHIS),
    load<u64>(record, wire.OPEN_CHANNEL_CHANNEL_RESERVE_SATOSHIS),
    load<u64>(record, wire.OPEN_CHANNEL_HTLC_MINIMUM_MSAT),
    load<u32>(record, wire.OPEN_CHANNEL_TO_SELF_DELAY),
    load<u32>(record, wire.OPEN_CHANNEL_MAX_ACCEPTED_HTLCS),
    load<u64>(record, wire.OPEN_CHANNEL_MAX_HTLC_VALUE_IN_FLIGHT_MSAT),
  );
  store<u64>(channel, push_msat, at.CHANNEL_BALANCES_MSAT);
  store<u64>(channel, load<u64>(opener_msat), at.CHANNEL_BALANCES_MSAT + 8);
  store<u32>(channel, own_minimum_depth, at.CHANNEL_MINIMUM_DEPTH);
  store<u8>(channel, <u8>(load<u32>(record, wire.OPEN_CHANNEL_CHANNEL_FLAGS) & 1), at.CHANNEL_OPEN_FLAGS);
  memory.copy(channel + at.CHANNEL_ID, load<u32>(record, wire.OPEN_CHANNEL_TEMPORARY_CHANNEL_ID), ID_BYTES);
  store<u32>(channel, at.STATE_ACCEPTED, at.CHANNEL_STATE);
  set_live(n, CONNECTED | ESTABLISHED | TO_ACCEPT);
  return n;
}

/** accept_channel. ERR_STATE, ERR_MISSING, ERR_VALUE, ERR_POINT, ERR_OVERFLOW. */
export function on_accept(n: i32, record: usize): i32 {
  const channel = at.channel_of(n);
  if (at.state_of(n) != at.STATE_OPENING || is_live(n, TO_OPEN)) return ERR_STATE;
  const type = type_of(record, wire.ACCEPT_CHANNEL_CHANNEL_TYPE);
  if (type < 0) return type;
  if (<u32>type != load<u32>(channel, CHANNEL_FLAGS)) return ERR_VALUE;
  if (load<u32>(record, wire.ACCEPT_CHANNEL_MINIMUM_DEPTH) > MAX_MINIMUM_DEPTH) return ERR_VALUE;
  const funding_sat = load<u64>(channel, CHANNEL_FUNDING_SAT);
  const reserve_sat = load<u64>(record, wire.ACCEPT_CHANNEL_CHANNEL_RESERVE_SATOSHIS);
  let code = check_terms(
    load<u64>(record, wire.ACCEPT_CHANNEL_DUST_LIMIT_SATOSHIS),
    reserve_sat,
    load<u64>(record, wire.ACCEPT_CHANNEL_HTLC_MINIMUM_MSAT),
    load<u32>(record, wire.ACCEPT_CHANNEL_TO_SELF_DELAY),
    load<u32>(record, wire.ACCEPT_CHANNEL_MAX_ACCEPTED_HTLCS),
    funding_sat,
  );
  if (code >= 0) code = check_upfront(record, wire.ACCEPT_CHANNEL_UPFRONT_SHUTDOWN_SCRIPT);
  if (code >= 0) code = check_points(channel, record, wire.ACCEPT_CHANNEL_FUNDING_PUBKEY);
  const push_msat = load<u64>(channel, at.CHANNEL_BALANCES_MSAT + 8);
  const kept_msat = load<u64>(channel, at.CHANNEL_BALANCES_MSAT);
  const larger_sat = max(reserve_sat, reserve_for(funding_sat));
  if (code >= 0)
    code = check_first(channel, load<u32>(channel + 16, at.CHANNEL_FEERATES), kept_msat, push_msat, larger_sat);
  if (code < 0) return code;
  keep_points(channel, record, wire.ACCEPT_CHANNEL_FUNDING_PUBKEY);
  keep_upfront(channel, record, wire.ACCEPT_CHANNEL_UPFRONT_SHUTDOWN_SCRIPT);
  keep_terms(
    channel,
    load<u64>(record, wire.ACCEPT_CHANNEL_DUST_LIMIT_SATOSHIS),
    reserve_sat,
    load<u64>(record, wire.ACCEPT_CHANNEL_HTLC_MINIMUM_MSAT),
    load<u32>(record, wire.ACCEPT_CHANNEL_TO_SELF_DELAY),
    load<u32>(record, wire.ACCEPT_CHANNEL_MAX_ACCEPTED_HTLCS),
    load<u64>(record, wire.ACCEPT_CHANNEL_MAX_HTLC_VALUE_IN_FLIGHT_MSAT),
  );
  store<u32>(channel, load<u32>(record, wire.ACCEPT_CHANNEL_MINIMUM_DEPTH), at.CHANNEL_MINIMUM_DEPTH);
  store<u32>(channel, at.STATE_FUNDING_NEEDED, at.CHANNEL_STATE);
  return 0;
}

/** The scriptpubkey of the funding output (34 bytes) to `target`, from STATE_FUNDING_NEEDED on. ERR_STATE, ERR_CRYPTO. */
export function channel_funding_program(n: i32, target: usize): i32 {
  const state = at.state_of(n);
  if (state == at.STATE_NONE || state == at.STATE_OPENING) return ERR_STATE;
  const channel = at.channel_of(n);
  const own = side_of(channel, HOLDER) + SIDE_FUNDING_PUBKEY;
  funding_script(own, side_of(channel, COUNTERPARTY) + SIDE_FUNDING_PUBKEY, script);
  return p2wsh_program(script, FUNDING_SCRIPT_BYTES, target);
}

/** The outpoint, and what hangs on it: channel_id and the obscuring factor. */
function set_outpoint(channel: usize, txid: usize, vout: u32): i32 {
  memory.copy(channel + CHANNEL_OUTPOINT, txid, 32);
  store<u32>(channel, vout, CHANNEL_OUTPOINT + 32);
  memory.copy(channel + at.CHANNEL_ID, txid, ID_BYTES);
  const last = channel + at.CHANNEL_ID + 30;
  store<u16>(last, load<u16>(last) ^ bswap<u16>(<u16>vout));
  const opener = load<u32>(channel, CHANNEL_OPENER);
  const opener_point = side_of(channel, opener) + SIDE_PAYMENT_BASEPOINT;
  return obscuring_factor(
    opener_point,
    side_of(channel, opener ^ 1) + SIDE_PAYMENT_BASEPOINT,
    channel + CHANNEL_OBSCURING,
  );
}

const temporary_id: usize = memory.data(32, 8);

/** As before `set_outpoint`. */
function unset_outpoint(channel: usize): void {
  memory.fill(channel + CHANNEL_OUTPOINT, 0, 36);
  store<u64>(channel, 0, CHANNEL_OBSCURING);
  memory.copy(channel + at.CHANNEL_ID, temporary_id, ID_BYTES);
}

/** The temporary_channel_id of a channel that has been funded over this connection: funding_created still says it. */
export function temporary_channel_id(): usize {
  return temporary_id;
}

/**
 * The opener's transaction: txid (32 bytes as hashed), output index. In STATE_FUNDING_NEEDED; funding_created is pulled
 * next, before another channel is funded. The transaction may be broadcast once the state is STATE_FUNDED. ERR_STATE;
 * ERR_VALUE: the index is more than a u16 holds; ERR_OVERFLOW and others of chain/commitment.ts.
 */
export function channel_fund(n: i32, txid: usize, vout: u32): i32 {
  if (at.state_of(n) != at.STATE_FUNDING_NEEDED) return ERR_STATE;
  if (vout > 0xffff) return ERR_VALUE;
  const channel = at.channel_of(n);
  memory.copy(temporary_id, channel + at.CHANNEL_ID, ID_BYTES);
  let code = set_outpoint(channel, txid, vout);
  if (code >= 0) code = view_build(n, COUNTERPARTY, false);
  if (code < 0) {
    unset_outpoint(channel);
    return code;
  }
  store<u32>(channel, at.STATE_FUNDING_CREATED, at.CHANNEL_STATE);
  set_live(n, TO_FUNDING_CREATED);
  return 0;
}

/** Whether no other channel with this peer has its id: messages have to find one channel. */
function is_only_one(n: i32): bool {
  const channel = at.channel_of(n);
  for (let other = 0; other < MAX_CHANNELS; other++) {
    const record = at.channel_of(other);
    if (
      other != n &&
      at.state_of(other) != at.STATE_NONE &&
      memory.compare(record + at.CHANNEL_ID, channel + at.CHANNEL_ID, ID_BYTES) == 0 &&
      memory.compare(record + at.CHANNEL_PEER, channel + at.CHANNEL_PEER, POINT) == 0
    ) {
      return false;
    }
  }
  return true;
}

/** funding_created. ERR_STATE; ERR_VALUE: another one is funded there; ERR_SIGNATURE; codes of chain/commitment.ts. */
export function on_funding_created(n: i32, record: usize): i32 {
  if (at.state_of(n) != at.STATE_ACCEPTED || is_live(n, TO_ACCEPT)) return ERR_STATE;
  const channel = at.channel_of(n);
  memory.copy(temporary_id, channel + at.CHANNEL_ID, ID_BYTES);
  const vout = load<u32>(record, wire.FUNDING_CREATED_FUNDING_OUTPUT_INDEX);
  let code = set_outpoint(channel, load<u32>(record, wire.FUNDING_CREATED_FUNDING_TXID), vout);
  const signature = load<u32>(record, wire.FUNDING_CREATED_SIGNATURE);
  if (code >= 0 && !is_only_one(n)) code = ERR_VALUE;
  if (code >= 0) code = check_first_signature(n, signature);
  if (code < 0) {
    unset_outpoint(channel);
    return code;
  }
  store<u32>(channel, at.STATE_FUNDED, at.CHANNEL_STATE);
  set_live(n, TO_FUNDING_SIGNED);
  return 0;
}

/** funding_signed. ERR_STATE, ERR_SIGNATURE, codes of chain/commitment.ts. */
export function on_funding_signed(n: i32, record: usize): i32 {
  if (at.state_of(n) != at.STATE_FUNDING_CREATED || is_live(n, TO_FUNDING_CREATED)) return ERR_STATE;
  const code = check_first_signature(n, load<u32>(record, wire.FUNDING_SIGNED_SIGNATURE));
  if (code < 0) return code;
  store<u32>(at.channel_of(n), at.STATE_FUNDED, at.CHANNEL_STATE);
  return 0;
}

/** The holder's first commitment, and the counterparty's, which is to be signed next, can be made. */
function check_first_signature(n: i32, signature: usize): i32 {
  let code = view_build(n, COUNTERPARTY, false);
  if (code >= 0) code = view_build(n, HOLDER, false);
  if (code >= 0) code = commitment_check(signature, 0, 0);
  if (code < 0) return code;
  memory.copy(at.channel_of(n) + at.CHANNEL_SIGNATURE, signature, 64);
  return 0;
}

/**
 * The funding transaction has `depth` confirmations; the first of them is transaction `index` of block `block`. Once there
 * are enough, channel_ready is pulled. ERR_STATE: not STATE_FUNDED or STATE_NORMAL; ERR_OVERFLOW: no short_channel_id.
 */
export function channel_funding_depth(n: i32, depth: u32, block: u32, index: u32): i32 {
  const channel = at.channel_of(n);
  const state = at.state_of(n);
  if (state != at.STATE_FUNDED && state != at.STATE_NORMAL) return ERR_STATE;
  if (block > 0xff_ffff || index > 0xff_ffff) return ERR_OVERFLOW;
  store<u32>(channel, depth, at.CHANNEL_DEPTH);
  if (depth == 0 || depth < load<u32>(channel, at.CHANNEL_MINIMUM_DEPTH)) return 0;
  const vout = load<u32>(channel, CHANNEL_OUTPOINT + 32);
  store<u64>(channel, ((<u64>block) << 40) | ((<u64>index) << 16) | (<u64>vout), at.CHANNEL_SHORT_ID);
  if (at.has_mark(channel, at.MARK_READY)) return 0;
  at.set_mark(channel, at.MARK_READY | at.MARK_CONFIRMED);
  if (is_live(n, ESTABLISHED)) set_live(n, TO_READY);
  become_normal(channel);
  return 0;
}

function become_normal(channel: usize): void {
  if (!at.has_mark(channel, at.MARK_READY) || !at.has_mark(channel, at.MARK_PEER_READY)) return;
  store<u32>(channel, at.STATE_NORMAL, at.CHANNEL_STATE);
}

/** channel_ready. A repeated one may bring another alias. ERR_STATE, ERR_POINT. */
export function on_ready(n: i32, record: usize): i32 {
  const channel = at.channel_of(n);
  const state = at.state_of(n);
  if (state != at.STATE_FUNDED && state != at.STATE_NORMAL) return ERR_STATE;
  if (!at.has_mark(channel, at.MARK_PEER_READY)) {
    const point = load<u32>(record, wire.CHANNEL_READY_SECOND_PER_COMMITMENT_POINT);
    const code = check_point(point, channel + at.CHANNEL_POINTS);
    if (code < 0) return code;
    memory.copy(channel + at.CHANNEL_POINTS + POINT, point, POINT);
    at.set_mark(channel, at.MARK_PEER_READY);
    become_normal(channel);
  }
  if ((load<u32>(record, RECORD_PRESENT) & wire.CHANNEL_READY_HAS_SHORT_CHANNEL_ID) != 0) {
    store<u64>(channel, load<u64>(record, wire.CHANNEL_READY_SHORT_CHANNEL_ID), at.CHANNEL_PEER_ALIAS);
  }
  return 0;
}
