// A module that misbehaves in every way its board has to survive.
import * as board from "../../assembly/metrology/board";

/** Calls import number `which` with arguments of the caller's choosing and returns its code. */
export function call_import(which: i32, a: i32, b: i32, c: i32): i32 {
  switch (which) {
    case 0:
      return board.sha256(<usize>a, b, <usize>c);
    case 1:
      return board.sign(<usize>a, <usize>b);
    case 2:
      return board.module_hash(<usize>a);
    case 3:
      return board.flash_sector_bytes();
    case 4:
      return board.flash_sectors();
    case 5:
      return board.flash_read(a, <usize>b, c);
    case 6:
      return board.flash_program(a, <usize>b, c);
    default:
      return board.flash_erase(a);
  }
}

export function peek(at: i32): i32 {
  return load<u8>(<usize>at);
}

export function poke(at: i32, value: i32): void {
  store<u8>(<usize>at, <u8>value);
}

/** Never ends: an odd number of turns is never 0. */
export function spin(): u32 {
  let turns: u32 = 1;
  while (turns != 0) turns += 2;
  return turns;
}

/** Not a tail call: the depth is real. */
export function recurse(depth: i64): i64 {
  return depth == 0 ? 0 : recurse(depth - 1) + 1;
}

export function trap(): void {
  unreachable();
}

export function stray_load(): i32 {
  return load<i32>(0xffff_fff0);
}

export function divide(a: i32, b: i32): i32 {
  return a / b;
}

export function wide(a: i64, b: i32): i64 {
  return a * <i64>b;
}
