import { ParameterError, type ParameterType, POINT } from "./parameters.js";
import { isObject } from "./rpc.js";

/**
 * One hop of a route as its caller gives it: the node that is reached, the channel to it, and what the node before asks
 * for forwarding over that channel (BOLT 7, "HTLC Fees"). The first channel is our own and costs nothing.
 */
export interface RouteHop {
  readonly id: Uint8Array;
  /** As a number: block << 40 | transaction << 16 | output. */
  readonly short_channel_id: bigint;
  readonly fee_base_msat: number;
  readonly fee_proportional_millionths: number;
  readonly cltv_expiry_delta: number;
}

/** One hop of a swap: what it is reached with, and what the node before keeps as rent. */
export interface SwapHop extends RouteHop {
  /** Energy of the rider to it, mWh; without, what is to come from the payee. */
  readonly energy_mwh: bigint | undefined;
  readonly rent_msat: bigint;
}

const MAX_HOPS = 20;
const MAX_U32 = 2 ** 32 - 1;
const MAX_U16 = 2 ** 16 - 1;

/** A short_channel_id from its text, "BLOCKxTRANSACTIONxOUTPUT"; undefined if it is none. */
export function scidOf(text: string): bigint | undefined {
  const [, block, transaction, output] = /^(\d{1,8})x(\d{1,8})x(\d{1,5})$/.exec(text) ?? [];
  if (block === undefined || transaction === undefined || output === undefined) return undefined;
  if (Number(block) >= 2 ** 24 || Number(transaction) >= 2 ** 24 || Number(output) > MAX_U16) return undefined;
  return (BigInt(block) << 40n) | (BigInt(transaction) << 16n) | BigInt(output);
}

/** A short_channel_id as a parameter. */
export const SCID: ParameterType<bigint> = {
  name: "scid",
  read(value) {
    const scid = typeof value === "string" ? scidOf(value) : undefined;
    if (scid === undefined) throw new ParameterError("is no short_channel_id such as 105x1x0");
    return scid;
  },
};

/** A list of hops, or its JSON as text. The last is the payee. */
export const ROUTE: ParameterType<readonly RouteHop[]> = {
  name: "route",
  read(value) {
    return hopsOf(value).map((hop: unknown, index) => hopOf(hop, `hop ${index + 1}`));
  },
};

/** As ROUTE, of a swap: hops have energy_mwh and rent_msat instead of fees. */
export const SWAP_ROUTE: ParameterType<readonly SwapHop[]> = {
  name: "route",
  read: (value) =>
    hopsOf(value).map((hop: unknown, index) => {
      const place = `hop ${index + 1}`;
      if (!isObject(hop)) throw new ParameterError("is no object", place);
      const { energy_mwh, rent_msat = 0, ...rest } = hop;
      const whole = (name: string, given: unknown): bigint => {
        const text = typeof given === "number" && Number.isSafeInteger(given) ? String(given) : given;
        if (typeof text !== "string" || !/^-?\d{1,18}$/.test(text)) {
          throw new ParameterError("is no whole number", `${place}, ${name}`);
        }
        return BigInt(text);
      };
      const fee = FEES.find((name) => Object.hasOwn(rest, name));
      if (fee !== undefined) throw new ParameterError(`has a member ${JSON.stringify(fee)}`, place);
      return {
        ...hopOf(rest, place),
        energy_mwh: energy_mwh === undefined ? undefined : whole("energy_mwh", energy_mwh),
        rent_msat: whole("rent_msat", rent_msat),
      };
    }),
};

const FEES = ["fee_base_msat", "fee_proportional_millionths"];

function hopsOf(value: unknown): readonly unknown[] {
  const list = typeof value === "string" ? parsed(value) : value;
  if (!Array.isArray(list)) throw new ParameterError("is no list of hops");
  if (list.length === 0 || list.length > MAX_HOPS) {
    throw new ParameterError(`has ${list.length} hops, not 1 to ${MAX_HOPS}`);
  }
  return list;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw new ParameterError("is not JSON", /position \d+/.exec((error as Error).message)?.[0] ?? null);
  }
}

const HOP_MEMBERS = ["id", "channel", "fee_base_msat", "fee_proportional_millionths", "cltv_expiry_delta"];

function hopOf(hop: unknown, place: string): RouteHop {
  if (!isObject(hop)) throw new ParameterError("is no object", place);
  const strange = Object.keys(hop).find((name) => !HOP_MEMBERS.includes(name));
  if (strange !== undefined) throw new ParameterError(`has a member ${JSON.stringify(strange)}`, place);
  const number = (name: string, most: number): number => {
    const value = hop[name] ?? 0;
    if (typeof value !== "number" || !Number.isInteger(value) || value < 0 || value > most) {
      throw new ParameterError(`is no whole number from 0 to ${most}`, `${place}, ${name}`);
    }
    return value;
  };
  return {
    id: within(`${place}, id`, () => POINT.read(hop["id"])),
    short_channel_id: within(`${place}, channel`, () => SCID.read(hop["channel"])),
    fee_base_msat: number("fee_base_msat", MAX_U32),
    fee_proportional_millionths: number("fee_proportional_millionths", MAX_U32),
    cltv_expiry_delta: number("cltv_expiry_delta", MAX_U16),
  };
}

function within<T>(place: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof ParameterError)) throw error;
    throw new ParameterError(error.reason, place);
  }
}

/** What one hop receives and until when: amount in msat, expiry as a block height. */
export interface PricedHop extends RouteHop {
  readonly amount_msat: bigint;
  readonly cltv_expiry: number;
}

/**
 * Amounts and expiries along a route, from its end to its beginning: each node keeps its fee and its blocks.
 *
 * @param amount_msat what the payee receives
 * @param cltv_expiry until when, at the payee
 * @returns for each hop, the HTLC that it receives
 */
export function priced(route: readonly RouteHop[], amount_msat: bigint, cltv_expiry: number): PricedHop[] {
  const hops: PricedHop[] = [];
  let [amount, expiry] = [amount_msat, cltv_expiry];
  for (const hop of [...route].reverse()) {
    hops.unshift({ ...hop, amount_msat: amount, cltv_expiry: expiry });
    amount += BigInt(hop.fee_base_msat) + (amount * BigInt(hop.fee_proportional_millionths)) / 1_000_000n;
    expiry += hop.cltv_expiry_delta;
  }
  return hops;
}
