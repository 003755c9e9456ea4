import { txidText } from "../chain/chain.js";
import { scidText } from "../decode/invoice.js";
import type { ChannelInfo } from "../node/answers.js";
import { hexText } from "./context.js";
import { RPC_CODES, RpcError } from "./rpc.js";

/** The channel that people mean: by its number, ids, or its peer if there is one channel only. */
export function theChannel(channels: readonly ChannelInfo[], id: string): ChannelInfo {
  const text = id.toLowerCase();
  const open = channels.filter(({ state }) => state !== "closed");
  const matching = open.filter(
    (channel) =>
      String(channel.channel) === text ||
      hexText(channel.channelId) === text ||
      hexText(channel.peer) === text ||
      [channel.shortChannelId, channel.alias].some((scid) => scid !== 0n && scidText(scid) === text) ||
      `${txidText(channel.fundingTxid)}:${channel.fundingVout}` === text,
  );
  const [first, ...more] = matching;
  if (first === undefined) throw wrong("id", "names no open channel");
  if (more.length > 0) throw wrong("id", `names ${matching.length} channels: say which`);
  return first;
}

/** What is wrong with a parameter that was read. */
export const wrong = (field: string, reason: string): RpcError =>
  new RpcError(RPC_CODES.PARAMETERS, `${field}: ${reason}`, { field, place: null, reason });
