// The node module's own exports of this room.

export { in_buffer, out_buffer } from "../../assembly/node/node";
export {
  transport_close,
  transport_open,
  transport_receive,
  transport_remote,
  transport_send,
} from "../../assembly/node/transport";
