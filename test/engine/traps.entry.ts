/** One export for each way to trap. The comments mark the lines that the tests expect to be named. */
export declare function ask(level: i32): i32;

export function reach(value: i32): i32 {
  if (value == 7) unreachable(); // trap: unreachable
  return value;
}

export function checked(value: i32): i32 {
  assert(value < 10); // trap: assert
  return value + 1;
}

export function read(pointer: usize): i32 {
  return load<i32>(pointer); // trap: read
}

export function write(pointer: usize, value: i64): void {
  store<i64>(pointer, value); // trap: write
}

export function divide(a: i32, b: i32): i32 {
  return a / b; // trap: divide
}

export function remainder(a: i64, b: i64): i64 {
  return a % b; // trap: remainder
}

export function indirect(index: i32): i32 {
  return call_indirect<i32>(index, index); // trap: indirect
}

/** Index of `reach` in the function table. */
export function table_entry(): i32 {
  return load<i32>(changetype<usize>(reach));
}

/** Puts a function of another signature into the table as well. */
export function other_entry(): i32 {
  return load<i32>(changetype<usize>(table_entry));
}

/** Takes the function for one without a parameter. */
export function mismatch(index: i32): i32 {
  return call_indirect<i32>(index); // trap: mismatch
}

export function recurse(depth: i32): i32 {
  if (depth == 0) return 0;
  return recurse(depth - 1) + 1; // trap: recurse
}

export function spin(turns: i32): i32 {
  let sum = 0;
  for (let i = 0; i < turns; i++) sum += load<u8>(i); // trap: spin
  return sum;
}

export function forever(): void {
  while (true) store<u8>(0, 1);
}

/** A chain of calls that the optimizer cannot flatten, for it goes round. */
export function chain(depth: i32, pointer: usize): i32 {
  if (depth == 0) return load<i32>(pointer); // trap: chain end
  return chain(depth - 1, pointer) * 2 + 1; // trap: chain link
}

export function through_host(level: i32): i32 {
  return ask(level) + 1; // trap: through host
}
