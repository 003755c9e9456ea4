import { readdirSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { txidText } from "../../host/chain/chain.js";
import { SYSTEM_CLOCK } from "../../host/daemon/clock.js";
import { RemoteChain } from "../../host/daemon/remote_chain.js";
import { decodeTransaction } from "../../host/decode/transaction.js";
import { Machines } from "./processes.js";

const machines = new Machines();
/** P2WSH of some hash. */
const SCRIPT = Uint8Array.from([0, 32, ...new Array<number>(32).fill(7)]);

const connect = (troubles: string[] = []): Promise<RemoteChain> =>
  RemoteChain.connect(machines.path("chain/control.sock"), SYSTEM_CLOCK, (message) => troubles.push(message));

describe("tieline chain", () => {
  it("serves one chain to several: blocks, watched outputs, the wallet; and has it again after SIGKILL", async () => {
    let service = await machines.chain();
    const troubles: string[] = [];
    const [a, b] = [await connect(troubles), await connect()];
    expect([a.height(), b.height(), await a.balanceSat()]).toEqual([1, 1, 200_000_000_000n]);

    const heard: string[] = [];
    a.onBlock(({ height }) => heard.push(`block ${height}`));
    const funding = await b.fund(SCRIPT, 50_000n, 300);
    const { outputs, txid } = decodeTransaction(funding.tx);
    expect(outputs[funding.vout]).toEqual({ amount_sat: 50_000n, script: SCRIPT });
    expect(txid).toBe(txidText(funding.txid));
    a.watch({ txid: funding.txid, index: funding.vout }, SCRIPT, {
      depth: (depth, place) => heard.push(`depth ${depth} in ${place?.height}:${place?.index}`),
      spent: () => heard.push("spent"),
    });
    expect(await b.broadcast(funding.tx)).toBeUndefined();
    expect(await b.broadcast(funding.tx)).toMatchObject({ reason: "known" });
    expect(await a.broadcast(funding.tx.subarray(1))).toMatchObject({ reason: "malformed" });
    expect((await machines.ask("chain", "chain", "getinfo")).waiting).toEqual([txid]);
    await a.mine(2);
    const first = ["block 2", "depth 1 in 2:1", "block 3", "depth 2 in 2:1"];
    await expect.poll(() => heard).toEqual(first);
    await expect.poll(() => b.height()).toBe(3);

    // What it was told is in its file: a killed process is no end of the chain.
    await service.signal("SIGKILL");
    await expect(a.balanceSat()).rejects.toThrow("getinfo:");
    await expect.poll(() => troubles).toHaveLength(1);
    service = await machines.chain();
    await machines.ask("chain", "chain", "mine", "1");
    await expect.poll(() => heard, { timeout: 10_000 }).toEqual([...first, "block 4", "depth 3 in 2:1"]);

    // One who comes late hears at once what he has missed.
    const late: number[] = [];
    const c = await connect();
    c.watch(
      { txid: funding.txid, index: funding.vout },
      SCRIPT,
      {
        depth: (depth) => late.push(depth),
        spent: () => undefined,
      },
      0,
    );
    expect(late).toEqual([3]);
    for (const chain of [a, b, c]) chain.close();

    expect(await machines.ask("chain", "chain", "stop")).toEqual({});
    expect(await service.exited).toBe(0);
    expect(readdirSync(machines.path("chain")).sort()).toEqual(["chain.json", "log"]);
  });

  it("says what is wrong with a request, and that nobody is there", async () => {
    const service = await machines.chain("other");
    expect(await machines.refusal("chain", "other", "getblock", "99")).toMatchObject({ exit: 1, code: 3 });
    expect(await machines.refusal("chain", "other", "mine", "0")).toMatchObject({ exit: 1, data: { field: "blocks" } });
    expect(await machines.refusal("chain", "other", "fund", "00zz", "1", "300")).toMatchObject({
      data: { field: "script", place: "character 3" },
    });
    expect(await machines.refusal("chain", "other", "dig")).toMatchObject({ exit: 2, data: { field: "method" } });
    const second = machines.start("chain", "--dir", machines.path("other"));
    expect(await second.exited).toBe(1);
    expect(second.stderr).toMatch(/other: process \d+ has it \(pid\)/);
    expect(await service.signal("SIGTERM")).toBe(0);
    expect(await machines.refusal("chain", "other", "mine")).toMatchObject({
      exit: 2,
      message: `nobody listens at ${machines.path("other/control.sock")} (ENOENT)`,
    });
    await expect(
      RemoteChain.connect(machines.path("other/control.sock"), SYSTEM_CLOCK, () => undefined),
    ).rejects.toThrow("start it with tieline chain");
  });
});
