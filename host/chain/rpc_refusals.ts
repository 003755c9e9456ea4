import { type ChainError, type Refusal, type RefusalReason } from "./chain.js";

const DESERIALIZATION_ERROR = -22;
const VERIFY_ERROR = -25;
const VERIFY_REJECTED = -26;
const ALREADY_IN_CHAIN = -27;

/** How full nodes begin to say why. The first that fits counts. */
const REASONS: readonly (readonly [RegExp, RefusalReason])[] = [
  [/already in block chain|txn-already-(in-mempool|known)|already in utxo set/i, "known"],
  [/TX decode failed/, "malformed"],
  [/txn-mempool-conflict|insufficient fee|replacement-adds-unconfirmed|bad-txns-spends-conflicting/, "conflict"],
  [/non-BIP68-final/, "sequence"],
  [/(^|[^a-z])non-final/, "lock_time"],
  [/missing[ -]?inputs|missingorspent/i, "missing_inputs"],
  [/bad-txns-in-belowout/, "overspends"],
  [/min relay fee not met|mempool min fee not met/, "fee"],
  [/dust/, "dust"],
  [/script-verify-flag/, "script"],
  [/bad-txns-nonstandard|bad-witness-nonstandard/, "nonstandard"],
  [/bad-txns|coinbase/, "malformed"],
  [/version|tx-size|scriptpubkey|scriptsig|bare-multisig|multi-op-return/, "nonstandard"],
];

/** What an error of `sendrawtransaction` says of the transaction; undefined if it says something of the node instead. */
export function refusalOf(error: ChainError): Refusal | undefined {
  const codes = [DESERIALIZATION_ERROR, VERIFY_ERROR, VERIFY_REJECTED, ALREADY_IN_CHAIN];
  if (!codes.includes(error.code)) return undefined;
  const found = REASONS.find(([pattern]) => pattern.test(error.message));
  return { reason: found?.[1] ?? "other", detail: error.message };
}
