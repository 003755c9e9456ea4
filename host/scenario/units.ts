// Times and durations as they are written in a scenario. `undefined` says that a text is none of them.

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, min: 60_000, h: 3_600_000, d: 86_400_000 };

/**
 * A duration or an offset from the start: a number with ms, s, min, h or d ("15min", "1.5h"), or HH:MM[:SS[.mmm]],
 * where the hours may pass 24.
 * @returns whole ms
 */
export function parseDuration(text: string): number | undefined {
  const withUnit = /^(\d{1,9}(?:\.\d{1,6})?) ?(ms|s|min|h|d)$/.exec(text);
  if (withUnit) {
    const ms = Number(withUnit[1]) * (UNIT_MS[withUnit[2] ?? ""] ?? NaN);
    return Math.abs(ms - Math.round(ms)) < 1e-6 ? Math.round(ms) : undefined;
  }
  const clock = /^(\d{1,4}):([0-5]\d)(?::([0-5]\d)(?:\.(\d{1,3}))?)?$/.exec(text);
  if (!clock) return undefined;
  const [, hours, minutes, seconds = "0", fraction = ""] = clock;
  return (
    Number(hours) * 3_600_000 + Number(minutes) * 60_000 + Number(seconds) * 1000 + Number(fraction.padEnd(3, "0"))
  );
}

/**
 * ISO 8601 in UTC, written with Z: "2026-06-22T00:00:00Z", seconds and milliseconds optional.
 * @returns ms since 1970
 */
export function parseUtc(text: string): number | undefined {
  const match = /^(\d{4}-\d{2}-\d{2})T(\d{2}:\d{2})(?::(\d{2})(?:\.(\d{1,3}))?)?Z$/.exec(text);
  if (!match) return undefined;
  const [, date, clock, seconds = "00", fraction = ""] = match;
  const canonical = `${date}T${clock}:${seconds}.${fraction.padEnd(3, "0")}Z`;
  const ms = Date.parse(canonical);
  // Date.parse takes 30 February for 2 March.
  return Number.isFinite(ms) && new Date(ms).toISOString() === canonical ? ms : undefined;
}

/** An offset from the start as HH:MM:SS, with milliseconds where there are any. */
export function offsetText(ms: number): string {
  const two = (value: number): string => value.toString().padStart(2, "0");
  const seconds = Math.floor(ms / 1000);
  const fraction = ms % 1000 === 0 ? "" : `.${(ms % 1000).toString().padStart(3, "0")}`;
  return `${two(Math.floor(seconds / 3600))}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}${fraction}`;
}

/** `YYYY-MM-DDTHH:MM:SS[.mmm]Z`. */
export function utcText(utcMs: number): string {
  return new Date(utcMs).toISOString().replace(".000Z", "Z");
}
