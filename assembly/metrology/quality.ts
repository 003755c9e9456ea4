// Quality flags of an interval: PROTOCOL.md, "Receipts", U.Q.

export const UNSYNCHRONISED: u32 = 1;
export const CLOCK_WAS_SET: u32 = 2;
export const POWER_GAP: u32 = 4;
export const INCOMPLETE: u32 = 8;
export const TAMPERED: u32 = 16;
export const RATE_ALARM: u32 = 32;
