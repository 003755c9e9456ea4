import { crc32 } from "node:zlib";

/** A header stands twice. */
const COPY_BYTES = 12;
export const HEADER_BYTES = 2 * COPY_BYTES;
const ENTRY_HEAD_BYTES = 4;
const ENTRY_CRC_BYTES = 4;
/** Stored size of the longest entry (CONTEXT, 148 bytes of payload): more than this cannot be one torn write. */
const MAX_STORED_BYTES = 156;
const ERASED_WORD = 0xffffffff;

/** Entry type that closes a checkpoint. */
export const END_CHECKPOINT = 0;

export interface Entry {
  readonly type: number;
  readonly payload: Uint8Array;
  /** Index within the partition. */
  readonly sector: number;
  /** Bytes from the sector's start. */
  readonly offset: number;
  /** False behind damage: the firmware stops there, only this reader goes on. */
  readonly reachable: boolean;
}

/** A place where no entry could be read. */
export interface Damage {
  readonly offset: number;
  readonly message: string;
  /** Where reading went on, if anywhere. */
  readonly resumed: number | null;
  /** May be the one write that a power cut tore: nothing is written behind it. */
  readonly torn: boolean;
}

export interface Sector {
  /** Index within the partition. */
  readonly index: number;
  /**
   * "erased": all ones. "headless": something, under no valid header. "open": its checkpoint was not closed. "closed":
   * in order.
   */
  readonly state: "erased" | "headless" | "open" | "closed";
  /** From the header; of a headless sector, if its header is one bit off a valid one. */
  readonly sequence: number | null;
  /** Why a headless sector is. */
  readonly headerFault: string | null;
  readonly entries: readonly Entry[];
  readonly damages: readonly Damage[];
  /** Erased bytes at the end. */
  readonly freeBytes: number;
}

/**
 * Reads one sector, going on behind damage where a later entry can be told by its checksum.
 * @param bytes the sector
 */
export function readSector(bytes: Uint8Array, index: number, magic: string): Sector {
  const used = usedBytes(bytes);
  const freeBytes = bytes.length - used;
  const none = { index, sequence: null, headerFault: null, entries: [], damages: [], freeBytes };
  if (used === 0) return { ...none, state: "erased" };
  const header = readHeader(bytes, magic);
  if (header.sequence === null) return { ...none, state: "headless", headerFault: header.fault };
  const { entries, damages } = readEntries(bytes, index, header.sequence, used);
  const closed = entries.some(({ type, reachable }) => type === END_CHECKPOINT && reachable);
  const valid = header.fault === null;
  return {
    index,
    state: !valid ? "headless" : closed ? "closed" : "open",
    sequence: header.sequence,
    headerFault: header.fault,
    entries: valid ? entries : entries.map((entry) => ({ ...entry, reachable: false })),
    damages,
    freeBytes,
  };
}

/** Bytes up to the last one that is not erased. */
function usedBytes(bytes: Uint8Array): number {
  let end = bytes.length;
  while (end > 0 && bytes[end - 1] === 0xff) end--;
  return end;
}

/** Either copy of the header will do; the other one is a fault. */
function readHeader(bytes: Uint8Array, magic: string): { sequence: number | null; fault: string | null } {
  const copies = [bytes.subarray(0, COPY_BYTES), bytes.subarray(COPY_BYTES, HEADER_BYTES)].map((copy) =>
    Buffer.from(copy),
  );
  const [first, second] = copies.map((copy) => sequenceOf(copy, magic));
  if (first != null) return { sequence: first, fault: second === first ? null : "header: the second copy is wrong" };
  if (second != null) return { sequence: second, fault: "header: the first copy is wrong" };
  const other = copies.map((copy) => copy.subarray(0, 4).toString("latin1")).find((found) => found !== magic);
  if (other !== undefined && /^TL[JER]1$/.test(other) && copies.some((copy) => sequenceOf(copy, other) !== null)) {
    return { sequence: null, fault: `carries the header of another region, ${other}` };
  }
  return { sequence: null, fault: "has no valid header" };
}

function sequenceOf(copy: Buffer, magic: string): number | null {
  if (copy.length < COPY_BYTES || copy.subarray(0, 4).toString("latin1") !== magic) return null;
  const sequence = copy.readUInt32LE(4);
  return sequence > 0 && copy.readUInt32LE(8) === crc32(copy.subarray(0, 8)) ? sequence : null;
}

function readEntries(bytes: Uint8Array, sector: number, sequence: number, used: number) {
  const entries: Entry[] = [];
  const damages: Damage[] = [];
  for (let offset = HEADER_BYTES; offset < used;) {
    const found = readEntry(bytes, offset, sequence);
    if (typeof found !== "string") {
      entries.push({ ...found, sector, offset, reachable: damages.length === 0 });
      offset += storedBytes(found.payload.length);
      continue;
    }
    const resumed = nextEntry(bytes, offset + 4, used, sequence);
    const torn = resumed === null && used - offset <= MAX_STORED_BYTES;
    damages.push({ offset, message: found, resumed, torn });
    if (resumed === null) break;
    offset = resumed;
  }
  return { entries, damages };
}

/** Entries begin at multiples of 4. */
function nextEntry(bytes: Uint8Array, from: number, used: number, sequence: number): number | null {
  for (let offset = from; offset < used; offset += 4) {
    if (typeof readEntry(bytes, offset, sequence) !== "string") return offset;
  }
  return null;
}

/** The entry at `offset`, or what is wrong with it. */
function readEntry(
  bytes: Uint8Array,
  offset: number,
  sequence: number,
): { type: number; payload: Uint8Array } | string {
  const rest = Buffer.from(bytes.buffer, bytes.byteOffset + offset, bytes.length - offset);
  if (rest.length < storedBytes(0)) return "something is written where no entry has room";
  const head = rest.readUInt32LE(0);
  if (head === ERASED_WORD) return "an erased entry head has something written behind it";
  const length = head & 0xffff;
  const type = (head >>> 16) & 0xff;
  if ((type ^ (head >>> 24)) !== 0xff) return "the entry head is damaged";
  const stored = storedBytes(length);
  if (stored > rest.length) return `an entry of ${length} bytes goes beyond the sector`;
  const covered = stored - ENTRY_CRC_BYTES;
  if (rest.readUInt32LE(covered) !== crc32(rest.subarray(0, covered), sequence)) {
    return `the checksum of an entry of type ${type} and ${length} bytes is wrong`;
  }
  return { type, payload: rest.subarray(ENTRY_HEAD_BYTES, ENTRY_HEAD_BYTES + length) };
}

function storedBytes(length: number): number {
  return ENTRY_HEAD_BYTES + ((length + 3) & ~3) + ENTRY_CRC_BYTES;
}
