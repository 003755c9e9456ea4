import { invoiceDocument as decodedInvoice } from "../decode/invoice_document.js";
import type { ChannelInfo } from "../node/answers.js";
import { type Context, asked, hexText, sameBytes } from "./context.js";
import type { Handlers } from "./dispatch.js";
import { addressOf } from "./networks.js";
import { energyMethods, openedLine } from "./energy_methods.js";
import type { LineKeeper } from "./line_keeper.js";
import type { Onchain } from "./onchain.js";
import { openChannel } from "./opening.js";
import { type Address, ParameterError, addressText, readAddress } from "./parameters.js";
import { type Payments, paymentDocument, readInvoice } from "./payments.js";
import type { Peers } from "./peers.js";
import { type Json, RPC_CODES, RpcError } from "./rpc.js";
import { theChannel, wrong } from "./the_channel.js";
import type { NODE_VERBS } from "./verbs.js";
import { channelDocument, invoiceDocument, policyDocument } from "./views.js";

/** What the verbs work with. */
export interface Parts {
  readonly context: Context;
  readonly peers: Peers;
  readonly payments: Payments;
  readonly onchain: Onchain;
  readonly keeper: LineKeeper;
  readonly alias: string;
  readonly networkName: string;
  /** Where peers reach us. */
  readonly bound: Address;
  /** Begins to stop the daemon. */
  readonly stop: () => void;
}

const CLOSING_MS = 30_000;
/** Blocks that the last HTLC of our invoices has left. */
const FINAL_CLTV_DELTA = 18;
const DEFAULT_EXPIRY_S = 3600;

/** The verbs of `tieline node`. */
export function methods(parts: Parts): Handlers<typeof NODE_VERBS> {
  const { context, peers, payments, onchain, keeper } = parts;
  const { node, chain, book, clock, events } = context;
  const nowS = (): number => Math.floor(clock.nowMs() / 1000);
  const alive = (): ChannelInfo[] => node.channels().filter(({ state }) => state !== "none");
  return {
    getinfo: async () => {
      const info = node.info();
      const channels = alive();
      return {
        id: hexText(info.nodeId),
        alias: parts.alias,
        network: parts.networkName,
        blockheight: info.height,
        binding: addressText(parts.bound),
        num_peers: peers.ready().size,
        num_pending_channels: channels.filter(({ state }) => !["normal", "closed", "failed", "lost"].includes(state))
          .length,
        num_active_channels: channels.filter(({ usable }) => usable).length,
        wallet_sat: await chain.balanceSat().catch(() => null),
        journal_bytes: info.journalBytes,
        journal_sector_bytes: info.journalSectorBytes,
      };
    },

    connect: async ({ id: { id, address }, host, port }) => {
      const peer = hexText(id);
      if (address !== undefined && host !== undefined) throw wrong("host", "is given with the id already");
      const given = address ?? (host === undefined ? undefined : hostAddress(host, port));
      const where = given ?? book.address(peer);
      if (where === undefined) throw wrong("host", "is missing: no address of this peer is known");
      if (hexText(node.info().nodeId) === peer) throw wrong("id", "is this node's own");
      await peers.connect(peer, where);
      return { id: peer, address: addressText(where) };
    },

    disconnect: ({ id }) => {
      peers.disconnect(hexText(id));
      return {};
    },

    listpeers: () => {
      const ready = peers.ready();
      const channels = alive();
      const ids = new Set([...ready.keys(), ...channels.map(({ peer }) => hexText(peer))]);
      return {
        peers: [...ids].map((id) => {
          const line = ready.get(id);
          const address = line?.address ?? book.address(id);
          return {
            id,
            connected: line !== undefined,
            netaddr: address === undefined ? null : addressText(address),
            num_channels: channels.filter(({ peer }) => hexText(peer) === id).length,
          };
        }),
      };
    },

    fundchannel: (args) => {
      const peer = hexText(args.id);
      if (!peers.isReady(peer)) throw new RpcError(RPC_CODES.PEER, `${peer}: not connected`);
      return openChannel(
        context,
        { ...args, energy: args.energy && openedLine(keeper, args.energy) },
        (transaction) => onchain.broadcast(transaction),
        () => {
          peers.hangUpOn(peer);
        },
      );
    },

    listpeerchannels: ({ id }) => ({
      channels: alive()
        .filter(({ peer }) => id === undefined || sameBytes(peer, id))
        .map((channel) => channelDocument(channel, policyOf(context, channel.channel))),
    }),

    setchannel: ({ id, feebase, feeppm, htlcmin, cltvdelta }) => {
      const { channel } = theChannel(alive(), id);
      const known = asked("setchannel", () => node.policy(channel));
      if (feebase !== undefined && feebase >= 2n ** 32n) throw wrong("feebase", "is beyond 32 bits of msat");
      const policy = asked("setchannel", () =>
        node.policy(channel, {
          ...known,
          ...(feebase === undefined ? {} : { feeBaseMsat: Number(feebase) }),
          ...(feeppm === undefined ? {} : { feeProportionalMillionths: feeppm }),
          ...(htlcmin === undefined ? {} : { htlcMinimumMsat: htlcmin }),
          ...(cltvdelta === undefined ? {} : { cltvExpiryDelta: cltvdelta }),
        }),
      );
      return { channel, policy: policyDocument(policy) };
    },

    close: async ({ id, force = false }) => {
      const channel = theChannel(alive(), id);
      const number = channel.channel;
      const result = async (type: string): Promise<Json> => {
        await onchain.answered();
        return {
          type,
          channel_id: hexText(channel.channelId),
          txid: onchain.spenderOf(channel.fundingTxid, channel.fundingVout) ?? null,
        };
      };
      if (force) {
        asked("close", () => {
          node.forceClose(number);
        });
        return result("unilateral");
      }
      const script = await chain.newAddressScript();
      const closed = events.until(CLOSING_MS, "the closing goes on: listpeerchannels shows how it ends", (event) =>
        event.kind === "channel" && event.channel === number && ["closed", "failed", "none"].includes(event.state)
          ? event.state
          : undefined,
      );
      closed.catch(() => undefined);
      asked("close", () => {
        node.close(number, script);
      });
      const state = await closed;
      return result(state === "closed" ? "mutual" : "unilateral");
    },

    newaddr: async () => {
      const script = await chain.newAddressScript();
      return { address: addressOf(context.network, script), script: hexText(script) };
    },

    invoice: ({ amount_msat, label, description, expiry = DEFAULT_EXPIRY_S, preimage }) => {
      if (book.invoices.some((invoice) => invoice.label === label)) throw wrong("label", "is taken");
      const { bolt11, paymentHash } = asked("invoice", () =>
        node.invoice({
          amountMsat: amount_msat,
          description,
          timestampS: BigInt(nowS()),
          expiryS: BigInt(expiry),
          cltvDelta: FINAL_CLTV_DELTA,
          preimage,
        }),
      );
      const payment_hash = hexText(paymentHash);
      const expires_at = nowS() + expiry;
      const amount = amount_msat?.toString() ?? null;
      book.addInvoice({ label, bolt11, payment_hash, amount_msat: amount, description, expires_at, status: "unpaid" });
      return { bolt11, payment_hash, expires_at };
    },

    listinvoices: ({ label }) => {
      const known = new Set(book.invoices.map(({ payment_hash }) => payment_hash));
      // Payments that came without an invoice: the firmware alone knows of them, as long as it has room.
      const spontaneous = node
        .invoices()
        .filter(({ keysend, paymentHash }) => keysend && !known.has(hexText(paymentHash)))
        .map((invoice) => ({
          label: null,
          payment_hash: hexText(invoice.paymentHash),
          amount_msat: null,
          description: "keysend",
          status: invoice.state === "paid" ? "paid" : "unpaid",
          amount_received_msat: invoice.receivedMsat,
        }));
      return {
        invoices: [
          ...book.invoices
            .filter((invoice) => label === undefined || invoice.label === label)
            .map((invoice) => invoiceDocument(invoice, nowS())),
          ...(label === undefined ? spontaneous : []),
        ],
      };
    },

    decodepay: ({ bolt11 }) => decodedInvoice(readInvoice(bolt11.replace(/^lightning:/i, ""))) as Json,

    pay: ({ bolt11, amount_msat, ...options }) => payments.pay(bolt11, amount_msat, options),

    keysend: ({ destination, amount_msat, ...options }) => {
      if (sameBytes(destination, node.info().nodeId)) throw wrong("destination", "is this node's own");
      return payments.keysend(destination, amount_msat, options);
    },

    listpays: ({ status }) => ({
      pays: book.payments.filter((payment) => status === undefined || payment.status === status).map(paymentDocument),
    }),

    ...energyMethods(context, payments, keeper, onchain, alive),

    stop: () => {
      parts.stop();
      return { stopping: true };
    },
  };
}

function policyOf({ node }: Context, channel: number): ReturnType<Context["node"]["policy"]> | undefined {
  try {
    return asked("policy", () => node.policy(channel));
  } catch (error) {
    if (error instanceof RpcError) return undefined;
    throw error;
  }
}

function hostAddress(host: string, port: number | undefined): Address {
  try {
    const address = readAddress(host.includes(":") && !host.startsWith("[") && port !== undefined ? `[${host}]` : host);
    return port === undefined ? address : { host: address.host, port };
  } catch (error) {
    if (!(error instanceof ParameterError)) throw error;
    throw wrong("host", error.reason);
  }
}
