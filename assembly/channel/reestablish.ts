// After a new connection: what either side has missed is sent again, in the order in which it was decided on; a side that
// has fallen behind learns of it. BOLT 2, "Message Retransmission".

import { ERR_EXPIRED, ERR_POINT, ERR_STATE, ERR_VALUE } from "../base/errors";
import { holder_secret } from "../chain/derive";
import { secrets_get } from "../chain/shachain";
import { COUNTERPARTY, HOLDER } from "../chain/spec";
import {
  CHANNEL_REESTABLISH,
  CHANNEL_REESTABLISH_CHANNEL_ID,
  CHANNEL_REESTABLISH_MY_CURRENT_PER_COMMITMENT_POINT,
  CHANNEL_REESTABLISH_NEXT_COMMITMENT_NUMBER,
  CHANNEL_REESTABLISH_NEXT_REVOCATION_NUMBER,
  CHANNEL_REESTABLISH_YOUR_LAST_PER_COMMITMENT_SECRET,
} from "../wire/updates";
import { message_begin } from "../wire/message";
import { ESTABLISHED, TO_READY, TO_REVOKE, TO_SHUTDOWN, batch_begin, is_live, own_point, set_live } from "./live";
import {
  CHANNEL_ID,
  CHANNEL_NUMBER,
  CHANNEL_NUMBERS,
  CHANNEL_SECRETS,
  MARK_READY,
  MARK_SHUTDOWN,
  MARK_UNACKED,
  STATE_FUNDED,
  channel_of,
  has_mark,
  state_of,
} from "./record";
import { of_side } from "./view";

const secret: usize = memory.data(32, 8);
const point: usize = memory.data(33, 8);

/** Makes our channel_reestablish in `record`. ERR_CRYPTO. */
export function reestablish_make(n: i32, record: usize): i32 {
  const channel = channel_of(n);
  const number = of_side(channel, CHANNEL_NUMBERS, HOLDER);
  const revoked = load<u64>(channel, CHANNEL_SECRETS);
  message_begin(record, CHANNEL_REESTABLISH);
  memory.fill(secret, 0, 32);
  let code = revoked == 0 ? 0 : secrets_get(channel + CHANNEL_SECRETS, revoked - 1, secret);
  if (code >= 0) code = own_point(n, number, point);
  if (code < 0) return code;
  store<u32>(record, <u32>(channel + CHANNEL_ID), CHANNEL_REESTABLISH_CHANNEL_ID);
  store<u64>(record, number + 1, CHANNEL_REESTABLISH_NEXT_COMMITMENT_NUMBER);
  store<u64>(record, revoked, CHANNEL_REESTABLISH_NEXT_REVOCATION_NUMBER);
  store<u32>(record, <u32>secret, CHANNEL_REESTABLISH_YOUR_LAST_PER_COMMITMENT_SECRET);
  store<u32>(record, <u32>point, CHANNEL_REESTABLISH_MY_CURRENT_PER_COMMITMENT_POINT);
  return 0;
}

/** 0 if the peer knows our secret of the commitment before `next_revocation`; ERR_VALUE if not. */
function check_secret(n: i32, next_revocation: u64, told: usize): i32 {
  memory.fill(secret, 0, 32);
  let code = 0;
  if (next_revocation > 0) code = holder_secret(load<i32>(channel_of(n), CHANNEL_NUMBER), next_revocation - 1, secret);
  if (code >= 0 && memory.compare(secret, told, 32) != 0) code = ERR_VALUE;
  memory.fill(secret, 0, 32);
  return code < 0 ? ERR_VALUE : 0;
}

/**
 * channel_reestablish: what is to be sent again is marked. ERR_STATE: it has come before; ERR_VALUE: its numbers or its
 * secret cannot be; ERR_EXPIRED: it proves that we have fallen behind, so that nothing of ours may be broadcast.
 */
export function on_reestablish(n: i32, record: usize): i32 {
  if (is_live(n, ESTABLISHED)) return ERR_STATE;
  const channel = channel_of(n);
  const own_number = of_side(channel, CHANNEL_NUMBERS, HOLDER);
  const their_number = of_side(channel, CHANNEL_NUMBERS, COUNTERPARTY);
  const next_commitment = load<u64>(record, CHANNEL_REESTABLISH_NEXT_COMMITMENT_NUMBER);
  const next_revocation = load<u64>(record, CHANNEL_REESTABLISH_NEXT_REVOCATION_NUMBER);
  const told = load<u32>(record, CHANNEL_REESTABLISH_YOUR_LAST_PER_COMMITMENT_SECRET);
  if (load<u8>(load<u32>(record, CHANNEL_REESTABLISH_MY_CURRENT_PER_COMMITMENT_POINT)) >> 1 != 1) return ERR_POINT;
  if (check_secret(n, next_revocation, told) < 0) return ERR_VALUE;
  if (next_revocation > own_number) return ERR_EXPIRED;
  if (next_revocation + 1 < own_number) return ERR_VALUE;
  const commit_again = next_commitment == their_number && has_mark(channel, MARK_UNACKED);
  if (!commit_again && next_commitment != their_number + 1) return ERR_VALUE;

  set_live(n, ESTABLISHED);
  const revoke_again = next_revocation + 1 == own_number;
  if (revoke_again) set_live(n, TO_REVOKE);
  if (commit_again) batch_begin(n);
  // Either side may have missed it only as long as nothing has been committed to since.
  const is_first = next_commitment == 1 && own_number == 0;
  if (has_mark(channel, MARK_READY) && (is_first || state_of(n) == STATE_FUNDED)) set_live(n, TO_READY);
  if (has_mark(channel, MARK_SHUTDOWN)) set_live(n, TO_SHUTDOWN);
  return 0;
}
