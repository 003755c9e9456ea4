import { expect } from "vitest";
import { decodeMessage, encodeMessage, type Message } from "../../host/wire/message.js";
import { WireError } from "../../host/wire/errors.js";
import type { Fields, WireValue } from "../../host/wire/types.js";
import { onEveryModuleEngine } from "../driver/modules.js";
import { hex, readVectors, toHex } from "../driver/vectors.js";
import { CODES, ENTRY, WireModule } from "./wire_module.js";

/** Code of the host's refusal; undefined if it takes the frame. */
function refusal(frame: string): number | undefined {
  try {
    decodeMessage(hex(frame));
    return undefined;
  } catch (error) {
    if (error instanceof WireError) return CODES[error.code];
    throw error;
  }
}

onEveryModuleEngine("wire: extension of init, the vectors of BOLT 1", ENTRY, async (module) => {
  const wire = await WireModule.open(module);
  const { valid, invalid } = readVectors<{ valid: string[]; invalid: { hex: string; reason: string }[] }>(
    "bolt01_init_extension",
  );
  const codes: Record<string, number> = {
    TRUNCATED: CODES.ERR_TRUNCATED,
    UNKNOWN_EVEN: CODES.ERR_UNKNOWN_EVEN,
    DUPLICATE: CODES.ERR_ORDER,
  };
  for (const frame of valid) {
    expect(await wire.reencode(frame)).toBe(frame);
    expect(toHex(encodeMessage(decodeMessage(hex(frame))))).toBe(frame);
    module.applied("bolt01_init_extension");
  }
  for (const { hex: frame, reason } of invalid) {
    expect(await wire.reencode(frame), reason).toBe(codes[reason]);
    expect(refusal(frame), reason).toBe(codes[reason]);
    module.applied("bolt01_init_extension");
  }
});

interface EncodedArray {
  encoding: "UNCOMPRESSED" | "COMPRESSED_ZLIB";
  array?: WireValue[];
  timestamps?: { timestamp1: number; timestamp2: number }[];
}
interface QueryVector {
  hex: string;
  zlib: boolean;
  msg: {
    type: string;
    chainHash: string;
    firstBlockNum?: number;
    numberOfBlocks?: number;
    complete?: number;
    shortChannelIds?: EncodedArray;
    timestamps?: EncodedArray;
    checksums?: { checksums: { checksum1: number; checksum2: number }[] };
    tlvStream?: { records: (string | EncodedArray)[] };
  };
}

/** The vector's message as the host's schema has it; of what the plain ones contain. */
function queryMessage({ type, ...msg }: QueryVector["msg"]): Pick<Message, "name" | "fields" | "tlvs"> {
  const name = type.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`).slice(1);
  const fields: Fields = { chain_hash: hex(msg.chainHash) };
  if (msg.firstBlockNum !== undefined) fields["first_blocknum"] = msg.firstBlockNum;
  if (msg.numberOfBlocks !== undefined) fields["number_of_blocks"] = msg.numberOfBlocks;
  if (msg.complete !== undefined) fields["sync_complete"] = msg.complete;
  if (msg.shortChannelIds?.array !== undefined) fields["encoded_short_ids"] = msg.shortChannelIds.array;
  const tlvs: Record<string, Fields> = {};
  if (msg.timestamps?.timestamps !== undefined) {
    tlvs["timestamps_tlv"] = {
      encoding_type: 0,
      encoded_timestamps: msg.timestamps.timestamps.map(({ timestamp1, timestamp2 }) => ({
        timestamp_node_id_1: timestamp1,
        timestamp_node_id_2: timestamp2,
      })),
    };
  }
  if (msg.checksums !== undefined) {
    tlvs["checksums_tlv"] = {
      checksums: msg.checksums.checksums.map(({ checksum1, checksum2 }) => ({
        checksum_node_id_1: checksum1,
        checksum_node_id_2: checksum2,
      })),
    };
  }
  for (const record of msg.tlvStream?.records ?? []) {
    if (record === "WANT_TIMESTAMPS | WANT_CHECKSUMS") tlvs["query_option"] = { query_option_flags: 3n };
    else throw new Error(`no reading of ${JSON.stringify(record)}`);
  }
  return { name, fields, tlvs };
}

onEveryModuleEngine("wire: extended queries, the vectors of BOLT 7", ENTRY, async (module) => {
  const wire = await WireModule.open(module);
  for (const { hex: frame, zlib, msg } of readVectors<{ vectors: QueryVector[] }>("bolt07_extended_queries").vectors) {
    if (zlib) {
      expect(await wire.reencode(frame)).toBe(CODES.ERR_VALUE);
      expect(refusal(frame)).toBe(CODES.ERR_VALUE);
    } else {
      expect(await wire.reencode(frame)).toBe(frame);
      expect(decodeMessage(hex(frame))).toMatchObject(queryMessage(msg));
    }
    module.applied("bolt07_extended_queries");
  }
});

interface GossipVector {
  type: number;
  hex: string;
  expect?: string;
  fields: Record<string, string | number>;
}

/** Names of the vectors' fields that are not those of BOLT 7. */
const NAMES: Readonly<Record<string, string>> = {
  fee_ppm: "fee_proportional_millionths",
  rgb: "rgb_color",
  alias_hex: "alias",
};

onEveryModuleEngine("wire: gossip messages of other implementations", ENTRY, async (module) => {
  const wire = await WireModule.open(module);
  for (const vector of readVectors<{ vectors: GossipVector[] }>("extra_bolt07_gossip_messages").vectors) {
    // Updates of times when htlc_maximum_msat could be left out end before it.
    if (vector.type === 258 && vector.fields["htlc_maximum_msat"] === undefined) {
      expect(await wire.reencode(vector.hex)).toBe(CODES.ERR_TRUNCATED);
      expect(refusal(vector.hex)).toBe(CODES.ERR_TRUNCATED);
    } else {
      expect(await wire.reencode(vector.hex)).toBe(vector.hex);
      const { type, fields } = decodeMessage(hex(vector.hex));
      expect(type).toBe(vector.type);
      for (const [name, value] of Object.entries(vector.fields)) {
        const field = fields[NAMES[name] ?? name];
        expect(field instanceof Uint8Array ? toHex(field) : String(field), name).toBe(String(value));
      }
    }
    module.applied("extra_bolt07_gossip_messages");
  }
});
