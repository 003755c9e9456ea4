import { sha256 } from "@noble/hashes/sha2.js";
import { RawTx } from "@scure/btc-signer/script.js";
import fc from "fast-check";
import { expect } from "vitest";
import { onEveryModuleEngine } from "../driver/modules.js";
import { hex, readVectors, toHex } from "../driver/vectors.js";
import { DECODE_MUTATIONS, DECODE_RUNS } from "../long/counts.js";
import { ENTRY, ERR_ARGUMENT, ERR_LENGTH, ERR_MINIMAL, ERR_TRUNCATED, ERR_VALUE, Room, TIMEOUT_MS } from "./records.js";

/** Where the decoded bytes lie, and how many fit. */
const AT = 8192;
const ROOM_BYTES = 8192;

const bytes = (maxLength: number): fc.Arbitrary<Uint8Array> => fc.uint8Array({ maxLength });

const transactions = fc
  .record({
    version: fc.integer({ min: -0x8000_0000, max: 0x7fff_ffff }),
    inputs: fc.array(
      fc.record({
        txid: fc.uint8Array({ minLength: 32, maxLength: 32 }),
        index: fc.nat(0xffff_ffff),
        finalScriptSig: fc.oneof(bytes(0), bytes(120)),
        sequence: fc.nat(0xffff_ffff),
      }),
      { minLength: 1, maxLength: 4 },
    ),
    outputs: fc.array(fc.record({ amount: fc.bigInt(0n, (1n << 63n) - 1n), script: fc.oneof(bytes(40), bytes(300)) }), {
      minLength: 1,
      maxLength: 5,
    }),
    witnesses: fc.option(
      fc.array(fc.array(fc.oneof(bytes(80), bytes(300)), { maxLength: 5 }), { minLength: 4, maxLength: 4 }),
    ),
    lockTime: fc.nat(0xffff_ffff),
  })
  .map(({ witnesses, ...tx }) => {
    const used = witnesses?.slice(0, tx.inputs.length);
    const segwitFlag = used?.some((items) => items.length > 0) === true;
    return { ...tx, segwitFlag, witnesses: segwitFlag ? used : undefined };
  });

type Raw = ReturnType<typeof RawTx.decode>;

async function part(room: Room): Promise<string> {
  return toHex(await room.module.read(await room.call("part_at"), await room.call("part_len")));
}

/** Every part of the transaction as the room has decoded it. */
async function compare(room: Room, tx: Raw): Promise<void> {
  expect(await room.call("tx_inputs")).toBe(tx.inputs.length);
  expect(await room.call("tx_outputs")).toBe(tx.outputs.length);
  expect((await room.call("tx_version")) | 0).toBe(tx.version);
  expect((await room.call("tx_locktime")) >>> 0).toBe(tx.lockTime);
  for (const [i, input] of tx.inputs.entries()) {
    const outpoint = Buffer.from(await room.module.read(await room.call("tx_input", i), 36));
    expect(await part(room)).toBe(toHex(input.finalScriptSig));
    expect(toHex(outpoint.subarray(0, 32).reverse())).toBe(toHex(input.txid));
    expect(outpoint.readUInt32LE(32)).toBe(input.index);
    const items = tx.witnesses?.[i];
    for (const [k, item] of (items ?? []).entries()) {
      expect(await room.call("tx_witness", i, k)).toBe(items?.length);
      expect(await part(room)).toBe(toHex(item));
    }
    expect(await room.call("tx_witness", i, items?.length ?? 0)).toBe(ERR_ARGUMENT);
    expect(await room.call("tx_witness", i, -1)).toBe(ERR_ARGUMENT);
  }
  for (const [i, output] of tx.outputs.entries()) {
    const amount = Buffer.from(await room.module.read(await room.call("tx_output", i), 8));
    expect(amount.readBigUInt64LE()).toBe(output.amount);
    expect(await part(room)).toBe(toHex(output.script));
  }
  expect(await room.call("tx_input", tx.inputs.length)).toBe(0);
  expect(await room.call("tx_output", tx.outputs.length)).toBe(0);
  expect(await room.call("tx_output", -1)).toBe(0);
  const whole = RawTx.encode(tx);
  const base = RawTx.encode({ ...tx, segwitFlag: false, witnesses: undefined });
  expect(await room.call("tx_weight")).toBe(3 * base.length + whole.length);
  expect(toHex((await room.bytes(32, "tx_txid")) as Uint8Array)).toBe(toHex(sha256(sha256(base))));
  expect(toHex((await room.bytes(32, "tx_wtxid")) as Uint8Array)).toBe(toHex(sha256(sha256(whole))));
}

async function decode(room: Room, tx: Uint8Array): Promise<number> {
  return room.call("tx_decode", await room.place(tx, AT), tx.length);
}

onEveryModuleEngine(
  "chain: decoding random transactions",
  ENTRY,
  async (module) => {
    const room = await Room.open(module);
    expect(await room.call("tx_inputs")).toBe(0);
    expect(await room.bytes(32, "tx_txid")).toBe(ERR_ARGUMENT);
    const property = fc.asyncProperty(transactions, fc.nat(), async (tx, cut) => {
      const encoded = RawTx.encode(tx as Raw);
      fc.pre(encoded.length <= ROOM_BYTES);
      expect(await decode(room, encoded)).toBe(0);
      await compare(room, tx as Raw);
      expect(await decode(room, Buffer.concat([encoded, Uint8Array.of(0)]))).toBe(ERR_LENGTH);
      expect(await room.call("tx_outputs")).toBe(0);
      expect(await room.call("tx_weight")).toBe(0);
      expect(await room.bytes(32, "tx_wtxid")).toBe(ERR_ARGUMENT);
      expect(await decode(room, encoded.slice(0, cut % encoded.length))).toBe(ERR_TRUNCATED);
    });
    await fc.assert(property, { numRuns: DECODE_RUNS[module.engine], seed: 6 });
  },
  TIMEOUT_MS,
);

onEveryModuleEngine("chain: transactions that are none", ENTRY, async (module) => {
  const room = await Room.open(module);
  const input = `${"11".repeat(36)}00ffffffff`;
  const output = "010000000000000001ac";
  const cases: [string, number][] = [
    [`0200000001${input}01${output}00000000`, 0],
    [`020000000001${`01${input}01${output}`}010100`.concat("00000000"), 0],
    [`02000000fd0100${input}01${output}00000000`, ERR_MINIMAL],
    [`02000000fe01000000${input}01${output}00000000`, ERR_MINIMAL],
    [`02000000ff0100000000000000${input}01${output}00000000`, ERR_MINIMAL],
    [`02000000ffffffffffffffffff${input}01${output}00000000`, ERR_TRUNCATED],
    [`0200000001${"11".repeat(36)}feffffffff01${output}00000000`, ERR_TRUNCATED],
    [`0200000001${input}0000000000`, ERR_VALUE],
    [`020000000000000000`, ERR_VALUE],
    [`020000000002${`01${input}01${output}`}010100`.concat("00000000"), ERR_VALUE],
    [`020000000001${`01${input}01${output}`}00`.concat("00000000"), ERR_VALUE],
    [`02000000000100${`01${output}`}00000000`, ERR_VALUE],
    ["", ERR_TRUNCATED],
  ];
  for (const [text, code] of cases) expect(await decode(room, hex(text)), text).toBe(code);
  expect(await room.call("tx_decode", room.base, -1)).toBe(ERR_TRUNCATED);
});

onEveryModuleEngine(
  "chain: mutated transactions are refused, or are what another decoder makes of them",
  ENTRY,
  async (module) => {
    const room = await Room.open(module);
    const vectors = readVectors<{ vectors: { commit_tx: string }[] }>("bolt03_commitment_static_remotekey").vectors;
    const seeds = vectors.slice(0, 4).map(({ commit_tx: tx }) => hex(tx));
    const codes = new Set<number>();
    let accepted = 0;
    const mutation = fc.record({
      seed: fc.nat(3),
      at: fc.nat(),
      byte: fc.nat(255),
      cut: fc.nat(),
    });
    const samples = fc.sample(mutation, { numRuns: DECODE_MUTATIONS[module.engine], seed: 7 });
    for (const { seed, at, byte, cut } of samples) {
      const tx = seeds[seed]?.slice() ?? new Uint8Array(0);
      // Most of the structure is near the counts and at the end.
      tx[at % 3 === 0 ? at % 60 : at % tx.length] = byte;
      const mutated = cut % 8 === 0 ? tx.slice(0, cut % tx.length) : tx;
      const code = await decode(room, mutated);
      codes.add(code);
      if (code === 0) {
        accepted++;
        const decoded = RawTx.decode(mutated);
        expect(toHex(RawTx.encode(decoded))).toBe(toHex(mutated));
        if (accepted % 50 === 1) await compare(room, decoded);
      } else {
        expect(await room.call("tx_inputs")).toBe(0);
      }
    }
    expect(accepted).toBeGreaterThan(samples.length / 4);
    for (const code of codes) expect([0, ERR_TRUNCATED, ERR_MINIMAL, ERR_LENGTH, ERR_VALUE]).toContain(code);
    expect(codes.size).toBeGreaterThanOrEqual(module.engine === "qemu" ? 2 : 4);
  },
  TIMEOUT_MS,
);
