import { __res128_hi, __umulq64 } from "as-bignum/assembly/globals";
import { ERR_ARGUMENT, ERR_OVERFLOW } from "./errors";

// Checked arithmetic on unsigned 64-bit amounts. Results go to an out-argument, so that an overflow cannot be taken for
// an amount. as-bignum's u128 class allocates on every operation; its bare 64 x 64 multiply does not.

/** `a + b` into the u64 at `out`; ERR_OVERFLOW leaves it untouched. */
export function add(a: u64, b: u64, out: usize): i32 {
  const sum = a + b;
  if (sum < a) return ERR_OVERFLOW;
  store<u64>(out, sum);
  return 0;
}

/** `a - b` into the u64 at `out`; ERR_OVERFLOW, when b > a, leaves it untouched. */
export function sub(a: u64, b: u64, out: usize): i32 {
  if (b > a) return ERR_OVERFLOW;
  store<u64>(out, a - b);
  return 0;
}

/** floor(a * b / c) with a 128-bit product into the u64 at `out`; ERR_ARGUMENT for c = 0, ERR_OVERFLOW above 2^64 - 1. */
export function mul_div_floor(a: u64, b: u64, c: u64, out: usize): i32 {
  return mul_div(a, b, c, false, out);
}

/** ceil(a * b / c), otherwise as mul_div_floor. */
export function mul_div_ceil(a: u64, b: u64, c: u64, out: usize): i32 {
  return mul_div(a, b, c, true, out);
}

function mul_div(a: u64, b: u64, c: u64, round_up: bool, out: usize): i32 {
  if (c == 0) return ERR_ARGUMENT;
  let low = __umulq64(a, b);
  let remainder = __res128_hi;
  if (remainder >= c) return ERR_OVERFLOW;
  let quotient: u64;
  if (remainder == 0) {
    quotient = low / c;
    remainder = low % c;
  } else {
    // Binary long division: the quotient's bits enter `low` from the right as the product's leave it to the left.
    for (let i = 0; i < 64; i++) {
      const carry = remainder >> 63;
      remainder = (remainder << 1) | (low >> 63);
      low <<= 1;
      if (carry != 0 || remainder >= c) {
        remainder -= c;
        low |= 1;
      }
    }
    quotient = low;
  }
  if (round_up && remainder != 0) {
    if (quotient == u64.MAX_VALUE) return ERR_OVERFLOW;
    quotient += 1;
  }
  store<u64>(out, quotient);
  return 0;
}
