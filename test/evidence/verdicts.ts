// What the judge says of bundles, in short.

import type { EvidenceBundle } from "../../host/evidence/bundle.js";
import { type Verdict, judge } from "../../host/evidence/judge.js";
import { INTERVAL_S, T0 } from "./line.js";

export const later = T0 + INTERVAL_S;
export const named = (...bundles: EvidenceBundle[]) =>
  bundles.map((bundle, at) => ({ file: at === 0 ? "a" : "b", bundle }));
export const verdictOn = (...bundles: EvidenceBundle[]): Verdict => judge(named(...bundles));
export const faultsOf = ({ bundles }: Verdict): string[] =>
  bundles.flatMap(({ file, faults }) => faults.map(({ field, message }) => `${file} ${field} ${message}`));
export const standings = ({ bundles }: Verdict): string[] => bundles.map(({ standing }) => standing);
