// commitment_signed and revoke_and_ack, both ways. What is decided here is stored before it goes out, and goes out again
// from what is stored: signatures and secrets are worked out anew. BOLT 2, "Committing Updates So Far", "Completing the
// Transition to the Updated State".

import { ERR_CRYPTO, ERR_POINT, ERR_STATE, ERR_VALUE } from "../base/errors";
import { commitment_check } from "../chain/signatures";
import { COUNTERPARTY, HOLDER } from "../chain/spec";
import { secrets_add } from "../chain/shachain";
import { OUTPUT_KIND, output_at, outputs_count } from "../chain/outputs";
import { point_add, scalar_public } from "../crypto/crypto";
import {
  COMMITMENT_SIGNED_HTLC_SIGNATURE,
  COMMITMENT_SIGNED_SIGNATURE,
  REVOKE_AND_ACK_NEXT_PER_COMMITMENT_POINT,
  REVOKE_AND_ACK_PER_COMMITMENT_SECRET,
} from "../wire/updates";
import { ESTABLISHED, TO_COMMIT, TO_REVOKE, batch_begin, is_live, set_live } from "./live";
import { has_changes, judge_lapses, move_all } from "./moves";
import {
  CHANNEL_NUMBERS,
  CHANNEL_POINTS,
  CHANNEL_SECRETS,
  CHANNEL_SIGNATURE,
  MARK_PEER_READY,
  MARK_READY,
  MARK_REVOKED_LAST,
  MARK_UNACKED,
  SLOT_SIGNATURE,
  STATE_NORMAL,
  channel_of,
  clear_mark,
  has_mark,
  set_mark,
  slot_of,
  state_of,
} from "./record";
import { view_build, view_slots } from "./view";

const point: usize = memory.data(33, 8);

/** ERR_POINT unless `at` is a point of the curve: one can be added to it. */
export function check_point(at: usize, other: usize): i32 {
  const code = point_add(at, other, point);
  return code == ERR_CRYPTO ? ERR_POINT : code;
}

function count_up(channel: usize, side: u32): void {
  const at = channel + CHANNEL_NUMBERS + <usize>(side << 3);
  store<u64>(at, load<u64>(at) + 1);
}

/** Keeps the HTLC signatures of the standing commitment in their slots. */
function keep_signatures(n: i32, signatures: usize): void {
  for (let position = 0; position < outputs_count(); position++) {
    const htlc = load<i32>(output_at(position), OUTPUT_KIND);
    if (htlc < 0) continue;
    memory.copy(slot_of(n, load<u8>(view_slots + <usize>htlc)) + SLOT_SIGNATURE, signatures, 64);
    signatures += 64;
  }
}

/**
 * commitment_signed: checked, kept, and the commitment before it revoked. ERR_STATE; ERR_SIGNATURE; ERR_LENGTH: not a
 * signature for each HTLC output; codes of `view_build`.
 */
export function on_commitment_signed(n: i32, record: usize): i32 {
  const channel = channel_of(n);
  if (!has_mark(channel, MARK_READY) || !has_mark(channel, MARK_PEER_READY)) return ERR_STATE;
  judge_lapses(n);
  let code = view_build(n, HOLDER, true);
  if (code < 0) return code;
  const signature = load<u32>(record, COMMITMENT_SIGNED_SIGNATURE);
  const signatures = load<u32>(record, COMMITMENT_SIGNED_HTLC_SIGNATURE);
  code = commitment_check(signature, signatures, load<i32>(record, COMMITMENT_SIGNED_HTLC_SIGNATURE + 4));
  if (code < 0) return code;
  memory.copy(channel + CHANNEL_SIGNATURE, signature, 64);
  keep_signatures(n, signatures);
  count_up(channel, HOLDER);
  move_all(n, COUNTERPARTY, false);
  move_all(n, HOLDER, true);
  set_mark(channel, MARK_REVOKED_LAST);
  set_live(n, TO_REVOKE);
  return 0;
}

/**
 * revoke_and_ack. ERR_STATE: nothing is to be acknowledged; ERR_VALUE: not the secret of the commitment that is revoked;
 * ERR_POINT.
 */
export function on_revoke(n: i32, record: usize): i32 {
  const channel = channel_of(n);
  if (!has_mark(channel, MARK_UNACKED) || is_live(n, TO_COMMIT)) return ERR_STATE;
  const secret = load<u32>(record, REVOKE_AND_ACK_PER_COMMITMENT_SECRET);
  const next = load<u32>(record, REVOKE_AND_ACK_NEXT_PER_COMMITMENT_POINT);
  const points = channel + CHANNEL_POINTS;
  if (scalar_public(secret, point) < 0 || memory.compare(point, points, 33) != 0) return ERR_VALUE;
  let code = check_point(next, points);
  if (code >= 0) code = secrets_add(channel + CHANNEL_SECRETS, secret);
  if (code < 0) return code;
  memory.copy(points, points + 33, 33);
  memory.copy(points + 33, next, 33);
  clear_mark(channel, MARK_UNACKED);
  move_all(n, COUNTERPARTY, true);
  return 0;
}

/** Commits to what is new, if the last commitment_signed is acknowledged: whether there was anything. */
export function commit(n: i32): bool {
  const channel = channel_of(n);
  if (
    state_of(n) != STATE_NORMAL ||
    !is_live(n, ESTABLISHED) ||
    has_mark(channel, MARK_UNACKED) ||
    !has_changes(n, HOLDER)
  ) {
    return false;
  }
  count_up(channel, COUNTERPARTY);
  move_all(n, HOLDER, false);
  set_mark(channel, MARK_UNACKED);
  clear_mark(channel, MARK_REVOKED_LAST);
  batch_begin(n);
  return true;
}
