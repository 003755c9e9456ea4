// The node, but for what its clock does to it: it traps in one span of time and runs away in another. Where its boot
// record asks for a feerate of TRAPS or RUNS_AWAY it does one of the two each time.
import * as life from "../../assembly/node/life";
import { in_buffer } from "../../assembly/node/index";

export { abi, in_buffer, out_buffer, memory_bytes } from "../../assembly/node/index";
export { transport_open, transport_receive, transport_send } from "../../assembly/node/index";
export { transport_remote, transport_close, gossip_verify, gossip_sign } from "../../assembly/node/index";
export { invoice_decode, invoice_encode } from "../../assembly/node/index";
export { onion_build, onion_peel, onion_failure, onion_admit, onion_unblind } from "../../assembly/node/index";
export { onion_error_create, onion_error_wrap, onion_error_unwrap } from "../../assembly/node/index";
export { message_decode, message_reencode, chain_commitment_sign } from "../../assembly/node/index";
export { connect, receive, disconnect, resume, block, funding_depth, funding_spent } from "../../assembly/node/index";
export { command } from "../../assembly/node/index";

const FEERATE: usize = 112;
const TRAPS: u32 = 9998;
const RUNS_AWAY: u32 = 9999;

let feerate: u32 = 0;

export function boot(len: i32): i32 {
  feerate = load<u32>(in_buffer(), FEERATE);
  return life.boot(len);
}

export function tick(mono_ms: i64, utc_s: i64): i32 {
  if (feerate == TRAPS || (mono_ms >= 70_000 && mono_ms < 100_000)) unreachable();
  // An odd number of turns is never 0.
  if (feerate == RUNS_AWAY || (mono_ms >= 800_000 && mono_ms < 801_000)) {
    for (let turns: u32 = 1; turns != 0; turns += 2);
  }
  return life.tick(mono_ms, utc_s);
}
