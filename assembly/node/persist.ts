// What the node must not forget, in flash. Persistent state is a few regions of memory, each owned by its room; a shadow
// of them says what flash knows. Whatever an event has changed becomes one transaction of the journal:
//
//   entry    {u16 number of the first word, u16 count, count words of 8 bytes}...
//   types    PIECE... COMMIT   a transaction: its pieces count once the last one, the COMMIT, is there
//            STATE             a piece of a checkpoint: words that are not zero; the sector counts once it is closed
//            HEAD              begins a checkpoint: version, bytes of the regions, chain_hash, the node's point
//
// Words are counted through all regions, and on through the pool of blobs, which has no shadow: a blob is written once.

import { ERR_CONFIG, ERR_FLASH } from "../base/errors";
import { BLOB_BYTES, MAX_BLOBS, MAX_ENTRY_BYTES, NODE_SECTORS } from "../base/limits";
import { channels, CHANNELS_BYTES } from "../channel/record";
import { energies, ENERGIES_BYTES } from "../energy/record";
import { key_public } from "../crypto/crypto";
import { KEY_NODE } from "../crypto/keys";
import {
  blob_at,
  blob_bytes,
  BLOB_LENGTHS_BYTES,
  blob_lengths,
  blobs_begin,
  blobs_saved,
  blobs_unsaved,
} from "../htlc/blobs";
import { table, TABLE_BYTES } from "../onion/replay";
import { energy_offers, ENERGY_OFFERS_BYTES } from "../payment/energy_offers";
import { exchange, EXCHANGE_BYTES } from "../payment/exchange";
import { invoices, INVOICES_BYTES } from "../payment/invoices";
import { parts, PARTS_BYTES } from "../payment/parts";
import { policies, POLICIES_BYTES } from "../payment/policy";
import { purse, PURSE_BYTES } from "../payment/purse";
import { Journal, JOURNAL_ENTRY } from "../store/journal";
import { BoardFlash } from "./board_flash";
import { lines, LINES_BYTES } from "./line_events";

const MAGIC: u32 = 0x314e4c54; // "TLN1"
/** Of the rooms' records: a journal of another one is not read. */
const VERSION: u32 = 3;

const PIECE: i32 = 1;
const COMMIT: i32 = 2;
const STATE: i32 = 3;
const HEAD: i32 = 4;

/** u32 address, u32 bytes. */
const REGIONS: usize = memory.data<u32>([
  <u32>channels,
  <u32>CHANNELS_BYTES,
  <u32>parts,
  <u32>PARTS_BYTES,
  <u32>invoices,
  <u32>INVOICES_BYTES,
  <u32>policies,
  <u32>POLICIES_BYTES,
  <u32>table,
  <u32>TABLE_BYTES,
  <u32>blob_lengths,
  <u32>BLOB_LENGTHS_BYTES,
  <u32>energies,
  <u32>ENERGIES_BYTES,
  <u32>lines,
  <u32>LINES_BYTES,
  <u32>energy_offers,
  <u32>ENERGY_OFFERS_BYTES,
  <u32>purse,
  <u32>PURSE_BYTES,
  <u32>exchange,
  <u32>EXCHANGE_BYTES,
]);
const REGIONS_END: usize = REGIONS + 88;
const SHADOW_BYTES: i32 =
  CHANNELS_BYTES +
  <i32>PARTS_BYTES +
  <i32>INVOICES_BYTES +
  <i32>POLICIES_BYTES +
  TABLE_BYTES +
  BLOB_LENGTHS_BYTES +
  ENERGIES_BYTES +
  LINES_BYTES +
  ENERGY_OFFERS_BYTES +
  PURSE_BYTES +
  EXCHANGE_BYTES;
const BLOB_WORDS: i32 = BLOB_BYTES >> 3;
/** Words of the regions, and with those of the pool. */
const WORDS: i32 = SHADOW_BYTES >> 3;
const ALL_WORDS: i32 = WORDS + MAX_BLOBS * BLOB_WORDS;

const shadow: usize = memory.data(SHADOW_BYTES, 8);

/** The entry under way, and how much of it there is. */
const piece: usize = memory.data(MAX_ENTRY_BYTES, 8);
let filled: i32 = 0;
/** What became of the transaction or checkpoint so far: 0, or what the journal answered. */
let outcome: i32 = 0;
let piece_type: i32 = PIECE;

const head: usize = memory.data(80, 8);
const HEAD_CHAIN: usize = 8;
const HEAD_POINT: usize = 40;
const HEAD_BYTES: i32 = 76;

const flash = new BoardFlash();

class NodeJournal extends Journal {
  /** As `append`, for transactions. */
  add(type: i32): i32 {
    return this.append(type, piece, filled);
  }

  protected write_checkpoint(): i32 {
    const code = this.append(HEAD, head, HEAD_BYTES);
    if (code < 0) return code;
    begin(STATE);
    let word = 0;
    for (let region = REGIONS; region < REGIONS_END; region += 8) {
      put_words(word, load<u32>(region), 0, load<u32>(region, 4) >> 3);
      word += load<u32>(region, 4) >> 3;
    }
    for (let number: u32 = 1; number <= <u32>MAX_BLOBS; number++) {
      const words = (blob_bytes(number) + 7) >> 3;
      put_words(word, blob_at(number), 0, words);
      word += BLOB_WORDS;
    }
    flush(STATE);
    return outcome;
  }
}
const journal = new NodeJournal(flash, MAGIC);

function begin(type: i32): void {
  piece_type = type;
  filled = 0;
  outcome = 0;
}

/** Writes the entry under way, as one of this type. */
function flush(type: i32): void {
  // Once the sector takes no more, what follows is dropped: there has to be room for it all the same.
  if (filled > 0 && outcome == 0) outcome = journal.add(type);
  filled = 0;
}

/** Appends `count` words at `at`, numbered from `word`, to the entries. */
function put_run(word: i32, at: usize, count: i32): void {
  while (count > 0) {
    if (filled + 12 > MAX_ENTRY_BYTES) flush(piece_type);
    const some = min(count, (MAX_ENTRY_BYTES - filled - 4) >> 3);
    store<u16>(piece + <usize>filled, <u16>word);
    store<u16>(piece + <usize>filled, <u16>some, 2);
    memory.copy(piece + <usize>filled + 4, at, <usize>(some << 3));
    filled += 4 + (some << 3);
    word += some;
    at += <usize>(some << 3);
    count -= some;
  }
}

/**
 * Appends those of `count` words at `at` that differ from the ones at `before` (0: from zero), and writes them there. An
 * entry that is full goes out when more follows, so that the last one is still to be flushed.
 */
function put_words(word: i32, at: usize, before: usize, count: i32): void {
  let run = 0;
  for (let i = 0; i <= count; i++) {
    const offset = (<usize>i) << 3;
    if (i < count && load<u64>(at + offset) != (before == 0 ? 0 : load<u64>(before + offset))) {
      run++;
    } else if (run > 0) {
      const start = offset - ((<usize>run) << 3);
      put_run(word + i - run, at + start, run);
      if (before != 0) memory.copy(before + start, at + start, (<usize>run) << 3);
      run = 0;
    }
  }
}

/** Copies all regions to the shadow, or back. */
function copy_regions(back: bool): void {
  let at = shadow;
  for (let region = REGIONS; region < REGIONS_END; region += 8) {
    const bytes = <usize>load<u32>(region, 4);
    assert((bytes & 7) == 0);
    const address = <usize>load<u32>(region);
    if (back) memory.copy(address, at, bytes);
    else memory.copy(at, address, bytes);
    at += bytes;
  }
}

/**
 * Stores what has changed since the last time, as a whole or not at all: 0 once it is safe, also if nothing has. ERR_FLASH:
 * flash takes no more, and nothing that depends on the change may become known to anybody.
 */
export function persist(): i32 {
  begin(PIECE);
  for (let bits = blobs_unsaved; bits != 0; bits &= bits - 1) {
    const number = ctz(bits) + 1;
    put_run(WORDS + (number - 1) * BLOB_WORDS, blob_at(number), (blob_bytes(number) + 7) >> 3);
  }
  let word = 0;
  let at = shadow;
  for (let region = REGIONS; region < REGIONS_END; region += 8) {
    const words = load<u32>(region, 4) >> 3;
    put_words(word, load<u32>(region), at, words);
    word += words;
    at += (<usize>words) << 3;
  }
  flush(COMMIT);
  blobs_saved();
  if (outcome == 0) return 0;
  // The sector takes no more. What it has of the transaction never counts; a checkpoint says all of it.
  copy_regions(false);
  return journal.renew();
}

/** Words of an entry to where they belong. ERR_FLASH: no such words. */
function apply(): i32 {
  let at = journal.payload;
  const end = at + <usize>journal.length;
  while (at < end) {
    if (at + 4 > end) return ERR_FLASH;
    const word = <i32>load<u16>(at);
    const count = <i32>load<u16>(at, 2);
    at += 4;
    if (at + ((<usize>count) << 3) > end || word + count > ALL_WORDS) return ERR_FLASH;
    if (word < WORDS) {
      if (word + count > WORDS) return ERR_FLASH;
      memory.copy(shadow + ((<usize>word) << 3), at, (<usize>count) << 3);
    } else {
      memory.copy(blob_at(1) + ((<usize>(word - WORDS)) << 3), at, (<usize>count) << 3);
    }
    at += (<usize>count) << 3;
  }
  return 0;
}

/**
 * Reads all of it back, or begins a journal in a partition without one. The rooms go on from there.
 * @param chain_hash 32 bytes
 * @returns 1 if there was a journal, 0 if not. ERR_CONFIG: it is of another chain, node or version; ERR_FLASH: too small a
 * partition, or something in the middle is damaged: whoever has forgotten a part of what he signed must not go on
 */
export function persist_boot(chain_hash: usize): i32 {
  if (flash.begin() < 0) return ERR_FLASH;
  store<u32>(head, VERSION);
  store<u32>(head, SHADOW_BYTES, 4);
  memory.copy(head + HEAD_CHAIN, chain_hash, 32);
  let code = key_public(KEY_NODE, head + HEAD_POINT);
  if (code < 0) return code;
  memory.fill(shadow, 0, SHADOW_BYTES);
  blobs_begin();

  const mounted = journal.mount(0, NODE_SECTORS);
  if (mounted < 0) return ERR_FLASH;
  let commits = 0;
  let unfinished = false;
  while (mounted == 1 && journal.next() == JOURNAL_ENTRY) {
    if (journal.type == COMMIT) {
      // Behind a power cut there is nothing but a checkpoint that was not closed.
      if (journal.damaged) return ERR_FLASH;
      commits++;
    }
    unfinished = journal.type == PIECE;
  }
  if (mounted == 1) {
    code = replay(commits);
    if (code < 0) return code;
  }
  copy_regions(true);
  code = journal.resume();
  // Pieces without a commit must not become part of the next transaction.
  if (code == 0 && unfinished) code = journal.renew();
  return code < 0 ? code : mounted;
}

/** Reads the journal a second time, and takes from it the checkpoint and so many transactions. */
function replay(commits: i32): i32 {
  if (journal.mount(0, NODE_SECTORS) != 1) return ERR_FLASH;
  while (journal.next() == JOURNAL_ENTRY) {
    let code = 0;
    if (journal.type == HEAD) {
      const same = journal.length == HEAD_BYTES && memory.compare(journal.payload, head, HEAD_BYTES) == 0;
      if (!same) return ERR_CONFIG;
    } else if (journal.type == STATE) {
      if (!journal.damaged) code = apply();
    } else if (commits > 0) {
      code = apply();
      if (journal.type == COMMIT) commits--;
    }
    if (code < 0) return code;
  }
  return 0;
}

/** Bytes that the journal has used of its sector, and that sector's size. */
export function persist_used(): i32 {
  return journal.used();
}

export function persist_sector_bytes(): i32 {
  return flash.sector_bytes();
}
