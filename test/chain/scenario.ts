import { sha256 } from "@noble/hashes/sha2.js";
import fc from "fast-check";
import type { Channel, Commitment } from "../../host/bench/lightning/channel_records.js";
import { Model, obscuring, publicKey, secretOf, sideSecrets } from "./model.js";
import { KEYS_A, type Room } from "./records.js";

// Random channels with a random state, and what the model makes of them.

interface RandomHtlc {
  amountMsat: bigint;
  cltvExpiry: number;
  offeredBy: number;
  preimage: number;
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
}

/** Numbers of scripts where the length of the push changes. */
const EDGES = [0, 1, 16, 17, 127, 128, 255, 256, 32_767, 32_768, 65_535];

const satoshis = (...choices: fc.Arbitrary<bigint>[]): fc.Arbitrary<bigint> =>
  fc.oneof(
    { arbitrary: fc.bigInt(0n, 3_000_000n), weight: 2 },
    { arbitrary: fc.bigInt(0n, 50_000_000_000n), weight: 4 },
    ...choices.map((arbitrary) => ({ arbitrary, weight: 1 })),
  );

const htlc: fc.Arbitrary<RandomHtlc> = fc.record({
  // Few amounts and preimages, so that outputs are alike; and amounts around the limits.
  amountMsat: fc.oneof(fc.constantFrom(2_000_000n, 2_000_999n, 5_000_000n), satoshis()),
  cltvExpiry: fc.oneof(
    fc.constantFrom(...EDGES, 8_388_607, 8_388_608, 499_999_999),
    fc.integer({ min: 0, max: 1_000_000 }),
  ),
  offeredBy: fc.nat(1),
  preimage: fc.nat(3),
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
  });

export const preimageOf = (number: number): Uint8Array => sha256(Buffer.from(`preimage ${number}`));

/** The channel as side 0 has it, its state, and the model of both. */
export function modelOf(scenario: Scenario): Model {
  const { seed, opener, owner, dust, delays, htlcs } = scenario;
  const secrets = [sideSecrets(seed, 0), sideSecrets(seed, 1)] as const;
  const points = secrets.map((keys) => keys.map(publicKey)) as [Uint8Array[], Uint8Array[]];
  const payment = points.map((side) => side[2] ?? new Uint8Array(0));
  const [first, second] = opener === 0 ? payment : [payment[1], payment[0]];
  const locked = htlcs.reduce((sum, { amountMsat }) => sum + amountMsat, 0n);
  // The sum of all is whole satoshi, and so something.
  const odd = (scenario.balances[0] + scenario.balances[1] + locked) % 1000n;
  const balancesMsat = [scenario.balances[0] + 1000n - odd, scenario.balances[1]] as const;
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
    htlcs: htlcs.map(({ amountMsat, cltvExpiry, offeredBy, preimage }, i) => ({
      id: BigInt(i),
      amountMsat,
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
