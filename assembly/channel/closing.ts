// Mutual close: shutdown, and the fee of the closing transaction negotiated by closing_signed. BOLT 2, "Closing Initiation:
// `shutdown`", "Legacy Closing Negotiation: `closing_signed`".

import { add, mul_div_ceil } from "../base/amount";
import { ERR_SIGNATURE, ERR_STATE, ERR_VALUE } from "../base/errors";
import { MAX_SHUTDOWN_BYTES, MIN_FEERATE_PER_KW } from "../base/limits";
import {
  CLOSING_BYTES,
  CLOSING_DUST_LIMIT_SAT,
  CLOSING_FEE_SAT,
  CLOSING_PAYER,
  CLOSING_SCRIPTS_AT,
  CLOSING_SCRIPTS_LEN,
  closing_build,
} from "../chain/closing";
import { funding_check, funding_sign, funding_signed } from "../chain/funding";
import { P2WPKH_BYTES, SHUTDOWN_ANY_SEGWIT, p2wpkh_program, shutdown_script_check } from "../chain/script";
import {
  CHANNEL_OPENER,
  COUNTERPARTY,
  HOLDER,
  SIDE_DUST_LIMIT_SAT,
  SIDE_PAYMENT_BASEPOINT,
  side_of,
} from "../chain/spec";
import {
  CLOSING_SIGNED_FEE_SATOSHIS,
  CLOSING_SIGNED_FEE_RANGE_MAX_FEE_SATOSHIS,
  CLOSING_SIGNED_FEE_RANGE_MIN_FEE_SATOSHIS,
  CLOSING_SIGNED_HAS_FEE_RANGE,
  CLOSING_SIGNED_SIGNATURE,
  SHUTDOWN_SCRIPTPUBKEY,
} from "../wire/closing";
import { RECORD_PRESENT } from "../wire/kinds";
import { chain_feerate, own_script } from "./config";
import {
  CLOSING_SENT,
  ESTABLISHED,
  LIVE_FEE_SAT,
  LIVE_MAX_FEE_SAT,
  LIVE_MIN_FEE_SAT,
  PEER_SHUTDOWN,
  TO_CLOSING,
  TO_SHUTDOWN,
  is_live,
  live_of,
  set_live,
} from "./live";
import { is_quiet } from "./moves";
import {
  CHANNEL_BALANCES_MSAT,
  CHANNEL_CLOSING_FEE_SAT,
  CHANNEL_CLOSING_SIGNATURE,
  CHANNEL_SCRIPTS,
  CHANNEL_SCRIPT_LENGTHS,
  CHANNEL_STATE,
  MARK_PEER_SHUTDOWN,
  MARK_SHUTDOWN,
  STATE_CLOSED,
  STATE_FUNDED,
  STATE_NORMAL,
  channel_of,
  has_mark,
  set_mark,
  state_of,
  chain_of,
} from "./record";
import { is_empty } from "./riders";
import { of_side } from "./view";

const closing: usize = memory.data(<i32>CLOSING_BYTES, 8);
const amount: usize = memory.data(8, 8);

/** A side's scriptpubkey. */
function script_of(channel: usize, side: u32): usize {
  return channel + CHANNEL_SCRIPTS + <usize>side * MAX_SHUTDOWN_BYTES;
}

function script_bytes(channel: usize, side: u32): i32 {
  return load<u8>(channel + <usize>side, CHANNEL_SCRIPT_LENGTHS);
}

function can_close(n: i32): bool {
  const state = state_of(n);
  return state == STATE_FUNDED || state == STATE_NORMAL;
}

/** We shut down too, or first. */
function shut_down(n: i32): void {
  set_mark(channel_of(n), MARK_SHUTDOWN);
  if (is_live(n, ESTABLISHED)) set_live(n, TO_SHUTDOWN);
}

/**
 * Closes by mutual consent, once no HTLC is left, to a scriptpubkey of `len` bytes; with `len` 0 to that of the
 * configuration. ERR_STATE: not funded, closing already, or energy is open (riders.ts, `is_empty`); ERR_VALUE: no form that shutdown may carry; ERR_CRYPTO.
 */
export function channel_close(n: i32, script: usize, len: i32): i32 {
  const channel = channel_of(n);
  if (!can_close(n) || has_mark(channel, MARK_SHUTDOWN) || !is_empty(n)) return ERR_STATE;
  if (len == 0) {
    const code = default_script(channel);
    if (code < 0) return code;
  } else {
    if (<u32>len > <u32>MAX_SHUTDOWN_BYTES) return ERR_VALUE;
    if (shutdown_script_check(script, len, SHUTDOWN_ANY_SEGWIT) < 0) return ERR_VALUE;
    memory.copy(script_of(channel, HOLDER), script, len);
    store<u8>(channel, <u8>len, CHANNEL_SCRIPT_LENGTHS);
  }
  shut_down(n);
  return 0;
}

function default_script(channel: usize): i32 {
  const len = load<i32>(own_script);
  const at = script_of(channel, HOLDER);
  if (len > 0) {
    memory.copy(at, own_script + 4, len);
  } else {
    const code = p2wpkh_program(side_of(channel, HOLDER) + SIDE_PAYMENT_BASEPOINT, at);
    if (code < 0) return code;
  }
  store<u8>(channel, <u8>(len > 0 ? len : P2WPKH_BYTES), CHANNEL_SCRIPT_LENGTHS);
  return 0;
}

/** shutdown, answered at once, or once energy is no more open. ERR_STATE; ERR_VALUE: a form that it may not carry, or not the one announced before. */
export function on_shutdown(n: i32, record: usize): i32 {
  const channel = channel_of(n);
  if (!can_close(n) && state_of(n) != STATE_CLOSED) return ERR_STATE;
  const script = load<u32>(record, SHUTDOWN_SCRIPTPUBKEY);
  const len = load<i32>(record, SHUTDOWN_SCRIPTPUBKEY + 4);
  if (<u32>len > <u32>MAX_SHUTDOWN_BYTES || shutdown_script_check(script, len, SHUTDOWN_ANY_SEGWIT) < 0)
    return ERR_VALUE;
  const before = script_bytes(channel, COUNTERPARTY);
  const theirs = script_of(channel, COUNTERPARTY);
  if (before != 0 && (before != len || memory.compare(theirs, script, len) != 0)) return ERR_VALUE;
  if (!has_mark(channel, MARK_SHUTDOWN) && is_empty(n)) {
    const code = default_script(channel);
    if (code < 0) return code;
    shut_down(n);
  }
  memory.copy(theirs, script, len);
  store<u8>(channel, <u8>len, CHANNEL_SCRIPT_LENGTHS + 1);
  set_mark(channel, MARK_PEER_SHUTDOWN);
  set_live(n, PEER_SHUTDOWN);
  return 0;
}

/**
 * Whether both have shut down over this connection and nothing is left in flight. Our own shutdown may be still to be
 * pulled: it goes out before closing_signed.
 */
function is_drained(n: i32): bool {
  return (
    (can_close(n) || state_of(n) == STATE_CLOSED) &&
    is_live(n, ESTABLISHED | PEER_SHUTDOWN) &&
    has_mark(channel_of(n), MARK_SHUTDOWN) &&
    is_quiet(n) &&
    is_empty(n)
  );
}

/** Fee of the closing transaction at a feerate: outputs for both sides. BOLT 3, "Legacy Closing Transaction". */
function fee_at(channel: usize, feerate: u32): u64 {
  const outputs = 18 + script_bytes(channel, HOLDER) + script_bytes(channel, COUNTERPARTY);
  mul_div_ceil(feerate, 4 * (51 + outputs) + 222, 1000, amount);
  return load<u64>(amount);
}

function opener_sat(channel: usize): u64 {
  return of_side(channel, CHANNEL_BALANCES_MSAT, load<u32>(channel, CHANNEL_OPENER)) / 1000;
}

/** Works out what fees we agree to: as opener up to twice what fits now, else whatever the opener is ready to pay. */
function set_range(n: i32): void {
  const channel = channel_of(n);
  const live = live_of(n);
  const most_sat = opener_sat(channel);
  const is_opener = load<u32>(channel, CHANNEL_OPENER) == HOLDER;
  const feerate = min(max(chain_feerate(chain_of(n)), MIN_FEERATE_PER_KW), u32.MAX_VALUE >> 1);
  store<u64>(live, min(fee_at(channel, MIN_FEERATE_PER_KW), most_sat), LIVE_MIN_FEE_SAT);
  store<u64>(live, is_opener ? min(fee_at(channel, feerate << 1), most_sat) : most_sat, LIVE_MAX_FEE_SAT);
  if (!is_live(n, CLOSING_SENT)) store<u64>(live, min(fee_at(channel, feerate), most_sat), LIVE_FEE_SAT);
}

/** Answers a shutdown that came while energy was open, once it is not: whether it does so now. */
function answer(n: i32): bool {
  const channel = channel_of(n);
  if (!is_live(n, PEER_SHUTDOWN) || has_mark(channel, MARK_SHUTDOWN) || !is_empty(n)) return false;
  if (default_script(channel) < 0) return false;
  shut_down(n);
  return true;
}

/** Answers the peer's shutdown; the opener proposes a fee once all is drained: whether anything of it is done now. */
export function closing_begin(n: i32): bool {
  if (answer(n)) return true;
  const channel = channel_of(n);
  if (load<u32>(channel, CHANNEL_OPENER) != HOLDER || !is_drained(n)) return false;
  if (is_live(n, CLOSING_SENT) || is_live(n, TO_CLOSING)) return false;
  set_range(n);
  if (state_of(n) == STATE_CLOSED) store<u64>(live_of(n), load<u64>(channel, CHANNEL_CLOSING_FEE_SAT), LIVE_FEE_SAT);
  set_live(n, TO_CLOSING);
  return true;
}

/** Builds the closing transaction with outputs below a side's dust limit left out. Codes of `closing_build`. */
function build(n: i32, fee_sat: u64, dust_side: u32): i32 {
  const channel = channel_of(n);
  memory.fill(closing, 0, CLOSING_BYTES);
  memory.copy(closing, channel + CHANNEL_BALANCES_MSAT, 16);
  store<u64>(closing, fee_sat, CLOSING_FEE_SAT);
  store<u64>(closing, load<u64>(side_of(channel, dust_side), SIDE_DUST_LIMIT_SAT), CLOSING_DUST_LIMIT_SAT);
  store<u32>(closing, load<u32>(channel, CHANNEL_OPENER), CLOSING_PAYER);
  for (let side: u32 = 0; side < 2; side++) {
    store<u32>(closing + <usize>(side << 2), <u32>script_of(channel, side), CLOSING_SCRIPTS_AT);
    store<i32>(closing + <usize>(side << 2), script_bytes(channel, side), CLOSING_SCRIPTS_LEN);
  }
  return closing_build(channel, closing);
}

/** Builds the closing transaction that the peer's signature signs: ERR_SIGNATURE if it signs none. */
function build_signed(n: i32, fee_sat: u64, signature: usize): i32 {
  let code = build(n, fee_sat, HOLDER);
  if (code >= 0) code = funding_check(signature);
  if (code != ERR_SIGNATURE) return code;
  code = build(n, fee_sat, COUNTERPARTY);
  return code < 0 ? code : funding_check(signature);
}

/** closing_signed. ERR_STATE; ERR_VALUE: a fee that cannot be paid, or no agreement is possible; ERR_SIGNATURE. */
export function on_closing_signed(n: i32, record: usize): i32 {
  const channel = channel_of(n);
  const is_opener = load<u32>(channel, CHANNEL_OPENER) == HOLDER;
  if (!is_drained(n) || is_live(n, TO_SHUTDOWN) || (is_opener && !is_live(n, CLOSING_SENT))) return ERR_STATE;
  const live = live_of(n);
  const fee_sat = load<u64>(record, CLOSING_SIGNED_FEE_SATOSHIS);
  const signature = load<u32>(record, CLOSING_SIGNED_SIGNATURE);
  const code = build_signed(n, fee_sat, signature);
  if (code < 0) return code;
  if (!is_opener) set_range(n);
  const least_sat = load<u64>(live, LIVE_MIN_FEE_SAT);
  const most_sat = load<u64>(live, LIVE_MAX_FEE_SAT);
  const sent = is_live(n, CLOSING_SENT);
  const sent_sat = load<u64>(live, LIVE_FEE_SAT);
  if ((sent && fee_sat == sent_sat) || (fee_sat >= least_sat && fee_sat <= most_sat)) {
    if (!sent || fee_sat != sent_sat) set_live(n, TO_CLOSING);
    store<u64>(live, fee_sat, LIVE_FEE_SAT);
    store<u64>(channel, fee_sat, CHANNEL_CLOSING_FEE_SAT);
    memory.copy(channel + CHANNEL_CLOSING_SIGNATURE, signature, 64);
    store<u32>(channel, STATE_CLOSED, CHANNEL_STATE);
    return 0;
  }
  // Not within our range: nearer to it, if the peer's range allows that at all.
  let wanted_sat = fee_sat < least_sat ? least_sat : most_sat;
  if ((load<u32>(record, RECORD_PRESENT) & CLOSING_SIGNED_HAS_FEE_RANGE) != 0) {
    const their_least = load<u64>(record, CLOSING_SIGNED_FEE_RANGE_MIN_FEE_SATOSHIS);
    const their_most = load<u64>(record, CLOSING_SIGNED_FEE_RANGE_MAX_FEE_SATOSHIS);
    if (wanted_sat < their_least || wanted_sat > their_most) return ERR_VALUE;
  } else if (sent) {
    // Without ranges each side has to come nearer to the other.
    if (add(fee_sat, sent_sat, amount) < 0) return ERR_VALUE;
    wanted_sat = min(max(load<u64>(amount) / 2, least_sat), most_sat);
  }
  if (sent && wanted_sat == sent_sat) return ERR_VALUE;
  store<u64>(live, wanted_sat, LIVE_FEE_SAT);
  set_live(n, TO_CLOSING);
  return 0;
}

/** Signs the closing transaction with the fee that is to go out: 64 bytes. Codes of `closing_build` and `funding_sign`. */
export function closing_sign(n: i32, signature: usize): i32 {
  const code = build(n, load<u64>(live_of(n), LIVE_FEE_SAT), HOLDER);
  return code < 0 ? code : funding_sign(signature);
}

/** Scriptpubkey of our shutdown. */
export function own_shutdown_script(n: i32): usize {
  return script_of(channel_of(n), HOLDER);
}

export function own_shutdown_bytes(n: i32): i32 {
  return script_bytes(channel_of(n), HOLDER);
}

/** The closing transaction agreed on, signed by both, in STATE_CLOSED: its length. ERR_STATE, ERR_CAPACITY, ERR_CRYPTO. */
export function channel_closing_tx(n: i32, to: usize, capacity: i32): i32 {
  if (state_of(n) != STATE_CLOSED) return ERR_STATE;
  const channel = channel_of(n);
  const signature = channel + CHANNEL_CLOSING_SIGNATURE;
  const code = build_signed(n, load<u64>(channel, CHANNEL_CLOSING_FEE_SAT), signature);
  return code < 0 ? code : funding_signed(signature, to, capacity);
}
