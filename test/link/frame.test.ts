import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encodeFrame, FrameDecoder } from "../../host/link/frame.js";

const content = fc.uint8Array({ maxLength: 300 });

/** Feeds `bytes` cut into pieces of the given lengths, in turn. */
function feedInPieces(decoder: FrameDecoder, bytes: Uint8Array, lengths: readonly number[]): Uint8Array[] {
  const received: Uint8Array[] = [];
  for (let at = 0, piece = 0; at < bytes.length; piece++) {
    const length = lengths[piece % lengths.length] ?? 1;
    received.push(...decoder.feed(bytes.subarray(at, at + length)));
    at += length;
  }
  return received;
}

const copies = (contents: readonly Uint8Array[]): Uint8Array[] => contents.map((bytes) => Uint8Array.from(bytes));

describe("frames", () => {
  it("arrive whole and in order, however the line cuts them", () => {
    const pieces = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 10 });
    fc.assert(
      fc.property(fc.array(content, { maxLength: 6 }), pieces, (contents, lengths) => {
        const decoder = new FrameDecoder();
        const line = Buffer.concat(contents.map(encodeFrame));
        expect(copies(feedInPieces(decoder, line, lengths))).toEqual(contents);
        expect(decoder.damaged).toBe(0);
      }),
    );
  });

  it("arrive after any garbage", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), content, content, (garbage, first, second) => {
        const decoder = new FrameDecoder();
        const line = Buffer.concat([garbage, encodeFrame(first), garbage, encodeFrame(second)]);
        expect(copies(decoder.feed(line))).toEqual([first, second]);
      }),
    );
  });

  it("are dropped when a bit flips, and the next one arrives", () => {
    fc.assert(
      fc.property(content, content, fc.nat(), fc.integer({ min: 0, max: 7 }), (first, second, position, bit) => {
        const damaged = encodeFrame(first);
        const at = 1 + (position % (damaged.length - 2)); // not a delimiter
        damaged[at] = (damaged[at] ?? 0) ^ (1 << bit);
        const decoder = new FrameDecoder();
        expect(copies(decoder.feed(Buffer.concat([damaged, encodeFrame(second)])))).toEqual([second]);
        expect(decoder.damaged).toBeGreaterThan(0);
      }),
    );
  });
});
