import { expect } from "vitest";
import { encodeChannel, encodeCommitment, encodeHtlc } from "../../host/bench/lightning/channel_records.js";
import { onEveryModuleEngine } from "../driver/modules.js";
import { toHex } from "../driver/vectors.js";
import { ERR_ARGUMENT, ERR_LENGTH, ERR_VALUE, KEYS_A } from "./records.js";
import { modelOf, type Scenario } from "./scenario.js";

const scenario: Scenario = {
  seed: 12,
  flags: 1,
  opener: 0,
  owner: 1,
  feeratePerKw: 2500,
  dust: [354n, 354n],
  delays: [144, 144],
  number: 42n,
  balances: [5_000_000_000n, 4_000_000_000n],
  fundingOutput: 0,
  htlcs: Array.from({ length: 24 }, (_, i) => ({
    amountMsat: BigInt(300_000 + 100_000 * i),
    cltvExpiry: 800_000 + i,
    offeredBy: i & 1,
    preimage: i,
  })),
};

onEveryModuleEngine("chain: the export that signs a commitment", "test/chain/node.entry.ts", async (module) => {
  const [input, output] = [(await module.call("in_buffer")) as number, (await module.call("out_buffer")) as number];
  const model = modelOf(scenario);
  for (const [i, key] of model.secrets[0].entries()) {
    await module.write(input, key);
    expect(await module.call("import_key", KEYS_A + i, input)).toBe(0);
  }
  const records = (count = 24): Buffer => {
    const commitment = Buffer.from(encodeCommitment(model.commitment, []));
    commitment.writeInt32LE(count, 32);
    return Buffer.concat([encodeChannel(model.channel), commitment, ...model.commitment.htlcs.map(encodeHtlc)]);
  };
  const call = async (bytes: Uint8Array, length = bytes.length): Promise<number> => {
    await module.write(input, bytes);
    return (await module.call("chain_commitment_sign", length)) as number;
  };

  const positions = model.htlcPositions();
  expect(positions.length).toBeGreaterThan(20);
  expect(positions.length).toBeLessThan(24);
  expect(await call(records())).toBe(positions.length);
  const expected = [model.signature(0), ...positions.map((position) => model.htlcSignature(position, 0))];
  expect(toHex(await module.read(output, 64 * expected.length))).toBe(toHex(Buffer.concat(expected)));

  expect(await call(records(), records().length - 1)).toBe(ERR_LENGTH);
  expect(await call(records(), records().length + 1)).toBe(ERR_LENGTH);
  expect(await call(records(), 631)).toBe(ERR_LENGTH);
  expect(await call(records(), -1)).toBe(ERR_LENGTH);
  for (const count of [0, 23, 25, -1, 0x0492_4925, -0x8000_0000]) expect(await call(records(count))).toBe(ERR_LENGTH);
  // Counts whose records would have the right length if it wrapped around.
  for (const count of [2 ** 29 + 24, -(2 ** 31) + 24]) expect(await call(records(count))).toBe(ERR_ARGUMENT);
  // With records for as many as it says: too many, and too few for the channel's amount.
  expect(await call(records(25), 632 + 25 * 56)).toBe(ERR_ARGUMENT);
  expect(await call(records(23), 632 + 23 * 56)).toBe(ERR_VALUE);
});
