import fc from "fast-check";
import { expect } from "vitest";
import { onEveryModuleEngine } from "../driver/modules.js";
import { hex, toHex } from "../driver/vectors.js";
import { CLOSING_RUNS } from "../long/counts.js";
import { execute } from "./interpreter.js";
import { ALL, funding, item, publicKey, p2wsh, sideSecrets, sign, transaction, withWitness } from "./model.js";
import {
  type Closing,
  ENTRY,
  ERR_ARGUMENT,
  ERR_CAPACITY,
  ERR_MISSING,
  ERR_OVERFLOW,
  ERR_SIGNATURE,
  ERR_STATE,
  ERR_VALUE,
  KEYS_A,
  Room,
  TIMEOUT_MS,
} from "./records.js";
import { modelOf, type Scenario } from "./scenario.js";

const SIGNED = 0;
const COMPLETE = 1;

/** What a shutdown may pay to, from the text of BOLT 2, as patterns of hexadecimal. */
const WITNESS_V0 = /^(0014(..){20}|0020(..){32})$/;
const ANY_SEGWIT = Array.from({ length: 39 }, (_, i) => i + 2).map(
  (length) => new RegExp(`^(5[1-9a-f]|60)${length.toString(16).padStart(2, "0")}(..){${length}}$`),
);
const OP_RETURN = [
  ...Array.from({ length: 70 }, (_, i) => i + 6).map(
    (length) => new RegExp(`^6a${length.toString(16).padStart(2, "0")}(..){${length}}$`),
  ),
  ...[76, 77, 78, 79, 80].map((length) => new RegExp(`^6a4c${length.toString(16)}(..){${length}}$`)),
];

function isForm(script: Uint8Array, forms: number): boolean {
  const text = toHex(script);
  return (
    WITNESS_V0.test(text) ||
    ((forms & 1) !== 0 && ANY_SEGWIT.some((form) => form.test(text))) ||
    ((forms & 2) !== 0 && OP_RETURN.some((form) => form.test(text)))
  );
}

const filled = (head: string, length: number): Uint8Array => Buffer.concat([hex(head), Buffer.alloc(length, 0x5a)]);

onEveryModuleEngine("chain: forms of shutdown scripts", ENTRY, async (module) => {
  const room = await Room.open(module);
  const heads = ["", "00", "0014", "0020", "5114", "5120", "5102", "5101", "6028", "6029", "6114", "4f14"];
  heads.push(
    "6a",
    "6a05",
    "6a06",
    "6a4b",
    "6a4c",
    "6a4c4b",
    "6a4c4c",
    "6a4c50",
    "6a4c51",
    "6a4d4c00",
    "76a914",
    "a914",
  );
  const lengths = [0, 1, 2, 5, 6, 19, 20, 21, 31, 32, 33, 39, 40, 41, 74, 75, 76, 77, 80, 81];
  const checks: Promise<void>[] = [];
  for (const head of heads) {
    for (const length of lengths) {
      const script = filled(head, length);
      checks.push(
        room.place(script).then(async (at) => {
          const forms = module.engine === "qemu" ? [0, 3] : [0, 1, 2, 3];
          for (const form of forms) {
            const expected = isForm(script, form) ? 0 : ERR_VALUE;
            expect(await room.call("shutdown_script_check", at, script.length, form), `${head} ${length}`).toBe(
              expected,
            );
          }
        }),
      );
      await checks.at(-1);
    }
  }
});

interface RandomClosing {
  seed: number;
  kind: number;
  payer: number;
  locktime: number;
  omitted: number;
  balances: [bigint, bigint];
  fee: bigint;
  dust: bigint;
  scripts: [Uint8Array, Uint8Array];
}

const script = (): fc.Arbitrary<Uint8Array> =>
  fc
    .tuple(
      fc.oneof(
        {
          arbitrary: fc.constantFrom<[string, number]>(["0014", 20], ["0020", 32], ["5120", 32], ["6028", 40]),
          weight: 4,
        },
        {
          arbitrary: fc.constantFrom<[string, number]>(["6a06", 6], ["6a4b", 75], ["6a4c50", 80], ["76a914", 22]),
          weight: 1,
        },
      ),
      fc.nat(1),
    )
    .map(([[head, length], last]) => Buffer.concat([filled(head, length - 1), Uint8Array.of(last)]));

const balance = (): fc.Arbitrary<bigint> => fc.oneof(fc.bigInt(0n, 3_000_000n), fc.bigInt(0n, 10_000_000_000n));

const closings: fc.Arbitrary<RandomClosing> = fc.record({
  seed: fc.nat(),
  kind: fc.nat(1),
  payer: fc.nat(1),
  locktime: fc.constantFrom(0, 0, 0, 800_000),
  omitted: fc.constantFrom(0, 0, 1, 2),
  balances: fc.tuple(balance(), balance()),
  fee: fc.bigInt(0n, 2000n),
  dust: fc.constantFrom(0n, 354n, 1000n),
  scripts: fc.tuple(script(), script()),
});

const someScenario = (seed: number): Scenario => ({
  seed,
  flags: 0,
  opener: 0,
  owner: 0,
  feeratePerKw: 0,
  dust: [354n, 354n],
  delays: [144, 144],
  number: 0n,
  balances: [1_000_000n, 0n],
  fundingOutput: 1,
  htlcs: [],
});

/** The code, or the outputs in their order, by BOLT 3. */
function expectedOutputs(closing: Closing): number | { sat: bigint; script: Uint8Array }[] {
  const forms = closing.kind === COMPLETE ? 3 : 1;
  if (closing.kind === SIGNED && closing.locktime !== 0) return ERR_ARGUMENT;
  const outputs: { sat: bigint; script: Uint8Array }[] = [];
  for (const side of [0, 1] as const) {
    const to = closing.scripts[side];
    if (!isForm(to, forms)) return ERR_VALUE;
    const sat = closing.balancesMsat[side] / 1000n - (closing.payer === side ? closing.feeSat : 0n);
    if (sat < 0n) return ERR_VALUE;
    const data = to[0] === 0x6a;
    const omitted = ((closing.omitted >> side) & 1) !== 0;
    if (!omitted && (data || (sat > 0n && sat >= closing.dustLimitSat)))
      outputs.push({ sat: data ? 0n : sat, script: to });
  }
  if (outputs.length === 0) return ERR_MISSING;
  return outputs.sort((a, b) => Number(a.sat - b.sat) || Buffer.compare(a.script, b.script));
}

onEveryModuleEngine(
  "chain: closing transactions against a model, executed",
  ENTRY,
  async (module) => {
    const room = await Room.open(module);
    let made = 0;
    const property = fc.asyncProperty(closings, async (random) => {
      const { channel } = modelOf(someScenario(random.seed));
      const secrets = [sideSecrets(random.seed, 0), sideSecrets(random.seed, 1)] as const;
      await room.importKeys(KEYS_A, secrets[0]);
      const total = ((random.balances[0] + random.balances[1]) / 1000n + 1n) * 1000n;
      const balancesMsat = [total - random.balances[1], random.balances[1]] as const;
      const closing: Closing = { ...random, balancesMsat, feeSat: random.fee, dustLimitSat: random.dust };
      const own = { ...channel, fundingSat: total / 1000n };
      const expected = expectedOutputs(closing);
      const code = await room.buildClosing(own, closing);
      if (typeof expected === "number") {
        expect(code).toBe(expected);
        return;
      }
      expect(code).toBe(expected.length);
      made++;
      const sequence = random.kind === SIGNED ? 0xffff_ffff : 0xffff_fffd;
      const outpoint = { txid: own.fundingTxid, index: own.fundingOutput };
      const tx = transaction(outpoint, sequence, random.locktime, expected);
      expect(toHex(await room.unsignedTx())).toBe(toHex(tx.toBytes(true, false)));

      const keys = secrets.map(([key]) => key ?? new Uint8Array(0));
      const [holder, counterparty] = keys.map(publicKey) as [Uint8Array, Uint8Array];
      const witnessScript = funding(holder, counterparty);
      const digest = tx.preimageWitnessV0(0, witnessScript, ALL, own.fundingSat);
      const [first, second] = keys.map((key) => sign(digest, key)) as [Uint8Array, Uint8Array];
      expect(toHex((await room.bytes(64, "funding_sign")) as Uint8Array)).toBe(toHex(first));
      expect(await room.call("funding_check", await room.place(second))).toBe(0);
      expect(await room.call("funding_check", await room.place(first))).toBe(ERR_SIGNATURE);
      const signatures = [item(first, ALL), item(second, ALL)];
      if (Buffer.compare(holder, counterparty) > 0) signatures.reverse();
      const signed = withWitness(tx, [new Uint8Array(0), ...signatures, witnessScript]);
      const written = await room.fundingSigned(second);
      expect(typeof written === "number" ? written : toHex(written)).toBe(toHex(signed));
      expect(await room.fundingSigned(second, signed.length - 1)).toBe(ERR_CAPACITY);
      expect(execute(signed, p2wsh(witnessScript), own.fundingSat)).toBe("");
      // No commitment stands any more.
      expect(await room.sign()).toBe(ERR_STATE);
    });
    const runs = CLOSING_RUNS[module.engine];
    await fc.assert(property, { numRuns: runs, seed: 5 });
    expect(made).toBeGreaterThan(runs / 4);

    const { channel } = modelOf(someScenario(1));
    const closing: Closing = {
      balancesMsat: [channel.fundingSat * 1000n, 0n],
      feeSat: 1n,
      dustLimitSat: 1n,
      payer: 0,
      kind: SIGNED,
      locktime: 0,
      omitted: 0,
      scripts: [filled("0014", 20), filled("0020", 32)],
    };
    expect(await room.buildClosing(channel, closing)).toBe(1);
    const stands = await room.unsignedTx();
    for (const [change, code] of [
      [{ payer: 2 }, ERR_ARGUMENT],
      [{ kind: 2 }, ERR_ARGUMENT],
      [{ locktime: 1 }, ERR_ARGUMENT],
      [{ balancesMsat: [channel.fundingSat * 1000n, 1n] }, ERR_VALUE],
      [{ balancesMsat: [(1n << 64n) - 1n, 1n] }, ERR_OVERFLOW],
      [{ feeSat: channel.fundingSat + 1n }, ERR_VALUE],
      [{ scripts: [filled("0014", 20), filled("6a06", 6)] }, ERR_VALUE],
      [{ omitted: 1 }, ERR_MISSING],
    ] as [Partial<Closing>, number][]) {
      expect(await room.buildClosing(channel, { ...closing, ...change }), JSON.stringify(Object.keys(change))).toBe(
        code,
      );
      expect(await room.unsignedTx()).toEqual(stands);
    }
  },
  TIMEOUT_MS,
);
