import { parse } from "yaml";
import { MAX_CHANNELS } from "../node/abi.js";
import type { EnergyParameters } from "../node/energy_requests.js";
import { ParameterError, type ParameterType } from "./parameters.js";
import { isObject } from "./rpc.js";

// What the verbs for energy read. PROTOCOL.md, "`energy_parameters`" and "Opening a line".

const MWH_PER = { mWh: 1n, Wh: 1000n, kWh: 1_000_000n } as const;
const MAX_U64 = 2n ** 64n - 1n;
const MAX_S64 = 2n ** 63n - 1n;
/** Of a price, either way, msat per kWh. */
const MOST_PRICE = 1_000_000_000n;
const MILLION = 1_000_000n;
const MOST_RATING_W = 10_000_000_000n;
const MOST_HOLD_S = 3600n;

const textOf = (value: unknown): string =>
  typeof value === "number" && Number.isSafeInteger(value) ? String(value) : typeof value === "string" ? value : "";

/** A whole number of any sign within bounds. */
export const signed = (name: string, least: bigint, most: bigint): ParameterType<bigint> => ({
  name,
  read(value) {
    const text = textOf(value);
    if (!/^-?\d{1,20}$/.test(text) || BigInt(text) < least || BigInt(text) > most) {
      throw new ParameterError(`is no whole number from ${least} to ${most}`);
    }
    return BigInt(text);
  },
});

/** msat per kWh. */
export const PRICE = signed("msat/kWh", -MOST_PRICE, MOST_PRICE);
export const PPM = signed("ppm", 0n, MILLION);

/** Energy in mWh where no unit is given, other than zero; "2kWh", "1.5Wh", "-300". */
export const ENERGY: ParameterType<bigint> = {
  name: "mWh|Wh|kWh",
  read(value) {
    const [, sign, whole, fraction = "", unit = "mWh"] =
      /^(-?)(\d{1,18})(?:\.(\d{1,6}))?(mWh|Wh|kWh)?$/.exec(textOf(value)) ?? [];
    if (whole === undefined) throw new ParameterError("is no energy such as 300, 300mWh, 1.5Wh or 2kWh");
    const scaled = BigInt(whole + fraction) * MWH_PER[unit as keyof typeof MWH_PER];
    const divisor = 10n ** BigInt(fraction.length);
    if (scaled % divisor !== 0n) throw new ParameterError("has a fraction of a mWh");
    const mwh = scaled / divisor;
    if (mwh === 0n) throw new ParameterError("is zero");
    if (mwh > MAX_S64) throw new ParameterError("is beyond 63 bits of mWh");
    return sign === "-" ? -mwh : mwh;
  },
};

/** As ENERGY, above zero. */
export const ENERGY_ABOVE_ZERO: ParameterType<bigint> = {
  name: ENERGY.name,
  read(value) {
    const mwh = ENERGY.read(value);
    if (mwh < 0n) throw new ParameterError("is below zero");
    return mwh;
  },
};

/** Start of a delivery interval: UTC in s, or the one that goes on, or the one after it. */
export type IntervalStart = number | "now" | "next";

export const INTERVAL: ParameterType<IntervalStart> = {
  name: "UTC s|now|next",
  read(value) {
    if (value === "now" || value === "next") return value;
    const text = textOf(value);
    if (!/^\d{1,10}$/.test(text) || Number(text) >= 2 ** 32 || Number(text) === 0) {
      throw new ParameterError("is neither now nor next nor a start of an interval, UTC in s");
    }
    return Number(text);
  },
};

/** A line as its opener proposes it: without an interval, that of its meters. */
export type LineProposal = Omit<EnergyParameters, "intervalS"> & { readonly intervalS: number | undefined };

const OWNERS: ParameterType<"opener" | "accepter"> = {
  name: "owner",
  read(value) {
    if (value !== "opener" && value !== "accepter") throw new ParameterError("is neither opener nor accepter");
    return value;
  },
};

const u64 = signed("msat", 0n, MAX_U64);
const FIELDS = {
  rating_w: signed("W", 1n, MOST_RATING_W),
  tariff_msat_per_kwh: PRICE,
  price_cap_msat_per_kwh: signed("msat/kWh", 0n, MOST_PRICE),
  interval_s: signed("s", 5n, 3600n),
  owner: OWNERS,
  rent_forth_msat_per_kwh: PRICE,
  rent_back_msat_per_kwh: PRICE,
  loss_forth_ppm: PPM,
  loss_back_ppm: PPM,
  loss_max_ppm: PPM,
  imbalance_spread_ppm: PPM,
  credit_limit_msat: u64,
  hold_s: signed("s", 1n, MOST_HOLD_S),
  meter: signed("meter", 0n, BigInt(MAX_CHANNELS - 1)),
} as const;

/** A line's parameters: an object, or JSON or YAML as text. */
export const LINE_PROPOSAL: ParameterType<LineProposal> = {
  name: "file",
  word: "file",
  read(value) {
    const document = typeof value === "string" ? parsed(value) : value;
    if (!isObject(document)) throw new ParameterError("has no fields");
    const strange = Object.keys(document).find((name) => !Object.hasOwn(FIELDS, name));
    if (strange !== undefined) {
      throw new ParameterError(`is unknown; known here: ${Object.keys(FIELDS).join(", ")}`, strange.slice(0, 40));
    }
    const fields: Readonly<Record<string, unknown>> = document;
    const field = <T, D = never>(name: keyof typeof FIELDS, type: ParameterType<T>, otherwise?: D): T | D => {
      const given = fields[name];
      if (given === undefined || given === null) {
        if (otherwise === undefined) throw new ParameterError("is missing", name);
        return otherwise;
      }
      try {
        return type.read(given);
      } catch (error) {
        if (!(error instanceof ParameterError)) throw error;
        throw new ParameterError(error.reason, name);
      }
    };
    const { interval_s, meter } = fields;
    return {
      ratingMw: field("rating_w", FIELDS.rating_w) * 1000n,
      intervalS: interval_s === undefined ? undefined : Number(field("interval_s", FIELDS.interval_s)),
      openerOwns: field("owner", FIELDS.owner, "opener" as const) === "opener",
      rentForthMsatPerKwh: field("rent_forth_msat_per_kwh", PRICE, 0n),
      rentBackMsatPerKwh: field("rent_back_msat_per_kwh", PRICE, 0n),
      lossForthPpm: Number(field("loss_forth_ppm", PPM, 0n)),
      lossBackPpm: Number(field("loss_back_ppm", PPM, 0n)),
      lossMaxPpm: Number(field("loss_max_ppm", PPM, DEFAULT_LOSS_MAX_PPM)),
      creditLimitMsat: field("credit_limit_msat", u64, 0n),
      priceCapMsatPerKwh: field("price_cap_msat_per_kwh", FIELDS.price_cap_msat_per_kwh),
      imbalanceSpreadPpm: Number(field("imbalance_spread_ppm", PPM, DEFAULT_SPREAD_PPM)),
      tariffMsatPerKwh: field("tariff_msat_per_kwh", PRICE),
      holdS: Number(field("hold_s", FIELDS.hold_s, DEFAULT_HOLD_S)),
      ...(meter === undefined ? {} : { meter: Number(field("meter", FIELDS.meter)) }),
    };
  },
};

const DEFAULT_LOSS_MAX_PPM = 50_000n;
const DEFAULT_SPREAD_PPM = 100_000n;
const DEFAULT_HOLD_S = 30n;

/** YAML, of which JSON is a part; whole numbers only where they are exact. */
function parsed(text: string): unknown {
  try {
    return parse(text, { maxAliasCount: 0 });
  } catch (error) {
    const { linePos, message } = error as { linePos?: readonly { line: number; col: number }[]; message: string };
    const at = linePos?.[0];
    const reason = message.split("\n")[0]?.replace(/ at line \d+, column \d+:?$/, "") ?? "";
    throw new ParameterError(`is neither JSON nor YAML: ${reason}`, at === undefined ? null : `line ${at.line}`);
  }
}
