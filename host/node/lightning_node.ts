import { ModuleError } from "../engine/errors.js";
import type { ChannelEvidence } from "../evidence/bundle.js";
import {
  COMMANDS,
  type CommandName,
  MAX_CHAINS,
  MAX_CHANNELS,
  MAX_ENERGY_OFFERS,
  MAX_INVOICES,
  NODE_INPUT_BYTES,
} from "./abi.js";
import { type EnergyInfo, type PurseInfo, readEnergy, readOffer, readPurse } from "./energy_answers.js";
import { type EnergyOffer, type LinePolicy, linePolicyRecord, offerRecord } from "./energy_requests.js";
import { EVIDENCE_PIECES, readEvidence } from "./evidence.js";
import {
  type ChannelInfo,
  type InvoiceInfo,
  type NodeInfo,
  type PartInfo,
  readChannel,
  readInfo,
  readInvoice,
  readPart,
  readPolicy,
  readRate,
} from "./answers.js";
import { type NodeEvent, readEvent } from "./node_event.js";
import { RecordWriter } from "./record_fields.js";
import {
  bootRecord,
  invoiceRecord,
  type InvoiceRequest,
  type NodeConfig,
  openRecord,
  type OpenRequest,
  payRecord,
  type PayRequest,
  type Policy,
  policyRecord,
  type Rate,
} from "./requests.js";
import type { NodeUnit } from "./unit.js";

const ERR_NOT_FOUND = -8;

const numberRecord = (number: number): Uint8Array => new RecordWriter().number(number, 4).end();

/**
 * What a node asks of its host. Handlers run after the module has returned, in the order of what they are told, and may
 * call the node again: what that brings about is handed out afterwards.
 */
export interface NodeHost {
  /** Bytes for the peer on this connection. */
  onSend(connection: number, bytes: Uint8Array): void;
  /** The connection is over for the node: close the line. No `disconnect` is needed (one does no harm). */
  onHangUp(connection: number): void;
  onEvent(event: NodeEvent): void;
  /** A transaction, serialised, to be published on a chain: 0, or 1 for the second one. */
  onBroadcast(transaction: Uint8Array, chain: number): void;
  /**
   * An output of a chain to be watched: `fundingDepth` as it is confirmed and buried, `fundingSpent` when it is spent.
   * After a restart every open channel asks again.
   * @param outpoint txid as hashed (not reversed), then the index, u32 little-endian: 36 bytes
   */
  onWatch(channel: number, outpoint: Uint8Array, script: Uint8Array, chain: number): void;
}

/** When a node is switched on. */
export interface Start {
  readonly height: number;
  /** Of the second chain, if the node is on two. */
  readonly secondHeight?: number;
  /** Monotonic, ms; only its differences count. */
  readonly nowMs: bigint;
  /** s since 1970, 0 if unknown. */
  readonly utcS: bigint;
}

/**
 * A Lightning node: node.wasm, wherever it runs, switched on. Whoever makes another one of the same flash and
 * keys goes on where this one was stopped, at whatever point that was.
 *
 * Methods throw ModuleError where the firmware refuses; Trap, or what the board throws (PowerCut), means that the node is
 * dead. When its flash fails, a node hangs up and answers ERR_FLASH to everything from then on.
 */
export class LightningNode {
  private draining = false;

  /** Throws ModuleError if the journal cannot be read: a node that has forgotten something must not run. */
  constructor(
    private readonly module: NodeUnit,
    config: NodeConfig,
    private readonly host: NodeHost,
    start: Start,
  ) {
    const record = bootRecord(config, start.height, start.nowMs, start.utcS, start.secondHeight);
    this.module.input(record);
    this.call(() => this.module.expect("boot", record.length));
  }

  /**
   * A line to a peer is there.
   * @param connection 0 to MAX_CONNECTIONS - 1, free
   * @param remote the peer's node id if this node calls it; undefined if it was called
   */
  connect(connection: number, remote?: Uint8Array): void {
    if (remote !== undefined) this.module.input(remote);
    this.call(() => this.module.expect("connect", connection, remote === undefined ? 0 : 1));
  }

  /**
   * Bytes from the peer, in whatever pieces. Bad ones end the connection (onHangUp) and are told as a problem; bytes for a
   * connection that is over are dropped.
   */
  receive(connection: number, bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; at += NODE_INPUT_BYTES) {
      const piece = bytes.subarray(at, at + NODE_INPUT_BYTES);
      this.module.input(piece);
      this.call(() => this.module.expect("receive", connection, piece.length));
    }
  }

  /** The line is down. */
  disconnect(connection: number): void {
    this.call(() => this.module.expect("disconnect", connection));
  }

  /** The line, which had no room (NodeBoard.isFull), has some again. */
  resume(connection: number): void {
    this.call(() => this.module.expect("resume", connection));
  }

  /** Time goes on: about once a second. */
  tick(nowMs: bigint, utcS: bigint): void {
    this.call(() => this.module.expect("tick", nowMs, utcS));
  }

  /** A chain (1: the second one) has this height now. */
  block(height: number, chain = 0): void {
    this.call(() => this.module.expect("block", height, chain));
  }

  /** The funding output has so many confirmations (0 again after a reorganisation), and lies there. */
  fundingDepth(channel: number, depth: number, blockHeight: number, transactionIndex: number): void {
    this.call(() => this.module.expect("funding_depth", channel, depth, blockHeight, transactionIndex));
  }

  /** The funding output is spent, by this transaction. */
  fundingSpent(channel: number, transaction: Uint8Array): void {
    this.module.input(transaction.subarray(0, NODE_INPUT_BYTES));
    const length = Math.min(transaction.length, NODE_INPUT_BYTES);
    this.call(() => this.module.expect("funding_spent", channel, length));
  }

  /** Begins to open a channel: its number. "funding needed" follows when the peer has accepted. */
  open(request: OpenRequest): number {
    return new DataView(this.command("OPEN", openRecord(request)).buffer).getUint32(0, true);
  }

  /** Names the funding transaction. @param txid as hashed (not reversed), 32 bytes */
  fund(channel: number, txid: Uint8Array, vout: number): void {
    this.command("FUND", new RecordWriter().number(channel, 4).number(vout, 4).raw(txid, 32).end());
  }

  /** Makes an invoice and expects its payment. */
  invoice(request: InvoiceRequest): { readonly bolt11: string; readonly paymentHash: Uint8Array } {
    const reply = this.command("INVOICE", invoiceRecord(request));
    return { bolt11: new TextDecoder().decode(reply.subarray(32)), paymentHash: reply.slice(0, 32) };
  }

  /** Pays one part along a route: its number. "sent" or "failed" follows. */
  pay(request: PayRequest): number {
    return new DataView(this.command("PAY", payRecord(request)).buffer).getUint32(0, true);
  }

  /** Closes a channel with its peer's consent. @param script where our balance goes, a scriptpubkey */
  close(channel: number, script: Uint8Array): void {
    this.command("CLOSE", new RecordWriter().number(channel, 4).number(script.length, 4).raw(script).end());
  }

  /** Fails a channel and publishes our commitment. */
  forceClose(channel: number): void {
    this.command("FORCE_CLOSE", new RecordWriter().number(channel, 4).end());
  }

  /** A line's energy; undefined if there is no such channel, or it has none. */
  energy(channel: number): EnergyInfo | undefined {
    const record = this.find("ENERGY", channel);
    return record === undefined ? undefined : readEnergy(record);
  }

  /** Reads what the owner of a line charges, after replacing it by `policy`, if that is given and this node is the owner. */
  linePolicy(channel: number, policy?: LinePolicy): LinePolicy {
    if (policy !== undefined) {
      this.command("LINE_POLICY", new RecordWriter().number(channel, 4).raw(linePolicyRecord(policy)).end());
    }
    const { policyForth, policyBack } = readEnergy(this.command("ENERGY", numberRecord(channel)));
    return { forth: policyForth, back: policyBack };
  }

  /** Posts an offer at a place, 0 to MAX_ENERGY_OFFERS - 1, in place of the one that is there; undefined takes it back. */
  offer(place: number, offer: EnergyOffer | undefined): void {
    this.command("OFFER", new RecordWriter().number(place, 4).raw(offerRecord(offer)).end());
  }

  /** Offers as they are posted, by place. */
  offers(): (EnergyOffer | undefined)[] {
    return Array.from({ length: MAX_ENERGY_OFFERS }, (_, place) =>
      readOffer(this.command("OFFER", numberRecord(place))),
    );
  }

  /** Reads what is left for rebates, after filling the purse up to `capMsat`, if that is given. */
  purse(capMsat?: bigint): PurseInfo {
    const record = new RecordWriter();
    return readPurse(this.command("PURSE", (capMsat === undefined ? record : record.number(capMsat, 8)).end()));
  }

  /**
   * Reads what is asked for on chain `from` for money of chain `to` where a payment crosses them here, after quoting
   * `rate`, if that is given; NO_RATE takes it back. Throws ModuleError if it would pay to send money there and back.
   */
  rate(from: number, to: number, rate?: Rate): Rate {
    if (from === to || from >= MAX_CHAINS || to >= MAX_CHAINS) throw new RangeError(`chains ${from} and ${to}`);
    const record = new RecordWriter().number(from, 4);
    if (rate !== undefined) record.number(rate.num, 8).number(rate.den, 8);
    return readRate(this.command("RATE", record.end()));
  }

  /** In a dispute the owner accepts what the peer's meter says: the line goes on with that. */
  settleDispute(channel: number): void {
    this.command("SETTLE", numberRecord(channel));
  }

  /** What proves a line's energy state; undefined if there is no such channel, or it has none. */
  evidence(channel: number): ChannelEvidence | undefined {
    const energy = this.find("ENERGY", channel);
    if (energy === undefined) return undefined;
    const piece = (what: number): Uint8Array =>
      this.command("EVIDENCE", new RecordWriter().number(channel, 4).number(what, 4).end());
    return readEvidence(
      this.info().nodeId,
      energy,
      piece(EVIDENCE_PIECES.RECORD),
      piece(EVIDENCE_PIECES.COMMITMENT),
      piece(EVIDENCE_PIECES.HTLCS),
    );
  }

  info(): NodeInfo {
    return readInfo(this.command("INFO", new Uint8Array(0)));
  }

  /** undefined if there is no such channel. */
  channel(channel: number): ChannelInfo | undefined {
    const record = this.find("CHANNEL", channel);
    return record === undefined ? undefined : readChannel(record);
  }

  channels(): ChannelInfo[] {
    return this.every(MAX_CHANNELS, (n) => this.channel(n));
  }

  /** Reads a channel's policy, after replacing it by `policy`, if that is given. */
  policy(channel: number, policy?: Policy): Policy {
    const record = new RecordWriter().number(channel, 4);
    if (policy !== undefined) record.raw(policyRecord(policy));
    return readPolicy(this.command("POLICY", record.end()));
  }

  /** Changes the feerate of a channel that this node opened, satoshi per 1,000 units of weight. */
  feerate(channel: number, feeratePerKw: number): void {
    this.command("FEERATE", new RecordWriter().number(channel, 4).number(feeratePerKw, 4).end());
  }

  /** undefined if the part is not known (any more). */
  payment(part: number): PartInfo | undefined {
    const record = this.find("PAYMENT", part);
    return record === undefined ? undefined : readPart(record);
  }

  /** Invoices and spontaneous payments of which the node still knows. */
  invoices(): InvoiceInfo[] {
    return this.every(MAX_INVOICES, (place) => {
      const record = this.find("INVOICE_STATE", place);
      return record === undefined ? undefined : readInvoice(record);
    });
  }

  private every<T>(count: number, get: (n: number) => T | undefined): T[] {
    return Array.from({ length: count }, (_, n) => get(n)).filter((found) => found !== undefined);
  }

  private command(name: CommandName, record: Uint8Array): Uint8Array {
    this.module.input(record);
    return this.call(() => this.module.output(this.module.expect("command", COMMANDS[name], record.length)));
  }

  private find(name: CommandName, number: number): Uint8Array | undefined {
    try {
      return this.command(name, new RecordWriter().number(number, 4).end());
    } catch (error) {
      if (error instanceof ModuleError && error.code === ERR_NOT_FOUND) return undefined;
      throw error;
    }
  }

  /** Calls the module, then hands out what it asked for: also what it had asked for when it died. */
  private call<T>(body: () => T): T {
    try {
      return body();
    } finally {
      this.drain();
    }
  }

  private drain(): void {
    if (this.draining) return;
    this.draining = true;
    try {
      for (let output = this.module.outputs.shift(); output !== undefined; output = this.module.outputs.shift()) {
        if (output.kind === "send") this.host.onSend(output.connection, output.bytes);
        else if (output.kind === "hang_up") this.host.onHangUp(output.connection);
        else if (output.kind === "tell") this.host.onEvent(readEvent(output.what, output.record));
        else if (output.kind === "broadcast") this.host.onBroadcast(output.transaction, output.chain);
        else this.host.onWatch(output.channel, output.outpoint, output.script, output.chain);
      }
    } finally {
      this.draining = false;
    }
  }
}
