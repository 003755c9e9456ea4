// The whole list of node.wasm's exports. Their contract stands at each definition and in PROTOCOL.md, "Node module
// interface"; host/node/abi.ts repeats the signatures, and a test compares the two with the wasm.

// First, so that the tables of messages lie in the first 64 KiB of memory, where 16 bits hold any address.
import "../wire/message";

export { abi, in_buffer, out_buffer, memory_bytes } from "./node";
export { transport_open, transport_receive, transport_send, transport_remote, transport_close } from "./transport";
export { gossip_verify, gossip_sign } from "./gossip";
export { invoice_decode, invoice_encode } from "./invoice";
export { onion_build, onion_peel, onion_failure, onion_admit, onion_unblind } from "./onion";
export { onion_error_create, onion_error_wrap, onion_error_unwrap } from "./onion";
export { message_decode, message_reencode } from "./wire";
export { chain_commitment_sign } from "./chain";
export { boot, connect, receive, disconnect, resume, tick, block, funding_depth, funding_spent } from "./life";
export { command } from "./commands";
