import { Script } from "@scure/btc-signer";
import { type Outpoint, txidFromText } from "../../host/chain/chain.js";
import { decodeTransaction } from "../../host/decode/transaction.js";
import { ALL, hash160, item, publicKey, sign, transaction, withWitness } from "../chain/model.js";

/** Spends a P2WPKH output of one key. */
export function spendKey(
  outpoint: Outpoint,
  secret: Uint8Array,
  sat: bigint,
  outputs: readonly { sat: bigint; script: Uint8Array }[],
  { sequence = 0xffff_ffff, lockTime = 0 } = {},
): Uint8Array {
  const tx = transaction(outpoint, sequence, lockTime, outputs);
  const pubkey = publicKey(secret);
  const code = Script.encode(["DUP", "HASH160", hash160(pubkey), "EQUALVERIFY", "CHECKSIG"]);
  return Uint8Array.from(withWitness(tx, [item(sign(tx.preimageWitnessV0(0, code, ALL, sat), secret), ALL), pubkey]));
}

/** Id of a transaction, as hashed. */
export const idOf = (tx: Uint8Array): Uint8Array => txidFromText(decodeTransaction(tx).txid);
