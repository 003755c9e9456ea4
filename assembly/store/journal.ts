import { crc32 } from "../base/crc32";
import { ERR_ARGUMENT, ERR_FLASH, ERR_STATE } from "../base/errors";
import { MAX_ENTRY_BYTES } from "../base/limits";
import { Flash } from "./flash";

// An append-only journal over a ring of NOR sectors.
//
//   sector   header, entry, entry, ...            rest erased
//   header   u32 magic, u32 sequence, u32 crc     crc over magic and sequence
//   entry    u16 length, u8 type, u8 ~type, payload padded to 4, u32 crc over sequence, entry head and payload
//
// Each sector begins with a checkpoint: entries that alone restore the client's state, closed by an END_CHECKPOINT
// entry. The newest sector with a closed checkpoint is the journal; all others are history. So a cut while the next
// sector is erased or its checkpoint written leaves the old one in force, and the ring wears evenly: sectors are used
// strictly in turn.
//
// The sequence stands in each crc, so that entries of an earlier turn can never pass for this one's.

const MAGIC: u32 = 0x314a4c54; // "TLJ1"
const HEADER_BYTES: i32 = 12;
const ENTRY_HEAD_BYTES: i32 = 4;
const ENTRY_CRC_BYTES: i32 = 4;
const END_CHECKPOINT: i32 = 0;
const MIN_SECTOR_BYTES: i32 = 512;

/** Reading: what `next` found. */
export const JOURNAL_END: i32 = 0;
export const JOURNAL_ENTRY: i32 = 1;
/** `append`: the sector is full; the client calls `begin_checkpoint`, appends its state, then `end_checkpoint`. */
export const JOURNAL_FULL: i32 = 1;

const scratch: usize = memory.data(ENTRY_HEAD_BYTES + 128 + ENTRY_CRC_BYTES, 8);

export class Journal {
  private sector_bytes: i32 = 0;
  private sectors: i32 = 0;
  private sector: i32 = -1;
  private sequence: u32 = 0;
  /** Highest sequence ever begun, closed or not: none is used twice. */
  private newest_sequence: u32 = 0;
  private position: i32 = 0;
  /** The tail of the sector is torn: nothing may be appended to it. */
  private torn: bool = false;
  private checkpointing: bool = false;

  /** Type, payload length and payload address of the entry that `next` read; valid until the next call. */
  type: i32 = 0;
  length: i32 = 0;
  payload: usize = scratch + ENTRY_HEAD_BYTES;

  constructor(private flash: Flash) {}

  /**
   * Finds the newest sector with a closed checkpoint. Returns 1 if there is one (read it with `next` until
   * JOURNAL_END), 0 for a flash without a journal (begin a checkpoint next), or a negative code.
   */
  mount(): i32 {
    this.sector_bytes = this.flash.sector_bytes();
    const sectors = (this.sectors = this.flash.sectors());
    // Two sectors let one be erased while the other is in force.
    if (sectors < 2 || this.sector_bytes < MIN_SECTOR_BYTES) return ERR_FLASH;
    this.checkpointing = false;
    this.sequence = 0;
    let newest: u32 = 0;
    let below: u64 = u64.MAX_VALUE;
    for (let tries = 0; tries < sectors; tries++) {
      let best = -1;
      let best_sequence: u32 = 0;
      for (let s = 0; s < sectors; s++) {
        const sequence = this.read_header(s);
        if (sequence == 0 || <u64>sequence >= below || sequence <= best_sequence) continue;
        best = s;
        best_sequence = sequence;
      }
      if (best < 0) break;
      if (newest == 0) newest = best_sequence;
      this.select(best, best_sequence);
      if (this.has_closed_checkpoint()) {
        this.select(best, best_sequence);
        this.newest_sequence = newest;
        return 1;
      }
      below = best_sequence;
    }
    this.sector = -1;
    this.newest_sequence = newest;
    this.torn = true;
    return 0;
  }

  /** Reads the next entry: JOURNAL_ENTRY, JOURNAL_END, or a negative code. */
  next(): i32 {
    do {
      const found = this.read_entry();
      if (found != JOURNAL_ENTRY) {
        this.torn = found < 0 || !this.rest_is_erased();
        return JOURNAL_END;
      }
    } while (this.type == END_CHECKPOINT);
    return JOURNAL_ENTRY;
  }

  /**
   * Appends an entry (type 1..255). Returns 0 once it is in flash, JOURNAL_FULL when the client must write a checkpoint
   * first, or a negative code. Call only after `next` has reached the end.
   */
  append(type: i32, data: usize, len: i32): i32 {
    if (type <= 0 || type > 255 || len < 0 || len > MAX_ENTRY_BYTES) return ERR_ARGUMENT;
    if (this.torn) return this.checkpointing ? ERR_FLASH : JOURNAL_FULL;
    // Room for END_CHECKPOINT stays free, or a sector could fill up without ever becoming valid.
    const reserve = this.checkpointing ? stored_bytes(0) : 0;
    if (this.position + stored_bytes(len) + reserve > this.sector_bytes) {
      return this.checkpointing ? ERR_FLASH : JOURNAL_FULL;
    }
    return this.write_entry(type, data, len);
  }

  /** Erases the next sector of the ring and gives it a header. The old sector stays in force until `end_checkpoint`. */
  begin_checkpoint(): i32 {
    const next_sector = this.sector < 0 ? 0 : (this.sector + 1) % this.sectors;
    const sequence = (this.newest_sequence > this.sequence ? this.newest_sequence : this.sequence) + 1;
    if (sequence == 0) return ERR_FLASH;
    let code = this.flash.erase(next_sector);
    if (code < 0) return code;
    store<u32>(scratch, MAGIC);
    store<u32>(scratch, sequence, 4);
    store<u32>(scratch, crc32(0, scratch, 8), 8);
    code = this.flash.program(next_sector * this.sector_bytes, scratch, HEADER_BYTES);
    if (code < 0) return code;
    this.select(next_sector, sequence);
    this.newest_sequence = sequence;
    this.checkpointing = true;
    return 0;
  }

  /** Puts the new sector in force. */
  end_checkpoint(): i32 {
    if (!this.checkpointing) return ERR_STATE;
    const code = this.write_entry(END_CHECKPOINT, 0, 0);
    this.checkpointing = false;
    return code;
  }

  private select(sector: i32, sequence: u32): void {
    this.sector = sector;
    this.sequence = sequence;
    this.position = HEADER_BYTES;
    this.torn = false;
  }

  /** Sequence of a sector's header, 0 if it has none. */
  private read_header(sector: i32): u32 {
    if (this.flash.read(sector * this.sector_bytes, scratch, HEADER_BYTES) < 0) return 0;
    if (load<u32>(scratch) != MAGIC || load<u32>(scratch, 8) != crc32(0, scratch, 8)) return 0;
    return load<u32>(scratch, 4);
  }

  private has_closed_checkpoint(): bool {
    while (this.read_entry() == JOURNAL_ENTRY) {
      if (this.type == END_CHECKPOINT) return true;
    }
    return false;
  }

  /** JOURNAL_ENTRY and its fields; JOURNAL_END at erased flash or the sector's end; ERR_FLASH at a torn entry. */
  private read_entry(): i32 {
    const sector_bytes = this.sector_bytes;
    if (this.position + stored_bytes(0) > sector_bytes) return JOURNAL_END;
    const offset = this.sector * sector_bytes + this.position;
    if (this.flash.read(offset, scratch, ENTRY_HEAD_BYTES) < 0) return ERR_FLASH;
    const head = load<u32>(scratch);
    if (head == 0xffffffff) return JOURNAL_END;
    const length = <i32>(head & 0xffff);
    const type = (head >> 16) & 0xff;
    if (((type ^ (head >> 24)) & 0xff) != 0xff || length > MAX_ENTRY_BYTES) return ERR_FLASH;
    const stored = stored_bytes(length);
    if (this.position + stored > sector_bytes) return ERR_FLASH;
    if (this.flash.read(offset + ENTRY_HEAD_BYTES, this.payload, stored - ENTRY_HEAD_BYTES) < 0) return ERR_FLASH;
    const covered = stored - ENTRY_CRC_BYTES;
    if (load<u32>(scratch + <usize>covered) != crc32(this.sequence, scratch, covered)) return ERR_FLASH;
    this.type = <i32>type;
    this.length = length;
    this.position += stored;
    return JOURNAL_ENTRY;
  }

  private write_entry(type: i32, data: usize, len: i32): i32 {
    const stored = stored_bytes(len);
    const covered = stored - ENTRY_CRC_BYTES;
    store<u32>(scratch, (<u32>len) | ((<u32>type) << 16) | ((<u32>(~type & 0xff)) << 24));
    memory.copy(this.payload, data, <usize>len);
    memory.fill(this.payload + <usize>len, 0, <usize>(covered - ENTRY_HEAD_BYTES - len));
    store<u32>(scratch + <usize>covered, crc32(this.sequence, scratch, covered));
    const code = this.flash.program(this.sector * this.sector_bytes + this.position, scratch, stored);
    // A failed program may have cleared any bits: never write there again.
    if (code < 0) this.torn = true;
    else this.position += stored;
    return code;
  }

  private rest_is_erased(): bool {
    const sector_bytes = this.sector_bytes;
    const base = this.sector * sector_bytes;
    for (let p = this.position; p < sector_bytes;) {
      let len = sector_bytes - p;
      if (len > MAX_ENTRY_BYTES) len = MAX_ENTRY_BYTES;
      if (this.flash.read(base + p, scratch, len) < 0) return false;
      for (let i = 0; i < len; i++) {
        if (load<u8>(scratch + <usize>i) != 0xff) return false;
      }
      p += len;
    }
    return true;
  }
}

/** Bytes in flash of an entry with `len` payload bytes. */
function stored_bytes(len: i32): i32 {
  return ENTRY_HEAD_BYTES + ((len + 3) & ~3) + ENTRY_CRC_BYTES;
}
