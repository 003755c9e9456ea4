// HTLCs that this node is the last hop of: whether they pay for something, and the sets that they form. BOLT 4, "Failure
// Messages" and "Basic Multi-Part Payments".

import { add } from "../base/amount";
import {
  FULFILL_DEADLINE_BLOCKS,
  MAX_CHANNELS,
  MAX_HTLCS,
  MAX_INVOICES,
  MAX_WAITING_KEYSENDS,
  MIN_FINAL_CLTV_DELTA,
  MPP_TIMEOUT_MS,
} from "../base/limits";
import { COUNTERPARTY, HTLC_AMOUNT_MSAT, HTLC_CLTV_EXPIRY, HTLC_OFFERED_BY, HTLC_PAYMENT_HASH } from "../chain/spec";
import { channel_fail } from "../channel/offers";
import {
  RESULT_NONE,
  SLOT_FAILURE_DATA,
  SLOT_HANDLED,
  SLOT_LINK,
  SLOT_RIDER,
  STATE_NORMAL,
  chain_of,
  slot_has,
  slot_of,
  slot_result,
  slot_state,
  state_of,
} from "../channel/record";
import { plus, size_of } from "../energy/price";
import { ENERGY_INTERVAL_S, energy_of } from "../energy/record";
import { RIDER_MWH } from "../energy/rider";
import { COMMITTED } from "../htlc/states";
import {
  FINAL_INCORRECT_CLTV_EXPIRY,
  FINAL_INCORRECT_HTLC_AMOUNT,
  INCORRECT_OR_UNKNOWN_PAYMENT_DETAILS,
  MPP_TIMEOUT,
  TEMPORARY_NODE_FAILURE,
} from "../onion/failure";
import { same } from "../onion/keys";
import { check_keysend, fields, has } from "../onion/payload";
import { ARREARS } from "../wire/energy";
import {
  AMT_TO_FORWARD,
  HAS_ENERGY,
  HAS_KEYSEND_PREIMAGE,
  HAS_PAYMENT_DATA,
  KEYSEND_PREIMAGE,
  OUTGOING_CLTV_VALUE,
  PAYMENT_SECRET,
  TOTAL_MSAT,
} from "../wire/payload";
import { height_of, now_ms, utc_s } from "./clock";
import { deliver } from "./deliver";
import {
  INVOICE_AMOUNT_MSAT,
  INVOICE_BYTES,
  INVOICE_CHAIN,
  INVOICE_CLTV_DELTA,
  INVOICE_EXPIRES_S,
  INVOICE_KEYSEND,
  INVOICE_OPEN,
  INVOICE_OTHER_MSAT,
  INVOICE_PAID,
  INVOICE_PAYMENT_HASH,
  INVOICE_PAYMENT_SECRET,
  INVOICE_PREIMAGE,
  INVOICE_RECEIVED_MSAT,
  INVOICE_STATE,
  INVOICE_SWAP,
  INVOICE_TOTAL_MSAT,
  invoice_at,
  invoice_expired,
  invoice_find,
  invoice_place,
} from "./invoices";
import { LINK_INVOICE } from "./links";
import { SWAP_KIND, SWAP_NOTE, SWAP_START } from "./swap";
import { SET_WAITS, check_part, has_lapsed, is_other, other_note, take_set } from "./swap_final";

/** Data of the failure that `check_final` returned last. */
export let final_first: u64 = 0;
export let final_second: u64 = 0;

/** i64 each: since when the set of the invoice in this place waits, ms and one; 0 if none does. Volatile. */
const waiting: usize = memory.data(MAX_INVOICES * 8, 8);

/** u64 each: what the halves of a set have brought. */
const received: usize = memory.data(16, 8);
/** u64 each: energy of their riders. */
const carried: usize = memory.data(16, 8);

/** Sets that were waiting when the node stopped wait anew. */
export function waiting_begin(): void {
  memory.fill(waiting, 0, MAX_INVOICES * 8);
}

/**
 * Whether the HTLC at `slot`, whose payload is in `fields`, pays for something: 0, and it is then linked to its invoice
 * until `settle_sets` ends it; or the code of the first failure in BOLT 4's order, its data in `final_first` and
 * `final_second`.
 */
export function check_final(n: i32, slot: usize): i32 {
  const amount_msat = load<u64>(slot, HTLC_AMOUNT_MSAT);
  final_first = amount_msat;
  final_second = <u64>height_of(n);
  const keysend = has(HAS_KEYSEND_PREIMAGE);
  const place = keysend ? keysend_place(n, slot) : invoice_payable(n, slot);
  if (place < 0) return place == FULL ? TEMPORARY_NODE_FAILURE : INCORRECT_OR_UNKNOWN_PAYMENT_DETAILS;
  const invoice = invoice_at(place);
  final_second = 0;
  final_first = load<u32>(slot, HTLC_CLTV_EXPIRY);
  if (final_first < load<u64>(fields, OUTGOING_CLTV_VALUE)) return FINAL_INCORRECT_CLTV_EXPIRY;
  final_first = amount_msat;
  if (amount_msat < load<u64>(fields, AMT_TO_FORWARD)) return FINAL_INCORRECT_HTLC_AMOUNT;

  const total_msat = keysend ? keysend_total_msat() : load<u64>(fields, TOTAL_MSAT);
  // An invoice is for A alone.
  if (has(HAS_ENERGY) && !keysend) return INCORRECT_OR_UNKNOWN_PAYMENT_DETAILS;
  const begins = keysend && load<u64>(invoice, INVOICE_TOTAL_MSAT) == 0;
  if (begins) memory.fill(invoice, 0, INVOICE_BYTES);
  if (keysend) {
    const failure = check_energy(n, slot, total_msat, invoice, begins);
    if (failure != 0) {
      if (begins) memory.fill(invoice, 0, INVOICE_BYTES);
      return failure;
    }
  }
  if (begins) {
    store<u8>(invoice, <u8>INVOICE_OPEN, INVOICE_STATE);
    store<u8>(invoice, 1, INVOICE_KEYSEND);
    store<u8>(invoice, <u8>chain_of(n), INVOICE_CHAIN);
    store<u64>(invoice, utc_s, INVOICE_EXPIRES_S);
    memory.copy(invoice + INVOICE_PAYMENT_HASH, slot + HTLC_PAYMENT_HASH, 32);
    memory.copy(invoice + INVOICE_PREIMAGE, load<usize>(fields, KEYSEND_PREIMAGE), 32);
    if (has(HAS_PAYMENT_DATA)) memory.copy(invoice + INVOICE_PAYMENT_SECRET, load<usize>(fields, PAYMENT_SECRET), 32);
  }
  const waits_for = load<u64>(invoice, INVOICE_TOTAL_MSAT);
  store<u32>(slot, LINK_INVOICE | (<u32>place), SLOT_LINK);
  // What the origin meant to pay is what counts for the set, however much the hops before passed on.
  store<u64>(slot, load<u64>(fields, AMT_TO_FORWARD), SLOT_FAILURE_DATA);
  if (keysend && is_other(slot, invoice)) return 0;
  if (waits_for != 0 && waits_for != total_msat) {
    // Parts that do not agree on the total: none of them is taken.
    end_set(place, INCORRECT_OR_UNKNOWN_PAYMENT_DETAILS);
    return 0;
  }
  store<u64>(invoice, total_msat, INVOICE_TOTAL_MSAT);
  return 0;
}

// Instead of a place.
const UNKNOWN: i32 = -1;
const FULL: i32 = -2;

/** Place of the open invoice that the HTLC pays, or UNKNOWN. */
function invoice_payable(n: i32, slot: usize): i32 {
  const place = invoice_find(slot + HTLC_PAYMENT_HASH);
  if (place < 0 || !has(HAS_PAYMENT_DATA)) return UNKNOWN;
  const invoice = invoice_at(place);
  const asked_msat = load<u64>(invoice, INVOICE_AMOUNT_MSAT);
  const total_msat = load<u64>(fields, TOTAL_MSAT);
  if (
    load<u8>(invoice, INVOICE_STATE) != INVOICE_OPEN ||
    load<u8>(invoice, INVOICE_KEYSEND) != 0 ||
    load<u8>(invoice, INVOICE_CHAIN) != <u8>chain_of(n) ||
    invoice_expired(invoice) ||
    !same(invoice + INVOICE_PAYMENT_SECRET, load<usize>(fields, PAYMENT_SECRET)) ||
    total_msat == 0 ||
    total_msat < asked_msat ||
    (asked_msat != 0 && total_msat - asked_msat > asked_msat) ||
    load<u32>(slot, HTLC_CLTV_EXPIRY) < height_of(n) + load<u32>(invoice, INVOICE_CLTV_DELTA)
  ) {
    return UNKNOWN;
  }
  return place;
}

/** What all parts of a keysend bring, or of its half. */
function keysend_total_msat(): u64 {
  return has(HAS_PAYMENT_DATA) ? load<u64>(fields, TOTAL_MSAT) : load<u64>(fields, AMT_TO_FORWARD);
}

/** A part with energy belongs to a set with energy, and one without to one without: 0, or a failure of BOLT 4. */
function check_energy(n: i32, slot: usize, total_msat: u64, invoice: usize, begins: bool): i32 {
  if (has(HAS_ENERGY)) {
    const fits = begins || load<u32>(invoice + INVOICE_SWAP, SWAP_START) != 0;
    return fits ? check_part(n, slot, total_msat, invoice) : INCORRECT_OR_UNKNOWN_PAYMENT_DETAILS;
  }
  return load<u32>(invoice + INVOICE_SWAP, SWAP_START) == 0 ? 0 : INCORRECT_OR_UNKNOWN_PAYMENT_DETAILS;
}

/** A place for a keysend, UNKNOWN or FULL. Several parts have one payment_secret and chain, and the preimage each. */
function keysend_place(n: i32, slot: usize): i32 {
  if (check_keysend(slot + HTLC_PAYMENT_HASH) < 0) return UNKNOWN;
  const amount_msat = load<u64>(fields, AMT_TO_FORWARD);
  if (amount_msat == 0 || keysend_total_msat() < amount_msat) return UNKNOWN;
  if (load<u32>(slot, HTLC_CLTV_EXPIRY) < height_of(n) + MIN_FINAL_CLTV_DELTA) return UNKNOWN;
  const known = invoice_find(slot + HTLC_PAYMENT_HASH);
  if (known >= 0) {
    const invoice = invoice_at(known);
    const waits =
      load<u8>(invoice, INVOICE_STATE) == INVOICE_OPEN &&
      load<u8>(invoice, INVOICE_KEYSEND) != 0 &&
      load<u8>(invoice, INVOICE_CHAIN) == <u8>chain_of(n) &&
      load<u64>(invoice, INVOICE_TOTAL_MSAT) != 0 &&
      has(HAS_PAYMENT_DATA) &&
      same(invoice + INVOICE_PAYMENT_SECRET, load<usize>(fields, PAYMENT_SECRET));
    return waits ? known : UNKNOWN;
  }
  // Parts that never come must not keep invoices from being made.
  if (keysend_total_msat() > amount_msat && waiting_keysends() >= MAX_WAITING_KEYSENDS) return FULL;
  const place = invoice_place();
  return place < 0 ? FULL : place;
}

/** Keysends of several parts that are not complete. */
function waiting_keysends(): i32 {
  let count = 0;
  for (let i = 0; i < MAX_INVOICES; i++) {
    const invoice = invoice_at(i);
    if (load<u8>(invoice, INVOICE_KEYSEND) != 0 && load<u64>(invoice, INVOICE_TOTAL_MSAT) != 0) count++;
  }
  return count;
}

/** Whether the HTLC at `slot` waits in the set of the invoice in `place`. */
function is_waiting(slot: usize, place: i32): bool {
  return (
    slot_state(slot) == COMMITTED &&
    load<u32>(slot, HTLC_OFFERED_BY) == COUNTERPARTY &&
    slot_result(slot) == RESULT_NONE &&
    slot_has(slot, SLOT_HANDLED) &&
    load<u32>(slot, SLOT_LINK) == (LINK_INVOICE | (<u32>place))
  );
}

/** Ends the set of the invoice in `place`: all its HTLCs are failed with `failure`, or fulfilled if that is 0. */
function end_set(place: i32, failure: i32): void {
  const invoice = invoice_at(place);
  for (let n = 0; n < MAX_CHANNELS; n++) {
    for (let i = 0; i < MAX_HTLCS; i++) {
      const slot = slot_of(n, i);
      if (!is_waiting(slot, place)) continue;
      const amount_msat = load<u64>(slot, HTLC_AMOUNT_MSAT);
      if (failure == 0) {
        const swap = invoice + INVOICE_SWAP;
        const noted = load<u32>(swap, SWAP_START) != 0 && load<u32>(swap, SWAP_KIND) != ARREARS;
        const note = is_other(slot, invoice) ? other_note : swap + SWAP_NOTE;
        deliver(n, i, invoice + INVOICE_PREIMAGE, noted ? note : 0);
      } else if (failure == MPP_TIMEOUT) channel_fail(n, i, failure, 0, 0);
      else channel_fail(n, i, failure, amount_msat, height_of(n));
    }
  }
  store<u64>(invoice, 0, INVOICE_TOTAL_MSAT);
  // Nobody waits for a keysend that was not taken.
  if (failure != 0 && load<u8>(invoice, INVOICE_KEYSEND) != 0) memory.fill(invoice, 0, INVOICE_BYTES);
  store<i64>(waiting + ((<usize>place) << 3), 0);
}

/** Fulfils sets that are complete, fails those that have waited too long. Returns whether there were any. */
export function settle_sets(): bool {
  let changed = false;
  for (let place = 0; place < MAX_INVOICES; place++) {
    const invoice = invoice_at(place);
    const total_msat = load<u64>(invoice, INVOICE_TOTAL_MSAT);
    if (total_msat == 0) continue;
    if (settle_set(place, invoice, total_msat)) changed = true;
  }
  return changed;
}

function swap_interval_s(place: i32): u32 {
  for (let n = 0; n < MAX_CHANNELS; n++) {
    for (let i = 0; i < MAX_HTLCS; i++) {
      if (is_waiting(slot_of(n, i), place)) return load<u32>(energy_of(n), ENERGY_INTERVAL_S);
    }
  }
  return 0;
}

function settle_set(place: i32, invoice: usize, total_msat: u64): bool {
  let missing_msat = total_msat;
  let other_msat = load<u64>(invoice, INVOICE_OTHER_MSAT);
  let overflow = 0;
  memory.fill(received, 0, 16);
  memory.fill(carried, 0, 16);
  let late = false;
  let count = 0;
  for (let n = 0; n < MAX_CHANNELS; n++) {
    if (state_of(n) != STATE_NORMAL) continue;
    for (let i = 0; i < MAX_HTLCS; i++) {
      const slot = slot_of(n, i);
      if (!is_waiting(slot, place)) continue;
      count++;
      const other = is_other(slot, invoice);
      const part_msat = load<u64>(slot, SLOT_FAILURE_DATA);
      if (other) other_msat -= min(other_msat, part_msat);
      else missing_msat -= min(missing_msat, part_msat);
      const half: usize = other ? 8 : 0;
      const sum = received + half;
      overflow |= add(load<u64>(sum), load<u64>(slot, HTLC_AMOUNT_MSAT), sum);
      const mwh = size_of(load<i64>(slot, SLOT_RIDER + RIDER_MWH));
      store<u64>(carried + half, plus(load<u64>(carried + half), mwh));
      if (load<u32>(slot, HTLC_CLTV_EXPIRY) < height_of(n) + FULFILL_DEADLINE_BLOCKS || has_lapsed(slot)) late = true;
    }
  }
  // Channels hold far less than would overflow.
  assert(overflow == 0);
  if (count > 0 && missing_msat == 0 && other_msat == 0 && !late) {
    const swap = invoice + INVOICE_SWAP;
    const swaps = load<u32>(swap, SWAP_START) != 0 && load<u32>(swap, SWAP_KIND) != ARREARS;
    const taken = swaps ? take_set(invoice, received, carried, swap_interval_s(place)) : 0;
    if (taken == 0) {
      store<u8>(invoice, <u8>INVOICE_PAID, INVOICE_STATE);
      store<u64>(invoice, load<u64>(received) + load<u64>(received, 8), INVOICE_RECEIVED_MSAT);
      end_set(place, 0);
      return true;
    }
    if (taken != SET_WAITS) {
      end_set(place, taken);
      return true;
    }
  }
  const since = waiting + ((<usize>place) << 3);
  if (load<i64>(since) == 0) store<i64>(since, now_ms + 1);
  if (count > 0 && !late && now_ms + 1 - load<i64>(since) < MPP_TIMEOUT_MS) return false;
  end_set(place, late ? INCORRECT_OR_UNKNOWN_PAYMENT_DETAILS : MPP_TIMEOUT);
  return true;
}
