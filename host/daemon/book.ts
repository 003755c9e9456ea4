import { readFileSync } from "node:fs";
import { writeWhole } from "./folder.js";
import type { Address } from "./parameters.js";
import { isObject } from "./rpc.js";

/** An invoice as the user knows it. Whether it is paid, the firmware tells once. */
export interface BookedInvoice {
  readonly label: string;
  readonly bolt11: string;
  readonly payment_hash: string;
  /** Decimal; null: any. */
  readonly amount_msat: string | null;
  readonly description: string;
  readonly expires_at: number;
  status: "unpaid" | "paid";
  amount_received_msat?: string;
  paid_at?: number;
}

/** A payment that was made or tried. */
export interface BookedPayment {
  readonly payment_hash: string;
  readonly destination: string;
  readonly kind: "bolt11" | "keysend";
  readonly bolt11?: string;
  readonly amount_msat: string;
  readonly amount_sent_msat: string;
  readonly created_at: number;
  /** The firmware's number of it, while it is pending. */
  readonly part: number;
  status: "pending" | "complete" | "failed";
  preimage?: string;
  /** Where and why it failed. */
  failure?: string;
}

interface Content {
  addresses: Record<string, Address>;
  invoices: BookedInvoice[];
  payments: BookedPayment[];
  /** Funding transactions that are not confirmed, hexadecimal, by txid. */
  fundings: Record<string, string>;
  /** Height at which an outpoint was first watched, by its hexadecimal. */
  watches: Record<string, number>;
}

/**
 * What people want to look up and the firmware has no room for: addresses of peers, labels and texts of invoices,
 * payments that are over, and funding transactions until they are confirmed. Without the file the node still knows its
 * channels and invoices.
 */
export class Book {
  private constructor(
    private readonly path: string,
    private readonly content: Content,
  ) {}

  /** Throws an Error naming the file if it is there and is no book. */
  static open(path: string): Book {
    let text: string;
    try {
      text = readFileSync(path, "utf8");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
      return new Book(path, { addresses: {}, invoices: [], payments: [], fundings: {}, watches: {} });
    }
    let content: unknown;
    try {
      content = JSON.parse(text);
    } catch {
      content = undefined;
    }
    const { addresses, invoices, payments, fundings, watches = {} } = isObject(content) ? content : {};
    if (!isObject(addresses) || !Array.isArray(invoices) || !Array.isArray(payments) || !isObject(fundings)) {
      throw new Error(`${path}: is no book of a node; without it, only labels and past payments are lost`);
    }
    return new Book(path, { addresses, invoices, payments, fundings, watches } as Content);
  }

  address(peer: string): Address | undefined {
    return Object.hasOwn(this.content.addresses, peer) ? this.content.addresses[peer] : undefined;
  }

  setAddress(peer: string, address: Address): void {
    const known = this.address(peer);
    if (known?.host === address.host && known.port === address.port) return;
    this.content.addresses[peer] = { host: address.host, port: address.port };
    this.save();
  }

  get invoices(): readonly BookedInvoice[] {
    return this.content.invoices;
  }

  get payments(): readonly BookedPayment[] {
    return this.content.payments;
  }

  addInvoice(invoice: BookedInvoice): void {
    this.content.invoices.push(invoice);
    this.save();
  }

  addPayment(payment: BookedPayment): void {
    this.content.payments.push(payment);
    this.save();
  }

  get fundings(): readonly (readonly [txid: string, transaction: string])[] {
    return Object.entries(this.content.fundings);
  }

  addFunding(txid: string, transaction: string): void {
    this.content.fundings[txid] = transaction;
    this.save();
  }

  dropFunding(txid: string): void {
    this.content.fundings = Object.fromEntries(Object.entries(this.content.fundings).filter(([each]) => each !== txid));
    this.save();
  }

  /** Height at which this outpoint was first watched: now, if it never was. */
  watchedSince(outpoint: string, height: number): number {
    const known = Object.hasOwn(this.content.watches, outpoint) ? this.content.watches[outpoint] : undefined;
    if (known !== undefined) return known;
    this.content.watches[outpoint] = height;
    this.save();
    return height;
  }

  /** The invoice with this hash is paid. */
  paid(payment_hash: string, amount_msat: bigint, atMs: number): void {
    const invoice = this.content.invoices.find((candidate) => candidate.payment_hash === payment_hash);
    if (invoice === undefined || invoice.status === "paid") return;
    invoice.status = "paid";
    invoice.amount_received_msat = amount_msat.toString();
    invoice.paid_at = Math.floor(atMs / 1000);
    this.save();
  }

  /** How a pending payment ended. */
  ended(payment: BookedPayment, outcome: { readonly preimage: string } | { readonly failure: string }): void {
    payment.status = "preimage" in outcome ? "complete" : "failed";
    Object.assign(payment, outcome);
    this.save();
  }

  private save(): void {
    writeWhole(this.path, `${JSON.stringify(this.content, null, 1)}\n`);
  }
}
