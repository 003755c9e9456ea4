// Closing delivery intervals: what both meters say becomes one flow, and what it differs from the agreed one is owed.
// PROTOCOL.md, "Interval close".

import { mul_div_floor } from "../base/amount";
import { ERR_STATE, ERR_VALUE } from "../base/errors";
import { MAX_POSITIONS } from "../base/limits";
import { PROPOSED } from "../htlc/states";
import * as at from "./record";

const amount: usize = memory.data(8, 8);

function close_of(n: i32, side: usize): usize {
  return at.energy_of(n) + at.ENERGY_CLOSES + side * at.CLOSE_BYTES;
}

/** Whether both ends have closed the same intervals and nothing is in dispute. */
export function close_ready(n: i32): bool {
  const until = load<u32>(close_of(n, 0));
  const disputed = (load<u32>(at.energy_of(n), at.ENERGY_MARKS) & at.ENERGY_DISPUTED) != 0;
  return until != 0 && until == load<u32>(close_of(n, 1)) && !disputed;
}

/** Flow by the accounting end's meter, and what its deviation changes of the arrears. */
let flow_mwh: i64 = 0;
let arrears_msat: i64 = 0;

function work_out(n: i32): void {
  const energy = at.energy_of(n);
  const roles = load<u32>(energy, at.ENERGY_ROLES);
  const at_node_1 = (roles & at.ACCOUNTED_AT_NODE_1) != 0;
  const holder_accounts = at_node_1 == ((roles & at.HOLDER_IS_NODE_1) != 0);
  const until = load<u32>(close_of(n, 0));
  flow_mwh = load<i64>(close_of(n, holder_accounts ? 0 : 1), at.CLOSE_METERED_MWH);
  let agreed: i64 = 0;
  for (let i: usize = 0; i < <usize>MAX_POSITIONS; i++) {
    const position = energy + at.ENERGY_POSITIONS + i * at.POSITION_BYTES;
    if (load<u32>(position) != 0 && load<u32>(position) < until) agreed += load<i64>(position, at.POSITION_FLOW_MWH);
  }
  const deviation = flow_mwh - agreed;
  const tariff = load<i64>(energy, at.ENERGY_TARIFF);
  const spread = load<u32>(energy, at.ENERGY_SPREAD_PPM);
  // Whoever got more than agreed owes it, or, below zero, is owed for it.
  const node_1_owes = deviation < 0 == tariff >= 0;
  const price = <u64>(tariff < 0 ? -tariff : tariff);
  mul_div_floor(price, node_1_owes == at_node_1 ? 1_000_000 + spread : 1_000_000 - spread, 1_000_000, amount);
  mul_div_floor(<u64>(deviation < 0 ? -deviation : deviation), load<u64>(amount), 1_000_000, amount);
  arrears_msat = node_1_owes ? <i64>load<u64>(amount) : -(<i64>load<u64>(amount));
}

/** node_1 proposes the roll of what both have closed. ERR_STATE. */
export function roll_propose(n: i32): i32 {
  if (!close_ready(n)) return ERR_STATE;
  work_out(n);
  const roll = at.energy_of(n) + at.ENERGY_ROLL;
  store<u32>(roll, load<u32>(close_of(n, 0)), at.ROLL_UNTIL);
  store<i64>(roll, flow_mwh, at.ROLL_FLOW_MWH);
  store<i64>(roll, arrears_msat, at.ROLL_ARREARS_MSAT);
  store<u8>(roll, <u8>PROPOSED);
  return 0;
}

/** Whether node_1's roll is what we have worked out: 0, ERR_STATE, ERR_VALUE. */
export function roll_check(n: i32, until: u32, flow: i64, arrears: i64): i32 {
  if (!close_ready(n)) return ERR_STATE;
  work_out(n);
  return until == load<u32>(close_of(n, 0)) && flow == flow_mwh && arrears == arrears_msat ? 0 : ERR_VALUE;
}
