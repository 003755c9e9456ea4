import { sha256 } from "@noble/hashes/sha2.js";
import { expect } from "vitest";
import { onEveryModuleEngine, type TestModule } from "../driver/modules.js";
import { hex, readVectors, toHex } from "../driver/vectors.js";
import { joined } from "./client.js";
import { keyNamed, node } from "./fixtures.js";
import {
  attributeError,
  buildOnion,
  framed,
  peelOnion,
  rawError,
  routeSecrets,
  sealOnion,
  wrapError,
} from "./sphinx.js";
import { encodeTlvs } from "./tlv.js";

const ENTRY = "test/onion/exports.entry.ts";
const hash = keyNamed("hash");
const session = keyNamed("session");
const points = [0, 1, 2].map((i) => node(i).point);

class Exports {
  constructor(
    readonly module: TestModule,
    readonly input: number,
    readonly output: number,
  ) {}

  /** Calls an export with its input, and gives its result. */
  async call(name: string, input: readonly Uint8Array[], ...args: number[]): Promise<number> {
    if (input.length > 0) await this.module.write(this.input, joined(input));
    return (await this.module.call(name, ...args)) as number;
  }

  async out(at: number, length: number): Promise<string> {
    return toHex(await this.module.read(this.output + at, length));
  }

  async importKey(key: Uint8Array): Promise<void> {
    expect(await this.call("import_key", [key], 0, this.input)).toBe(0);
  }
}

const open = async (module: TestModule): Promise<Exports> =>
  new Exports(module, (await module.call("in_buffer")) as number, (await module.call("out_buffer")) as number);

const tlv = (type: number, value: string): { type: bigint; value: Uint8Array } => ({
  type: BigInt(type),
  value: hex(value),
});
const forward = encodeTlvs([tlv(2, "0102"), tlv(4, "0c3500"), tlv(6, "00".repeat(8))]);
const final = encodeTlvs([tlv(2, "0102"), tlv(4, "0c3500")]);

onEveryModuleEngine("onion exports: there and back again", ENTRY, async (module) => {
  const node_wasm = await open(module);
  const payloads = [forward, forward, final].map(framed);
  const all = joined(payloads);
  expect(await node_wasm.call("onion_build", [session, hash, ...points, all], 3, all.length)).toBe(1366);
  let packet = buildOnion(session, hash, points, payloads);
  expect(await node_wasm.out(0, 1366)).toBe(toHex(packet));
  expect(toHex(await module.read(node_wasm.input, 32))).toBe("00".repeat(32));

  const secrets = routeSecrets(session, points);
  for (let i = 0; i < 3; i++) {
    const { key } = node(i);
    await node_wasm.importKey(key);
    const expected = peelOnion(key, hash, packet);
    const length = expected.payload.length;
    expect(await node_wasm.call("onion_peel", [packet, hash], 0)).toBe(length + (i === 2 ? 65536 : 0));
    expect(await node_wasm.out(1366, 32)).toBe(toHex(expected.secret));
    expect(await node_wasm.out(1400, length)).toBe(toHex(expected.payload));
    expect(await node_wasm.call("onion_failure", [])).toBe(-2);
    expect(await node_wasm.call("onion_admit", [expected.secret], 100 + i, 100)).toBe(0);
    expect(await node_wasm.call("onion_admit", [expected.secret], 200, 100)).toBe(-20);
    expect(await node_wasm.call("onion_admit", [expected.secret], 99, 100)).toBe(-25);
    if (expected.next !== undefined) {
      packet = expected.next;
      expect(await node_wasm.out(0, 1366)).toBe(toHex(packet));
    }
  }

  const message = hex("400f0000000000000102000c3500");
  for (const attributed of [true, false]) {
    const hold = (i: number): number => (attributed ? i + 7 : -1);
    expect(
      await node_wasm.call("onion_error_create", [secrets[2] as Uint8Array, message], message.length, hold(2)),
    ).toBe(292);
    let error = rawError(secrets[2] as Uint8Array, message);
    let data: Uint8Array = new Uint8Array(920);
    for (let i = 2; i >= 0; i--) {
      const secret = secrets[i] as Uint8Array;
      if (i < 2) expect(await node_wasm.call("onion_error_wrap", [secret, data, error], 292, hold(i))).toBe(292);
      if (attributed) data = attributeError(secret, error, hold(i), data);
      error = wrapError(secret, error);
      expect(await node_wasm.out(0, 920)).toBe(toHex(data));
      expect(await node_wasm.out(920, 292)).toBe(toHex(error));
      expect(toHex(await module.read(node_wasm.input, 32))).toBe("00".repeat(32));
    }
    const arrived = [session, data, ...points, error];
    expect(await node_wasm.call("onion_error_unwrap", arrived, 3, 292, Number(attributed))).toBe(2);
    const said = Buffer.from(hex(await node_wasm.out(0, 88 + message.length)));
    expect([0, 4].map((at) => said.readUInt32LE(at))).toEqual([attributed ? 3 : 0, message.length]);
    expect([8, 12, 16].map((at) => said.readUInt32LE(at))).toEqual(attributed ? [7, 8, 9] : [0, 0, 0]);
    expect(toHex(said.subarray(88))).toBe(toHex(message));
    expect(toHex(await module.read(node_wasm.input, 32))).toBe("00".repeat(32));
  }
});

onEveryModuleEngine("onion exports: answers to what is refused", ENTRY, async (module) => {
  const node_wasm = await open(module);
  const { key, point } = node(0);
  await node_wasm.importKey(key);
  const packet = sealOnion(session, hash, point, framed(final));
  const flipped = (at: number, mask = 1): Uint8Array => packet.map((byte, i) => (i === at ? byte ^ mask : byte));
  const sealed = (plain: string): Uint8Array => sealOnion(session, hash, point, hex(plain));
  const plainNext = (payload: Uint8Array): string => toHex(framed(payload)) + "01".repeat(32);
  const path = node(1).point;
  const introduced = encodeTlvs([{ type: 10n, value: new Uint8Array(9) }, { type: 12n, value: path }, tlv(16, "00")]);
  const own = (onion: Uint8Array): string => toHex(sha256(onion));
  const cases: readonly (readonly [
    string,
    Uint8Array,
    Uint8Array | undefined,
    number,
    (onion: Uint8Array) => string,
  ])[] = [
    ["version", flipped(0), undefined, -17, (onion) => `c004${own(onion)}`],
    ["point", flipped(1, 4), undefined, -18, (onion) => `c006${own(onion)}`],
    ["hmac", flipped(1365), undefined, -16, (onion) => `c005${own(onion)}`],
    ["length 1", sealed("01"), undefined, -13, () => "4016000000"],
    ["unknown even", sealed(`08${toHex(final).slice(0, 8)}14020000`), undefined, -12, () => "4016140004"],
    ["no amount", sealed("0504030c3500"), undefined, -24, () => "4016020005"],
    [
      "no channel",
      sealed(plainNext(final)),
      undefined,
      -24,
      () => "401606" + final.length.toString(16).padStart(4, "0"),
    ],
    ["path key, but not blinded", packet, path, -16, (onion) => `c018${own(onion)}`],
    [
      "introduction to what is not allowed",
      sealed(plainNext(introduced)),
      undefined,
      -14,
      (onion) => `c018${own(onion)}`,
    ],
    ["the same at the last hop", sealed(toHex(framed(introduced))), undefined, -14, () => "401610002e"],
  ];
  for (const [what, onion, pathKey, code, message] of cases) {
    const input = pathKey === undefined ? [onion, hash] : [onion, hash, pathKey];
    expect(await node_wasm.call("onion_peel", input, pathKey === undefined ? 0 : 1), what).toBe(code);
    expect(toHex(await module.read(node_wasm.input, 1366)), what).toBe(toHex(onion));
    const expected = message(onion);
    expect(await node_wasm.call("onion_failure", []), what).toBe(expected.length / 2);
    expect(await node_wasm.out(1400, expected.length / 2), what).toBe(expected);
  }
  for (const args of [
    [0, 10],
    [28, 10],
    [3, 1301],
    [3, -1],
    [-5, 10],
  ]) {
    expect(await node_wasm.call("onion_build", [], ...args), String(args)).toBe(-1);
  }
  for (const args of [
    [0, 292, 0],
    [28, 292, 0],
    [3, 1061, 0],
    [3, -1, 0],
  ]) {
    expect(await node_wasm.call("onion_error_unwrap", [], ...args), String(args)).toBe(-1);
  }
  for (const length of [-1, 4041]) expect(await node_wasm.call("onion_error_wrap", [], length, 0)).toBe(-1);
  for (const length of [-1, 1301]) expect(await node_wasm.call("onion_unblind", [], length, 0)).toBe(-1);
  for (const length of [-1, 1, 1025]) expect(await node_wasm.call("onion_error_create", [], length, 0)).toBe(-13);
});

interface Unblinding {
  readonly generate: { readonly hops: readonly { readonly encrypted_data: string }[] };
  readonly unblind: {
    readonly hops: readonly {
      readonly node_privkey: string;
      readonly path_key: string;
      readonly decrypted_data: string;
      readonly next_path_key: string;
    }[];
  };
}

onEveryModuleEngine("onion exports: a blinded path's hops are told where to", ENTRY, async (module) => {
  const node_wasm = await open(module);
  const { generate, unblind } = readVectors<Unblinding>("bolt04_route_blinding");
  for (const [i, hop] of unblind.hops.entries()) {
    const encrypted = hex(generate.hops[i]?.encrypted_data ?? "");
    await node_wasm.importKey(hex(hop.node_privkey));
    const input = [hex(hop.path_key), encrypted];
    // The last one allows features that nobody knows.
    const last = i === 3;
    const code = await node_wasm.call("onion_unblind", input, encrypted.length, Number(last));
    expect(code).toBe(last ? -14 : hop.decrypted_data.length / 2);
    expect(await node_wasm.out(0, 33)).toBe(hop.next_path_key);
    expect(await node_wasm.out(40, hop.decrypted_data.length / 2)).toBe(hop.decrypted_data);
    expect(await node_wasm.call("onion_unblind", input, encrypted.length - 1, 0)).toBe(-16);
    expect(await node_wasm.call("onion_unblind", input, 15, 0)).toBe(-16);
    expect(await node_wasm.call("onion_unblind", [new Uint8Array(33), encrypted], encrypted.length, 0)).toBe(-18);
  }
});
