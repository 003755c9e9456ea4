// A pool of what is too long for an HTLC's slot: the onion of a received HTLC, the error packet that came back for an
// offered one. A blob is written once and belongs to one slot, whose keeper frees it. The pool is stored by the node: the
// bytes of a new blob before whatever refers to it.

import { ERR_CAPACITY } from "../base/errors";
import { BLOB_BYTES, MAX_BLOBS } from "../base/limits";

/** A slot's number for no blob; blobs count from 1, so that an empty record has none. */
export const NO_BLOB: u32 = 0;

const bytes: usize = memory.data(MAX_BLOBS * BLOB_BYTES, 8);
/** u16 each: length; 0 for a free one. Persistent. */
export const blob_lengths: usize = memory.data(MAX_BLOBS * 2, 8);
export const BLOB_LENGTHS_BYTES: i32 = MAX_BLOBS * 2;

/** Bit i: blob i + 1 is new, and its bytes have not been stored. Volatile: whoever stores them takes the bits. */
export let blobs_unsaved: u32 = 0;

/** All blobs are free: before a journal is read. */
export function blobs_begin(): void {
  memory.fill(blob_lengths, 0, BLOB_LENGTHS_BYTES);
  blobs_unsaved = 0;
}

/** Whoever has stored the bytes of the unsaved blobs says so. */
export function blobs_saved(): void {
  blobs_unsaved = 0;
}

/** Address of the bytes of blob `number` (from 1). */
export function blob_at(number: u32): usize {
  assert(number - 1 < <u32>MAX_BLOBS);
  return bytes + <usize>((number - 1) * BLOB_BYTES);
}

/** Its length, 0 if it is free. */
export function blob_bytes(number: u32): i32 {
  assert(number - 1 < <u32>MAX_BLOBS);
  return load<u16>(blob_lengths + <usize>((number - 1) << 1));
}

/** Keeps a copy of `len` bytes at `data`, 1 to BLOB_BYTES: the blob's number from 1. ERR_CAPACITY: none is free, or too long. */
export function blob_new(data: usize, len: i32): i32 {
  if (<u32>(len - 1) >= <u32>BLOB_BYTES) return ERR_CAPACITY;
  for (let number: u32 = 1; number <= <u32>MAX_BLOBS; number++) {
    if (blob_bytes(number) != 0) continue;
    store<u16>(blob_lengths + <usize>((number - 1) << 1), <u16>len);
    memory.copy(blob_at(number), data, len);
    blobs_unsaved |= 1 << (number - 1);
    return number;
  }
  return ERR_CAPACITY;
}

/** Frees blob `number`; NO_BLOB is nothing. */
export function blob_free(number: u32): void {
  if (number == NO_BLOB) return;
  assert(number <= <u32>MAX_BLOBS);
  store<u16>(blob_lengths + <usize>((number - 1) << 1), 0);
  blobs_unsaved &= ~(1 << (number - 1));
}
