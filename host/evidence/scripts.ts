import { createHash } from "node:crypto";
import { Script } from "@scure/btc-signer";
import type { EvidenceHtlc } from "./bundle.js";

// Scripts of commitment transactions. BOLT 3, "Commitment Transaction Outputs", "Funding Transaction Output".

const hash = (algorithm: "sha256" | "ripemd160", bytes: Uint8Array): Uint8Array =>
  new Uint8Array(createHash(algorithm).update(bytes).digest());
const hash160 = (bytes: Uint8Array): Uint8Array => hash("ripemd160", hash("sha256", bytes));

export const p2wsh = (script: Uint8Array): Uint8Array => Script.encode([0, hash("sha256", script)]);
export const p2wpkh = (pubkey: Uint8Array): Uint8Array => Script.encode([0, hash160(pubkey)]);

/** 2 of 2, the lesser key first. */
export function fundingScript(a: Uint8Array, b: Uint8Array): Uint8Array {
  const [first, second] = Buffer.compare(a, b) < 0 ? [a, b] : [b, a];
  return Script.encode([2, first, second, 2, "CHECKMULTISIG"]);
}

export const energyScript = (energyHash: Uint8Array): Uint8Array => Script.encode(["RETURN", energyHash]);

export const toLocalScript = (revocation: Uint8Array, toSelfDelay: number, delayed: Uint8Array): Uint8Array =>
  Script.encode(["IF", revocation, "ELSE", toSelfDelay, "CHECKSEQUENCEVERIFY", "DROP", delayed, "ENDIF", "CHECKSIG"]);

/** Output script, not witness script: without anchors there is none. */
export const toRemoteOutput = (remote: Uint8Array, anchors: boolean): Uint8Array =>
  anchors ? p2wsh(Script.encode([remote, "CHECKSIGVERIFY", 1, "CHECKSEQUENCEVERIFY"])) : p2wpkh(remote);

export const anchorScript = (fundingPubkey: Uint8Array): Uint8Array =>
  Script.encode([fundingPubkey, "CHECKSIG", "IFDUP", "NOTIF", 16, "CHECKSEQUENCEVERIFY", "ENDIF"]);

/** Keys that HTLC scripts have, as the commitment's owner calls them. */
export interface HtlcKeys {
  readonly revocation: Uint8Array;
  readonly localHtlc: Uint8Array;
  readonly remoteHtlc: Uint8Array;
}

export function htlcScript(
  { paymentHash, cltvExpiry }: EvidenceHtlc,
  offered: boolean,
  { revocation, localHtlc, remoteHtlc }: HtlcKeys,
  anchors: boolean,
): Uint8Array {
  const head = [
    "DUP",
    "HASH160",
    hash160(revocation),
    "EQUAL",
    "IF",
    "CHECKSIG",
    "ELSE",
    remoteHtlc,
    "SWAP",
    "SIZE",
    32,
  ];
  const claim = ["HASH160", hash("ripemd160", paymentHash), "EQUALVERIFY"];
  const multisig = [2, "SWAP", localHtlc, 2, "CHECKMULTISIG"];
  const rest = offered
    ? ["EQUAL", "NOTIF", "DROP", ...multisig, "ELSE", ...claim, "CHECKSIG", "ENDIF"]
    : [
        "EQUAL",
        "IF",
        ...claim,
        ...multisig,
        "ELSE",
        "DROP",
        cltvExpiry,
        "CHECKLOCKTIMEVERIFY",
        "DROP",
        "CHECKSIG",
        "ENDIF",
      ];
  const block = anchors ? [1, "CHECKSEQUENCEVERIFY", "DROP"] : [];
  return Script.encode([...head, ...rest, ...block, "ENDIF"] as Parameters<typeof Script.encode>[0]);
}
