import { createHash } from "node:crypto";
import secp256k1 from "secp256k1";
import type { KeyStore } from "../board/key_store.js";

/** What stands before the module: boards/LINK.md, "Images". */
export const IMAGE_HEADER_BYTES = 112;
/** Bytes of a slot, header included. */
export const SLOT_BYTES = 32 * 4096;
export const MAX_MODULE_BYTES = SLOT_BYTES - IMAGE_HEADER_BYTES;

const MAGIC = Buffer.from("TLN1", "latin1");
const VERSION_AT = 4;
const LENGTH_AT = 8;
const DIGEST_AT = 16;
const SIGNATURE_AT = 48;
const MAX_VERSION = 0xffff_ffff;

/** An image is none, or not what was signed. The message names the field. */
export class ImageError extends Error {
  override readonly name = "ImageError";
}

export interface NodeImage {
  readonly version: number;
  readonly module: Uint8Array;
}

const sha256 = (bytes: Uint8Array): Buffer => createHash("sha256").update(bytes).digest();

/**
 * An image of the node module for the slots of boards. Whether the module is one at all is not asked here: check_module.ts.
 * @param version 1 to 2^32 - 1; boards take only higher ones than they have had. Throws ImageError.
 */
export function signImage({ version, module }: NodeImage, key: Pick<KeyStore, "sign">): Uint8Array {
  if (!Number.isInteger(version) || version < 1 || version > MAX_VERSION) {
    throw new ImageError(`version: ${version} is not a whole number from 1 to ${MAX_VERSION}`);
  }
  if (module.length === 0 || module.length > MAX_MODULE_BYTES) {
    throw new ImageError(`module: ${module.length} bytes, a slot takes 1 to ${MAX_MODULE_BYTES}`);
  }
  const image = Buffer.alloc(IMAGE_HEADER_BYTES + module.length);
  image.set(MAGIC);
  image.writeUInt32LE(version, VERSION_AT);
  image.writeUInt32LE(module.length, LENGTH_AT);
  image.set(sha256(module), DIGEST_AT);
  image.set(module, IMAGE_HEADER_BYTES);
  key.sign(sha256(image.subarray(0, SIGNATURE_AT)), image.subarray(SIGNATURE_AT, IMAGE_HEADER_BYTES));
  return Uint8Array.from(image);
}

/** Takes an image apart, as boards do. @param updateKey compressed point, 33 bytes. Throws ImageError. */
export function readImage(bytes: Uint8Array, updateKey: Uint8Array): NodeImage {
  const image = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  if (image.length < IMAGE_HEADER_BYTES) throw new ImageError(`header: ${image.length} of ${IMAGE_HEADER_BYTES} bytes`);
  if (!image.subarray(0, MAGIC.length).equals(MAGIC)) throw new ImageError("magic: not an image of a node module");
  const length = image.readUInt32LE(LENGTH_AT);
  if (length !== image.length - IMAGE_HEADER_BYTES) {
    throw new ImageError(`length: ${length} bytes of module, ${image.length - IMAGE_HEADER_BYTES} are there`);
  }
  if (image.readUInt32LE(LENGTH_AT + 4) !== 0) throw new ImageError("reserved: not 0");
  const digest = sha256(image.subarray(0, SIGNATURE_AT));
  if (!secp256k1.ecdsaVerify(image.subarray(SIGNATURE_AT, IMAGE_HEADER_BYTES), digest, updateKey)) {
    throw new ImageError("signature: not by this key");
  }
  const module = Uint8Array.from(image.subarray(IMAGE_HEADER_BYTES));
  if (!sha256(module).equals(image.subarray(DIGEST_AT, SIGNATURE_AT))) {
    throw new ImageError("module: not what was signed");
  }
  return { version: image.readUInt32LE(VERSION_AT), module };
}
