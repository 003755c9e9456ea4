import { stringify } from "yaml";
import { checkScenario, type Overrides } from "../../host/scenario/check.js";
import { ScenarioDocument } from "../../host/scenario/document.js";
import type { Scenario } from "../../host/scenario/scenario.js";

/** A small scenario that holds; tests change lines of it. */
export const SMALL = `name: small
start: 2026-06-22T00:00:00Z
duration: 2h
feeder:
  head: head
  lines:
    - { to: a, resistance_ohm: 0.1 }
    - { from: a, to: b, resistance_ohm: 0.2, volt: 400 }
meters:
  - name: a
    serial: A1
    load: { constant_w: 1000 }
  - name: b
    serial: B1
    generation: { profile: clear-sky-lat48-midsummer, peak_kw: 5 }
  - name: head
    serial: H1
`;

export function check(text: string, overrides: Overrides = {}): Scenario {
  return checkScenario(new ScenarioDocument("small.yaml", text), overrides);
}

/** SMALL with one text replaced; throws if it does not occur. */
export function changed(from: string, to: string): string {
  if (!SMALL.includes(from)) throw new Error(`${from} does not occur`);
  return SMALL.replace(from, to);
}

/** SMALL with events. */
export function withEvents(...events: readonly object[]): string {
  return SMALL + stringify({ events });
}

/** The lines of the error that a call throws; none if it throws none. */
export function problemsOf(act: () => unknown): string[] {
  try {
    act();
    return [];
  } catch (error) {
    return (error as Error).message.split("\n");
  }
}
