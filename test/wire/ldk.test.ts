import { secp256k1 } from "@noble/curves/secp256k1.js";
import fc from "fast-check";
import * as ldk from "lightningdevkit";
import { beforeAll, describe, expect, it } from "vitest";
import { startLdk } from "../../host/bench/lightning/ldk.js";
import { encodeMessage, MESSAGES, type Message } from "../../host/wire/message.js";
import type { Field } from "../../host/wire/schema.js";
import type { Fields, WireValue } from "../../host/wire/types.js";
import { toHex } from "../driver/vectors.js";
import { messageOf } from "./arbitraries.js";

// The host's schema, which the firmware is tested against, beside another implementation: LDK reads our messages and writes
// them again. It passes over TLVs that it does not know, ours among them, and does not write those.

interface Read {
  constructor_read(bytes: Uint8Array): object;
}
const READERS: Readonly<Record<string, Read>> = {
  init: ldk.Init,
  error: ldk.ErrorMessage,
  warning: ldk.WarningMessage,
  ping: ldk.Ping,
  pong: ldk.Pong,
  stfu: ldk.Stfu,
  open_channel: ldk.OpenChannel,
  accept_channel: ldk.AcceptChannel,
  funding_created: ldk.FundingCreated,
  funding_signed: ldk.FundingSigned,
  channel_ready: ldk.ChannelReady,
  shutdown: ldk.Shutdown,
  closing_signed: ldk.ClosingSigned,
  update_add_htlc: ldk.UpdateAddHTLC,
  update_fulfill_htlc: ldk.UpdateFulfillHTLC,
  update_fail_htlc: ldk.UpdateFailHTLC,
  update_fail_malformed_htlc: ldk.UpdateFailMalformedHTLC,
  commitment_signed: ldk.CommitmentSigned,
  revoke_and_ack: ldk.RevokeAndACK,
  update_fee: ldk.UpdateFee,
  channel_reestablish: ldk.ChannelReestablish,
  announcement_signatures: ldk.AnnouncementSignatures,
  channel_announcement: ldk.ChannelAnnouncement,
  node_announcement: ldk.NodeAnnouncement,
  channel_update: ldk.ChannelUpdate,
  query_short_channel_ids: ldk.QueryShortChannelIds,
  reply_short_channel_ids_end: ldk.ReplyShortChannelIdsEnd,
  query_channel_range: ldk.QueryChannelRange,
  reply_channel_range: ldk.ReplyChannelRange,
  gossip_timestamp_filter: ldk.GossipTimestampFilter,
};

/** TLVs that this version of LDK reads and writes. */
const KNOWN_TLVS = ["networks", "upfront_shutdown_script", "channel_type", "short_channel_id", "fee_range"];

const point = secp256k1.getPublicKey(new Uint8Array(32).fill(3), true);
const signature = new Uint8Array(64).fill(1);
/** Values for fields of which LDK takes, or writes, only some. */
const SPECIAL: Readonly<Record<string, WireValue>> = {
  globalfeatures: Uint8Array.of(0x22),
  addresses: Uint8Array.of(1, 127, 0, 0, 1, 38, 7),
  per_commitment_secret: new Uint8Array(32).fill(5),
  message_flags: 1,
  initiator: 1,
  sync_complete: 1,
  full_information: 0,
};

function tame(field: Field, value: WireValue, message: string): WireValue {
  const special = SPECIAL[field.name];
  if (special !== undefined) return special;
  if (message === "init" && field.name === "features") return Uint8Array.of(0x22);
  if (field.name === "ignored") return new Uint8Array((value as Uint8Array).length);
  if (field.name === "data") return new Uint8Array((value as Uint8Array).length).fill(0x41);
  if (field.name === "onion_routing_packet") return Uint8Array.of(0, ...point, ...(value as Uint8Array).subarray(34));
  const one = field.type === "point" ? point : field.type === "signature" ? signature : undefined;
  if (one === undefined) return value;
  return Array.isArray(value) ? value.map(() => one) : one;
}

function tameMessage(message: Message): Message {
  const schema = MESSAGES.find(({ type }) => type === message.type);
  const fields: Fields = {};
  for (const field of schema?.fields ?? []) {
    const value = message.fields[field.name];
    if (value !== undefined) fields[field.name] = tame(field, value, message.name);
  }
  return { ...message, fields };
}

/** What LDK writes after reading a message without its type; its error's name if it refuses. */
function throughLdk(name: string, bytes: Uint8Array): string {
  const result = READERS[name]?.constructor_read(bytes) as { res?: { write(): Uint8Array }; err?: object };
  return result.res === undefined ? `refused: ${result.err?.constructor.name}` : toHex(result.res.write());
}

describe("the host's messages through LDK", () => {
  beforeAll(startLdk);

  for (const schema of MESSAGES.filter(({ name }) => READERS[name] !== undefined)) {
    it(schema.name, () => {
      for (const sample of fc.sample(messageOf(schema), { numRuns: 20, seed: 11 })) {
        const message = tameMessage(sample);
        const tlvs = Object.fromEntries(Object.entries(message.tlvs).filter(([name]) => KNOWN_TLVS.includes(name)));
        const plain = encodeMessage({ ...message, tlvs, unknown: [] }).subarray(2);
        expect(throughLdk(schema.name, plain)).toBe(toHex(plain));
        const { energy_parameters, energy_rider, receipt_note } = message.tlvs;
        const ours = Object.entries({ energy_parameters, energy_rider, receipt_note }).filter(
          ([, tlv]) => tlv !== undefined,
        );
        if (ours.length === 0) continue;
        const extended = { ...tlvs, ...(Object.fromEntries(ours) as Record<string, Fields>) };
        const frame = encodeMessage({ ...message, tlvs: extended, unknown: [] }).subarray(2);
        expect(throughLdk(schema.name, frame)).toBe(toHex(plain));
      }
    });
  }
});
