// From an accepted channel to one in normal operation: its funding output, the first commitments, confirmations. BOLT 2,
// "The `funding_created` Message" to "The `channel_ready` Message".

import { ERR_OVERFLOW, ERR_STATE, ERR_VALUE } from "../base/errors";
import { FUNDING_TIMEOUT_BLOCKS, MAX_CHANNELS } from "../base/limits";
import { obscuring_factor } from "../chain/derive";
import { FUNDING_SCRIPT_BYTES, funding_script, p2wsh_program } from "../chain/script";
import { commitment_check } from "../chain/signatures";
import {
  CHANNEL_OBSCURING,
  CHANNEL_OPENER,
  CHANNEL_OUTPOINT,
  COUNTERPARTY,
  HOLDER,
  SIDE_FUNDING_PUBKEY,
  SIDE_PAYMENT_BASEPOINT,
  side_of,
} from "../chain/spec";
import { RECORD_PRESENT } from "../wire/kinds";
import * as wire from "../wire/opening";
import { check_point } from "./commits";
import { chain_height } from "./config";
import { ESTABLISHED, TO_ACCEPT, TO_FUNDING_CREATED, TO_FUNDING_SIGNED, TO_READY, is_live, set_live } from "./live";
import * as at from "./record";
import { view_build } from "./view";

const POINT: usize = 33;
const ID_BYTES: usize = 32;

const script: usize = memory.data(FUNDING_SCRIPT_BYTES, 8);

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
  store<u32>(channel, chain_height(at.chain_of(n)), at.CHANNEL_FUNDED_HEIGHT);
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

/** Whether channel `n`, opened by its peer, waits for its funding to be confirmed, which has not come so far. */
export function channel_unconfirmed(n: i32): bool {
  const channel = at.channel_of(n);
  const state = at.state_of(n);
  if (load<u32>(channel, CHANNEL_OPENER) != COUNTERPARTY || at.has_mark(channel, at.MARK_READY)) return false;
  return state == at.STATE_ACCEPTED || state == at.STATE_FUNDED;
}

/** Whether it has waited so long that it is to be forgotten: `channel_forget`. BOLT 2, "The `funding_signed` Message". */
export function channel_never_funded(n: i32): bool {
  const channel = at.channel_of(n);
  if (at.state_of(n) != at.STATE_FUNDED || !channel_unconfirmed(n) || load<u32>(channel, at.CHANNEL_DEPTH) != 0) {
    return false;
  }
  return chain_height(at.chain_of(n)) >= load<u32>(channel, at.CHANNEL_FUNDED_HEIGHT) + FUNDING_TIMEOUT_BLOCKS;
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
