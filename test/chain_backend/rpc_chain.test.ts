import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type WatchListener, ChainError, txidText } from "../../host/chain/chain.js";
import { RpcChain } from "../../host/chain/rpc_chain.js";
import { decodeTransaction } from "../../host/decode/transaction.js";
import { p2wpkh, publicKey, secretOf } from "../chain/model.js";
import { FullNode, whereFullNodeRuns } from "../driver/full_node.js";
import { spendKey } from "./spends.js";

const script = (label: string): Uint8Array => p2wpkh(publicKey(secretOf(0, label)));

function notes(): WatchListener & { heard: string[] } {
  const heard: string[] = [];
  return {
    heard,
    depth: (depth, place) => heard.push(`depth ${depth}${place ? ` at ${place.height}:${place.index}` : ""}`),
    spent: (spend) =>
      heard.push(spend ? `spent by ${decodeTransaction(spend.tx).txid} at ${spend.place.height}` : "unspent"),
  };
}

describe("chain behind a full node", () => {
  whereFullNodeRuns(() => {
    let node: FullNode;
    let chain: RpcChain;
    beforeAll(async () => {
      node = await FullNode.start();
      chain = await RpcChain.connect(node.options);
    });
    afterAll(async () => {
      chain?.close();
      await node?.stop();
    });

    it("funds, broadcasts, watches, and follows a reorganisation", async () => {
      expect(chain.height()).toBe(1360);
      expect(txidText(chain.chainHash)).toBe(await node.rpc.call("getblockhash", 0));
      const before = await chain.balanceSat();
      const funding = await chain.fund(script("a"), 1_000_000n, 2500);
      const decoded = decodeTransaction(funding.tx);
      expect(decoded.txid).toBe(txidText(funding.txid));
      expect(decoded.outputs[funding.vout]).toEqual({ amount_sat: 1_000_000n, script: script("a") });
      expect(Number(funding.feeSat)).toBeGreaterThanOrEqual(Math.floor((decoded.weight * 2500) / 1000));
      expect(Number(funding.feeSat)).toBeLessThan(decoded.weight * 2.6);
      // Its coins are kept until they are released.
      expect(await chain.balanceSat()).toBeLessThan(before);
      await chain.release(funding.tx);
      expect(await chain.balanceSat()).toBe(before);

      const outpoint = { txid: funding.txid, index: funding.vout };
      const watcher = notes();
      chain.watch(outpoint, script("a"), watcher);
      const heights: number[] = [];
      chain.onBlock(({ height, hash, transactions }) => {
        heights.push(height);
        expect(hash).toHaveLength(32);
        expect(transactions.length).toBeGreaterThan(0);
      });
      expect(await chain.broadcast(funding.tx)).toBeUndefined();
      expect((await chain.broadcast(funding.tx))?.reason).toBe("known");
      await chain.mine(2);
      expect((await chain.broadcast(funding.tx))?.reason).toBe("known");
      const spending = spendKey(outpoint, secretOf(0, "a"), 1_000_000n, [{ script: script("b"), sat: 990_000n }]);
      const id = decodeTransaction(spending).txid;
      expect(await chain.broadcast(spending)).toBeUndefined();
      await chain.mine(1);
      const told = ["depth 1 at 1361:1", "depth 2 at 1361:1", "depth 3 at 1361:1", `spent by ${id} at 1363`];
      expect(watcher.heard.splice(0)).toEqual(told);
      expect(heights.splice(0)).toEqual([1361, 1362, 1363]);

      // Late watches: with the height to look from, without, and of an output that is unspent.
      const [late, never, unspent] = [notes(), notes(), notes()];
      chain.watch(outpoint, script("a"), late, 1361);
      chain.watch(outpoint, script("a"), never);
      chain.watch({ txid: funding.txid, index: 1 }, script("x"), unspent);
      await chain.poll();
      expect(late.heard.splice(0)).toEqual(["depth 3 at 1361:1", `spent by ${id} at 1363`]);
      expect(never.heard).toEqual([`spent by ${id} at 1363`]);
      expect(unspent.heard).toEqual(["depth 3 at 1361:1"]);

      // Three blocks become invalid; their transactions wait again and are in the first block of the other branch.
      await node.rpc.call("invalidateblock", await node.rpc.call("getblockhash", 1361));
      await chain.poll();
      expect(chain.height()).toBe(1360);
      expect(watcher.heard.splice(0)).toEqual(["unspent", "depth 0"]);
      await chain.mine(4);
      expect(heights.splice(0)).toEqual([1361, 1362, 1363, 1364]);
      const index = Number(watcher.heard[0]?.split(":")[1]);
      expect(watcher.heard.splice(0)).toEqual([
        `depth 1 at 1361:${index}`,
        `spent by ${id} at 1361`,
        ...[2, 3, 4].map((depth) => `depth ${depth} at 1361:${index}`),
      ]);
    });

    it("polls by the clock it is given, and goes on after a failure", async () => {
      let tick = (): void => undefined;
      let cancelled = 0;
      const clock = {
        every: (ms: number, action: () => void) => {
          expect(ms).toBe(500);
          tick = action;
          return { cancel: () => void cancelled++ };
        },
      };
      const problems: string[] = [];
      const polled = await RpcChain.connect({
        ...node.options,
        clock,
        pollMs: 500,
        chainHash: new Uint8Array(32).fill(7),
        onProblem: ({ message }) => problems.push(message),
      });
      expect(polled.chainHash).toEqual(new Uint8Array(32).fill(7));
      const seen = new Promise<number>((resolve) => polled.onBlock(({ height }) => resolve(height)));
      await chain.mine(1);
      tick();
      expect(await seen).toBe(chain.height());
      polled.close();
      expect(cancelled).toBe(1);
      tick();
      expect(problems).toEqual([]);
    });

    it("says what the node says", async () => {
      await expect(chain.fund(script("a"), 1n << 52n, 1000)).rejects.toThrow(/fundrawtransaction at 127.*Insufficient/);
      await expect(RpcChain.connect({ url: "http://127.0.0.1:1" })).rejects.toThrow(ChainError);
      const address = decodeTransaction((await chain.fund(await chain.newAddressScript(), 10_000n, 253)).tx);
      expect(Buffer.from(address.outputs[0]?.script ?? []).toString("hex")).toMatch(/^0014.{40}$/);
    });
  });
});
