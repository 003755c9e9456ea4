import type { End, LineParameters } from "./bundle.js";

// What energy costs that was not delivered as agreed. PROTOCOL.md, "Updates", "Interval close". Money is in msat, energy in
// mWh, prices are in msat per kWh; all is rounded down, for whoever owes.

const PPM = 1_000_000n;
const MWH_PER_KWH = 1_000_000n;

/** Arrears and what is added to them stay within it, either way: far more than any chain has. */
const MOST_MSAT = 2n ** 62n;

const absolute = (value: bigint): bigint => (value < 0n ? -value : value);

const atMost = (msat: bigint): bigint => (msat > MOST_MSAT ? MOST_MSAT : msat);

/** floor(|energy| x price); the price is not below 0. */
const valueMsat = (energyMwh: bigint, priceMsatPerKwh: bigint): bigint =>
  atMost((absolute(energyMwh) * priceMsatPerKwh) / MWH_PER_KWH);

/** Arrears after a change. */
export function addArrears(arrearsMsat: bigint, changeMsat: bigint): bigint {
  const sum = arrearsMsat + changeMsat;
  return sum < 0n ? -atMost(-sum) : atMost(sum);
}

/** The tariff's amount, made dearer (1) or cheaper (-1) by the spread; a whole number of msat per kWh. */
const spreadPrice = ({ tariffMsatPerKwh, imbalanceSpreadPpm }: LineParameters, sign: 1 | -1): bigint =>
  (absolute(tariffMsatPerKwh) * (PPM + BigInt(sign) * BigInt(imbalanceSpreadPpm))) / PPM;

/**
 * What a deviation of the metered from the agreed flow (positive: more from node_1 to node_2) changes of the arrears:
 * positive, node_1 owes it. Whoever got more than agreed owes, below zero is owed. Who can deviate is the accounting end:
 * it owes at the dearer price and is owed at the cheaper one.
 */
export function imbalanceMsat(deviationMwh: bigint, parameters: LineParameters): bigint {
  const debtor: End = deviationMwh < 0n === parameters.tariffMsatPerKwh >= 0n ? 1 : 2;
  const value = valueMsat(deviationMwh, spreadPrice(parameters, debtor === parameters.accounted ? 1 : -1));
  return debtor === 1 ? value : -value;
}

/** What the fulfiller of an HTLC whose rider had lapsed owes its offerer. */
export function buyBackMsat(energyMwh: bigint, amountMsat: bigint, parameters: LineParameters): bigint {
  const value = valueMsat(energyMwh, spreadPrice(parameters, 1));
  return atMost(value > amountMsat ? value : amountMsat);
}
