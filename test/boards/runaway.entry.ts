// A module in the node's place that does its worst with what a node has.
import * as board from "../../assembly/node/board";
import * as crypto from "../../assembly/crypto/crypto";
import * as meter from "../../assembly/meter/meter";

const buffer: usize = memory.data(2048, 8);

export function data(): usize {
  return buffer;
}

/** Never ends: an odd number of turns is never 0. */
export function spin(): u32 {
  let turns: u32 = 1;
  while (turns != 0) turns += 2;
  return turns;
}

export function trap(): void {
  unreachable();
}

/** Multiplies points for ever. */
export function multiply(): i32 {
  let count = 0;
  while (crypto.key_public(0, buffer) >= 0) count++;
  return count;
}

/** Tells the host things until that is refused; returns how many it could. */
export function chatter(): i32 {
  let count = 0;
  while (board.tell(1, buffer, 4) >= 0) count++;
  return count;
}

/** Sends pieces of so many bytes until that is refused. */
export function flood(length: i32): i32 {
  let count = 0;
  while (board.send(0, buffer, length) >= 0) count++;
  return count;
}

/** Asks the meter for a receipt from as deep as it gets. Not a tail call: the depth is real. */
export function receipt_below(depth: i32): i32 {
  if (depth == 0) return meter.receipt(0, 0, buffer, 2048);
  const result = receipt_below(depth - 1);
  return result < 0 ? result : result + 1;
}

export function note_below(depth: i32): i32 {
  if (depth == 0) return meter.note(0, 1, 0, 5, buffer, buffer + 64);
  const result = note_below(depth - 1);
  return result < 0 ? result : result + 1;
}

export function meter_receipt(number: i32, from_s: u32, to: usize, capacity: i32): i32 {
  return meter.receipt(number, from_s, to, capacity);
}

export function meter_note(number: i32, how: i32, start: u32, energy: i64, hash: usize, to: usize): i32 {
  return meter.note(number, how, start, <u64>energy, hash, to);
}

export function meter_point(number: i32, to: usize): i32 {
  return meter.point(number, to);
}

export function board_random(at: usize, length: i32): i32 {
  return board.random(at, length);
}

export function board_watch(channel: i32, outpoint: usize, script: usize, length: i32): i32 {
  return board.watch(0, channel, outpoint, script, length);
}

export function board_broadcast(at: usize, length: i32): i32 {
  return board.broadcast(0, at, length);
}

export function board_program(offset: i32, at: usize, length: i32): i32 {
  return board.flash_program(offset, at, length);
}

export function board_erase(sector: i32): i32 {
  return board.flash_erase(sector);
}

export function board_sectors(): i32 {
  return board.flash_sectors();
}
