import { createHash } from "node:crypto";

/**
 * A deterministic stream of random bytes: SHA-256 over seed, label and a counter. Each use takes its own label, so that
 * drawing more in one place never changes another.
 */
export class Entropy {
  private counter = 0;
  private block: Buffer = Buffer.alloc(0);
  private used = 0;

  constructor(
    private readonly seed: string,
    private readonly label = "",
  ) {}

  /** An independent stream of the same seed. */
  stream(label: string): Entropy {
    return new Entropy(this.seed, `${this.label}/${label}`);
  }

  bytes(length: number): Uint8Array {
    const out = new Uint8Array(length);
    for (let i = 0; i < length; i++) out[i] = this.byte();
    return out;
  }

  /** An integer in 0..2^32-1. */
  uint32(): number {
    return ((this.byte() << 24) | (this.byte() << 16) | (this.byte() << 8) | this.byte()) >>> 0;
  }

  /** An integer in 0..limit-1, limit at most 2^32, without modulo bias. */
  below(limit: number): number {
    const largest = 2 ** 32 - (2 ** 32 % limit);
    for (;;) {
      const value = this.uint32();
      if (value < largest) return value % limit;
    }
  }

  private byte(): number {
    if (this.used === this.block.length) {
      this.block = createHash("sha256")
        .update(JSON.stringify([this.seed, this.label, this.counter++]))
        .digest();
      this.used = 0;
    }
    return this.block[this.used++] ?? 0;
  }
}
