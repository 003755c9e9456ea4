import { Flash } from "../store/flash";
import * as board from "./board";

/** The metrology partition. */
export class BoardFlash extends Flash {
  sector_bytes(): i32 {
    return board.flash_sector_bytes();
  }
  sectors(): i32 {
    return board.flash_sectors();
  }
  read(offset: i32, data: usize, len: i32): i32 {
    return board.flash_read(offset, data, len);
  }
  program(offset: i32, data: usize, len: i32): i32 {
    return board.flash_program(offset, data, len);
  }
  erase(sector: i32): i32 {
    return board.flash_erase(sector);
  }
}
