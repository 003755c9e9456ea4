// Consistent Overhead Byte Stuffing: bytes without zeros, so that a zero can end a frame. Each block is a length code
// n = 1..255 followed by n - 1 bytes that are not zero; between blocks stands a zero unless n = 255.

const FULL_BLOCK = 254;

/** Encodes `content`; the result contains no zero byte. */
export function cobsEncode(content: Uint8Array): Uint8Array {
  const encoded = new Uint8Array(content.length + Math.ceil((content.length + 1) / FULL_BLOCK));
  let code = 0;
  let end = 1;
  for (const byte of content) {
    if (byte !== 0) {
      encoded[end++] = byte;
      if (end - code <= FULL_BLOCK) continue;
    }
    encoded[code] = end - code;
    code = end++;
  }
  encoded[code] = end - code;
  return encoded.subarray(0, end);
}

/** Decodes what stood between two zero bytes. Returns `undefined` if a block breaks off. */
export function cobsDecode(encoded: Uint8Array): Uint8Array | undefined {
  const content = new Uint8Array(encoded.length);
  let length = 0;
  for (let at = 0; at < encoded.length;) {
    const code = encoded[at] ?? 0;
    const next = at + code;
    if (code === 0 || next > encoded.length) return undefined;
    content.set(encoded.subarray(at + 1, next), length);
    length += code - 1;
    if (code <= FULL_BLOCK && next < encoded.length) content[length++] = 0;
    at = next;
  }
  return content.subarray(0, length);
}
