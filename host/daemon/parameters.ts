import { isAbsolute } from "node:path";
import secp256k1 from "secp256k1";

/**
 * How one parameter is read: from JSON, or from text as it stands on a command line, so that both mean the same.
 *
 * `read` throws ParameterError.
 */
export interface ParameterType<T> {
  /** As help names it. */
  readonly name: string;
  /** Whether it is a flag: on a command line it needs no value. */
  readonly flag?: true;
  /** On a command line it is the name of a file: to be read there, or to be written here, by its whole path. */
  readonly word?: "file" | "path";
  read(value: unknown): T;
}

/** What is wrong with a parameter, and where within it: "character 3", "hop 2". */
export class ParameterError extends Error {
  override readonly name = "ParameterError";

  constructor(
    readonly reason: string,
    readonly place: string | null = null,
  ) {
    super(reason);
  }
}

const MAX_U64 = 2n ** 64n - 1n;
const MSAT_PER = { msat: 1n, sat: 1000n, btc: 100_000_000_000n } as const;

const textOf = (value: unknown): string => {
  if (typeof value === "string") return value;
  if (typeof value === "number" && Number.isSafeInteger(value)) return String(value);
  throw new ParameterError("is neither text nor a whole number");
};

/** A whole number of base units, from "1000", "1000msat", "1sat" or "0.00000001btc". */
function amountOf(value: unknown, plain: "msat" | "sat"): bigint {
  const text = textOf(value);
  const [, whole = "", fraction = "", unit = plain] = /^(\d{1,20})(?:\.(\d{1,11}))?(msat|sat|btc)?$/.exec(text) ?? [];
  if (whole === "") throw new ParameterError(`is no amount such as 1000, 1000msat, 1sat or 0.00000001btc`);
  const scaled = BigInt(whole + fraction) * MSAT_PER[unit as keyof typeof MSAT_PER];
  const divisor = 10n ** BigInt(fraction.length);
  if (scaled % divisor !== 0n) throw new ParameterError("has a fraction of a msat");
  const msat = scaled / divisor;
  if (msat > MAX_U64) throw new ParameterError("is beyond 64 bits of msat");
  return msat;
}

/** An amount in msat where no unit is given. */
export const MSAT: ParameterType<bigint> = {
  name: "msat",
  read(value) {
    const msat = amountOf(value, "msat");
    if (msat === 0n) throw new ParameterError("is zero");
    return msat;
  },
};

/** As MSAT, or "any": undefined. */
export const MSAT_OR_ANY: ParameterType<bigint | undefined> = {
  name: "msat|any",
  read: (value) => (value === "any" ? undefined : MSAT.read(value)),
};

/** An amount that may be zero. */
export const MSAT_OR_ZERO: ParameterType<bigint> = { name: "msat", read: (value) => amountOf(value, "msat") };

/** Whole satoshis; "sat" is understood where no unit is given. */
export const SAT: ParameterType<bigint> = {
  name: "sat",
  read(value) {
    const msat = amountOf(value, "sat");
    if (msat % 1000n !== 0n) throw new ParameterError("has a fraction of a sat");
    if (msat === 0n) throw new ParameterError("is zero");
    return msat / 1000n;
  },
};

/** A whole number within bounds. */
export const integer = (name: string, least: number, most: number): ParameterType<number> => ({
  name,
  read(value) {
    const text = textOf(value);
    const number = Number(text);
    if (!/^\d{1,15}$/.test(text) || number < least || number > most) {
      throw new ParameterError(`is no whole number from ${least} to ${most}`);
    }
    return number;
  },
});

/** Text of at most `longest` bytes. */
export const text = (name: string, longest: number): ParameterType<string> => ({
  name,
  read(value) {
    const read = typeof value === "number" ? textOf(value) : value;
    if (typeof read !== "string") throw new ParameterError("is no text");
    if (Buffer.byteLength(read) > longest) throw new ParameterError(`is longer than ${longest} bytes`);
    return read;
  },
});

/** The whole path of a file. */
export const PATH: ParameterType<string> = {
  name: "path",
  word: "path",
  read(value) {
    const path = text("path", 1024).read(value);
    if (!isAbsolute(path)) throw new ParameterError("is no whole path, from / on");
    return path;
  },
};

/** One of a few words. */
export const choice = <T extends string>(name: string, words: readonly T[]): ParameterType<T> => ({
  name,
  read(value) {
    const word = words.find((candidate) => candidate === value);
    if (word === undefined) throw new ParameterError(`is none of ${words.join(", ")}`);
    return word;
  },
});

/** Hexadecimal of `bytes` bytes. */
export const hex = (name: string, bytes: number): ParameterType<Uint8Array> => ({
  name,
  read(value) {
    if (typeof value !== "string") throw new ParameterError("is no text");
    const strange = value.search(/[^0-9a-f]/i);
    if (strange >= 0) throw new ParameterError("is not hexadecimal", `character ${strange + 1}`);
    if (value.length !== 2 * bytes) throw new ParameterError(`has ${value.length} digits, not ${2 * bytes}`);
    return new Uint8Array(Buffer.from(value, "hex"));
  },
});

/** A node's id: a compressed point. */
export const POINT: ParameterType<Uint8Array> = {
  name: "id",
  read(value) {
    const point = hex("id", 33).read(value);
    if (!secp256k1.publicKeyVerify(point)) throw new ParameterError("is no point of secp256k1");
    return point;
  },
};

/** true and false, and on a command line the flag alone. */
export const FLAG: ParameterType<boolean> = {
  name: "flag",
  flag: true,
  read(value) {
    if (value === true || value === "true") return true;
    if (value === false || value === "false") return false;
    throw new ParameterError("is neither true nor false");
  },
};

/** A host and a port. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

/** The port on which Lightning nodes listen. BOLT 1. */
export const DEFAULT_PORT = 9735;

/** "host", "host:port" or "[IPv6]:port". Port 0 only where `zero` says so. */
export function readAddress(value: string, zero = false): Address {
  const [, bracketed, plain, digits = String(DEFAULT_PORT)] =
    /^(?:\[([0-9a-fA-F:.]+)\]|([^\s:[\]@]+))(?::(\d{1,5}))?$/.exec(value) ?? [];
  const host = bracketed ?? plain;
  if (host === undefined) throw new ParameterError("is no address such as 127.0.0.1:9735 or [::1]:9735");
  const port = Number(digits);
  if (port > 65535 || (port === 0 && !zero)) throw new ParameterError(`has port ${digits}, not 1 to 65535`);
  return { host, port };
}

export const addressText = ({ host, port }: Address): string =>
  host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;

/** A peer as people write it: ID, ID@HOST or ID@HOST:PORT. */
export const PEER: ParameterType<{ readonly id: Uint8Array; readonly address: Address | undefined }> = {
  name: "id[@host[:port]]",
  read(value) {
    if (typeof value !== "string") throw new ParameterError("is no text");
    const at = value.indexOf("@");
    return {
      id: POINT.read(at < 0 ? value : value.slice(0, at)),
      address: at < 0 ? undefined : readAddress(value.slice(at + 1)),
    };
  },
};
