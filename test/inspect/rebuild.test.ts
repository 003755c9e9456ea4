import { secp256k1 } from "@noble/curves/secp256k1.js";
import fc from "fast-check";
import { expect, it } from "vitest";
import { derSignature } from "../../host/inspect/rebuild.js";

it("a signature becomes DER as an independent library writes it", () => {
  const number = fc.oneof(
    fc.bigInt({ min: 1n, max: secp256k1.Point.Fn.ORDER - 1n }),
    // Leading zeros and set top bits of every length.
    fc.tuple(fc.nat(255), fc.bigInt({ min: 1n, max: 255n })).map(([shift, low]) => low << BigInt(shift % 248)),
  );
  fc.assert(
    fc.property(number, number, (r, s) => {
      const signature = new secp256k1.Signature(r, s);
      const der = Buffer.from(derSignature(signature.toBytes("compact"))).toString("hex");
      expect(der).toBe(signature.toHex("der"));
    }),
    { numRuns: 2000 },
  );
});
