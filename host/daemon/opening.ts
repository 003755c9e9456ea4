import { type FundingTransaction, txidText } from "../chain/chain.js";
import type { EnergyParameters } from "../node/energy_requests.js";
import { type Context, asked, bytesOf, hexText, sameBytes } from "./context.js";
import { type Json, RPC_CODES, RpcError } from "./rpc.js";

const OPENING_MS = 60_000;

/** What `fundchannel` is told. */
export interface OpenArguments {
  readonly id: Uint8Array;
  readonly amount: bigint;
  readonly feerate: number | undefined;
  readonly push_msat: bigint | undefined;
  /** Makes the channel a line. */
  readonly energy: EnergyParameters | undefined;
}

/** Sat per 1,000 units of weight where nobody asks for another: the least that is relayed, as BOLT 3 counts it. */
const DEFAULT_FEERATE = 253;
/** Anchors let a commitment of little fee be raised later: that of a channel is a little more than the least. */
const COMMITMENT_FEERATE = 1000;

/**
 * Opens a channel: the node and its peer agree, the chain's wallet makes the funding transaction, and it is published
 * once the peer has signed our first commitment. Until then the coins can be freed again.
 *
 * @param publish resolves to the chain's refusal, undefined if it has accepted
 * @param hangUp ends the connection: both ends then forget an opening that has not come so far. BOLT 2, "Message
 *   Retransmission"
 */
export async function openChannel(
  context: Context,
  { id, amount, feerate, push_msat, energy }: OpenArguments,
  publish: (transaction: Uint8Array) => Promise<string | undefined>,
  hangUp: () => void,
): Promise<Json> {
  const { node, chain, events, log, book } = context;
  if (push_msat !== undefined && push_msat > amount * 1000n) {
    throw new RpcError(RPC_CODES.PARAMETERS, "push_msat: is more than the channel holds", {
      field: "push_msat",
      place: null,
      reason: "is more than the channel holds",
    });
  }
  const opening: { channel?: number } = {};
  /** What goes wrong before the next step: the peer's refusal, the end of its connection. */
  const unlessFailed = <T>(kind: "funding needed" | "funding signed", result: (event: never) => T): Promise<T> =>
    events.until(OPENING_MS, `channel to ${hexText(id)}: no answer`, (event) => {
      if (event.kind === "problem" && event.channel === opening.channel) {
        throw new RpcError(RPC_CODES.PEER, `channel to ${hexText(id)}: ${event.text || `refused, code ${event.code}`}`);
      }
      if (
        event.kind === "channel" &&
        event.channel === opening.channel &&
        ["none", "failed", "closed"].includes(event.state)
      ) {
        throw new RpcError(RPC_CODES.PEER, `channel to ${hexText(id)}: the opening ended`);
      }
      return event.kind === kind && event.channel === opening.channel ? result(event as never) : undefined;
    });
  const needed = unlessFailed("funding needed", ({ amountSat, script }: { amountSat: bigint; script: Uint8Array }) => ({
    amountSat,
    script,
  }));
  needed.catch(() => undefined);
  const opened = asked("fundchannel", () =>
    node.open({
      peer: id,
      fundingSat: amount,
      pushMsat: push_msat ?? 0n,
      feeratePerKw: feerate ?? COMMITMENT_FEERATE,
      anchors: true,
      ...(energy === undefined ? {} : { energy }),
    }),
  );
  opening.channel = opened;
  let funding: FundingTransaction;
  try {
    const { amountSat, script } = await needed;
    funding = await chain.fund(script, amountSat, Math.max(DEFAULT_FEERATE, feerate ?? DEFAULT_FEERATE));
  } catch (error) {
    if ((node.channel(opened)?.state ?? "none") !== "none") hangUp();
    throw error;
  }
  try {
    // Kept before the peer can have a commitment that spends it, so that it can be published after a crash as well.
    book.addFunding(txidText(funding.txid), hexText(funding.tx));
    const signed = unlessFailed("funding signed", () => true);
    signed.catch(() => undefined);
    asked("fundchannel", () => {
      node.fund(opened, funding.txid, funding.vout);
    });
    await signed;
  } catch (error) {
    hangUp();
    await freed(context, funding, opened);
    throw error;
  }
  const refusal = await publish(funding.tx);
  if (refusal !== undefined) {
    // Both have signed: it is tried again with every block, and the coins stay reserved.
    const message = `channel to ${hexText(id)}: the funding transaction is not accepted yet: ${refusal}`;
    throw new RpcError(RPC_CODES.CHAIN, message, { txid: txidText(funding.txid) });
  }
  log.info(`channel ${opened} to ${hexText(id)}: funded by ${txidText(funding.txid)}`);
  const info = node.channel(opened);
  return {
    tx: hexText(funding.tx),
    txid: txidText(funding.txid),
    outnum: funding.vout,
    channel_id: info === undefined ? null : hexText(info.channelId),
    fee_sat: funding.feeSat,
  };
}

/** The wallet's coins are free again, unless the peer's signature has come after all. */
async function freed({ node, chain, book, log }: Context, funding: FundingTransaction, channel: number): Promise<void> {
  const info = node.channel(channel);
  if (info !== undefined && sameBytes(info.fundingTxid, funding.txid) && isOpen(info.state)) return;
  book.dropFunding(txidText(funding.txid));
  await chain.release(funding.tx).catch((error: unknown) => {
    log.warn(`funding ${txidText(funding.txid)}: coins are still reserved, ${(error as Error).message}`);
  });
}

/** Both have signed: the funding transaction belongs on the chain. */
const isOpen = (state: string): boolean => state === "funded" || state === "normal";

/** Publishes again what a crash may have kept back, and forgets what is confirmed or came to nothing. */
export function resumeFundings(context: Context, publish: (transaction: Uint8Array) => void): void {
  const { node, book, chain, log } = context;
  const channels = node.channels();
  for (const [txid, hex] of book.fundings) {
    const channel = channels.find(({ fundingTxid }) => txidText(fundingTxid) === txid);
    if (channel !== undefined && channel.depth === 0) {
      if (isOpen(channel.state)) publish(bytesOf(hex));
      continue;
    }
    book.dropFunding(txid);
    if (channel !== undefined) continue;
    chain.release(bytesOf(hex)).catch((error: unknown) => {
      log.warn(`funding ${txid}: coins are still reserved, ${(error as Error).message}`);
    });
  }
}
