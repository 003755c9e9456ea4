import { crc32 } from "node:zlib";
import { Findings, MIN_SECTORS } from "./layout.js";
import type { ImageFinding } from "./layout.js";
import { HEADER_BYTES } from "./sector.js";

/** Smallest sector that the firmware takes. */
export const MIN_SECTOR_BYTES = 512;

export function isSectorSize(bytes: number): boolean {
  return Number.isInteger(bytes) && bytes >= MIN_SECTOR_BYTES && bytes % 4 === 0;
}

/** What the size of an image, and the places of its headers, say against `sectorBytes`. */
export function geometryFindings(image: Uint8Array, sectorBytes: number): ImageFinding[] {
  const findings = new Findings("image");
  if (!isSectorSize(sectorBytes)) {
    findings.fault(`sectors of ${sectorBytes} bytes are not possible`);
    return findings.list;
  }
  const sectors = Math.floor(image.length / sectorBytes);
  const rest = image.length - sectors * sectorBytes;
  if (rest > 0) findings.fault(`ends with ${rest} bytes that make no sector: cut off, or of another sector size`);
  if (sectors < MIN_SECTORS)
    findings.fault(`has ${sectors} sectors of ${sectorBytes} bytes; ${MIN_SECTORS} are needed`);
  const likely = likelySectorBytes(image);
  if (likely !== null && likely % sectorBytes !== 0) {
    findings.fault(`has headers ${likely} bytes apart: sectors of ${sectorBytes} bytes are unlikely`);
  }
  return findings.list;
}

/** Greatest distance that divides the places of all valid headers; null with fewer than two of them. */
export function likelySectorBytes(image: Uint8Array): number | null {
  const places = headerPlaces(image);
  if (places.length < 2) return null;
  const gcd = (a: number, b: number): number => (b === 0 ? a : gcd(b, a % b));
  return places.reduce((divisor, place) => gcd(divisor, place), 0);
}

function headerPlaces(image: Uint8Array): number[] {
  const bytes = Buffer.from(image.buffer, image.byteOffset, image.length);
  const places: number[] = [];
  for (let at = 0; at + HEADER_BYTES <= bytes.length; at += MIN_SECTOR_BYTES) {
    const magic = bytes.toString("latin1", at, at + 4);
    if (/^TL[JER]1$/.test(magic) && bytes.readUInt32LE(at + 8) === crc32(bytes.subarray(at, at + 8))) places.push(at);
  }
  return places;
}

/** Whether a file is a flash image, as told from its content; anything else is read as receipts. */
export function isImage(bytes: Uint8Array): boolean {
  if (headerPlaces(bytes).length > 0) return true;
  const start = Buffer.from(bytes.subarray(0, 4096))
    .toString("latin1")
    .replace(/^\u00ef\u00bb\u00bf/, "");
  if (/^\s*(?:OCMF\||<)/.test(start)) return false;
  // No text holds a zero byte or is all ones; a damaged image has one or the other.
  return bytes.some((byte) => byte === 0x00 || byte === 0xff);
}
