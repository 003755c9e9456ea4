import { MAX_RECORD_BYTES } from "../../assembly/base/limits";
import { decode_message, encode_message } from "../../assembly/wire/message";

// Mutated frames, made and judged here, so that a million of them take no million calls. Everything that this file
// writes to lies in the arena or in the last bytes of linear memory, where a read behind a frame would trap.

const FRAME_BYTES: usize = 4608;
const MARGIN: usize = 64;
const ARENA_BYTES: i32 = 21504;
const END: usize = 65536;

const arena_at: usize = memory.data(ARENA_BYTES, 8);
const base = arena_at;
const work = base + FRAME_BYTES;
const middle = work + FRAME_BYTES + MARGIN;
const encoded = middle + FRAME_BYTES + 2 * MARGIN;
const record = encoded + FRAME_BYTES + MARGIN;
/** u32 each: accepted, ignored, and refused by code. */
const counts = record + <usize>MAX_RECORD_BYTES;
const COUNTS: usize = 32;

let random: u32 = 1;
let work_len: i32 = 0;

export function arena(): usize {
  return arena_at;
}

export function arena_bytes(): i32 {
  return ARENA_BYTES;
}

/** Bytes at the end of memory that frames are put to. */
export function tail_bytes(): i32 {
  return <i32>(FRAME_BYTES + MARGIN);
}

export function heap_base(): usize {
  return __heap_base;
}

export function counts_at(): usize {
  return counts;
}

/** Where the frame of the round that failed lies; its length. */
export function failed_at(): usize {
  return work;
}

export function failed_len(): i32 {
  return work_len;
}

/** A number below `bound`. Marsaglia, xorshift32. */
function below(bound: u32): u32 {
  random ^= random << 13;
  random ^= random >> 17;
  random ^= random << 5;
  return random % bound;
}

function interesting(): u8 {
  const choice = below(8);
  return choice == 0 ? 0 : choice == 1 ? 0xff : choice == 2 ? 0xfd : choice == 3 ? 0xfe : <u8>below(256);
}

/** One change of the frame at `work`. */
function mutate(): void {
  const len = <u32>work_len;
  // TLVs and variable fields are rather at the end.
  const near_end = below(2) == 0 && len > 100;
  const at = near_end ? len - below(100) : below(len + 1);
  const p = work + <usize>at;
  const left = len - at;
  const kind = below(16);
  if (kind < 6) {
    if (left > 0) store<u8>(p, interesting());
  } else if (kind < 10) {
    if (left > 0) store<u8>(p, <u8>((<u32>load<u8>(p)) ^ (1 << below(8))));
  } else if (kind < 12) {
    const gone = min<u32>(left, 1 + below(9));
    memory.copy(p, p + <usize>gone, <usize>(left - gone));
    work_len = <i32>(len - gone);
  } else if (kind < 14) {
    const more: u32 = 1 + below(9);
    if (<usize>(len + more) > FRAME_BYTES) return;
    memory.copy(p + <usize>more, p, <usize>left);
    for (let i: u32 = 0; i < more; i++) store<u8>(p + <usize>i, interesting());
    work_len = <i32>(len + more);
  } else if (kind < 15) {
    // A piece of the frame over another: lengths and TLVs that stand twice.
    const from = below(len + 1);
    const size = min<u32>(min<u32>(len - from, left), 1 + below(80));
    memory.copy(p, work + <usize>from, <usize>size);
  } else {
    work_len = <i32>at;
  }
}

/** Decodes the frame at `at`, and what was accepted encodes back to it: type or code, or -1000 and below for a defect. */
function judge(at: usize): i32 {
  memory.fill(record, 0xa5, MAX_RECORD_BYTES);
  const code = decode_message(at, work_len, record);
  if (code <= 0) {
    for (let i: usize = 0; i < <usize>MAX_RECORD_BYTES; i += 4) {
      if (load<u32>(record + i) != 0xa5a5a5a5) return -1001;
    }
    return code;
  }
  if (encode_message(record, encoded, <i32>FRAME_BYTES) != work_len) return -1002;
  return memory.compare(encoded, work, <usize>work_len) == 0 ? code : -1003;
}

/**
 * `rounds` mutations of the `len` bytes at `base`: 0, or the defect of the first that shows one. -1001: a refused frame
 * changed the record; -1002, -1003: an accepted one does not encode to itself; -1004: the bytes around it count.
 */
export function run(seed: u32, len: i32, rounds: i32): i32 {
  random = seed | 1;
  for (let round = 0; round < rounds; round++) {
    memory.copy(work, base, <usize>len);
    work_len = len;
    for (let changes: u32 = 1 + below(4); changes > 0; changes--) mutate();
    const around = <u8>below(256);
    const end = END - <usize>work_len;
    memory.fill(end - MARGIN, around, MARGIN);
    memory.copy(end, work, <usize>work_len);
    const code = judge(end);
    if (code <= -1000) return code;
    memory.fill(middle, ~around, MARGIN + <usize>work_len + MARGIN);
    memory.copy(middle + MARGIN, work, <usize>work_len);
    if (judge(middle + MARGIN) != code) return -1004;
    const count = counts + ((code > 0 ? 0 : code == 0 ? 1 : <usize>(1 - code)) << 2);
    if (count >= counts + (COUNTS << 2)) return -1005;
    store<u32>(count, load<u32>(count) + 1);
  }
  return 0;
}
