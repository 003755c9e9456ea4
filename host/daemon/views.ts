import { txidText } from "../chain/chain.js";
import { scidText } from "../decode/invoice.js";
import { errorName } from "../engine/errors.js";
import type { ChannelInfo } from "../node/answers.js";
import type { Policy } from "../node/requests.js";
import type { BookedInvoice } from "./book.js";
import { hexText } from "./context.js";
import { receivableMsat, spendableMsat } from "./paths.js";
import type { Json } from "./rpc.js";

/** A channel as listings show it. Balances leave out what HTLCs in flight hold of their offerer. */
export function channelDocument(channel: ChannelInfo, policy: Policy | undefined): Json {
  return {
    number: channel.channel,
    peer_id: hexText(channel.peer),
    peer_connected: channel.connected,
    state: channel.closing && channel.state === "normal" ? "closing" : channel.state,
    usable: channel.usable,
    ...(channel.fault === 0 ? {} : { fault: errorName(channel.fault) }),
    channel_id: hexText(channel.channelId),
    short_channel_id: channel.shortChannelId === 0n ? null : scidText(channel.shortChannelId),
    alias: { local: aliasText(channel.alias), remote: aliasText(channel.peerAlias) },
    funding_txid: txidText(channel.fundingTxid),
    funding_outnum: channel.fundingVout,
    depth: channel.depth,
    minimum_depth: channel.minimumDepth,
    opener: channel.opener ? "local" : "remote",
    private: !channel.announce,
    features: channel.anchors ? ["option_static_remotekey", "option_anchors"] : ["option_static_remotekey"],
    total_msat: channel.fundingSat * 1000n,
    to_us_msat: channel.holderMsat,
    spendable_msat: spendableMsat(channel),
    receivable_msat: receivableMsat(channel),
    our_reserve_msat: channel.holderReserveSat * 1000n,
    their_reserve_msat: channel.counterpartyReserveSat * 1000n,
    htlcs: channel.htlcs,
    in_htlcs_msat: channel.htlcsReceivedMsat,
    out_htlcs_msat: channel.htlcsOfferedMsat,
    feerate_perkw: channel.feeratePerKw,
    ...(policy === undefined ? {} : { policy: policyDocument(policy) }),
  };
}

const aliasText = (scid: bigint): string | null => (scid === 0n ? null : scidText(scid));

export const policyDocument = (policy: Policy): Json => ({
  fee_base_msat: BigInt(policy.feeBaseMsat),
  fee_proportional_millionths: policy.feeProportionalMillionths,
  cltv_expiry_delta: policy.cltvExpiryDelta,
  htlc_minimum_msat: policy.htlcMinimumMsat,
  htlc_maximum_msat: policy.htlcMaximumMsat,
});

/** @param nowS what decides whether an unpaid one has expired */
export const invoiceDocument = (invoice: BookedInvoice, nowS: number): Json => ({
  label: invoice.label,
  bolt11: invoice.bolt11,
  payment_hash: invoice.payment_hash,
  amount_msat: invoice.amount_msat,
  description: invoice.description,
  status: invoice.status === "unpaid" && invoice.expires_at <= nowS ? "expired" : invoice.status,
  expires_at: invoice.expires_at,
  ...(invoice.amount_received_msat === undefined ? {} : { amount_received_msat: invoice.amount_received_msat }),
  ...(invoice.paid_at === undefined ? {} : { paid_at: invoice.paid_at }),
});
