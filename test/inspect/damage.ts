import { crc32 } from "node:zlib";
import type { ImageBuilder } from "./image_builder.js";

export interface Spot {
  readonly sector: number;
  readonly offset: number;
}

const at = ({ sectorBytes }: ImageBuilder, { sector, offset }: Spot) => sector * sectorBytes + offset;

/** A copy of the image with one bit changed. */
export function flipped(meter: ImageBuilder, spot: Spot, bit: number): Buffer {
  const image = Buffer.from(meter.image);
  const place = at(meter, spot);
  image[place] = (image[place] ?? 0) ^ (1 << bit);
  return image;
}

/** A copy in which the payload of the entry at `spot` was altered by someone who knows how to make checksums. */
export function forged(meter: ImageBuilder, spot: Spot, alter: (payload: Buffer) => void): Buffer {
  const image = Buffer.from(meter.image);
  const place = at(meter, spot);
  const sequence = image.readUInt32LE(spot.sector * meter.sectorBytes + 4);
  const length = image.readUInt16LE(place);
  const covered = 4 + Math.ceil(length / 4) * 4;
  alter(image.subarray(place + 4, place + 4 + length));
  image.writeUInt32LE(crc32(image.subarray(place, place + covered), sequence), place + covered);
  return image;
}

/** A copy whose bytes from `spot` to the sector's end are erased. */
export function erasedFrom(meter: ImageBuilder, spot: Spot): Buffer {
  const image = Buffer.from(meter.image);
  return image.fill(0xff, at(meter, spot), (spot.sector + 1) * meter.sectorBytes);
}
