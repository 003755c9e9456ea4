import { sha256 } from "@noble/hashes/sha2.js";
import { secp256k1 } from "@noble/curves/secp256k1.js";
import { KeyRing } from "../../host/board/key_ring.js";
import { NodeCrypto } from "../../host/board/node_crypto.js";
import type { Instance } from "../../host/engine/engine.js";
import { engineByName } from "../../host/engine/index.js";
import type { LineParameters } from "../../host/evidence/bundle.js";
import { TEST_ROOT } from "../driver/modules.js";
import { METERS_ARE_KEYS, onTapedEngines, type TapedModule } from "../driver/taped.js";

export const ERR = {
  notFound: -8,
  truncated: -9,
  value: -14,
  length: -13,
  capacity: -15,
  signature: -19,
  expired: -25,
  credit: -26,
  suspended: -27,
  state: -2,
  overflow: -5,
} as const;

export const RECEIPT = 0;
export const PROMISE = 1;
export const ARREARS = 2;
export const MILLION = 1_000_000n;

/** assembly/energy/record.ts. */
export const AT = {
  marks: 4,
  policies: 104,
  closedUntil: 208,
  arrears: 216,
  totals: 224,
  positions: 240,
  roll: 624,
  closes: 648,
  registers: 728,
  bytes: 760,
} as const;
const POSITION_BYTES = 24;
const CLOSE_BYTES = 40;
const ON = 1;
export const DISPUTED = 2;
export const CLOCKS_APART = 4;

/** Slots of the TLV, and places in the test's data: for a rider each, and for what is longer. */
const SLOTS = 0;
const RECORD = 128;
export const OUT = 256;
const RIDERS = 512;
const TEXT = 2048;

export const absolute = (value: bigint): bigint => (value < 0n ? -value : value);

/** As the opener states them; by its side what both ends grant. */
export interface Terms {
  readonly ratingMw: bigint;
  readonly intervalS: number;
  readonly openerOwns: boolean;
  readonly rents: readonly [forth: bigint, back: bigint];
  readonly losses: readonly [forth: number, back: number];
  readonly lossMaxPpm: number;
  readonly spreadPpm: number;
  /** Of opener and accepter. */
  readonly creditsMsat: readonly [bigint, bigint];
  readonly priceCap: bigint;
  readonly tariff: bigint;
  readonly holdS: number;
}

export const TERMS: Terms = {
  ratingMw: 60_000_000n,
  intervalS: 900,
  openerOwns: true,
  rents: [1_000n, 2_000n],
  losses: [50_000, 20_000],
  lossMaxPpm: 60_000,
  spreadPpm: 0,
  creditsMsat: [0n, 0n],
  priceCap: 1_000_000n,
  tariff: 200_000n,
  holdS: 10,
};

export interface Rider {
  readonly start: number;
  readonly kind: number;
  readonly mwh: bigint;
  readonly holdS?: number;
  readonly boughtBack?: boolean;
}

export type End = 1 | 2;

const KEYS = new KeyRing(TEST_ROOT);

/** Keys of the meters of both ends, by number: those of the node's handles, which every engine has. */
export const meterKey = (number: number): Uint8Array => KEYS.key(number) as Uint8Array;
export const meterPoint = (number: number): Uint8Array => secp256k1.getPublicKey(meterKey(number));

/** A module whose channels 0 and 1 are the opener's and the accepter's records of one line. */
export class Energy {
  readonly data: number;

  constructor(readonly instance: Instance) {
    this.data = this.call("data");
    this.call("energies_begin");
  }

  call(name: string, ...args: (number | bigint)[]): number {
    return Number(this.instance.call(name, ...args) ?? 0);
  }

  read(at: number, length: number): Buffer {
    return Buffer.from(this.instance.memory().slice(at, at + length));
  }

  write(at: number, bytes: Uint8Array): number {
    this.instance.memory().set(bytes, at);
    return at;
  }

  record(n: number): Buffer {
    return this.read(this.call("energy_of", n), AT.bytes);
  }

  /** Writes an i64 or u64 of a record, or with `bits` 32 a u32. */
  set(n: number, offset: number, value: bigint, bits: 32 | 64 = 64): void {
    const bytes = Buffer.alloc(bits / 8);
    if (bits === 64) bytes.writeBigUInt64LE(BigInt.asUintN(64, value));
    else bytes.writeUInt32LE(Number(value));
    this.write(this.call("energy_of", n) + offset, bytes);
  }

  setPosition(n: number, place: number, start: number, flowMwh: bigint, promisedMwh: bigint): void {
    const at = AT.positions + place * POSITION_BYTES;
    this.set(n, at, BigInt(start), 32);
    this.set(n, at + 8, flowMwh);
    this.set(n, at + 16, promisedMwh);
  }

  close(n: number, side: 0 | 1): { until: number; agreed: bigint; metered: bigint } {
    const close = this.record(n).subarray(AT.closes + side * CLOSE_BYTES);
    return { until: close.readUInt32LE(0), agreed: close.readBigInt64LE(8), metered: close.readBigInt64LE(16) };
  }

  marks(n: number): number {
    return this.record(n).readUInt32LE(AT.marks) & ~ON;
  }

  roll(n: number): { until: number; flow: bigint; arrears: bigint } {
    const roll = this.record(n).subarray(AT.roll);
    return { until: roll.readUInt32LE(4), flow: roll.readBigInt64LE(8), arrears: roll.readBigInt64LE(16) };
  }

  /** The i64 that a function has written behind its arguments, or its code. */
  value(name: string, ...args: (number | bigint)[]): bigint {
    const code = this.call(name, ...args, this.data + OUT);
    return code < 0 ? BigInt(code) : this.read(this.data + OUT, 8).readBigInt64LE();
  }

  rider({ start, kind, mwh, holdS = 10, boughtBack = false }: Rider, place = 0): number {
    const bytes = Buffer.alloc(24);
    bytes.writeUInt32LE(start, 0);
    bytes[4] = kind;
    bytes[6] = boughtBack ? 1 : 0;
    bytes.writeBigInt64LE(mwh, 8);
    bytes.writeUInt16LE(holdS, 16);
    return this.write(this.data + RIDERS + place * 32, bytes);
  }

  text(text: string | Uint8Array): number {
    return this.write(this.data + TEXT, typeof text === "string" ? Buffer.from(text, "latin1") : text);
  }

  /** Code of the opener's proposal on channel `n`. */
  propose(terms: Terms, n = 0, meter = 0xffffffff): number {
    const bytes = Buffer.alloc(96);
    bytes.writeBigUInt64LE(terms.ratingMw, 0);
    bytes.writeUInt32LE(terms.intervalS, 8);
    bytes.writeUInt32LE(terms.openerOwns ? 1 : 2, 12);
    bytes.writeBigInt64LE(terms.rents[0], 16);
    bytes.writeBigInt64LE(terms.rents[1], 24);
    bytes.writeUInt32LE(terms.losses[0], 32);
    bytes.writeUInt32LE(terms.losses[1], 36);
    bytes.writeUInt32LE(terms.lossMaxPpm, 40);
    bytes.writeUInt32LE(terms.spreadPpm, 44);
    bytes.writeBigUInt64LE(terms.creditsMsat[0], 48);
    bytes.writeBigUInt64LE(terms.priceCap, 56);
    bytes.writeBigInt64LE(terms.tariff, 64);
    bytes.writeUInt32LE(terms.holdS, 72);
    bytes.writeUInt32LE(meter, 76);
    return this.call("energy_propose", n, this.write(this.data + RECORD, bytes));
  }

  /** The TLV that the other end is sent. */
  slots(n: number): number {
    this.call("energy_write", n, this.data + SLOTS);
    return this.data + SLOTS;
  }

  /** Both ends take each other's parameters, channel 0 being the opener's: the first code below 0, or 0. */
  open(terms: Terms, openerIsNode1 = true): number {
    this.call("energies_begin");
    const steps = [
      () => this.propose(terms),
      () => this.call("energy_take_open", 1, this.slots(0), terms.creditsMsat[1]),
      () => this.call("energy_take_accept", 0, this.slots(1)),
      () => this.call("energy_begin", 0, openerIsNode1 ? 1 : 0),
      () => this.call("energy_begin", 1, openerIsNode1 ? 0 : 1),
    ];
    for (const step of steps) {
      const code = step();
      if (code < 0) return code;
    }
    return 0;
  }
}

/** The same line as both ends see it. */
export function parametersOf(terms: Terms, openerIsNode1: boolean): LineParameters {
  const turn = <T>([a, b]: readonly [T, T]): [T, T] => (openerIsNode1 ? [a, b] : [b, a]);
  const opener: End = openerIsNode1 ? 1 : 2;
  const accepter: End = openerIsNode1 ? 2 : 1;
  return {
    ratingMw: terms.ratingMw,
    intervalS: terms.intervalS,
    owner: terms.openerOwns ? opener : accepter,
    accounted: terms.openerOwns ? accepter : opener,
    meterKeys: turn([meterPoint(0), meterPoint(1)]),
    rentsMsatPerKwh: turn(terms.rents),
    lossesPpm: turn(terms.losses),
    lossMaxPpm: terms.lossMaxPpm,
    creditsMsat: turn(terms.creditsMsat),
    priceCapMsatPerKwh: terms.priceCap,
    imbalanceSpreadPpm: terms.spreadPpm,
    tariffMsatPerKwh: terms.tariff,
    holdS: terms.holdS,
  };
}

/** What an interval's receipt of a meter says; its registers in pulses. */
export interface Reading {
  readonly untilS: number;
  readonly constant: number;
  readonly imported: bigint;
  readonly exported: bigint;
}

/** The text of such a receipt, as metrology.wasm makes it: see receipt.test.ts. */
export function receiptText({ untilS, constant, imported, exported }: Reading, key: Uint8Array, page = 7): string {
  const time = `${new Date(untilS * 1000).toISOString().slice(0, 19)},000+0000 S`;
  const kwh = (pulses: bigint): string => {
    const mwh = (pulses * MILLION) / BigInt(constant);
    return `${mwh / MILLION}.${String(mwh % MILLION).padStart(6, "0")}`;
  };
  const reading = (group: number, pulses: bigint): string =>
    `"TM":"${time}","RV":${kwh(pulses)},"RI":"01-00:0${group}.08.00*FF","RU":"kWh"`;
  const payload =
    `{"FV":"1.3","GI":"Tieline metrology","GS":"TL000042","GV":"0.1.0","PG":"F${page}","MV":"Tieline","MM":"test meter",` +
    `"MS":"TL000042","CF":"${"5a".repeat(12)}","RD":[{${reading(1, imported)},"RT":"AC","EF":"","ST":"G"},` +
    `{${reading(2, exported)},"ST":"G"}],"U":{"C":${constant},"P":[${imported},${exported}],"I":900,"Q":0,` +
    `"B":[10,1],"H":"${"c3".repeat(32)}"}}`;
  return signedReceipt(payload, key);
}

/** A payload with a meter's signature. */
export function signedReceipt(payload: string, key: Uint8Array): string {
  const digest = sha256(Buffer.from(payload, "latin1"));
  const der = secp256k1.sign(digest, key, { prehash: false, lowS: true, format: "der" });
  return `OCMF|${payload}|{"SA":"ECDSA-secp256k1-SHA256","SD":"${Buffer.from(der).toString("hex")}"}`;
}

const MODULE: TapedModule = {
  entry: "test/energy/energy.entry.ts",
  instantiate: (engine, file) => {
    const meter = {
      point: (number: number, to: number): number => {
        instance.memory().set(meterPoint(number), to);
        return 0;
      },
    };
    const imports = { ...new NodeCrypto(KEYS).imports(() => instance.memory()), meter };
    const instance: Instance = engineByName(engine).instantiate(file.wasm, imports, file.sourceMap);
    return instance;
  },
  instead: [METERS_ARE_KEYS],
};

/** Tests on every engine, each of which is given a fresh module. */
export function onEngines(
  title: string,
  tests: Readonly<Record<string, (energy: Energy) => void | Promise<void>>>,
): void {
  const bodies = Object.entries(tests).map(
    ([name, body]) => [name, (fresh: () => Instance) => body(new Energy(fresh()))] as const,
  );
  onTapedEngines(title, MODULE, Object.fromEntries(bodies), 240_000);
}
