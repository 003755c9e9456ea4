import { set_live as live_set } from "../../assembly/channel/live";
import { CHANNELS_BYTES, channels } from "../../assembly/channel/record";
import { INVOICES_BYTES, invoices } from "../../assembly/payment/invoices";
import { PARTS_BYTES, parts } from "../../assembly/payment/parts";

// The payment room as the node sees it, over channels that the test makes up in their records: what the peers would have
// done to an HTLC, the test writes into its slot.

export { payment_tick } from "../../assembly/payment/clock";
export { set_chain, set_chain_height } from "../../assembly/channel/config";
export { rate_set } from "../../assembly/payment/exchange";
export { payment_send } from "../../assembly/payment/send";
export { invoice_create } from "../../assembly/payment/issue";
export { payment_settle, payment_boot, payment_due } from "../../assembly/payment/settle";
export { payment_next_event } from "../../assembly/payment/telling";
export { policy_of, policy_set, policy_reset } from "../../assembly/payment/policy";
export { part_at, part_find } from "../../assembly/payment/parts";
export { invoice_at } from "../../assembly/payment/invoices";
export { channel_of, slot_of } from "../../assembly/channel/record";
export { channel_release } from "../../assembly/channel/offers";
export { blob_at, blob_bytes, blob_new, blob_free } from "../../assembly/htlc/blobs";

const DATA_BYTES: i32 = 8192;
const data_at: usize = memory.data(DATA_BYTES, 8);

export function data(): usize {
  return data_at;
}

export function set_live(n: i32, flags: u32): void {
  live_set(n, flags);
}

// The persistent regions: address and bytes.

export function region(which: i32): usize {
  return which == 0 ? channels : which == 1 ? parts : invoices;
}

export function region_bytes(which: i32): i32 {
  return which == 0 ? CHANNELS_BYTES : which == 1 ? PARTS_BYTES : INVOICES_BYTES;
}
