import { createHmac } from "node:crypto";
import type { RandomSource } from "./node_board.js";

const hmac = (key: Uint8Array, ...parts: Uint8Array[]): Buffer => {
  const hash = createHmac("sha256", key);
  for (const part of parts) hash.update(part);
  return hash.digest();
};

/** The random generator of a board with this seed (RFC 6979, 3.2; HMAC-DRBG), after it has blinded its curve with it. */
export class BoardRandom implements RandomSource {
  private key: Buffer = Buffer.alloc(32, 0);
  private value: Buffer = Buffer.alloc(32, 1);
  private again = false;

  /** @param seed 32 bytes, as the board was provisioned with */
  constructor(seed: Uint8Array) {
    for (const step of [0, 1]) this.mix(Uint8Array.of(step), seed);
    this.bytes(32);
  }

  bytes(length: number): Uint8Array {
    if (this.again) this.mix(Uint8Array.of(0));
    this.again = true;
    const blocks: Buffer[] = [];
    for (let made = 0; made < length; made += 32) blocks.push((this.value = hmac(this.key, this.value)));
    return Uint8Array.from(Buffer.concat(blocks).subarray(0, length));
  }

  private mix(...more: Uint8Array[]): void {
    this.key = hmac(this.key, this.value, ...more);
    this.value = hmac(this.key, this.value);
  }
}
