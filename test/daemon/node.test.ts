import { readFileSync, statSync, writeFileSync } from "node:fs";
import { createConnection } from "node:net";
import { beforeAll, describe, expect, it } from "vitest";
import { wasm3Missing } from "../../host/engine/index.js";
import { Machines, type Reply, type Service } from "./processes.js";

const machines = new Machines();
const cli = (name: string, verb: string, ...words: string[]): Promise<Reply> =>
  machines.ask("cli", name, verb, ...words);
const refusal = (name: string, ...words: string[]): Promise<Reply> => machines.refusal("cli", name, ...words);
const mine = (blocks: number): Promise<Reply> => machines.ask("chain", "chain", "mine", String(blocks));
const channels = async (name: string): Promise<Reply[]> => ((await cli(name, "listpeerchannels")) as Reply).channels;
const usable = async (name: string): Promise<boolean[]> =>
  (await channels(name)).map((channel: Reply) => channel.usable && channel.peer_connected);
const WAIT = { timeout: 15_000, interval: 100 };

/** A node that was started and can be started again where its peers look for it. */
interface Running {
  service: Service;
  readonly id: string;
  readonly address: string;
  again(): Promise<void>;
}

async function start(name: string, ...args: string[]): Promise<Running> {
  const service = await machines.node(name, ...args);
  const { id, binding } = await cli(name, "getinfo");
  const running: Running = {
    service,
    id: id as string,
    address: binding as string,
    async again() {
      this.service = await machines.node(name, ...args, "--listen", this.address);
    },
  };
  return running;
}

/** Opens a channel that both sides can use. Returns its short_channel_id. */
async function open(from: string, to: Running, amount: string, ...options: string[]): Promise<string> {
  const before = (await channels(from)).length;
  await cli(from, "connect", `${to.id}@${to.address}`);
  const { txid, channel_id } = await cli(from, "fundchannel", to.id, amount, ...options);
  expect((await machines.ask("chain", "chain", "getinfo")).waiting).toContain(txid);
  await mine(6);
  await expect.poll(() => usable(from), WAIT).toEqual(new Array(before + 1).fill(true));
  const find = async (): Promise<Reply> =>
    (await channels(from)).find((each: Reply) => each.channel_id === channel_id) as Reply;
  await expect.poll(async () => (await find()).depth as number, WAIT).toBe(6);
  const channel = await find();
  expect(channel).toMatchObject({ funding_txid: txid, opener: "local", state: "normal" });
  return channel.short_channel_id as string;
}

let chain: Service;
beforeAll(async () => {
  chain = await machines.chain();
});

describe("two nodes over TCP", () => {
  it("connect, open, pay both ways, are killed and restarted, pay again, close", { timeout: 120_000 }, async () => {
    const a = await start("a", "--engine", "v8", "--alias", "Anna");
    const b = await start("b", ...(wasm3Missing() === undefined ? ["--engine", "wasm3"] : []));
    expect(await cli("a", "getinfo")).toMatchObject({ id: a.id, alias: "Anna", network: "regtest", blockheight: 1 });
    expect(statSync(machines.path("a/root_secret")).mode & 0o777).toBe(0o600);

    await open("a", b, "1000000sat", "--push_msat", "200000000");
    expect((await channels("a"))[0]).toMatchObject({ to_us_msat: "800000000", total_msat: "1000000000" });
    expect((await channels("b"))[0]).toMatchObject({ to_us_msat: "200000000", opener: "remote", peer_id: a.id });

    // BOLT 11 both ways: the preimage hashes to what the invoice names, and a second time nothing is paid.
    const invoice = await cli("b", "invoice", "10000000", "coffee", "a cup of coffee");
    expect(await cli("a", "decodepay", invoice.bolt11)).toMatchObject({
      payee: b.id,
      amount_msat: "10000000",
      description: "a cup of coffee",
      payment_hash: invoice.payment_hash,
    });
    const paid = await cli("a", "pay", invoice.bolt11);
    expect(paid).toMatchObject({ status: "complete", destination: b.id, amount_sent_msat: "10000000" });
    const digest = await crypto.subtle.digest("SHA-256", Buffer.from(paid.payment_preimage as string, "hex"));
    expect(Buffer.from(digest).toString("hex")).toBe(invoice.payment_hash);
    expect(await cli("a", "pay", invoice.bolt11)).toEqual(paid);
    expect((await cli("b", "listinvoices", "coffee")).invoices).toMatchObject([
      { status: "paid", amount_received_msat: "10000000", label: "coffee" },
    ]);
    const open_amount = await cli("a", "invoice", "any", "any", "as you like", "--expiry", "600");
    expect(await refusal("b", "pay", open_amount.bolt11)).toMatchObject({ exit: 1, data: { field: "amount_msat" } });
    await cli("b", "pay", open_amount.bolt11, "3sat");
    expect(await cli("a", "keysend", b.id, "5000")).toMatchObject({ status: "complete", amount_msat: "5000" });
    expect((await cli("b", "listinvoices")).invoices).toHaveLength(2);
    const balance = 800_000_000 - 10_000_000 + 3_000 - 5_000;
    await expect.poll(async () => (await channels("a"))[0].to_us_msat).toBe(String(balance));

    // Killed, both ways: the node that was dialled, and the one that dials. Each comes back by itself.
    for (const [name, node] of [
      ["b", b],
      ["a", a],
    ] as const) {
      await node.service.signal("SIGKILL");
      await expect.poll(() => usable(name === "a" ? "b" : "a"), WAIT).toEqual([false]);
      await node.again();
      await expect.poll(() => usable("a"), WAIT).toEqual([true]);
      await expect.poll(() => usable("b"), WAIT).toEqual([true]);
    }
    expect((await channels("a"))[0].to_us_msat).toBe(String(balance));
    expect((await cli("a", "listpays", "complete")).pays).toHaveLength(2);
    const second = await cli("b", "invoice", "1000", "second", "after the kill");
    await cli("a", "pay", second.bolt11);

    // Stopped in good order, while the other waits; then closed by both.
    expect(await b.service.signal("SIGTERM")).toBe(0);
    expect(b.service.stderr).toMatch(/stopping \(SIGTERM\)[^]*stopped\n$/);
    await b.again();
    await expect.poll(() => usable("a"), WAIT).toEqual([true]);
    const closing = await cli("a", "close", b.id);
    expect(closing).toMatchObject({ type: "mutual", txid: expect.stringMatching(/^[0-9a-f]{64}$/) as string });
    expect((await machines.ask("chain", "chain", "getinfo")).waiting).toEqual([closing.txid]);
    await mine(1);
    await expect.poll(() => channels("a"), WAIT).toEqual([]);
    await expect.poll(() => channels("b"), WAIT).toEqual([]);
    for (const node of [a, b]) expect(node.service.stderr).not.toMatch(/ error /);

    await cli("a", "stop");
    expect(await a.service.exited).toBe(0);
    expect(await b.service.signal("SIGINT")).toBe(0);
    expect(readFileSync(machines.path("a/log"), "utf8")).toMatch(/stopping \(stop\)\n[^]*stopped\n$/);
  });

  it("lose nothing when one is killed in the middle of payments", { timeout: 120_000 }, async () => {
    const a = await start("c", "--engine", "v8");
    const b = await start("d", "--engine", "v8");
    await open("c", b, "1000000");
    // A payment is complete once its preimage is known; the balances follow when both commitments are signed anew.
    const settled = (count: number): Promise<void> =>
      expect
        .poll(async () => [(await channels("c"))[0].to_us_msat, (await channels("d"))[0].to_us_msat], WAIT)
        .toEqual([String(1_000_000_000 - 1_000_000 * count), String(1_000_000 * count)]);
    let delivered = 0;
    for (const [round, delay] of [40, 150, 260].entries()) {
      const victim = round % 2 === 0 ? b : a;
      const invoices = await Promise.all(
        [0, 1, 2, 3].map((n) => cli("d", "invoice", "1000000", `${round}-${n}`, "one of four")),
      );
      // By one connection, so that it is payments and not processes that are under way.
      const socket = createConnection(machines.path("c/control.sock"));
      socket.on("error", () => undefined);
      socket.write(
        invoices
          .map(({ bolt11 }: Reply, id) => JSON.stringify({ jsonrpc: "2.0", id, method: "pay", params: [bolt11] }))
          .map((line) => `${line}\n`)
          .join(""),
      );
      await new Promise((resolve) => setTimeout(resolve, delay / 4));
      await victim.service.signal("SIGKILL");
      socket.destroy();
      await victim.again();
      await expect.poll(() => usable("c"), WAIT).toEqual([true]);
      await expect.poll(async () => (await channels("c"))[0].htlcs + (await channels("d"))[0].htlcs, WAIT).toBe(0);
      await expect.poll(async () => (await cli("c", "listpays", "pending")).pays, WAIT).toEqual([]);
      const before = (await channels("d"))[0].to_us_msat as string;
      const paid = ((await cli("d", "listinvoices")).invoices as Reply[]).filter(({ status }) => status === "paid");
      expect(before).toBe(String(1_000_000 * paid.length));
      const complete = ((await cli("c", "listpays", "complete")).pays as Reply[]).map(
        ({ payment_hash }) => payment_hash,
      );
      expect([...complete].sort()).toEqual(paid.map(({ payment_hash }) => payment_hash as string).sort());
      // Whatever became of them, all four can be paid now, each once.
      for (const { bolt11 } of invoices) expect(await cli("c", "pay", bolt11)).toMatchObject({ status: "complete" });
      delivered += invoices.length;
      await settled(delivered);
    }
    const rest = await cli("d", "invoice", "1000000", "rest", "after all that");
    await cli("c", "pay", rest.bolt11);
    await settled(delivered + 1);
    for (const node of [a, b]) {
      expect(node.service.stderr).not.toMatch(/ error /);
      expect(await node.service.signal("SIGTERM")).toBe(0);
    }
  });
});

describe("what takes its time", () => {
  it("can be left, asked about, and ends over a restart", { timeout: 120_000 }, async () => {
    const a = await start("k");
    const b = await start("l");
    await open("k", b, "300000");
    const invoices: Reply[] = [];
    for (const label of ["first", "second"]) invoices.push(await cli("l", "invoice", "1000000", label, "slowly"));
    const [first, second] = invoices.map(({ bolt11 }) => bolt11 as string);

    // The peer is there and does not answer.
    b.service.send("SIGSTOP");
    expect(await refusal("k", "pay", first ?? "", "retry_for=1")).toMatchObject({ exit: 1, code: 6 });
    expect((await cli("k", "listpays", "pending")).pays).toMatchObject([{ amount_msat: "1000000", destination: b.id }]);
    expect(await refusal("k", "pay", first ?? "")).toMatchObject({ code: 5, message: /is under way/ });
    const waiting = cli("k", "pay", second ?? "").catch((error: unknown) => error);
    await expect.poll(async () => (await cli("k", "listpays", "pending")).pays.length as number).toBe(2);
    expect(await cli("k", "stop")).toEqual({ stopping: true });
    expect(await waiting).toMatchObject({ code: 7, message: "the node is stopping" });
    expect(await a.service.exited).toBe(0);

    b.service.send("SIGCONT");
    await a.again();
    await expect.poll(async () => (await cli("k", "listpays", "complete")).pays.length as number, WAIT).toBe(2);
    expect((await channels("l"))[0]).toMatchObject({ to_us_msat: "2000000", htlcs: 0 });

    // Hung up on by the user, a peer is left alone until it is wanted.
    await cli("k", "disconnect", b.id);
    await expect.poll(() => usable("k")).toEqual([false]);
    await new Promise((resolve) => setTimeout(resolve, 1500));
    expect((await cli("k", "listpeers")).peers).toEqual([
      { id: b.id, connected: false, netaddr: b.address, num_channels: 1 },
    ]);
    await cli("k", "connect", b.id);
    await expect.poll(() => usable("k")).toEqual([true]);

    // An opening that the wallet cannot pay for is forgotten by both, and what was there before is not.
    await chain.signal("SIGKILL");
    expect(await refusal("k", "fundchannel", b.id, "200000")).toMatchObject({ exit: 1, code: 3 });
    await expect.poll(() => usable("k"), WAIT).toEqual([true]);
    await expect.poll(() => usable("l"), WAIT).toEqual([true]);
    chain = await machines.chain();
    await expect.poll(async () => (await cli("k", "newaddr").catch(() => ({}))).address as string, WAIT).toBeDefined();
    await open("k", b, "200000");
    for (const node of [a, b]) {
      expect(node.service.stderr).not.toMatch(/ error /);
      expect(await node.service.signal("SIGTERM")).toBe(0);
    }
  });
});

describe("three nodes in a row", () => {
  it(
    "pay through the one in the middle, which earns its fee; then one channel is closed by force",
    { timeout: 120_000 },
    async () => {
      const a = await start("e");
      const b = await start("f");
      const c = await start("g");
      const first = await open("e", b, "500000");
      const second = await open("f", c, "400000");
      const policy = await cli("f", "setchannel", second, "--feebase", "1000", "--feeppm", "5000", "--cltvdelta", "40");
      expect(policy.policy).toMatchObject({
        fee_base_msat: "1000",
        fee_proportional_millionths: 5000,
        cltv_expiry_delta: 40,
      });
      const route = (fee_base_msat: number): string =>
        JSON.stringify([
          { id: b.id, channel: first },
          { id: c.id, channel: second, fee_base_msat, fee_proportional_millionths: 5000, cltv_expiry_delta: 40 },
        ]);
      const invoice = await cli("g", "invoice", "2000000", "far", "two hops away");
      expect(await refusal("e", "pay", invoice.bolt11)).toMatchObject({ code: 4, message: /no channel to it/ });
      expect(await refusal("e", "pay", invoice.bolt11, "--route", route(1000), "--maxfee", "10999")).toMatchObject({
        code: 4,
        data: { fee_msat: "11000" },
      });
      expect(await refusal("e", "pay", invoice.bolt11, "--route", route(999))).toMatchObject({
        code: 5,
        message: /fee_insufficient at hop 1/,
      });
      expect(await cli("e", "pay", invoice.bolt11, "--route", route(1000))).toMatchObject({
        status: "complete",
        amount_msat: "2000000",
        amount_sent_msat: "2011000",
      });
      await cli("e", "keysend", c.id, "1000000", "--route", route(1000));
      await expect.poll(async () => (await channels("g"))[0].to_us_msat).toBe("3000000");
      await expect.poll(async () => (await channels("e"))[0].to_us_msat).toBe("496983000");
      const statuses = ((await cli("e", "listpays")) as Reply).pays.map(({ status }: Reply) => status);
      expect(statuses).toEqual(["failed", "complete", "complete"]);

      const forced = await cli("f", "close", second, "--force");
      expect(forced).toMatchObject({ type: "unilateral", txid: expect.stringMatching(/^[0-9a-f]{64}$/) as string });
      // The peer hears of it and may be the first to publish its commitment.
      const { waiting } = await machines.ask("chain", "chain", "getinfo");
      expect(waiting).toHaveLength(1);
      await mine(1);
      for (const node of [b, c])
        await node.service.until(new RegExp(`funding output spent by ${waiting[0] as string}`));
      for (const node of [a, b, c]) {
        expect(node.service.stderr).not.toMatch(/ error /);
        expect(await node.service.signal("SIGTERM")).toBe(0);
      }
    },
  );
});

describe("what is wrong is said", () => {
  it("with flags and folders", async () => {
    const simulated = ["--chain", `simulated:${machines.path("chain")}`, "--listen", "127.0.0.1:0"];
    for (const [args, message] of [
      [["--listen", "nowhere:99999"], /--listen.*port 99999/],
      [["--chain", "ftp://x"], /--chain.*http/],
      [["--network", "bitcoin"], /--network.*Allowed choices are regtest/],
      [["--engine", "v9"], /--engine.*Allowed choices/],
      [["--alias", "x".repeat(33)], /--alias.*1 to 32 bytes/],
      [["--log-level", "loud"], /--log-level.*Allowed choices are error/],
      [["--colour"], /unknown option '--colour'/],
      [["--dir", machines.path("h"), "--chain", `simulated:${machines.path("nobody")}`], /start it with tieline chain/],
      [
        ["--dir", machines.path("h"), ...simulated, "--network", "testnet"],
        /--network testnet: the chain is another one/,
      ],
      [["--dir", machines.path("h"), ...simulated.slice(0, 2), "--listen", "256.0.0.1:1"], /--listen 256.0.0.1:1/],
    ] as const) {
      const { code, stderr } = await machines.run("node", ...args);
      expect([code, stderr]).toEqual([1, expect.stringMatching(message)]);
    }
    // What failed to start has left the folder free, and its keys stay.
    const secret = readFileSync(machines.path("h/root_secret"), "utf8");
    const node = await start("h");
    expect(readFileSync(machines.path("h/root_secret"), "utf8")).toBe(secret);
    const second = machines.start("node", "--dir", machines.path("h"), ...simulated);
    expect(await second.exited).toBe(1);
    expect(second.stderr).toMatch(/h: process \d+ has it \(pid\)/);
    expect(await cli("h", "getinfo")).toMatchObject({ id: node.id });
    await node.service.signal("SIGTERM");
    writeFileSync(machines.path("h/flash"), "short");
    const third = machines.start("node", "--dir", machines.path("h"), ...simulated);
    expect(await third.exited).toBe(1);
    expect(third.stderr).toMatch(/flash file .*: 5 bytes, expected 128 sectors of 4096/);
  });

  it("with verbs, and nothing of it harms the node", async () => {
    const node = await start("i");
    const other = `02${"c6047f9441ed7d6d3045406e95c07cd85c778e4b8cef3ca7abac09b95c709ee5"}`;
    for (const [words, error] of [
      [["connect", `${other}@127.0.0.1:1`], { code: 2, message: /ECONNREFUSED/ }],
      [["connect", other], { code: -32602, data: { field: "host" } }],
      [["connect", `${node.id}@${node.address}`], { code: -32602, data: { field: "id" } }],
      [["connect", `${other}@${node.address}`], { code: 2, message: /hung up before init/ }],
      [["disconnect", other], { code: 2, message: /not connected/ }],
      [["fundchannel", other, "100000"], { code: 2, message: /not connected/ }],
      [["fundchannel", "02ab", "100000"], { code: -32602, data: { field: "id", place: null } }],
      [["keysend", other, "1000"], { code: 4, message: /no channel is usable/ }],
      [["keysend", node.id, "1000"], { code: -32602, data: { field: "destination" } }],
      [["pay", "lnbcrt1qqqq"], { code: -32602, data: { field: "bolt11", place: "character 8" } }],
      [["close", "7"], { code: -32602, data: { field: "id" } }],
    ] as const) {
      const got = await refusal("i", ...words);
      expect({ words, got }).toMatchObject({ words, got: { exit: 1, code: error.code } });
      if ("message" in error) expect(got.message).toMatch(error.message);
      if ("data" in error) expect(got.data).toMatchObject(error.data);
    }
    expect(await refusal("i", "getinfo", "x")).toMatchObject({ exit: 2, code: -32602 });
    await cli("i", "invoice", "1000", "same", "first");
    expect(await refusal("i", "invoice", "1000", "same", "second")).toMatchObject({ data: { field: "label" } });
    const { stdout } = await machines.run("cli", "--dir", machines.path("i"), "help", "pay");
    expect(stdout).toMatch(/^pay bolt11 \[amount_msat\] \[route\]/);
    expect((await machines.run("cli", "--dir", machines.path("i"), "getinfo")).stdout).toMatch(/^id: +0[23]/);
    expect((await cli("i", "newaddr")).address).toMatch(/^bcrt1q/);

    // Noise on the peers' port ends that connection and nothing else.
    const [host = "", port = ""] = node.address.split(":");
    const noise = createConnection(Number(port), host);
    noise.write(Buffer.alloc(5000, 3));
    await new Promise((resolve) => noise.on("close", resolve).on("error", () => undefined));
    expect(await cli("i", "getinfo")).toMatchObject({ num_peers: 0 });
    expect(node.service.stderr).not.toMatch(/ error /);
    expect(await node.service.signal("SIGTERM")).toBe(0);
  });

  it("when the chain goes away, and the node goes on when it is back", async () => {
    const node = await start("j");
    await chain.signal("SIGKILL");
    await node.service.until(/warn +chain: /);
    expect(await cli("j", "getinfo")).toMatchObject({ wallet_sat: null });
    expect(await refusal("j", "newaddr")).toMatchObject({ code: 3 });
    chain = await machines.chain();
    const { height } = await mine(1);
    await expect.poll(async () => ((await cli("j", "getinfo")) as Reply).blockheight, WAIT).toBe(height);
    expect(await cli("j", "newaddr")).toHaveProperty("address");
    expect(await node.service.signal("SIGTERM")).toBe(0);
  });
});
