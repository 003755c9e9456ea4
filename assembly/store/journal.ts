import { crc32 } from "../base/crc32";
import { ERR_ARGUMENT, ERR_FLASH } from "../base/errors";
import { MAX_ENTRY_BYTES } from "../base/limits";
import { Flash } from "./flash";

// An append-only journal over a ring of NOR sectors.
//
//   sector   header, entry, entry, ...            rest erased
//   header   u32 magic, u32 sequence, u32 crc     crc over magic and sequence; the three stand there twice
//   entry    u16 length, u8 type, u8 ~type, payload padded to 4, u32 crc
//
// An entry's crc covers its head and payload and begins with the sector's sequence, so that entries of an earlier turn
// can never pass for this one's.
//
// Each sector begins with a checkpoint: entries that alone restore the client's state, closed by an END_CHECKPOINT
// entry. The newest sector with a closed checkpoint is the journal; all others are history. So a cut while the next
// sector is erased or its checkpoint written leaves the old one in force, and the ring wears evenly: sectors are used
// strictly in turn, but for those that fail.
//
// After a power cut the last entry may be one whose bits are only just programmed, to read differently the next time:
// it is programmed once more, which NOR allows with the same data. Behind a damaged entry nothing is appended: the first
// `put`, or a `renew`, says all of it again in the next sector.

const HEADER_COPY_BYTES: i32 = 12;
const HEADER_BYTES: i32 = 24;
const ENTRY_HEAD_BYTES: i32 = 4;
const ENTRY_CRC_BYTES: i32 = 4;
const HEAD_AND_CRC_BYTES: i32 = ENTRY_HEAD_BYTES + ENTRY_CRC_BYTES;
const END_CHECKPOINT: i32 = 0;
const MIN_SECTOR_BYTES: i32 = 512;
const ALIGNMENT: i32 = 4;

/** Reading: what `next` found. */
export const JOURNAL_END: i32 = 0;
export const JOURNAL_ENTRY: i32 = 1;
/** `append`: this sector takes no more. */
const JOURNAL_FULL: i32 = 1;

/** An entry on its way to or from flash, and what was read back; all journals share them. */
const scratch: usize = memory.data(168, 8);
const readback: usize = memory.data(168, 8);

export abstract class Journal {
  private first: i32 = 0;
  private count: i32 = 0;
  private sector_bytes: i32 = 0;
  private sector: i32 = 0;
  private sequence: u32 = 0;
  private position: i32 = 0;
  /** The newest sector whose checkpoint is closed: never erased before another one's is. */
  private base: i32 = 0;
  /** Highest sequence ever begun, closed or not: none is used twice. */
  private newest_sequence: u32 = 0;
  /** Nothing may be appended to this sector. */
  private closed: bool = true;
  private checkpointing: bool = false;
  /** Where appending goes on after `visit`. */
  private kept_sector: i32 = 0;
  private kept_sequence: u32 = 0;
  private kept_position: i32 = 0;
  /** Where the last entry that was read begins. */
  private last_entry: i32 = 0;

  /** Whether `next` passed over a damaged entry, or a checkpoint that was cut short. */
  damaged: bool = false;
  /** Type, payload length and payload address of the entry that `next` read; valid until any journal's next call. */
  type: i32 = 0;
  length: i32 = 0;
  payload: usize = scratch + ENTRY_HEAD_BYTES;

  constructor(
    private flash: Flash,
    private magic: u32,
  ) {}

  /**
   * Takes `count` sectors from `first` and finds the newest with a closed checkpoint. Returns 1 if there is one (read it
   * with `next` until JOURNAL_END), 0 for a region without a journal, or a negative code. Then call `resume`.
   */
  mount(first: i32, count: i32): i32 {
    this.first = first;
    this.count = count;
    this.sector_bytes = this.flash.sector_bytes();
    // Two sectors let one be erased while the other is in force.
    if (count < 2 || this.sector_bytes < MIN_SECTOR_BYTES) return ERR_FLASH;
    this.checkpointing = false;
    this.closed = true;
    this.damaged = false;
    this.newest_sequence = 0;
    let below: u64 = u64.MAX_VALUE;
    for (;;) {
      const sequence = this.select_next(0, below, true);
      if (sequence == 0) break;
      if (this.newest_sequence == 0) this.newest_sequence = sequence;
      if (this.has_closed_checkpoint()) {
        this.position = HEADER_BYTES;
        this.base = this.sector;
        return 1;
      }
      below = sequence;
    }
    // The first checkpoint goes to the first sector.
    this.base = count - 1;
    this.sequence = 0;
    return 0;
  }

  /**
   * Reads the next entry: JOURNAL_ENTRY, or JOURNAL_END. A damaged entry is passed over. Behind the sector that `mount`
   * chose follow those that are newer: their checkpoint was not closed, or is damaged, but what can be read holds.
   */
  next(): i32 {
    let found = this.read_entry();
    while (found != JOURNAL_ENTRY || this.type == END_CHECKPOINT) {
      // Inside a damaged entry erased words can stand before the next whole one.
      if (found < 0) {
        this.damaged = true;
        this.position += ALIGNMENT;
      } else if (found == JOURNAL_END && !(this.damaged && this.skip_erased())) {
        if (this.select_next(this.sequence, u64.MAX_VALUE, false) == 0) return JOURNAL_END;
        this.damaged = true;
      }
      found = this.read_entry();
    }
    return JOURNAL_ENTRY;
  }

  /**
   * After `mount` and reading to the end: makes ready for `put`, in the same sector if nothing speaks against it, else
   * with a checkpoint in the next one. Returns 0 or a negative code.
   */
  resume(): i32 {
    this.closed = this.sequence == 0 || this.damaged || this.skip_erased() || !this.strengthen();
    return this.closed ? this.renew() : 0;
  }

  /** Appends, with `append`, the entries that restore the client's state. Returns 0 or the code that `append` gave. */
  protected abstract write_checkpoint(): i32;

  /**
   * Writes an entry (type 1..255), in the next sector if this one is full or fails. Returns 0 once it is in flash and
   * reads back, or a negative code.
   */
  put(type: i32, data: usize, len: i32): i32 {
    let code = this.append(type, data, len);
    for (let tries = this.count; code == JOURNAL_FULL && tries > 0; tries--) {
      code = this.renew();
      if (code == 0) code = this.append(type, data, len);
    }
    return code == JOURNAL_FULL ? ERR_FLASH : code;
  }

  /**
   * Begins the next sector with a checkpoint; the old one stays in force until it is closed. A sector that fails is
   * passed over. ERR_FLASH if all do.
   */
  renew(): i32 {
    for (let step = 1; step < this.count; step++) {
      if (this.begin_sector((this.base + step) % this.count) < 0) continue;
      this.checkpointing = true;
      let code = this.write_checkpoint();
      if (code == 0) code = this.write_entry(END_CHECKPOINT, 0, 0);
      this.checkpointing = false;
      if (code == 0) {
        this.base = this.sector;
        return 0;
      }
      this.closed = true;
    }
    return ERR_FLASH;
  }

  /** Appends an entry: 0, JOURNAL_FULL, or a negative code. Outside of checkpoints use `put`. */
  protected append(type: i32, data: usize, len: i32): i32 {
    if (type <= 0 || type > 255 || len < 0 || len > MAX_ENTRY_BYTES) return ERR_ARGUMENT;
    // Room for END_CHECKPOINT stays free, or a sector could fill up without ever becoming valid.
    const reserve = this.checkpointing ? stored_bytes(0) : 0;
    if (this.closed || this.position + stored_bytes(len) + reserve > this.sector_bytes) {
      return this.checkpointing ? ERR_FLASH : JOURNAL_FULL;
    }
    const code = this.write_entry(type, data, len);
    return code < 0 && !this.checkpointing ? JOURNAL_FULL : code;
  }

  /** Erases a sector and gives it a header. */
  private begin_sector(sector: i32): i32 {
    if (this.newest_sequence == u32.MAX_VALUE) return ERR_FLASH;
    const sequence = ++this.newest_sequence;
    if (this.flash.erase(this.first + sector) < 0) return ERR_FLASH;
    store<u32>(scratch, this.magic);
    store<u32>(scratch, sequence, 4);
    store<u32>(scratch, crc32(0, scratch, 8), 8);
    memory.copy(scratch + HEADER_COPY_BYTES, scratch, HEADER_COPY_BYTES);
    if (this.program(sector, 0, HEADER_BYTES) < 0) return ERR_FLASH;
    this.select(sector, sequence);
    this.closed = false;
    return 0;
  }

  /** Bytes of the sector in use that are written. */
  used(): i32 {
    return this.position;
  }

  /** Number of sectors, for `visit`. */
  sectors(): i32 {
    return this.count;
  }

  /** The sector in use, for `visit`. */
  newest(): i32 {
    return this.sector;
  }

  /** Goes to any sector's first entry, to `skim` from there; false if it holds none. Call `leave` afterwards. */
  visit(sector: i32): bool {
    const sequence = this.read_header(sector);
    if (sequence == 0) return false;
    this.select(sector, sequence);
    return true;
  }

  /** While visiting: the next entry of the sector without its crc being checked, which takes most of the time. */
  skim(): i32 {
    return this.read_entry(false);
  }

  /** Whether the entry that was read is whole. */
  holds(): bool {
    const covered = stored_bytes(this.length) - ENTRY_CRC_BYTES;
    return load<u32>(scratch + <usize>covered) == crc32(this.sequence, scratch, covered);
  }

  /** Before the first `visit`: remembers where appending goes on. */
  enter(): void {
    this.kept_sector = this.sector;
    this.kept_sequence = this.sequence;
    this.kept_position = this.position;
  }

  /** Ends the visits. */
  leave(): void {
    this.sector = this.kept_sector;
    this.sequence = this.kept_sequence;
    this.position = this.kept_position;
  }

  private select(sector: i32, sequence: u32): void {
    this.sector = sector;
    this.sequence = sequence;
    this.position = HEADER_BYTES;
  }

  /**
   * Selects the sector with the highest (or lowest) sequence strictly between two bounds; returns it, 0 if there is none.
   */
  private select_next(above: u32, below: u64, highest: bool): u32 {
    let best = -1;
    let best_sequence: u32 = 0;
    for (let s = 0; s < this.count; s++) {
      const sequence = this.read_header(s);
      if (sequence <= above || <u64>sequence >= below) continue;
      if (best >= 0 && sequence > best_sequence != highest) continue;
      best = s;
      best_sequence = sequence;
    }
    if (best >= 0) this.select(best, best_sequence);
    return best_sequence;
  }

  /** Sequence of a sector's header, 0 if it has none. Either copy will do. */
  private read_header(sector: i32): u32 {
    if (this.flash.read((this.first + sector) * this.sector_bytes, scratch, HEADER_BYTES) < 0) return 0;
    for (let copy = scratch; copy < scratch + HEADER_BYTES; copy += HEADER_COPY_BYTES) {
      if (load<u32>(copy) == this.magic && load<u32>(copy, 8) == crc32(0, copy, 8)) return load<u32>(copy, 4);
    }
    return 0;
  }

  private has_closed_checkpoint(): bool {
    while (this.read_entry() == JOURNAL_ENTRY) {
      if (this.type == END_CHECKPOINT) return true;
    }
    return false;
  }

  /** JOURNAL_ENTRY and its fields; JOURNAL_END at erased flash or the sector's end; ERR_FLASH at a damaged entry. */
  private read_entry(check: bool = true): i32 {
    if (this.position + stored_bytes(0) > this.sector_bytes) return JOURNAL_END;
    const offset = (this.first + this.sector) * this.sector_bytes + this.position;
    if (this.flash.read(offset, scratch, ENTRY_HEAD_BYTES) < 0) return ERR_FLASH;
    const head = load<u32>(scratch);
    if (head == 0xffffffff) return JOURNAL_END;
    const length = <i32>(head & 0xffff);
    const type = (head >> 16) & 0xff;
    if (((type ^ (head >> 24)) & 0xff) != 0xff || length > MAX_ENTRY_BYTES) return ERR_FLASH;
    const stored = stored_bytes(length);
    if (this.position + stored > this.sector_bytes) return ERR_FLASH;
    if (this.flash.read(offset + ENTRY_HEAD_BYTES, this.payload, stored - ENTRY_HEAD_BYTES) < 0) return ERR_FLASH;
    this.type = <i32>type;
    this.length = length;
    if (check && !this.holds()) return ERR_FLASH;
    this.last_entry = this.position;
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
    const code = this.program(this.sector, this.position, stored);
    // A failed program may have cleared any bits: never write there again.
    if (code < 0) this.closed = true;
    else this.position += stored;
    return code;
  }

  /** Programs the last entry again, as it reads. */
  private strengthen(): bool {
    const len = this.position - this.last_entry;
    const offset = (this.first + this.sector) * this.sector_bytes + this.last_entry;
    return this.flash.read(offset, scratch, len) == 0 && this.program(this.sector, this.last_entry, len) == 0;
  }

  /**
   * Whether anything is written in the rest of the sector, as far as an entry could begin there: then the position is
   * moved to it, at once, as a large sector would take too long word by word. Else it stays.
   */
  private skip_erased(): bool {
    for (let p = this.position; p + HEAD_AND_CRC_BYTES <= this.sector_bytes;) {
      const len = min(this.sector_bytes - p, MAX_ENTRY_BYTES);
      // What cannot be read is of no use to `next`; and what is appended to it will not read back.
      if (this.flash.read((this.first + this.sector) * this.sector_bytes + p, readback, len) < 0) return false;
      for (let i = 0; i < len; i++) {
        if (load<u8>(readback + <usize>i) != 0xff) {
          this.position = (p + i) & ~(ALIGNMENT - 1);
          return true;
        }
      }
      p += len;
    }
    return false;
  }

  /** Programs `len` bytes of the scratch buffer and reads them back: flash that has worn out does not always say so. */
  private program(sector: i32, position: i32, len: i32): i32 {
    const offset = (this.first + sector) * this.sector_bytes + position;
    if (this.flash.program(offset, scratch, len) < 0 || this.flash.read(offset, readback, len) < 0) return ERR_FLASH;
    return memory.compare(scratch, readback, <usize>len) == 0 ? 0 : ERR_FLASH;
  }
}

/** Bytes in flash of an entry with `len` payload bytes. */
function stored_bytes(len: i32): i32 {
  return ENTRY_HEAD_BYTES + ((len + 3) & ~3) + ENTRY_CRC_BYTES;
}
