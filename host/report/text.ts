// Quantities and text as the report shows them.

const ESCAPES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** Text as content or attribute of HTML. Control characters become the replacement character. */
export function escapeHtml(text: string): string {
  return (
    text
      // eslint-disable-next-line no-control-regex
      .replace(/[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]/g, "\ufffd")
      .replace(/[&<>"']/g, (character) => ESCAPES[character] ?? "")
  );
}

/** JSON that may stand in a script element: no character of it can end the element or begin a comment. */
export function scriptJson(value: unknown): string {
  return JSON.stringify(value).replace(
    /[<>&\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** A decimal number with thousands separated, exactly; `digits` decimals of `value / 10^digits`. */
export function decimal(value: bigint, digits: number): string {
  const text = (value < 0n ? -value : value).toString().padStart(digits + 1, "0");
  const whole = text.slice(0, text.length - digits).replace(/\B(?=(?:\d{3})+$)/g, ",");
  return `${value < 0n ? "\u2212" : ""}${whole}${digits > 0 ? `.${text.slice(-digits)}` : ""}`;
}

export const kwhText = (mwh: bigint): string => decimal(mwh, 6);
export const satText = (msat: bigint): string => decimal(msat, 3);
/** ppm as per cent with two decimals, cut off. */
export const percentText = (ppm: number): string => `${decimal(BigInt(Math.trunc(ppm / 100)), 2)} %`;

/** "2026-06-21 13:45" in UTC; with seconds where they are not 0. */
export function timeText(utcMs: number): string {
  const text = new Date(utcMs).toISOString();
  return `${text.slice(0, 10)} ${text.slice(11, text.slice(17, 19) === "00" ? 16 : 19)}`;
}

/** "15 min", "5 s", "1 h". */
export function durationText(seconds: number): string {
  if (seconds % 3600 === 0) return `${seconds / 3600} h`;
  return seconds % 60 === 0 ? `${seconds / 60} min` : `${seconds} s`;
}
