// Frames of the service link: boards/LINK.md, "Frames".

import { crc32 } from "node:zlib";
import { cobsDecode, cobsEncode } from "./cobs.js";

const CRC_BYTES = 4;

/** Longest content a board accepts, CRC not counted: boards/runtime/frame.h, FRAME_BYTES. */
export const MAX_CONTENT_BYTES = 4160 - CRC_BYTES;

/** A whole frame with its delimiters: the leading one ends whatever noise came before. */
export function encodeFrame(content: Uint8Array): Uint8Array {
  const checked = Buffer.alloc(content.length + CRC_BYTES);
  checked.set(content);
  checked.writeUInt32LE(crc32(content), content.length);
  return Buffer.concat([Uint8Array.of(0), cobsEncode(checked), Uint8Array.of(0)]);
}

/** Collects bytes in any portions and gives back the contents of the intact frames among them. */
export class FrameDecoder {
  #pending: Uint8Array[] = [];
  #damaged = 0;

  /** Frames so far that were not intact. */
  get damaged(): number {
    return this.#damaged;
  }

  feed(bytes: Uint8Array): Uint8Array[] {
    const contents: Uint8Array[] = [];
    let start = 0;
    for (let end = bytes.indexOf(0); end >= 0; end = bytes.indexOf(0, start)) {
      this.#pending.push(bytes.subarray(start, end));
      const content = this.#finish();
      if (content !== undefined) contents.push(content);
      start = end + 1;
    }
    if (start < bytes.length) this.#pending.push(bytes.slice(start));
    return contents;
  }

  #finish(): Uint8Array | undefined {
    const encoded = Buffer.concat(this.#pending);
    this.#pending = [];
    if (encoded.length === 0) return undefined;
    const checked = cobsDecode(encoded);
    if (checked !== undefined && checked.length >= CRC_BYTES) {
      const content = checked.subarray(0, -CRC_BYTES);
      const crc = new DataView(checked.buffer, checked.byteOffset + content.length).getUint32(0, true);
      if (crc32(content) === crc) return content;
    }
    this.#damaged++;
    return undefined;
  }
}
