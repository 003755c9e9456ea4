import * as ldk from "lightningdevkit";
import type { SimulatedChain } from "../../chain/simulated_chain.js";
import { ldkConfig, type LdkOptions } from "./ldk_config.js";

/** What LDK has of a connection: where its bytes go. Neither may call the node again at once. */
export interface LdkLine {
  send(bytes: Uint8Array): void;
  close(): void;
}

/** One hop of a route for LDK: the node that is reached, the channel to it, what it is given and when that expires. */
export interface LdkHop {
  readonly point: Uint8Array;
  readonly shortChannelId: bigint;
  readonly amountMsat: bigint;
  /** Blocks from now. */
  readonly cltvDelta: number;
}

/** What is left of a node that was switched off: all that it had stored. */
export interface LdkSaved {
  /** How often the node has been started. No two starts may draw the same random bytes. */
  readonly starts: number;
  readonly manager: Uint8Array;
  /** By funding outpoint. */
  readonly monitors: ReadonlyMap<string, Uint8Array>;
}

export type LdkPaymentState = "pending" | "sent" | "failed";

let descriptors = 0n;
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

/** The value of an LDK result, or an Error that says what failed. */
function valueOf<T>(what: string, result: { is_ok(): boolean }): T {
  if (result.is_ok()) return (result as unknown as { res: T }).res;
  const { err } = result as unknown as { err: unknown };
  throw new Error(
    `LDK: ${what}: ${JSON.stringify(err, (_, value: unknown) => (typeof value === "bigint" ? String(value) : value))}`,
  );
}

/**
 * A whole LDK node at the other end of lines that the caller provides, on a simulated chain. It does as it is told and
 * nothing by itself: routes are given, `pump` has to be called when it was called into (its own methods do). Payments for
 * it are claimed as they come unless `holds` is set. Only after `startLdk`.
 */
export class LdkNode {
  readonly nodeId: Uint8Array;
  readonly manager: ldk.ChannelManager;
  /** Set: payments for this node stay where they are until `claim` or `fail`. */
  holds = false;
  /** Hashes of payments that wait for `claim` or `fail`, and amounts of those claimed, msat. */
  readonly waiting = new Map<string, Uint8Array | undefined>();
  readonly received = new Map<string, bigint>();
  readonly payments = new Map<string, LdkPaymentState>();
  /** Called when a payment of this node's has come to its end. */
  onSettled: (paid: boolean) => void = () => undefined;
  /** How often this node has forwarded a payment to its end. */
  forwarded = 0;
  /** Why channels closed, in LDK's words. */
  readonly closed: string[] = [];
  /** What it logged at level warn and above. */
  readonly complaints: string[] = [];
  private readonly peers: ldk.PeerManager;
  private readonly confirms: readonly ldk.Confirm[];
  private readonly providers: readonly ldk.EventsProvider[];
  private readonly handler: ldk.EventHandler;
  private readonly queue: ldk.Event[] = [];
  private readonly monitors = new Map<string, Uint8Array>();
  private managerBytes: Uint8Array = new Uint8Array(0);
  private readonly lines = new Map<bigint, { socket: ldk.SocketDescriptor; line: LdkLine }>();
  private route: readonly LdkHop[] = [];
  private readonly starts: number;
  private moved = false;
  private pumping = false;
  private readonly subscription: { cancel(): void };
  /** What holds the objects that others refer to. */
  private readonly held: unknown[] = [];

  /** @param seed one byte, from which all of its secrets are made: the same one after a restart */
  constructor(
    seed: number,
    private readonly chain: SimulatedChain,
    private readonly options: LdkOptions = {},
    saved?: LdkSaved,
  ) {
    this.starts = (saved?.starts ?? 0) + 1;
    const hold = <T>(object: T): T => (this.held.push(object), object);
    const keys = hold(ldk.KeysManager.constructor_new(new Uint8Array(32).fill(seed), 1n, this.starts));
    const entropy = hold(keys.as_EntropySource());
    const signer = hold(keys.as_NodeSigner());
    const signers = hold(keys.as_SignerProvider());
    const logger = hold(ldk.Logger.new_impl({ log: (record) => this.log(record) }));
    const fees = hold(ldk.FeeEstimator.new_impl({ get_est_sat_per_1000_weight: () => options.feeratePerKw ?? 253 }));
    const broadcaster = hold(
      ldk.BroadcasterInterface.new_impl({
        broadcast_transactions: (transactions) => {
          for (const transaction of transactions) chain.submit(transaction.slice());
        },
      }),
    );
    const persister = hold(
      ldk.Persist.new_impl({
        persist_new_channel: (outpoint, monitor) => this.store(outpoint, monitor),
        update_persisted_channel: (outpoint, _update, monitor) => this.store(outpoint, monitor),
        archive_persisted_channel: () => undefined,
      }),
    );
    const monitor = hold(
      ldk.ChainMonitor.constructor_new(ldk.Option_FilterZ.constructor_none(), broadcaster, logger, fees, persister),
    );
    const watch = hold(monitor.as_Watch());
    const router = hold(ldk.Router.new_impl(this.router()));
    const graph = hold(ldk.NetworkGraph.constructor_new(ldk.Network.LDKNetwork_Regtest, logger));
    const messageRouter = hold(ldk.DefaultMessageRouter.constructor_new(graph, entropy));
    const messages = hold(messageRouter.as_MessageRouter());
    const config = hold(ldkConfig(options));
    if (saved === undefined) {
      const best = ldk.BestBlock.constructor_new(
        chain.block(chain.height())?.hash ?? new Uint8Array(32),
        chain.height(),
      );
      const parameters = ldk.ChainParameters.constructor_new(ldk.Network.LDKNetwork_Regtest, best);
      this.manager = ldk.ChannelManager.constructor_new(
        fees,
        watch,
        broadcaster,
        router,
        messages,
        logger,
        entropy,
        signer,
        signers,
        config,
        parameters,
        1_300_000_000,
      );
    } else {
      const monitors = [...saved.monitors.values()].map((bytes) =>
        valueOf<ldk.TwoTuple_ThirtyTwoBytesChannelMonitorZ>(
          "monitor",
          ldk.UtilMethods.constructor_C2Tuple_ThirtyTwoBytesChannelMonitorZ_read(bytes, entropy, signers),
        ).get_b(),
      );
      this.manager = valueOf<ldk.TwoTuple_ThirtyTwoBytesChannelManagerZ>(
        "manager",
        ldk.UtilMethods.constructor_C2Tuple_ThirtyTwoBytesChannelManagerZ_read(
          saved.manager,
          entropy,
          signer,
          signers,
          fees,
          watch,
          broadcaster,
          router,
          messages,
          logger,
          config,
          monitors,
        ),
      ).get_b();
      for (const one of monitors) {
        const outpoint = one.get_funding_txo().get_a();
        valueOf("watch", watch.watch_channel(outpoint, one));
      }
    }
    const ignoring = hold(ldk.IgnoringMessageHandler.constructor_new());
    this.peers = ldk.PeerManager.constructor_new(
      hold(this.manager.as_ChannelMessageHandler()),
      hold(ignoring.as_RoutingMessageHandler()),
      hold(ignoring.as_OnionMessageHandler()),
      hold(ignoring.as_CustomMessageHandler()),
      1,
      new Uint8Array(32).fill(seed + this.starts),
      logger,
      signer,
    );
    this.confirms = [this.manager.as_Confirm(), monitor.as_Confirm()];
    this.providers = [this.manager.as_EventsProvider(), monitor.as_EventsProvider()];
    this.handler = ldk.EventHandler.new_impl({
      handle_event: (event) => {
        this.queue.push(event.clone());
        return ldk.Result_NoneReplayEventZ.constructor_ok();
      },
    });
    this.nodeId = this.manager.get_our_node_id();
    for (let height = this.manager.current_best_block().get_height() + 1; height <= chain.height(); height++) {
      const block = chain.block(height);
      if (block !== undefined) this.connectBlock(block.header, block.transactions, height);
    }
    this.subscription = chain.onBlock((block) => {
      this.connectBlock(block.header, block.transactions, block.height);
      this.pump();
    });
    this.pump();
  }

  /** Calls a node. Its act one has gone out by the line. @returns number of the connection */
  dial(remote: Uint8Array, line: LdkLine): bigint {
    const [number, socket] = this.open(line);
    const made = this.peers.new_outbound_connection(remote, socket, ldk.Option_SocketAddressZ.constructor_none());
    line.send(valueOf<Uint8Array>("connect", made).slice());
    return number;
  }

  /** Is called by a node. @returns number of the connection */
  accept(line: LdkLine): bigint {
    const [number, socket] = this.open(line);
    valueOf("accept", this.peers.new_inbound_connection(socket, ldk.Option_SocketAddressZ.constructor_none()));
    return number;
  }

  receive(connection: bigint, bytes: Uint8Array): void {
    const open = this.lines.get(connection);
    if (open === undefined) return;
    if (!this.peers.read_event(open.socket, bytes).is_ok()) {
      this.lines.delete(connection);
      open.line.close();
    }
    this.pump();
  }

  /** The line is down. */
  disconnect(connection: bigint): void {
    const open = this.lines.get(connection);
    if (open === undefined) return;
    this.lines.delete(connection);
    this.peers.socket_disconnected(open.socket);
    this.pump();
  }

  /** Whether this peer is there and has said `init`. */
  connected(peer: Uint8Array): boolean {
    return this.peers.list_peers().some((one) => hex(one.get_counterparty_node_id()) === hex(peer));
  }

  /** Opens a channel; its funding comes from the chain's wallet and is broadcast, but not mined. */
  openChannel(peer: Uint8Array, fundingSat: bigint, pushMsat = 0n): void {
    valueOf("open", this.manager.create_channel(peer, fundingSat, pushMsat, 1n, null, null));
    this.pump();
  }

  channels(): ldk.ChannelDetails[] {
    return this.manager.list_channels();
  }

  /** Whether the channel with this peer can carry payments now. */
  usable(peer: Uint8Array): boolean {
    // A number at run time, whatever its type says.
    return this.manager.list_channels_with_counterparty(peer).some((channel) => Boolean(channel.get_is_usable()));
  }

  /** short_channel_id by which this node knows its channel with this peer. */
  shortChannelId(peer: Uint8Array): bigint {
    const id = this.channelWith(peer).get_outbound_payment_scid();
    if (id instanceof ldk.Option_u64Z_Some) return id.some;
    throw new Error("the channel is not confirmed");
  }

  /** The one channel with this peer. */
  channelWith(peer: Uint8Array): ldk.ChannelDetails {
    const [channel] = this.manager.list_channels_with_counterparty(peer);
    if (channel === undefined) throw new Error("LDK has no channel with this peer");
    return channel;
  }

  /** Closes the channel with this peer by agreement. */
  closeChannel(peer: Uint8Array): void {
    valueOf("close", this.manager.close_channel(this.channelWith(peer).get_channel_id(), peer));
    this.pump();
  }

  /** @returns BOLT 11 */
  invoice(amountMsat: bigint, description: string): string {
    const made = ldk.UtilMethods.constructor_create_invoice_from_channelmanager(
      this.manager,
      ldk.Option_u64Z.constructor_some(amountMsat),
      description,
      3600,
      ldk.Option_u16Z.constructor_none(),
    );
    return valueOf<ldk.Bolt11Invoice>("invoice", made).to_str();
  }

  /** Pays an invoice along a route: its payment hash, hexadecimal, a key of `payments`. */
  pay(bolt11: string, hops: readonly LdkHop[]): string {
    const invoice = valueOf<ldk.Bolt11Invoice>("invoice", ldk.Bolt11Invoice.constructor_from_str(bolt11));
    const parameters = valueOf<ldk.ThreeTuple_ThirtyTwoBytesRecipientOnionFieldsRouteParametersZ>(
      "parameters",
      ldk.UtilMethods.constructor_payment_parameters_from_invoice(invoice),
    );
    const paymentHash = parameters.get_a();
    this.payments.set(hex(paymentHash), "pending");
    this.route = hops;
    const attempts = ldk.Retry.constructor_attempts(0);
    const sent = this.manager.send_payment(paymentHash, parameters.get_b(), paymentHash, parameters.get_c(), attempts);
    valueOf("send", sent);
    this.pump();
    return hex(paymentHash);
  }

  /** Pays without an invoice. @param preimage 32 bytes, new ones */
  keysend(preimage: Uint8Array, hops: readonly LdkHop[]): string {
    const last = hops.at(-1);
    if (last === undefined) throw new Error("no hops");
    const to = ldk.PaymentParameters.constructor_for_keysend(last.point, last.cltvDelta, false);
    this.route = hops;
    const sent = this.manager.send_spontaneous_payment(
      ldk.Option_ThirtyTwoBytesZ.constructor_some(preimage),
      ldk.RecipientOnionFields.constructor_spontaneous_empty(),
      preimage,
      ldk.RouteParameters.constructor_from_payment_params_and_value(to, last.amountMsat),
      ldk.Retry.constructor_attempts(0),
    );
    const paymentHash = hex(valueOf<Uint8Array>("keysend", sent));
    if (!this.payments.has(paymentHash)) this.payments.set(paymentHash, "pending");
    this.pump();
    return paymentHash;
  }

  /** Takes a payment that waits. */
  claim(paymentHash: string): void {
    const preimage = this.waiting.get(paymentHash);
    if (preimage === undefined) throw new Error("LDK does not know the preimage");
    this.waiting.delete(paymentHash);
    this.manager.claim_funds(preimage);
    this.pump();
  }

  /** Refuses a payment that waits. */
  fail(paymentHash: string): void {
    this.waiting.delete(paymentHash);
    this.manager.fail_htlc_backwards(Uint8Array.from(Buffer.from(paymentHash, "hex")));
    this.pump();
  }

  /** A minute goes by: peers are pinged, old payments forgotten. */
  tick(): void {
    this.peers.timer_tick_occurred();
    this.manager.timer_tick_occurred();
    this.pump();
  }

  /** Lets the node do all that it can without further bytes. */
  pump(): void {
    if (this.pumping) return;
    this.pumping = true;
    try {
      do {
        this.moved = false;
        this.peers.process_events();
        for (const provider of this.providers) provider.process_pending_events(this.handler);
        for (let event = this.queue.shift(); event !== undefined; event = this.queue.shift()) {
          this.moved = true;
          this.handle(event);
        }
        // The manager as stored never lags behind what goes out by more than one round of this loop.
        if (this.options.durable === true && this.manager.get_and_clear_needs_persistence()) {
          this.managerBytes = this.manager.write();
        }
      } while (this.moved);
    } finally {
      this.pumping = false;
    }
  }

  /** Switches the node off, at once: what it had stored. Needs the option `durable`. */
  stop(): LdkSaved {
    this.subscription.cancel();
    for (const { line } of this.lines.values()) line.close();
    this.lines.clear();
    return { starts: this.starts, manager: this.managerBytes, monitors: new Map(this.monitors) };
  }

  private handle(event: ldk.Event): void {
    if (event instanceof ldk.Event_PendingHTLCsForwardable) this.manager.process_pending_htlc_forwards();
    else if (event instanceof ldk.Event_FundingGenerationReady) {
      const { tx } = this.chain.fundNow(event.output_script, event.channel_value_satoshis, 253);
      const made = this.manager.funding_transaction_generated(
        event.temporary_channel_id,
        event.counterparty_node_id,
        tx,
      );
      valueOf("funding", made);
    } else if (event instanceof ldk.Event_OpenChannelRequest) {
      const accepted = this.manager.accept_inbound_channel(event.temporary_channel_id, event.counterparty_node_id, 2n);
      valueOf("accept channel", accepted);
    } else if (event instanceof ldk.Event_PaymentClaimable) {
      const preimage = event.purpose.preimage();
      const known = preimage instanceof ldk.Option_ThirtyTwoBytesZ_Some ? preimage.some : undefined;
      this.waiting.set(hex(event.payment_hash), known);
      if (!this.holds) this.claim(hex(event.payment_hash));
    } else if (event instanceof ldk.Event_PaymentClaimed) {
      const paymentHash = hex(event.payment_hash);
      this.received.set(paymentHash, (this.received.get(paymentHash) ?? 0n) + event.amount_msat);
    } else if (event instanceof ldk.Event_PaymentSent) {
      this.payments.set(hex(event.payment_hash), "sent");
      this.onSettled(true);
    } else if (event instanceof ldk.Event_PaymentFailed) {
      this.onSettled(false);
      const { payment_hash: paymentHash } = event;
      if (paymentHash instanceof ldk.Option_ThirtyTwoBytesZ_Some) this.payments.set(hex(paymentHash.some), "failed");
    } else if (event instanceof ldk.Event_PaymentForwarded) this.forwarded++;
    else if (event instanceof ldk.Event_ChannelClosed) this.closed.push(reasonOf(event.reason));
  }

  private connectBlock(header: Uint8Array, transactions: readonly Uint8Array[], height: number): void {
    const data = transactions.map((transaction, i) => ldk.TwoTuple_usizeTransactionZ.constructor_new(i, transaction));
    for (const confirm of this.confirms) {
      if (data.length > 0) confirm.transactions_confirmed(header, data, height);
      confirm.best_block_updated(header, height);
    }
  }

  private open(line: LdkLine): [bigint, ldk.SocketDescriptor] {
    const number = descriptors++;
    const socket = ldk.SocketDescriptor.new_impl({
      send_data: (data) => {
        this.moved = true;
        if (data.length > 0) line.send(data.slice());
        return data.length;
      },
      disconnect_socket: () => {
        this.lines.delete(number);
        line.close();
      },
      eq: (other) => other.hash() === number,
      hash: () => number,
    });
    this.lines.set(number, { socket, line });
    return [number, socket];
  }

  private store(outpoint: ldk.OutPoint, monitor: ldk.ChannelMonitor): ldk.ChannelMonitorUpdateStatus {
    if (this.options.durable === true) {
      this.monitors.set(`${hex(outpoint.get_txid())}:${outpoint.get_index()}`, monitor.write());
    }
    return ldk.ChannelMonitorUpdateStatus.LDKChannelMonitorUpdateStatus_Completed;
  }

  private router(): ldk.RouterInterface {
    const find = (parameters: ldk.RouteParameters): ldk.Result_RouteLightningErrorZ => {
      const { route } = this;
      const hops = route.map((hop, i) => {
        const next = route[i + 1];
        return ldk.RouteHop.constructor_new(
          hop.point,
          ldk.NodeFeatures.constructor_empty(),
          hop.shortChannelId,
          ldk.ChannelFeatures.constructor_empty(),
          hop.amountMsat - (next?.amountMsat ?? 0n),
          hop.cltvDelta - (next?.cltvDelta ?? 0),
          false,
        );
      });
      const path = ldk.Path.constructor_new(hops, null);
      return ldk.Result_RouteLightningErrorZ.constructor_ok(ldk.Route.constructor_new([path], parameters));
    };
    return {
      find_route: (_payer, parameters) => find(parameters),
      find_route_with_id: (_payer, parameters) => find(parameters),
      create_blinded_payment_paths: () => ldk.Result_CVec_BlindedPaymentPathZNoneZ.constructor_err(),
    };
  }

  private log(record: ldk.Record): void {
    if (record.get_level() >= ldk.Level.LDKLevel_Warn) this.complaints.push(record.get_args());
    this.options.log?.(record.get_args());
  }
}

function reasonOf(reason: ldk.ClosureReason): string {
  return reason.constructor.name.replace("ClosureReason_", "");
}
