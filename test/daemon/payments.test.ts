import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Book } from "../../host/daemon/book.js";
import { type Context, bytesOf, hexText } from "../../host/daemon/context.js";
import { Events } from "../../host/daemon/events.js";
import { NETWORKS } from "../../host/daemon/networks.js";
import { type Destination, pathsTo, receivableMsat, spendableMsat } from "../../host/daemon/paths.js";
import { Payments, type SwapOrder, failureText } from "../../host/daemon/payments.js";
import { scidOf } from "../../host/daemon/route.js";
import { ModuleError } from "../../host/engine/errors.js";
import type { ChannelInfo } from "../../host/node/answers.js";
import type { EnergyInfo } from "../../host/node/energy_answers.js";
import type { NodeEvent } from "../../host/node/node_event.js";
import type { PayRequest } from "../../host/node/requests.js";
import { TestClock } from "./test_clock.js";

const PEER = bytesOf(`02${"11".repeat(32)}`);
const OTHER = bytesOf(`02${"22".repeat(32)}`);
const PAYEE = bytesOf(`03${"33".repeat(32)}`);

function channel(number: number, peer: Uint8Array, holderSat: bigint, more: Partial<ChannelInfo> = {}): ChannelInfo {
  const usual = {
    channel: number,
    peer,
    usable: true,
    connected: true,
    holderMsat: holderSat * 1000n,
    counterpartyMsat: 500_000n,
    htlcsOfferedMsat: 0n,
    htlcsReceivedMsat: 0n,
    holderReserveSat: 0n,
    counterpartyReserveSat: 0n,
    shortChannelId: BigInt(number + 1) << 40n,
    alias: 0n,
    peerAlias: 0n,
  };
  // What paths do not look at is left out.
  return { ...usual, ...more } as ChannelInfo;
}

const to = (payee: Uint8Array, amountMsat: bigint, more: Partial<Destination> = {}): Destination => ({
  payee,
  amountMsat,
  cltvExpiry: 500,
  route: undefined,
  hints: [],
  ...more,
});

describe("paths", () => {
  it("leave the reserve and what is in flight where it is", () => {
    const busy = channel(0, PEER, 100n, { htlcsOfferedMsat: 30_000n, holderReserveSat: 10n });
    expect(spendableMsat(busy)).toBe(60_000n);
    expect(spendableMsat(channel(0, PEER, 5n, { holderReserveSat: 10n }))).toBe(0n);
    expect(receivableMsat(channel(0, PEER, 0n, { counterpartyReserveSat: 100n, htlcsReceivedMsat: 1n }))).toBe(
      399_999n,
    );
  });

  it("take direct channels that can, the fullest first", () => {
    const channels = [
      channel(0, PEER, 100n),
      channel(1, PEER, 300n),
      channel(2, PEER, 900n, { connected: false }),
      channel(3, PEER, 900n, { usable: false }),
      channel(4, OTHER, 900n),
      channel(5, PEER, 50n),
    ];
    const paths = pathsTo(channels, to(PEER, 100_000n));
    expect(paths.map((path) => path.channel)).toEqual([1, 0]);
    expect(paths[0]).toMatchObject({
      sentMsat: 100_000n,
      hops: [{ amountMsat: 100_000n, cltvExpiry: 500, point: PEER }],
    });
    expect(() => pathsTo(channels, to(PEER, 300_001n))).toThrow("at most 900000 msat");
    expect(() => pathsTo(channels, to(PAYEE, 1n))).toThrow("no channel to it, nor to a node of its route hints");
    expect(() => pathsTo(channels.slice(2, 4), to(PEER, 1n))).toThrow("no channel is usable");
  });

  it("follow an invoice's hints from a peer of ours, and pay what they ask", () => {
    const hint = (pubkey: Uint8Array, short_channel_id: string, fee_base_msat: number, cltv_expiry_delta: number) => ({
      pubkey: hexText(pubkey),
      short_channel_id,
      fee_base_msat,
      fee_proportional_millionths: 10_000,
      cltv_expiry_delta,
    });
    const hints = [[hint(PAYEE, "9x9x9", 1, 1)], [hint(PEER, "7x1x0", 50, 40), hint(OTHER, "8x2x1", 20, 30)]];
    const [path, ...more] = pathsTo([channel(0, PEER, 500n)], to(PAYEE, 100_000n, { hints }));
    expect(more).toEqual([]);
    // OTHER keeps 20 and 1 % of 100,000; PEER keeps 50 and 1 % of the 101,020 that OTHER gets.
    expect(path?.hops).toEqual([
      { point: PEER, shortChannelId: 1n << 40n, amountMsat: 102_080n, cltvExpiry: 570 },
      { point: OTHER, shortChannelId: scidOf("7x1x0"), amountMsat: 101_020n, cltvExpiry: 530 },
      { point: PAYEE, shortChannelId: scidOf("8x2x1"), amountMsat: 100_000n, cltvExpiry: 500 },
    ]);
    expect(() => pathsTo([channel(0, PEER, 102n)], to(PAYEE, 100_000n, { hints }))).toThrow("at most 102000 msat");
  });

  it("are the route that is given, or none", () => {
    const free = { fee_base_msat: 0, fee_proportional_millionths: 0, cltv_expiry_delta: 0 };
    const route = [{ id: PEER, short_channel_id: 1n << 40n, ...free }];
    const channels = [channel(0, PEER, 100n), channel(1, PEER, 900n, { alias: 77n })];
    expect(pathsTo(channels, to(PEER, 1n, { route })).map((path) => path.channel)).toEqual([0]);
    const byAlias = [{ id: PEER, short_channel_id: 77n, ...free }];
    expect(pathsTo(channels, to(PEER, 1n, { route: byAlias })).map((path) => path.channel)).toEqual([1]);
    expect(() => pathsTo(channels, to(PAYEE, 1n, { route }))).toThrow("does not end at");
    const foreign = [{ id: PEER, short_channel_id: 0n, ...free }];
    expect(() => pathsTo(channels, to(PEER, 1n, { route: foreign }))).toThrow("first channel is not ours");
  });
});

describe("payments", () => {
  let folder: string;
  let context: Context;
  let payments: Payments;
  /** What the node is to answer to each `pay`: a code, or what it tells and when. */
  let script: ((part: number) => void)[];
  let asked: PayRequest[];
  /** What its channels carry of energy, as far as payments look at it. */
  let line: Partial<EnergyInfo>;
  const clock = new TestClock(1_000_000);
  const HASH = bytesOf("ab".repeat(32));
  const PREIMAGE = bytesOf("cd".repeat(32));
  const sent = (part: number): NodeEvent => ({
    kind: "sent",
    part,
    amountMsat: 1000n,
    paymentHash: HASH,
    preimage: PREIMAGE,
  });
  const failed = (part: number): NodeEvent => ({
    kind: "failed",
    part,
    amountMsat: 1000n,
    paymentHash: HASH,
    hop: 0,
    code: 0x1007,
    data: new Uint8Array(0),
  });
  const nothing = { route: undefined, maxfee: undefined, retry_for: undefined };

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "tieline-payments-"));
    [script, asked] = [[], []];
    line = { capacityMwh: 10_000n, arrearsMsat: 0n, disputed: false, suspended: false };
    const node = {
      info: () => ({ height: 100 }),
      channels: () => [channel(0, PEER, 100n), channel(1, PEER, 300n)],
      pay(request: PayRequest) {
        asked.push(request);
        const part = asked.length;
        script.shift()?.(part);
        return part;
      },
      payment: (part: number) => ({ part, paymentHash: HASH, state: "pending" }),
      energy: (number: number) => ({ ...line, channel: number }),
    };
    const silent = { info: () => undefined, warn: () => undefined };
    const parts = { node, book: Book.open(join(folder, "book")), events: new Events(clock), clock, log: silent };
    // The parts of a context that payments touch.
    context = { ...parts, network: NETWORKS.regtest } as unknown as Context;
    payments = new Payments(context);
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  it("try the next channel where one refuses or fails, and end with the first that arrives", async () => {
    script = [
      () => {
        throw new ModuleError("command", -15);
      },
      (part) => {
        context.events.emit(sent(part));
      },
    ];
    expect(await payments.keysend(PEER, 1000n, nothing)).toMatchObject({
      status: "complete",
      payment_preimage: hexText(PREIMAGE),
    });
    expect(asked.map(({ channel: number }) => number)).toEqual([1, 0]);

    const waiting = payments.keysend(PEER, 1000n, nothing);
    context.events.emit(failed(3));
    await Promise.resolve();
    await expect.poll(() => asked.length).toBe(4);
    context.events.emit(failed(4));
    await expect(waiting).rejects.toMatchObject({ code: 5, message: /temporary_channel_failure at hop 1/ });
    expect(context.book.payments.map(({ status }) => status)).toEqual(["complete", "failed", "failed"]);
  });

  it("outlast the one who asked, and are booked once when they end", async () => {
    const waiting = payments.keysend(PEER, 1000n, { ...nothing, retry_for: 5 });
    clock.advance(5000);
    await expect(waiting).rejects.toMatchObject({ code: 6, data: { payment_hash: hexText(HASH) } });
    expect(context.book.payments).toMatchObject([{ status: "pending", part: 1 }]);
    for (let again = 0; again < 2; again++) context.events.emit(sent(1));
    expect(Book.open(join(folder, "book")).payments).toMatchObject([
      { status: "complete", preimage: hexText(PREIMAGE) },
    ]);
  });

  it("wait where the node has its hands full, as long as they may", async () => {
    const full = (): never => {
      throw new ModuleError("command", -15);
    };
    script = [full, full, full, full, (part) => void context.events.emit(sent(part))];
    const patient = payments.keysend(PEER, 1000n, nothing);
    for (let round = 0; round < 3; round++) {
      await new Promise(setImmediate);
      clock.advance(50);
    }
    expect(await patient).toMatchObject({ status: "complete" });
    script = new Array<() => never>(1000).fill(full);
    const hurried = payments.keysend(PEER, 1000n, { ...nothing, retry_for: 1 });
    const ended = expect(hurried).rejects.toMatchObject({ code: 1, data: { error: "ERR_CAPACITY" } });
    for (let round = 0; round < 30; round++) {
      await new Promise(setImmediate);
      clock.advance(50);
    }
    await ended;
  });

  const order: SwapOrder = {
    payee: PEER,
    amountMsat: 1000n,
    energyMwh: 5000n,
    intervalStart: 900,
    kind: "promise",
    route: undefined,
    retry_for: 3,
  };
  const refuses = (code: number) => (): never => {
    throw new ModuleError("command", code);
  };

  it("of swaps wait for arrears of the last close, which are paid in a moment", async () => {
    line = { ...line, arrearsMsat: -700n };
    // Both lines, twice.
    script = [...new Array<() => never>(4).fill(refuses(-27)), (part) => void context.events.emit(sent(part))];
    const waiting = payments.swap(order);
    for (let round = 0; round < 2; round++) {
      await new Promise(setImmediate);
      clock.advance(50);
    }
    expect(await waiting).toMatchObject({ status: "complete" });
    script = new Array<() => never>(1000).fill(refuses(-27));
    const ended = expect(payments.swap(order)).rejects.toMatchObject({
      code: 1,
      message: /^line [01]: has arrears of 700 msat, which are to be paid first$/,
    });
    for (let round = 0; round < 70; round++) {
      await new Promise(setImmediate);
      clock.advance(50);
    }
    await ended;
  });

  it.each<[string, Partial<EnergyInfo>, number, RegExp]>([
    ["a dispute", { disputed: true, suspended: true }, -27, /: is in dispute, .*: no energy until one end settles$/],
    ["arrears at the limit", { suspended: true, arrearsMsat: 9n }, -27, /: has arrears of 9 msat/],
    ["clocks", { suspended: true }, -27, /: is suspended: the clocks of its ends differ, or one is not set$/],
    ["too much energy", { capacityMwh: 4999n }, -15, /: carries 4999 mWh in an interval, not 5000$/],
    ["promises that nothing covers", {}, -26, /: more would be promised/],
    ["a closed interval", {}, -25, /: energy of that interval cannot be agreed on/],
    ["whatever else", {}, -10, /^pay: the node refuses, /],
  ])("of swaps end at once because of %s, and say so", async (_, change, code, message) => {
    line = { ...line, ...change };
    script = [refuses(code), refuses(code)];
    await expect(payments.swap(order)).rejects.toMatchObject({ code: 1, message });
    expect(asked).toHaveLength(2);
  });

  it("stay in the book, whose file a killed process may leave in the middle of a line", () => {
    context.events.emit(sent(7));
    context.book.setAddress("peer", { host: "h", port: 1 });
    context.book.addFunding("t", "00");
    context.book.addFunding("u", "01");
    context.book.dropFunding("t");
    const path = join(folder, "book");
    const text = readFileSync(path, "utf8");
    writeFileSync(path, `${text}{"key":"pay`);
    for (let again = 0; again < 2; again++) {
      const book = Book.open(path);
      expect([book.payments.length, book.address("peer"), book.fundings]).toEqual([
        1,
        { host: "h", port: 1 },
        [["u", "01"]],
      ]);
      book.close();
    }
    writeFileSync(path, `${text}nonsense\n`);
    expect(() => Book.open(path)).toThrow(`book, line ${text.split("\n").length}: is no entry`);
  });

  it("are booked afterwards where a crash came in between", () => {
    for (let again = 0; again < 2; again++) context.events.emit(sent(7));
    expect(context.book.payments).toMatchObject([{ part: 7, status: "complete", destination: "unknown" }]);
  });

  it("name a failure as BOLT 4 does", () => {
    expect(failureText(-1, 0x400f)).toBe("incorrect_or_unknown_payment_details at this node");
    expect(failureText(-2, 0)).toBe("unknown reason at an unknown hop");
    expect(failureText(2, 0x7001)).toBe("code 0x7001 at hop 3");
  });
});
