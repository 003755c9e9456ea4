// The node module's exports of the invoice room, as node.wasm has them.

export { in_buffer, out_buffer } from "../../assembly/node/node";
export { invoice_decode, invoice_encode } from "../../assembly/node/invoice";
