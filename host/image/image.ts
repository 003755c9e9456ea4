import { createHash } from "node:crypto";
import secp256k1 from "secp256k1";
import type { KeyStore } from "../board/key_store.js";

/** What stands before the module: boards/LINK.md, "Images". */
export const IMAGE_HEADER_BYTES = 112;
/** Bytes of a slot, header included. */
export const SLOT_BYTES = 32 * 4096;
/** Of half the partition of metrology modules; its last sector holds what became of the module. */
const HALF_BYTES = 7 * 4096;

/** What a module is for: another magic, so that what was signed as one is never taken as the other. */
export const IMAGE_KINDS = {
  node: { magic: "TLN1", maxModuleBytes: SLOT_BYTES - IMAGE_HEADER_BYTES },
  metrology: { magic: "TLM1", maxModuleBytes: HALF_BYTES - IMAGE_HEADER_BYTES },
} as const;
export type ImageKind = keyof typeof IMAGE_KINDS;
export const MAX_MODULE_BYTES = IMAGE_KINDS.node.maxModuleBytes;

const MAGIC_BYTES = 4;
const VERSION_AT = 4;
const LENGTH_AT = 8;
const DIGEST_AT = 16;
const SIGNATURE_AT = 48;
const MAX_VERSION = 0xffff_ffff;

/** An image is none, or not what was signed. The message names the field. */
export class ImageError extends Error {
  override readonly name = "ImageError";
}

export interface ModuleImage {
  readonly kind: ImageKind;
  readonly version: number;
  readonly module: Uint8Array;
}

const sha256 = (bytes: Uint8Array): Buffer => createHash("sha256").update(bytes).digest();

/**
 * An image of a module, the node's unless said otherwise, for boards. Whether the module is one at all is not asked here:
 * check_module.ts.
 * @param version 1 to 2^32 - 1; boards take only higher ones than they have had. Throws ImageError.
 */
export function signImage(
  { kind = "node", version, module }: Omit<ModuleImage, "kind"> & { readonly kind?: ImageKind },
  key: Pick<KeyStore, "sign">,
): Uint8Array {
  const { magic, maxModuleBytes } = IMAGE_KINDS[kind];
  if (!Number.isInteger(version) || version < 1 || version > MAX_VERSION) {
    throw new ImageError(`version: ${version} is not a whole number from 1 to ${MAX_VERSION}`);
  }
  if (module.length === 0 || module.length > maxModuleBytes) {
    throw new ImageError(`module: ${module.length} bytes, a slot takes 1 to ${maxModuleBytes}`);
  }
  const image = Buffer.alloc(IMAGE_HEADER_BYTES + module.length);
  image.write(magic, "latin1");
  image.writeUInt32LE(version, VERSION_AT);
  image.writeUInt32LE(module.length, LENGTH_AT);
  image.set(sha256(module), DIGEST_AT);
  image.set(module, IMAGE_HEADER_BYTES);
  key.sign(sha256(image.subarray(0, SIGNATURE_AT)), image.subarray(SIGNATURE_AT, IMAGE_HEADER_BYTES));
  return Uint8Array.from(image);
}

/** What an image is for by its magic; undefined: it is none. */
export function imageKind(bytes: Uint8Array): ImageKind | undefined {
  const magic = Buffer.from(bytes.subarray(0, MAGIC_BYTES)).toString("latin1");
  return (Object.keys(IMAGE_KINDS) as ImageKind[]).find((kind) => IMAGE_KINDS[kind].magic === magic);
}

/** Takes an image apart, as boards do. @param updateKey compressed point, 33 bytes. Throws ImageError. */
export function readImage(bytes: Uint8Array, updateKey: Uint8Array): ModuleImage {
  const image = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  if (image.length < IMAGE_HEADER_BYTES) throw new ImageError(`header: ${image.length} of ${IMAGE_HEADER_BYTES} bytes`);
  const kind = imageKind(image);
  if (kind === undefined) throw new ImageError("magic: not an image of a node or metrology module");
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
  return { kind, version: image.readUInt32LE(VERSION_AT), module };
}
