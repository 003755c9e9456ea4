import { MAX_MESSAGE_BYTES } from "../../assembly/base/limits";
import { BUFFER, RECEIVE, record_of, SEND, wipe } from "../../assembly/transport/connection";
import * as transport from "../../assembly/transport/transport";
import { key_import } from "../driver/test_keys.entry";

// The transport for tests: what goes in lies at `data`, what comes out at `out`.

const DATA_BYTES: i32 = 16384;
const OUT_BYTES: i32 = 4608;
const RECORD_BYTES: i32 = <i32>BUFFER + MAX_MESSAGE_BYTES + 16;

const data_at: usize = memory.data(DATA_BYTES, 8);
const out_at: usize = memory.data(OUT_BYTES, 8);
const saved: usize = memory.data(RECORD_BYTES, 8);

export function data(): usize {
  return data_at;
}

export function out(): usize {
  return out_at;
}

export function import_node_key(at: usize): i32 {
  return key_import(0, at);
}

/** Ephemeral scalar and remote point at `data`, act one at `out`. */
export function open_initiator(connection: i32): i32 {
  return transport.open_initiator(connection, data_at + 32, data_at, out_at);
}

export function open_responder(connection: i32): i32 {
  return transport.open_responder(connection, data_at);
}

/** Bytes at `data` + `from`. `out`: event, length, then the reply or message. */
export function receive(connection: i32, from: i32, len: i32): i32 {
  const taken = transport.receive(connection, data_at + <usize>from, len, out_at + 8);
  store<i32>(out_at, transport.event);
  store<i32>(out_at, transport.event_len, 4);
  if (transport.event == transport.MESSAGE) memory.copy(out_at + 8, transport.event_at, transport.event_len);
  return taken;
}

/** Sends the message at `data` `times` times; the last frame is at `out`. */
export function send(connection: i32, len: i32, times: i32): i32 {
  let code = 0;
  for (let i = 0; i < times; i++) {
    memory.copy(out_at + <usize>transport.LENGTH_BYTES, data_at, max(min(len, MAX_MESSAGE_BYTES), 0));
    code = transport.send(connection, out_at, len);
  }
  return code;
}

export function remote_key(connection: i32): usize {
  return transport.remote_key(connection);
}

export function close(connection: i32): i32 {
  return transport.close(connection);
}

/** Addresses of the two directions: chaining key (32) and key (32) each. */
export function sending(connection: i32): usize {
  return record_of(connection) + SEND;
}

export function receiving(connection: i32): usize {
  return record_of(connection) + RECEIVE;
}

// What a test compares and goes back to.

export function save(connection: i32): void {
  memory.copy(saved, record_of(connection), RECORD_BYTES);
}

export function restore(connection: i32): void {
  memory.copy(record_of(connection), saved, RECORD_BYTES);
}

/** Whether the connection is as it was saved. */
export function unchanged(connection: i32): bool {
  return memory.compare(saved, record_of(connection), RECORD_BYTES) == 0;
}

/** Whether nothing at all is left of the connection. */
export function wiped(connection: i32): bool {
  const record = record_of(connection);
  for (let i = 0; i < RECORD_BYTES; i++) if (load<u8>(record + <usize>i) != 0) return false;
  return true;
}

export function forget(connection: i32): void {
  wipe(record_of(connection));
}

/** End of what the module uses of its memory, from address 0. */
export function memory_bytes(): i32 {
  return <i32>__heap_base;
}
