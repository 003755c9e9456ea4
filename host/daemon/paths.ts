import type { Invoice } from "../decode/invoice.js";
import type { ChannelInfo } from "../node/answers.js";
import type { PayHop } from "../node/requests.js";
import { bytesOf, hexText, sameBytes } from "./context.js";
import { type RouteHop, priced, scidOf } from "./route.js";
import { RPC_CODES, RpcError } from "./rpc.js";

/** What is to arrive, and where. */
export interface Destination {
  readonly payee: Uint8Array;
  readonly amountMsat: bigint;
  /** Height at which the last HTLC expires. */
  readonly cltvExpiry: number;
  /** A route given by the caller: nothing else is tried. */
  readonly route: readonly RouteHop[] | undefined;
  /** Of the invoice: ways from nodes that may be our peers. BOLT 11, field r. */
  readonly hints: Invoice["routes"];
}

/** A way that can be tried: our channel, and what each hop gets. */
export interface Path {
  readonly channel: number;
  readonly hops: readonly PayHop[];
  readonly sentMsat: bigint;
}

/** What this side may offer at once over a channel, as far as its balances tell, msat. */
export function spendableMsat(channel: ChannelInfo): bigint {
  const free = channel.holderMsat - channel.htlcsOfferedMsat - channel.holderReserveSat * 1000n;
  return free > 0n ? free : 0n;
}

/** What the peer may offer at once, msat. */
export function receivableMsat(channel: ChannelInfo): bigint {
  const free = channel.counterpartyMsat - channel.htlcsReceivedMsat - channel.counterpartyReserveSat * 1000n;
  return free > 0n ? free : 0n;
}

/**
 * The ways to a destination, the best first: the route that was given, or else direct channels and the invoice's hints.
 * Throws RpcError ROUTE, which says why, if there is none.
 */
export function pathsTo(channels: readonly ChannelInfo[], destination: Destination): Path[] {
  const { payee, route, hints } = destination;
  const usable = channels.filter((channel) => channel.usable && channel.connected);
  const routes = route === undefined ? implied(usable, payee, hints) : given(usable, payee, route);
  if (routes.length === 0) {
    const why = usable.length === 0 ? "no channel is usable" : "no channel to it, nor to a node of its route hints";
    throw new RpcError(RPC_CODES.ROUTE, `no route to ${hexText(payee)}: ${why}`);
  }
  const paths = routes.map(({ channel, hops }) => pathOf(channel, hops, destination));
  const enough = paths.filter(({ channel, sentMsat }) => {
    const own = usable.find((candidate) => candidate.channel === channel);
    return own !== undefined && spendableMsat(own) >= sentMsat;
  });
  if (enough.length === 0) {
    const most = usable.map(spendableMsat).reduce((a, b) => (a > b ? a : b), 0n);
    throw new RpcError(
      RPC_CODES.ROUTE,
      `no route to ${hexText(payee)}: no channel can send that much (at most ${most} msat)`,
    );
  }
  return enough;
}

interface Candidate {
  readonly channel: number;
  readonly hops: readonly RouteHop[];
}

/** Whether people may mean this channel by a short_channel_id. */
const named = (channel: ChannelInfo, scid: bigint): boolean =>
  scid !== 0n && [channel.shortChannelId, channel.alias, channel.peerAlias].includes(scid);

function given(usable: readonly ChannelInfo[], payee: Uint8Array, route: readonly RouteHop[]): Candidate[] {
  const [first] = route;
  const last = route.at(-1);
  if (first === undefined || last === undefined) return [];
  if (!sameBytes(last.id, payee)) throw new RpcError(RPC_CODES.ROUTE, `the route does not end at ${hexText(payee)}`);
  const own = usable.find((channel) => sameBytes(channel.peer, first.id) && named(channel, first.short_channel_id));
  if (own === undefined) throw new RpcError(RPC_CODES.ROUTE, "the route's first channel is not ours, or not usable");
  return [{ channel: own.channel, hops: route }];
}

/** The channel with the most to spend comes first. */
function implied(usable: readonly ChannelInfo[], payee: Uint8Array, hints: Invoice["routes"]): Candidate[] {
  const to = (id: Uint8Array): ChannelInfo[] =>
    usable
      .filter((channel) => sameBytes(channel.peer, id))
      .sort((a, b) => (spendableMsat(b) > spendableMsat(a) ? 1 : -1));
  const own = (channel: ChannelInfo): RouteHop => ({
    id: channel.peer,
    short_channel_id: channel.shortChannelId,
    fee_base_msat: 0,
    fee_proportional_millionths: 0,
    cltv_expiry_delta: 0,
  });
  const direct = to(payee).map((channel) => ({ channel: channel.channel, hops: [own(channel)] }));
  const hinted = hints.flatMap((hint) => {
    const [entry] = hint;
    if (entry === undefined) return [];
    // A hint names the nodes that forward and what they ask; each leads to the next one, the last to the payee.
    const rest = hint.map((hop, index) => ({
      ...hop,
      id: bytesOf(hint[index + 1]?.pubkey ?? hexText(payee)),
      short_channel_id: scidOf(hop.short_channel_id) ?? 0n,
    }));
    return to(bytesOf(entry.pubkey)).map((channel) => ({ channel: channel.channel, hops: [own(channel), ...rest] }));
  });
  return [...direct, ...hinted];
}

function pathOf(channel: number, hops: readonly RouteHop[], { amountMsat, cltvExpiry }: Destination): Path {
  const all = priced(hops, amountMsat, cltvExpiry);
  return {
    channel,
    sentMsat: all[0]?.amount_msat ?? amountMsat,
    hops: all.map((hop) => ({
      point: hop.id,
      shortChannelId: hop.short_channel_id,
      amountMsat: hop.amount_msat,
      cltvExpiry: hop.cltv_expiry,
    })),
  };
}
