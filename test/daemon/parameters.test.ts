import { describe, expect, it } from "vitest";
import { parametersOf } from "../../host/daemon/command_line.js";
import { MSAT, MSAT_OR_ANY, PEER, POINT, SAT, hex, readAddress } from "../../host/daemon/parameters.js";
import { ROUTE, priced } from "../../host/daemon/route.js";
import { NODE_VERBS, readArguments } from "../../host/daemon/verbs.js";

/** The generator and its double: two points that every implementation knows. */
const G = "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798";
const G2 = "02c6047f9441ed7d6d3045406e95c07cd85c778e4b8cef3ca7abac09b95c709ee5";
const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, "hex"));

describe("amounts", () => {
  it.each([
    ["1000", 1000n],
    [1000, 1000n],
    ["1000msat", 1000n],
    ["7sat", 7000n],
    ["1.5sat", 1500n],
    ["0.00000000001btc", 1n],
    ["18446744073709551615", 2n ** 64n - 1n],
  ])("%s", (text, msat) => {
    expect(MSAT.read(text)).toBe(msat);
  });

  it.each([
    "",
    "0",
    "-1",
    "1.5",
    "0.0001sat",
    "1 sat",
    "1e3",
    "18446744073709551616",
    "184467440737.1btc",
    "0x10",
    1.5,
    true,
    null,
    {},
  ])("refuses %s", (text) => {
    expect(() => MSAT.read(text)).toThrow();
  });

  it("takes satoshis where they are meant", () => {
    expect([SAT.read("100000"), SAT.read("100000000msat"), SAT.read("0.01btc")]).toEqual([100000n, 100000n, 1000000n]);
    expect(() => SAT.read("1001msat")).toThrow("fraction of a sat");
    expect([MSAT_OR_ANY.read("any"), MSAT_OR_ANY.read("5")]).toEqual([undefined, 5n]);
  });
});

describe("points, addresses", () => {
  it("knows a point of the curve, and names the character that is wrong", () => {
    expect(POINT.read(G)).toEqual(bytes(G));
    expect(() => POINT.read(`05${G.slice(2)}`)).toThrow("no point");
    expect(() => POINT.read(`${G.slice(0, 64)}zz`)).toThrow(expect.objectContaining({ place: "character 65" }));
    expect(() => hex("hex32", 32).read("00")).toThrow("2 digits, not 64");
  });

  it("reads peers with addresses and without", () => {
    expect(PEER.read(G)).toEqual({ id: bytes(G), address: undefined });
    expect(PEER.read(`${G}@127.0.0.1`).address).toEqual({ host: "127.0.0.1", port: 9735 });
    expect(PEER.read(`${G}@[::1]:5`).address).toEqual({ host: "::1", port: 5 });
    expect(() => PEER.read(`${G}@127.0.0.1:65536`)).toThrow("port");
    expect(() => PEER.read(`${G}@`)).toThrow("no address");
    expect(() => readAddress("a:0")).toThrow("port");
    expect(readAddress("a:0", true)).toEqual({ host: "a", port: 0 });
  });
});

describe("routes", () => {
  const hops = [
    { id: G, channel: "100x1x0" },
    { id: G2, channel: "200x2x1", fee_base_msat: 1000, fee_proportional_millionths: 2000, cltv_expiry_delta: 40 },
  ];

  it("are a list or its text, and priced from the end", () => {
    const route = ROUTE.read(JSON.stringify(hops));
    expect(route).toEqual(ROUTE.read(hops));
    expect(route[1]?.short_channel_id).toBe((200n << 40n) | (2n << 16n) | 1n);
    // 1,000 and 2,000 millionths of 1,000,000 stay with the first node, which also wants 40 blocks.
    expect(priced(route, 1_000_000n, 500).map(({ amount_msat, cltv_expiry }) => [amount_msat, cltv_expiry])).toEqual([
      [1_003_000n, 540],
      [1_000_000n, 500],
    ]);
  });

  it.each([
    ["[", /not JSON/, null],
    ["{}", /no list/, null],
    ["[]", /0 hops/, null],
    [[{ ...hops[0], fee: 1 }], /member "fee"/, "hop 1"],
    [[hops[0], { ...hops[1], channel: "1x1" }], /short_channel_id/, "hop 2, channel"],
    [[hops[0], { ...hops[1], cltv_expiry_delta: 65536 }], /65535/, "hop 2, cltv_expiry_delta"],
    [[{ channel: "1x1x1" }], /no text/, "hop 1, id"],
  ])("names the hop that is wrong: %j", (value, reason, place) => {
    let caught: unknown;
    try {
      ROUTE.read(value);
    } catch (error) {
      caught = error;
    }
    expect(caught).toMatchObject({ reason: expect.stringMatching(reason) as string, place });
  });
});

describe("command lines", () => {
  const { invoice, close, pay } = NODE_VERBS;

  it("takes parameters by position, by name and as options, mixed", () => {
    const expected = { amount_msat: "1000", label: "a", description: "two words" };
    expect(parametersOf(invoice, ["1000", "a", "two words"])).toEqual(expected);
    expect(parametersOf(invoice, ["--label", "a", "1000", "description=two words"])).toEqual(expected);
    expect(parametersOf(invoice, ["description=two words", "amount_msat=1000", "--label=a"])).toEqual(expected);
  });

  it("takes a flag without a value, and no word in its place", () => {
    expect(parametersOf(close, ["--force", G])).toEqual({ force: true, id: G });
    expect(parametersOf(close, [G, "--force"])).toEqual({ force: true, id: G });
    expect(() => parametersOf(close, [G, "1"])).toThrow("one too many");
    expect(readArguments(close, parametersOf(close, [G, "force=false"]))).toEqual({ id: G, force: false });
  });

  it("takes text with an = in it for what it is", () => {
    expect(parametersOf(invoice, ["any", "a=b", "x"])).toEqual({ amount_msat: "any", label: "a=b", description: "x" });
  });

  it.each([
    [["--colour", "red"], "--colour: there is no such option"],
    [["x", "--bolt11=y"], "bolt11: is given twice"],
    [["x", "--route"], "route: is given no value"],
  ])("refuses %j", (words, message) => {
    expect(() => parametersOf(pay, words)).toThrow(message);
  });

  it("reads what it has put in place", () => {
    expect(readArguments(pay, parametersOf(pay, ["lnbcrt1", "5sat", "retry_for=5"]))).toEqual({
      bolt11: "lnbcrt1",
      amount_msat: 5000n,
      retry_for: 5,
    });
    expect(() => readArguments(pay, { bolt11: "x", amount_msat: "zero" })).toThrow(/^amount_msat: is no amount/);
  });
});
