import { describe, expect, it } from "vitest";
import { ENERGY, ENERGY_ABOVE_ZERO, INTERVAL, LINE_PROPOSAL, PRICE } from "../../host/daemon/energy_parameters.js";
import { ParameterError, type ParameterType } from "../../host/daemon/parameters.js";
import { SWAP_ROUTE } from "../../host/daemon/route.js";

/** "place: reason" of what is refused. */
function refused(type: ParameterType<unknown>, value: unknown): string {
  try {
    type.read(value);
  } catch (error) {
    if (!(error instanceof ParameterError)) throw error;
    return `${error.place ?? "-"}: ${error.reason}`;
  }
  throw new Error("it was taken");
}

const LINE = { rating_w: 10_000, tariff_msat_per_kwh: -5, price_cap_msat_per_kwh: 7 };

describe("parameters of energy verbs", () => {
  it("energy has units and a sign", () => {
    for (const [text, mwh] of [
      ["300", 300n],
      ["300mWh", 300n],
      ["1.5Wh", 1500n],
      ["0.000001kWh", 1n],
      ["-2kWh", -2_000_000n],
      [42, 42n],
    ] as const) {
      expect(ENERGY.read(text)).toBe(mwh);
    }
    expect(refused(ENERGY, "1.5")).toBe("-: has a fraction of a mWh");
    expect(refused(ENERGY, "0.0001Wh")).toBe("-: has a fraction of a mWh");
    expect(refused(ENERGY, "0Wh")).toBe("-: is zero");
    expect(refused(ENERGY, "999999999999999999kWh")).toBe("-: is beyond 63 bits of mWh");
    for (const bad of ["1 kWh", "1MWh", "", "--1", true, null, {}]) expect(refused(ENERGY, bad)).toMatch(/no energy/);
    expect(ENERGY_ABOVE_ZERO.read("1Wh")).toBe(1000n);
    expect(refused(ENERGY_ABOVE_ZERO, "-1Wh")).toBe("-: is below zero");
  });

  it("prices and intervals stay within bounds", () => {
    expect(PRICE.read("-1000000000")).toBe(-1_000_000_000n);
    expect(refused(PRICE, "1000000001")).toBe("-: is no whole number from -1000000000 to 1000000000");
    expect(refused(PRICE, "1.5")).toMatch(/no whole number/);
    expect(INTERVAL.read("now")).toBe("now");
    expect(INTERVAL.read("next")).toBe("next");
    expect(INTERVAL.read("4294967295")).toBe(4_294_967_295);
    for (const bad of ["4294967296", "0", "-5", "soon", 1.5]) expect(refused(INTERVAL, bad)).toMatch(/neither now/);
  });

  it("a line is read from JSON, YAML or an object, with defaults", () => {
    const line = {
      ratingMw: 10_000_000n,
      intervalS: undefined,
      openerOwns: true,
      rentForthMsatPerKwh: 0n,
      rentBackMsatPerKwh: 0n,
      lossForthPpm: 0,
      lossBackPpm: 0,
      lossMaxPpm: 50_000,
      creditLimitMsat: 0n,
      priceCapMsatPerKwh: 7n,
      imbalanceSpreadPpm: 100_000,
      tariffMsatPerKwh: -5n,
      holdS: 30,
    };
    expect(LINE_PROPOSAL.read(LINE)).toEqual(line);
    expect(LINE_PROPOSAL.read(JSON.stringify(LINE))).toEqual(line);
    expect(LINE_PROPOSAL.read("rating_w: 10000\ntariff_msat_per_kwh: -5\nprice_cap_msat_per_kwh: 7\n")).toEqual(line);
    const all = {
      ...LINE,
      interval_s: 900,
      owner: "accepter",
      rent_forth_msat_per_kwh: 1,
      rent_back_msat_per_kwh: -1,
      loss_forth_ppm: 2,
      loss_back_ppm: 3,
      loss_max_ppm: 4,
      credit_limit_msat: "18446744073709551615",
      imbalance_spread_ppm: 5,
      hold_s: 6,
      meter: 1,
    };
    expect(LINE_PROPOSAL.read(all)).toEqual({
      ...line,
      intervalS: 900,
      openerOwns: false,
      rentForthMsatPerKwh: 1n,
      rentBackMsatPerKwh: -1n,
      lossForthPpm: 2,
      lossBackPpm: 3,
      lossMaxPpm: 4,
      creditLimitMsat: 2n ** 64n - 1n,
      imbalanceSpreadPpm: 5,
      holdS: 6,
      meter: 1,
    });
  });

  it("names the field of a line that is wrong", () => {
    for (const name of Object.keys(LINE)) {
      expect(refused(LINE_PROPOSAL, { ...LINE, [name]: undefined })).toBe(`${name}: is missing`);
    }
    expect(refused(LINE_PROPOSAL, { ...LINE, rating: 5 })).toMatch(/^rating: is unknown; known here: rating_w, /);
    for (const [name, value] of [
      ["rating_w", 0],
      ["rating_w", "ten"],
      ["interval_s", 4],
      ["owner", "me"],
      ["loss_max_ppm", 1_000_001],
      ["loss_forth_ppm", -1],
      ["hold_s", 0],
      ["hold_s", 3601],
      ["meter", 4],
      ["credit_limit_msat", "18446744073709551616"],
      ["tariff_msat_per_kwh", 1_000_000_001],
      ["price_cap_msat_per_kwh", -1],
      ["rent_back_msat_per_kwh", []],
    ] as const) {
      expect(refused(LINE_PROPOSAL, { ...LINE, [name]: value })).toMatch(new RegExp(`^${name}: is n`));
    }
    expect(refused(LINE_PROPOSAL, "rating_w: 5\nrating_w: 6\n")).toMatch(/^line 2: is neither JSON nor YAML: /);
    for (const bad of ["5", "", "- a\n", 5, []]) expect(refused(LINE_PROPOSAL, bad)).toBe("-: has no fields");
  });

  it("a swap's route has energy and rent, and no fees", () => {
    const id = "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798";
    const hop = { id, channel: "105x1x0" };
    expect(SWAP_ROUTE.read([{ ...hop, energy_mwh: "-5", rent_msat: 3, cltv_expiry_delta: 40 }, hop])).toMatchObject([
      { energy_mwh: -5n, rent_msat: 3n, cltv_expiry_delta: 40 },
      { energy_mwh: undefined, rent_msat: 0n, cltv_expiry_delta: 0 },
    ]);
    expect(refused(SWAP_ROUTE, [hop, { ...hop, fee_base_msat: 1 }])).toBe('hop 2: has a member "fee_base_msat"');
    expect(refused(SWAP_ROUTE, [{ ...hop, energy_mwh: 1.5 }])).toBe("hop 1, energy_mwh: is no whole number");
    expect(refused(SWAP_ROUTE, [hop, { ...hop, rent_msat: "a" }])).toBe("hop 2, rent_msat: is no whole number");
    expect(refused(SWAP_ROUTE, [{ ...hop, channel: "1" }])).toMatch(/^hop 1, channel: /);
    expect(refused(SWAP_ROUTE, "[]")).toBe("-: has 0 hops, not 1 to 20");
    expect(refused(SWAP_ROUTE, [5])).toBe("hop 1: is no object");
  });
});
