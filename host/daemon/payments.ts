import { ModuleError } from "../engine/errors.js";
import { decodeInvoice } from "../decode/invoice.js";
import { DecodeError } from "../decode/errors.js";
import type { Invoice } from "../decode/invoice.js";
import type { NodeEvent } from "../node/node_event.js";
import type { PayRequest } from "../node/requests.js";
import type { BookedPayment } from "./book.js";
import { type Context, bytesOf, hexText, refused } from "./context.js";
import { type Destination, type Path, pathsTo } from "./paths.js";
import { riderRefusal } from "./rider_refusals.js";
import type { RouteHop, SwapHop } from "./route.js";
import { type Json, RPC_CODES, RpcError, isObject } from "./rpc.js";

/** Blocks that may come while a payment is under way. */
const SPARE_BLOCKS = 2;
/** Blocks that the last HTLC has left where no invoice says. */
const KEYSEND_DELTA = 42;
const RETRY_S = 60;
/** Wait before another attempt where what is under way, payments or arrears, leaves no room for it, ms. */
const FULL_MS = 50;

/** What pay and keysend have in common. */
interface Options {
  readonly route: readonly RouteHop[] | undefined;
  readonly maxfee: bigint | undefined;
  readonly retry_for: number | undefined;
}

/** A swap of money against energy. */
export interface SwapOrder {
  readonly payee: Uint8Array;
  readonly amountMsat: bigint;
  /** What comes from the payee, mWh; below zero it goes there. */
  readonly energyMwh: bigint;
  readonly intervalStart: number;
  readonly kind: "receipt" | "promise";
  readonly route: readonly SwapHop[] | undefined;
  readonly retry_for: number | undefined;
}

/** Beyond its path, what a payment is. */
type Request = Pick<PayRequest, "invoice" | "energy">;
type Kind = Pick<BookedPayment, "kind" | "bolt11" | "energy">;

type Outcome = { readonly preimage: string; readonly note?: string } | { readonly failure: string };

/** Payments that this node makes. */
export class Payments {
  /** Who waits for a payment to end. */
  private readonly waiting = new Map<BookedPayment, (outcome: Outcome) => void>();

  private starting = false;

  constructor(private readonly context: Context) {
    context.events.on((event) => {
      if (event.kind === "sent" || event.kind === "failed") this.ended(event);
      else if (event.kind === "received") this.received(event);
    });
  }

  /** Pays an invoice once: a second time it tells the outcome of the first. Throws RpcError. */
  pay(text: string, asked: bigint | undefined, options: Options): Promise<Json> {
    const { node, network, clock, book } = this.context;
    const bolt11 = text.replace(/^lightning:/i, "");
    const invoice = readInvoice(bolt11);
    if (invoice.currency !== network.prefix) throw wrong("bolt11", `is of another chain, ${invoice.currency}`);
    if (BigInt(invoice.timestamp) + invoice.expiry_s <= BigInt(Math.floor(clock.nowMs() / 1000))) {
      throw new RpcError(RPC_CODES.PAYMENT, "the invoice has expired");
    }
    if (invoice.amount_msat !== undefined && asked !== undefined && asked !== invoice.amount_msat) {
      throw wrong("amount_msat", `the invoice asks for ${invoice.amount_msat} msat`);
    }
    const amountMsat = invoice.amount_msat ?? asked;
    if (amountMsat === undefined) throw wrong("amount_msat", "is missing: the invoice leaves it open");
    const before = book.payments.filter(({ payment_hash }) => payment_hash === invoice.payment_hash);
    const complete = before.find(({ status }) => status === "complete");
    if (complete !== undefined) return Promise.resolve(paymentDocument(complete));
    if (before.some(({ status }) => status === "pending")) {
      throw new RpcError(RPC_CODES.PAYMENT, "a payment of this invoice is under way");
    }
    const destination: Destination = {
      payee: bytesOf(invoice.payee),
      amountMsat,
      cltvExpiry: node.info().height + Number(invoice.min_final_cltv_expiry_delta) + SPARE_BLOCKS,
      route: options.route,
      hints: invoice.routes,
    };
    const request = {
      invoice: {
        paymentHash: bytesOf(invoice.payment_hash),
        paymentSecret: bytesOf(invoice.payment_secret),
        ...(invoice.metadata === undefined ? {} : { metadata: bytesOf(invoice.metadata) }),
      },
    };
    return this.send(destination, request, { kind: "bolt11", bolt11 }, options);
  }

  /** Pays a node that gave no invoice. Throws RpcError. */
  keysend(payee: Uint8Array, amountMsat: bigint, options: Options): Promise<Json> {
    const cltvExpiry = this.context.node.info().height + KEYSEND_DELTA;
    const destination = { payee, amountMsat, cltvExpiry, route: options.route, hints: [] };
    return this.send(destination, {}, { kind: "keysend" }, options);
  }

  /** Swaps with a node that has posted an offer. Throws RpcError. */
  swap(order: SwapOrder): Promise<Json> {
    const { payee, amountMsat, energyMwh, intervalStart, kind, route, retry_for } = order;
    const cltvExpiry = this.context.node.info().height + KEYSEND_DELTA;
    const destination = { payee, amountMsat, cltvExpiry, route, hints: [] };
    const energy = { energy_mwh: energyMwh.toString(), interval_start: intervalStart, kind };
    const options = { route, maxfee: undefined, retry_for };
    return this.send(destination, { energy: { intervalStart, kind } }, { kind: "swap", energy }, options, (path) =>
      withEnergy(path, energyMwh, route),
    );
  }

  /** Looks after payments that were under way when the node was stopped. */
  resume(): void {
    const { book, node, log } = this.context;
    for (const payment of book.payments.filter(({ status }) => status === "pending")) {
      const part = node.payment(payment.part);
      if (part === undefined || hexText(part.paymentHash) !== payment.payment_hash) {
        log.warn(`payment ${payment.payment_hash}: the node knows nothing of it any more`);
      } else if (part.state === "sent" && part.preimage !== undefined) {
        book.ended(payment, { preimage: hexText(part.preimage) });
      } else if (part.state === "failed") {
        book.ended(payment, { failure: failureText(part.failedHop, part.failureCode) });
      }
    }
  }

  private async send(
    destination: Destination,
    request: Request,
    kind: Kind,
    { maxfee, retry_for = RETRY_S }: Options,
    finish: (path: Path) => Path = (path) => path,
  ): Promise<Json> {
    const deadline = this.context.clock.monoMs() + retry_for * 1000;
    for (;;) {
      const failure = await this.once(destination, request, kind, maxfee, deadline, finish);
      if (!(failure instanceof RpcError)) return failure;
      if (!passes(failure) || this.context.clock.monoMs() + FULL_MS >= deadline) throw failure;
      await new Promise<void>((resolve) => {
        this.context.clock.after(FULL_MS, resolve);
      });
    }
  }

  /** Tries each path there is. */
  private async once(
    destination: Destination,
    request: Request,
    kind: Kind,
    maxfee: bigint | undefined,
    deadline: number,
    finish: (path: Path) => Path,
  ): Promise<Json | RpcError> {
    const { node } = this.context;
    // Energy goes over lines alone.
    const channels = node
      .channels()
      .filter(({ channel }) => request.energy === undefined || node.energy(channel) !== undefined);
    const paths = pathsTo(channels, destination).map(finish);
    let failure = new RpcError(RPC_CODES.ROUTE, "no route");
    for (const path of paths) {
      const fee = path.sentMsat - destination.amountMsat;
      if (maxfee !== undefined && fee > maxfee) {
        failure = new RpcError(RPC_CODES.ROUTE, `the route costs ${fee} msat, more than maxfee`, { fee_msat: fee });
        continue;
      }
      const payment = this.start(destination, request, kind, path);
      if (payment instanceof RpcError) {
        failure = payment;
        continue;
      }
      const left = deadline - this.context.clock.monoMs();
      const outcome = await this.outcomeOf(payment, Math.max(1, left));
      if (outcome === undefined) {
        throw new RpcError(RPC_CODES.TIMEOUT, "the payment is still under way: listpays shows how it ends", {
          payment_hash: payment.payment_hash,
        });
      }
      if ("preimage" in outcome) return paymentDocument(payment);
      failure = new RpcError(RPC_CODES.PAYMENT, `the payment failed: ${outcome.failure}`, {
        payment_hash: payment.payment_hash,
        failure: outcome.failure,
      });
    }
    return failure;
  }

  /** Hands one part to the node and books it; a refusal is no outcome, another path may do. */
  private start(
    { payee, amountMsat }: Destination,
    request: Request,
    kind: Kind,
    path: Path,
  ): BookedPayment | RpcError {
    const { node, book, clock } = this.context;
    const early: EndEvent[] = [];
    const off = this.context.events.on((event) => {
      if (event.kind === "sent" || event.kind === "failed") early.push(event);
    });
    let part: number;
    this.starting = true;
    try {
      part = node.pay({ channel: path.channel, hops: path.hops, ...request });
    } catch (error) {
      if (error instanceof ModuleError) return this.refusalOf(path, error);
      throw error;
    } finally {
      off();
      this.starting = false;
    }
    // A keysend's hash is the node's to choose.
    const hash =
      request.invoice?.paymentHash ??
      node.payment(part)?.paymentHash ??
      early.find((e) => e.part === part)?.paymentHash;
    const payment: BookedPayment = {
      payment_hash: hexText(hash ?? new Uint8Array(32)),
      destination: hexText(payee),
      ...kind,
      amount_msat: amountMsat.toString(),
      amount_sent_msat: path.sentMsat.toString(),
      created_at: Math.floor(clock.nowMs() / 1000),
      part,
      status: "pending",
    };
    book.addPayment(payment);
    for (const event of early) if (event.part === part) this.ended(event);
    return payment;
  }

  private refusalOf({ channel, hops }: Path, error: ModuleError): RpcError {
    const mwh = hops[0]?.energyMwh;
    const line = mwh === undefined ? undefined : this.context.node.energy(channel);
    const reason = mwh === undefined || line === undefined ? undefined : riderRefusal(line, mwh, error);
    return reason ?? refused("pay", error);
  }

  /** undefined: not within `ms`. */
  private outcomeOf(payment: BookedPayment, ms: number): Promise<Outcome | undefined> {
    const { status, preimage = "", failure = "" } = payment;
    if (status === "complete") return Promise.resolve({ preimage });
    if (status === "failed") return Promise.resolve({ failure });
    return new Promise((resolve) => {
      const timer = this.context.clock.after(ms, () => {
        this.waiting.delete(payment);
        resolve(undefined);
      });
      this.waiting.set(payment, (outcome) => {
        timer.cancel();
        this.waiting.delete(payment);
        resolve(outcome);
      });
    });
  }

  private ended(event: EndEvent): void {
    const { book, log } = this.context;
    const hash = hexText(event.paymentHash);
    const payment = book.payments.find(
      ({ status, part, payment_hash }) => status === "pending" && part === event.part && payment_hash === hash,
    );
    if (payment === undefined) {
      this.unbooked(event, hash);
      return;
    }
    const outcome = outcomeOf(event);
    book.ended(payment, outcome);
    log.info(`payment ${hash}: ${"preimage" in outcome ? "complete" : `failed, ${outcome.failure}`}`);
    this.waiting.get(payment)?.(outcome);
  }

  /** The node tells of the end of a payment that is not booked as pending. */
  private unbooked(event: EndEvent, hash: string): void {
    const { book, clock } = this.context;
    // `start` is about to book it and tells it then; or the node tells again, after a restart, what is booked.
    if (this.starting || book.payments.some(({ part, payment_hash }) => part === event.part && payment_hash === hash)) {
      return;
    }
    // We were killed between the two: where it went to is not known any more, but that it was made is.
    const payment: BookedPayment = {
      payment_hash: hash,
      destination: "unknown",
      kind: "bolt11",
      amount_msat: event.amountMsat.toString(),
      amount_sent_msat: event.amountMsat.toString(),
      created_at: Math.floor(clock.nowMs() / 1000),
      part: event.part,
      status: "pending",
    };
    book.addPayment(payment);
    book.ended(payment, outcomeOf(event));
  }

  private received({ paymentHash, amountMsat }: Extract<NodeEvent, { kind: "received" }>): void {
    const { book, clock, log } = this.context;
    log.info(`received ${amountMsat} msat, payment_hash ${hexText(paymentHash)}`);
    book.paid(hexText(paymentHash), amountMsat, clock.nowMs());
  }
}

/** The last path was refused because of what is under way, payments or arrears: that passes. */
const passes = ({ code, data }: RpcError): boolean =>
  code === RPC_CODES.NODE &&
  isObject(data) &&
  (data["passing"] === true || (data["error"] === "ERR_CAPACITY" && data["line"] === undefined));

const outcomeOf = (event: EndEvent): Outcome =>
  event.kind === "sent"
    ? { preimage: hexText(event.preimage), ...(event.note === undefined ? {} : { note: hexText(event.note) }) }
    : { failure: failureText(event.hop, event.code) };

type EndEvent = Extract<NodeEvent, { kind: "sent" | "failed" }>;

/** A path with riders, and rents instead of fees: amounts from the payee backwards. */
function withEnergy(path: Path, energyMwh: bigint, route: readonly SwapHop[] | undefined): Path {
  const hops = path.hops.map((hop, i) => ({ ...hop, energyMwh: route?.[i]?.energy_mwh ?? energyMwh }));
  let amountMsat = hops.at(-1)?.amountMsat ?? 0n;
  for (let i = hops.length - 1; i >= 0; i--) {
    const hop = hops[i] as (typeof hops)[number];
    hops[i] = { ...hop, amountMsat };
    amountMsat += route?.[i]?.rent_msat ?? 0n;
  }
  return { ...path, hops, sentMsat: hops[0]?.amountMsat ?? 0n };
}

/** Names of BOLT 4, "Failure Messages", without the flags of their codes. */
const FAILURES: Readonly<Record<number, string>> = {
  0x2002: "temporary_node_failure",
  0x6002: "permanent_node_failure",
  0x6003: "required_node_feature_missing",
  0xc004: "invalid_onion_version",
  0xc005: "invalid_onion_hmac",
  0xc006: "invalid_onion_key",
  0x1007: "temporary_channel_failure",
  0x4008: "permanent_channel_failure",
  0x4009: "required_channel_feature_missing",
  0x400a: "unknown_next_peer",
  0x100b: "amount_below_minimum",
  0x100c: "fee_insufficient",
  0x100d: "incorrect_cltv_expiry",
  0x100e: "expiry_too_soon",
  0x400f: "incorrect_or_unknown_payment_details",
  0x0012: "final_incorrect_cltv_expiry",
  0x0013: "final_incorrect_htlc_amount",
  0x1014: "channel_disabled",
  0x0015: "expiry_too_far",
  0x4016: "invalid_onion_payload",
  0x0017: "mpp_timeout",
  0xc018: "invalid_onion_blinding",
};

/** Where a payment failed and why. @param hop from 0; -1: this node; -2: unknown */
export function failureText(hop: number, code: number): string {
  const where = hop === -1 ? "this node" : hop < 0 ? "an unknown hop" : `hop ${hop + 1}`;
  return `${FAILURES[code] ?? (code === 0 ? "unknown reason" : `code 0x${code.toString(16).padStart(4, "0")}`)} at ${where}`;
}

/** A payment as listings show it. */
export const paymentDocument = (payment: BookedPayment): Json => ({
  payment_hash: payment.payment_hash,
  ...(payment.preimage === undefined ? {} : { payment_preimage: payment.preimage }),
  status: payment.status,
  destination: payment.destination,
  amount_msat: payment.amount_msat,
  amount_sent_msat: payment.amount_sent_msat,
  created_at: payment.created_at,
  ...(payment.energy === undefined ? {} : { energy: payment.energy }),
  ...(payment.bolt11 === undefined ? {} : { bolt11: payment.bolt11 }),
  ...(payment.failure === undefined ? {} : { failure: payment.failure }),
});

const wrong = (field: string, reason: string): RpcError =>
  new RpcError(RPC_CODES.PARAMETERS, `${field}: ${reason}`, { field, place: null, reason });

/** Throws RpcError PARAMETERS with the place in the invoice that is wrong. */
export function readInvoice(bolt11: string): Invoice {
  try {
    return decodeInvoice(bolt11);
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    throw new RpcError(RPC_CODES.PARAMETERS, `bolt11: ${error.message}`, {
      field: "bolt11",
      place: error.place ?? null,
      reason: `${error.field}: ${error.reason}`,
    });
  }
}
