import { ERR_ARGUMENT, ERR_CAPACITY, ERR_STATE } from "../base/errors";
import { MAX_MESSAGE_BYTES, NODE_INPUT_BYTES } from "../base/limits";
import * as transport from "../transport/transport";
import { POINT_BYTES, SCALAR_BYTES } from "../transport/connection";
import { input, output } from "./buffers";

/** Where the reply or message begins in the output of `transport_receive`. */
const EVENT_HEADER_BYTES: usize = 8;

/**
 * Opens a connection. Input: ephemeral scalar (32 fresh random bytes, zeroed here) and, as initiator, the peer's static
 * point (33). Output, as initiator: act one.
 * @param connection 0 .. MAX_CONNECTIONS - 1
 * @param initiator 1, or 0 as responder
 * @returns bytes to be sent: 50 or 0. ERR_ARGUMENT, ERR_STATE (it is open), ERR_POINT
 */
export function transport_open(connection: i32, initiator: i32): i32 {
  const code =
    initiator == 0
      ? transport.open_responder(connection, input)
      : transport.open_initiator(connection, input + <usize>SCALAR_BYTES, input, output);
  memory.fill(input, 0, SCALAR_BYTES);
  return code;
}

/**
 * Takes what the peer sent: `len` bytes at `from` of the input. Output: u32 event (0 nothing, 1 reply, 2 established,
 * 3 message, 4 message passed over), u32 length, little-endian, and as many bytes (none of a message passed over). A
 * reply, which an established connection may also have, is to be sent.
 * @returns bytes taken: as long as they are fewer than `len`, call again with the rest. ERR_ARGUMENT, ERR_STATE (closed);
 * ERR_VERSION, ERR_POINT, ERR_MAC and others: the connection is closed now
 */
export function transport_receive(connection: i32, from: i32, len: i32): i32 {
  if (<u32>from > <u32>NODE_INPUT_BYTES || <u32>len > <u32>(NODE_INPUT_BYTES - from)) return ERR_ARGUMENT;
  const content = output + EVENT_HEADER_BYTES;
  const taken = transport.receive(connection, input + <usize>from, len, content);
  if (taken < 0) return taken;
  store<u32>(output, transport.event);
  store<u32>(output, transport.event == transport.NOTHING ? 0 : transport.event_len, 4);
  if (transport.event == transport.MESSAGE) memory.copy(content, transport.event_at, transport.event_len);
  return taken;
}

/**
 * Encrypts the message of `len` bytes in the input. Output: the frame.
 * @returns bytes of the frame, `len` + 34. ERR_ARGUMENT, ERR_STATE (no handshake yet), ERR_CAPACITY
 */
export function transport_send(connection: i32, len: i32): i32 {
  if (<u32>len > <u32>MAX_MESSAGE_BYTES) return ERR_CAPACITY;
  memory.copy(output + <usize>transport.LENGTH_BYTES, input, len);
  return transport.send(connection, output, len);
}

/** Output: the peer's static point. Returns its 33 bytes, or ERR_STATE if the handshake is not done. */
export function transport_remote(connection: i32): i32 {
  const remote = transport.remote_key(connection);
  if (remote == 0) return ERR_STATE;
  memory.copy(output, remote, POINT_BYTES);
  return POINT_BYTES;
}

/** Forgets a connection: 0; ERR_TRUNCATED if the peer stopped inside an act or a frame; ERR_ARGUMENT, ERR_STATE. */
export function transport_close(connection: i32): i32 {
  return transport.close(connection);
}
