import { sha256 } from "@noble/hashes/sha2.js";
import { Transaction } from "@scure/btc-signer";
import type { Channel, Commitment } from "../../host/bench/lightning/channel_records.js";
import { decodeTransaction } from "../../host/decode/transaction.js";
import type { EndKeys, EvidenceNote } from "../../host/evidence/bundle.js";
import { type End, type EvidenceBundle, type LineParameters, ofEnd, otherEnd } from "../../host/evidence/bundle.js";
import { derivedSecret } from "../../host/evidence/keys.js";
import { ARREARS, type EnergyState, PROMISE, RECEIPT, encodeState, parametersHash } from "../../host/evidence/state.js";
import {
  ALL,
  Model,
  SINGLE_ANYONECANPAY,
  funding,
  item,
  obscuring,
  p2wsh,
  publicKey,
  secretOf,
  sideSecrets,
  sign,
  transaction,
  withWitness,
} from "../chain/model.js";
import { ANCHORS, ENERGY } from "../chain/records.js";
import { receiptText } from "../energy/line.js";

// A line that both ends have closed by force, made with all private keys of both: commitments by the model of the chain's
// tests, receipts and notes by meters' keys.

export const T0 = 1_782_000_000;
export const INTERVAL_S = 900;
/** One pulse is one mWh. */
const CONSTANT = 1_000_000;
const SEED = 77;
const FUNDING_SAT = 1_000_000n;
const LAST = (1n << 48n) - 1n;

const ENDS = [1, 2] as const;
export const meterSecret = (end: End): Uint8Array => secretOf(SEED, `meter ${end}`);
const secrets = (end: End): Uint8Array[] => sideSecrets(SEED, end);
/** In BOLT 7's order. */
const NODE_IDS = ENDS.map((end) => publicKey(secretOf(SEED, `node ${end}`))).sort((a, b) => Buffer.compare(a, b));

export const PARAMETERS: LineParameters = {
  ratingMw: 60_000_000n,
  intervalS: INTERVAL_S,
  owner: 1,
  accounted: 2,
  meterKeys: [publicKey(meterSecret(1)), publicKey(meterSecret(2))],
  rentsMsatPerKwh: [10_000n, -2_000n],
  lossesPpm: [30_000, 20_000],
  lossMaxPpm: 50_000,
  creditsMsat: [1_000_000n, 2_000_000n],
  priceCapMsatPerKwh: 500_000n,
  imbalanceSpreadPpm: 100_000,
  tariffMsatPerKwh: 200_000n,
  holdS: 10,
};

/** The per_commitment_secret of an end's commitment. BOLT 3: all follow from a seed. */
export function commitmentSecret(end: End, number: bigint): Uint8Array {
  const secret = derivedSecret({ number: LAST, secret: secretOf(SEED, `seed ${end}`) }, number);
  if (secret === undefined) throw new RangeError(`no secret ${number}`);
  return secret;
}

export const preimageOf = (id: number): Uint8Array => secretOf(SEED, `preimage ${id}`);

interface LineHtlc {
  readonly offeredBy: End;
  readonly id: bigint;
  readonly amountMsat: bigint;
  readonly preimage: number;
  readonly known: boolean;
}

/** One HTLC for each fate that a rider may have. */
export const HTLCS: readonly LineHtlc[] = [
  { offeredBy: 1, id: 0n, amountMsat: 2_000_000n, preimage: 0, known: true },
  { offeredBy: 1, id: 1n, amountMsat: 1_500_000n, preimage: 1, known: true },
  { offeredBy: 1, id: 2n, amountMsat: 3_000_000n, preimage: 2, known: false },
  { offeredBy: 2, id: 0n, amountMsat: 1_000_000n, preimage: 3, known: true },
  { offeredBy: 2, id: 1n, amountMsat: 7_000n, preimage: 4, known: true },
  { offeredBy: 2, id: 2n, amountMsat: 4_000_000n, preimage: 5, known: false },
];

const later = T0 + INTERVAL_S;
export const STATE: EnergyState = {
  parametersHash: parametersHash(PARAMETERS),
  closedUntil: T0,
  arrearsMsat: 5_000n,
  totalForthMwh: 123_456_789n,
  totalBackMwh: 42n,
  positions: [
    { start: T0, flowMwh: 10_526_316n, promisedMwh: 4_000_000n },
    { start: later, flowMwh: 2_000_000n, promisedMwh: 2_000_000n },
  ],
  riders: [
    { offeredBy: 1, id: 0n, start: later, kind: PROMISE, flowMwh: -3_000_000n, lapsed: false },
    { offeredBy: 1, id: 1n, start: later, kind: PROMISE, flowMwh: -20_000_000n, lapsed: true },
    { offeredBy: 1, id: 2n, start: T0, kind: RECEIPT, flowMwh: -1_000_000n, lapsed: false },
    { offeredBy: 2, id: 0n, start: T0, kind: ARREARS, flowMwh: 0n, lapsed: false },
    { offeredBy: 2, id: 1n, start: T0, kind: RECEIPT, flowMwh: 9_000n, lapsed: false },
    { offeredBy: 2, id: 2n, start: later, kind: PROMISE, flowMwh: 5_000_000n, lapsed: true },
  ],
};

function keysOf(end: End): EndKeys {
  const [fundingPubkey, revocationBasepoint, paymentBasepoint, delayedPaymentBasepoint, htlcBasepoint] =
    secrets(end).map(publicKey);
  const nodeId = NODE_IDS[end - 1];
  if (
    !fundingPubkey ||
    !revocationBasepoint ||
    !paymentBasepoint ||
    !delayedPaymentBasepoint ||
    !htlcBasepoint ||
    !nodeId
  ) {
    throw new RangeError(`no keys of node_${end}`);
  }
  const points = { fundingPubkey, revocationBasepoint, paymentBasepoint, delayedPaymentBasepoint, htlcBasepoint };
  return { nodeId, ...points, toSelfDelay: end === 1 ? 144 : 72 };
}

/** Registers of the worked example's last but one line, and what node_1's meter says: within what the line may lose. */
export function receipts(node2Mwh = 10_400_000n, node1Mwh = 10_700_000n): EvidenceBundle["receipts"] {
  const record = (end: End, untilS: number, imported: bigint, exported: bigint) => ({
    end,
    record: receiptText({ untilS, constant: CONSTANT, imported, exported }, meterSecret(end)),
  });
  return [
    record(1, T0, 1_000n, 500_000n),
    record(2, T0, 700_000n, 3_000n),
    record(1, later, 1_000n, 500_000n + node1Mwh),
    record(2, later, 700_000n + node2Mwh, 3_000n),
  ];
}

export function note(id: number, energyMwh: bigint, issuedMwh: bigint, start = later, end: End = 2): EvidenceNote {
  const fields = Buffer.alloc(20);
  fields.writeUInt32BE(start, 0);
  fields.writeBigUInt64BE(energyMwh, 4);
  fields.writeBigUInt64BE(issuedMwh, 12);
  const paymentHash = sha256(preimageOf(id));
  const signature = sign(sha256(Buffer.concat([paymentHash, fields])), meterSecret(end));
  const meterKey = publicKey(meterSecret(end));
  return { meterKey, paymentHash, intervalStart: start, energyMwh, issuedMwh, signature };
}

/** The transaction that has funded the channel. */
export const fundingTransaction = (): Uint8Array => {
  const script = p2wsh(funding(keysOf(1).fundingPubkey, keysOf(2).fundingPubkey));
  const change = { sat: 5_000n, script: p2wsh(Uint8Array.of(0x51)) };
  const paid = { sat: FUNDING_SAT, script };
  return transaction({ txid: secretOf(SEED, "coin"), index: 0 }, 0, 0, [change, paid]).toBytes(true, false);
};

export interface Options {
  readonly holder?: End;
  readonly number?: bigint;
  readonly anchors?: boolean;
  readonly state?: EnergyState;
  readonly parameters?: LineParameters;
  /** The counterparty's commitments below it are revoked. */
  readonly revoked?: bigint;
  readonly htlcs?: readonly LineHtlc[];
  /** The holder's A. */
  readonly ownMsat?: bigint;
}

/** What an end shows, and the transaction that it has closed the channel by, with all private keys. */
function closing(options: Options): { readonly model: Model; readonly shown: EvidenceBundle } {
  const {
    holder = 1,
    number = 21n,
    anchors = false,
    parameters = PARAMETERS,
    htlcs = HTLCS,
    ownMsat = 400_000_000n,
  } = options;
  const { state = { ...STATE, parametersHash: parametersHash(parameters) }, revoked = 20n } = options;
  const other = otherEnd(holder);
  const keys = [keysOf(1), keysOf(2)] as const;
  const energyState = encodeState(state);
  const perCommitmentPoint = publicKey(commitmentSecret(holder, number));
  const fundingTxid = sha256(sha256(fundingTransaction()));
  const rows = htlcs.map(({ offeredBy, id, amountMsat, preimage }) => ({
    id,
    amountMsat,
    cltvExpiry: 500 + preimage,
    offeredBy: offeredBy === holder ? 0 : 1,
    paymentHash: sha256(preimageOf(preimage)),
  }));
  const side = (end: End) => ({
    dustLimitSat: 354n,
    toSelfDelay: ofEnd(keys, end).toSelfDelay,
    points: secrets(end).map(publicKey),
  });
  // node_2 has opened the channel.
  const channel: Channel = {
    fundingSat: FUNDING_SAT,
    fundingTxid,
    fundingOutput: 1,
    flags: ENERGY | (anchors ? ANCHORS : 0),
    opener: holder === 2 ? 0 : 1,
    keys: 0,
    obscuring: obscuring(keys[1].paymentBasepoint, keys[0].paymentBasepoint),
    sides: [side(holder), side(other)],
  };
  const taken = htlcs.reduce((sum, { amountMsat }) => sum + amountMsat, 0n);
  const commitment: Commitment = {
    number,
    balancesMsat: [ownMsat, FUNDING_SAT * 1000n - ownMsat - taken],
    feeratePerKw: 253,
    owner: 0,
    point: perCommitmentPoint,
    energyHash: sha256(energyState),
    htlcs: rows,
  };
  const model = new Model(channel, commitment, [secrets(holder), secrets(other)], commitmentSecret(holder, number));
  if (model.code !== 0) throw new RangeError(`no such commitment: ${model.code}`);
  // Of commitments 0 to 19, as an end stores them: the last, and those from which the ones before follow.
  const stored = revoked === 20n ? [19n, 17n, 15n] : [revoked - 1n];
  const shown = {
    holder,
    opener: 2 as const,
    fundingTxid,
    fundingOutput: 1,
    fundingSat: FUNDING_SAT,
    anchors,
    keys,
    parameters,
    commitmentNumber: number,
    perCommitmentPoint,
    transaction: model.tx.toBytes(true, false),
    counterpartySignature: model.signature(1),
    energyState,
    htlcs: htlcs.map(({ offeredBy, id, amountMsat, preimage, known }) => ({
      offeredBy,
      id,
      amountMsat,
      paymentHash: sha256(preimageOf(preimage)),
      cltvExpiry: 500 + preimage,
      ...(known ? { preimage: preimageOf(preimage) } : {}),
    })),
    revealedSecrets: stored.map((number) => ({ number, secret: commitmentSecret(other, number) })),
    receipts: receipts(),
    notes: [note(0, 3_000_000n, 3_500_000n)],
  };
  return { model, shown };
}

/** What an end shows. */
export const bundle = (options: Options = {}): EvidenceBundle => closing(options).shown;

const ELSEWHERE = p2wsh(Uint8Array.of(0x51));
const HTLC_KEY = 4;

/** How an HTLC of a commitment is spent; all but the first of them is none that its receiver has claimed it by. */
export type Spending =
  | "claim"
  // By the offerer: its own HTLC-timeout, and the receiver's signature of that with a preimage, which the chain would take.
  | "timeout"
  | "forged from timeout"
  // Signed by the offerer instead of the receiver.
  | "signed by the offerer";

/** A transaction that spends the HTLC of HTLCS in this place, on the commitment that the end of these options has published. */
export const spending = (options: Options, place: number, how: Spending = "claim"): Uint8Array =>
  Uint8Array.from(spent(options, place, how));

function spent(options: Options, place: number, how: Spending): Uint8Array {
  const { model } = closing(options);
  const { holder = 1 } = options;
  const position = model.htlcPositions().find((at) => model.at(at).htlc === place);
  const htlc = HTLCS[place];
  if (position === undefined || htlc === undefined) throw new RangeError(`no output for HTLC ${place}`);
  const preimage = preimageOf(htlc.preimage);
  const { sat, witnessScript } = model.at(position);
  const offered = htlc.offeredBy === holder;
  if (how === "timeout" || (how === "claim" && !offered)) return model.signedHtlcTx(position, preimage);
  const anchors = options.anchors === true;
  const holders = item(model.htlcSignature(position, 0), ALL);
  const others = item(model.htlcSignature(position, 1), anchors ? SINGLE_ANYONECANPAY : ALL);
  if (!offered)
    return withWitness(model.htlcTx(position), [new Uint8Array(0), others, others, preimage, witnessScript]);
  if (how === "forged from timeout") {
    return withWitness(model.htlcTx(position), [others, preimage, witnessScript]);
  }
  const sequence = anchors ? 1 : 0;
  const paid = { script: ELSEWHERE, feeSat: 300n };
  const outpoint = { txid: model.txid, index: position };
  if (how === "claim") {
    const secret = model.derivedSecret(1, HTLC_KEY);
    return model.spend({ outpoint, sat }, witnessScript, secret, { sequence }, paid, (signature) => [
      signature,
      preimage,
      witnessScript,
    ]);
  }
  return withWitness(model.htlcTx(position), [holders, preimage, witnessScript]);
}

/** What a transaction has that a test may change. */
export interface Parts {
  version: number;
  sequence: number;
  lockTime: number;
  inputs: { txid: Uint8Array; index: number }[];
  outputs: { sat: bigint; script: Uint8Array }[];
}

/** The bundle with another transaction, which the counterparty has signed all the same. */
export function resigned(bundle: EvidenceBundle, change: (parts: Parts) => void): EvidenceBundle {
  const { inputs, outputs, locktime } = decodeTransaction(bundle.transaction);
  const parts: Parts = {
    version: 2,
    sequence: inputs[0]?.sequence ?? 0,
    lockTime: locktime,
    inputs: [{ txid: bundle.fundingTxid, index: bundle.fundingOutput }],
    outputs: outputs.map(({ amount_sat, script }) => ({ sat: amount_sat, script })),
  };
  change(parts);
  const { version, sequence, lockTime } = parts;
  const tx = new Transaction({ version, lockTime, allowUnknownOutputs: true, disableScriptCheck: true });
  for (const { txid, index } of parts.inputs) tx.addInput({ txid: txid.slice().reverse(), index, sequence });
  for (const { sat, script } of parts.outputs) tx.addOutput({ script, amount: sat });
  const [one, two] = bundle.keys;
  const digest = tx.preimageWitnessV0(0, funding(one.fundingPubkey, two.fundingPubkey), 1, bundle.fundingSat);
  const [secret] = secrets(otherEnd(bundle.holder));
  if (secret === undefined) throw new RangeError("no funding key");
  return { ...bundle, transaction: tx.toBytes(true, false), counterpartySignature: sign(digest, secret) };
}
