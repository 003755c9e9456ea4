import { swap_rent_msat } from "../../assembly/energy/swap";
import { energy_view } from "../../assembly/energy/view";

export * from "../../assembly/energy/bounds";
export * from "../../assembly/energy/closing";
export * from "../../assembly/energy/parameters";
export * from "../../assembly/energy/price";
export * from "../../assembly/energy/receipt";
export * from "../../assembly/energy/record";
export * from "../../assembly/energy/rider";
export * from "../../assembly/energy/swap";
export * from "../../assembly/energy/view";

// All of energy/ for the tests, and a place for what they hand in.

const data_at: usize = memory.data(8192, 8);

export function data(): usize {
  return data_at;
}

export function view_at(): usize {
  return energy_view;
}

export function swap_rent(): i64 {
  return swap_rent_msat;
}
