import { bech32 } from "@scure/base";
import { REGTEST_CHAIN_HASH } from "../chain/chain.js";

/** A chain as channels and invoices know it. */
export interface Network {
  /** 32 bytes as hashed. BOLT 0, "chain_hash". */
  readonly chainHash: Uint8Array;
  /** Of invoices, behind "ln". BOLT 11. */
  readonly prefix: string;
  /** Of addresses. BIP 173. */
  readonly addressPrefix: string;
}

const hash = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, "hex"));

/** Test networks only: nobody's savings are for a node of this age. */
export const NETWORKS = {
  regtest: { chainHash: REGTEST_CHAIN_HASH, prefix: "bcrt", addressPrefix: "bcrt" },
  testnet: {
    chainHash: hash("43497fd7f826957108f4a30fd9cec3aeba79972084e90ead01ea330900000000"),
    prefix: "tb",
    addressPrefix: "tb",
  },
  signet: {
    chainHash: hash("f61eee3b63a380a477a063af32b2bbc97c9ff9f01f2c4225e973988108000000"),
    prefix: "tbs",
    addressPrefix: "tb",
  },
  "litecoin-regtest": {
    chainHash: hash("f916c456fc51df627885d7d674ed02dc88a225adb3f02ad13eb4938ff3270853"),
    prefix: "rltc",
    addressPrefix: "rltc",
  },
} as const satisfies Record<string, Network>;

export type NetworkName = keyof typeof NETWORKS;

/** A P2WPKH or P2WSH script as an address of a network; BIP 173. Its hexadecimal if it is of another form. */
export function addressOf({ addressPrefix }: Network, script: Uint8Array): string {
  const program = script.subarray(2);
  if (script[0] !== 0 || script[1] !== program.length) return Buffer.from(script).toString("hex");
  return bech32.encode(addressPrefix, [0, ...bech32.toWords(program)]);
}
