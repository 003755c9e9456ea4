import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cobsDecode, cobsEncode } from "../../host/link/cobs.js";

/** Contents of every shape that matters: zeros, long runs without a zero, and around the length of a full block. */
const contents = fc.oneof(
  fc.uint8Array({ maxLength: 600 }),
  fc.array(fc.constantFrom(0, 1, 255), { maxLength: 600 }).map((bytes) => Uint8Array.from(bytes)),
  fc.integer({ min: 250, max: 260 }).chain((length) => fc.uint8Array({ minLength: length, maxLength: length })),
  fc.integer({ min: 0, max: 1100 }).map((length) => new Uint8Array(length).fill(7)),
);

describe("COBS", () => {
  it("gives back what was encoded, without a zero on the way", () => {
    fc.assert(
      fc.property(contents, (content) => {
        const encoded = cobsEncode(content);
        expect(encoded.includes(0)).toBe(false);
        expect(encoded.length).toBeLessThanOrEqual(content.length + 1 + Math.ceil(content.length / 254));
        expect(cobsDecode(encoded)).toEqual(content);
      }),
    );
  });

  it("encodes small cases as the definition says", () => {
    const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replaceAll(" ", ""), "hex"));
    for (const [content, encoded] of [
      ["", "01"],
      ["00", "01 01"],
      ["00 00", "01 01 01"],
      ["11 22 00 33", "03 11 22 02 33"],
      ["11 00 00 00", "02 11 01 01 01"],
    ] as const) {
      expect(cobsEncode(hex(content))).toEqual(hex(encoded));
      expect(cobsDecode(hex(encoded))).toEqual(hex(content));
    }
  });

  it("refuses a block that breaks off", () => {
    fc.assert(
      fc.property(fc.uint8Array({ max: 255, min: 1, maxLength: 300 }), (encoded) => {
        let at = 0;
        while (at < encoded.length) at += encoded[at] ?? 0;
        expect(cobsDecode(encoded) === undefined).toBe(at !== encoded.length);
      }),
    );
  });
});
