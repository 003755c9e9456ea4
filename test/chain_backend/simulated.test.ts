import { describe, expect, it } from "vitest";
import { GENESIS_HEADER, merkleRoot } from "../../host/chain/blocks.js";
import {
  type Outpoint,
  REGTEST_CHAIN_HASH,
  type WatchListener,
  outpointBytes,
  outpointOf,
  sha256d,
  txidFromText,
  txidText,
} from "../../host/chain/chain.js";
import { SimulatedChain } from "../../host/chain/simulated_chain.js";
import { decodeTransaction } from "../../host/decode/transaction.js";
import { p2wpkh, publicKey, secretOf } from "../chain/model.js";
import { idOf, spendKey } from "./spends.js";

const SEED = "chain";
const script = (label: string): Uint8Array => p2wpkh(publicKey(secretOf(0, label)));

/** Notes all that a watch is told. */
function notes(): WatchListener & { heard: string[] } {
  const heard: string[] = [];
  return {
    heard,
    depth: (depth, place) => heard.push(`depth ${depth}${place ? ` at ${place.height}:${place.index}` : ""}`),
    spent: (spend) => heard.push(spend ? `spent at ${spend.place.height}:${spend.place.index}` : "unspent"),
  };
}

/** A coin of the wallet's, paid to a key of ours and confirmed. */
function coin(chain: SimulatedChain, label: string, sat = 100_000n): Outpoint {
  const funding = chain.fundNow(script(label), sat, 1000);
  expect(chain.submit(funding.tx)).toBeUndefined();
  chain.mineNow(1);
  return { txid: funding.txid, index: funding.vout };
}

const spend = (outpoint: Outpoint, label: string, sat: bigint, feeSat: bigint, sequence = 0xffff_ffff): Uint8Array =>
  spendKey(outpoint, secretOf(0, label), sat, [{ script: script("elsewhere"), sat: sat - feeSat }], { sequence });

describe("simulated chain: blocks", () => {
  it("begins with regtest's genesis block", () => {
    const chain = new SimulatedChain({ seed: SEED });
    expect(sha256d(GENESIS_HEADER)).toEqual(REGTEST_CHAIN_HASH);
    expect(chain.block(0)?.hash).toEqual(chain.chainHash);
    expect(chain.height()).toBe(1);
  });

  it("links its blocks, with true merkle roots and proofs of work", () => {
    const chain = new SimulatedChain({ seed: SEED });
    for (let i = 0; i < 3; i++) coin(chain, `${i}`);
    chain.mineNow(5);
    for (let height = 1; height <= chain.height(); height++) {
      const block = chain.block(height);
      if (block === undefined) throw new Error(`no block ${height}`);
      expect(block.header.slice(4, 36)).toEqual(chain.block(height - 1)?.hash);
      expect(sha256d(block.header)).toEqual(block.hash);
      expect(block.hash[31]).toBeLessThan(0x80);
      const txids = block.transactions.map((tx) => txidFromText(decodeTransaction(tx).txid));
      expect(block.header.slice(36, 68)).toEqual(merkleRoot(txids));
    }
    expect(chain.height()).toBe(9);
    expect(chain.block(2)?.transactions).toHaveLength(2);
    expect(chain.block(10)).toBeUndefined();
  });

  it("has the merkle root of block 100,000 of Bitcoin", () => {
    const ids = [
      "8c14f0db3df150123e6f3dbbf30f8b955a8249b62ac1d1ff16284aefa3d06d87",
      "fff2525b8931402dd09222c50775608f75787bd2b87e56995a7bdd30f79702c4",
      "6359f0868171b1d194cbee1af2f16ea598ae8fad666d9b012c8ed2b79a236ec4",
      "e9a66845e05d5abc0ad04ec80f774a7e585c6e8db975962d069a522137b80c1d",
    ].map(txidFromText);
    expect(txidText(merkleRoot(ids))).toBe("f3e94742aca4b5ef85488dc37c06c3282295ffec960994b2c0d5ac2a25a95766");
  });

  it("writes outpoints as transactions do", () => {
    const outpoint = { txid: secretOf(0, "id"), index: 0x0102_0304 };
    expect([...outpointBytes(outpoint).slice(32)]).toEqual([4, 3, 2, 1]);
    expect(outpointOf(outpointBytes(outpoint))).toEqual(outpoint);
  });
});

describe("simulated chain: the wallet", () => {
  it("pays what was asked for at the feerate that was asked for", () => {
    const chain = new SimulatedChain({ seed: SEED });
    const funding = chain.fundNow(script("a"), 2_500_000_000n, 5000);
    const tx = decodeTransaction(funding.tx);
    expect(tx.txid).toBe(txidText(funding.txid));
    expect(tx.inputs).toHaveLength(3);
    expect(tx.outputs[funding.vout]).toEqual({ amount_sat: 2_500_000_000n, script: script("a") });
    const least = Math.ceil((tx.weight * 5000) / 1000);
    expect(Number(funding.feeSat)).toBeGreaterThanOrEqual(least);
    expect(Number(funding.feeSat)).toBeLessThan(least * 1.02);
  });

  it("does not use a coin twice, unless it is released", async () => {
    const chain = new SimulatedChain({ seed: SEED });
    const first = chain.fundNow(script("a"), 1_000_000n, 253);
    const second = chain.fundNow(script("a"), 1_000_000n, 253);
    const inputs = [first, second].map(({ tx }) => decodeTransaction(tx).inputs[0]?.output_index);
    expect(inputs[0]).not.toBe(inputs[1]);
    await chain.release(first.tx);
    const third = chain.fundNow(script("a"), 1_000_000n, 253);
    expect(decodeTransaction(third.tx).inputs[0]?.output_index).toBe(inputs[0]);
  });

  it("says so when it has not enough", async () => {
    const chain = new SimulatedChain({ seed: SEED });
    const all = await chain.balanceSat();
    expect(() => chain.fundNow(script("a"), all, 253)).toThrow(/more than the simulated wallet has/);
  });

  it("gets the fees: the supply stays", () => {
    const chain = new SimulatedChain({ seed: SEED });
    const supply = chain.supplySat();
    const outpoint = coin(chain, "a");
    expect(chain.submit(spend(outpoint, "a", 100_000n, 5000n))).toBeUndefined();
    chain.mineNow(3);
    expect(chain.supplySat()).toBe(supply);
  });
});

describe("simulated chain: lock times", () => {
  it("takes at the last moment what was too early before", () => {
    const chain = new SimulatedChain({ seed: SEED });
    const outpoint = coin(chain, "a");
    const relative = spend(outpoint, "a", 100_000n, 1000n, 3);
    const absolute = spendKey(outpoint, secretOf(0, "a"), 100_000n, [{ script: script("b"), sat: 99_000n }], {
      lockTime: 4,
      sequence: 0,
    });
    // The coin is in block 2. Block 5 is the first with room for both.
    expect(chain.submit(relative)?.reason).toBe("sequence");
    expect(chain.submit(absolute)?.reason).toBe("lock_time");
    chain.mineNow(1);
    expect(chain.submit(relative)?.reason).toBe("sequence");
    expect(chain.submit(absolute)?.reason).toBe("lock_time");
    chain.mineNow(1);
    expect(chain.submit(relative)).toBeUndefined();
    expect(chain.submit(absolute)?.reason).toBe("conflict");
  });
});

describe("simulated chain: transactions that wait", () => {
  it("replaces one that allows it by one that pays more, with all that depends on it", () => {
    const chain = new SimulatedChain({ seed: SEED });
    const outpoint = coin(chain, "a");
    const first = spendKey(outpoint, secretOf(0, "a"), 100_000n, [{ script: script("b"), sat: 99_000n }], {
      sequence: 0,
    });
    const child = spendKey({ txid: idOf(first), index: 0 }, secretOf(0, "b"), 99_000n, [
      { script: script("c"), sat: 90_000n },
    ]);
    expect(chain.submit(first)).toBeUndefined();
    expect(chain.submit(child)).toBeUndefined();
    // More than the first, but not more than both.
    expect(chain.submit(spend(outpoint, "a", 100_000n, 9000n))?.reason).toBe("conflict");
    const second = spend(outpoint, "a", 100_000n, 10_200n);
    expect(chain.submit(second)).toBeUndefined();
    expect(chain.waiting()).toEqual([second]);
    chain.mineNow(1);
    expect(chain.block(chain.height())?.transactions[1]).toEqual(second);
  });

  it("one block has parent and child, in this order", () => {
    const chain = new SimulatedChain({ seed: SEED });
    const first = spend(coin(chain, "elsewhere"), "elsewhere", 100_000n, 1000n);
    const second = spend({ txid: idOf(first), index: 0 }, "elsewhere", 99_000n, 1000n);
    expect(chain.submit(second)?.reason).toBe("missing_inputs");
    expect(chain.submit(first)).toBeUndefined();
    expect(chain.submit(second)).toBeUndefined();
    chain.mineNow(1);
    expect(chain.block(chain.height())?.transactions.slice(1)).toEqual([first, second]);
  });
});

describe("simulated chain: watches", () => {
  it("tells every confirmation, and what spends the output", () => {
    const chain = new SimulatedChain({ seed: SEED });
    const funding = chain.fundNow(script("a"), 100_000n, 1000);
    const watcher = notes();
    chain.watch({ txid: funding.txid, index: 0 }, script("a"), watcher);
    chain.mineNow(1);
    expect(watcher.heard).toEqual([]);
    chain.submit(funding.tx);
    chain.mineNow(2);
    chain.submit(spend({ txid: funding.txid, index: 0 }, "a", 100_000n, 1000n));
    chain.mineNow(1);
    expect(watcher.heard).toEqual(["depth 1 at 3:1", "depth 2 at 3:1", "depth 3 at 3:1", "spent at 5:1"]);
  });

  it("looks into old blocks if it is told how far, and says nothing once it is cancelled", () => {
    const chain = new SimulatedChain({ seed: SEED });
    const outpoint = coin(chain, "a");
    chain.submit(spend(outpoint, "a", 100_000n, 1000n));
    chain.mineNow(2);
    const [old, recent] = [notes(), notes()];
    const subscription = chain.watch(outpoint, script("a"), old, 2);
    chain.watch(outpoint, script("a"), recent, 4);
    expect(old.heard).toEqual(["depth 3 at 2:1", "spent at 3:1"]);
    subscription.cancel();
    chain.mineNow(1);
    expect(old.heard).toHaveLength(2);
    expect(recent.heard).toEqual([]);
  });

  it("delivers in order, even when a listener broadcasts and mines", () => {
    const chain = new SimulatedChain({ seed: SEED });
    const outpoint = coin(chain, "a");
    const heard: string[] = [];
    chain.onBlock(({ height }) => {
      heard.push(`one: ${height}`);
      if (height !== 3) return;
      chain.submit(spend(outpoint, "a", 100_000n, 1000n));
      chain.mineNow(1);
      expect(chain.height()).toBe(3);
    });
    chain.onBlock(({ height }) => heard.push(`two: ${height}`));
    chain.mineNow(2);
    expect(heard).toEqual(["one: 3", "two: 3", "one: 4", "two: 4", "one: 5", "two: 5"]);
    expect(chain.block(4)?.transactions).toHaveLength(2);
    expect(chain.block(5)?.transactions).toHaveLength(1);
  });

  for (const kind of ["mined", "waiting", "forgotten"] as const) {
    it(`tells of a reorganisation: transactions ${kind}`, () => {
      const chain = new SimulatedChain({ seed: SEED });
      chain.mineNow(1);
      const supply = chain.supplySat();
      const watcher = notes();
      const outpoint = coin(chain, "a");
      chain.watch(outpoint, script("a"), watcher, 1);
      const spending = spend(outpoint, "a", 100_000n, 1000n);
      chain.submit(spending);
      chain.mineNow(1);
      const tip = chain.tip();
      watcher.heard.length = 0;
      chain.reorganise(2, kind);
      expect(chain.height()).toBe(5);
      expect(chain.tip()).not.toBe(tip);
      const gone = ["unspent", "depth 0"];
      const again = ["depth 1 at 3:1", "spent at 3:2", "depth 2 at 3:1", "depth 3 at 3:1"];
      expect(watcher.heard).toEqual(kind === "mined" ? [...gone, ...again] : gone);
      expect(chain.waiting()).toHaveLength(kind === "waiting" ? 2 : 0);
      expect(chain.submit(spending)?.reason).toBe(kind === "forgotten" ? "missing_inputs" : "known");
      chain.mineNow(1);
      if (kind === "waiting") expect(watcher.heard.slice(2)).toEqual(["depth 1 at 6:1", "spent at 6:2"]);
      expect(chain.supplySat()).toBe(supply);
    });
  }
});

describe("simulated chain: its state", () => {
  it("is the same for the same calls, and goes on from a file", async () => {
    const run = (chain: SimulatedChain): SimulatedChain => {
      const outpoint = coin(chain, "a");
      chain.submit(spend(outpoint, "a", 100_000n, 1000n));
      chain.reorganise(1, "waiting");
      chain.fundNow(script("b"), 5000n, 253);
      return chain;
    };
    const [one, two] = [new SimulatedChain({ seed: SEED }), new SimulatedChain({ seed: SEED })].map(run);
    if (one === undefined || two === undefined) throw new Error("two chains");
    expect(one.save()).toBe(two.save());
    expect(run(new SimulatedChain({ seed: "other" })).tip()).not.toBe(one.tip());
    const loaded = SimulatedChain.load(one.save());
    expect(loaded.save()).toBe(one.save());
    expect(await loaded.balanceSat()).toBe(await one.balanceSat());
    for (const chain of [one, loaded]) run(chain).mineNow(1);
    expect(loaded.save()).toBe(one.save());
    expect(loaded.waiting()).toHaveLength(0);
  });

  it("refuses a file that is none", () => {
    const text = new SimulatedChain({ seed: SEED }).save();
    expect(() => SimulatedChain.load("{}")).toThrow(/format/);
    expect(() => SimulatedChain.load(text.slice(0, -5))).toThrow(/no simulated chain/);
    expect(() => SimulatedChain.load(text.replace(/"tip":"..../, '"tip":"0000'))).toThrow(/newest/);
  });
});
