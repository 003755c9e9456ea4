import { BoardFlash } from "./board_flash";

// The partition's three rings: state journal, event log, records. PROTOCOL.md, "Flash partition".

/** The partition. */
export const flash = new BoardFlash();

/** Sectors of the state journal, from sector 0. */
export function journal_sectors(sectors: i32): i32 {
  return max(3, sectors >> 4);
}

/** Sectors of the event log, behind the journal's. */
export function event_sectors(sectors: i32): i32 {
  return max(2, sectors >> 5);
}
