// CRC-32 (IEEE 802.3, reflected 0xEDB88320), four bits a step: a 64-byte table instead of 1 KB.

const TABLE: usize = memory.data<u32>([
  0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4, 0x4db26158, 0x5005713c, 0xedb88320,
  0xf00f9344, 0xd6d6a3e8, 0xcb61b38c, 0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c,
]);

/** CRC-32 of `len` bytes at `data`, continuing from `crc` (0 to begin). */
export function crc32(crc: u32, data: usize, len: i32): u32 {
  let c = ~crc;
  const end = data + <usize>len;
  for (let p = data; p < end; p++) {
    c ^= <u32>load<u8>(p);
    c = load<u32>(TABLE + ((<usize>(c & 15)) << 2)) ^ (c >> 4);
    c = load<u32>(TABLE + ((<usize>(c & 15)) << 2)) ^ (c >> 4);
  }
  return ~c;
}
