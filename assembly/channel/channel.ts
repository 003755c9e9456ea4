// What the node calls of the channel room besides opening.ts, offers.ts and closing.ts.

import { ERR_STATE } from "../base/errors";

/** After the journal has been read: every channel is as after a disconnection. */
export function channels_boot(): void {}

/** The peer of channel `n` has been connected and `init` exchanged: channel_reestablish is pulled next. */
export function channel_connected(n: i32): void {}

/** The connection has ended: what neither side has committed to is forgotten, an unfunded channel altogether. */
export function channel_disconnected(n: i32): void {}

/**
 * A message of channel `n` (any from open_channel's answer on) that has been decoded from `frame` into `record`: 0, or a
 * code, upon which nothing has changed but that `channel_next_message` gives an `error` or `warning`; after a warning
 * `channel_hang_up` says so. Types that are no channel's are ERR_ARGUMENT.
 */
export function channel_on_message(n: i32, record: usize): i32 {
  return ERR_STATE;
}

/** The peer's `error` for this channel: it fails, unless it is closed already. */
export function channel_on_error(n: i32): void {}

/**
 * Commits to what is new, if the last commitment_signed is acknowledged: whether anything has changed. To be called until
 * nothing does, before what is persistent is stored.
 */
export function channel_commit(n: i32): bool {
  return false;
}

/** The next message to the peer at `to`: its length, 0 for none, or a code. After everything persistent is stored. */
export function channel_next_message(n: i32, to: usize, capacity: i32): i32 {
  return 0;
}

/** Whether the connection is to be ended, all messages having been pulled. */
export function channel_hang_up(n: i32): bool {
  return false;
}

/** Fails the channel on our own behalf, or because of `fault` (a code): `error` is pulled next. ERR_STATE. */
export function channel_force(n: i32, fault: i32): i32 {
  return ERR_STATE;
}

/** The holder's latest commitment, signed by both, of a channel in STATE_FAILED: its length. ERR_STATE, ERR_CAPACITY. */
export function channel_commitment_tx(n: i32, to: usize, capacity: i32): i32 {
  return ERR_STATE;
}

/** Forgets a channel whose funding output is spent deep enough, or never was. ERR_STATE: it has not ended. */
export function channel_forget(n: i32): i32 {
  return ERR_STATE;
}
