// What the node must not forget, in flash. Persistent state is a few regions of memory, each owned by its room; digests
// of their blocks say what flash knows. The blocks that an event has changed become one transaction of the journal:
//
//   entry    {u16 number of the first word, u16 count, count words of 8 bytes}...
//            with bit 15 of the count, no words follow: they are zeros
//   types    PIECE... COMMIT   a transaction: its pieces count once the last one, the COMMIT, is there
//            STATE             a piece of a checkpoint: words that are not zero; the sector counts once it is closed
//            HEAD              begins a checkpoint: version, bytes of the regions, chain_hash, the node's point
//
// Words are counted through all regions, and on through the pool of blobs, which has no digests: a blob is written once.

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
import { BLOCK_BYTES, DIGEST_KEY_BYTES, digest } from "../store/digest";
import { Journal, JOURNAL_ENTRY } from "../store/journal";
import * as board from "./board";
import { BoardFlash } from "./board_flash";
import { lines, LINES_BYTES } from "./line_events";

const MAGIC: u32 = 0x314e4c54; // "TLN1"
/** Of the rooms' records: a journal of another one is not read. */
const VERSION: u32 = 4;

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
const REGION_COUNT: i32 = 11;
const REGIONS_END: usize = REGIONS + REGION_COUNT * 8;
const REGIONS_BYTES: i32 =
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
const ZEROS: i32 = 0x8000;
const BLOB_WORDS: i32 = BLOB_BYTES >> 3;
const POOL_WORDS: i32 = MAX_BLOBS * BLOB_WORDS;
/** Words of the regions. */
const WORDS: i32 = REGIONS_BYTES >> 3;

/** A u64 for each block of each region, of which the last may be a short one: of the contents that flash knows. */
const digests: usize = memory.data((REGIONS_BYTES / BLOCK_BYTES + REGION_COUNT) * 8, 8);
const keys: usize = memory.data(DIGEST_KEY_BYTES, 8);

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
      put_words(word, load<u32>(region), load<u32>(region, 4) >> 3);
      word += load<u32>(region, 4) >> 3;
    }
    for (let number: u32 = 1; number <= <u32>MAX_BLOBS; number++) {
      const words = (blob_bytes(number) + 7) >> 3;
      put_words(word, blob_at(number), words);
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

/** Appends that `count` words from `word` on are zeros. */
function put_zeros(word: i32, count: i32): void {
  if (filled + 4 > MAX_ENTRY_BYTES) flush(piece_type);
  store<u16>(piece + <usize>filled, <u16>word);
  store<u16>(piece + <usize>filled, <u16>(count | ZEROS), 2);
  filled += 4;
}

/** Appends those of `count` words at `at` that are not zero. */
function put_words(word: i32, at: usize, count: i32): void {
  let run = 0;
  for (let i = 0; i <= count; i++) {
    if (i < count && load<u64>(at + ((<usize>i) << 3)) != 0) {
      run++;
    } else if (run > 0) {
      put_run(word + i - run, at + ((<usize>(i - run)) << 3), run);
      run = 0;
    }
  }
}

/**
 * Takes new digests of all blocks, and appends the blocks that have changed, if `put`. An entry that is full goes out when
 * more follows, so that the last one is still to be flushed.
 */
function put_changes(put: bool): void {
  let word = 0;
  let known = digests;
  for (let region = REGIONS; region < REGIONS_END; region += 8) {
    let at = <usize>load<u32>(region);
    let left = load<i32>(region, 4);
    for (; left > 0; left -= BLOCK_BYTES, at += BLOCK_BYTES, known += 8) {
      const bytes = min(left, BLOCK_BYTES);
      const before = load<u64>(known);
      const now = digest(at, bytes, keys);
      store<u64>(known, now);
      const words = bytes >> 3;
      if (put && now != before) {
        // Most blocks are zeros for the most part. A digest of 0 says that flash has nothing but those.
        if (before != 0) put_zeros(word, words);
        put_words(word, at, words);
      }
      word += words;
    }
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
  put_changes(true);
  flush(COMMIT);
  blobs_saved();
  // Where the sector takes no more, what it has of the transaction never counts: a checkpoint says all of it.
  return outcome == 0 ? 0 : journal.renew();
}

/** Where `count` words from `word` on belong, all in one region or in the pool. 0: nowhere. */
function place_of(word: i32, count: i32): usize {
  for (let region = REGIONS; region < REGIONS_END; region += 8) {
    const words = load<i32>(region, 4) >> 3;
    if (word < words) return word + count <= words ? <usize>load<u32>(region) + ((<usize>word) << 3) : 0;
    word -= words;
  }
  return word + count <= POOL_WORDS ? blob_at(1) + ((<usize>word) << 3) : 0;
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
    const bytes = (<usize>(count & ~ZEROS)) << 3;
    const to = place_of(word, count & ~ZEROS);
    if (to == 0) return ERR_FLASH;
    if ((count & ZEROS) != 0) {
      memory.fill(to, 0, bytes);
      continue;
    }
    if (at + bytes > end) return ERR_FLASH;
    memory.copy(to, at, bytes);
    at += bytes;
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
  store<u32>(head, REGIONS_BYTES, 4);
  memory.copy(head + HEAD_CHAIN, chain_hash, 32);
  let code = key_public(KEY_NODE, head + HEAD_POINT);
  if (code >= 0) code = board.random(keys, DIGEST_KEY_BYTES);
  if (code < 0) return code;
  for (let region = REGIONS; region < REGIONS_END; region += 8) {
    assert((load<u32>(region, 4) & 7) == 0);
    memory.fill(load<u32>(region), 0, load<u32>(region, 4));
  }
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
  put_changes(false);
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
