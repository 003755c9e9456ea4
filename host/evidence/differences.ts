import { type EvidenceBundle, ofEnd } from "./bundle.js";
import { parametersHash } from "./state.js";

const equal = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0;

/** Fields of the channel in which the bundles of both ends differ. */
export function differences(a: EvidenceBundle, b: EvidenceBundle): string[] {
  const fields: string[] = [];
  const check = (field: string, same: boolean): void => {
    if (!same) fields.push(field);
  };
  check("opener", a.opener === b.opener);
  check("funding.amount_sat", a.fundingSat === b.fundingSat);
  check("anchors", a.anchors === b.anchors);
  for (const end of [1, 2] as const) {
    const [one, other] = [ofEnd(a.keys, end), ofEnd(b.keys, end)];
    check(`node_${end}.node_id`, equal(one.nodeId, other.nodeId));
    check(`node_${end}.funding_pubkey`, equal(one.fundingPubkey, other.fundingPubkey));
    check(`node_${end}.revocation_basepoint`, equal(one.revocationBasepoint, other.revocationBasepoint));
    check(`node_${end}.payment_basepoint`, equal(one.paymentBasepoint, other.paymentBasepoint));
    check(`node_${end}.delayed_payment_basepoint`, equal(one.delayedPaymentBasepoint, other.delayedPaymentBasepoint));
    check(`node_${end}.htlc_basepoint`, equal(one.htlcBasepoint, other.htlcBasepoint));
    check(`node_${end}.to_self_delay`, one.toSelfDelay === other.toSelfDelay);
  }
  check("parameters", equal(parametersHash(a.parameters), parametersHash(b.parameters)));
  if (a.confirmedTxid && b.confirmedTxid) check("confirmed_txid", equal(a.confirmedTxid, b.confirmedTxid));
  return fields;
}
