import { readVectors } from "../driver/vectors.js";

export interface CommitmentVector {
  readonly id: string;
  readonly commit_tx: string;
  readonly htlc_txs: readonly { readonly tx?: string; readonly resolution_tx?: string; readonly kind?: string }[];
  readonly outputs?: readonly {
    readonly kind: string;
    readonly dir?: string;
    readonly amount: number;
    readonly wscript?: string;
  }[];
}

export interface StaticRemotekeyVectors {
  readonly channel: {
    readonly funding_tx_id: string;
    readonly commitment_number: number;
    readonly keys: { readonly local_payment_basepoint: string; readonly remote_payment_basepoint: string };
  };
  readonly vectors: readonly CommitmentVector[];
}

export const staticRemotekey = (): StaticRemotekeyVectors => readVectors("bolt03_commitment_static_remotekey");
export const anchors = (): { readonly vectors: readonly CommitmentVector[] } =>
  readVectors("bolt03_commitment_anchors_zero_fee_htlc");
export const htlcTransactions = ({ htlc_txs }: CommitmentVector): string[] =>
  htlc_txs.map(({ tx, resolution_tx }) => tx ?? resolution_tx ?? "");

export interface OnionVector {
  readonly generate: {
    readonly associated_data: string;
    readonly hops: readonly { readonly pubkey: string; readonly payload: string }[];
  };
  readonly onion: string;
  readonly decode: readonly string[];
}

export const onionVector = (): OnionVector => readVectors("bolt04_onion");
