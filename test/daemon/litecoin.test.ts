import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { FullNode, whereFullNodeRuns } from "../driver/full_node.js";
import { Machines, type Reply } from "./processes.js";

const machines = new Machines();
const cli = (name: string, verb: string, ...words: string[]): Promise<Reply> =>
  machines.ask("cli", name, verb, ...words);
const channels = async (name: string): Promise<Reply[]> => ((await cli(name, "listpeerchannels")) as Reply).channels;
const WAIT = { timeout: 20_000, interval: 100 };

describe("two nodes on a full node's chain", () => {
  whereFullNodeRuns(() => {
    let full: FullNode;
    beforeAll(async () => {
      full = await FullNode.start();
    });
    afterAll(async () => {
      await full?.stop();
    });

    const mine = async (blocks: number): Promise<void> => {
      await full.rpc.call("generatetodescriptor", blocks, "raw(51)");
    };
    const confirmations = async (txid: string): Promise<number> => {
      const best = await full.rpc.call<string>("getbestblockhash");
      const { tx } = await full.rpc.call<{ tx: string[] }>("getblock", best, 1);
      return tx.includes(txid) ? 1 : 0;
    };

    it("open, pay, restart, close by consent, and by force", { timeout: 120_000 }, async () => {
      const args = ["--chain", full.options.url, "--chain-cookie", full.options.cookieFile ?? ""];
      const network = [...args, "--network", "litecoin-regtest"];
      const refused = machines.start("node", "--dir", machines.path("x"), ...args, "--listen", "127.0.0.1:0");
      expect(await refused.exited).toBe(1);
      expect(refused.stderr).toMatch(/--network regtest: the chain is another one/);

      const a = await machines.node("a", ...network);
      let b = await machines.node("b", ...network);
      const { id, binding } = await cli("b", "getinfo");
      expect((await cli("b", "newaddr")).address).toMatch(/^rltc1q/);
      const open = async (): Promise<string> => {
        await cli("a", "connect", `${id as string}@${binding as string}`);
        const { txid } = await cli("a", "fundchannel", id as string, "500000");
        expect(await full.rpc.call<string[]>("getrawmempool")).toContain(txid);
        await mine(6);
        await expect.poll(async () => (await channels("a")).map(({ usable }: Reply) => usable), WAIT).toEqual([true]);
        await expect.poll(async () => (await channels("b")).map(({ usable }: Reply) => usable), WAIT).toEqual([true]);
        return txid as string;
      };
      const pay = async (label: string): Promise<void> => {
        const { bolt11 } = await cli("b", "invoice", "50000000", label, "on a chain");
        expect(bolt11).toMatch(/^lnrltc500u1/);
        expect(await cli("a", "pay", bolt11)).toMatchObject({ status: "complete" });
      };

      await open();
      await pay("one");
      await b.signal("SIGKILL");
      // Blocks that it has not seen: it finds its funding again and asks for what came after.
      await mine(3);
      b = await machines.node("b", ...network, "--listen", binding as string);
      await expect.poll(async () => (await channels("b"))[0]?.peer_connected, WAIT).toBe(true);
      await expect.poll(async () => (await channels("b"))[0].depth, WAIT).toBe(9);
      await pay("two");
      const closed = await cli("b", "close", "0");
      expect(closed.type).toBe("mutual");
      await expect.poll(() => full.rpc.call<string[]>("getrawmempool"), WAIT).toEqual([closed.txid]);
      await mine(1);
      expect(await confirmations(closed.txid as string)).toBe(1);
      for (const name of ["a", "b"]) await expect.poll(() => channels(name), WAIT).toEqual([]);

      await open();
      await pay("three");
      const forced = await cli("a", "close", "0", "--force");
      expect(forced.type).toBe("unilateral");
      // The peer hears of it and publishes its own commitment: the node takes whichever comes first.
      let spender = "";
      const look = async (): Promise<number> => {
        const waiting = await full.rpc.call<string[]>("getrawmempool");
        spender = waiting[0] ?? "";
        return waiting.length;
      };
      await expect.poll(look, WAIT).toBe(1);
      const candidates = `${a.stderr}${b.stderr}`.match(/(?<=transaction )[0-9a-f]{64}(?=: published)/g);
      expect(candidates).toContain(spender);
      await mine(1);
      expect(await confirmations(spender)).toBe(1);
      for (const service of [a, b]) await service.until(new RegExp(`spent by ${spender}`));
      for (const service of [a, b]) {
        expect(service.stderr).not.toMatch(/ error /);
        expect(await service.signal("SIGTERM")).toBe(0);
      }
    });
  });
});
