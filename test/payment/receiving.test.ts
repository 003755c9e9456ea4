import { sha256 } from "@noble/hashes/sha2.js";
import { expect } from "vitest";
import { decodeInvoice } from "../../host/decode/invoice.js";
import { encodeTlvs } from "../onion/tlv.js";
import {
  ERR,
  FLAG,
  HEIGHT,
  NODE_POINT,
  NOW_MS,
  RESULT,
  Room,
  STATE,
  UTC_S,
  finalPayload,
  named,
  plain,
  onEngines,
  onion,
  truncated,
} from "./room.js";

const UNKNOWN = 0x400f;
const MPP_TIMEOUT = 23;
const CLTV = HEIGHT + 18;
const AMOUNT = 10_000n;
const TIMEOUT_MS = 60_000n;

type Invoice = ReturnType<Room["invoice"]>;

interface Part {
  readonly from?: number;
  readonly amountMsat?: bigint;
  readonly forwardMsat?: bigint;
  readonly totalMsat?: bigint;
  readonly cltvExpiry?: number;
  readonly onionCltv?: number;
  readonly secret?: Uint8Array;
  readonly flags?: number;
}

function open(make: () => Room): Room {
  const room = make();
  for (const n of [0, 1]) room.channel(n);
  return room;
}

/** An HTLC that pays (a part of) the invoice, without settling. */
function pay(room: Room, invoice: Invoice, part: Part = {}): number {
  const amountMsat = part.amountMsat ?? AMOUNT;
  const cltvExpiry = part.cltvExpiry ?? CLTV;
  const forwardMsat = part.forwardMsat ?? amountMsat;
  const total = part.totalMsat ?? forwardMsat;
  const payload = finalPayload(forwardMsat, part.onionCltv ?? cltvExpiry, part.secret ?? invoice.secret, total);
  const packet = onion(invoice.hash, [payload]);
  return room.arrive(part.from ?? 0, { amountMsat, cltvExpiry, hash: invoice.hash, onion: packet });
}

interface Outcome {
  readonly state: number;
  readonly result: number;
  readonly failure: number;
}

const outcome = (room: Room, n: number, i: number): Outcome => {
  const { state, result, failure } = room.slot(n, i);
  return { state, result, failure };
};
const FULFILLED: Outcome = { state: STATE.removeProposed, result: RESULT.fulfilled, failure: 0 };
const WAITING: Outcome = { state: STATE.committed, result: RESULT.none, failure: 0 };
const failedWith = (failure: number): Outcome => ({
  state: STATE.removeProposed,
  result: RESULT.failed,
  failure,
});

/** The HTLC is failed with this code and data. */
function expectFailed(room: Room, i: number, failure: number, first: bigint, second: bigint): void {
  expect(outcome(room, 0, i)).toEqual(failedWith(failure));
  expect(room.slot(0, i)).toMatchObject({ first, second, blob: 0 });
  expect(room.events()).toEqual([]);
}

onEngines("payment: paid invoices", {
  "an invoice says what it was made of": (make) => {
    const room = open(make);
    const { text, hash, secret } = room.invoice("a", { amountMsat: 250_000_000n, description: "two kWh", delta: 40 });
    expect(decodeInvoice(text)).toMatchObject({
      currency: "bcrt",
      amount_msat: 250_000_000n,
      payment_hash: Buffer.from(hash).toString("hex"),
      payment_secret: Buffer.from(secret).toString("hex"),
      description: new Uint8Array(Buffer.from("two kWh")),
      expiry_s: 3600n,
      min_final_cltv_expiry_delta: 40n,
      features: [8, 14, 17],
      payee: Buffer.from(NODE_POINT).toString("hex"),
    });
  },
  "entropy and half-made invoices are gone": (make) => {
    const room = open(make);
    room.invoice("a");
    expect(room.get(64, 2048)).toEqual(Buffer.alloc(64));
  },
  "is fulfilled at once, told once, and not paid twice": (make) => {
    const room = open(make);
    const invoice = room.invoice("a", { amountMsat: AMOUNT });
    const i = pay(room, invoice);
    expect(room.settle()).toBe(true);
    expect(outcome(room, 0, i)).toEqual(FULFILLED);
    expect(room.slot(0, i)).toMatchObject({ preimage: invoice.preimage, blob: 0 });
    expect(room.blobs()).toEqual([]);
    const [event, ...others] = room.events();
    expect(others).toEqual([]);
    expect(event).toMatchObject({ kind: "received", amountMsat: AMOUNT, hash: invoice.hash });
    expect(Uint8Array.from(event?.rest ?? [])).toEqual(plain(invoice.preimage));
    const again = pay(room, invoice);
    room.settle();
    expectFailed(room, again, UNKNOWN, AMOUNT, BigInt(HEIGHT));
  },
  "incorrect_or_unknown_payment_details, with amount and height": (make) => {
    const room = open(make);
    const asked = room.invoice("a", { amountMsat: AMOUNT, delta: 30 });
    const cltvExpiry = HEIGHT + 30;
    const stranger = { ...asked, hash: named("a hash that nobody knows") };
    const cases: [Invoice, Part][] = [
      [stranger, { cltvExpiry }],
      [asked, { cltvExpiry, secret: named("another secret") }],
      [asked, { cltvExpiry, amountMsat: AMOUNT - 1n }],
      [asked, { cltvExpiry, amountMsat: 2n * AMOUNT + 1n }],
      [asked, { cltvExpiry, amountMsat: AMOUNT, totalMsat: AMOUNT - 1n }],
      [asked, { cltvExpiry, amountMsat: AMOUNT, totalMsat: 2n * AMOUNT + 1n }],
      [asked, { cltvExpiry, amountMsat: AMOUNT, totalMsat: 2n ** 64n - 1n }],
      [asked, { cltvExpiry: cltvExpiry - 1 }],
    ];
    for (const [invoice, part] of cases) {
      const i = pay(room, invoice, part);
      room.settle();
      expectFailed(room, i, UNKNOWN, part.amountMsat ?? AMOUNT, BigInt(HEIGHT));
    }
    const bare = onion(asked.hash, [finalPayload(AMOUNT, cltvExpiry)]);
    const i = room.arrive(0, { amountMsat: AMOUNT, cltvExpiry, hash: asked.hash, onion: bare });
    room.settle();
    expectFailed(room, i, UNKNOWN, AMOUNT, BigInt(HEIGHT));
    const good = pay(room, asked, { cltvExpiry });
    room.settle();
    expect(outcome(room, 0, good)).toEqual(FULFILLED);
  },
  "up to twice the amount is taken, and any amount where none was asked for": (make) => {
    const room = open(make);
    const twice = pay(room, room.invoice("a", { amountMsat: AMOUNT }), { amountMsat: 2n * AMOUNT });
    const any = pay(room, room.invoice("b"), { amountMsat: 3n });
    const none = pay(room, room.invoice("c"), { amountMsat: 3n, forwardMsat: 0n });
    room.settle();
    expect(outcome(room, 0, twice)).toEqual(FULFILLED);
    expect(outcome(room, 0, any)).toEqual(FULFILLED);
    expect(outcome(room, 0, none)).toEqual(failedWith(UNKNOWN));
    expect(room.events().map(({ amountMsat }) => amountMsat)).toEqual([2n * AMOUNT, 3n]);
  },
  "an invoice expires, where the time is known": (make) => {
    const room = open(make);
    const first = room.invoice("a", { expiryS: 100n });
    room.time(HEIGHT, NOW_MS, UTC_S + 100n);
    const late = pay(room, first);
    room.settle();
    expectFailed(room, late, UNKNOWN, AMOUNT, BigInt(HEIGHT));
    room.time(HEIGHT, NOW_MS, 0n);
    const unknown = pay(room, first);
    room.settle();
    expect(outcome(room, 0, unknown)).toEqual(FULFILLED);
  },
  "final_incorrect_cltv_expiry and final_incorrect_htlc_amount": (make) => {
    const room = open(make);
    const invoice = room.invoice("a", { amountMsat: AMOUNT });
    const soon = pay(room, invoice, { onionCltv: CLTV + 1 });
    room.settle();
    expectFailed(room, soon, 18, BigInt(CLTV), 0n);
    const short = pay(room, invoice, { amountMsat: AMOUNT - 1n, forwardMsat: AMOUNT });
    room.settle();
    expectFailed(room, short, 19, AMOUNT - 1n, 0n);
    const good = pay(room, invoice, { amountMsat: AMOUNT + 1n, forwardMsat: AMOUNT, onionCltv: CLTV - 1 });
    room.settle();
    expect(outcome(room, 0, good)).toEqual(FULFILLED);
    expect(room.events().map(({ amountMsat }) => amountMsat)).toEqual([AMOUNT + 1n]);
  },
  "an HTLC that has expired is refused": (make) => {
    const room = open(make);
    const i = pay(room, room.invoice("a"), { cltvExpiry: HEIGHT - 1 });
    room.settle();
    expectFailed(room, i, UNKNOWN, AMOUNT, BigInt(HEIGHT));
  },
  "requests of the wrong length, expiry delta or place": (make) => {
    const room = open(make);
    expect(room.invoice("a", { delta: 17 }).code).toBe(ERR.VALUE);
    const at = room.put(new Uint8Array(64));
    for (const [length, code] of [
      [27, ERR.TRUNCATED],
      [29, ERR.LENGTH],
    ] as const) {
      expect(room.call("invoice_create", at, length, at + 100, at + 200, at + 300)).toBe(code);
    }
    const codes = Array.from({ length: 17 }, (_, i) => room.invoice(`${i}`, { expiryS: BigInt(100 + i) }).code);
    expect(codes.slice(0, 16).every((code) => code > 0)).toBe(true);
    expect(codes[16]).toBe(ERR.CAPACITY);
    expect(room.invoice("3").code).toBe(ERR.CAPACITY);
    room.time(HEIGHT, NOW_MS, UTC_S + 101n);
    expect(room.invoice("3").code).toBe(ERR.REPLAY);
    expect(room.invoice("17").code).toBeGreaterThan(0);
    expect(room.invoice("18").code).toBeGreaterThan(0);
    expect(room.invoice("19").code).toBe(ERR.CAPACITY);
  },
});

onEngines("payment: sets of HTLCs", {
  "parts over two channels wait for each other, and all are fulfilled together": (make) => {
    const room = open(make);
    const invoice = room.invoice("a", { amountMsat: AMOUNT });
    const first = pay(room, invoice, { amountMsat: 4000n, totalMsat: AMOUNT });
    room.settle();
    expect(outcome(room, 0, first)).toEqual(WAITING);
    expect(room.settle()).toBe(false);
    const second = pay(room, invoice, { amountMsat: 5999n, totalMsat: AMOUNT, from: 1 });
    room.settle();
    expect(outcome(room, 1, second)).toEqual(WAITING);
    expect(room.blobs()).toEqual([]);
    const third = pay(room, invoice, { amountMsat: 1n, totalMsat: AMOUNT });
    room.settle();
    expect([outcome(room, 0, first), outcome(room, 1, second), outcome(room, 0, third)]).toEqual([
      FULFILLED,
      FULFILLED,
      FULFILLED,
    ]);
    expect(room.events()).toMatchObject([{ kind: "received", amountMsat: AMOUNT }]);
  },
  "what counts is what the origin meant to pay": (make) => {
    const room = open(make);
    const invoice = room.invoice("a", { amountMsat: AMOUNT });
    const first = pay(room, invoice, { amountMsat: AMOUNT + 5n, forwardMsat: AMOUNT - 1n, totalMsat: AMOUNT });
    room.settle();
    expect(outcome(room, 0, first)).toEqual(WAITING);
    const second = pay(room, invoice, { amountMsat: 1n, totalMsat: AMOUNT });
    room.settle();
    expect(outcome(room, 0, second)).toEqual(FULFILLED);
    expect(room.events()).toMatchObject([{ amountMsat: AMOUNT + 6n }]);
  },
  "mpp_timeout for all after 60 s, from the first on; then the invoice can be paid": (make) => {
    const room = open(make);
    const invoice = room.invoice("a", { amountMsat: AMOUNT });
    const first = pay(room, invoice, { amountMsat: 4000n, totalMsat: AMOUNT });
    room.settle();
    room.time(HEIGHT, NOW_MS + 30_000n);
    const second = pay(room, invoice, { amountMsat: 4000n, totalMsat: AMOUNT, from: 1 });
    room.settle();
    room.time(HEIGHT, NOW_MS + TIMEOUT_MS - 1n);
    expect(room.settle()).toBe(false);
    room.time(HEIGHT, NOW_MS + TIMEOUT_MS);
    expect(room.settle()).toBe(true);
    expect(outcome(room, 0, first)).toEqual(failedWith(MPP_TIMEOUT));
    expect(outcome(room, 1, second)).toEqual(failedWith(MPP_TIMEOUT));
    expect(room.events()).toEqual([]);
    const whole = pay(room, invoice);
    room.settle();
    expect(outcome(room, 0, whole)).toEqual(FULFILLED);
  },
  "parts that name different totals all fail": (make) => {
    const room = open(make);
    const invoice = room.invoice("a", { amountMsat: AMOUNT });
    const first = pay(room, invoice, { amountMsat: 4000n, totalMsat: AMOUNT });
    room.settle();
    const second = pay(room, invoice, { amountMsat: 6000n, totalMsat: AMOUNT + 1n, from: 1 });
    room.settle();
    expect(outcome(room, 0, first)).toEqual(failedWith(UNKNOWN));
    expect(outcome(room, 1, second)).toEqual(failedWith(UNKNOWN));
    expect(room.slot(0, first)).toMatchObject({ first: 4000n, second: BigInt(HEIGHT) });
    expect(room.slot(1, second)).toMatchObject({ first: 6000n, second: BigInt(HEIGHT) });
  },
  "two totals at the same moment": (make) => {
    const room = open(make);
    const invoice = room.invoice("a", { amountMsat: AMOUNT });
    const first = pay(room, invoice, { amountMsat: 4000n, totalMsat: AMOUNT });
    const second = pay(room, invoice, { amountMsat: 6000n, totalMsat: AMOUNT + 1n, from: 1 });
    room.settle();
    expect(outcome(room, 0, first)).toEqual(failedWith(UNKNOWN));
    expect(outcome(room, 1, second)).toEqual(failedWith(UNKNOWN));
  },
  "a set that is complete too near to an expiry fails": (make) => {
    const room = open(make);
    const invoice = room.invoice("a", { amountMsat: AMOUNT });
    const first = pay(room, invoice, { amountMsat: 4000n, totalMsat: AMOUNT });
    room.settle();
    room.time(HEIGHT + 1);
    const second = pay(room, invoice, { amountMsat: 6000n, totalMsat: AMOUNT, cltvExpiry: CLTV + 50, from: 1 });
    room.settle();
    expect(outcome(room, 0, first)).toEqual(failedWith(UNKNOWN));
    expect(outcome(room, 1, second)).toEqual(failedWith(UNKNOWN));
  },
  "a set waits 60 s anew after a restart": (make) => {
    const room = open(make);
    const invoice = room.invoice("a", { amountMsat: AMOUNT });
    const first = pay(room, invoice, { amountMsat: 4000n, totalMsat: AMOUNT });
    room.settle();
    room.call("payment_boot");
    room.time(HEIGHT, 7n);
    expect(room.settle()).toBe(false);
    room.time(HEIGHT, 6n + TIMEOUT_MS);
    expect(room.settle()).toBe(false);
    room.time(HEIGHT, 7n + TIMEOUT_MS);
    expect(room.settle()).toBe(true);
    expect(outcome(room, 0, first)).toEqual(failedWith(MPP_TIMEOUT));
  },
  "a part whose channel failed meanwhile does not count, but its preimage is kept once the others are enough": (
    make,
  ) => {
    const room = open(make);
    const invoice = room.invoice("a", { amountMsat: AMOUNT });
    const first = pay(room, invoice, { amountMsat: 4000n, totalMsat: AMOUNT });
    const second = pay(room, invoice, { amountMsat: 1000n, totalMsat: AMOUNT, from: 1 });
    room.settle();
    room.setChannel(0, 8);
    const third = pay(room, invoice, { amountMsat: 8999n, totalMsat: AMOUNT, from: 1 });
    room.settle();
    expect(outcome(room, 1, third)).toEqual(WAITING);
    const fourth = pay(room, invoice, { amountMsat: 1n, totalMsat: AMOUNT, from: 1 });
    room.settle();
    for (const i of [second, third, fourth]) expect(outcome(room, 1, i)).toEqual(FULFILLED);
    expect(outcome(room, 0, first)).toEqual(WAITING);
    expect(room.slot(0, first)).toMatchObject({ preimage: invoice.preimage });
    expect(room.slot(0, first).flags & FLAG.preimage).toBe(FLAG.preimage);
    expect(room.events()).toMatchObject([{ kind: "received", amountMsat: AMOUNT }]);
  },
  "a set whose only channel has failed is forgotten": (make) => {
    const room = open(make);
    const invoice = room.invoice("a", { amountMsat: AMOUNT });
    const first = pay(room, invoice, { amountMsat: 4000n, totalMsat: AMOUNT });
    room.settle();
    room.setChannel(0, 8);
    expect(room.settle()).toBe(true);
    expect(outcome(room, 0, first)).toEqual(WAITING);
    expect(room.settle()).toBe(false);
    const whole = pay(room, invoice, { from: 1, totalMsat: AMOUNT + 1n, amountMsat: AMOUNT + 1n });
    room.settle();
    expect(outcome(room, 1, whole)).toEqual(FULFILLED);
  },
});

/** A keysend HTLC, without settling. */
function keysend(room: Room, preimage: Uint8Array, values: Partial<Part> & { hash?: Uint8Array } = {}): number {
  const amountMsat = values.amountMsat ?? AMOUNT;
  const cltvExpiry = values.cltvExpiry ?? CLTV;
  const hash = values.hash ?? sha256(preimage);
  const payload = finalPayload(
    values.forwardMsat ?? amountMsat,
    cltvExpiry,
    values.secret,
    values.totalMsat ?? amountMsat,
    preimage,
  );
  return room.arrive(0, { amountMsat, cltvExpiry, hash, onion: onion(hash, [payload]) });
}

onEngines("payment: keysend", {
  "is taken and told": (make) => {
    const room = open(make);
    const preimage = named("spontaneous");
    const i = keysend(room, preimage);
    room.settle();
    expect(outcome(room, 0, i)).toEqual(FULFILLED);
    const [event] = room.events();
    expect(event).toMatchObject({ kind: "received", amountMsat: AMOUNT, hash: sha256(preimage) });
    expect(Uint8Array.from(event?.rest ?? [])).toEqual(plain(preimage));
  },
  "parts of one secret and total are taken together; of another one they are refused": (make) => {
    const room = open(make);
    const preimage = named("spontaneous");
    const half = { secret: named("secret"), totalMsat: 2n * AMOUNT };
    const first = keysend(room, preimage, half);
    room.settle();
    expect(outcome(room, 0, first)).toEqual(WAITING);
    for (const other of [{ secret: named("another"), totalMsat: 2n * AMOUNT }, {}]) {
      const refused = keysend(room, preimage, other);
      room.settle();
      expectFailed(room, refused, UNKNOWN, AMOUNT, BigInt(HEIGHT));
    }
    const second = keysend(room, preimage, half);
    room.settle();
    for (const i of [first, second]) expect(outcome(room, 0, i)).toEqual(FULFILLED);
    expect(room.events()).toMatchObject([{ kind: "received", amountMsat: 2n * AMOUNT }]);
  },
  "a preimage of another hash, the same one again, and too near an expiry are refused": (make) => {
    const room = open(make);
    const preimage = named("spontaneous");
    const cases = [
      { hash: named("another hash") },
      { secret: named("secret"), totalMsat: AMOUNT - 1n },
      { cltvExpiry: CLTV - 1 },
      { forwardMsat: 0n },
    ];
    for (const values of cases) {
      const i = keysend(room, preimage, values);
      room.settle();
      expectFailed(room, i, UNKNOWN, AMOUNT, BigInt(HEIGHT));
    }
    const good = keysend(room, preimage, { secret: named("secret") });
    room.settle();
    expect(outcome(room, 0, good)).toEqual(FULFILLED);
    expect(room.events()).toHaveLength(1);
    const again = keysend(room, preimage);
    room.settle();
    expectFailed(room, again, UNKNOWN, AMOUNT, BigInt(HEIGHT));
  },
  "final_incorrect_htlc_amount leaves no trace of it": (make) => {
    const room = open(make);
    const preimage = named("spontaneous");
    const i = keysend(room, preimage, { amountMsat: AMOUNT - 1n, forwardMsat: AMOUNT });
    room.settle();
    expectFailed(room, i, 19, AMOUNT - 1n, 0n);
    const good = keysend(room, preimage);
    room.settle();
    expect(outcome(room, 0, good)).toEqual(FULFILLED);
  },
  "temporary_node_failure where no place is left, and places of told ones are used again": (make) => {
    const room = open(make);
    for (let k = 0; k < 16; k++) expect(room.invoice(`${k}`).code).toBeGreaterThan(0);
    const full = keysend(room, named("one too many"));
    room.settle();
    expect(outcome(room, 0, full)).toEqual(failedWith(0x2002));
    const paid = pay(room, {
      ...room.invoice("none"),
      ...{ hash: sha256(named("preimage 3")), secret: named("secret 3") },
    });
    room.settle();
    expect(outcome(room, 0, paid)).toEqual(FULFILLED);
    const untold = keysend(room, named("before it was told"));
    room.settle();
    expect(outcome(room, 0, untold)).toEqual(failedWith(0x2002));
    expect(room.events()).toHaveLength(1);
    const told = keysend(room, named("after it was told"));
    room.settle();
    expect(outcome(room, 0, told)).toEqual(FULFILLED);
  },
});

onEngines("payment: what else a last hop's payload may hold", {
  "a blinded payment is not known here": (make) => {
    const room = open(make);
    const hash = named("hash");
    const payload = encodeTlvs([
      { type: 2n, value: truncated(AMOUNT) },
      { type: 4n, value: truncated(BigInt(CLTV)) },
      { type: 10n, value: Uint8Array.of(1) },
      { type: 12n, value: Uint8Array.of(2, ...new Uint8Array(32).fill(1)) },
      { type: 18n, value: truncated(AMOUNT) },
    ]);
    const i = room.arrive(0, { amountMsat: AMOUNT, cltvExpiry: CLTV, hash, onion: onion(hash, [payload]) });
    room.settle();
    expectFailed(room, i, UNKNOWN, AMOUNT, BigInt(HEIGHT));
    expect(room.slot(0, i).flags & FLAG.handled).toBe(FLAG.handled);
  },
});
