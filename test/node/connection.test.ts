import { describe, expect, it } from "vitest";
import { availableEngines } from "../../host/engine/index.js";
import { hex, toHex } from "../driver/vectors.js";
import { CONFIG, TestNetwork, type TestNode } from "./network.js";
import { RawPeer } from "./raw_peer.js";

const textBytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const ZEROS = new Uint8Array(32);
/** Bits 1, 8, 12, 14, 17, 23, 27, 45. */
const FEATURES = hex("200008825102");
const INIT = {
  type: 16,
  fields: { globalfeatures: new Uint8Array(0), features: FEATURES },
  tlvs: { networks: { chains: [CONFIG.chainHash] } },
};
const ping = (pong: number, bytes = 3) => ({
  type: 18,
  fields: { num_pong_bytes: BigInt(pong), ignored: new Uint8Array(bytes) },
});
const state = (node: TestNode): string => node.node.info().connections[0]?.state ?? "";

describe.each(availableEngines().map(({ name }) => name))("connections on %s", (engine) => {
  const alone = (): { node: TestNode; peer: RawPeer } => {
    const node = new TestNetwork(engine).add("a");
    return { node, peer: new RawPeer(node) };
  };
  const ready = (): { node: TestNode; peer: RawPeer } => {
    const both = alone();
    both.peer.say(INIT);
    expect(state(both.node)).toBe("ready");
    both.peer.take();
    return both;
  };

  it("handshake and init, both ends told who is there", () => {
    const network = new TestNetwork(engine);
    const [a, b] = [network.add("a"), network.add("b")];
    network.connect(a, b);
    network.run();
    expect(a.told("peer").map(({ peer }) => toHex(peer))).toEqual([toHex(b.id)]);
    expect(b.told("peer").map(({ peer }) => toHex(peer))).toEqual([toHex(a.id)]);
    expect(a.node.info().connections[0]).toEqual({ state: "ready", peer: b.id });
    expect(toHex(a.node.info().nodeId)).toBe(toHex(a.id));
    expect(toHex(a.told("peer")[0]?.features ?? ZEROS)).toBe(toHex(FEATURES).padStart(80, "0"));
  });

  it("init names features and chain; the peer's is awaited", () => {
    const { node, peer } = alone();
    expect(peer.heard).toMatchObject([INIT]);
    expect(state(node)).toBe("init");
    expect(node.told("peer")).toEqual([]);
  });

  it.each([
    ["a feature that is not known and required", { ...INIT, fields: { ...INIT.fields, features: hex("10") } }, -12],
    [
      "a feature without the one it depends on",
      { ...INIT, fields: { ...INIT.fields, features: hex("08000000000000") } },
      -23,
    ],
    ["another chain", { ...INIT, tlvs: { networks: { chains: [ZEROS] } } }, -22],
  ])("an init is refused for %s", (_, init, code) => {
    const { node, peer } = alone();
    peer.take();
    peer.say(init);
    expect(node.told("problem")).toMatchObject([{ connection: 0, channel: -1, code, message: 16 }]);
    expect(peer.heard).toMatchObject([{ name: "warning" }]);
    expect(state(node)).toBe("free");
  });

  it("init without networks is good, a second one is not", () => {
    const { node, peer } = alone();
    peer.say({ ...INIT, tlvs: {} });
    expect(state(node)).toBe("ready");
    peer.say(INIT);
    expect(state(node)).toBe("free");
    expect(node.told("problem")).toMatchObject([{ code: -2, message: 16 }]);
  });

  it("nothing is taken before init", () => {
    const { node, peer } = alone();
    peer.say(ping(4));
    expect(state(node)).toBe("free");
    expect(node.told("problem")).toMatchObject([{ code: -2, message: 18 }]);
  });

  it("pings are answered as far as a message goes", () => {
    const { node, peer } = ready();
    for (const bytes of [0, 1, 1000, 2556]) {
      peer.say(ping(bytes));
      expect(peer.take()).toMatchObject([{ name: "pong", fields: { ignored: new Uint8Array(bytes) } }]);
    }
    peer.say(ping(65532));
    peer.say(ping(65535));
    expect(peer.take()).toEqual([]);
    for (const bytes of [2557, 65531]) {
      peer.say(ping(bytes));
      expect(peer.take()).toMatchObject([{ name: "warning", fields: { data: textBytes("pong too long") } }]);
    }
    expect(state(node)).toBe("ready");
  });

  it("silence is pinged after a minute and ends after two; pongs and anything else break it", () => {
    const { node, peer } = ready();
    const { network } = node;
    network.tick(59_000n);
    expect(peer.take()).toEqual([]);
    network.tick(1_000n);
    network.tick(1_000n);
    expect(peer.take()).toMatchObject([{ name: "ping" }]);
    peer.say({ type: 19, fields: { ignored: new Uint8Array(0) } });
    network.tick(60_000n);
    expect(peer.take()).toMatchObject([{ name: "ping" }]);
    network.tick(59_000n);
    expect(state(node)).toBe("ready");
    network.tick(1_000n);
    expect(state(node)).toBe("free");
  });

  it("a handshake that does not come to its end is given up after a minute", () => {
    const network = new TestNetwork(engine);
    const a = network.add("a");
    a.node.connect(2);
    network.tick(59_000n);
    expect(a.node.info().connections[2]?.state).toBe("handshake");
    network.tick(1_000n);
    expect(a.node.info().connections[2]?.state).toBe("free");
  });

  it("unknown messages: odd ones are passed over, even ones end the connection", () => {
    const { node, peer } = ready();
    peer.say("ffff0102");
    expect(state(node)).toBe("ready");
    peer.say("fffe0102");
    expect(peer.heard).toMatchObject([{ name: "warning", fields: { data: textBytes("code -12") } }]);
    expect(state(node)).toBe("free");
  });

  it("a message of a channel that is not known is answered with an error about it", () => {
    const { node, peer } = ready();
    const channel_id = new Uint8Array(32).fill(9);
    peer.say({ type: 38, fields: { channel_id, scriptpubkey: new Uint8Array(22) } });
    expect(peer.heard).toMatchObject([{ name: "error", fields: { channel_id } }]);
    expect(state(node)).toBe("ready");
  });

  it("errors and warnings of the peer are told with their text; an error about all ends the connection", () => {
    const { node, peer } = ready();
    const data = textBytes("what now");
    peer.say({ type: 1, fields: { channel_id: ZEROS, data } });
    expect(state(node)).toBe("ready");
    peer.say({ type: 17, fields: { channel_id: ZEROS, data } });
    expect(state(node)).toBe("free");
    expect(node.told("problem").slice(0, 2)).toMatchObject([
      { code: 0, message: 1, text: "what now", channel: -1 },
      { code: 0, message: 17, text: "what now", channel: -1 },
    ]);
  });

  it("bytes that are no frame end the connection", () => {
    const { node, peer } = ready();
    peer.write(new Uint8Array(18));
    expect(node.told("problem")).toMatchObject([{ code: -16, message: 0 }]);
    expect(state(node)).toBe("free");
    peer.write(new Uint8Array(18));
    expect(node.told("problem")).toHaveLength(1);
  });

  it("a node that connects again takes the place of its old connection, and itself is no peer", () => {
    const network = new TestNetwork(engine);
    const [a, b] = [network.add("a"), network.add("b")];
    network.connect(a, b);
    network.run();
    network.connect(a, b);
    network.run();
    for (const node of [a, b]) {
      expect(node.node.info().connections.map(({ state }) => state)).toEqual(["free", "ready", "free", "free"]);
    }
    network.connect(a, a);
    network.run();
    expect(a.node.info().connections.map(({ state }) => state)).toEqual(["free", "ready", "free", "free"]);
  });

  it("arguments: connections that do not exist or are in use, points that are none", () => {
    const network = new TestNetwork(engine);
    const [a, b] = [network.add("a"), network.add("b")];
    network.connect(a, b);
    network.run();
    expect(() => a.node.connect(0)).toThrow("ERR_STATE");
    expect(() => a.node.connect(4)).toThrow("ERR_ARGUMENT");
    expect(() => a.node.connect(-1)).toThrow("ERR_ARGUMENT");
    expect(() => a.node.connect(1, new Uint8Array(33))).toThrow("ERR_POINT");
    expect(() => a.node.receive(4, new Uint8Array(1))).toThrow("ERR_ARGUMENT");
    expect(() => a.node.disconnect(4)).toThrow("ERR_ARGUMENT");
    expect(a.node.channel(3)).toBeUndefined();
    expect(() => a.node.channel(4)).toThrow("ERR_ARGUMENT");
    expect(() => a.node.open({ peer: new Uint8Array(33), fundingSat: 100_000n, feeratePerKw: 253 })).toThrow(
      "NOT_FOUND",
    );
  });
});
