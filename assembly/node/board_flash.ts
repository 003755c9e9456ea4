import { ERR_RANGE } from "../base/errors";
import { MIN_NODE_SECTOR_BYTES, NODE_SECTORS } from "../base/limits";
import { Flash } from "../store/flash";
import * as board from "./board";

/**
 * The node's partition as NODE_SECTORS large sectors, each a group of erase sectors: a checkpoint of everything the node
 * knows has to fit into one. Erase sectors that are left over are not used.
 */
export class BoardFlash extends Flash {
  private group: i32 = 0;
  private erase_bytes: i32 = 0;

  /** Asks the board for its geometry. ERR_RANGE: too small a partition. */
  begin(): i32 {
    this.erase_bytes = board.flash_sector_bytes();
    this.group = board.flash_sectors() / NODE_SECTORS;
    return this.erase_bytes <= 0 || this.group <= 0 || this.sector_bytes() < MIN_NODE_SECTOR_BYTES ? ERR_RANGE : 0;
  }

  sector_bytes(): i32 {
    return this.group * this.erase_bytes;
  }

  sectors(): i32 {
    return NODE_SECTORS;
  }

  read(offset: i32, data: usize, len: i32): i32 {
    return board.flash_read(offset, data, len);
  }

  /** In as many programs as there are erase sectors. */
  program(offset: i32, data: usize, len: i32): i32 {
    while (len > 0) {
      const part = min(len, this.erase_bytes - (offset % this.erase_bytes));
      const code = board.flash_program(offset, data, part);
      if (code < 0) return code;
      offset += part;
      data += <usize>part;
      len -= part;
    }
    return 0;
  }

  /** The erase sector with the header first: what is left of an interrupted one has none. */
  erase(sector: i32): i32 {
    for (let i = 0; i < this.group; i++) {
      const code = board.flash_erase(sector * this.group + i);
      if (code < 0) return code;
    }
    return 0;
  }
}
