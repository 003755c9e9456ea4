// A module in metrology's place that calls every import of its capability with whatever comes to its mind.
import * as board from "../../assembly/metrology/board";
import { note_code, wild, wild_begin } from "./wild.entry";

export { codes_seen } from "./wild.entry";

/** How many imports there are. */
const IMPORTS: u32 = 8;

function call(which: u32): i32 {
  const a = wild();
  const b = wild();
  const c = wild();
  switch (which) {
    case 0:
      return board.sha256(a, b, c);
    case 1:
      return board.sign(a, b);
    case 2:
      return board.module_hash(a);
    case 3:
      return board.flash_sector_bytes();
    case 4:
      return board.flash_sectors();
    case 5:
      return board.flash_read(a, b, c);
    case 6:
      return board.flash_program(a, b, c);
    default:
      return board.flash_erase(a);
  }
}

/** Calls `count` imports, one after the other, beginning with number `first`. */
export function storm(seed: u32, first: u32, count: u32): void {
  wild_begin(seed);
  for (let i: u32 = 0; i < count; i++) note_code((first + i) % IMPORTS, call((first + i) % IMPORTS));
}

export function imports(): u32 {
  return IMPORTS;
}
