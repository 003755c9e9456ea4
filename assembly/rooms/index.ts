// Of node.wasm's exports those that only compute, as a module of its own: it needs cryptography and no other board. The
// memory map of the emulated board is made with it; host/node/abi.ts lists the exports among those of node.wasm.

export { abi, in_buffer, out_buffer, memory_bytes } from "../node/node";
export {
  transport_open,
  transport_receive,
  transport_send,
  transport_remote,
  transport_close,
} from "../node/transport";
export { gossip_verify, gossip_sign } from "../node/gossip";
export { invoice_decode, invoice_encode } from "../node/invoice";
export { onion_build, onion_peel, onion_failure, onion_admit, onion_unblind } from "../node/onion";
export { onion_error_create, onion_error_wrap, onion_error_unwrap } from "../node/onion";
export { message_decode, message_reencode } from "../node/wire";
export { chain_commitment_sign } from "../node/chain";
