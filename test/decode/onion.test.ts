import { describe, expect, it } from "vitest";
import { type DecodeOptions, decode } from "../../host/decode/decode.js";
import { DecodeError } from "../../host/decode/errors.js";
import { decodePayload, encodePayload } from "../../host/wire/payload.js";
import { hex, readVectors, toHex } from "../driver/vectors.js";
import { onionVector } from "./vectors.js";

const vector = onionVector();
const associatedData = hex(vector.generate.associated_data);

function messageOf(input: string, options: DecodeOptions): string {
  try {
    decode(input, options);
  } catch (error) {
    if (error instanceof DecodeError) return error.message;
    throw error;
  }
  return "no error";
}

describe("onions as tieline decode reads them", () => {
  it("peels BOLT 4's onion hop by hop", () => {
    let onion = vector.onion;
    vector.decode.forEach((key, index) => {
      const document = decode(onion, { key: hex(key), associatedData });
      const expected = vector.generate.hops[index]?.payload ?? "";
      const payload = document["payload"] as string;
      const length = expected.length / 2 > 253 ? 3 : 1;
      expect(payload).toBe(expected.slice(2 * length));
      const { tlvs } = document as { tlvs: Record<string, unknown> };
      expect(tlvs["amt_to_forward"]).toBe(decodePayload(hex(payload)).tlvs["amt_to_forward"]?.["amt_to_forward"]);
      expect(document["final"]).toBe(index === vector.decode.length - 1);
      onion = (document["next_onion"] as string | undefined) ?? "";
    });
    expect(onion).toBe("");
  });

  it("reads the payloads of the same hops by themselves, their length in front", () => {
    expect(decode(vector.generate.hops[0]?.payload ?? "")).toEqual({
      kind: "payload",
      length_bytes: 18,
      tlvs: { amt_to_forward: 15_000n, outgoing_cltv_value: 1500, short_channel_id: "0x0x1" },
    });
  });

  it("shows energy and keysend of a payload", () => {
    const bytes = encodePayload({
      tlvs: {
        amt_to_forward: { amt_to_forward: 7n },
        energy: { interval_start: 900, kind: 1, amount_mwh: -5n },
        energy_total: { total_mwh: 11n },
        keysend_preimage: { preimage: new Uint8Array(32).fill(3) },
      },
    });
    const document = decode(`${bytes.length.toString(16)}${toHex(bytes)}`);
    expect(document["tlvs"]).toEqual({
      amt_to_forward: 7n,
      energy: { interval_start: 900, kind: 1, amount_mwh: -5n },
      energy_total: 11n,
      keysend_preimage: "03".repeat(32),
    });
  });

  it("says what is wrong, and where", () => {
    const key = hex(vector.decode[0] ?? "");
    expect(messageOf(vector.onion, { key, associatedData: new Uint8Array(32) })).toBe(
      "hmac at byte 1334: does not match: another key, or other associated data",
    );
    expect(messageOf(`01${vector.onion.slice(2)}`, { kind: "onion" })).toBe(
      "version at byte 0: 1, and only 0 is defined",
    );
    expect(messageOf(`0005${vector.onion.slice(4)}`, {})).toBe("public_key at byte 1: is no point of the curve");
    expect(messageOf(vector.onion.slice(0, -2), { kind: "onion" })).toBe(
      "hmac at byte 1334: needs 32 bytes, 31 are left",
    );
    expect(messageOf("120202", { kind: "payload" })).toBe("payload length at byte 0: 18, and 2 bytes follow");
    expect(messageOf("00", { kind: "payload" })).toBe("payload length at byte 0: 0, at least 2");
    // amt_to_forward with a leading zero, behind the length and the TLV's own two bytes.
    expect(messageOf("03020100", { kind: "payload" })).toMatch(
      /^payload\.tlv\.amt_to_forward\.amt_to_forward at byte 3: not in its shortest form/,
    );
  });
});

describe("messages as tieline decode reads them", () => {
  it("shows every gossip message of other implementations", () => {
    const { vectors } = readVectors<{ vectors: { type: number; hex: string; fields: Record<string, unknown> }[] }>(
      "extra_bolt07_gossip_messages",
    );
    let shown = 0;
    for (const { type, hex: text, fields } of vectors) {
      // Updates of times when htlc_maximum_msat could be left out end before it.
      if (type === 258 && fields["htlc_maximum_msat"] === undefined) {
        expect(messageOf(text, {})).toMatch(/htlc_maximum_msat at byte 130: the input ends inside it/);
        continue;
      }
      const document = decode(text);
      expect(document).toMatchObject({ kind: "message", type });
      const found = document["fields"] as Record<string, unknown>;
      for (const name of ["chain_hash", "short_channel_id", "node_id_1", "node_id_2", "fee_base_msat", "timestamp"]) {
        if (fields[name] === undefined || found[name] === undefined) continue;
        expect(String(found[name]), name).toBe(String(fields[name]));
        shown++;
      }
    }
    expect(shown).toBeGreaterThan(40);
  });

  it("shows features by name and TLVs by name, and keeps unknown odd ones", () => {
    expect(decode("001000000000c9012acb0104")).toEqual({
      kind: "message",
      type: 16,
      name: "init",
      fields: { globalfeatures: [], features: [] },
      unknown_tlvs: [
        { type: 201n, value: "2a" },
        { type: 203n, value: "04" },
      ],
    });
    expect(decode("00100000000302aa2a")).toMatchObject({
      fields: {
        features: [
          "1 option_data_loss_protect, optional",
          "3 unknown, optional",
          "5 option_upfront_shutdown_script, optional",
          "9 var_onion_optin, optional",
          "11 gossip_queries_ex, optional",
          "13 option_static_remotekey, optional",
          "15 payment_secret, optional",
          "17 basic_mpp, optional",
        ],
      },
    });
  });

  it("names field and byte of what is wrong", () => {
    expect(messageOf("001000000000ca012a", {})).toMatch(/^message\.init\.tlv at byte 6: unknown, and even/);
    expect(messageOf("0010000000", {})).toMatch(/^message\.init\.flen at byte 4: the input ends inside it/);
  });
});
