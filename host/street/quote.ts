import type { DirectionPlan } from "../scenario/market_plan.js";
import { endOf, type Step, type StreetPlace } from "./tree.js";

// What a swap along a way costs: PROTOCOL.md, "Energy on channels". Energy goes against the payment, or along with it at
// prices below zero; rents and declared losses are those of the lines that each node between owns.

const MILLION = 1_000_000n;
const PPM = 1_000_000n;

/** What is passed on over one line, as the payment goes. */
export interface SwapHop {
  readonly step: Step;
  readonly amountMsat: bigint;
  /** As the HTLC's rider has it: against the payment positive, along with it negative. */
  readonly energyMwh: bigint;
}

export interface Quote {
  readonly hops: readonly SwapHop[];
  /** What leaves the seller, and what reaches the buyer. */
  readonly sentMwh: bigint;
  readonly deliveredMwh: bigint;
  /** What the initiator pays, and what the recipient gets. */
  readonly paidMsat: bigint;
  readonly receivedMsat: bigint;
  /** By node between: what it keeps of A, below zero a rebate; and of energy. */
  readonly kept: readonly { readonly place: StreetPlace; readonly rentMsat: bigint; readonly lossMwh: bigint }[];
}

/** mWh at a price in msat/kWh, rounded up (towards more, also below zero), msat. */
export function valueCeil(mwh: bigint, msatPerKwh: bigint): bigint {
  const product = mwh * msatPerKwh;
  return product > 0n ? (product + MILLION - 1n) / MILLION : product / MILLION;
}

/** What a line delivers, mWh. */
const delivered = (sentMwh: bigint, lossPpm: number): bigint => (sentMwh * (PPM - BigInt(lossPpm))) / PPM;

/** The least that has to be sent for a line to deliver so much, mWh. */
export function needed(deliveredMwh: bigint, lossPpm: number): bigint {
  const share = PPM - BigInt(lossPpm);
  return (deliveredMwh * PPM + share - 1n) / share;
}

/** The terms of a step's direction. */
const termsOf = ({ edge, away }: Step): DirectionPlan => (away ? edge.plan.away : edge.plan.back);

/** Which terms a node between two lines charges for energy that comes over one and leaves over the other, in order. */
function charged(coming: Step, leaving: Step): DirectionPlan[] {
  const between = endOf(coming);
  return [coming, leaving].filter(({ edge }) => edge.near === between).map(termsOf);
}

/** A way gone in the other direction. */
export const reversed = (way: readonly Step[]): Step[] =>
  [...way].reverse().map(({ edge, away }) => ({ edge, away: !away }));

/**
 * Energy that is bought: it comes from the end of the way to its beginning, where it is paid for.
 * @param way from the buyer to the seller, not empty
 * @param deliveredMwh what is to reach the buyer
 * @param msatPerKwh the seller's price for what leaves it
 */
export function quoteBought(way: readonly Step[], deliveredMwh: bigint, msatPerKwh: bigint): Quote {
  const course = reversed(way);
  const energies = [deliveredMwh];
  for (let i = course.length - 1; i > 0; i--) {
    let mwh = energies[0] as bigint;
    for (const { lossPpm } of charged(course[i - 1] as Step, course[i] as Step).reverse()) mwh = needed(mwh, lossPpm);
    energies.unshift(mwh);
  }
  const receivedMsat = valueCeil(energies[0] as bigint, msatPerKwh);
  return quoteOf(way, course, energies, receivedMsat, 1n);
}

/**
 * Energy that is given away at a price below zero: it goes along with the payment.
 * @param way from who gives it to who takes it, not empty
 * @param sentMwh what leaves who gives it
 * @param msatPerKwh the taker's price, below zero, for what reaches it
 */
export function quoteGiven(way: readonly Step[], sentMwh: bigint, msatPerKwh: bigint): Quote {
  const energies = [sentMwh];
  for (let i = 1; i < way.length; i++) {
    let mwh = energies[i - 1] as bigint;
    for (const { lossPpm } of charged(way[i - 1] as Step, way[i] as Step)) mwh = delivered(mwh, lossPpm);
    energies.push(mwh);
  }
  return quoteOf(way, way, energies, valueCeil(energies.at(-1) as bigint, -msatPerKwh), -1n);
}

/**
 * @param course the lines in the order in which the energy passes them, and `energies` what each carries
 * @param sign of the riders
 */
function quoteOf(
  way: readonly Step[],
  course: readonly Step[],
  energies: readonly bigint[],
  receivedMsat: bigint,
  sign: bigint,
): Quote {
  const rents = course.slice(1).map((leaving, i) => {
    const coming = course[i] as Step;
    let rentMsat = 0n;
    let mwh = energies[i] as bigint;
    for (const { rentMsatPerKwh, lossPpm } of charged(coming, leaving)) {
      rentMsat += valueCeil(mwh, rentMsatPerKwh);
      mwh = delivered(mwh, lossPpm);
    }
    return { place: endOf(coming), rentMsat, lossMwh: (energies[i] as bigint) - (energies[i + 1] as bigint) };
  });
  // In the order of the payment.
  if (sign > 0n) rents.reverse();
  const carried = sign > 0n ? [...energies].reverse() : energies;
  // An HTLC has at least 1 msat.
  const atLeastOne = (msat: bigint): bigint => (msat < 1n ? 1n : msat);
  const amounts = [atLeastOne(receivedMsat)];
  for (let i = rents.length - 1; i >= 0; i--) {
    amounts.unshift(atLeastOne((amounts[0] as bigint) + (rents[i]?.rentMsat ?? 0n)));
  }
  return {
    hops: way.map((step, i) => ({
      step,
      amountMsat: amounts[i] as bigint,
      energyMwh: sign * (carried[i] as bigint),
    })),
    sentMwh: energies[0] as bigint,
    deliveredMwh: energies.at(-1) as bigint,
    paidMsat: amounts[0] as bigint,
    receivedMsat: amounts.at(-1) as bigint,
    kept: rents.map(({ place, lossMwh }, i) => ({
      place,
      lossMwh,
      rentMsat: (amounts[i] as bigint) - (amounts[i + 1] as bigint),
    })),
  };
}
