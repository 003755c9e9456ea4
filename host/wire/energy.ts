import { message, tlv } from "./schema.js";

/** TLVs and messages of option_energy. PROTOCOL.md, "Lightning extensions". */

const RIDER = ["u32:interval_start", "byte<=2:kind"];

export const ENERGY_PARAMETERS = tlv(
  68001,
  "energy_parameters",
  "u64:rating_mw",
  "interval_s:interval_s",
  "byte>=1<=2:flags",
  "point:meter_key",
  "s64:rent_forth_msat_per_kwh",
  "u32<=1000000:loss_forth_ppm",
  "s64:rent_back_msat_per_kwh",
  "u32<=1000000:loss_back_ppm",
  "u32<=1000000:loss_max_ppm",
  "u64:credit_limit_msat",
  "u64:price_cap_msat_per_kwh",
  "u32<=1000000:imbalance_spread_ppm",
  "s64:tariff_msat_per_kwh",
  "u16>=1<=3600:hold_s",
);
export const ENERGY_RIDER = tlv(68003, "energy_rider", ...RIDER, "u16>=1<=3600:hold_s", "ts64:amount_mwh");
export const RECEIPT_NOTE = tlv(
  68005,
  "receipt_note",
  "u32:interval_start",
  "u64:energy_mwh",
  "u64:issued_mwh",
  "signature:signature",
);

/** In the onion, for the node that peels it: even, so that one that does not know energy refuses. */
export const ENERGY = tlv(68002, "energy", ...RIDER, "ts64:amount_mwh");
export const ENERGY_TOTAL = tlv(68004, "energy_total", "ts64:total_mwh");

export const ENERGY_MESSAGES = [
  message(42001, "energy_lapse", ["channel_id:channel_id", "u64:id"]),
  message(42003, "interval_close", [
    "channel_id:channel_id",
    "u32:interval_start",
    "u32:interval_end",
    "u32:sent_at_s",
    "s64:agreed_mwh",
    "s64:metered_mwh",
    "u16:len",
    "len*byte:receipt",
  ]),
  message(42007, "interval_roll", ["channel_id:channel_id", "u32:interval_end", "s64:flow_mwh", "s64:arrears_msat"]),
  message(42005, "line_policy", [
    "signature:signature",
    "chain_hash:chain_hash",
    "short_channel_id:short_channel_id",
    "u32:timestamp",
    "byte<=1:direction",
    "s64:rent_msat_per_kwh",
    "u32<=1000000:loss_ppm",
    "u64:rating_mw",
  ]),
];
