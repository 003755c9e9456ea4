import { householdMw, solarMw } from "../grid/profiles.js";
import type { Power } from "./scenario.js";
import { scenarioData } from "./schema.js";

/** An entry of profiles.json. */
export interface Profile {
  readonly kind: "load" | "generation";
  readonly unit: string;
  readonly source: string;
  /** Whether H0's factor of the day of the year applies. */
  readonly dynamised: boolean;
  readonly hours: readonly number[];
}

let loaded: Readonly<Record<string, Profile>> | undefined;

/** All profiles by name. */
export function profiles(): Readonly<Record<string, Profile>> {
  loaded ??= (scenarioData("profiles.json") as { profiles: Record<string, Profile> }).profiles;
  return loaded;
}

/** The same power at all times. */
export function constantPower(watt: number): Power {
  const powerMw = Math.round(watt * 1000);
  return { meanMw: () => powerMw, maximumMw: powerMw };
}

/** H0's factor is greatest on day 366: 1.2597. */
const GREATEST_DYNAMISATION = 1.26;

/**
 * Power by a profile, that of a step's beginning.
 * @param scale kWh a year for a load, kWp for a generation
 * @returns or what is wrong with the name
 */
export function profilePower(name: string, kind: Profile["kind"], scale: number, startUtcMs: number): Power | string {
  const profile = Object.hasOwn(profiles(), name) ? profiles()[name] : undefined;
  if (profile?.kind !== kind) {
    const others = Object.entries(profiles()).flatMap(([other, entry]) => (entry.kind === kind ? [other] : []));
    const quoted = JSON.stringify(name);
    const what = profile === undefined ? `there is no profile ${quoted}` : `${quoted} is a profile of ${profile.kind}`;
    return `${what}; for ${kind} there are ${others.join(", ")}`;
  }
  const { hours, dynamised } = profile;
  const peak = Math.max(...hours);
  if (kind === "load") {
    return {
      meanMw: (fromMs) => householdMw(hours, scale, dynamised, startUtcMs + fromMs),
      maximumMw: Math.ceil(peak * (scale / 1000) * (dynamised ? GREATEST_DYNAMISATION : 1) * 1e6),
    };
  }
  return {
    meanMw: (fromMs) => solarMw(hours, scale, startUtcMs + fromMs),
    maximumMw: Math.ceil(peak * scale * 1e6),
  };
}
