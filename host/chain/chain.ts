import { createHash } from "node:crypto";

// The chain that channels are funded from and settled on, as the rest of the host sees it: whatever stands behind it, a
// simulation in this process or a full node elsewhere. Transactions are bytes; transaction ids are 32 bytes as hashed,
// as in BOLT messages and in the firmware, not reversed as people write them (`txidText` does that).

/** Genesis hash of Bitcoin's regtest, as hashed: the chain_hash that a test network of BOLT 0 has. */
export const REGTEST_CHAIN_HASH: Uint8Array = Uint8Array.from(
  Buffer.from("06226e46111a0b59caaf126043eb5bbf28c34f3a5e332a1fc7b2b73cf188910f", "hex"),
);

export interface Outpoint {
  /** As hashed. */
  txid: Uint8Array;
  index: number;
}

/** Why a transaction was refused; the same names whatever the backend. */
export type RefusalReason =
  /** Not the bytes of a transaction, or one that no chain would take: no inputs, an input twice, amounts out of range. */
  | "malformed"
  /** An output that it spends does not exist, or is spent in the chain. */
  | "missing_inputs"
  /** It is in the chain or waiting for it already. For most callers this is as good as accepted. */
  | "known"
  /** Another transaction that waits spends the same, and is not to be replaced by this one. */
  | "conflict"
  /** Its lock time is still to come. */
  | "lock_time"
  /** An output that it spends is not old enough (BIP 68). */
  | "sequence"
  /** A script or a signature does not hold. */
  | "script"
  /** It pays more than it spends. */
  | "overspends"
  /** Its fee is too small. */
  | "fee"
  /** An output is too small to be relayed. */
  | "dust"
  /** Valid perhaps, but of a form that is not relayed. */
  | "nonstandard"
  /** The backend says something else: see the detail. */
  | "other";

export interface Refusal {
  reason: RefusalReason;
  /** In the backend's own words. */
  detail: string;
}

export interface FundingTransaction {
  /** Signed, with its witness. */
  tx: Uint8Array;
  txid: Uint8Array;
  /** Which output pays to the script that was asked for. */
  vout: number;
  feeSat: bigint;
}

export interface Block {
  height: number;
  /** As hashed. */
  hash: Uint8Array;
  /** 80 bytes. */
  header: Uint8Array;
  /** With witnesses, the coinbase first. */
  transactions: readonly Uint8Array[];
}

/** Where a transaction stands in the chain. */
export interface Place {
  /** Height of its block. */
  height: number;
  /** Its number within the block: what a short channel id says. */
  index: number;
}

export interface WatchListener {
  /**
   * The watched transaction has been confirmed, or another block has come on top of it: `depth` is 1 in its own block.
   * Depth 0, without a place, if a reorganisation has taken it out of the chain.
   */
  depth(depth: number, place: Place | undefined): void;
  /**
   * A block has a transaction that spends the watched output (its input of this number, its place); undefined if a
   * reorganisation has taken that transaction out again.
   */
  spent(spend: { tx: Uint8Array; input: number; place: Place } | undefined): void;
}

export interface Subscription {
  /** Nothing is delivered any more. */
  cancel(): void;
}

/**
 * What goes wrong between us and a backend rejects with `ChainError`, except a refused transaction: that is a result.
 * Listeners are called one at a time, in the order of the chain's events, and for one event in the order in which they
 * were registered; never from within a call that they make themselves.
 */
export interface Chain {
  /** 32 bytes, as BOLT 0 has it. */
  readonly chainHash: Uint8Array;

  /** Height of the newest block that listeners have been told of. */
  height(): number;

  /**
   * A transaction that pays to a script, signed by the backend's wallet, whose coins are then kept for it; it is not
   * broadcast.
   * @param feeratePerKw satoshi per 1,000 weight units
   */
  fund(script: Uint8Array, amountSat: bigint, feeratePerKw: number): Promise<FundingTransaction>;

  /** Frees the coins of a funding transaction that will never be broadcast. */
  release(tx: Uint8Array): Promise<void>;

  /** Undefined if it was accepted. */
  broadcast(tx: Uint8Array): Promise<Refusal | undefined>;

  /**
   * Follows an output: confirmations of the transaction that has it, and what spends it.
   * @param since height of the oldest block where either can be. Without it, an output that is spent already may be
   *   taken for one that is still to come.
   */
  watch(outpoint: Outpoint, script: Uint8Array, listener: WatchListener, since?: number): Subscription;

  /** Every block that becomes the newest one, in order of height; after a reorganisation from the first new one on. */
  onBlock(listener: (block: Block) => void): Subscription;

  /** A new script of the backend's wallet, P2WPKH. */
  newAddressScript(): Promise<Uint8Array>;

  /** Confirmed balance of the backend's wallet, without what is kept for funding transactions. */
  balanceSat(): Promise<bigint>;

  /** Makes blocks, where the backend can: simulations and regtest. */
  mine(blocks: number): Promise<void>;

  /** Ends polling; nothing is delivered any more. */
  close(): void;
}

/** The backend cannot be reached, or it refuses a request: method and place are in the message. */
export class ChainError extends Error {
  constructor(
    message: string,
    /** Number of the backend's error; 0 if there was no answer. */
    readonly code = 0,
  ) {
    super(message);
    this.name = "ChainError";
  }
}

export function sha256d(bytes: Uint8Array): Uint8Array {
  const once = createHash("sha256").update(bytes).digest();
  return Uint8Array.from(createHash("sha256").update(once).digest());
}

/** A hash as people write it: reversed, hexadecimal. */
export const txidText = (txid: Uint8Array): string => Buffer.from(txid).reverse().toString("hex");

/** The opposite of `txidText`. */
export const txidFromText = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, "hex").reverse());

/** 36 bytes: the id as hashed, then the output's number, little-endian, as transactions have it. */
export const outpointBytes = ({ txid, index }: Outpoint): Uint8Array => {
  const bytes = new Uint8Array(36);
  bytes.set(txid);
  new DataView(bytes.buffer).setUint32(32, index, true);
  return bytes;
};

/** The opposite of `outpointBytes`. */
export const outpointOf = (bytes: Uint8Array): Outpoint => ({
  txid: bytes.slice(0, 32),
  index: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(32, true),
});
