import { ENERGY_PARAMETERS, ENERGY_RIDER, RECEIPT_NOTE } from "./energy.js";
import { message, tlv } from "./schema.js";

const OPENING_TLVS = [
  tlv(0, "upfront_shutdown_script", "...*byte:shutdown_scriptpubkey"),
  tlv(1, "channel_type", "...*byte:type"),
  ENERGY_PARAMETERS,
];

const BASEPOINTS = [
  "point:funding_pubkey",
  "point:revocation_basepoint",
  "point:payment_basepoint",
  "point:delayed_payment_basepoint",
  "point:htlc_basepoint",
  "point:first_per_commitment_point",
];

const CLOSING = [
  "channel_id:channel_id",
  "u16:closer_scriptpubkey_len",
  "closer_scriptpubkey_len*byte:closer_scriptpubkey",
  "u16:closee_scriptpubkey_len",
  "closee_scriptpubkey_len*byte:closee_scriptpubkey",
  "u64:fee_satoshis",
  "u32:locktime",
];

const CLOSING_TLVS = [
  tlv(1, "closer_output_only", "signature:sig"),
  tlv(2, "closee_output_only", "signature:sig"),
  tlv(3, "closer_and_closee_outputs", "signature:sig"),
];

const ATTRIBUTION_DATA = tlv(1, "attribution_data", "20*u32:htlc_hold_times", "210*sha256[..4]:truncated_hmacs");

/** BOLT 2: channels of version 1. */
export const CHANNEL_MESSAGES = [
  message(2, "stfu", ["channel_id:channel_id", "u8:initiator"]),
  message(
    32,
    "open_channel",
    [
      "chain_hash:chain_hash",
      "32*byte:temporary_channel_id",
      "u64:funding_satoshis",
      "u64:push_msat",
      "u64:dust_limit_satoshis",
      "u64:max_htlc_value_in_flight_msat",
      "u64:channel_reserve_satoshis",
      "u64:htlc_minimum_msat",
      "u32:feerate_per_kw",
      "u16:to_self_delay",
      "u16:max_accepted_htlcs",
      ...BASEPOINTS,
      "byte:channel_flags",
    ],
    OPENING_TLVS,
  ),
  message(
    33,
    "accept_channel",
    [
      "32*byte:temporary_channel_id",
      "u64:dust_limit_satoshis",
      "u64:max_htlc_value_in_flight_msat",
      "u64:channel_reserve_satoshis",
      "u64:htlc_minimum_msat",
      "u32:minimum_depth",
      "u16:to_self_delay",
      "u16:max_accepted_htlcs",
      ...BASEPOINTS,
    ],
    OPENING_TLVS,
  ),
  message(34, "funding_created", [
    "32*byte:temporary_channel_id",
    "sha256:funding_txid",
    "u16:funding_output_index",
    "signature:signature",
  ]),
  message(35, "funding_signed", ["channel_id:channel_id", "signature:signature"]),
  message(
    36,
    "channel_ready",
    ["channel_id:channel_id", "point:second_per_commitment_point"],
    [tlv(1, "short_channel_id", "short_channel_id:alias")],
  ),
  message(38, "shutdown", ["channel_id:channel_id", "u16:len", "len*byte:scriptpubkey"]),
  message(
    39,
    "closing_signed",
    ["channel_id:channel_id", "u64:fee_satoshis", "signature:signature"],
    [tlv(1, "fee_range", "u64:min_fee_satoshis", "u64:max_fee_satoshis")],
  ),
  message(40, "closing_complete", CLOSING, CLOSING_TLVS),
  message(41, "closing_sig", CLOSING, CLOSING_TLVS),
  message(
    128,
    "update_add_htlc",
    [
      "channel_id:channel_id",
      "u64:id",
      "u64:amount_msat",
      "sha256:payment_hash",
      "u32:cltv_expiry",
      "1366*byte:onion_routing_packet",
    ],
    [tlv(0, "blinded_path", "point:path_key"), ENERGY_RIDER],
  ),
  message(
    130,
    "update_fulfill_htlc",
    ["channel_id:channel_id", "u64:id", "32*byte:payment_preimage"],
    [ATTRIBUTION_DATA, RECEIPT_NOTE],
  ),
  message(
    131,
    "update_fail_htlc",
    ["channel_id:channel_id", "u64:id", "u16:len", "len*byte:reason"],
    [ATTRIBUTION_DATA],
  ),
  message(
    132,
    "commitment_signed",
    ["channel_id:channel_id", "signature:signature", "u16:num_htlcs", "num_htlcs*signature:htlc_signature"],
    [tlv(1, "funding_txid", "sha256:funding_txid")],
  ),
  message(133, "revoke_and_ack", [
    "channel_id:channel_id",
    "32*byte:per_commitment_secret",
    "point:next_per_commitment_point",
  ]),
  message(134, "update_fee", ["channel_id:channel_id", "u32:feerate_per_kw"]),
  message(135, "update_fail_malformed_htlc", [
    "channel_id:channel_id",
    "u64:id",
    "sha256:sha256_of_onion",
    "u16:failure_code",
  ]),
  message(
    136,
    "channel_reestablish",
    [
      "channel_id:channel_id",
      "u64:next_commitment_number",
      "u64:next_revocation_number",
      "32*byte:your_last_per_commitment_secret",
      "point:my_current_per_commitment_point",
    ],
    [
      tlv(1, "next_funding", "sha256:next_funding_txid", "byte:retransmit_flags"),
      tlv(5, "my_current_funding_locked", "sha256:my_current_funding_locked_txid", "byte:retransmit_flags"),
    ],
  ),
];
