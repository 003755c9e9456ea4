// The node module's own exports of this room.

export { in_buffer, out_buffer } from "../../assembly/node/node";
export { gossip_sign, gossip_verify } from "../../assembly/node/gossip";
