import { expect, it } from "vitest";
import { type Outpoint, type RefusalReason } from "../../host/chain/chain.js";
import { p2wpkh, publicKey, secretOf } from "../chain/model.js";
import type { Bench } from "./contract.js";
import { spendKey } from "./spends.js";

// One transaction for each reason there is to refuse one; every backend must name the same.

const SAT = 100_000n;
const TIMEOUT_MS = 60_000;
const script = (label: string): Uint8Array => p2wpkh(publicKey(secretOf(0, label)));

const spend = (outpoint: Outpoint, feeSat: bigint, { key = "a", sequence = 0xffff_ffff, sat = SAT } = {}): Uint8Array =>
  spendKey(outpoint, secretOf(0, key), sat, [{ script: script("elsewhere"), sat: sat - feeSat }], { sequence });

type Make = (bench: Bench, coin: (sat?: bigint) => Promise<Outpoint>) => Promise<Uint8Array> | Uint8Array;

const accepted = async (bench: Bench, tx: Uint8Array): Promise<void> =>
  expect(await bench.chain.broadcast(tx)).toBeUndefined();

const CASES: [RefusalReason, string, Make][] = [
  ["malformed", "bytes that are no transaction", () => Uint8Array.of(1, 2, 3)],
  ["malformed", "bytes behind the end", async (_, coin) => Uint8Array.of(...spend(await coin(), 1000n), 0)],
  ["missing_inputs", "an output that does not exist", () => spend({ txid: secretOf(0, "nowhere"), index: 0 }, 1000n)],
  [
    "missing_inputs",
    "an output that is spent",
    async (bench, coin) => {
      const outpoint = await coin();
      await bench.confirm(spend(outpoint, 1000n));
      return spend(outpoint, 2000n);
    },
  ],
  ["overspends", "more than there is", async (_, coin) => spend(await coin(), -1n)],
  ["fee", "a fee below the least", async (_, coin) => spend(await coin(), 50n)],
  ["dust", "293 satoshi", async (_, coin) => spend(await coin(2000n), 1707n, { sat: 2000n })],
  ["script", "another key", async (_, coin) => spend(await coin(), 1000n, { key: "b" })],
  ["script", "another amount", async (_, coin) => spend(await coin(SAT + 1n), 1000n)],
  ["sequence", "an age that is to come", async (_, coin) => spend(await coin(), 1000n, { sequence: 2 })],
  [
    "lock_time",
    "a height that is to come",
    async (bench, coin) => {
      const outputs = [{ script: script("b"), sat: 99_000n }];
      const outpoint = await coin();
      return spendKey(outpoint, secretOf(0, "a"), SAT, outputs, { lockTime: bench.chain.height() + 1, sequence: 0 });
    },
  ],
  [
    "nonstandard",
    "a script that is not relayed",
    async (_, coin) => spendKey(await coin(), secretOf(0, "a"), SAT, [{ script: Uint8Array.of(0x51), sat: 99_000n }]),
  ],
  [
    "known",
    "one that waits",
    async (bench, coin) => {
      const tx = spend(await coin(), 1000n);
      await accepted(bench, tx);
      return tx;
    },
  ],
  ["known", "one that is in the chain", async (bench, coin) => bench.confirm(spend(await coin(), 1000n))],
  [
    "conflict",
    "a second spend, where the first does not allow it",
    async (bench, coin) => {
      const outpoint = await coin();
      await accepted(bench, spend(outpoint, 1000n));
      return spend(outpoint, 50_000n);
    },
  ],
  [
    "conflict",
    "a replacement that pays no more",
    async (bench, coin) => {
      const outpoint = await coin();
      await accepted(bench, spend(outpoint, 1000n, { sequence: 0 }));
      return spend(outpoint, 1050n, { sequence: 0 });
    },
  ],
];

/** The tests, for any backend. */
export function refusals(backend: () => Bench): void {
  for (const [reason, what, make] of CASES) {
    it(
      `refused as ${reason}: ${what}`,
      async () => {
        const bench = backend();
        await bench.refused(await make(bench, (sat = SAT) => bench.coin(script("a"), sat)), reason);
        // What waits is not to be in the way of the next test.
        await bench.chain.mine(1);
      },
      TIMEOUT_MS,
    );
  }

  it(
    "dust is less than 294 satoshi for a key, 330 for a script, and OP_RETURN may have nothing",
    async () => {
      const bench = backend();
      const wide = Buffer.concat([Buffer.from("0020", "hex"), secretOf(0, "script")]);
      const note = Buffer.concat([Buffer.from("6a20", "hex"), secretOf(0, "note")]);
      for (const [output, least] of [
        [script("b"), 294n],
        [wide, 330n],
        [note, 0n],
      ] as const) {
        const outpoint = await bench.coin(script("a"), SAT);
        const pay = (sat: bigint): Uint8Array =>
          spendKey(outpoint, secretOf(0, "a"), SAT, [
            { script: output, sat },
            { script: script("c"), sat: 90_000n },
          ]);
        if (least > 0n) await bench.refused(pay(least - 1n), "dust");
        await bench.confirm(pay(least));
      }
    },
    TIMEOUT_MS,
  );

  it(
    "a replacement that pays for both takes the place of the first",
    async () => {
      const bench = backend();
      const outpoint = await bench.coin(script("a"), SAT);
      const first = spend(outpoint, 1000n, { sequence: 0 });
      await accepted(bench, first);
      await bench.confirm(spend(outpoint, 2000n, { sequence: 0 }));
      await bench.refused(first, "missing_inputs");
    },
    TIMEOUT_MS,
  );
}
