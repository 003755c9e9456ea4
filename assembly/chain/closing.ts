// Closing transactions, of closing_signed and of closing_complete. A closing takes the standing commitment's place; it is
// signed, checked and written out by funding.ts. BOLT 3, "Legacy Closing Transaction", "Closing Transaction".

import { add, mul_div_floor, sub } from "../base/amount";
import { ERR_ARGUMENT, ERR_MISSING, ERR_VALUE } from "../base/errors";
import { commitment_end } from "./commitment";
import { funding_spend } from "./funding";
import { KIND_CLOSING, OUTPUT_SCRIPT_AT, output_new, output_place, outputs_begin, outputs_count } from "./outputs";
import { SHUTDOWN_ANY_SEGWIT, SHUTDOWN_OP_RETURN, is_op_return, shutdown_script_check } from "./script";
import { CHANNEL_FUNDING_SAT } from "./spec";

// ---- A closing, CLOSING_BYTES; two of a field are the holder's and the counterparty's --------------------------------

/** Two u64: the final balances. */
export const CLOSING_BALANCES_MSAT: usize = 0;
/** u64. */
export const CLOSING_FEE_SAT: usize = 16;
/**
 * u64: outputs below it are left out; 0 for closing_complete, whose outputs CLOSING_OMITTED chooses. Outputs of nothing
 * are left out in any case, but for OP_RETURN.
 */
export const CLOSING_DUST_LIMIT_SAT: usize = 24;
/** u32: the side that pays the fee, for closing_signed the channel's opener, else the closer. */
export const CLOSING_PAYER: usize = 32;
/** u32: CLOSING_SIGNED or CLOSING_COMPLETE. */
export const CLOSING_KIND: usize = 36;
/** u32: of closing_complete; 0 for closing_signed. */
export const CLOSING_LOCKTIME: usize = 40;
/** u32: bit 0 leaves out the holder's output, bit 1 the counterparty's. */
export const CLOSING_OMITTED: usize = 44;
/** Two u32: addresses of the scriptpubkeys. */
export const CLOSING_SCRIPTS_AT: usize = 48;
/** Two i32. */
export const CLOSING_SCRIPTS_LEN: usize = 56;
export const CLOSING_BYTES: usize = 64;

export const CLOSING_SIGNED: u32 = 0;
export const CLOSING_COMPLETE: u32 = 1;

const amount: usize = memory.data(8, 8);
const total: usize = memory.data(8, 8);

/**
 * Builds a closing transaction: the number of its outputs. ERR_ARGUMENT: a field is outside its range. ERR_VALUE: a
 * scriptpubkey is none that may be closed to, the balances are not the channel's amount, or the payer cannot pay the fee.
 * ERR_MISSING: it would have no output. ERR_OVERFLOW, ERR_CRYPTO. After any other than ERR_CRYPTO, what stood before still
 * stands.
 */
export function closing_build(channel: usize, closing: usize): i32 {
  const payer = load<u32>(closing, CLOSING_PAYER);
  const kind = load<u32>(closing, CLOSING_KIND);
  const locktime = load<u32>(closing, CLOSING_LOCKTIME);
  const dust_sat = load<u64>(closing, CLOSING_DUST_LIMIT_SAT);
  if (payer > 1 || kind > CLOSING_COMPLETE || (kind == CLOSING_SIGNED && locktime != 0)) return ERR_ARGUMENT;
  let code = add(load<u64>(closing), load<u64>(closing, 8), total);
  if (code >= 0) code = mul_div_floor(load<u64>(channel, CHANNEL_FUNDING_SAT), 1000, 1, amount);
  if (code < 0) return code;
  if (load<u64>(total) != load<u64>(amount)) return ERR_VALUE;

  let holder_sat: u64 = 0;
  let counterparty_sat: u64 = 0;
  let kept = 0;
  for (let side: u32 = 0; side < 2; side++) {
    const at = load<u32>(closing + <usize>(side << 2), CLOSING_SCRIPTS_AT);
    const len = load<i32>(closing + <usize>(side << 2), CLOSING_SCRIPTS_LEN);
    const forms = SHUTDOWN_ANY_SEGWIT | (kind == CLOSING_COMPLETE ? SHUTDOWN_OP_RETURN : 0);
    if (shutdown_script_check(at, len, forms) < 0) return ERR_VALUE;
    store<u64>(amount, load<u64>(closing + <usize>(side << 3)) / 1000);
    const fee_sat = side == payer ? load<u64>(closing, CLOSING_FEE_SAT) : 0;
    if (sub(load<u64>(amount), fee_sat, amount) < 0) return ERR_VALUE;
    // What only carries data can hold no amount: all of it goes to the fee.
    const carries_data = is_op_return(at, len);
    const amount_sat = carries_data ? 0 : load<u64>(amount);
    if (side == 0) holder_sat = amount_sat;
    else counterparty_sat = amount_sat;
    const omitted = ((load<u32>(closing, CLOSING_OMITTED) >> side) & 1) != 0;
    if (!omitted && (carries_data || (amount_sat != 0 && amount_sat >= dust_sat))) kept |= 1 << side;
  }
  if (kept == 0) return ERR_MISSING;

  commitment_end();
  outputs_begin();
  for (let side: u32 = 0; side < 2; side++) {
    if (((kept >> side) & 1) == 0) continue;
    const len = load<i32>(closing + <usize>(side << 2), CLOSING_SCRIPTS_LEN);
    const output = output_new(KIND_CLOSING, side == 0 ? holder_sat : counterparty_sat, len);
    store<u32>(output, load<u32>(closing + <usize>(side << 2), CLOSING_SCRIPTS_AT), OUTPUT_SCRIPT_AT);
    output_place();
  }
  code = funding_spend(channel, kind == CLOSING_SIGNED ? 0xffff_ffff : 0xffff_fffd, locktime);
  if (code < 0) {
    commitment_end();
    return code;
  }
  return outputs_count();
}
