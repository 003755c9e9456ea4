// What the owner of a node asks of it: one export, a number for each command, a record in and a record out. Numbers are
// little-endian; host/node/requests.ts and answers.ts write and read the same.

import { ERR_ARGUMENT, ERR_LENGTH, ERR_NOT_FOUND, ERR_STATE, ERR_TRUNCATED } from "../base/errors";
import { MAX_CHAINS, MAX_CHANNELS, MAX_ENERGY_OFFERS, MAX_INVOICES, NODE_INPUT_BYTES } from "../base/limits";
import { CHANNEL_ANCHORS, CHANNEL_ENERGY } from "../chain/spec";
import { channel_force } from "../channel/channel";
import { channel_close } from "../channel/closing";
import { channel_fee } from "../channel/offers";
import { channel_fund } from "../channel/funding";
import { channel_open } from "../channel/opening";
import { channel_free, STATE_NONE, state_of } from "../channel/record";
import { sha256 } from "../crypto/crypto";
import { PARAMETERS_BYTES } from "../energy/parameters";
import { offer_at, OFFER_BYTES, offer_set } from "../payment/energy_offers";
import { rate_of, rate_set, RATE_BYTES, RATE_DENOMINATOR, RATE_NUMERATOR } from "../payment/exchange";
import { invoice_at, INVOICE_FREE, INVOICE_PUBLIC_BYTES, INVOICE_STATE } from "../payment/invoices";
import { invoice_create } from "../payment/issue";
import { part_at, part_find, PART_PUBLIC_BYTES } from "../payment/parts";
import { POLICY_BYTES, policy_of, policy_reset, policy_set } from "../payment/policy";
import { purse, PURSE_BYTES, purse_fill } from "../payment/purse";
import { ROUTE_FLAGS, ROUTE_HOPS, ROUTE_KEYSEND, ROUTE_PAYMENT_SECRET } from "../payment/route";
import { payment_send } from "../payment/send";
import { negotiated, OPTION_ANCHORS, OPTION_ENERGY } from "../wire/features";
import * as board from "./board";
import { input, output } from "./buffers";
import { energy_info, line_policy_set } from "./energy_commands";
import { evidence } from "./evidence";
import { alive } from "./life";
import { LINE_POLICIES_BYTES } from "./line_events";
import { lines_settle } from "./lines";
import { list_channel, list_node } from "./listing";
import { peer_features, peer_find } from "./peers";
import { advance } from "./progress";
import { own_features, prefix } from "./settings";

const OPEN: i32 = 1;
const FUND: i32 = 2;
const INVOICE: i32 = 3;
const PAY: i32 = 4;
const CLOSE: i32 = 5;
const INFO: i32 = 6;
const CHANNEL: i32 = 7;
const POLICY: i32 = 8;
const FEERATE: i32 = 9;
const PAYMENT: i32 = 10;
const INVOICE_INFO: i32 = 11;
const FORCE_CLOSE: i32 = 12;
const ENERGY: i32 = 13;
const LINE_POLICY: i32 = 14;
const OFFER: i32 = 15;
const PURSE: i32 = 16;
const EVIDENCE: i32 = 17;
const SETTLE: i32 = 18;
const RATE: i32 = 19;

// OPEN: the peer's point (33 bytes), then as below; for a line the parameters of energy/parameters.ts as well. Reply: u32
// channel.
/** u64 each. */
const OPEN_FUNDING_SAT: usize = 40;
const OPEN_PUSH_MSAT: usize = 48;
/** u32 each: satoshi per 1,000 units of weight; a sum of OPEN_ANCHORS, OPEN_ANNOUNCE and OPEN_SECOND. */
const OPEN_FEERATE: usize = 56;
const OPEN_FLAGS: usize = 60;
const OPEN_PARAMETERS: usize = 64;
const OPEN_BYTES: i32 = 64;
const OPEN_ANCHORS: u32 = 1;
const OPEN_ANNOUNCE: u32 = 2;
/** On the second chain. */
const OPEN_SECOND: u32 = 4;

/** Preimage and payment_secret, or a session key; zeroed by who takes it. */
const secrets: usize = memory.data(64, 8);
/** Payment hash of an invoice. */
const HASH_BYTES: i32 = 32;

/**
 * Carries out a command on the `len` bytes of input.
 *
 * | op | input | output |
 * |---|---|---|
 * | 1 OPEN | the record above | u32 channel |
 * | 2 FUND | u32 channel, u32 output index, txid (32 bytes as hashed) | |
 * | 3 INVOICE | preimage (32, zeros: a random one), the request of payment/issue.ts | payment_hash (32), text |
 * | 4 PAY | a route of payment/route.ts; a keysend's preimage of zeros: a random one | u32 number of the part |
 * | 5 CLOSE | u32 channel, u32 length, scriptpubkey | |
 * | 6 INFO | | node/listing.ts |
 * | 7 CHANNEL | u32 channel | node/listing.ts |
 * | 8 POLICY | u32 channel, a policy of payment/policy.ts or nothing | the policy |
 * | 9 FEERATE | u32 channel, u32 satoshi per 1,000 units of weight | |
 * | 10 PAYMENT | u32 number of a part | payment/parts.ts, PART_PUBLIC_BYTES |
 * | 11 INVOICE_INFO | u32 place, 0 to MAX_INVOICES - 1 | payment/invoices.ts, INVOICE_PUBLIC_BYTES |
 * | 12 FORCE_CLOSE | u32 channel | |
 * | 13 ENERGY | u32 channel | `energy_info` of node/energy_commands.ts |
 * | 14 LINE_POLICY | u32 channel, two policies of energy/record.ts | |
 * | 15 OFFER | u32 place, an offer of payment/energy_offers.ts (zeros: none) or nothing | the offer |
 * | 16 PURSE | u64 cap of payment/purse.ts, or nothing | the purse |
 * | 17 EVIDENCE | u32 channel, u32 piece of node/evidence.ts | the piece |
 * | 18 SETTLE | u32 channel | |
 * | 19 RATE | u32 chain that HTLCs come in on; a rate of payment/exchange.ts (zeros: none) or nothing | the rate |
 *
 * @returns bytes of output. ERR_STATE: the node is off, or what is asked for is not possible now; ERR_FLASH: the node is
 * dead; ERR_ARGUMENT: no such command or channel; ERR_TRUNCATED, ERR_LENGTH; ERR_NOT_FOUND: there is none, or no such peer
 * is connected; codes of the room that carries it out. After a code nothing has changed, except ERR_FLASH
 */
export function command(op: i32, len: i32): i32 {
  const code = alive();
  if (code < 0) return code;
  if (<u32>len > <u32>NODE_INPUT_BYTES) return ERR_ARGUMENT;
  switch (op) {
    case OPEN:
      return number_after(open(len));
    case INVOICE:
      return issue(len);
    case PAY:
      return number_after(pay(len));
    case INFO:
      return len == 0 ? list_node(output) : ERR_LENGTH;
    case PURSE:
      return purse_info(len);
  }
  if (len < 4) return ERR_TRUNCATED;
  const n = load<i32>(input);
  switch (op) {
    case PAYMENT:
      return len == 4 ? payment_info(n) : ERR_LENGTH;
    case INVOICE_INFO:
      return len == 4 ? invoice_info(n) : ERR_LENGTH;
    case OFFER:
      return offer(n, len);
    case RATE:
      return rate(n, len);
  }
  if (<u32>n >= <u32>MAX_CHANNELS) return ERR_ARGUMENT;
  if (state_of(n) == STATE_NONE) return ERR_NOT_FOUND;
  switch (op) {
    case FUND:
      return len == 40 ? after(channel_fund(n, input + 8, load<u32>(input, 4))) : ERR_LENGTH;
    case CLOSE:
      return close(n, len);
    case CHANNEL:
      return len == 4 ? list_channel(n, output) : ERR_LENGTH;
    case POLICY:
      return policy(n, len);
    case FEERATE:
      return len == 8 ? after(channel_fee(n, load<u32>(input, 4))) : ERR_LENGTH;
    case FORCE_CLOSE:
      return len == 4 ? after(channel_force(n, 0)) : ERR_LENGTH;
    case ENERGY:
      return len == 4 ? energy_info(n, output) : ERR_LENGTH;
    case LINE_POLICY:
      return len == 4 + <i32>LINE_POLICIES_BYTES ? after(line_policy_set(n, input + 4)) : ERR_LENGTH;
    case EVIDENCE:
      return len == 8 ? evidence(n, load<u32>(input, 4), output) : ERR_LENGTH;
    case SETTLE:
      return len == 4 ? after(lines_settle(n)) : ERR_LENGTH;
    default:
      return ERR_ARGUMENT;
  }
}

/** A command without output has been carried out, if there is no code. */
function after(code: i32): i32 {
  return code < 0 ? code : min(advance(), 0);
}

/** A command has been carried out, if there is no code; its output is this number. */
function number_after(number: i32): i32 {
  const code = after(number);
  if (code < 0) return code;
  store<u32>(output, number);
  return 4;
}

function open(len: i32): i32 {
  const is_line = len == OPEN_BYTES + <i32>PARAMETERS_BYTES;
  if (len != OPEN_BYTES && !is_line) return ERR_LENGTH;
  const connection = peer_find(input);
  if (connection < 0) return ERR_NOT_FOUND;
  const n = channel_free();
  if (n < 0) return n;
  const flags = load<u32>(input, OPEN_FLAGS);
  if (flags > (OPEN_ANCHORS | OPEN_ANNOUNCE | OPEN_SECOND)) return ERR_ARGUMENT;
  const anchors = (flags & OPEN_ANCHORS) != 0;
  const theirs = peer_features(connection);
  if (anchors && !negotiated(own_features, theirs, OPTION_ANCHORS)) return ERR_STATE;
  if (is_line && !negotiated(own_features, theirs, OPTION_ENERGY)) return ERR_STATE;
  const code = channel_open(
    n,
    input,
    load<u64>(input, OPEN_FUNDING_SAT),
    load<u64>(input, OPEN_PUSH_MSAT),
    load<u32>(input, OPEN_FEERATE),
    (anchors ? CHANNEL_ANCHORS : 0) | (is_line ? CHANNEL_ENERGY : 0),
    (flags & OPEN_ANNOUNCE) != 0 ? 1 : 0,
    is_line ? input + OPEN_PARAMETERS : 0,
    (flags & OPEN_SECOND) != 0 ? 1 : 0,
  );
  if (code < 0) return code;
  policy_reset(n);
  return n;
}

function is_zero(at: usize): bool {
  return (load<u64>(at) | load<u64>(at, 8) | load<u64>(at, 16) | load<u64>(at, 24)) == 0;
}

function issue(len: i32): i32 {
  if (len < HASH_BYTES) return ERR_TRUNCATED;
  let code = board.random(secrets, 64);
  if (code < 0) return code;
  if (!is_zero(input)) memory.copy(secrets, input, HASH_BYTES);
  memory.fill(input, 0, HASH_BYTES);
  code = sha256(secrets, 32, output);
  if (code < 0) return code;
  const chars = invoice_create(
    input + <usize>HASH_BYTES,
    len - HASH_BYTES,
    secrets,
    prefix,
    output + <usize>HASH_BYTES,
  );
  if (chars < 0) return chars;
  // Nobody may have it that cannot be paid after a power cut. No channel has anything to send, so the output stays.
  code = advance();
  return code < 0 ? code : HASH_BYTES + chars;
}

function pay(len: i32): i32 {
  if (len < <i32>ROUTE_HOPS) return ERR_TRUNCATED;
  let code = board.random(secrets, 64);
  if (code < 0) return code;
  const preimage = input + ROUTE_PAYMENT_SECRET;
  if ((load<u8>(input, ROUTE_FLAGS) & ROUTE_KEYSEND) != 0 && is_zero(preimage)) {
    memory.copy(preimage, secrets + 32, HASH_BYTES);
  }
  code = payment_send(input, len, secrets);
  memory.fill(secrets, 0, 64);
  memory.fill(preimage, 0, HASH_BYTES);
  return code;
}

function close(n: i32, len: i32): i32 {
  if (len < 8) return ERR_TRUNCATED;
  return len - 8 == load<i32>(input, 4) ? after(channel_close(n, input + 8, len - 8)) : ERR_LENGTH;
}

function policy(n: i32, len: i32): i32 {
  if (len != 4) {
    if (len != 4 + <i32>POLICY_BYTES) return ERR_LENGTH;
    const code = after(policy_set(n, input + 4));
    if (code < 0) return code;
  }
  memory.copy(output, policy_of(n), POLICY_BYTES);
  return <i32>POLICY_BYTES;
}

function offer(place: i32, len: i32): i32 {
  if (<u32>place >= <u32>MAX_ENERGY_OFFERS) return ERR_ARGUMENT;
  if (len != 4) {
    if (len != 4 + <i32>OFFER_BYTES) return ERR_LENGTH;
    const code = after(offer_set(place, input + 4));
    if (code < 0) return code;
  }
  memory.copy(output, offer_at(place), OFFER_BYTES);
  return <i32>OFFER_BYTES;
}

function rate(from: i32, len: i32): i32 {
  if (<u32>from >= <u32>MAX_CHAINS) return ERR_ARGUMENT;
  if (len != 4) {
    if (len != 4 + <i32>RATE_BYTES) return ERR_LENGTH;
    const given = input + 4;
    const code = after(rate_set(from, load<u64>(given, RATE_NUMERATOR), load<u64>(given, RATE_DENOMINATOR)));
    if (code < 0) return code;
  }
  memory.copy(output, rate_of(from), RATE_BYTES);
  return <i32>RATE_BYTES;
}

function purse_info(len: i32): i32 {
  if (len != 0) {
    if (len != 8) return ERR_LENGTH;
    purse_fill(load<u64>(input));
    const code = after(0);
    if (code < 0) return code;
  }
  memory.copy(output, purse, PURSE_BYTES);
  return PURSE_BYTES;
}

function payment_info(number: i32): i32 {
  const place = part_find(number);
  if (place < 0) return ERR_NOT_FOUND;
  memory.copy(output, part_at(place), PART_PUBLIC_BYTES);
  return <i32>PART_PUBLIC_BYTES;
}

function invoice_info(place: i32): i32 {
  if (<u32>place >= <u32>MAX_INVOICES) return ERR_NOT_FOUND;
  const invoice = invoice_at(place);
  if (load<u8>(invoice, INVOICE_STATE) == INVOICE_FREE) return ERR_NOT_FOUND;
  memory.copy(output, invoice, INVOICE_PUBLIC_BYTES);
  return <i32>INVOICE_PUBLIC_BYTES;
}
