import { describe, expect, it } from "vitest";
import { DecodeError } from "../../host/decode/errors.js";
import { decodeInvoice } from "../../host/decode/invoice.js";
import { toHex } from "../driver/vectors.js";
import { type Valid, invoiceVectors } from "../invoice/invoices.js";

const vectors = invoiceVectors();

describe("invoices as tieline decode reads them", () => {
  it.each(vectors.valid.map((vector): [string, Valid] => [vector.id, vector]))(
    "%s",
    (_, { invoice, decoded, node_id }) => {
      const read = decodeInvoice(invoice);
      expect({
        currency: read.currency,
        amount_msat: read.amount_msat?.toString() ?? null,
        timestamp: read.timestamp,
        payee: read.payee,
        payment_hash: read.payment_hash,
        payment_secret: read.payment_secret,
        description: read.description && toHex(read.description),
        description_hash: read.description_hash,
        metadata: read.metadata,
        expiry_s: read.expiry_s,
        min_final_cltv_expiry_delta: read.min_final_cltv_expiry_delta,
        features: read.features,
        routes: read.routes,
        fallbacks: read.fallbacks.map(({ version, program }) => ({ version, program })),
        skipped: read.skipped.map(({ type }) => type).filter((type) => type !== "f"),
      }).toEqual({
        currency: decoded.currency,
        amount_msat: decoded.amount_msat,
        timestamp: decoded.timestamp,
        payee: node_id,
        payment_hash: decoded.payment_hash,
        payment_secret: decoded.payment_secret,
        description: decoded.description_utf8_hex,
        description_hash: decoded.description_hash,
        metadata: decoded.metadata,
        expiry_s: BigInt(decoded.expiry ?? 3600),
        min_final_cltv_expiry_delta: BigInt(decoded.min_final_cltv_expiry_delta ?? 18),
        features: decoded.features ?? [],
        routes: decoded.routes.map((route) =>
          route.map(({ pubkey, scid, fee_base_msat, fee_ppm, cltv_delta }) => ({
            pubkey,
            short_channel_id: scid,
            fee_base_msat,
            fee_proportional_millionths: fee_ppm,
            cltv_expiry_delta: cltv_delta,
          })),
        ),
        fallbacks: decoded.fallbacks.filter(({ ignored }) => ignored !== true),
        skipped: decoded.skipped ?? [],
      });
    },
  );

  const REFUSED: Readonly<Record<string, string>> = {
    unknown_even_feature_100: "features at character 152: bit 100 is required and unknown",
    bad_checksum: "checksum at character 217: does not match: a character is wrong",
    no_separator: 'invoice: no "1" between a prefix and the data',
    mixed_case: "invoice at character 1: both cases in one text",
    sig_not_recoverable: "signature at character 162: no key can have made it",
    too_short: "signature at character 6: the text is too short for a timestamp and a signature",
    invalid_multiplier: 'multiplier at character 9: "x" is not m, u, n or p',
    sub_msat: "amount at character 5: has a fraction of a msat",
    missing_payment_secret: "payment_secret: there is no field s of the right length",
    high_s_with_n: "signature at character 309: was not made by the payee that field n names, or has a high S",
  };

  it.each(vectors.invalid.map(({ id, invoice }): [string, string] => [id, invoice]))("refuses %s", (id, invoice) => {
    let error: unknown;
    try {
      decodeInvoice(invoice);
    } catch (caught) {
      error = caught;
    }
    expect(error).toBeInstanceOf(DecodeError);
    expect((error as DecodeError).message).toBe(REFUSED[id]);
  });

  it("writes fallback addresses as BOLT 11's examples have them", () => {
    const addresses = vectors.valid.flatMap(({ invoice }) =>
      decodeInvoice(invoice).fallbacks.map(({ address }) => address),
    );
    expect(addresses).toEqual([
      "mk2QpYatsKicvFVuTAQLBryyccRXMUaGHP",
      "1RustyRX2oai4EYYDpQGWvEL62BBGqN9T",
      "3EktnHQD7RiAE6uzMj2ZifT9YgRrkSgzQX",
      "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4",
      "bc1qrp33g0q5c5txsp9arysrx4k6zdkfs4nce4xj0gdcccefvpysxf3qccfmv3",
      "bc1pptdvg0d2nj99568qn6ssdy4cygnwuxgw2ukmnwgwz7jpqjz2kszse2s3lm",
    ]);
  });
});
