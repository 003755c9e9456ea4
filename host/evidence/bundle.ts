// What one end of a line shows to a judge after a force close: the last energy state that the counterparty has signed, by
// way of the commitment transaction that carries its hash, and what is needed to check all of it offline. PROTOCOL.md,
// "Ending". Bytes are bytes and amounts are bigint here; json.ts has the form of the file.

/** An end of the channel: node_1 or node_2, BOLT 7's order of the node ids. */
export type End = 1 | 2;

/** One of each end's, node_1's first. */
export type OfBoth<T> = readonly [node1: T, node2: T];

export const otherEnd = (end: End): End => (end === 1 ? 2 : 1);
export const ofEnd = <T>(both: OfBoth<T>, end: End): T => both[end === 1 ? 0 : 1];

/** `energy_parameters` of both ends, told from node_1 and node_2 instead of opener and accepter. */
export interface LineParameters {
  readonly ratingMw: bigint;
  readonly intervalS: number;
  readonly owner: End;
  readonly accounted: End;
  /** Points of 33 bytes. */
  readonly meterKeys: OfBoth<Uint8Array>;
  /** For energy from node_1 to node_2, then back. */
  readonly rentsMsatPerKwh: readonly [bigint, bigint];
  readonly lossesPpm: readonly [number, number];
  readonly lossMaxPpm: number;
  /** Unsecured credit that each end grants to the other. */
  readonly creditsMsat: OfBoth<bigint>;
  readonly priceCapMsatPerKwh: bigint;
  readonly imbalanceSpreadPpm: number;
  readonly tariffMsatPerKwh: bigint;
  readonly holdS: number;
}

/** Public keys of an end, 33 bytes each, and what it has its commitment made by. BOLT 2, `open_channel`. */
export interface EndKeys {
  readonly nodeId: Uint8Array;
  readonly fundingPubkey: Uint8Array;
  readonly revocationBasepoint: Uint8Array;
  readonly paymentBasepoint: Uint8Array;
  readonly delayedPaymentBasepoint: Uint8Array;
  readonly htlcBasepoint: Uint8Array;
  /** Blocks that this end's own output of its own commitment is delayed by: the other end asked for them. */
  readonly toSelfDelay: number;
}

/** An HTLC in the commitment. */
export interface EvidenceHtlc {
  readonly offeredBy: End;
  readonly id: bigint;
  readonly amountMsat: bigint;
  /** 32 bytes, as is the preimage; that one only if it is known, by update_fulfill_htlc or from the chain. */
  readonly paymentHash: Uint8Array;
  readonly cltvExpiry: number;
  readonly preimage?: Uint8Array;
}

/** A per_commitment_secret that the counterparty has revealed; older ones follow from some. BOLT 3, Appendix D. */
export interface RevealedSecret {
  /** Of the counterparty's commitment, counted from 0. */
  readonly number: bigint;
  readonly secret: Uint8Array;
}

/** What the node itself knows of a channel. */
export interface ChannelEvidence {
  /** Whose commitment and whose knowledge this is. */
  readonly holder: End;
  readonly opener: End;
  /** As transactions have it, 32 bytes; `option_anchors`. */
  readonly fundingTxid: Uint8Array;
  readonly fundingOutput: number;
  readonly fundingSat: bigint;
  readonly anchors: boolean;
  readonly keys: OfBoth<EndKeys>;
  readonly parameters: LineParameters;
  /** The holder's latest commitment: its number, counted from 0, and its point. */
  readonly commitmentNumber: bigint;
  readonly perCommitmentPoint: Uint8Array;
  /** The transaction, with or without witness, and the counterparty's signature of it: 64 bytes. */
  readonly transaction: Uint8Array;
  readonly counterpartySignature: Uint8Array;
  /** The serialised energy state (state.ts) whose hash the transaction has. */
  readonly energyState: Uint8Array;
  /** All of this commitment's HTLCs, riders or none. */
  readonly htlcs: readonly EvidenceHtlc[];
  /** At most 49: what BOLT 3 has a node store is enough for all older ones. */
  readonly revealedSecrets: readonly RevealedSecret[];
}

/** A `receipt_note`, and whose meter it is said to be of. */
export interface EvidenceNote {
  readonly meterKey: Uint8Array;
  readonly paymentHash: Uint8Array;
  readonly intervalStart: number;
  readonly energyMwh: bigint;
  readonly issuedMwh: bigint;
  readonly signature: Uint8Array;
}

/** A fiscal OCMF record of one end's line meter. */
export interface EvidenceReceipt {
  readonly end: End;
  readonly record: string;
}

/** The whole bundle: the node's part, and what its owner has kept. */
export interface EvidenceBundle extends ChannelEvidence {
  readonly receipts: readonly EvidenceReceipt[];
  readonly notes: readonly EvidenceNote[];
  /**
   * The transaction that has funded the channel, if it is there: it proves which keys that output is locked by. Without
   * it the judge says what the output's script must be.
   */
  readonly fundingTransaction?: Uint8Array;
  /**
   * Transactions that spend outputs of the commitment which has confirmed: by them HTLCs have been claimed, and that proves that
   * who was to receive them has had the preimage.
   */
  readonly claimTransactions?: readonly Uint8Array[];
  /** The transaction that has closed the channel on the chain, if it is known: 32 bytes as transactions have them. */
  readonly confirmedTxid?: Uint8Array;
}
