// What a node can show of a line's energy to whoever judges a dispute: assembly/node/evidence.ts says where each field lies.

/** An HTLC with a rider that is in the holder's latest commitment. */
export interface EvidenceHtlc {
  /** Whether the holder offered it. */
  readonly offered: boolean;
  readonly id: bigint;
  readonly amountMsat: bigint;
  readonly cltvExpiry: number;
  readonly paymentHash: Uint8Array;
  readonly preimage: Uint8Array | undefined;
  readonly intervalStart: number;
  readonly kind: "receipt" | "promise" | "arrears";
  /** Positive from its receiver to its offerer. */
  readonly energyMwh: bigint;
  readonly holdS: number;
  /** Its lapse is irrevocable; and it has been fulfilled after that. */
  readonly lapsed: boolean;
  readonly boughtBack: boolean;
  /** The note of its fulfilment, NOTE_BYTES of assembly/energy/note.ts. */
  readonly note: Uint8Array | undefined;
}

/** What proves the energy state that both ends have signed last. Bytes are as they lie in messages and on the chain. */
export interface Evidence {
  /** The energy state of the holder's latest commitment: PROTOCOL.md, "The energy state". Its SHA-256 is an output of it. */
  readonly state: Uint8Array;
  /** The holder's latest commitment transaction, without witness; its input's sequence and locktime hide the number. */
  readonly transaction: Uint8Array;
  /** The counterparty's signature of it, 64 bytes, SIGHASH_ALL over the funding output. */
  readonly signature: Uint8Array;
  readonly fundingSat: bigint;
  /** txid as hashed (not reversed). */
  readonly fundingTxid: Uint8Array;
  readonly fundingVout: number;
  readonly channelId: Uint8Array;
  readonly holderNodeId: Uint8Array;
  readonly counterpartyNodeId: Uint8Array;
  readonly holderFundingKey: Uint8Array;
  readonly counterpartyFundingKey: Uint8Array;
  /** Payment basepoints of opener and accepter: they make the factor that hides commitment numbers. BOLT 3. */
  readonly openerPaymentBasepoint: Uint8Array;
  readonly accepterPaymentBasepoint: Uint8Array;
  /** The counterparty's, of which with a revealed secret the keys of its revoked commitments follow. */
  readonly counterpartyRevocationBasepoint: Uint8Array;
  readonly counterpartyDelayedBasepoint: Uint8Array;
  /** Numbers of the latest commitments of holder and counterparty. */
  readonly holderNumber: bigint;
  readonly counterpartyNumber: bigint;
  /** How many of the counterparty's commitments it has revoked: those with numbers below this. */
  readonly revoked: bigint;
  /** per_commitment_secret of the counterparty's commitment `revoked` - 1; undefined while nothing is revoked. */
  readonly lastSecret: Uint8Array | undefined;
  readonly htlcs: readonly EvidenceHtlc[];
}
