import { chacha20, chacha20poly1305 } from "@noble/ciphers/chacha.js";
import { secp256k1 } from "@noble/curves/secp256k1.js";
import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";

// The onion once more, straight from BOLT 4 and on libraries that the firmware's boards do not use: what the firmware is
// held against. It shares nothing with assembly/onion and takes no short cuts.

const PAYLOADS = 1300;
const { Point } = secp256k1;
const { Fn } = Point;

const bytes = (...parts: readonly Uint8Array[]): Uint8Array => Uint8Array.from(Buffer.concat(parts));
const xor = (a: Uint8Array, b: Uint8Array): Uint8Array => a.map((byte, i) => byte ^ (b[i] ?? 0));

export const keyOf = (type: string, secret: Uint8Array): Uint8Array => hmac(sha256, Buffer.from(type, "ascii"), secret);
export const streamOf = (key: Uint8Array, length: number): Uint8Array =>
  chacha20(key, new Uint8Array(12), new Uint8Array(length));

const times = (point: Uint8Array, scalar: Uint8Array): Uint8Array =>
  Point.fromBytes(point).multiply(Fn.fromBytes(scalar)).toBytes(true);
const product = (a: Uint8Array, b: Uint8Array): Uint8Array => Fn.toBytes(Fn.mul(Fn.fromBytes(a), Fn.create(number(b))));
const number = (scalar: Uint8Array): bigint => BigInt(`0x${Buffer.from(scalar).toString("hex")}`);
const ecdh = (scalar: Uint8Array, point: Uint8Array): Uint8Array => sha256(times(point, scalar));
export const pointOf = (scalar: Uint8Array): Uint8Array => secp256k1.getPublicKey(scalar, true);

export function bigsize(value: number): Uint8Array {
  if (value < 0xfd) return Uint8Array.of(value);
  return Uint8Array.of(0xfd, value >> 8, value & 255);
}

/** A payload behind its length, as it stands in the packet. */
export const framed = (payload: Uint8Array): Uint8Array => bytes(bigsize(payload.length), payload);

/** The secrets shared with each hop. */
export function routeSecrets(sessionKey: Uint8Array, points: readonly Uint8Array[]): Uint8Array[] {
  let scalar = sessionKey;
  return points.map((point) => {
    const secret = ecdh(scalar, point);
    scalar = product(scalar, sha256(bytes(pointOf(scalar), secret)));
    return secret;
  });
}

/** @param payloads framed payloads, whatever they hold */
export function buildOnion(
  sessionKey: Uint8Array,
  associatedData: Uint8Array,
  points: readonly Uint8Array[],
  payloads: readonly Uint8Array[],
): Uint8Array {
  const secrets = routeSecrets(sessionKey, points);
  const shifts = payloads.map((payload) => payload.length + 32);
  let filler = new Uint8Array(0);
  for (const [i, secret] of secrets.slice(0, -1).entries()) {
    const shift = shifts[i] ?? 0;
    const stream = streamOf(keyOf("rho", secret), 2 * PAYLOADS);
    const from = PAYLOADS - filler.length;
    filler = xor(
      bytes(filler, new Uint8Array(shift)),
      stream.subarray(from, PAYLOADS + shift),
    ) as Uint8Array<ArrayBuffer>;
  }
  let body = streamOf(keyOf("pad", sessionKey), PAYLOADS);
  let mac: Uint8Array = new Uint8Array(32);
  for (let i = secrets.length - 1; i >= 0; i--) {
    const secret = secrets[i] as Uint8Array;
    body = bytes(payloads[i] as Uint8Array, mac, body).slice(0, PAYLOADS);
    body = xor(body, streamOf(keyOf("rho", secret), PAYLOADS));
    if (i === secrets.length - 1) body.set(filler, PAYLOADS - filler.length);
    mac = hmac(sha256, keyOf("mu", secret), bytes(body, associatedData));
  }
  return bytes(Uint8Array.of(0), pointOf(sessionKey), body, mac);
}

/**
 * A packet for one hop whose decrypted bytes are `plain` (at most 1300), with a valid HMAC: for payloads that no
 * builder would make.
 */
export function sealOnion(
  sessionKey: Uint8Array,
  associatedData: Uint8Array,
  point: Uint8Array,
  plain: Uint8Array,
): Uint8Array {
  const secret = ecdh(sessionKey, point);
  const body = new Uint8Array(PAYLOADS);
  body.set(plain);
  const sealed = xor(body, streamOf(keyOf("rho", secret), PAYLOADS));
  const mac = hmac(sha256, keyOf("mu", secret), bytes(sealed, associatedData));
  return bytes(Uint8Array.of(0), pointOf(sessionKey), sealed, mac);
}

export interface Peeled {
  readonly secret: Uint8Array;
  readonly payload: Uint8Array;
  /** Undefined at the last hop. */
  readonly next: Uint8Array | undefined;
}

/** Throws, with a word for the reason, if the packet is not acceptable. */
export function peelOnion(
  key: Uint8Array,
  associatedData: Uint8Array,
  packet: Uint8Array,
  pathKey?: Uint8Array,
): Peeled {
  if (packet[0] !== 0) throw new Error("version");
  const point = packet.slice(1, 34);
  if (!secp256k1.utils.isValidPublicKey(point, true)) throw new Error("point");
  const used = pathKey === undefined ? key : product(key, keyOf("blinded_node_id", ecdh(key, pathKey)));
  const secret = ecdh(used, point);
  const body = packet.slice(34, 34 + PAYLOADS);
  const mac = hmac(sha256, keyOf("mu", secret), bytes(body, associatedData));
  if (Buffer.compare(mac, packet.slice(34 + PAYLOADS)) !== 0) throw new Error("mac");
  const plain = xor(bytes(body, new Uint8Array(PAYLOADS)), streamOf(keyOf("rho", secret), 2 * PAYLOADS));
  const first = plain[0] ?? 0;
  if (first > 0xfd) throw new Error("length");
  const start = first < 0xfd ? 1 : 3;
  const length = first < 0xfd ? first : ((plain[1] ?? 0) << 8) | (plain[2] ?? 0);
  if (length < 2 || (start === 3 && length < 0xfd) || start + length + 32 > PAYLOADS) throw new Error("length");
  const payload = plain.slice(start, start + length);
  const nextMac = plain.slice(start + length, start + length + 32);
  if (nextMac.every((byte) => byte === 0)) return { secret, payload, next: undefined };
  const nextPoint = times(point, sha256(bytes(point, secret)));
  const rest = plain.slice(start + length + 32, start + length + 32 + PAYLOADS);
  return { secret, payload, next: bytes(Uint8Array.of(0), nextPoint, rest, nextMac) };
}

/** An error packet before any hop has obfuscated it. */
export function rawError(secret: Uint8Array, message: Uint8Array): Uint8Array {
  const u16 = (value: number): Uint8Array => Uint8Array.of(value >> 8, value & 255);
  const padding = (message.length > 256 ? 1024 : 256) - message.length;
  const covered = bytes(u16(message.length), message, u16(padding), new Uint8Array(padding));
  return bytes(hmac(sha256, keyOf("um", secret), covered), covered);
}

export const wrapError = (secret: Uint8Array, packet: Uint8Array): Uint8Array =>
  xor(packet, streamOf(keyOf("ammag", secret), packet.length));

/** Attribution data as what it is: hold times, and the HMACs of each hop, farthest end first. */
export function attributeError(
  secret: Uint8Array,
  packet: Uint8Array,
  holdTime: number,
  received: Uint8Array = new Uint8Array(920),
): Uint8Array {
  const holds = Array.from({ length: 20 }, (_, i) => received.slice(4 * i, 4 * i + 4));
  const rows: Uint8Array[][] = [];
  let at = 80;
  for (let hop = 0; hop < 20; hop++) {
    rows.push(Array.from({ length: 20 - hop }, (_, i) => received.slice(at + 4 * i, at + 4 * i + 4)));
    at += 4 * (20 - hop);
  }
  const hold = Buffer.alloc(4);
  hold.writeUInt32BE(holdTime);
  const newHolds = [Uint8Array.from(hold), ...holds.slice(0, 19)];
  const shifted = rows.slice(0, 19).map((row) => row.slice(1));
  const own: Uint8Array[] = [];
  for (let y = 19; y >= 0; y--) {
    // Of each hop downstream the code for its distance from the same end: y - 1, y - 2, ... 0.
    const downstream = Array.from({ length: y }, (_, j) => {
      const row = shifted[j] as Uint8Array[];
      return row[row.length - (y - j)] as Uint8Array;
    });
    const covered = bytes(packet, ...newHolds.slice(0, y + 1), ...downstream);
    own.push(hmac(sha256, keyOf("um", secret), covered).slice(0, 4));
  }
  const plain = bytes(...newHolds, ...own, ...shifted.flat());
  return xor(plain, streamOf(keyOf("ammagext", secret), 920));
}

export interface BlindedHop {
  readonly pathKey: Uint8Array;
  readonly blindedNodeId: Uint8Array;
  readonly encrypted: Uint8Array;
  readonly nextScalar: Uint8Array;
}

export function blindHop(scalar: Uint8Array, nodeId: Uint8Array, data: Uint8Array): BlindedHop {
  const pathKey = pointOf(scalar);
  const secret = ecdh(scalar, nodeId);
  return {
    pathKey,
    blindedNodeId: times(nodeId, keyOf("blinded_node_id", secret)),
    encrypted: chacha20poly1305(keyOf("rho", secret), new Uint8Array(12)).encrypt(data),
    nextScalar: product(scalar, sha256(bytes(pathKey, secret))),
  };
}
