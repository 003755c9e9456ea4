// Daily profiles as 24 means, one an hour; power in between is linear from hour centre to hour centre.

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** H0's dynamisation factor of a day of the year (1..366): the polynomial published with the profile. */
export function h0Dynamisation(dayOfYear: number): number {
  const t = dayOfYear;
  return -3.92e-10 * t * t * t * t + 3.2e-7 * t * t * t - 7.02e-5 * t * t + 2.1e-3 * t + 1.24;
}

/**
 * Power of a household.
 * @param hours kW in each hour, of a household that uses 1000 kWh a year; taken as hours of UTC
 * @param annualKwh consumption, kWh a year
 * @param dynamised whether the day of the year scales it, as H0 wants
 * @returns mW, integer
 */
export function householdMw(hours: readonly number[], annualKwh: number, dynamised: boolean, utcMs: number): number {
  const kw = interpolate(hours, utcMs) * (annualKwh / 1000);
  return Math.round((dynamised ? kw * h0Dynamisation(dayOfYear(utcMs)) : kw) * 1e6);
}

/**
 * Output of a solar roof.
 * @param hours kW in each hour, of a roof of 1 kWp
 * @param peakKw rated power, kWp
 * @returns mW, integer
 */
export function solarMw(hours: readonly number[], peakKw: number, utcMs: number): number {
  return Math.round(interpolate(hours, utcMs) * peakKw * 1e6);
}

function interpolate(hours: readonly number[], utcMs: number): number {
  const position = (utcMs % DAY_MS) / HOUR_MS - 0.5;
  const hour = Math.floor(position);
  const share = position - hour;
  const at = (index: number): number => hours[(index + 24) % 24] ?? 0;
  return at(hour) * (1 - share) + at(hour + 1) * share;
}

/** 1 = 1 January. */
function dayOfYear(utcMs: number): number {
  return Math.floor((utcMs - Date.UTC(new Date(utcMs).getUTCFullYear(), 0, 1)) / DAY_MS) + 1;
}
