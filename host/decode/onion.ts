import { createCipheriv, createHash, createHmac, timingSafeEqual } from "node:crypto";
import secp256k1 from "secp256k1";
import { DecodeError } from "./errors.js";
import { Reader, hexOf } from "./reader.js";

// Onion packets of payments, and what one hop finds in them. BOLT 4, "Packet Structure", "Onion Decryption".

export const ONION_BYTES = 1366;
const PAYLOADS_BYTES = 1300;
const HMAC_BYTES = 32;

export interface Onion {
  readonly version: number;
  readonly ephemeralKey: Uint8Array;
  readonly payloads: Uint8Array;
  readonly hmac: Uint8Array;
}

export interface Peeled {
  /** Of this hop, without its length. */
  readonly payload: Uint8Array;
  /** The packet for the next hop; undefined at the last one. */
  readonly next: Uint8Array | undefined;
  readonly sharedSecret: Uint8Array;
}

export function decodeOnion(bytes: Uint8Array): Onion {
  const reader = new Reader(bytes);
  const version = reader.u8("version");
  if (version !== 0) reader.fail("version", `${version}, and only 0 is defined`, 0);
  const ephemeralKey = reader.take("public_key", 33);
  if (!secp256k1.publicKeyVerify(ephemeralKey)) reader.fail("public_key", "is no point of the curve", 1);
  const payloads = reader.take("hop_payloads", PAYLOADS_BYTES);
  const hmac = reader.take("hmac", HMAC_BYTES);
  reader.end("end of the packet");
  return { version, ephemeralKey, payloads, hmac };
}

const keyOf = (label: string, secret: Uint8Array): Buffer => createHmac("sha256", label).update(secret).digest();

function keystream(key: Uint8Array, length: number): Buffer {
  return createCipheriv("chacha20", key, Buffer.alloc(16)).update(Buffer.alloc(length));
}

/**
 * What the hop with a private key finds.
 * @param associated data that the packet is bound to: the payment_hash. Throws DecodeError.
 */
export function peelOnion(onion: Onion, key: Uint8Array, associated: Uint8Array): Peeled {
  const sharedSecret = secp256k1.ecdh(onion.ephemeralKey, key);
  const mac = createHmac("sha256", keyOf("mu", sharedSecret)).update(onion.payloads).update(associated).digest();
  if (!timingSafeEqual(mac, onion.hmac)) {
    throw new DecodeError(
      "hmac",
      `byte ${ONION_BYTES - HMAC_BYTES}`,
      "does not match: another key, or other associated data",
    );
  }
  const stream = keystream(keyOf("rho", sharedSecret), 2 * PAYLOADS_BYTES);
  const plain = Buffer.concat([onion.payloads, Buffer.alloc(PAYLOADS_BYTES)]).map(
    (byte, at) => byte ^ (stream[at] ?? 0),
  );
  // Offsets are those of the decrypted payloads, which stand nowhere in the input.
  const reader = new Reader(plain.subarray(0, PAYLOADS_BYTES));
  const length = reader.bigsize("payload length");
  if (length < 2n) reader.fail("payload length", `${length}: the form without TLVs, which is not used any more`, 0);
  if (length > BigInt(reader.left - HMAC_BYTES)) reader.fail("payload length", `${length} is beyond the packet`, 0);
  const payload = reader.take("payload", Number(length));
  const hmac = reader.take("next hmac", HMAC_BYTES);
  if (hmac.every((byte) => byte === 0)) return { payload, next: undefined, sharedSecret };
  const blinding = createHash("sha256").update(onion.ephemeralKey).update(sharedSecret).digest();
  const nextKey = secp256k1.publicKeyTweakMul(onion.ephemeralKey, blinding, true);
  const next = Buffer.concat([
    Buffer.of(0),
    nextKey,
    plain.subarray(reader.offset, reader.offset + PAYLOADS_BYTES),
    hmac,
  ]);
  return { payload, next, sharedSecret };
}

export const onionHead = ({
  version,
  ephemeralKey,
  hmac,
}: Onion): { version: number; public_key: string; hmac: string } => ({
  version,
  public_key: hexOf(ephemeralKey),
  hmac: hexOf(hmac),
});
