import type { End, EndKeys, EvidenceBundle, LineParameters } from "./bundle.js";

// The document of a bundle, as evidence.schema.json has it, to and from the bundle: bytes are hexadecimal, txids as explorers
// show them, amounts decimal text.

type EndName = "node_1" | "node_2";

interface KeysJson {
  readonly node_id: string;
  readonly funding_pubkey: string;
  readonly revocation_basepoint: string;
  readonly payment_basepoint: string;
  readonly delayed_payment_basepoint: string;
  readonly htlc_basepoint: string;
  readonly to_self_delay: number;
  readonly meter_key: string;
  readonly credit_limit_msat: string;
}
interface PolicyJson {
  readonly rent_msat_per_kwh: string;
  readonly loss_ppm: number;
}

/** The document, as evidence.schema.json has it. */
export interface BundleJson {
  readonly format: "tieline evidence 1";
  readonly holder: EndName;
  readonly opener: EndName;
  readonly funding: { readonly txid: string; readonly output: number; readonly amount_sat: string };
  readonly anchors: boolean;
  readonly node_1: KeysJson;
  readonly node_2: KeysJson;
  readonly parameters: {
    readonly rating_mw: string;
    readonly interval_s: number;
    readonly owner: EndName;
    readonly accounting_point: EndName;
    readonly from_node_1: PolicyJson;
    readonly from_node_2: PolicyJson;
    readonly loss_max_ppm: number;
    readonly price_cap_msat_per_kwh: string;
    readonly imbalance_spread_ppm: number;
    readonly tariff_msat_per_kwh: string;
    readonly hold_s: number;
  };
  readonly commitment: {
    readonly number: number;
    readonly per_commitment_point: string;
    readonly transaction: string;
    readonly signature: string;
    readonly energy_state: string;
  };
  readonly htlcs: readonly {
    readonly offered_by: EndName;
    readonly id: string;
    readonly amount_msat: string;
    readonly payment_hash: string;
    readonly cltv_expiry: number;
    readonly payment_preimage?: string;
  }[];
  readonly revealed_secrets: readonly { readonly number: number; readonly secret: string }[];
  readonly receipts: readonly { readonly end: EndName; readonly record: string }[];
  readonly notes: readonly {
    readonly meter_key: string;
    readonly payment_hash: string;
    readonly interval_start: number;
    readonly energy_mwh: string;
    readonly issued_mwh: string;
    readonly signature: string;
  }[];
  readonly funding_transaction?: string;
  readonly claim_transactions?: readonly string[];
  readonly confirmed_txid?: string;
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, "hex"));
const reversed = (txid: Uint8Array): Uint8Array => Uint8Array.from(txid).reverse();
const endName = (end: End): EndName => (end === 1 ? "node_1" : "node_2");
const endOf = (name: EndName): End => (name === "node_1" ? 1 : 2);

/** A txid as it is shown. */
export const txidText = (txid: Uint8Array): string => hex(reversed(txid));

/** A txid that is shown, as transactions have it. */
export const txidBytes = (text: string): Uint8Array => reversed(bytes(text));

function keysOf(json: KeysJson): EndKeys {
  return {
    nodeId: bytes(json.node_id),
    fundingPubkey: bytes(json.funding_pubkey),
    revocationBasepoint: bytes(json.revocation_basepoint),
    paymentBasepoint: bytes(json.payment_basepoint),
    delayedPaymentBasepoint: bytes(json.delayed_payment_basepoint),
    htlcBasepoint: bytes(json.htlc_basepoint),
    toSelfDelay: json.to_self_delay,
  };
}

function parametersOf({ parameters, node_1, node_2 }: BundleJson): LineParameters {
  const policies = [parameters.from_node_1, parameters.from_node_2] as const;
  return {
    ratingMw: BigInt(parameters.rating_mw),
    intervalS: parameters.interval_s,
    owner: endOf(parameters.owner),
    accounted: endOf(parameters.accounting_point),
    meterKeys: [bytes(node_1.meter_key), bytes(node_2.meter_key)],
    rentsMsatPerKwh: [BigInt(policies[0].rent_msat_per_kwh), BigInt(policies[1].rent_msat_per_kwh)],
    lossesPpm: [policies[0].loss_ppm, policies[1].loss_ppm],
    lossMaxPpm: parameters.loss_max_ppm,
    creditsMsat: [BigInt(node_1.credit_limit_msat), BigInt(node_2.credit_limit_msat)],
    priceCapMsatPerKwh: BigInt(parameters.price_cap_msat_per_kwh),
    imbalanceSpreadPpm: parameters.imbalance_spread_ppm,
    tariffMsatPerKwh: BigInt(parameters.tariff_msat_per_kwh),
    holdS: parameters.hold_s,
  };
}

/** The bundle that a document is of. */
export function bundleOf(json: BundleJson): EvidenceBundle {
  const { funding, commitment } = json;
  return {
    holder: endOf(json.holder),
    opener: endOf(json.opener),
    fundingTxid: txidBytes(funding.txid),
    fundingOutput: funding.output,
    fundingSat: BigInt(funding.amount_sat),
    anchors: json.anchors,
    keys: [keysOf(json.node_1), keysOf(json.node_2)],
    parameters: parametersOf(json),
    commitmentNumber: BigInt(commitment.number),
    perCommitmentPoint: bytes(commitment.per_commitment_point),
    transaction: bytes(commitment.transaction),
    counterpartySignature: bytes(commitment.signature),
    energyState: bytes(commitment.energy_state),
    htlcs: json.htlcs.map((htlc) => ({
      offeredBy: endOf(htlc.offered_by),
      id: BigInt(htlc.id),
      amountMsat: BigInt(htlc.amount_msat),
      paymentHash: bytes(htlc.payment_hash),
      cltvExpiry: htlc.cltv_expiry,
      ...(htlc.payment_preimage === undefined ? {} : { preimage: bytes(htlc.payment_preimage) }),
    })),
    revealedSecrets: json.revealed_secrets.map(({ number, secret }) => ({
      number: BigInt(number),
      secret: bytes(secret),
    })),
    receipts: json.receipts.map(({ end, record }) => ({ end: endOf(end), record })),
    notes: json.notes.map((note) => ({
      meterKey: bytes(note.meter_key),
      paymentHash: bytes(note.payment_hash),
      intervalStart: note.interval_start,
      energyMwh: BigInt(note.energy_mwh),
      issuedMwh: BigInt(note.issued_mwh),
      signature: bytes(note.signature),
    })),
    ...(json.funding_transaction === undefined ? {} : { fundingTransaction: bytes(json.funding_transaction) }),
    ...(json.claim_transactions === undefined ? {} : { claimTransactions: json.claim_transactions.map(bytes) }),
    ...(json.confirmed_txid === undefined ? {} : { confirmedTxid: txidBytes(json.confirmed_txid) }),
  };
}

/** The document of a bundle. */
export function jsonOf(bundle: EvidenceBundle): BundleJson {
  const { parameters } = bundle;
  const keys = (at: 0 | 1): KeysJson => {
    const end = bundle.keys[at];
    return {
      node_id: hex(end.nodeId),
      funding_pubkey: hex(end.fundingPubkey),
      revocation_basepoint: hex(end.revocationBasepoint),
      payment_basepoint: hex(end.paymentBasepoint),
      delayed_payment_basepoint: hex(end.delayedPaymentBasepoint),
      htlc_basepoint: hex(end.htlcBasepoint),
      to_self_delay: end.toSelfDelay,
      meter_key: hex(parameters.meterKeys[at]),
      credit_limit_msat: String(parameters.creditsMsat[at]),
    };
  };
  const policy = (at: 0 | 1): PolicyJson => ({
    rent_msat_per_kwh: String(parameters.rentsMsatPerKwh[at]),
    loss_ppm: parameters.lossesPpm[at],
  });
  return {
    format: "tieline evidence 1",
    holder: endName(bundle.holder),
    opener: endName(bundle.opener),
    funding: {
      txid: txidText(bundle.fundingTxid),
      output: bundle.fundingOutput,
      amount_sat: String(bundle.fundingSat),
    },
    anchors: bundle.anchors,
    node_1: keys(0),
    node_2: keys(1),
    parameters: {
      rating_mw: String(parameters.ratingMw),
      interval_s: parameters.intervalS,
      owner: endName(parameters.owner),
      accounting_point: endName(parameters.accounted),
      from_node_1: policy(0),
      from_node_2: policy(1),
      loss_max_ppm: parameters.lossMaxPpm,
      price_cap_msat_per_kwh: String(parameters.priceCapMsatPerKwh),
      imbalance_spread_ppm: parameters.imbalanceSpreadPpm,
      tariff_msat_per_kwh: String(parameters.tariffMsatPerKwh),
      hold_s: parameters.holdS,
    },
    commitment: {
      number: Number(bundle.commitmentNumber),
      per_commitment_point: hex(bundle.perCommitmentPoint),
      transaction: hex(bundle.transaction),
      signature: hex(bundle.counterpartySignature),
      energy_state: hex(bundle.energyState),
    },
    htlcs: bundle.htlcs.map((htlc) => ({
      offered_by: endName(htlc.offeredBy),
      id: String(htlc.id),
      amount_msat: String(htlc.amountMsat),
      payment_hash: hex(htlc.paymentHash),
      cltv_expiry: htlc.cltvExpiry,
      ...(htlc.preimage === undefined ? {} : { payment_preimage: hex(htlc.preimage) }),
    })),
    revealed_secrets: bundle.revealedSecrets.map(({ number, secret }) => ({
      number: Number(number),
      secret: hex(secret),
    })),
    receipts: bundle.receipts.map(({ end, record }) => ({ end: endName(end), record })),
    notes: bundle.notes.map((note) => ({
      meter_key: hex(note.meterKey),
      payment_hash: hex(note.paymentHash),
      interval_start: note.intervalStart,
      energy_mwh: String(note.energyMwh),
      issued_mwh: String(note.issuedMwh),
      signature: hex(note.signature),
    })),
    ...(bundle.fundingTransaction === undefined ? {} : { funding_transaction: hex(bundle.fundingTransaction) }),
    ...(bundle.claimTransactions === undefined ? {} : { claim_transactions: bundle.claimTransactions.map(hex) }),
    ...(bundle.confirmedTxid === undefined ? {} : { confirmed_txid: txidText(bundle.confirmedTxid) }),
  };
}
