import { createHash } from "node:crypto";
import { Fields } from "./fields.js";
import { Findings } from "./layout.js";
import type { ImageFinding } from "./layout.js";
import type { Ring } from "./ring.js";
import { END_CHECKPOINT } from "./sector.js";
import type { Entry } from "./sector.js";

export interface MeterEvent {
  /** From 1. */
  readonly number: number;
  readonly kind: number;
  readonly name: string;
  /** 0: the clock was not known. */
  readonly utcMs: bigint;
  readonly monoMs: bigint;
  readonly detail: bigint;
  /** SHA-256 of the event before's hash and this event's first 32 bytes, hex. */
  readonly hash: string;
  readonly sector: number;
  readonly offset: number;
  /** False behind damage. */
  readonly reachable: boolean;
}

const EVENT = 1;
const EVENT_BYTES = 64;
const HASHED_BYTES = 32;
const LAST = 2;
const LAST_BYTES = 40;
const NO_HASH = "0".repeat(64);

const KINDS: ReadonlyMap<number, string> = new Map([
  [1, "POWER_DOWN"],
  [2, "POWER_UP"],
  [3, "CLOCK_SET"],
  [4, "COVER_OPENED"],
  [5, "COVER_CLOSED"],
  [6, "MAGNET_ON"],
  [7, "MAGNET_OFF"],
  [8, "RATE_ALARM"],
  [9, "UPDATE"],
  [10, "VERIFICATION_FAILURE"],
  [11, "CONFIGURED"],
]);

/** Reads the event log, oldest first, and checks that nothing was taken out of it, put into it or altered in it. */
export function readEvents(ring: Ring): { events: MeterEvent[]; findings: ImageFinding[] } {
  const findings = new Findings("events");
  const log = new Log(findings);
  for (const entry of ring.entries) log.append(entry);
  return { events: log.events, findings: findings.list };
}

class Log {
  readonly events: MeterEvent[] = [];
  /** The newest event so far; null while nothing is known of what was before. */
  private newest: { number: number; hash: string } | null = null;

  constructor(private readonly findings: Findings) {}

  append(entry: Entry): void {
    const { type, payload, sector, offset } = entry;
    const length = type === EVENT ? EVENT_BYTES : type === LAST ? LAST_BYTES : type === END_CHECKPOINT ? 0 : -1;
    if (length === -1) this.findings.fault(`entry of the unknown type ${type}`, sector, offset);
    else if (payload.length !== length) {
      this.findings.fault(`entry of type ${type} has ${payload.length} bytes, not ${length}`, sector, offset);
    } else if (type === EVENT) this.appendEvent(entry);
    else if (type === LAST) this.appendLast(entry);
  }

  private appendEvent({ payload, sector, offset, reachable }: Entry): void {
    const fields = new Fields(payload);
    const [number, kind] = [fields.u32(), fields.u16()];
    fields.skip(2);
    const [utcMs, monoMs, detail, hash] = [fields.i64(), fields.i64(), fields.i64(), fields.hex(32)];
    const name = KINDS.get(kind);
    if (name === undefined) this.findings.fault(`event ${number} is of the unknown kind ${kind}`, sector, offset);
    this.events.push({ number, kind, name: name ?? "?", utcMs, monoMs, detail, hash, sector, offset, reachable });
    this.checkNumber(number, sector, offset);
    const before = number === 1 ? NO_HASH : this.newest?.number === number - 1 ? this.newest.hash : null;
    // Behind a gap the hash before is not known: the gap is then the finding.
    if (before !== null && hash !== eventHash(before, payload)) {
      this.findings.fault(`event ${number}: its hash does not follow from the event before`, sector, offset);
    }
    this.newest = { number, hash };
  }

  private checkNumber(number: number, sector: number, offset: number): void {
    const before = this.newest?.number;
    if (before === undefined || number === before + 1) return;
    this.findings.fault(`event ${number} follows event ${before}`, sector, offset);
  }

  private appendLast({ payload, sector, offset }: Entry): void {
    const fields = new Fields(payload);
    const number = fields.u32();
    fields.skip(4);
    const hash = fields.hex(32);
    const { newest } = this;
    if (number === 0 && hash !== NO_HASH)
      this.findings.fault("the checkpoint gives a hash to no event", sector, offset);
    if (newest && newest.number !== number) {
      this.findings.fault(`the checkpoint names event ${number} as the newest, not ${newest.number}`, sector, offset);
    } else if (newest && newest.hash !== hash) {
      this.findings.fault(`the checkpoint has another hash for event ${number}`, sector, offset);
    }
    this.newest = { number, hash };
  }
}

function eventHash(before: string, payload: Uint8Array): string {
  const head = payload.subarray(0, HASHED_BYTES);
  return createHash("sha256").update(before, "hex").update(head).digest("hex");
}
