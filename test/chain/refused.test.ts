import { expect } from "vitest";
import type { Channel, Commitment, Side } from "../../host/bench/lightning/channel_records.js";
import { onEveryModuleEngine } from "../driver/modules.js";
import { toHex } from "../driver/vectors.js";
import {
  ENTRY,
  ERR_ARGUMENT,
  ERR_CAPACITY,
  ERR_CRYPTO,
  ERR_LENGTH,
  ERR_MISSING,
  ERR_NOT_FOUND,
  ERR_OVERFLOW,
  ERR_SIGNATURE,
  ERR_STATE,
  ERR_VALUE,
  Room,
} from "./records.js";
import { build, modelOf, type Scenario } from "./scenario.js";

const U64_MAX = (1n << 64n) - 1n;

const scenario: Scenario = {
  seed: 11,
  flags: 1,
  opener: 1,
  owner: 1,
  feeratePerKw: 2500,
  dust: [354n, 500n],
  delays: [144, 720],
  number: 7n,
  balances: [600_000_000n, 400_000_000n],
  fundingOutput: 1,
  htlcs: [
    { amountMsat: 2_000_000n, cltvExpiry: 500, offeredBy: 0, preimage: 0 },
    { amountMsat: 400_000n, cltvExpiry: 501, offeredBy: 1, preimage: 1 },
    { amountMsat: 3_000_000n, cltvExpiry: 502, offeredBy: 1, preimage: 2 },
  ],
};

type Change = [what: string, code: number, channel: Partial<Channel>, commitment: Partial<Commitment>];

onEveryModuleEngine("chain: commitments that are refused leave the one before standing", ENTRY, async (module) => {
  const room = await Room.open(module);
  expect(await room.sign()).toBe(ERR_STATE);
  expect(await room.check([new Uint8Array(64)])).toBe(ERR_STATE);
  expect(await room.fundingSigned(new Uint8Array(64))).toBe(ERR_STATE);
  expect(await room.bytes(64, "funding_sign")).toBe(ERR_STATE);
  expect(await room.call("commitment_output", 0)).toBe(ERR_NOT_FOUND);

  const model = modelOf(scenario);
  const { channel, commitment } = model;
  const [holder, counterparty] = channel.sides;
  const theirs = (change: Partial<Side>): Partial<Channel> => ({ sides: [holder, { ...counterparty, ...change }] });
  const [first, ...rest] = commitment.htlcs;
  if (first === undefined) throw new Error("no HTLC");
  const locked = commitment.htlcs.reduce((sum, { amountMsat }) => sum + amountMsat, 0n);
  const total = channel.fundingSat * 1000n;
  const changes: Change[] = [
    ["owner", ERR_ARGUMENT, {}, { owner: 2 }],
    ["opener", ERR_ARGUMENT, { opener: 2 }, {}],
    ["flags", ERR_ARGUMENT, { flags: 4 }, {}],
    ["obscuring factor", ERR_ARGUMENT, { obscuring: 1n << 48n }, {}],
    ["number", ERR_ARGUMENT, {}, { number: 1n << 48n }],
    ["delay", ERR_ARGUMENT, theirs({ toSelfDelay: 65_536 }), {}],
    ["dust limit", ERR_ARGUMENT, theirs({ dustLimitSat: 0n }), {}],
    ["expiry", ERR_ARGUMENT, {}, { htlcs: [{ ...first, cltvExpiry: 500_000_000 }, ...rest] }],
    ["offered by", ERR_ARGUMENT, {}, { htlcs: [{ ...first, offeredBy: 2 }, ...rest] }],
    ["too many", ERR_ARGUMENT, {}, { htlcs: Array.from({ length: 25 }, () => first) }],
    ["a satoshi less", ERR_VALUE, { fundingSat: channel.fundingSat - 1n }, {}],
    [
      "a millisatoshi more",
      ERR_VALUE,
      {},
      { balancesMsat: [commitment.balancesMsat[0] + 1n, commitment.balancesMsat[1]] },
    ],
    ["overflow of a sum", ERR_OVERFLOW, {}, { balancesMsat: [U64_MAX, 1n] }],
    ["overflow by an HTLC", ERR_OVERFLOW, {}, { balancesMsat: [U64_MAX - 2_000_000n, 1_999_999n] }],
    ["overflow of the funding amount", ERR_OVERFLOW, { fundingSat: U64_MAX }, {}],
    ["nothing to pay", ERR_MISSING, theirs({ dustLimitSat: 1n << 60n }), {}],
    ["anchors of nobody", ERR_OVERFLOW, {}, { balancesMsat: [total - locked, 0n] }],
  ];

  expect(await build(room, model)).toBe(2);
  const signatures = await room.sign();
  const stands = await room.unsignedTx();
  expect(toHex(stands)).toBe(toHex(model.tx.toBytes(true, false)));
  for (const [what, code, ofChannel, ofCommitment] of changes) {
    const refused = await room.build({ ...channel, ...ofChannel }, { ...commitment, ...ofCommitment });
    expect(refused, what).toBe(code);
    expect(await room.unsignedTx(), what).toEqual(stands);
  }
  expect(await room.build({ ...channel }, commitment)).toBe(2);
  expect(await room.sign()).toEqual(signatures);

  // A limit that is just kept.
  const most = { fundingSat: U64_MAX / 1000n };
  const rich = { balancesMsat: [(U64_MAX / 1000n) * 1000n - locked - 400_000_000n, 400_000_000n] as const };
  expect(await room.build({ ...channel, ...most }, { ...commitment, ...rich })).toBe(2);
});

onEveryModuleEngine("chain: what is no point or key ends the standing", ENTRY, async (module) => {
  const room = await Room.open(module);
  const model = modelOf(scenario);
  const { channel, commitment } = model;
  const [holder, counterparty] = channel.sides;
  const none = new Uint8Array(33).fill(2);
  none[0] = 5;
  const used = [
    [0, 1], // of the holder, for a commitment of the counterparty: revocation, HTLC
    [0, 4],
    [1, 3], // of its owner: delayed, HTLC
    [1, 4],
  ] as const;
  for (const [side, key] of used) {
    expect(await build(room, model)).toBe(2);
    const points = (at: number, points: readonly Uint8Array[]): Uint8Array[] =>
      points.map((point, i) => (at === side && i === key ? none : point));
    const sides = [
      { ...holder, points: points(0, holder.points) },
      { ...counterparty, points: points(1, counterparty.points) },
    ] as const;
    expect(await room.build({ ...channel, sides }, commitment), `${side} ${key}`).toBe(ERR_CRYPTO);
    expect(await room.sign()).toBe(ERR_STATE);
    expect(await room.fundingSigned(new Uint8Array(64).fill(1))).toBe(ERR_STATE);
    expect(await room.call("commitment_output", 0)).toBe(ERR_NOT_FOUND);
  }
  expect(await build(room, model)).toBe(2);
  expect(await room.build(channel, { ...commitment, point: none })).toBe(ERR_CRYPTO);
  expect(await room.build({ ...channel, keys: -100 }, commitment)).toBe(2);
  expect(await room.sign()).toBe(ERR_STATE);
});

onEveryModuleEngine("chain: signatures that are not enough", ENTRY, async (module) => {
  const room = await Room.open(module);
  const model = modelOf({ ...scenario, owner: 0 });
  expect(await build(room, model)).toBe(3);
  const positions = model.htlcPositions();
  const all = [model.signature(1), ...positions.map((position) => model.htlcSignature(position, 1))];
  expect(await room.check(all)).toBe(0);
  expect(await room.check(all.slice(0, 3))).toBe(ERR_LENGTH);
  expect(await room.check([...all, model.signature(1)])).toBe(ERR_LENGTH);
  for (const i of all.keys()) {
    const own = i === 0 ? model.signature(0) : model.htlcSignature(positions[i - 1] ?? -1, 0);
    expect(await room.check(all.map((one, at) => (at === i ? own : one))), `own ${i}`).toBe(ERR_SIGNATURE);
    const none = new Uint8Array(64);
    expect(await room.check(all.map((one, at) => (at === i ? none : one))), `none ${i}`).toBe(ERR_SIGNATURE);
  }
  expect(await room.check([...all.slice(0, 1), ...all.slice(1).reverse()])).toBe(ERR_SIGNATURE);
  expect(await room.fundingSigned(all[0] ?? new Uint8Array(64), 100)).toBe(ERR_CAPACITY);
  expect(await room.htlcSigned(model.outputs.length, all[1] ?? new Uint8Array(64))).toBe(ERR_ARGUMENT);
  expect(await room.htlcSigned(-1, all[1] ?? new Uint8Array(64))).toBe(ERR_ARGUMENT);
  const anchor = model.outputs.findIndex(({ kind }) => kind === "local_anchor");
  expect(await room.htlcSigned(anchor, all[1] ?? new Uint8Array(64))).toBe(ERR_ARGUMENT);
});
