// The node module's exports of the wire room, as node.wasm has them.

export { in_buffer, out_buffer } from "../../assembly/node/node";
export { message_decode, message_reencode } from "../../assembly/node/wire";
