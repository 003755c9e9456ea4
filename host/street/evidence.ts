import type { LineMeter } from "../board/meter_port.js";
import type { EvidenceReceipt } from "../evidence/bundle.js";
import { bundleText } from "../evidence/json.js";
import type { ScenarioMeter } from "../scenario/meter_control.js";
import type { StreetMeters } from "./meters.js";
import type { StreetNodes } from "./nodes.js";
import type { StreetTree } from "./tree.js";

/** Receipts of each end that a bundle has: what is open, and the closes before it. */
const RECEIPTS = 4;

/**
 * What the two ends of every line could show a judge now, as files by name: LINE.END.evidence.json, of `tieline evidence`.
 */
export function evidenceFiles(
  nodes: StreetNodes,
  tree: StreetTree,
  meters: StreetMeters<ScenarioMeter & LineMeter>,
): Map<string, string> {
  const files = new Map<string, string>();
  for (const edge of tree.edges) {
    const name = `${edge.near.name}-${edge.far.name}`;
    const receipts = (["near", "far"] as const).flatMap((end): EvidenceReceipt[] => {
      const own = meters.all.find((meter) => meter.edge === edge && meter.place === edge[end]);
      if (own === undefined) return [];
      const isFirst = nodes.nearIsFirst(edge) === (end === "near");
      const next = own.meter.nextPage();
      return Array.from({ length: RECEIPTS }, (_, i) => own.meter.fiscalRecord(next - RECEIPTS + i)).flatMap(
        (record) => (record === undefined ? [] : [{ end: isFirst ? 1 : 2, record }]),
      );
    });
    for (const end of ["near", "far"] as const) {
      const place = edge[end];
      const evidence = nodes.of(place).node.evidence(nodes.number(edge, end));
      if (evidence === undefined) continue;
      files.set(`${name}.${place.name}.evidence.json`, bundleText({ ...evidence, receipts, notes: [] }));
    }
  }
  return files;
}
