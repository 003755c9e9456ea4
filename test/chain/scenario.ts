import { sha256 } from "@noble/hashes/sha2.js";
import fc from "fast-check";
import type { Channel, Commitment } from "../../host/bench/lightning/channel_records.js";
import { Model, obscuring, publicKey, secretOf, sideSecrets } from "./model.js";
import { ANCHORS, KEYS_A, type Room } from "./records.js";

// Random channels with a random state, and what the model makes of them.

interface RandomHtlc {
  amountMsat: bigint;
  cltvExpiry: number;
  offeredBy: number;
  preimage: number;
  /** Satoshi above the smallest amount that is not trimmed; this then is the amount. */
  aboveLimit?: bigint | undefined;
}

export interface Scenario {
  seed: number;
  flags: number;
  opener: number;
  owner: number;
  feeratePerKw: number;
  dust: [bigint, bigint];
  delays: [number, number];
  number: bigint;
  balances: [bigint, bigint];
  fundingOutput: number;
  htlcs: RandomHtlc[];
  /** Satoshi above the owner's dust limit: the balance of the side that does not pay the fee. */
  aboveLimit?: bigint | undefined;
}

/** Numbers of scripts where the length of the push changes. */
const EDGES = [0, 1, 16, 17, 127, 128, 255, 256, 32_767, 32_768, 65_535];

const satoshis = (...choices: fc.Arbitrary<bigint>[]): fc.Arbitrary<bigint> =>
  fc.oneof(
    { arbitrary: fc.bigInt(0n, 3_000_000n), weight: 2 },
    { arbitrary: fc.bigInt(0n, 50_000_000_000n), weight: 4 },
    ...choices.map((arbitrary) => ({ arbitrary, weight: 1 })),
  );

/** Just enough, just not enough, or anything. */
const aboveLimit = fc.constantFrom(undefined, undefined, undefined, undefined, 0n, -1n);

const htlc: fc.Arbitrary<RandomHtlc> = fc.record({
  // Few amounts and preimages, so that outputs are alike; and amounts around the limits.
  amountMsat: fc.oneof(fc.constantFrom(2_000_000n, 2_000_999n, 5_000_000n), satoshis()),
  cltvExpiry: fc.oneof(
    fc.constantFrom(...EDGES, 8_388_607, 8_388_608, 499_999_999),
    fc.integer({ min: 0, max: 1_000_000 }),
  ),
  offeredBy: fc.nat(1),
  preimage: fc.nat(3),
  aboveLimit,
});

/** @param most HTLCs */
export const scenarios = (most: number): fc.Arbitrary<Scenario> =>
  fc.record({
    seed: fc.nat(),
    flags: fc.nat(3),
    opener: fc.nat(1),
    owner: fc.nat(1),
    feeratePerKw: fc.oneof(
      { arbitrary: fc.constantFrom(0, 253, 2500), weight: 3 },
      { arbitrary: fc.nat(20_000), weight: 4 },
      { arbitrary: fc.integer({ min: 0, max: 0xffff_ffff }), weight: 1 },
    ),
    dust: fc.tuple(fc.bigInt(1n, 3000n), fc.bigInt(1n, 3000n)),
    delays: fc.tuple(fc.constantFrom(...EDGES), fc.constantFrom(...EDGES)),
    number: fc.bigInt(0n, (1n << 48n) - 1n),
    balances: fc.tuple(satoshis(fc.constant(0n)), satoshis(fc.constant(0n))),
    fundingOutput: fc.nat(0xffff),
    htlcs: fc.array(htlc, { maxLength: most, size: "max" }),
    aboveLimit,
  });

export const preimageOf = (number: number): Uint8Array => sha256(Buffer.from(`preimage ${number}`));

/** The channel as side 0 has it, its state, and the model of both. */
export function modelOf(scenario: Scenario): Model {
  const { seed, opener, owner, dust, delays, htlcs } = scenario;
  const secrets = [sideSecrets(seed, 0), sideSecrets(seed, 1)] as const;
  const points = secrets.map((keys) => keys.map(publicKey)) as [Uint8Array[], Uint8Array[]];
  const payment = points.map((side) => side[2] ?? new Uint8Array(0));
  const [first, second] = opener === 0 ? payment : [payment[1], payment[0]];
  const limit = dust[owner as 0 | 1];
  const amounts = htlcs.map((htlc) => {
    if (htlc.aboveLimit === undefined) return htlc.amountMsat;
    const weight = (scenario.flags & ANCHORS) !== 0 ? 0n : htlc.offeredBy === owner ? 663n : 703n;
    const sat = limit + (BigInt(scenario.feeratePerKw) * weight) / 1000n + htlc.aboveLimit;
    return sat * 1000n + (htlc.amountMsat % 1000n);
  });
  const balances = [...scenario.balances] as [bigint, bigint];
  if (scenario.aboveLimit !== undefined) balances[opener ^ 1] = (limit + scenario.aboveLimit) * 1000n;
  const locked = amounts.reduce((sum, amount) => sum + amount, 0n);
  // The sum of all is whole satoshi, and so something: the side that pays has what is missing.
  const odd = (balances[0] + balances[1] + locked) % 1000n;
  balances[opener as 0 | 1] += 1000n - odd;
  const balancesMsat = balances;
  const channel: Channel = {
    fundingSat: (balancesMsat[0] + balancesMsat[1] + locked) / 1000n,
    fundingTxid: secretOf(seed, "txid"),
    fundingOutput: scenario.fundingOutput,
    flags: scenario.flags,
    opener,
    keys: KEYS_A,
    obscuring: obscuring(first ?? new Uint8Array(0), second ?? new Uint8Array(0)),
    sides: [
      { dustLimitSat: dust[0], toSelfDelay: delays[0], points: points[0] },
      { dustLimitSat: dust[1], toSelfDelay: delays[1], points: points[1] },
    ],
  };
  const perCommitmentSecret = secretOf(seed, "commitment");
  const commitment: Commitment = {
    number: scenario.number,
    balancesMsat,
    feeratePerKw: scenario.feeratePerKw,
    owner,
    point: publicKey(perCommitmentSecret),
    energyHash: secretOf(seed, "energy"),
    htlcs: htlcs.map(({ cltvExpiry, offeredBy, preimage }, i) => ({
      id: BigInt(i),
      amountMsat: amounts[i] ?? 0n,
      cltvExpiry,
      offeredBy,
      paymentHash: sha256(preimageOf(preimage)),
    })),
  };
  return new Model(channel, commitment, secrets, perCommitmentSecret);
}

/** Preimage of the HTLC behind an output. */
export const preimageAt = (scenario: Scenario, model: Model, position: number): Uint8Array =>
  preimageOf(scenario.htlcs[model.at(position).htlc]?.preimage ?? NaN);

/** Gives the room the holder's keys and has it build the commitment: what commitment_build returns. */
export async function build(room: Room, model: Model): Promise<number> {
  await room.importKeys(KEYS_A, model.secrets[0]);
  return room.build(model.channel, model.commitment);
}
