import { Findings } from "./layout.js";
import type { ImageFinding, Region } from "./layout.js";
import { readSector } from "./sector.js";
import type { Entry, Sector } from "./sector.js";

/** A region read as what it is: sectors used strictly in turn. */
export interface Ring {
  readonly region: Region;
  /** By place. */
  readonly sectors: readonly Sector[];
  /** Newest sector whose checkpoint is closed; null in a region that holds nothing. */
  readonly inForce: Sector | null;
  /** Entries of all sectors that can be placed, oldest first. */
  readonly entries: readonly Entry[];
  readonly findings: readonly ImageFinding[];
}

/** @param image the partition; the region must lie within it */
export function readRing(image: Uint8Array, sectorBytes: number, region: Region): Ring {
  const sectors = Array.from({ length: region.sectors }, (_, at) => {
    const index = region.first + at;
    return readSector(image.subarray(index * sectorBytes, (index + 1) * sectorBytes), index, region.magic);
  });
  const findings = new Findings(region.name);
  for (const sector of sectors) reportDamages(sector, findings);
  const placed = sectors.filter((sector) => sector.sequence !== null);
  placed.sort((a, b) => (a.sequence ?? 0) - (b.sequence ?? 0));
  const inForce = placed.findLast(({ state }) => state === "closed") ?? null;
  if (inForce) checkTurn(region, sectors, placed, inForce, findings);
  else checkDead(sectors, findings);
  return { region, sectors, inForce, entries: placed.flatMap(({ entries }) => entries), findings: findings.list };
}

function reportDamages({ index, damages }: Sector, findings: Findings): void {
  for (const { offset, message, resumed, torn } of damages) {
    if (torn) findings.note(`${message}: the tail is torn, as by a power cut`, index, offset);
    else
      findings.fault(
        `${message}; ${resumed === null ? "nothing behind it can be read" : `read on at ${resumed}`}`,
        index,
        offset,
      );
  }
}

/** A region with nothing in force is blank, or its meter cannot go on. */
function checkDead(sectors: readonly Sector[], findings: Findings): void {
  const used = sectors.filter(({ state }) => state !== "erased");
  if (used.length > 0) findings.fault("no sector holds a closed checkpoint");
  for (const { index, state, headerFault } of used) {
    if (state === "headless") findings.fault(headerFault ?? "", index, 0);
    else findings.fault("its checkpoint is not closed", index);
  }
}

/**
 * Sectors other than the one in force: the one after it may be in any state, since a power cut may have come while it
 * was erased or its checkpoint written. All others hold history, or were never used.
 */
function checkTurn(
  { first, sectors: count }: Region,
  sectors: readonly Sector[],
  placed: readonly Sector[],
  inForce: Sector,
  findings: Findings,
): void {
  const ahead = ({ index }: Sector) => (index - inForce.index + count) % count;
  const oldest = placed[0] ?? inForce;
  // From the newest sector to the oldest, the ring holds nothing; it has not been round if that ends at its start.
  const unused = oldest === inForce ? count - 1 : ahead(oldest) - 1;
  const wrapped = oldest.index !== first;
  for (const sector of sectors) {
    if (sector === inForce) continue;
    const next = ahead(sector) === 1;
    if (sector.state === "erased") {
      const lost = ahead(sector) > unused || (wrapped && !next);
      if (lost) findings.fault("is erased, while its neighbours in the ring are in use", sector.index);
    } else if (sector.state === "headless") {
      const fault = sector.headerFault ?? "";
      if (next && sector.sequence === null)
        findings.note(`${fault}: power failed while it was erased or begun`, sector.index);
      else findings.fault(fault, sector.index, 0);
    } else if (sector.state === "open") {
      const cut = next && sector.damages.every(({ torn }) => torn) && (sector.sequence ?? 0) > (inForce.sequence ?? 0);
      if (cut) findings.note("its checkpoint is not closed: power failed while it was written", sector.index);
      else findings.fault("its checkpoint is not closed", sector.index);
    }
  }
  placed.forEach((sector, at) => {
    const before = placed[at - 1];
    if (!before) return;
    if (sector.sequence === before.sequence) {
      findings.fault(`has sequence ${sector.sequence}, as sector ${before.index} has`, sector.index, 4);
    }
    const step = (sector.index - before.index + count) % count;
    const between = Array.from({ length: Math.max(0, step - 1) }, (_, i) => (before.index - first + 1 + i) % count);
    // Where the sectors between have their own finding, this one would only repeat it.
    if (step === 0 || between.some((i) => sectors[i]?.state === "closed")) {
      findings.fault(`follows sector ${before.index} out of turn`, sector.index, 4);
    }
  });
}
