import { expect, test } from "vitest";
import { fromMidday } from "../../host/bench/energy/streets.js";
import { ScenarioDocument } from "../../host/scenario/document.js";
import { checkScenario } from "../../host/scenario/check.js";
import { generateStreet } from "../../host/street/generate.js";

const startOf = (text: string): Date => new Date(checkScenario(new ScenarioDocument("street", text)).startUtcMs);

test("a generated street starts at half past eleven of its day, and is otherwise the same", () => {
  const text = generateStreet({ homes: 5, duration: "30min" });
  const midday = fromMidday(text);
  expect(startOf(midday).getTime() - startOf(text).getTime()).toBe(11.5 * 3_600_000);
  expect(midday.replace("T11:30:00Z", "T00:00:00Z")).toBe(text);
});

test.each([
  ["no start", "name: street\n", 0],
  ["a start at another time", "start: 2026-06-22T01:00:00Z\n", 0],
  ["a midnight elsewhere", "until: 2026-06-22T00:00:00Z\n", 0],
  ["two starts", "start: 2026-06-22T00:00:00Z\nstart: 2026-06-22T00:00:00Z\n", 2],
])("a text with %s is refused", (_, text, starts) => {
  expect(() => fromMidday(text)).toThrow(`the street has ${starts} starts at midnight`);
});
