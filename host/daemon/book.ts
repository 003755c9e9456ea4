import { BookFile } from "./book_file.js";
import type { Address } from "./parameters.js";

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
  readonly kind: "bolt11" | "keysend" | "swap";
  /** Of a swap. */
  readonly energy?: { readonly energy_mwh: string; readonly interval_start: number; readonly kind: string };
  readonly bolt11?: string;
  readonly amount_msat: string;
  readonly amount_sent_msat: string;
  readonly created_at: number;
  /** The firmware's number of it, while it is pending. */
  readonly part: number;
  status: "pending" | "complete" | "failed";
  preimage?: string;
  /** Of a swap: the note of the payee's meter, hexadecimal. */
  note?: string;
  /** Where and why it failed. */
  failure?: string;
}

/** A receipt of the meter at a line's other end. */
export interface BookedReceipt {
  readonly until: number;
  readonly record: string;
}

/** A note, and the key of the meter that has signed it; all hexadecimal. */
export interface BookedNote {
  readonly payment_hash: string;
  readonly meter_key: string;
  readonly note: string;
}

/**
 * What people want to look up and the firmware has no room for: addresses of peers, labels and texts of invoices,
 * payments that are over, funding transactions until they are confirmed, and meters' receipts and notes. Without the file the node still knows its
 * channels and invoices.
 */
export class Book {
  private readonly addresses = new Map<string, Address>();
  private readonly bookedInvoices: BookedInvoice[] = [];
  private readonly bookedPayments: BookedPayment[] = [];
  /** Funding transactions that are not confirmed, hexadecimal, by txid. */
  private readonly waiting = new Map<string, string>();
  /** Height at which an outpoint was first watched, by its hexadecimal. */
  private readonly watches = new Map<string, number>();
  /** Receipts of the peer's meter, oldest first, by channel_id. */
  private readonly bookedReceipts = new Map<string, BookedReceipt[]>();
  private readonly bookedNotes = new Map<string, BookedNote>();
  private readonly file: BookFile;

  private constructor(path: string) {
    this.file = BookFile.open(path, (key, value) => {
      const [kind, name = ""] = key.split(" ");
      if (kind === "address") this.addresses.set(name, value as Address);
      else if (kind === "invoice") this.bookedInvoices.push(value as BookedInvoice);
      else if (kind === "payment") this.bookedPayments.push(value as BookedPayment);
      else if (kind === "funding") this.waiting.set(name, value as string);
      else if (kind === "watch") this.watches.set(name, value as number);
      else if (kind === "receipt") this.receipts(name).push(value as BookedReceipt);
      else if (kind === "note") this.bookedNotes.set(key, value as BookedNote);
      else throw new Error(`${path}: an entry of unknown kind, ${JSON.stringify(kind)}`);
    });
  }

  /** Throws an Error naming the file if it is there and is no book. */
  static open(path: string): Book {
    return new Book(path);
  }

  address(peer: string): Address | undefined {
    return this.addresses.get(peer);
  }

  setAddress(peer: string, { host, port }: Address): void {
    const known = this.address(peer);
    if (known?.host === host && known.port === port) return;
    this.addresses.set(peer, { host, port });
    this.file.set(`address ${peer}`, { host, port });
  }

  get invoices(): readonly BookedInvoice[] {
    return this.bookedInvoices;
  }

  get payments(): readonly BookedPayment[] {
    return this.bookedPayments;
  }

  addInvoice(invoice: BookedInvoice): void {
    this.bookedInvoices.push(invoice);
    this.writeInvoice(invoice);
  }

  addPayment(payment: BookedPayment): void {
    this.bookedPayments.push(payment);
    this.writePayment(payment);
  }

  get fundings(): readonly (readonly [txid: string, transaction: string])[] {
    return [...this.waiting];
  }

  addFunding(txid: string, transaction: string): void {
    this.waiting.set(txid, transaction);
    this.file.set(`funding ${txid}`, transaction, true);
  }

  dropFunding(txid: string): void {
    this.waiting.delete(txid);
    this.file.set(`funding ${txid}`, null);
  }

  /** Height at which this outpoint was first watched: now, if it never was. */
  watchedSince(outpoint: string, height: number): number {
    const known = this.watches.get(outpoint);
    if (known !== undefined) return known;
    this.watches.set(outpoint, height);
    this.file.set(`watch ${outpoint}`, height);
    return height;
  }

  /** Receipts of the meter at the other end of a line, oldest first. */
  receipts(channelId: string): BookedReceipt[] {
    const known = this.bookedReceipts.get(channelId) ?? [];
    this.bookedReceipts.set(channelId, known);
    return known;
  }

  /** Keeps a receipt, and of its line's at most `most`; it outlives a power cut. */
  addReceipt(channelId: string, until: number, record: string, most: number): void {
    const known = this.receipts(channelId);
    if (known.some((receipt) => receipt.until === until)) return;
    known.push({ until, record });
    this.file.set(`receipt ${channelId} ${until}`, { until, record }, true);
    for (const { until: old } of known.splice(0, Math.max(0, known.length - most))) {
      this.file.set(`receipt ${channelId} ${old}`, null);
    }
  }

  get notes(): readonly BookedNote[] {
    return [...this.bookedNotes.values()];
  }

  addNote(payment_hash: string, meter_key: string, note: string): void {
    const key = `note ${payment_hash} ${meter_key}`;
    if (this.bookedNotes.has(key)) return;
    this.bookedNotes.set(key, { payment_hash, meter_key, note });
    this.file.set(key, { payment_hash, meter_key, note }, true);
  }

  /** The invoice with this hash is paid. */
  paid(payment_hash: string, amount_msat: bigint, atMs: number): void {
    const invoice = this.bookedInvoices.find((candidate) => candidate.payment_hash === payment_hash);
    if (invoice === undefined || invoice.status === "paid") return;
    invoice.status = "paid";
    invoice.amount_received_msat = amount_msat.toString();
    invoice.paid_at = Math.floor(atMs / 1000);
    this.writeInvoice(invoice);
  }

  /** How a pending payment ended. */
  ended(payment: BookedPayment, outcome: { readonly preimage: string } | { readonly failure: string }): void {
    payment.status = "preimage" in outcome ? "complete" : "failed";
    Object.assign(payment, outcome);
    this.writePayment(payment);
  }

  close(): void {
    this.file.close();
  }

  private writeInvoice(invoice: BookedInvoice): void {
    this.file.set(`invoice ${this.bookedInvoices.indexOf(invoice)}`, invoice);
  }

  private writePayment(payment: BookedPayment): void {
    // The newest are the ones that change.
    this.file.set(`payment ${this.bookedPayments.lastIndexOf(payment)}`, payment);
  }
}
