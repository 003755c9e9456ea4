// Arguments that no sane module has. Part of modules: AssemblyScript.

/** xorshift32. A global, so that no import can write over it. */
let state: u32 = 1;
/** For each import, up to 64: whether it gave ERR_RANGE, another error, or none. */
let ranges: u64 = 0;
let errors: u64 = 0;
let successes: u64 = 0;

const ERR_RANGE: i32 = -7;

export function wild_begin(seed: u32): void {
  state = seed * 2 + 1;
}

function next(): u32 {
  state ^= state << 13;
  state ^= state >> 17;
  state ^= state << 5;
  return state;
}

/** An address, a length, a number: at an edge of something, or anywhere. */
export function wild(): u32 {
  const spread = next() & 63;
  const end: u32 = (<u32>memory.size()) << 16;
  switch ((next() >> 8) & 7) {
    case 0:
    case 1:
      return spread;
    case 2:
      return 1024 + spread * 32;
    case 3:
      return end - spread;
    case 4:
      return end + spread;
    case 5:
      return 0 - spread;
    case 6:
      return 0x8000_0000 - 32 + spread;
    default:
      return next();
  }
}

export function note_code(which: u32, code: i32): void {
  const bit = (<u64>1) << which;
  if (code == ERR_RANGE) ranges |= bit;
  else if (code < 0) errors |= bit;
  else successes |= bit;
}

/** Imports, a bit each, that gave ERR_RANGE (0), another error (1), none (2). */
export function codes_seen(kind: i32): u64 {
  return kind == 0 ? ranges : kind == 1 ? errors : successes;
}
