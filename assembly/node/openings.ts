// Openings that do not come on: a peer that lets them wait would keep others out.

import { ERR_EXPIRED } from "../base/errors";
import { MAX_CHANNELS, OPENING_TIMEOUT_MS } from "../base/limits";
import { channel_force, channel_forget } from "../channel/channel";
import { channel_never_funded } from "../channel/funding";
import {
  CHANNEL_ID,
  CHANNEL_NUMBER,
  channel_of,
  STATE_ACCEPTED,
  STATE_FUNDING_CREATED,
  STATE_OPENING,
  state_of,
} from "../channel/record";
import { channel_connection, ERROR_TYPE, now_ms, peer_complain_code, peer_end } from "./peers";
import { tell_problem } from "./telling";

// For each channel: which opening waits, and at which step; since when, ms.
const waiting: usize = memory.data(MAX_CHANNELS * 16, 8);

/** Whether the peer has to say something next. Who opens has a wallet of his own to ask before the funding is there. */
function is_awaited(state: u32): bool {
  return state == STATE_OPENING || state == STATE_FUNDING_CREATED || state == STATE_ACCEPTED;
}

/** Time has gone on: openings whose next message has not come for OPENING_TIMEOUT_MS are given up. */
export function openings_tick(): void {
  for (let n = 0; n < MAX_CHANNELS; n++) {
    const state = state_of(n);
    const at = waiting + ((<usize>n) << 4);
    const step = is_awaited(state) ? ((<u64>load<u32>(channel_of(n), CHANNEL_NUMBER)) << 4) | state : 0;
    if (load<u64>(at) != step) {
      store<u64>(at, step);
      store<i64>(at, now_ms, 8);
    } else if (step != 0 && now_ms - load<i64>(at, 8) >= OPENING_TIMEOUT_MS) {
      give_up(n);
    }
  }
}

/** The chain has grown: what others have opened and not funded in all this time is forgotten. */
export function openings_block(): void {
  for (let n = 0; n < MAX_CHANNELS; n++) {
    if (!channel_never_funded(n)) continue;
    complain(n);
    channel_forget(n);
  }
}

function give_up(n: i32): void {
  complain(n);
  channel_force(n, ERR_EXPIRED);
}

/** The peer hears of it while the channel's ids are still known. */
function complain(n: i32): void {
  const connection = channel_connection(n);
  tell_problem(connection, n, ERR_EXPIRED, 0, 0, 0);
  if (connection < 0) return;
  if (peer_complain_code(connection, ERROR_TYPE, channel_of(n) + CHANNEL_ID, ERR_EXPIRED) < 0)
    peer_end(connection, true);
}
