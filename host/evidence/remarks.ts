import { htlcOf } from "./account.js";
import { otherEnd } from "./bundle.js";
import { type Claims, originOf } from "./claims.js";
import { txidText } from "./document.js";
import type { Examined, Standee } from "./judge.js";
import { fundingScript, p2wsh } from "./scripts.js";

// What a reader of a verdict has to look up, or has to know.

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

/** The transaction that, as bundles say, has closed the channel, as explorers show it. */
export const confirmedOf = (examined: readonly Examined[]): string | undefined => {
  const found = examined.map(({ bundle }) => bundle.confirmedTxid).find((txid) => txid !== undefined);
  return found && txidText(found);
};

/** All remarks on bundles of which `chosen` counts. */
export function remarksOf(examined: readonly Examined[], claims: Claims, chosen: Standee | undefined): string[] {
  const remarks: string[] = [];
  const scripts = new Set<string>();
  for (const { bundle } of examined.some(({ bundle }) => bundle.fundingTransaction !== undefined) ? [] : examined) {
    const { fundingTxid, fundingOutput, keys } = bundle;
    const script = hex(p2wsh(fundingScript(keys[0].fundingPubkey, keys[1].fundingPubkey)));
    scripts.add(`On the chain, output ${txidText(fundingTxid)}:${fundingOutput} must have the script ${script}.`);
  }
  remarks.push(...scripts);
  const confirmed = confirmedOf(examined);
  const closing = examined.find(({ commitment }) => commitment.txid === confirmed);
  if (confirmed !== undefined && closing === undefined) {
    remarks.push(`${confirmed}, which has closed the channel, is the commitment of no bundle here.`);
  } else if (confirmed !== undefined && closing?.refuted !== undefined) {
    remarks.push(`${closing.file} is refuted though its transaction has confirmed: all of its A may be claimed.`);
  }
  remarks.push(
    ...examined.flatMap(({ file }, at) =>
      (claims.foreign[at] ?? []).map(
        (place) => `${file}: claim_transactions[${place}] spends no commitment that is shown here, and proves nothing.`,
      ),
    ),
  );
  remarks.push(
    ...claims.unseen.map(
      (txid) => `On the chain, ${txid} must have confirmed: it claims HTLCs of what has closed the channel.`,
    ),
  );
  if (chosen === undefined) return remarks;
  const { examined: valid, account } = chosen;
  if (examined.length === 1) {
    const other = otherEnd(valid.bundle.holder);
    remarks.push(`Only node_${other} could refute this: by the secret of commitment ${valid.bundle.commitmentNumber}.`);
  }
  remarks.push(...unprovenOf(examined, claims, chosen));
  for (const { from, until, meteredMwh, otherMeterMwh } of account.disputes) {
    const figures = `${meteredMwh} and ${otherMeterMwh} mWh`;
    remarks.push(`From ${from} to ${until} the line's meters say ${figures}: more apart than the line may lose.`);
  }
  const count = account.unmetered.length;
  if (count > 0) {
    remarks.push(`${count} open interval${count === 1 ? "" : "s"} without receipts: deviations there are not known.`);
  }
  return remarks;
}

/** Riders of which only the HTLC's offerer shows the preimage: what would make them count, or be bought back. */
function unprovenOf(
  examined: readonly Examined[],
  { claimed }: Claims,
  { examined: valid, account }: Standee,
): string[] {
  const { bundle, commitment, state } = valid;
  return (state?.riders ?? []).flatMap((rider, at): string[] => {
    const htlc = htlcOf(rider, bundle);
    if (htlc === undefined || commitment.trimmed.has(htlc) || originOf(htlc, examined, claimed) !== "offerer")
      return [];
    if (!account.riders[at]?.fate.startsWith("does not count")) return [];
    return [
      `Only node_${htlc.offeredBy} shows the preimage of its HTLC ${htlc.id}, and may have made it: a transaction by which ` +
        `node_${otherEnd(htlc.offeredBy)} has claimed the HTLC on the chain would prove that it was paid.`,
    ];
  });
}
