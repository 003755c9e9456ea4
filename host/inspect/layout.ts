// Where things lie on the metrology partition, format 2: N sectors, divided among three rings. This room reads what the
// firmware writes and shares no code with it, so that each can tell when the other is wrong.

export type RegionName = "journal" | "events" | "records";

export interface Region {
  readonly name: RegionName;
  /** First four bytes of each sector's header. */
  readonly magic: string;
  /** Index of the first sector within the partition. */
  readonly first: number;
  readonly sectors: number;
}

export const MIN_SECTORS = 8;

/** The three rings of a partition of `sectors` sectors. */
export function regionsOf(sectors: number): readonly [journal: Region, events: Region, records: Region] {
  const journal = Math.max(3, Math.floor(sectors / 16));
  const events = Math.max(2, Math.floor(sectors / 32));
  return [
    { name: "journal", magic: "TLJ1", first: 0, sectors: journal },
    { name: "events", magic: "TLE1", first: journal, sectors: events },
    { name: "records", magic: "TLR1", first: journal + events, sectors: sectors - journal - events },
  ];
}

/** What is wrong or worth knowing, and where. */
export interface ImageFinding {
  /** "fault": damage or contradiction. "note": what a power cut at an unlucky moment leaves, or what it costs. */
  readonly severity: "fault" | "note";
  readonly region: RegionName | "image";
  /** Index within the partition. */
  readonly sector: number | null;
  /** Bytes from the sector's start. */
  readonly offset: number | null;
  readonly message: string;
}

/** Collects findings of one region. */
export class Findings {
  readonly list: ImageFinding[] = [];

  constructor(private readonly region: ImageFinding["region"]) {}

  fault(message: string, sector: number | null = null, offset: number | null = null): void {
    this.list.push({ severity: "fault", region: this.region, sector, offset, message });
  }

  note(message: string, sector: number | null = null, offset: number | null = null): void {
    this.list.push({ severity: "note", region: this.region, sector, offset, message });
  }
}
