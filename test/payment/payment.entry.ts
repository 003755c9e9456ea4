export { payment_block, payment_tick } from "../../assembly/payment/clock";
export { payment_send } from "../../assembly/payment/send";
export { invoice_create } from "../../assembly/payment/issue";
export { payment_settle, payment_boot, payment_due } from "../../assembly/payment/settle";
export { payment_next_event } from "../../assembly/payment/telling";
export { policy_set, policy_reset } from "../../assembly/payment/policy";
export { part_find, part_place } from "../../assembly/payment/parts";
