// The energy that an HTLC carries beside its payment. PROTOCOL.md, "`energy_rider`".

// ---- A rider, RIDER_BYTES ---------------------------------------------------------------------------------------------

/** u32: start of the delivery interval, UTC in s; 0 for no rider. */
export const RIDER_START: usize = 0;
/** u8: RECEIPT, PROMISE, ARREARS of wire/energy.ts. */
export const RIDER_KIND: usize = 4;
/** u8: state of htlc/states.ts of its energy_lapse, told from the HTLC's offerer; FREE for none. */
export const RIDER_LAPSE: usize = 5;
/** u8: 1 if the HTLC has been fulfilled after the lapse. */
export const RIDER_BOUGHT_BACK: usize = 6;
/** i64, positive from the HTLC's receiver to its offerer. */
export const RIDER_MWH: usize = 8;
/** u16: s until its offerer lets it lapse. */
export const RIDER_HOLD_S: usize = 16;
export const RIDER_BYTES: usize = 24;

export function has_rider(rider: usize): bool {
  return load<u32>(rider, RIDER_START) != 0;
}

/** The rider as a flow, positive from node_1 to node_2. -2^63 is no amount. */
export function rider_flow(rider: usize, offered_by_node_1: bool): i64 {
  const amount_mwh = load<i64>(rider, RIDER_MWH);
  return offered_by_node_1 ? -amount_mwh : amount_mwh;
}
