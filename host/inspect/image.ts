import type { RecordContext } from "./config.js";
import { readEvents } from "./events.js";
import type { MeterEvent } from "./events.js";
import { geometryFindings, isSectorSize } from "./geometry.js";
import { Findings, MIN_SECTORS, regionsOf } from "./layout.js";
import type { ImageFinding, Region, RegionName } from "./layout.js";
import { readProfile } from "./profile.js";
import type { Profile, ProfileRecord } from "./profile.js";
import { readRing } from "./ring.js";
import type { Ring } from "./ring.js";
import type { Sector } from "./sector.js";
import { readState } from "./state.js";
import type { MeterState } from "./state.js";

export interface RegionReport {
  readonly name: RegionName;
  readonly magic: string;
  readonly firstSector: number;
  readonly sectorCount: number;
  /** Index of the newest sector with a closed checkpoint; null: nothing is in force. */
  readonly inForce: number | null;
  /** Erased bytes at the end of the sector in force. */
  readonly freeBytes: number | null;
  readonly sectors: readonly SectorReport[];
}

export interface SectorReport extends Pick<Sector, "index" | "state" | "sequence" | "damages" | "freeBytes"> {
  readonly entries: number;
  /** Entries behind damage, which the firmware does not read. */
  readonly unreachable: number;
}

/** What a metrology partition holds, format 2. */
export interface ImageReport {
  readonly kind: "image";
  readonly sectorBytes: number;
  readonly sectorCount: number;
  readonly regions: readonly RegionReport[];
  readonly state: MeterState | null;
  /** Configuration, module and firmware version that the newest record was made with. */
  readonly context: RecordContext | null;
  readonly records: readonly ProfileRecord[];
  readonly events: readonly MeterEvent[];
  /** In the order of the image. */
  readonly findings: readonly ImageFinding[];
}

/**
 * Reads an image of the metrology partition. Says what can be read, and of the rest where it is and what is wrong.
 * @returns the report; never throws on content
 */
export function inspectImage(image: Uint8Array, sectorBytes: number): ImageReport {
  const geometry = geometryFindings(image, sectorBytes);
  const sectorCount = isSectorSize(sectorBytes) ? Math.floor(image.length / sectorBytes) : 0;
  const empty = { kind: "image", sectorBytes, sectorCount, regions: [], records: [], events: [] } as const;
  if (sectorCount < MIN_SECTORS) return { ...empty, state: null, context: null, findings: geometry };
  const regions = regionsOf(sectorCount);
  const [journal, events, records] = regions.map((region) => readRing(image, sectorBytes, region)) as [
    Ring,
    Ring,
    Ring,
  ];
  const state = readState(journal);
  const log = readEvents(events);
  const profile = readProfile(records);
  return {
    ...empty,
    regions: [journal, events, records].map(reportRegion),
    state: state.state,
    context: profile.context,
    records: profile.records,
    events: log.events,
    findings: [
      ...geometry,
      ...inOrder([...journal.findings, ...state.findings]),
      ...inOrder([...events.findings, ...log.findings]),
      ...inOrder([...records.findings, ...profile.findings]),
      ...checkTogether(state.state, profile, [journal, events, records]),
    ],
  };
}

function inOrder(findings: ImageFinding[]): ImageFinding[] {
  const key = ({ sector, offset }: ImageFinding) => (sector ?? -1) * 2 ** 32 + (offset ?? -1);
  return findings.sort((a, b) => key(a) - key(b));
}

function reportRegion({ region, sectors, inForce }: Ring): RegionReport {
  const { name, magic, first, sectors: sectorCount }: Region = region;
  return {
    name,
    magic,
    firstSector: first,
    sectorCount,
    inForce: inForce?.index ?? null,
    freeBytes: inForce?.freeBytes ?? null,
    sectors: sectors.map(({ index, state, sequence, damages, freeBytes, entries }) => ({
      index,
      state,
      sequence,
      damages,
      freeBytes,
      entries: entries.length,
      unreachable: entries.filter(({ reachable }) => !reachable).length,
    })),
  };
}

/** What the regions say of each other. */
function checkTogether(state: MeterState | null, profile: Profile, rings: readonly Ring[]): ImageFinding[] {
  const findings = new Findings("image");
  const blank = ({ sectors }: Ring) => sectors.every((sector) => sector.state === "erased");
  if (!rings.every(blank)) {
    for (const ring of rings.filter(blank))
      findings.fault(`the region ${ring.region.name} is blank and others are not`);
  }
  if (!state) return findings.list;
  for (const context of ["F", "T"] as const) checkNewest(context, state, profile, findings);
  const constant = profile.context?.constantImpPerKwh;
  if (constant !== undefined && constant !== BigInt(state.constantImpPerKwh)) {
    findings.fault(`the journal counts ${state.constantImpPerKwh} imp/kWh, the records ${constant}`);
  }
  return findings.list;
}

function checkNewest(context: "F" | "T", state: MeterState, { records }: Profile, findings: Findings): void {
  const newest = records.findLast((record) => record.context === context);
  // The ring forgets: the last transaction may be older than anything in it.
  if (!newest) return;
  const page = `${context}${newest.page}`;
  const next = state.nextPage[context];
  const { closing } = state;
  if (newest.page === next && closing?.context === context && closing.page === next) return;
  if (newest.page !== next - 1) {
    findings.fault(`the newest record is ${page}, while the journal goes on with ${context}${next}`);
  } else if (newest.hash !== state.chainHash[context]) {
    findings.fault(`the journal has another hash for the newest record ${page}`);
  }
  if (newest.pulses[0] > state.pulses[0] || newest.pulses[1] > state.pulses[1]) {
    findings.fault(`the registers ${state.pulses.join(", ")} are below those of ${page}, ${newest.pulses.join(", ")}`);
  }
}
