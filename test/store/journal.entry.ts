import { ERR_FLASH } from "../../assembly/base/errors";
import { Flash } from "../../assembly/store/flash";
import { Journal, JOURNAL_ENTRY } from "../../assembly/store/journal";

// A journal over flash in RAM whose power fails after a given number of bytes written: a client that counts.

const SECTOR_BYTES: i32 = 512;
const SECTORS: i32 = 4;
const SIZE: i32 = SECTOR_BYTES * SECTORS;
const COUNT: i32 = 1;

const bytes: usize = memory.data(2048, 8);
const entry: usize = memory.data(32, 8);

/** Bytes that may still be written before the power fails. An erase counts as a sector's bytes. */
let power: i32 = i32.MAX_VALUE;

/** Calls of `read`. */
let reads: i32 = 0;

class RamFlash extends Flash {
  sector_bytes(): i32 {
    return SECTOR_BYTES;
  }
  sectors(): i32 {
    return SECTORS;
  }
  read(offset: i32, data: usize, len: i32): i32 {
    reads++;
    if (offset < 0 || len < 0 || offset + len > SIZE) return ERR_FLASH;
    memory.copy(data, bytes + <usize>offset, <usize>len);
    return 0;
  }
  program(offset: i32, data: usize, len: i32): i32 {
    if (offset < 0 || len < 0 || offset + len > SIZE) return ERR_FLASH;
    for (let i = 0; i < len; i++) {
      if (power == 0) return ERR_FLASH;
      power--;
      const at = bytes + <usize>(offset + i);
      store<u8>(at, load<u8>(at) & load<u8>(data + <usize>i));
    }
    return 0;
  }
  erase(sector: i32): i32 {
    if (sector < 0 || sector >= SECTORS) return ERR_FLASH;
    for (let i = 0; i < SECTOR_BYTES; i++) {
      if (power == 0) return ERR_FLASH;
      power--;
      store<u8>(bytes + <usize>(sector * SECTOR_BYTES + i), 0xff);
    }
    return 0;
  }
}

class CountJournal extends Journal {
  protected write_checkpoint(): i32 {
    store<u32>(entry, counted);
    return this.append(COUNT, entry, 12);
  }
}
const journal = new CountJournal(new RamFlash(), 0x54534554);
let counted: u32 = 0;

export function flash(): usize {
  return bytes;
}

/** How often flash was read since the last call. */
export function take_reads(): i32 {
  const taken = reads;
  reads = 0;
  return taken;
}

export function set_power(budget: i32): void {
  power = budget;
}

/** Mounts, which forgets all RAM state as a power cut does: 1 with a journal, 0 without, or a code. */
export function mount(): i32 {
  counted = 0;
  const found = journal.mount(0, SECTORS);
  if (found < 0) return found;
  while (found == 1 && journal.next() == JOURNAL_ENTRY) {
    if (journal.type != COUNT || journal.length != 12) return -100;
    counted = load<u32>(journal.payload);
  }
  const code = journal.resume();
  return code < 0 ? code : found;
}

/** Whether the mount passed over something damaged. */
export function damaged(): i32 {
  return journal.damaged ? 1 : 0;
}

/** What the journal says was counted. */
export function count(): i32 {
  return <i32>counted;
}

/** Counts one on and makes it safe: 0, or a code when the power failed on the way. */
export function count_on(): i32 {
  const next = counted + 1;
  store<u32>(entry + 16, next);
  const code = journal.put(COUNT, entry + 16, 12);
  if (code == 0) counted = next;
  return code;
}

export function put(type: i32, length: i32): i32 {
  return journal.put(type, entry, length);
}
