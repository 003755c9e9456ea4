import { createHash } from "node:crypto";
import { base58, bech32, bech32m } from "@scure/base";

/** How a chain writes addresses, by the currency of its invoices: bech32's prefix, base58's version bytes. */
const CHAINS: Readonly<Record<string, { hrp: string; pubkeyHash: number; scriptHash: number }>> = {
  bc: { hrp: "bc", pubkeyHash: 0, scriptHash: 5 },
  tb: { hrp: "tb", pubkeyHash: 111, scriptHash: 196 },
  tbs: { hrp: "tb", pubkeyHash: 111, scriptHash: 196 },
  bcrt: { hrp: "bcrt", pubkeyHash: 111, scriptHash: 196 },
  ltc: { hrp: "ltc", pubkeyHash: 48, scriptHash: 50 },
};

/** The fallback address of an invoice as people write it; undefined on a chain that is not known here. */
export function fallbackAddress(currency: string, version: number, program: Uint8Array): string | undefined {
  const chain = CHAINS[currency];
  if (chain === undefined) return undefined;
  if (version === 17) return base58Check(chain.pubkeyHash, program);
  if (version === 18) return base58Check(chain.scriptHash, program);
  const coding = version === 0 ? bech32 : bech32m;
  return coding.encode(chain.hrp, [version, ...coding.toWords(program)]);
}

function base58Check(version: number, hash: Uint8Array): string {
  const payload = Buffer.concat([Buffer.of(version), hash]);
  const sha256 = (bytes: Uint8Array): Buffer => createHash("sha256").update(bytes).digest();
  return base58.encode(Buffer.concat([payload, sha256(sha256(payload)).subarray(0, 4)]));
}
