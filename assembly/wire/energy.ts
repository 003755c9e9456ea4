// Messages of option_energy, and the slots of its TLVs. PROTOCOL.md, "Lightning extensions". Below a table stand the
// offsets of its record (kinds.ts).

import { NO_TLVS } from "./setup";
import { BOOLEAN, BYTES, END, HASH, PPM, S64, SHORT_CHANNEL_ID, SIGNATURE, U32, U64 } from "./kinds";

/** The offerer of an HTLC lets its rider lapse. */
export const ENERGY_LAPSE: u16 = 42001;
// prettier-ignore
export const ENERGY_LAPSE_TABLE: usize = memory.data<u16>([
  ENERGY_LAPSE, HASH, U64, END, <u16>NO_TLVS,
]);
export const ENERGY_LAPSE_CHANNEL_ID: usize = 16;
export const ENERGY_LAPSE_ID: usize = 20;

/** One end of a line closes its delivery intervals up to one's end, with its meter's record. */
export const INTERVAL_CLOSE: u16 = 42003;
// prettier-ignore
export const INTERVAL_CLOSE_TABLE: usize = memory.data<u16>([
  INTERVAL_CLOSE, HASH, U32, U32, U32, S64, S64, BYTES, END, <u16>NO_TLVS,
]);
export const INTERVAL_CLOSE_CHANNEL_ID: usize = 16;
export const INTERVAL_CLOSE_INTERVAL_START: usize = 20;
export const INTERVAL_CLOSE_INTERVAL_END: usize = 24;
export const INTERVAL_CLOSE_SENT_AT_S: usize = 28;
export const INTERVAL_CLOSE_AGREED_MWH: usize = 32;
export const INTERVAL_CLOSE_METERED_MWH: usize = 40;
export const INTERVAL_CLOSE_RECEIPT: usize = 48;

/** node_1 proposes what the energy state becomes of closed intervals: an update, committed to as all are. */
export const INTERVAL_ROLL: u16 = 42007;
// prettier-ignore
export const INTERVAL_ROLL_TABLE: usize = memory.data<u16>([
  INTERVAL_ROLL, HASH, U32, S64, S64, END, <u16>NO_TLVS,
]);
export const INTERVAL_ROLL_CHANNEL_ID: usize = 16;
export const INTERVAL_ROLL_INTERVAL_END: usize = 20;
export const INTERVAL_ROLL_FLOW_MWH: usize = 24;
export const INTERVAL_ROLL_ARREARS_MSAT: usize = 32;

/** The owner of a line states rent and loss for one direction of it. */
export const LINE_POLICY: u16 = 42005;
// prettier-ignore
export const LINE_POLICY_TABLE: usize = memory.data<u16>([
  LINE_POLICY, SIGNATURE, HASH, SHORT_CHANNEL_ID, U32, BOOLEAN, S64, PPM, U64, END, <u16>NO_TLVS,
]);
export const LINE_POLICY_SIGNATURE: usize = 16;
export const LINE_POLICY_CHAIN_HASH: usize = 20;
export const LINE_POLICY_SHORT_CHANNEL_ID: usize = 24;
export const LINE_POLICY_TIMESTAMP: usize = 32;
export const LINE_POLICY_DIRECTION: usize = 36;
export const LINE_POLICY_RENT_MSAT_PER_KWH: usize = 40;
export const LINE_POLICY_LOSS_PPM: usize = 48;
export const LINE_POLICY_RATING_MW: usize = 52;

// Slots of TLVs, from the offset at which a message's record has them.

/** TLV `energy_parameters` of `open_channel` and `accept_channel`. */
export const ENERGY_PARAMETERS_RATING_MW: usize = 0;
export const ENERGY_PARAMETERS_INTERVAL_S: usize = 8;
export const ENERGY_PARAMETERS_FLAGS: usize = 12;
export const ENERGY_PARAMETERS_METER_KEY: usize = 16;
export const ENERGY_PARAMETERS_RENT_FORTH_MSAT_PER_KWH: usize = 20;
export const ENERGY_PARAMETERS_LOSS_FORTH_PPM: usize = 28;
export const ENERGY_PARAMETERS_RENT_BACK_MSAT_PER_KWH: usize = 32;
export const ENERGY_PARAMETERS_LOSS_BACK_PPM: usize = 40;
export const ENERGY_PARAMETERS_LOSS_MAX_PPM: usize = 44;
export const ENERGY_PARAMETERS_CREDIT_LIMIT_MSAT: usize = 48;
export const ENERGY_PARAMETERS_PRICE_CAP_MSAT_PER_KWH: usize = 56;
export const ENERGY_PARAMETERS_IMBALANCE_SPREAD_PPM: usize = 64;
export const ENERGY_PARAMETERS_TARIFF_MSAT_PER_KWH: usize = 68;
export const ENERGY_PARAMETERS_HOLD_S: usize = 76;
/** Its flags: one of these, as the owner and the accounting point are at different ends. */
export const OPENER_OWNS: u32 = 1;
export const ACCOUNTED_AT_OPENER: u32 = 2;

/** TLV `energy_rider` of `update_add_htlc`. */
export const ENERGY_RIDER_INTERVAL_START: usize = 0;
export const ENERGY_RIDER_KIND: usize = 4;
export const ENERGY_RIDER_HOLD_S: usize = 8;
export const ENERGY_RIDER_AMOUNT_MWH: usize = 12;
/** Its kinds. */
export const RECEIPT: u32 = 0;
export const PROMISE: u32 = 1;
/** No energy: the HTLC pays what its offerer owes of closed intervals. */
export const ARREARS: u32 = 2;

/** TLV `receipt_note` of `update_fulfill_htlc`. */
export const RECEIPT_NOTE_INTERVAL_START: usize = 0;
export const RECEIPT_NOTE_ENERGY_MWH: usize = 4;
export const RECEIPT_NOTE_ISSUED_MWH: usize = 12;
export const RECEIPT_NOTE_SIGNATURE: usize = 20;
