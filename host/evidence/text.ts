import type { Account } from "./account.js";
import type { Verdict } from "./judge.js";

// A verdict as people read it. Energy is in kWh, money in sat, both exact.

/** A decimal number, `digits` decimals of `value / 10^digits`. */
function decimal(value: bigint, digits: number): string {
  const text = (value < 0n ? -value : value).toString().padStart(digits + 1, "0");
  return `${value < 0n ? "-" : ""}${text.slice(0, -digits)}.${text.slice(-digits)}`;
}

const kwh = (mwh: bigint): string => `${decimal(mwh, 6)} kWh`;
const sat = (msat: bigint): string => `${decimal(msat, 3)} sat`;
const time = (utcS: number): string => new Date(utcS * 1000).toISOString().replace(".000", "");
/** A flow, told by where it goes. */
const flow = (mwh: bigint): string =>
  mwh === 0n ? kwh(0n) : mwh > 0n ? `${kwh(mwh)} to node_2` : `${kwh(-mwh)} to node_1`;
const debt = (msat: bigint): string =>
  msat === 0n ? "nobody owes anything" : `node_${msat > 0n ? 1 : 2} owes ${sat(msat < 0n ? -msat : msat)}`;

export function verdictLines({ bundles, account, remarks, consistent }: Verdict): string[] {
  return [
    ...bundles.flatMap(({ file, holder, commitmentNumber, txid, standing, reason, faults }) => [
      `${file}: node_${holder}, commitment ${commitmentNumber}${txid === undefined ? "" : ` (${txid})`}`,
      `  ${standing.toUpperCase()}: ${reason}`,
      ...faults.map(({ field, message }) => `  ${field} ${message}`),
    ]),
    ...(account === undefined ? ["Nothing can be said of what is owed."] : accountLines(account)),
    ...remarks,
    consistent ? "CONSISTENT" : "NOT CONSISTENT",
  ];
}

function accountLines(account: Account): string[] {
  const { closedUntil, totalForthMwh, totalBackMwh, riders, intervals, spans } = account;
  const { signedArrearsMsat, ridersMsat, deviationsMsat, owedMsat, debtor } = account;
  return [
    closedUntil === 0
      ? "No interval was closed."
      : `Closed until ${time(closedUntil)}: ${kwh(totalForthMwh)} to node_2, ${kwh(totalBackMwh)} to node_1.`,
    ...riders.map(
      ({ offeredBy, id, start, kind, flowMwh, fate, arrearsMsat }) =>
        `HTLC ${id} of node_${offeredBy}: ${kind} for ${time(start)}, ${flow(flowMwh)}: ${fate}` +
        (arrearsMsat === 0n ? "" : `; ${debt(arrearsMsat)} for it`),
    ),
    ...intervals.map(
      ({ start, agreedMwh, promisedMwh }) =>
        `Open interval ${time(start)}: ${flow(agreedMwh)}` +
        (promisedMwh === 0n ? "" : `, of it promised ${flow(promisedMwh)}`),
    ),
    ...spans.map(
      ({ from, until, agreedMwh, meteredMwh, deviationMsat, disputed }) =>
        `Receipts ${time(from)} to ${time(until)}: agreed ${flow(agreedMwh)}, metered ${flow(meteredMwh)}: ` +
        `${debt(deviationMsat)}${disputed ? ", IN DISPUTE" : ""}`,
    ),
    `Arrears as signed: ${debt(signedArrearsMsat)}; by riders: ${debt(ridersMsat)}; by deviations: ${debt(deviationsMsat)}.`,
    debtor === undefined
      ? "Verdict: nobody owes anything."
      : `Verdict: node_${debtor} owes node_${debtor === 1 ? 2 : 1} ${sat(owedMsat < 0n ? -owedMsat : owedMsat)}.`,
  ];
}
