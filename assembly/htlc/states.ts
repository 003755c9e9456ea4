// The life of an HTLC as one table. A state is told from the offerer's point of view, and so is an event: which of both
// ends is the holder makes no difference to it. BOLT 2, "Normal Operation": an update is first in its receiver's
// commitment, then acknowledged by the revocation of the one before, then in its sender's, then acknowledged there.
//
//   state                  moved on by                       in the commitment of
//   PROPOSED               offerer's commitment_signed       nobody
//   SIGNED                 acceptor's revoke_and_ack         the acceptor
//   ACKED                  acceptor's commitment_signed      the acceptor
//   COUNTERSIGNED          offerer's revoke_and_ack          both
//   COMMITTED              acceptor's update_fulfill...      both, irrevocably
//   REMOVE_PROPOSED        acceptor's commitment_signed      both
//   REMOVE_SIGNED          offerer's revoke_and_ack          the acceptor
//   REMOVE_ACKED           offerer's commitment_signed       the acceptor
//   REMOVE_COUNTERSIGNED   acceptor's revoke_and_ack         nobody
//   REMOVED                (nothing)                         nobody, irrevocably

export const FREE: u32 = 0;
export const PROPOSED: u32 = 1;
export const SIGNED: u32 = 2;
export const ACKED: u32 = 3;
export const COUNTERSIGNED: u32 = 4;
export const COMMITTED: u32 = 5;
export const REMOVE_PROPOSED: u32 = 6;
export const REMOVE_SIGNED: u32 = 7;
export const REMOVE_ACKED: u32 = 8;
export const REMOVE_COUNTERSIGNED: u32 = 9;
export const REMOVED: u32 = 10;

/** Events: a message, and which end of the HTLC sends it. */
export const OFFERER_SIGNS: u32 = 0;
export const ACCEPTOR_REVOKES: u32 = 1;
export const ACCEPTOR_SIGNS: u32 = 2;
export const OFFERER_REVOKES: u32 = 3;

// A row: the event that moves the state to the next one (bits 0 and 1), whether there is one, and the flags below.
const MOVES: u8 = 4;
/** In the offerer's latest commitment. */
export const IN_OFFERER: u32 = 8;
/** In the acceptor's latest commitment. */
export const IN_ACCEPTOR: u32 = 16;
/** The removal is at least proposed. */
export const LEAVING: u32 = 32;
/** Out of the offerer's commitment for good, so that it is settled there. */
export const LEFT_OFFERER: u32 = 64;
/** Out of the acceptor's commitment for good. */
export const LEFT_ACCEPTOR: u32 = 128;

// prettier-ignore
const ROWS: usize = memory.data<u8>([
  0,
  MOVES | 0,
  MOVES | 1 | 16,
  MOVES | 2 | 16,
  MOVES | 3 | 8 | 16,
  8 | 16,
  MOVES | 2 | 8 | 16 | 32,
  MOVES | 3 | 16 | 32 | 64,
  MOVES | 0 | 16 | 32 | 64,
  MOVES | 1 | 32 | 64 | 128,
  32 | 64 | 128,
]);

/** Flags of a state (IN_OFFERER and so on, a sum). */
export function state_flags(state: u32): u32 {
  return (<u32>load<u8>(ROWS + <usize>state)) & 0xf8;
}

/** The state after an event: the next one, or the same if the event does not concern it. */
export function state_after(state: u32, event: u32): u32 {
  const row = <u32>load<u8>(ROWS + <usize>state);
  return (row & 7) == (MOVES | event) ? state + 1 : state;
}

/**
 * The event of an HTLC offered by side `offered_by` when side `by` sends commitment_signed (`revokes` false) or
 * revoke_and_ack (true).
 */
export function event_of(offered_by: u32, by: u32, revokes: bool): u32 {
  if (offered_by == by) return revokes ? OFFERER_REVOKES : OFFERER_SIGNS;
  return revokes ? ACCEPTOR_REVOKES : ACCEPTOR_SIGNS;
}
