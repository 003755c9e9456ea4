import type { Entropy } from "./entropy.js";
import { NorFlash } from "./nor_flash.js";
import { PowerCut, type CutPoint, type EraseStage } from "./power_cut.js";

/**
 * NOR flash that fails as real parts do: torn programs, interrupted erases whose bits read differently each time, bad
 * and worn-out sectors, flipped bits. Without faults set it is a `NorFlash`. What a fault leaves behind is drawn from
 * the entropy, so the same faults in the same workload leave the same flash.
 */
export class FaultyFlash extends NorFlash {
  /** Erase cycles that a sector stands; the next one makes it bad. */
  endurance = Infinity;
  private readonly bad = new Set<number>();
  /** Bits that an interrupted erase left between 0 and 1: a mask a byte, by sector. */
  private readonly marginal = new Map<number, Uint8Array>();
  private cut: { readonly point: CutPoint; readonly fromOps: number } | undefined;
  private on = true;
  private readonly tears: Entropy;
  private readonly erases: Entropy;
  private readonly reads: Entropy;
  private readonly flips: Entropy;

  /**
   * @param entropy decides torn and marginal bits
   * @param image initial contents, sectors x sectorBytes; erased when absent. RangeError for another size.
   */
  constructor(
    sectorBytes: number,
    sectors: number,
    private readonly entropy: Entropy,
    image?: Uint8Array,
  ) {
    super(sectorBytes, sectors, image);
    this.tears = entropy.stream("tear");
    this.erases = entropy.stream("erase");
    this.reads = entropy.stream("read");
    this.flips = entropy.stream("flip");
  }

  /** Sets the next power cut, or with `undefined` none. Bytes past the end of a program mean after its last byte. */
  cutAt(point: CutPoint | undefined): void {
    this.cut = point && { point, fromOps: point.kind === "program" ? this.programOps : this.eraseOps };
  }

  /** False from a power cut to `powerOn`: until then whatever the module asks throws PowerCut. */
  get powered(): boolean {
    return this.on;
  }

  /** Power fails between two operations. A cut that is set stays set. */
  powerOff(): void {
    this.on = false;
  }

  powerOn(): void {
    this.on = true;
  }

  /** From now on erases and programs of this sector fail; it still reads. RangeError if there is no such sector. */
  markBad(sector: number): void {
    if (!this.hasSector(sector)) throw new RangeError(`flash has no sector ${sector}`);
    this.bad.add(sector);
  }

  /** Inverts one bit, 0..7, of the byte at `offset`. RangeError outside the flash. */
  flipBit(offset: number, bit: number): void {
    const byte = this.bytes[offset];
    if (byte === undefined || !(bit >= 0 && bit < 8)) throw new RangeError(`flash has no bit ${bit} at ${offset}`);
    this.bytes[offset] = byte ^ (1 << bit);
  }

  /** Inverts `count` bits anywhere in a sector, the same bit perhaps twice. RangeError if there is no such sector. */
  flipBits(sector: number, count: number): void {
    if (!this.hasSector(sector)) throw new RangeError(`flash has no sector ${sector}`);
    for (let i = 0; i < count; i++) {
      this.flipBit(sector * this.sectorBytes + this.flips.below(this.sectorBytes), this.flips.below(8));
    }
  }

  /** Sectors whose reads differ from time to time. */
  unstableSectors(): number[] {
    return [...this.marginal.keys()].sort((a, b) => a - b);
  }

  /**
   * An independent copy, wear, bad sectors and marginal bits included; a power cut that is set is not copied.
   * @param label names the copy's own stream of entropy
   */
  fork(label: string): FaultyFlash {
    const copy = new FaultyFlash(this.sectorBytes, this.sectors, this.entropy.stream(`fork/${label}`), this.bytes);
    copy.eraseCounts.set(this.eraseCounts);
    copy.programOps = this.programOps;
    copy.programBytes = this.programBytes;
    copy.eraseOps = this.eraseOps;
    copy.endurance = this.endurance;
    for (const sector of this.bad) copy.bad.add(sector);
    for (const [sector, mask] of this.marginal) copy.marginal.set(sector, mask.slice());
    copy.on = this.on;
    return copy;
  }

  override read(offset: number, target: Uint8Array): boolean {
    this.requirePower("a read");
    if (!super.read(offset, target)) return false;
    if (this.marginal.size > 0) this.unsettle(offset, target);
    return true;
  }

  override program(offset: number, data: Uint8Array): boolean {
    this.requirePower("a program");
    if (!this.programmable(offset, data.length)) return false;
    const cut = this.due("program", this.programOps);
    if (cut?.kind === "program") {
      this.countProgram(offset, data.length);
      this.clear(offset, data.subarray(0, cut.bytes));
      this.clearSome(offset + cut.bytes, data.subarray(cut.bytes, cut.bytes + 1));
      this.fail(`program ${cut.index} after ${Math.min(cut.bytes, data.length)} of ${data.length} bytes`);
    }
    if (this.bad.has(Math.floor(offset / this.sectorBytes))) {
      this.countProgram(offset, data.length);
      this.clearSome(offset, data);
      return false;
    }
    this.settle(offset, data);
    return super.program(offset, data);
  }

  override erase(sector: number): boolean {
    this.requirePower("an erase");
    if (!this.hasSector(sector)) return false;
    const cut = this.due("erase", this.eraseOps);
    if (cut?.kind === "erase") {
      this.countErase(sector);
      this.eraseHalfway(sector, cut.stage);
      this.fail(`erase ${cut.index} at stage ${cut.stage}`);
    }
    if ((this.eraseCounts[sector] ?? 0) >= this.endurance) this.bad.add(sector);
    if (this.bad.has(sector)) return false;
    this.marginal.delete(sector);
    return super.erase(sector);
  }

  /** The cut that is set, if it is in the operation that comes now. */
  private due(kind: CutPoint["kind"], ops: number): CutPoint | undefined {
    const cut = this.cut;
    return cut?.point.kind === kind && ops - cut.fromOps === cut.point.index ? cut.point : undefined;
  }

  private fail(during: string): never {
    this.cut = undefined;
    this.on = false;
    throw new PowerCut(during);
  }

  private requirePower(during: string): void {
    if (!this.on) throw new PowerCut(during);
  }

  private clear(offset: number, data: Uint8Array): void {
    this.settle(offset, data);
    data.forEach((byte, i) => (this.bytes[offset + i] = (this.bytes[offset + i] ?? 0) & byte));
  }

  /** Clears some of the bits that `data` would clear. */
  private clearSome(offset: number, data: Uint8Array): void {
    this.clear(
      offset,
      data.map((byte) => byte | (this.tears.uint32() & 0xff)),
    );
  }

  /** A marginal bit that is programmed is a sound 0. */
  private settle(offset: number, data: Uint8Array): void {
    const mask = this.marginal.get(Math.floor(offset / this.sectorBytes));
    if (mask === undefined) return;
    const start = offset % this.sectorBytes;
    data.forEach((byte, i) => (mask[start + i] = (mask[start + i] ?? 0) & byte));
  }

  /** Draws the marginal bits among those just read. */
  private unsettle(offset: number, target: Uint8Array): void {
    for (let i = 0; i < target.length; i++) {
      const at = offset + i;
      const mask = this.marginal.get(Math.floor(at / this.sectorBytes))?.[at % this.sectorBytes] ?? 0;
      if (mask !== 0) target[i] = ((target[i] ?? 0) & ~mask) | (this.reads.uint32() & mask);
    }
  }

  /** Leaves the sector's bits as an erase that was stopped at this stage does. */
  private eraseHalfway(sector: number, stage: EraseStage): void {
    if (stage === 0) return;
    const mask = this.marginal.get(sector) ?? new Uint8Array(this.sectorBytes);
    const some = (zeros: number): number => this.erases.uint32() & zeros;
    for (let i = 0; i < this.sectorBytes; i++) {
      const at = sector * this.sectorBytes + i;
      const zeros = ~(this.bytes[at] ?? 0) & 0xff;
      if (stage === 3) {
        this.bytes[at] = 0xff;
        mask[i] = this.erases.below(8) === 0 ? 1 << this.erases.below(8) : 0;
        continue;
      }
      // Stage 1 has reached one byte in four, stage 2 has finished seven in eight and reached the rest.
      if (stage === 1 && this.erases.below(4) > 0) continue;
      const finished = stage === 2 && this.erases.below(8) > 0;
      this.bytes[at] = (this.bytes[at] ?? 0) | (finished ? zeros : some(zeros));
      mask[i] = finished ? 0 : some(zeros);
    }
    if (mask.some((bits) => bits !== 0)) this.marginal.set(sector, mask);
    else this.marginal.delete(sector);
  }
}
