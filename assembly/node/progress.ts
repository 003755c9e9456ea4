// The end of every event: what follows from it is worked out, stored, and only then sent and told.

import { ERR_FLASH } from "../base/errors";
import { MAX_CHANNELS, MAX_CONNECTIONS, MAX_MESSAGE_BYTES } from "../base/limits";
import { channel_commit, channel_hang_up, channel_next_message } from "../channel/channel";
import { EVENT_BYTES, EVENT_KIND } from "../payment/events";
import { payment_settle } from "../payment/settle";
import { payment_next_event } from "../payment/telling";
import * as board from "./board";
import { line_events_note, line_events_tell } from "./line_events";
import { lines_roll, lines_send } from "./lines";
import { channel_connection, peer_end, peer_frame, peer_is_full, peer_send } from "./peers";
import { persist } from "./persist";
import { tell_channels, tell_problem } from "./telling";

const event: usize = memory.data(<i32>EVENT_BYTES, 8);

/** Flash has failed: nothing goes on. */
export let dead: bool = false;

/** Before `boot`. */
export function revive(): void {
  dead = false;
}

/** Payments and channels move each other until neither has anything to do. Both only ever move HTLCs on, so that this ends. */
function settle(): void {
  let changed: bool;
  do {
    changed = payment_settle();
    if (lines_roll()) changed = true;
    for (let n = 0; n < MAX_CHANNELS; n++) {
      if (channel_connection(n) >= 0 && channel_commit(n)) changed = true;
    }
  } while (changed);
}

/** Sends all that channel `n` has to say, as far as the line takes it; the rest stays where it is. */
function pull(n: i32): void {
  const connection = channel_connection(n);
  if (connection < 0) return;
  for (;;) {
    if (peer_is_full(connection)) return;
    const len = channel_next_message(n, peer_frame(), MAX_MESSAGE_BYTES);
    if (len == 0) break;
    const code = len < 0 ? len : peer_send(connection, len);
    if (code < 0) {
      tell_problem(connection, n, code, 0, 0, 0);
      peer_end(connection, true);
      return;
    }
  }
  if (channel_hang_up(n)) peer_end(connection, true);
}

/**
 * Ends an event: 0, or ERR_FLASH if what it changed could not be stored: then nothing of it is sent or told, all
 * connections are over, and the node is dead until it is switched on again.
 */
export function advance(): i32 {
  settle();
  line_events_note();
  if (persist() < 0) {
    dead = true;
    for (let c = 0; c < MAX_CONNECTIONS; c++) peer_end(c, true);
    return ERR_FLASH;
  }
  lines_send(true);
  for (let n = 0; n < MAX_CHANNELS; n++) pull(n);
  lines_send(false);
  tell_channels();
  line_events_tell();
  for (let len = payment_next_event(event); len > 0; len = payment_next_event(event)) {
    board.tell(load<i32>(event, EVENT_KIND), event, len);
  }
  return 0;
}
