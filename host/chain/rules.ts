import type { Output, Transaction } from "../decode/transaction.js";
import type { Refusal, RefusalReason } from "./chain.js";

// What a transaction must be like before its scripts are executed: lock times, amounts, fee, and the forms that are
// relayed. The limits are those that full nodes have as defaults.

/** Lock times from here on are times, below they are heights. */
export const LOCKTIME_THRESHOLD = 500_000_000;

const FINAL = 0xffff_ffff;
const SEQUENCE_DISABLE = 0x8000_0000;
const SEQUENCE_TIME = 0x0040_0000;
const SEQUENCE_MASK = 0xffff;
const SEQUENCE_GRANULARITY_S = 512;
/** An input with a sequence below this lets its transaction be replaced (BIP 125). */
const REPLACEABLE_BELOW = 0xffff_fffe;

const MAX_STANDARD_WEIGHT = 400_000;
const MAX_DATA_SCRIPT_BYTES = 83;
const DUST_PER_KVB = 3000n;

export interface RelayPolicy {
  /** Smallest fee, satoshi per 1,000 virtual bytes. */
  minRelayFeePerKvb: bigint;
}

/** An output that is not spent yet. */
export interface Coin {
  sat: bigint;
  script: Uint8Array;
  /** Of the block that has it; for one that still waits, the next block's. */
  height: number;
}

export const refusal = (reason: RefusalReason, detail: string): Refusal => ({ reason, detail });

export const coinKey = (txid: string, index: number): string => `${txid}:${index}`;

export const virtualSize = (tx: Transaction): bigint => BigInt(Math.ceil(tx.weight / 4));

export const isReplaceable = (tx: Transaction): boolean =>
  tx.inputs.some(({ sequence }) => sequence < REPLACEABLE_BELOW);

/** What can be told from the transaction alone. */
export function checkForm(tx: Transaction): Refusal | undefined {
  if (tx.outputs.length === 0) return refusal("malformed", "no outputs");
  const spent = new Set(tx.inputs.map(({ txid, output_index }) => coinKey(txid, output_index)));
  if (spent.size !== tx.inputs.length) return refusal("malformed", "an output is spent twice");
  if (tx.inputs.some(({ txid }) => /^0+$/.test(txid))) return refusal("malformed", "a coinbase outside a block");
  if (tx.version < 1 || tx.version > 2) return refusal("nonstandard", `version ${tx.version}`);
  if (tx.weight > MAX_STANDARD_WEIGHT) return refusal("nonstandard", `weight ${tx.weight}`);
  for (const [i, output] of tx.outputs.entries()) {
    const form = scriptForm(output.script);
    if (form === undefined) return refusal("nonstandard", `script of output ${i}`);
    if (form === "data") continue;
    const limit = dustLimit(output, form);
    if (output.amount_sat < limit) {
      return refusal("dust", `output ${i} has ${output.amount_sat} satoshi, less than ${limit}`);
    }
  }
  return undefined;
}

type ScriptForm = "witness" | "legacy" | "data";

/** Undefined for scripts that are not relayed. */
function scriptForm(script: Uint8Array): ScriptForm | undefined {
  const [op, push] = script;
  const length = script.length;
  if (op === 0x6a) return length <= MAX_DATA_SCRIPT_BYTES ? "data" : undefined;
  const isVersion = op === 0 || (op !== undefined && op >= 0x51 && op <= 0x60);
  if (isVersion && length >= 4 && length <= 42 && push === length - 2) {
    return op !== 0 || push === 20 || push === 32 ? "witness" : undefined;
  }
  const text = Buffer.from(script).toString("hex");
  return /^(76a914.{40}88ac|a914.{40}87|21.{66}ac)$/.test(text) ? "legacy" : undefined;
}

/** What an output costs its owner: itself, and the input that will spend it. */
function dustLimit({ script }: Output, form: ScriptForm): bigint {
  const bytes = 8 + 1 + script.length + (form === "witness" ? 67 : 148);
  return (BigInt(bytes) * DUST_PER_KVB) / 1000n;
}

/** Whether the lock time lets it into the next block: BIP 113 compares times with the median of the blocks before. */
export function checkLockTime(tx: Transaction, nextHeight: number, medianS: number): Refusal | undefined {
  if (tx.locktime === 0 || tx.inputs.every(({ sequence }) => sequence === FINAL)) return undefined;
  const now = tx.locktime < LOCKTIME_THRESHOLD ? nextHeight : medianS;
  return tx.locktime < now ? undefined : refusal("lock_time", `locked until ${tx.locktime}, it is ${now}`);
}

/**
 * Relative lock times, BIP 68.
 * @param medianBeforeS median time before the block of a height
 */
export function checkSequences(
  tx: Transaction,
  coins: readonly Coin[],
  nextHeight: number,
  medianBeforeS: (height: number) => number,
): Refusal | undefined {
  if (tx.version < 2) return undefined;
  for (const [i, { sequence }] of tx.inputs.entries()) {
    const coin = coins[i];
    if (coin === undefined || (sequence & SEQUENCE_DISABLE) !== 0) continue;
    const value = sequence & SEQUENCE_MASK;
    const age =
      (sequence & SEQUENCE_TIME) === 0
        ? nextHeight - coin.height
        : Math.floor((medianBeforeS(nextHeight) - medianBeforeS(coin.height)) / SEQUENCE_GRANULARITY_S);
    if (age < value) return refusal("sequence", `input ${i} waits for an age of ${value}, it is ${age}`);
  }
  return undefined;
}

/** The fee, or why the amounts do not do. */
export function checkFee(tx: Transaction, coins: readonly Coin[], policy: RelayPolicy): bigint | Refusal {
  const taken = coins.reduce((sum, { sat }) => sum + sat, 0n);
  const paid = tx.outputs.reduce((sum, { amount_sat }) => sum + amount_sat, 0n);
  if (paid > taken) return refusal("overspends", `${paid} satoshi out of ${taken}`);
  const least = relayFee(tx, policy);
  if (taken - paid < least) return refusal("fee", `${taken - paid} satoshi, less than ${least}`);
  return taken - paid;
}

export const relayFee = (tx: Transaction, policy: RelayPolicy): bigint =>
  (virtualSize(tx) * policy.minRelayFeePerKvb) / 1000n;
