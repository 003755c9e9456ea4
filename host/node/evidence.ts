// What a node knows of a line that proves its energy state: assembly/node/evidence.ts gives it piece by piece, as the
// firmware's records have it.

import type { ChannelEvidence, End, EndKeys, EvidenceHtlc, OfBoth, RevealedSecret } from "../evidence/bundle.js";
import { readEnergy, readOpeningPolicies } from "./energy_answers.js";
import { u32, u64, u8 } from "./record_fields.js";

/** Second word of the command EVIDENCE. */
export const EVIDENCE_PIECES = { RECORD: 0, COMMITMENT: 1, HTLCS: 2 } as const;

/** assembly/chain/spec.ts and channel/record.ts. */
const CHANNEL = {
  FUNDING_SAT: 0,
  TXID: 8,
  VOUT: 40,
  FLAGS: 44,
  OPENER: 48,
  SIDES: 64,
  PEER: 448,
  NUMBERS: 536,
  SIGNATURE: 748,
  SECRETS: 976,
} as const;
const SIDE_BYTES = 184;
const SIDE = { TO_SELF_DELAY: 8, FUNDING: 12, REVOCATION: 45, PAYMENT: 78, DELAYED: 111, HTLC: 144 } as const;
const ANCHORS = 1;
const POINT = 33;
const HTLC_BYTES = 96;
const SECRET_ENTRIES = 49;
/** BOLT 3 counts commitments down from here. */
const COMMITMENTS = 1n << 48n;

const point = (bytes: Uint8Array, at: number): Uint8Array => bytes.slice(at, at + POINT);

function keysOf(channel: Uint8Array, side: number, nodeId: Uint8Array): EndKeys {
  const at = CHANNEL.SIDES + side * SIDE_BYTES;
  return {
    nodeId,
    toSelfDelay: u32(channel, at + SIDE.TO_SELF_DELAY),
    fundingPubkey: point(channel, at + SIDE.FUNDING),
    revocationBasepoint: point(channel, at + SIDE.REVOCATION),
    paymentBasepoint: point(channel, at + SIDE.PAYMENT),
    delayedPaymentBasepoint: point(channel, at + SIDE.DELAYED),
    htlcBasepoint: point(channel, at + SIDE.HTLC),
  };
}

/** Number of the newest of the first `count` commitments whose index ends in just `zeros` zero bits; undefined for none. */
function newestOf(count: bigint, zeros: number): bigint | undefined {
  const step = 1n << BigInt(zeros + 1);
  const first = COMMITMENTS - count;
  // The last entry is for the seed, whose index is 0.
  const index = zeros === SECRET_ENTRIES - 1 ? 0n : first + (((((1n << BigInt(zeros)) - first) % step) + step) % step);
  return index >= first && index < COMMITMENTS ? COMMITMENTS - 1n - index : undefined;
}

function secretsOf(channel: Uint8Array): RevealedSecret[] {
  const count = u64(channel, CHANNEL.SECRETS);
  return Array.from({ length: SECRET_ENTRIES }, (_, zeros) => {
    const number = newestOf(count, zeros);
    const at = CHANNEL.SECRETS + 8 + 32 * zeros;
    return number === undefined ? undefined : { number, secret: channel.slice(at, at + 32) };
  }).filter((secret) => secret !== undefined);
}

function htlcsOf(rows: Uint8Array, ends: readonly [End, End]): EvidenceHtlc[] {
  return Array.from({ length: rows.length / HTLC_BYTES }, (_, i) => {
    const row = rows.subarray(i * HTLC_BYTES, (i + 1) * HTLC_BYTES);
    return {
      offeredBy: ends[u32(row, 20) === 0 ? 0 : 1],
      id: u64(row, 0),
      amountMsat: u64(row, 8),
      cltvExpiry: u32(row, 16),
      paymentHash: row.slice(24, 56),
      ...(u8(row, 56) === 1 ? { preimage: row.slice(64, 96) } : {}),
    };
  });
}

/** What the pieces are evidence of. `energy`: the answer to the command ENERGY. */
export function readEvidence(
  nodeId: Uint8Array,
  energy: Uint8Array,
  channel: Uint8Array,
  commitment: Uint8Array,
  htlcs: Uint8Array,
): ChannelEvidence {
  const info = readEnergy(energy);
  const holder: End = info.holderIsNode1 ? 1 : 2;
  const other: End = info.holderIsNode1 ? 2 : 1;
  const inOrder = <T>(own: T, theirs: T): OfBoth<T> => (holder === 1 ? [own, theirs] : [theirs, own]);
  const policies = readOpeningPolicies(energy);
  const stateBytes = u32(commitment, 0);
  return {
    holder,
    opener: info.holderOpened ? holder : other,
    fundingTxid: channel.slice(CHANNEL.TXID, CHANNEL.TXID + 32),
    fundingOutput: u32(channel, CHANNEL.VOUT),
    fundingSat: u64(channel, CHANNEL.FUNDING_SAT),
    anchors: (u32(channel, CHANNEL.FLAGS) & ANCHORS) !== 0,
    keys: inOrder(keysOf(channel, 0, nodeId), keysOf(channel, 1, point(channel, CHANNEL.PEER))),
    parameters: {
      ratingMw: info.ratingMw,
      intervalS: info.intervalS,
      owner: info.holderOwns ? holder : other,
      accounted: info.holderOwns ? other : holder,
      meterKeys: inOrder(info.holderMeterKey, info.counterpartyMeterKey),
      rentsMsatPerKwh: [policies[0].rentMsatPerKwh, policies[1].rentMsatPerKwh],
      lossesPpm: [policies[0].lossPpm, policies[1].lossPpm],
      lossMaxPpm: info.lossMaxPpm,
      creditsMsat: inOrder(info.holderCreditMsat, info.counterpartyCreditMsat),
      priceCapMsatPerKwh: info.priceCapMsatPerKwh,
      imbalanceSpreadPpm: info.imbalanceSpreadPpm,
      tariffMsatPerKwh: info.tariffMsatPerKwh,
      holdS: info.holdS,
    },
    commitmentNumber: u64(channel, CHANNEL.NUMBERS),
    perCommitmentPoint: point(commitment, 8),
    transaction: commitment.slice(44 + stateBytes),
    counterpartySignature: channel.slice(CHANNEL.SIGNATURE, CHANNEL.SIGNATURE + 64),
    energyState: commitment.slice(44, 44 + stateBytes),
    htlcs: htlcsOf(htlcs, [holder, other]),
    revealedSecrets: secretsOf(channel),
  };
}
