// What a line's channel remembers of energy: its parameters and its state, one record for each channel, as one region of
// memory that the node stores beside the channels. Numbers are little-endian. PROTOCOL.md, "Energy on channels".

import { MAX_CHANNELS, MAX_POSITIONS } from "../base/limits";

// ---- Parameters, fixed while the channel lives ------------------------------------------------------------------------

/** u32: a sum of the roles below. */
export const ENERGY_ROLES: usize = 0;
/** u32: a sum of the flags below. */
export const ENERGY_MARKS: usize = 4;
/** u32: number of the holder's line meter. */
export const ENERGY_METER: usize = 8;
/** u32. */
export const ENERGY_INTERVAL_S: usize = 12;
/** u64. */
export const ENERGY_RATING_MW: usize = 16;
/** u64: of one interval, either way. */
export const ENERGY_CAPACITY_MWH: usize = 24;
/** Two points of 33 bytes: of the meters of holder and counterparty. */
export const ENERGY_METER_KEYS: usize = 32;
/** u16. */
export const ENERGY_HOLD_S: usize = 98;
/** u32. */
export const ENERGY_LOSS_MAX_PPM: usize = 100;
/** Two policies, POLICY_BYTES each: of energy from node_1 to node_2, and back. */
export const ENERGY_POLICIES: usize = 104;
export const POLICY_RENT_MSAT_PER_KWH: usize = 0;
export const POLICY_LOSS_PPM: usize = 8;
export const POLICY_BYTES: usize = 16;
/** Two u64: unsecured credit that holder and counterparty grant to the other one. */
export const ENERGY_CREDITS_MSAT: usize = 136;
/** u64, msat per kWh. */
export const ENERGY_PRICE_CAP: usize = 152;
/** i64, msat per kWh. */
export const ENERGY_TARIFF: usize = 160;
/** u32. */
export const ENERGY_SPREAD_PPM: usize = 168;
/** 32 bytes. */
export const ENERGY_PARAMETERS_HASH: usize = 176;

// ---- State, as it is in both commitments for good ---------------------------------------------------------------------

/** u32: start of the first interval that is open; 0 before the first close. */
export const ENERGY_CLOSED_UNTIL: usize = 208;
/** i64: positive, node_1 owes node_2. */
export const ENERGY_ARREARS_MSAT: usize = 216;
/** Two u64: closed flow from node_1 to node_2, and back. */
export const ENERGY_TOTALS_MWH: usize = 224;
/** MAX_POSITIONS of POSITION_BYTES. */
export const ENERGY_POSITIONS: usize = 240;
/** u32, 0 in a free one. */
export const POSITION_START: usize = 0;
/** i64 each: net flow, and that part of it that is promises. */
export const POSITION_FLOW_MWH: usize = 8;
export const POSITION_PROMISED_MWH: usize = 16;
export const POSITION_BYTES: usize = 24;

// ---- The roll that is under way ---------------------------------------------------------------------------------------

/** ROLL_BYTES. */
export const ENERGY_ROLL: usize = ENERGY_POSITIONS + 16 * POSITION_BYTES;
/** u8: state of htlc/states.ts, offered by node_1. */
export const ROLL_STATE: usize = 0;
export const ROLL_UNTIL: usize = 4;
export const ROLL_FLOW_MWH: usize = 8;
export const ROLL_ARREARS_MSAT: usize = 16;
export const ROLL_BYTES: usize = 24;

// ---- Closes -----------------------------------------------------------------------------------------------------------

/** Two of CLOSE_BYTES: of holder and counterparty. */
export const ENERGY_CLOSES: usize = ENERGY_ROLL + ROLL_BYTES;
/** u32, 0 for none. */
export const CLOSE_UNTIL: usize = 0;
/** u32: the meter's constant, impulses per kWh, from bit 8 on; below, quality flags of its receipt. */
export const CLOSE_FLAGS: usize = 4;
/** i64 each: flows, agreed on and metered, as that end has them. */
export const CLOSE_AGREED_MWH: usize = 8;
export const CLOSE_METERED_MWH: usize = 16;
/** u64 each: its meter's registers at that time. */
export const CLOSE_IMPORT_MWH: usize = 24;
export const CLOSE_EXPORT_MWH: usize = 32;
export const CLOSE_BYTES: usize = 40;
/** Two times two u64: registers import and export of holder and counterparty at ENERGY_CLOSED_UNTIL. */
export const ENERGY_REGISTERS: usize = ENERGY_CLOSES + 2 * CLOSE_BYTES;
export const ENERGY_BYTES: usize = ENERGY_REGISTERS + 32;

/** Roles. */
export const HOLDER_IS_NODE_1: u32 = 1;
export const HOLDER_OPENED: u32 = 2;
export const OWNER_IS_NODE_1: u32 = 4;
export const ACCOUNTED_AT_NODE_1: u32 = 8;

/** Marks. */
export const ENERGY_ON: u32 = 1;
export const ENERGY_DISPUTED: u32 = 2;
/** The peer's clock and ours were too far apart at its last interval_close. */
export const ENERGY_CLOCKS_APART: u32 = 4;

/** The persistent region. */
export const energies: usize = memory.data(MAX_CHANNELS * 760, 8);
export const ENERGIES_BYTES: i32 = MAX_CHANNELS * <i32>ENERGY_BYTES;

/** Empties the region: before a journal is read. */
export function energies_begin(): void {
  assert(ENERGY_BYTES <= 760 && ENERGY_POSITIONS + <usize>MAX_POSITIONS * POSITION_BYTES <= ENERGY_ROLL);
  memory.fill(energies, 0, ENERGIES_BYTES);
}

/** Record of channel `n`, 0 to MAX_CHANNELS - 1: zeros if it has no energy. */
export function energy_of(n: i32): usize {
  assert(<u32>n < <u32>MAX_CHANNELS);
  return energies + <usize>n * ENERGY_BYTES;
}

export function energy_clear(n: i32): void {
  memory.fill(energy_of(n), 0, ENERGY_BYTES);
}
