import { describe, expect, it } from "vitest";
import type { Reply, Service } from "./processes.js";
import {
  INTERVAL_S,
  LineMachines,
  WAIT,
  flowedMwh,
  loggedCloses,
  nowS,
  startOf,
  totals,
  until,
} from "./line_machines.js";

// Three nodes in a row: seller - middle - buyer. What the middle one carries, charges, loses and owes.

const machines = new LineMachines();
const LIMIT = { timeout: 240_000 };

/** Loads, W: what comes out of the seller goes into the middle, and less goes on to the buyer. */
const [SOLD_W, BOUGHT_W] = [36_000, 30_000];
const PUSHED_MSAT = 400_000_000n;
const COMMON = {
  rating_w: 300_000,
  interval_s: INTERVAL_S,
  price_cap_msat_per_kwh: 1_000_000,
  credit_limit_msat: 5_000_000,
};
/** The middle owns its line to the seller, for which it charges what comes from there; the seller accounts. */
const FAR = { ...COMMON, tariff_msat_per_kwh: 200_000, rent_back_msat_per_kwh: 40_000, loss_back_ppm: 10_000 };
/** The buyer owns the line from the middle, which accounts. */
const NEAR = { ...COMMON, tariff_msat_per_kwh: 100_000 };
const PRICE = 150_000n;
const SPREAD_PPM = 100_000n;
const MILLION = 1_000_000n;
/** The middle's numbers of its lines, which are those of its meters. */
const [TO_SELLER, TO_BUYER] = [0, 1];

const ceil = (a: bigint, b: bigint): bigint => (a + b - 1n) / b;
const CHANNEL_MSAT = 1_000_000_000n;

let [buyer, middle, seller]: Service[] = [];
let [hopToMiddle, hopToSeller]: { id: string; channel: string }[] = [];
async function openRow(): Promise<void> {
  await machines.chain();
  // What an interval has brought can be sold for 4 s after its end, in which nothing is closed.
  const terms = ["--energy-credit", String(COMMON.credit_limit_msat), "--close-delay", "4"];
  seller = await machines.metered("seller", [-SOLD_W], ...terms);
  middle = await machines.metered("middle", [SOLD_W, -BOUGHT_W], ...terms, "--engine", "v8");
  buyer = await machines.metered("buyer", [BOUGHT_W], ...terms, "--engine", "v8");
  await machines.openLine(["middle", TO_SELLER], ["seller", 0], FAR, PUSHED_MSAT);
  await machines.openLine(["buyer", 0], ["middle", TO_BUYER], NEAR, PUSHED_MSAT);
  const scid = async (name: string): Promise<string> =>
    (await machines.cli(name, "listpeerchannels")).channels[0].short_channel_id as string;
  const id = async (name: string): Promise<string> => (await machines.cli(name, "getinfo")).id as string;
  hopToMiddle = { id: await id("middle"), channel: await scid("buyer") };
  hopToSeller = { id: await id("seller"), channel: await scid("middle") };
}

/** What was sold: mWh over the line to the seller, and on to the buyer; msat for the seller, of them the buyer's, and rents. */
const sold = { far: 0n, near: 0n, paid: 0n, forwarded: 0n, rent: 0n };
/** What notes of the seller's meter are for, mWh, by interval, and intervals for which there was a promise. */
const issued = new Map<number, bigint>();
const promised = new Set<number>();

const priced = (mwh: bigint): bigint => ceil(mwh * PRICE, MILLION);

/** The buyer asks the seller for `far` mWh, of which the middle lets `near` through for a rent. */
async function forwarded(far: bigint, near: bigint, rent: bigint, start: number, kind: string): Promise<Reply> {
  const route = [
    { ...hopToMiddle, energy_mwh: Number(near) },
    { ...hopToSeller, energy_mwh: Number(far), rent_msat: Number(rent), cltv_expiry_delta: 34 },
  ];
  const words = [hopToSeller?.id ?? "", `${far}mWh`, String(PRICE), String(start)];
  const reply = await machines.refused("buyer", "swap", ...words, "--kind", kind, "--route", JSON.stringify(route));
  if ("result" in reply) booked(far, near, rent, start);
  return reply;
}

/** The middle asks the seller for a receipt. */
async function swap(far: bigint, start: number): Promise<Reply> {
  const words = [hopToSeller?.id ?? "", `${far}mWh`, String(PRICE), String(start)];
  const reply = await machines.refused("middle", "swap", ...words, "--kind", "receipt");
  if ("result" in reply) booked(far, 0n, 0n, start);
  return reply;
}

function booked(far: bigint, near: bigint, rent: bigint, start: number): void {
  issued.set(start, (issued.get(start) ?? 0n) + far);
  sold.far += far;
  sold.near += near;
  sold.paid += priced(far);
  if (near > 0n) sold.forwarded += priced(far);
  sold.rent += rent;
}

/** A line after its closes, as it must be and as both ends have it: all sums are those of the end that sends and accounts. */
interface Ends {
  readonly sender: readonly [name: string, number: number, service: Service];
  readonly taker: readonly [name: string, number: number, service: Service];
  readonly loadW: number;
  readonly tariff: bigint;
  /** What the sender has at first, and gets for swaps. */
  readonly before: bigint;
  readonly earned: () => bigint;
  readonly agreed: () => bigint;
}

/** What of a line does not fit: every figure is to be 0, every sentence true. */
async function unbalanced({ sender, taker, ...line }: Ends): Promise<object> {
  const [own, other] = [await machines.line(sender[0], sender[1]), await machines.line(taker[0], taker[1])];
  const [has, left] = [await machines.toUs(sender[0], sender[1]), await machines.toUs(taker[0], taker[1])];
  const sign = own.node_1 === "local" ? 1n : -1n;
  const [closes, others] = [loggedCloses(sender[2], sender[1]), loggedCloses(taker[2], taker[1])];
  const sum = (of: (close: (typeof closes)[number]) => bigint): bigint =>
    closes.reduce((total, close) => total + of(close) * sign, 0n);
  const metered = sum(({ meteredMwh }) => meteredMwh);
  // What is sent beyond what was agreed on is paid less well; what is missing costs more.
  const deviations = sum(({ meteredMwh, agreedMwh }) => {
    const more = (meteredMwh - agreedMwh) * sign;
    const price = (line.tariff * (more < 0n ? MILLION + SPREAD_PPM : MILLION - SPREAD_PPM)) / MILLION;
    return ((more * price) / MILLION) * sign;
  });
  const owed = -BigInt(own.arrears_msat as string) * sign;
  const [forth, back] = [BigInt(own.total_forth_mwh as string), BigInt(own.total_back_mwh as string)];
  return {
    alike: JSON.stringify(totals(own)) === JSON.stringify(totals(other)),
    told: JSON.stringify(closes, bigintText) === JSON.stringify(others, bigintText),
    until: Number(own.closed_until) - (closes.at(-1)?.until ?? 0),
    open: (own.positions as Reply[]).length,
    totals: (forth - back) * sign - metered,
    metered: metered - flowedMwh(line.loadW, closes[0]?.until ?? 0, Number(own.closed_until)),
    agreed: sum(({ agreedMwh }) => agreedMwh) - line.agreed(),
    msat: has - (line.before + line.earned() + deviations - owed),
    both: has + left - CHANNEL_MSAT,
  };
}

const bigintText = (_: string, value: unknown): unknown => (typeof value === "bigint" ? value.toString() : value);
const BALANCED = {
  alike: true,
  told: true,
  until: 0,
  open: 0,
  totals: 0n,
  metered: 0n,
  agreed: 0n,
  msat: 0n,
  both: 0n,
};

async function expectBalanced(): Promise<void> {
  const lines: Ends[] = [
    {
      sender: ["seller", 0, seller as Service],
      taker: ["middle", TO_SELLER, middle as Service],
      loadW: SOLD_W,
      tariff: BigInt(FAR.tariff_msat_per_kwh),
      before: PUSHED_MSAT,
      earned: () => sold.paid,
      agreed: () => sold.far,
    },
    {
      sender: ["middle", TO_BUYER, middle as Service],
      taker: ["buyer", 0, buyer as Service],
      loadW: BOUGHT_W,
      tariff: BigInt(NEAR.tariff_msat_per_kwh),
      before: PUSHED_MSAT,
      earned: () => sold.forwarded + sold.rent,
      agreed: () => sold.near,
    },
  ];
  for (const line of lines) await expect.poll(() => unbalanced(line), WAIT).toEqual(BALANCED);
}

describe("three nodes in a row", () => {
  it("a promise that is forwarded: rent and loss stay in the middle", LIMIT, async () => {
    await openRow();
    for (const name of ["seller", "buyer"]) await machines.closed(name, 0, 1);
    await machines.cli("seller", "offer", "0", "sell", String(PRICE), "100Wh", "now", "--intervals", "1000");
    // 40.001 Wh: 1 % is lost to the middle, rounded in its favour, and 40 sat a kWh are its rent, rounded likewise.
    const [far, near, rent] = [40_001n, 39_600n, 1_601n];
    const hour = startOf(nowS()) + 3600;
    for (const [mwh, msat] of [
      [near + 1n, rent],
      [near, rent - 1n],
    ] as const) {
      await expect
        .poll(async () => (await forwarded(far, mwh, msat, hour, "promise")).data?.failure as unknown, WAIT)
        .toBe("fee_insufficient at hop 1");
    }
    await within(async (ended) => {
      const start = ended + 2 * INTERVAL_S;
      const reply = await forwarded(far, near, rent, start, "promise");
      if (reply.result === undefined) return reply;
      promised.add(start);
      expect(reply.result).toMatchObject({
        status: "complete",
        amount_msat: "6001",
        amount_sent_msat: "7602",
        energy: { energy_mwh: "40001", interval_start: start, kind: "promise" },
        note: { energy_mwh: "40001", issued_mwh: "40001", interval_start: start },
      });
      return undefined;
    });
  });

  it("receipts of what was metered and is not sold yet; the books of all balance", LIMIT, async () => {
    const left = (start: number): bigint => 50_000n - (issued.get(start) ?? 0n);
    const refusedAt = (hop: number) => ({ code: 5, data: { failure: `temporary_node_failure at hop ${hop}` } });
    // Each is done once, when an interval of 50 Wh has just ended for which no promise was sold.
    const steps: ((start: number) => Promise<Reply>)[] = [
      async (start) => {
        const reply = await swap(12_000n, start);
        if (reply.result === undefined) return reply;
        const note = { energy_mwh: "12000", issued_mwh: "12000", interval_start: start };
        expect(reply.result).toMatchObject({ amount_msat: "1800", energy: { kind: "receipt" }, note });
        return undefined;
      },
      async (start) => {
        // The buyer gets 3.96 of 4 Wh.
        const before = issued.get(start) ?? 0n;
        const reply = await forwarded(4_000n, 3_960n, 160n, start, "receipt");
        if (reply.result === undefined) return reply;
        const note = { energy_mwh: "4000", issued_mwh: String(before + 4_000n), interval_start: start };
        expect(reply.result).toMatchObject({ amount_sent_msat: "760", note });
        return undefined;
      },
      async (start) => {
        // A pulse more than is left, over one line and two; what is left; and then there is nothing left.
        const more = left(start) + 10n;
        const replies = [
          await swap(more, start),
          await forwarded(more, 5_000n, ceil(more * 40n, 1000n), start, "receipt"),
          await swap(left(start), start),
          await swap(10n, start),
        ];
        if (nowS() >= start + 2 * INTERVAL_S - 1.5) return replies;
        expect(replies).toMatchObject([refusedAt(1), refusedAt(2), { result: { status: "complete" } }, refusedAt(1)]);
        return undefined;
      },
    ];
    await within(async (start) => {
      if (promised.has(start)) return "a promise was sold for it";
      for (let step = steps[0]; step !== undefined; step = steps[0]) {
        const reply = left(start) > 0n ? await step(start) : "all of it is sold";
        if (reply !== undefined) return reply;
        steps.shift();
      }
      return undefined;
    });
    await expectBalanced();
  });
});

/** Tries something when an interval has just ended, until there was time enough for it: undefined, no reply, is success. */
async function within(attempt: (start: number) => Promise<Reply>): Promise<void> {
  let reply: Reply;
  for (let tries = 0; tries < 20; tries++) {
    const start = startOf(nowS());
    await until(start + INTERVAL_S + 0.2);
    reply = await attempt(start);
    if (reply === undefined) return;
  }
  throw new Error(`not in 20 intervals: ${JSON.stringify(reply)}`);
}
