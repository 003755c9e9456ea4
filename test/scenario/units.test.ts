import { expect, it } from "vitest";
import { offsetText, parseDuration, parseUtc } from "../../host/scenario/units.js";

it.each([
  ["250ms", 250],
  ["30s", 30_000],
  ["1.5 h", 5_400_000],
  ["2d", 172_800_000],
  ["06:30", 23_400_000],
  ["06:30:00", 23_400_000],
  ["30:00:00.25", 108_000_250],
  ["0.0001s", undefined],
  ["10", undefined],
  ["5m", undefined],
  ["-5min", undefined],
  ["06:60:00", undefined],
  ["", undefined],
])("duration %j is %s ms", (text, ms) => {
  expect(parseDuration(text)).toBe(ms);
});

it.each([
  ["2026-06-22T00:00:00Z", Date.UTC(2026, 5, 22)],
  ["2026-06-22T00:00Z", Date.UTC(2026, 5, 22)],
  ["2026-06-22T06:30:00.5Z", Date.UTC(2026, 5, 22, 6, 30, 0, 500)],
  ["2026-06-31T00:00:00Z", undefined],
  ["2026-06-22T24:00:00Z", undefined],
  ["2026-06-22T00:00:00", undefined],
  ["2026-06-22", undefined],
])("UTC %j is %s", (text, ms) => {
  expect(parseUtc(text)).toBe(ms);
});

it("offsets are written as they are read", () => {
  for (const ms of [0, 1, 59_999, 3_600_000, 108_000_250]) expect(parseDuration(offsetText(ms))).toBe(ms);
});
