/** Raw NOR flash as the store sees it. Every method returns 0 or a negative code of base/errors.ts. */
export abstract class Flash {
  /** Bytes per erase sector. */
  abstract sector_bytes(): i32;
  abstract sectors(): i32;
  abstract read(offset: i32, data: usize, len: i32): i32;
  /** Bits only clear. */
  abstract program(offset: i32, data: usize, len: i32): i32;
  abstract erase(sector: i32): i32;
}
