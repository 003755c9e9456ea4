import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { KINDS, type Kind, decode } from "../../host/decode/decode.js";
import { jsonText, textLines } from "../../host/decode/document.js";
import { DecodeError } from "../../host/decode/errors.js";
import { hex, readVectors } from "../driver/vectors.js";
import { invoiceVectors } from "../invoice/invoices.js";
import { DECODE_INPUTS } from "../long/counts.js";
import { anchors, htlcTransactions, onionVector, staticRemotekey } from "./vectors.js";

/** What happened: decoded and shown, or an error with a name. Anything else is thrown. */
function attempt(input: string | Uint8Array, kind: Kind | undefined): "decoded" | "refused" {
  try {
    const document = decode(input, { kind });
    expect(JSON.parse(jsonText(document))).toHaveProperty("kind");
    expect(textLines(document).length).toBeGreaterThan(1);
    return "decoded";
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    expect(error.field).not.toBe("");
    expect(error.reason).not.toBe("");
    return "refused";
  }
}

const kind = fc.option(fc.constantFrom(...KINDS), { nil: undefined });

const samples = [
  ...[...staticRemotekey().vectors, ...anchors().vectors].flatMap((vector) => [
    vector.commit_tx,
    ...htlcTransactions(vector),
  ]),
  onionVector().onion,
  ...onionVector().generate.hops.map(({ payload }) => payload),
  // Without those that end before htlc_maximum_msat, which once was optional.
  ...readVectors<{ vectors: { hex: string }[] }>("extra_bolt07_gossip_messages")
    .vectors.map((vector) => vector.hex)
    .filter((text) => text.length !== 2 * 130),
].map(hex);

/** One of the samples with some of it changed, cut away or doubled. */
const mutated = fc
  .record({
    sample: fc.constantFrom(...samples),
    edits: fc.array(fc.tuple(fc.nat(), fc.nat(255), fc.constantFrom("set", "cut", "double")), { maxLength: 4 }),
  })
  .map(({ sample, edits }) => {
    let bytes = Uint8Array.from(sample);
    for (const [at, value, what] of edits) {
      const position = at % (bytes.length + 1);
      if (what === "set") bytes[position] = value;
      else if (what === "cut") bytes = bytes.slice(0, position);
      else bytes = Uint8Array.from([...bytes.slice(0, position), ...bytes.slice(Math.max(position - value, 0))]);
    }
    return bytes;
  });

const invoice = fc
  .record({
    text: fc.constantFrom(...invoiceVectors().valid.map((vector) => vector.invoice)),
    at: fc.nat(),
    char: fc.string(),
  })
  .map(({ text, at, char }) => text.slice(0, at % text.length) + char + text.slice((at % text.length) + char.length));

describe("tieline decode takes anything", () => {
  it.each([
    ["bytes", fc.uint8Array({ maxLength: 200 })],
    ["mutated bytes", mutated],
    ["texts", fc.string({ maxLength: 200, unit: "binary" })],
    ["hexadecimal", fc.uint8Array({ maxLength: 1500 }).map((bytes) => Buffer.from(bytes).toString("hex"))],
    ["mutated invoices", invoice],
  ] as [string, fc.Arbitrary<string | Uint8Array>][])("%s", (_, input) => {
    const seen = { decoded: 0, refused: 0 };
    fc.assert(
      fc.property(input, kind, (given, as) => {
        seen[attempt(given, as)]++;
      }),
      { numRuns: DECODE_INPUTS },
    );
    expect(seen.refused).toBeGreaterThan(0);
  });

  it("every sample as it is, in each of its forms", () => {
    for (const sample of samples) {
      expect(attempt(sample, undefined)).toBe("decoded");
      expect(attempt(Buffer.from(sample).toString("hex"), undefined)).toBe("decoded");
    }
  });
});
