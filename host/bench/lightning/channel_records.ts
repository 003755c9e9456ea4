// The records of assembly/chain/spec.ts.

export const CHANNEL_BYTES = 432;
export const COMMITMENT_BYTES = 200;
export const HTLC_BYTES = 56;
const SIDE_BYTES = 184;

export interface Side {
  dustLimitSat: bigint;
  toSelfDelay: number;
  /** funding_pubkey and the basepoints of revocation, payment, delayed payment, HTLC. */
  points: readonly Uint8Array[];
}

export interface Channel {
  fundingSat: bigint;
  /** As hashed, not reversed. */
  fundingTxid: Uint8Array;
  fundingOutput: number;
  flags: number;
  opener: number;
  keys: number;
  obscuring: bigint;
  sides: readonly [Side, Side];
}

export interface Htlc {
  id: bigint;
  amountMsat: bigint;
  cltvExpiry: number;
  offeredBy: number;
  paymentHash: Uint8Array;
}

export interface Commitment {
  number: bigint;
  balancesMsat: readonly [bigint, bigint];
  feeratePerKw: number;
  owner: number;
  point: Uint8Array;
  energyHash: Uint8Array;
  htlcs: readonly Htlc[];
}

export function encodeChannel(channel: Channel): Uint8Array {
  const bytes = Buffer.alloc(CHANNEL_BYTES);
  bytes.writeBigUInt64LE(channel.fundingSat, 0);
  bytes.set(channel.fundingTxid, 8);
  bytes.writeUInt32LE(channel.fundingOutput, 40);
  bytes.writeUInt32LE(channel.flags, 44);
  bytes.writeUInt32LE(channel.opener, 48);
  bytes.writeInt32LE(channel.keys, 52);
  bytes.writeBigUInt64LE(channel.obscuring, 56);
  for (const [i, side] of channel.sides.entries()) {
    const at = 64 + SIDE_BYTES * i;
    bytes.writeBigUInt64LE(side.dustLimitSat, at);
    bytes.writeUInt32LE(side.toSelfDelay, at + 8);
    side.points.forEach((point, k) => bytes.set(point, at + 12 + 33 * k));
  }
  return bytes;
}

/** @param addresses of the HTLCs' records in the module's memory */
export function encodeCommitment(commitment: Commitment, addresses: readonly number[]): Uint8Array {
  const bytes = Buffer.alloc(COMMITMENT_BYTES);
  bytes.writeBigUInt64LE(commitment.number, 0);
  commitment.balancesMsat.forEach((msat, i) => bytes.writeBigUInt64LE(msat, 8 + 8 * i));
  bytes.writeUInt32LE(commitment.feeratePerKw, 24);
  bytes.writeUInt32LE(commitment.owner, 28);
  bytes.writeUInt32LE(commitment.htlcs.length, 32);
  bytes.set(commitment.point, 36);
  bytes.set(commitment.energyHash, 72);
  addresses.slice(0, 24).forEach((address, i) => bytes.writeUInt32LE(address, 104 + 4 * i));
  return bytes;
}

export function encodeHtlc(htlc: Htlc): Uint8Array {
  const bytes = Buffer.alloc(HTLC_BYTES);
  bytes.writeBigUInt64LE(htlc.id, 0);
  bytes.writeBigUInt64LE(htlc.amountMsat, 8);
  bytes.writeUInt32LE(htlc.cltvExpiry, 16);
  bytes.writeUInt32LE(htlc.offeredBy, 20);
  bytes.set(htlc.paymentHash, 24);
  return bytes;
}
