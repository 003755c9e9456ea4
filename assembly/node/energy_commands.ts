// Commands about lines and energy, for commands.ts. Numbers are little-endian.

import { ERR_NOT_FOUND, ERR_STATE } from "../base/errors";
import { utc_s } from "../channel/config";
import { has_energy } from "../channel/record";
import { energy_write, parameters_check } from "../energy/parameters";
import {
  ENERGY_BYTES,
  ENERGY_MARKS,
  ENERGY_DISPUTED,
  ENERGY_CLOCKS_APART,
  ENERGY_POLICIES,
  ENERGY_ROLES,
  energy_of,
  HOLDER_IS_NODE_1,
  OWNER_IS_NODE_1,
} from "../energy/record";
import { is_at_limit } from "./arrears";
import { LINE_HAS_POLICIES, line_of, LINE_POLICIES, LINE_POLICIES_BYTES } from "./line_events";

/** u32 channel, u32 1 while no rider can be; the record of energy/record.ts; the policies at the opening, if now others. */
const ENERGY_AT: usize = 8;

/** A line's energy to `to`: its length. ERR_NOT_FOUND: channel `n` has none. */
export function energy_info(n: i32, to: usize): i32 {
  if (!has_energy(n)) return ERR_NOT_FOUND;
  const energy = energy_of(n);
  const line = line_of(n);
  const marks = load<u32>(energy, ENERGY_MARKS);
  const suspended = utc_s == 0 || (marks & (ENERGY_DISPUTED | ENERGY_CLOCKS_APART)) != 0 || is_at_limit(n);
  const opening = load<u32>(line, LINE_HAS_POLICIES) != 0 ? line + LINE_POLICIES : energy + ENERGY_POLICIES;
  store<u32>(to, n);
  store<u32>(to, suspended ? 1 : 0, 4);
  memory.copy(to + ENERGY_AT, energy, ENERGY_BYTES);
  memory.copy(to + ENERGY_AT + ENERGY_BYTES, opening, LINE_POLICIES_BYTES);
  return <i32>(ENERGY_AT + ENERGY_BYTES + LINE_POLICIES_BYTES);
}

/** Slots of the TLV, to check policies in. */
const slots: usize = memory.data(80, 8);
const before: usize = memory.data(32, 8);

/**
 * The owner charges otherwise from now on: two policies of energy/record.ts at `policies`, from node_1 to node_2 and back.
 * What stands in the parameters' hash are those of the opening still. ERR_STATE: not the owner of a line; ERR_VALUE: the
 * two make a pump.
 */
export function line_policy_set(n: i32, policies: usize): i32 {
  if (!has_energy(n)) return ERR_STATE;
  const energy = energy_of(n);
  const roles = load<u32>(energy, ENERGY_ROLES);
  if (((roles & OWNER_IS_NODE_1) != 0) != ((roles & HOLDER_IS_NODE_1) != 0)) return ERR_STATE;
  const at = energy + ENERGY_POLICIES;
  memory.copy(before, at, LINE_POLICIES_BYTES);
  memory.copy(at, policies, LINE_POLICIES_BYTES);
  energy_write(n, slots);
  const code = parameters_check(slots);
  if (code < 0) {
    memory.copy(at, before, LINE_POLICIES_BYTES);
    return code;
  }
  const line = line_of(n);
  if (load<u32>(line, LINE_HAS_POLICIES) == 0) {
    store<u32>(line, 1, LINE_HAS_POLICIES);
    memory.copy(line + LINE_POLICIES, before, LINE_POLICIES_BYTES);
  }
  return 0;
}
