import { ERR_FLASH } from "../../assembly/base/errors";
import { Flash } from "../../assembly/store/flash";
import { Journal, JOURNAL_ENTRY, JOURNAL_FULL } from "../../assembly/store/journal";

// A journal over flash in RAM whose power fails after a given number of bytes written: a client that counts.

const SECTOR_BYTES: i32 = 512;
const SECTORS: i32 = 4;
const SIZE: i32 = SECTOR_BYTES * SECTORS;
const COUNT: i32 = 1;

const bytes: usize = memory.data(2048, 8);
const entry: usize = memory.data(16, 8);

/** Bytes that may still be written before the power fails. An erase counts as a sector's bytes. */
let power: i32 = i32.MAX_VALUE;

class RamFlash extends Flash {
  sector_bytes(): i32 {
    return SECTOR_BYTES;
  }
  sectors(): i32 {
    return SECTORS;
  }
  read(offset: i32, data: usize, len: i32): i32 {
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

const journal = new Journal(new RamFlash());
let counted: u32 = 0;

export function flash(): usize {
  return bytes;
}

export function set_power(budget: i32): void {
  power = budget;
}

/** Mounts, which forgets all RAM state as a power cut does: 1 with a journal, 0 without, or a code. */
export function mount(): i32 {
  counted = 0;
  const found = journal.mount();
  if (found <= 0) return found;
  while (journal.next() == JOURNAL_ENTRY) {
    if (journal.type != COUNT || journal.length != 12) return -100;
    counted = load<u32>(journal.payload);
  }
  return 1;
}

/** What the journal says was counted. */
export function count(): i32 {
  return <i32>counted;
}

/** Counts one on and makes it safe: 0, or a code when the power failed on the way. */
export function count_on(): i32 {
  const next = counted + 1;
  store<u32>(entry, next);
  let code = journal.append(COUNT, entry, 12);
  if (code == JOURNAL_FULL) {
    code = checkpoint();
    if (code == 0) code = journal.append(COUNT, entry, 12);
  }
  if (code == 0) counted = next;
  return code;
}

export function checkpoint(): i32 {
  let code = journal.begin_checkpoint();
  if (code < 0) return code;
  store<u32>(entry, counted);
  code = journal.append(COUNT, entry, 12);
  store<u32>(entry, counted + 1);
  return code < 0 ? code : journal.end_checkpoint();
}

export function append(type: i32, length: i32): i32 {
  return journal.append(type, entry, length);
}

export function end_checkpoint(): i32 {
  return journal.end_checkpoint();
}
