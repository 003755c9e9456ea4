import { sha256 } from "@noble/hashes/sha2.js";
import { expect } from "vitest";
import { onEveryModuleEngine } from "../driver/modules.js";
import { hex, readVectors, toHex } from "../driver/vectors.js";
import { ENTRY, joined, OnionClient } from "./client.js";
import { rawError, routeSecrets, wrapError } from "./sphinx.js";

interface OnionVectors {
  readonly generate: {
    readonly session_key: string;
    readonly associated_data: string;
    readonly hops: readonly { readonly pubkey: string; readonly payload: string }[];
  };
  readonly onion: string;
  readonly decode: readonly string[];
}

/** Without the length in front, which is one byte or three. */
const bare = (framed: string): string => framed.slice(framed.startsWith("fd") ? 6 : 2);

onEveryModuleEngine("onion: BOLT 4's packet and its five peels", ENTRY, async (module) => {
  const client = await OnionClient.open(module);
  const { generate, onion, decode } = readVectors<OnionVectors>("bolt04_onion");
  const points = generate.hops.map((hop) => hex(hop.pubkey));
  const payloads = generate.hops.map((hop) => hex(hop.payload));
  const hash = hex(generate.associated_data);
  const built = await client.build(hex(generate.session_key), hash, points, joined(payloads));
  expect(built.code).toBe(0);
  expect(toHex(built.packet)).toBe(onion);
  expect(await client.call("clean")).toBe(1);
  module.applied("bolt04_onion");

  const secrets = routeSecrets(hex(generate.session_key), points);
  let packet: Uint8Array = hex(onion);
  for (const [i, key] of decode.entries()) {
    expect(await client.importKey(0, hex(key))).toBe(0);
    const peeled = await client.peel(packet, hash, undefined, i % 2 === 1);
    expect(toHex(peeled.payload)).toBe(bare(generate.hops[i]?.payload ?? ""));
    expect(peeled.code).toBe(peeled.payload.length);
    expect(peeled.final).toBe(i === decode.length - 1);
    expect(toHex(peeled.secret)).toBe(toHex(secrets[i] as Uint8Array));
    expect(await client.call("clean")).toBe(1);
    packet = peeled.next;
    module.applied("bolt04_onion");
  }
});

interface ErrorVectors {
  readonly generate: {
    readonly session_key: string;
    readonly failure_message: string;
    readonly hops: readonly {
      readonly pubkey: string;
      readonly hop_shared_secret: string;
      readonly payload?: string;
    }[];
  };
  readonly errorpacket: string;
}

onEveryModuleEngine("onion: BOLT 4's error of the shortest length", ENTRY, async (module) => {
  const client = await OnionClient.open(module);
  const { generate, errorpacket } = readVectors<ErrorVectors>("bolt04_onion_error_short");
  const { hops } = generate;
  const last = hops[hops.length - 1];
  const message = hex(generate.failure_message);
  const made = await client.makeError(hex(last?.hop_shared_secret ?? ""), message);
  expect(made.code).toBe(292);
  expect(toHex(made.packet.slice(32))).toBe(last?.payload);
  let packet = made.packet;
  let expected = rawError(hex(last?.hop_shared_secret ?? ""), message);
  for (const { hop_shared_secret } of [...hops].reverse()) {
    packet = await client.wrapError(hex(hop_shared_secret), packet);
    expected = wrapError(hex(hop_shared_secret), expected);
    expect(toHex(packet)).toBe(toHex(expected));
    module.applied("bolt04_onion_error_short");
  }
  expect(toHex(packet)).toBe(errorpacket);
  const points = hops.map((hop) => hex(hop.pubkey));
  const unwrapped = await client.unwrapError(hex(generate.session_key), points, hex(errorpacket));
  expect(unwrapped).toEqual({ code: 4, message, holdTimes: [] });
  expect(await client.call("clean")).toBe(1);
});

interface AttributionVectors {
  readonly session_key: string;
  readonly pubkeys: readonly string[];
  readonly create: { readonly payload: string; readonly raw_error_packet: string };
  readonly hops: readonly {
    readonly node: number;
    readonly shared_secret: string;
    readonly error_packet: string;
    readonly attribution_data: string;
  }[];
  readonly success_attribution_data: readonly { readonly node: number; readonly attribution_data: string }[];
  readonly hold_time_used: Readonly<Record<string, number>>;
}

onEveryModuleEngine("onion: BOLT 4's attributable error, and hold times of a success", ENTRY, async (module) => {
  const client = await OnionClient.open(module);
  const vectors = readVectors<AttributionVectors>("bolt04_attributable_errors");
  // Length, message, length of the padding, padding.
  const payload = hex(vectors.create.payload);
  const message = payload.slice(2, 2 + 256 * (payload[0] ?? 0) + (payload[1] ?? 0));
  const made = await client.makeError(hex(vectors.hops[0]?.shared_secret ?? ""), message);
  expect(toHex(made.packet)).toBe(vectors.create.raw_error_packet);
  let packet = made.packet;
  let data: Uint8Array = new Uint8Array(920);
  for (const hop of vectors.hops) {
    const holdTime = vectors.hold_time_used[hop.node] ?? NaN;
    data = await client.attribute(hex(hop.shared_secret), packet, holdTime, data);
    packet = await client.wrapError(hex(hop.shared_secret), packet);
    expect(toHex(data)).toBe(hop.attribution_data);
    expect(toHex(packet)).toBe(hop.error_packet);
    module.applied("bolt04_attributable_errors");
  }
  const unwrapped = await client.unwrapError(hex(vectors.session_key), vectors.pubkeys.map(hex), packet, data);
  expect(unwrapped).toEqual({ code: 4, message, holdTimes: [5, 4, 3, 2, 1] });

  let success: Uint8Array = new Uint8Array(920);
  for (const [i, step] of vectors.success_attribution_data.entries()) {
    const secret = hex(vectors.hops[i]?.shared_secret ?? "");
    expect(vectors.hops[i]?.node).toBe(step.node);
    success = await client.attribute(secret, new Uint8Array(0), vectors.hold_time_used[step.node] ?? NaN, success);
    expect(toHex(success)).toBe(step.attribution_data);
    module.applied("bolt04_attributable_errors");
  }
});

interface FailureVectors {
  readonly codes: readonly { readonly name: string; readonly code: number; readonly hex: string }[];
}

/** Data of each code of BOLT 4, with 1 for a first and 2 for a second field that is a number. */
const FAILURE_DATA: Readonly<Record<string, string>> = {
  invalid_onion_version: "HASH",
  invalid_onion_hmac: "HASH",
  invalid_onion_key: "HASH",
  invalid_onion_blinding: "HASH",
  temporary_channel_failure: "0000",
  expiry_too_soon: "0000",
  amount_below_minimum: "0000000000000001" + "0000",
  fee_insufficient: "0000000000000001" + "0000",
  incorrect_cltv_expiry: "00000001" + "0000",
  incorrect_or_unknown_payment_details: "0000000000000001" + "00000002",
  final_incorrect_cltv_expiry: "00000001",
  final_incorrect_htlc_amount: "0000000000000001",
  channel_disabled: "0000" + "0000",
  invalid_onion_payload: "01" + "0002",
};

onEveryModuleEngine("onion: the failure codes and their data", ENTRY, async (module) => {
  const client = await OnionClient.open(module);
  const { codes } = readVectors<FailureVectors>("bolt04_failure_codes");
  const constants = Buffer.from(await module.read(await client.call("codes"), 4 * codes.length));
  const hash = sha256(hex("aa"));
  for (const [i, { name, code, hex: text }] of codes.entries()) {
    expect(constants.readInt32LE(4 * i), name).toBe(code);
    const data = FAILURE_DATA[name] ?? "";
    const update = data.endsWith("0000");
    const zero = name === "channel_disabled" || data === "0000";
    const made = await client.writeFailure(code, data === "HASH" ? hash : zero ? 0n : 1n, update ? 0n : 2n);
    expect(toHex(made.message), name).toBe(text + (data === "HASH" ? toHex(hash) : data));
    module.applied("bolt04_failure_codes");
  }
  for (const code of [0, 1, 0x4010, 17, 0x8019, 25, 0x20ff]) {
    expect(await client.writeFailure(code, 0n), String(code)).toEqual({ code: -8, message: new Uint8Array(0) });
  }
});

interface BlindingVectors {
  readonly generate: {
    readonly hops: readonly {
      readonly session_key?: string;
      readonly node_id: string;
      readonly encoded_tlvs: string;
      readonly path_privkey: string;
      readonly path_key: string;
      readonly encrypted_data: string;
      readonly blinded_node_id: string;
    }[];
  };
  readonly unblind: {
    readonly hops: readonly {
      readonly node_privkey: string;
      readonly path_key: string;
      readonly decrypted_data: string;
      readonly next_path_key: string;
    }[];
  };
}

onEveryModuleEngine("onion: BOLT 4's blinded path, made and followed", ENTRY, async (module) => {
  const client = await OnionClient.open(module);
  const { generate, unblind } = readVectors<BlindingVectors>("bolt04_route_blinding");
  let scalar: Uint8Array = new Uint8Array(32);
  for (const hop of generate.hops) {
    if (hop.session_key !== undefined) scalar = hex(hop.session_key);
    expect(toHex(scalar)).toBe(hop.path_privkey);
    const made = await client.blindHop(scalar, hex(hop.node_id), hex(hop.encoded_tlvs));
    expect(made.code).toBe(0);
    expect(toHex(made.pathKey)).toBe(hop.path_key);
    expect(toHex(made.blinded)).toBe(hop.blinded_node_id);
    expect(toHex(made.data)).toBe(hop.encrypted_data);
    expect(await client.call("clean")).toBe(1);
    scalar = made.scalar;
    module.applied("bolt04_route_blinding");
  }
  for (const [i, hop] of unblind.hops.entries()) {
    await client.importKey(0, hex(hop.node_privkey));
    const encrypted = generate.hops[i]?.encrypted_data ?? "";
    const seen = await client.unblind(hex(hop.path_key), hex(encrypted));
    expect(seen.code).toBe(hop.decrypted_data.length / 2);
    expect(toHex(seen.data)).toBe(hop.decrypted_data);
    expect(toHex(seen.next)).toBe(hop.next_path_key);
    expect(await client.call("clean")).toBe(1);
    module.applied("bolt04_route_blinding");
  }
});

interface BlindedPaymentVectors {
  readonly generate: {
    readonly session_key: string;
    readonly associated_data: string;
    readonly full_route: { readonly hops: readonly { readonly pubkey: string; readonly payload: string }[] };
    readonly onion: string;
    readonly blinded_route: { readonly first_path_key: string };
  };
  readonly decrypt: {
    readonly hops: readonly {
      readonly onion: string;
      readonly node_privkey: string;
      readonly next_path_key?: string;
    }[];
  };
}

onEveryModuleEngine("onion: BOLT 4's payment over a blinded path", ENTRY, async (module) => {
  const client = await OnionClient.open(module);
  const { generate, decrypt } = readVectors<BlindedPaymentVectors>("bolt04_blinded_payment_onion");
  const { hops } = generate.full_route;
  const hash = hex(generate.associated_data);
  const points = hops.map((hop) => hex(hop.pubkey));
  const payloads = joined(hops.map((hop) => hex(hop.payload)));
  const built = await client.build(hex(generate.session_key), hash, points, payloads);
  expect(toHex(built.packet)).toBe(generate.onion);
  module.applied("bolt04_blinded_payment_onion");

  let pathKey: Uint8Array | undefined;
  for (const [i, hop] of decrypt.hops.entries()) {
    await client.importKey(0, hex(hop.node_privkey));
    const last = i === decrypt.hops.length - 1;
    const peeled = await client.peel(hex(hop.onion), hash, pathKey);
    expect(toHex(peeled.payload)).toBe(bare(hops[i]?.payload ?? ""));
    expect(peeled.final).toBe(last);
    if (!last) expect(toHex(peeled.next)).toBe(decrypt.hops[i + 1]?.onion);
    expect(await client.readPayload(peeled.payload, last, pathKey !== undefined)).toBe(0);
    if (i > 0) {
      // The second hop is the path's first: it has its path key from the payload.
      const known = pathKey ?? hex(generate.blinded_route.first_path_key);
      const record = Buffer.from(await module.read(await client.call("fields"), 112));
      const data = await module.read(record.readUInt32LE(52), record.readUInt32LE(56));
      const seen = await client.unblind(known, data);
      expect(seen.code).toBe(data.length - 16);
      await client.write(0, seen.data);
      expect(await client.call("read_recipient_data", client.at, seen.code, Number(last))).toBe(0);
      const told = Buffer.from(await module.read(await client.call("instructions"), 84));
      const override = told.readUInt32LE(44);
      const next = override === 0 ? seen.next : await module.read(override, 33);
      expect(toHex(next)).toBe(hop.next_path_key);
      pathKey = next;
    }
    module.applied("bolt04_blinded_payment_onion");
  }
});
