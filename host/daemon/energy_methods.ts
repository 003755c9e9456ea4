import { writeFileSync } from "node:fs";
import { txidBytes } from "../evidence/document.js";
import { bundleText } from "../evidence/json.js";
import { decodeNote } from "../metrology/note.js";
import type { ChannelInfo } from "../node/answers.js";
import type { EnergyInfo } from "../node/energy_answers.js";
import type { EnergyOffer, EnergyParameters, LinePolicy } from "../node/energy_requests.js";
import { type Context, asked, bytesOf, hexText } from "./context.js";
import type { Handlers } from "./dispatch.js";
import type { IntervalStart, LineProposal } from "./energy_parameters.js";
import type { ENERGY_VERBS } from "./energy_verbs.js";
import type { LineKeeper } from "./line_keeper.js";
import type { Onchain } from "./onchain.js";
import type { Payments } from "./payments.js";
import { type Json, RPC_CODES, RpcError, isObject } from "./rpc.js";
import { theChannel, wrong } from "./the_channel.js";

const MWH_PER_KWH = 1_000_000n;

/** Verbs of lines, offers and swaps. @param alive the channels that there are */
export function energyMethods(
  context: Context,
  payments: Payments,
  keeper: LineKeeper,
  onchain: Onchain,
  alive: () => ChannelInfo[],
): Handlers<typeof ENERGY_VERBS> {
  const { node, clock } = context;
  const startOf = (field: string, from: IntervalStart): number => {
    const intervalS = intervalOf(keeper);
    const nowS = Math.floor(clock.nowMs() / 1000);
    if (from === "now") return nowS - (nowS % intervalS);
    if (from === "next") return nowS - (nowS % intervalS) + intervalS;
    if (from % intervalS !== 0) throw wrong(field, `is no start of an interval of ${intervalS} s`);
    return from;
  };
  const theLine = (id: string): { readonly channel: ChannelInfo; readonly line: EnergyInfo } => {
    const channel = theChannel(alive(), id);
    const line = node.energy(channel.channel);
    if (line === undefined) throw wrong("id", "is a channel without energy");
    return { channel, line };
  };
  return {
    lines: ({ id }) => ({
      lines: (id === undefined ? alive() : [theLine(id).channel]).flatMap((channel) => {
        const line = node.energy(channel.channel);
        return line === undefined ? [] : [lineDocument(channel, line, keeper)];
      }),
    }),

    offer: ({ place, side, price, most, from, intervals = 1, kinds = "both", meter = 0, match = false }) => {
      if (keeper.meters[meter] === undefined) throw wrong("meter", "is not there: --meter-load makes one");
      const fromS = startOf("from", from);
      const offer: EnergyOffer = {
        side,
        receipts: kinds !== "promise",
        promises: kinds !== "receipt",
        match,
        meter,
        fromS,
        untilS: fromS + intervals * intervalOf(keeper),
        priceMsatPerKwh: price,
        maxMwh: most,
      };
      if (offer.untilS >= 2 ** 32) throw wrong("intervals", "go beyond 32 bits of s");
      asked("offer", () => {
        node.offer(place, offer);
      });
      return offerDocument(offer, place);
    },

    listoffers: () => ({
      offers: node.offers().flatMap((offer, place) => (offer === undefined ? [] : [offerDocument(offer, place)])),
    }),

    dropoffer: ({ place }) => {
      const offer = node.offers()[place];
      if (offer === undefined) throw wrong("place", "has no offer");
      asked("dropoffer", () => {
        node.offer(place, undefined);
      });
      return offerDocument(offer, place);
    },

    swap: async ({ destination, energy, price, from, kind = "promise", route, retry_for }) => {
      const size = (energy < 0n ? -energy : energy) * (price < 0n ? -price : price);
      const amountMsat = (size + MWH_PER_KWH - 1n) / MWH_PER_KWH;
      if (amountMsat === 0n) throw wrong("price", "is zero: a swap takes a payment");
      // Whoever is paid for taking energy offers that at a price below zero; the energy goes there with the money.
      if (energy > 0n !== price > 0n)
        throw wrong("price", `is ${price}, with energy of ${energy} mWh: one sign for both`);
      const intervalStart = startOf("from", from);
      const order = { payee: destination, amountMsat, energyMwh: energy, intervalStart, kind, route, retry_for };
      const paid = await payments.swap(order);
      const hash = isObject(paid) ? paid["payment_hash"] : undefined;
      const booked = context.book.payments.findLast(({ payment_hash }) => payment_hash === hash);
      return {
        ...(paid as Record<string, Json>),
        note: noteDocument(keeper, booked?.note, booked?.payment_hash ?? ""),
      };
    },

    purse: ({ cap }) => {
      const { capMsat, leftMsat } = asked("purse", () => node.purse(cap));
      return { cap_msat: capMsat, left_msat: leftMsat };
    },

    linepolicy: ({ id, rent_forth, loss_forth, rent_back, loss_back }) => {
      const { channel } = theLine(id);
      const known = asked("linepolicy", () => node.linePolicy(channel.channel));
      const policy: LinePolicy = {
        forth: {
          rentMsatPerKwh: rent_forth ?? known.forth.rentMsatPerKwh,
          lossPpm: Number(loss_forth ?? known.forth.lossPpm),
        },
        back: {
          rentMsatPerKwh: rent_back ?? known.back.rentMsatPerKwh,
          lossPpm: Number(loss_back ?? known.back.lossPpm),
        },
      };
      const changes = [rent_forth, loss_forth, rent_back, loss_back].some((value) => value !== undefined);
      if (changes) asked("linepolicy", () => node.linePolicy(channel.channel, policy));
      return linePolicyDocument(policy);
    },

    settle: ({ id }) => {
      const { channel } = theLine(id);
      asked("settle", () => {
        node.settleDispute(channel.channel);
      });
      return { number: channel.channel };
    },

    evidence: ({ id, file }) => {
      const { channel } = theLine(id);
      const kept = keeper.evidence(channel);
      if (kept === undefined) throw wrong("id", "is a channel without energy");
      const closedBy = onchain.closedBy(channel.channel);
      const bundle = { ...kept, ...(closedBy === undefined ? {} : { confirmedTxid: txidBytes(closedBy) }) };
      try {
        writeFileSync(file, bundleText(bundle), { mode: 0o600 });
      } catch (error) {
        throw wrong("file", `cannot be written (${(error as NodeJS.ErrnoException).code ?? "error"})`);
      }
      return { file, receipts: bundle.receipts.length, notes: bundle.notes.length };
    },
  };
}

/** What is proposed to the peer. Throws RpcError if no meter of this node can close such a line. */
export function openedLine(keeper: LineKeeper, proposal: LineProposal): EnergyParameters {
  const intervalS = intervalOf(keeper);
  const refuse = (place: string, reason: string): RpcError =>
    new RpcError(RPC_CODES.PARAMETERS, `energy, ${place}: ${reason}`, { field: "energy", place, reason });
  if (proposal.intervalS !== undefined && proposal.intervalS !== intervalS) {
    throw refuse("interval_s", `is ${proposal.intervalS} s, that of the meters ${intervalS} s`);
  }
  if (proposal.meter !== undefined && keeper.meters[proposal.meter] === undefined) {
    throw refuse("meter", `is not there: this node has ${keeper.meters.length}`);
  }
  return { ...proposal, intervalS };
}

function intervalOf({ intervalS }: LineKeeper): number {
  if (intervalS === undefined)
    throw new RpcError(RPC_CODES.NODE, "this node has no line meter: --meter-load makes one");
  return intervalS;
}

/** A line as listings show it; sums are told from node_1 to node_2. */
function lineDocument(channel: ChannelInfo, line: EnergyInfo, keeper: LineKeeper): Json {
  const meter = keeper.meters[line.meter];
  const counted = meter?.countedMwh();
  const close = keeper.lastClose(channel.channel);
  return {
    number: channel.channel,
    peer_id: hexText(channel.peer),
    peer_connected: channel.connected,
    state: line.disputed ? "disputed" : line.suspended ? "suspended" : channel.state,
    node_1: line.holderIsNode1 ? "local" : "remote",
    owner: line.holderOwns ? "local" : "remote",
    interval_s: line.intervalS,
    capacity_mwh: line.capacityMwh,
    positions: line.positions.map(({ start, flowMwh, promisedMwh }) => ({
      interval_start: start,
      flow_mwh: flowMwh,
      promised_mwh: promisedMwh,
    })),
    closed_until: line.closedUntil,
    arrears_msat: line.arrearsMsat,
    total_forth_mwh: line.totalForthMwh,
    total_back_mwh: line.totalBackMwh,
    disputed: line.disputed,
    ...(close === undefined
      ? {}
      : {
          last_close: {
            from: close.start,
            until: close.until,
            agreed_mwh: close.agreedMwh,
            metered_mwh: close.meteredMwh,
            deviation_msat: close.deviationMsat,
          },
        }),
    credit_given_msat: line.holderCreditMsat,
    credit_received_msat: line.counterpartyCreditMsat,
    price_cap_msat_per_kwh: line.priceCapMsatPerKwh,
    tariff_msat_per_kwh: line.tariffMsatPerKwh,
    imbalance_spread_ppm: line.imbalanceSpreadPpm,
    loss_max_ppm: line.lossMaxPpm,
    hold_s: line.holdS,
    policy: linePolicyDocument({ forth: line.policyForth, back: line.policyBack }),
    meter: {
      number: line.meter,
      key: hexText(line.holderMeterKey),
      peer_key: hexText(line.counterpartyMeterKey),
      ...(meter === undefined || counted === undefined
        ? { emulated: false }
        : {
            emulated: true,
            load_w: meter.loadW,
            import_mwh: counted.importMwh,
            export_mwh: counted.exportMwh,
          }),
    },
  };
}

const linePolicyDocument = ({ forth, back }: LinePolicy): Json => ({
  rent_forth_msat_per_kwh: forth.rentMsatPerKwh,
  loss_forth_ppm: forth.lossPpm,
  rent_back_msat_per_kwh: back.rentMsatPerKwh,
  loss_back_ppm: back.lossPpm,
});

const offerDocument = (offer: EnergyOffer, place: number): Json => ({
  place,
  side: offer.side,
  price_msat_per_kwh: offer.priceMsatPerKwh,
  most_mwh: offer.maxMwh,
  from: offer.fromS,
  until: offer.untilS,
  kinds: [...(offer.receipts ? ["receipt"] : []), ...(offer.promises ? ["promise"] : [])],
  meter: offer.meter,
  match: offer.match ?? false,
});

/** As `tieline verify` reads it; without meter_key where the meter is none at the other end of a line of this node. */
function noteDocument(keeper: LineKeeper, hex: string | undefined, payment_hash: string): Json {
  if (hex === undefined || hex === "") return null;
  const bytes = bytesOf(hex);
  const note = decodeNote(bytes);
  const key = keeper.meterKeyOf({ note: bytes, paymentHash: bytesOf(payment_hash) });
  return {
    payment_hash,
    interval_start: note.intervalStart,
    energy_mwh: note.energyMwh,
    issued_mwh: note.issuedMwh,
    signature: hexText(note.signature),
    ...(key === undefined ? {} : { meter_key: hexText(key) }),
  };
}
