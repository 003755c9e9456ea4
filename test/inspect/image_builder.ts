import { createHash } from "node:crypto";
import { secp256k1 } from "@noble/curves/secp256k1.js";
import { MODULE_HASH, ownPayload, secretOf, sha256 } from "../ocmf/fixtures.js";
import type { OwnRecord } from "../ocmf/fixtures.js";
import { RingWriter } from "./ring_writer.js";
import type { EntryBytes } from "./ring_writer.js";

export const MIDNIGHT_MS = BigInt(Date.UTC(2026, 5, 21));
const TEXTS_HEAD_BYTES = 16;

/** Little-endian fields, one after the other, and zeros up to `bytes`. */
function pack(
  bytes: number,
  ...fields: (Buffer | readonly [bits: 8 | 16 | 32 | 64, value: number | bigint])[]
): Buffer {
  const parts = fields.map((field) => {
    if (Buffer.isBuffer(field)) return field;
    const wide = Buffer.alloc(8);
    wide.writeBigUInt64LE(BigInt.asUintN(64, BigInt(field[1])));
    return wide.subarray(0, field[0] / 8);
  });
  const used = Buffer.concat(parts);
  if (used.length > bytes) throw new RangeError(`${used.length} bytes where ${bytes} are to be`);
  return Buffer.concat([used, Buffer.alloc(bytes - used.length)]);
}

const text = (value: string, bytes: number) => pack(bytes, Buffer.from(value, "latin1"));

/** A meter's partition of format 2, written from the format's text alone: no code is shared with what reads it. */
export class ImageBuilder {
  readonly image: Buffer;
  readonly journal: RingWriter;
  readonly eventLog: RingWriter;
  readonly profile: RingWriter;
  /** The receipts issued, in their order. */
  readonly receipts: string[] = [];
  intervalS = 900;
  private readonly newest = new Map<string, { page: number; record: string }>();
  private pulses: readonly [number | bigint, number | bigint] = [0, 0];
  private utcMs = 0n;
  private lastEndUtcMs = 0n;
  private transaction = text("", 104);
  private closing: EntryBytes[] = [];
  /** Of checkpoints to come. */
  totals: EntryBytes[] = [];
  notes: EntryBytes[] = [];
  private event = { number: 0, hash: Buffer.alloc(32) };

  constructor(
    readonly sectors = 64,
    readonly sectorBytes = 4096,
  ) {
    this.image = Buffer.alloc(sectors * sectorBytes, 0xff);
    const journal = Math.max(3, Math.floor(sectors / 16));
    const events = Math.max(2, Math.floor(sectors / 32));
    const ring = (magic: string, first: number, count: number, checkpoint: () => readonly EntryBytes[]) =>
      new RingWriter(this.image, sectorBytes, { magic, first, sectors: count }, checkpoint);
    this.journal = ring("TLJ1", 0, journal, () => [
      [1, this.stateEntry()],
      [5, this.transaction],
      ...this.closing,
      ...this.totals,
      ...this.notes,
    ]);
    this.eventLog = ring("TLE1", journal, events, () => [
      [2, pack(40, [32, this.event.number], [32, 0], this.event.hash)],
    ]);
    this.profile = ring("TLR1", journal + events, sectors - journal - events, () => [[1, this.contextEntry()]]);
    this.journal.begin();
    this.eventLog.begin();
    this.profile.begin();
  }

  /** REGISTERS. */
  registers(pulses: readonly [number | bigint, number | bigint], utcMs: bigint): void {
    this.pulses = pulses;
    this.utcMs = utcMs;
    this.journal.append([2, pack(24, [64, pulses[0]], [64, pulses[1]], [64, utcMs])]);
  }

  /**
   * A reading and its record: CLOSING, RECORD with its TEXTS, SEALED.
   * @param steps how far it gets before power fails: 1 closing, 2 record, 3 all
   */
  record(change: Partial<OwnRecord> = {}, steps = 3): string {
    const context = change.reason === undefined ? "F" : "T";
    const before = this.newest.get(context);
    const page = (before?.page ?? 0) + 1;
    const record = {
      interval: this.receipts.length + 1,
      pulses: [(this.receipts.length + 1) * 123, (this.receipts.length + 1) * 7] as const,
      quality: 0,
      clock: "S",
      identification: "",
      tariff: "",
      intervalS: context === "T" ? 0 : this.intervalS,
      page: `${context}${page}`,
      ...(before && { previous: before.record }),
      ...change,
    };
    const payload = ownPayload(record);
    const options = { prehash: false, lowS: true } as const;
    const compact = secp256k1.sign(sha256(payload), secretOf("ECDSA-secp256k1-SHA256", 7), {
      ...options,
      format: "compact",
    });
    const der = secp256k1.Signature.fromBytes(compact, "compact").toHex("der");
    const receipt = `OCMF|${payload}|{"SA":"ECDSA-secp256k1-SHA256","SD":"${der}"}`;
    const utcMs = MIDNIGHT_MS + BigInt(record.interval) * 900_000n;
    const reading = pack(
      40,
      ...([
        [64, record.pulses[0]],
        [64, record.pulses[1]],
        [64, utcMs],
        [32, page],
        [16, record.intervalS],
      ] as const),
      ...([
        [8, context.charCodeAt(0)],
        [8, change.reason?.charCodeAt(0) ?? 0],
        [8, record.clock.charCodeAt(0)],
      ] as const),
      [8, record.quality],
    );
    this.journal.append([3, reading]);
    this.closing = [[3, reading]];
    this.pulses = record.pulses;
    this.utcMs = utcMs;
    if (steps > 1)
      this.writeRecord(reading, record, Buffer.from(compact), before ? sha256(before.record) : Buffer.alloc(32));
    if (steps > 2) {
      this.journal.append([4, pack(40, [32, page], [8, context.charCodeAt(0)], Buffer.alloc(3), sha256(receipt))]);
      this.closing = [];
      this.newest.set(context, { page, record: receipt });
      if (context === "F") this.lastEndUtcMs = utcMs;
    }
    this.receipts.push(receipt);
    return receipt;
  }

  private writeRecord(
    reading: Buffer,
    { reason, identification, tariff }: Partial<OwnRecord>,
    signature: Buffer,
    previous: Buffer,
  ): void {
    const entry: EntryBytes = [2, pack(136, reading, previous, signature)];
    if (reason === undefined) return this.profile.append(entry);
    this.profile.append([3, this.textsEntry(true, identification ?? "", tariff ?? "")], entry);
  }

  private textsEntry(open: boolean, identification: string, tariff: string): Buffer {
    const head = pack(TEXTS_HEAD_BYTES, [8, open ? 1 : 0], [8, identification.length], [8, tariff.length]);
    return pack(104, head, text(identification, 40), text(tariff, 48));
  }

  /** TRANSACTION. */
  setTransaction(open: boolean, identification = "", tariff = ""): void {
    this.transaction = this.textsEntry(open, identification, tariff);
    this.journal.append([5, this.transaction]);
  }

  /** NOTE: a note for the swap number `swap`. */
  note(swap: number, start: number, how: number, energyMwh: number, issuedMwh: number): EntryBytes {
    const hash = createHash("sha256").update(`${swap}`).digest();
    const entry: EntryBytes = [
      6,
      pack(56, hash, [32, start], [8, how], Buffer.alloc(3), [64, energyMwh], [64, issuedMwh]),
    ];
    this.journal.append(entry);
    return entry;
  }

  /** ISSUED, not written anywhere. */
  issued(...totals: readonly (readonly [start: number, sold: number, bought: number])[]): EntryBytes {
    const each = totals.map(([start, sold, bought]) => pack(24, [32, start], [32, 0], [64, sold], [64, bought]));
    return [7, pack(24 * totals.length, ...each)];
  }

  /** EVENT. */
  addEvent(kind: number, detail: number | bigint = 0, utcMs: bigint = MIDNIGHT_MS): void {
    const number = this.event.number + 1;
    const head = pack(32, [32, number], [16, kind], [16, 0], [64, utcMs], [64, number * 1000], [64, detail]);
    const hash = createHash("sha256").update(this.event.hash).update(head).digest();
    // Written first: the checkpoint of a new sector names the event before.
    this.eventLog.append([1, pack(64, head, hash)]);
    this.event = { number, hash };
  }

  /** CONTEXT, after something in it has changed. */
  writeContext(): void {
    this.profile.append([1, this.contextEntry()]);
  }

  private contextEntry(): Buffer {
    const input = pack(8, [8, 0], [8, 0], [16, 30], [16, 30], [16, 0]);
    const config = pack(
      112,
      ...([
        [32, 2],
        [32, 1000],
        [32, this.intervalS],
        [32, 10_000],
        [32, 10],
      ] as const),
      ...[input, input, Buffer.alloc(4), text("TL0000000001", 24), text("Tieline", 24), text("T1", 24)],
    );
    return pack(148, config, Buffer.from(MODULE_HASH, "hex"), Buffer.from([0, 2, 0, 0]));
  }

  private stateEntry(): Buffer {
    const newest = (context: string) => this.newest.get(context);
    const [f, t] = [newest("F"), newest("T")];
    return pack(
      120,
      ...([
        [64, this.pulses[0]],
        [64, this.pulses[1]],
        [64, this.utcMs],
      ] as const),
      ...([
        [32, (f?.page ?? 0) + 1],
        [32, (t?.page ?? 0) + 1],
        [32, 1000],
        [32, 0],
        [64, this.lastEndUtcMs],
      ] as const),
      ...[f, t].map((last) => (last ? sha256(last.record) : Buffer.alloc(32))),
    );
  }
}

/** A meter that has seen something of everything: `count` intervals, a transaction, events, sectors in turn. */
export function busyMeter(count = 40, sectors = 64, sectorBytes = 4096): ImageBuilder {
  const meter = new ImageBuilder(sectors, sectorBytes);
  meter.addEvent(2, 0, 0n);
  meter.addEvent(3);
  for (let i = 1; i <= count; i++) {
    if (i % 10 === 4) {
      meter.setTransaction(true, "0410006a345b84", "day");
      meter.record({ reason: "B", identification: "0410006a345b84", tariff: "day" });
    } else if (i % 10 === 6) {
      meter.record({ reason: "T", identification: "0410006a345b84", tariff: "night" });
    } else if (i % 10 === 8) {
      meter.record({ reason: "E", identification: "0410006a345b84", tariff: "night" });
      meter.setTransaction(false);
    } else {
      meter.record(i % 10 === 9 ? { quality: 1 + 4 + 8, clock: "I" } : {});
    }
    meter.registers([i * 123 + 1, i * 7], MIDNIGHT_MS + BigInt(i) * 900_000n + 5000n);
    meter.addEvent(1 + (i % 11), i);
  }
  return meter;
}
