// Load and solar profiles. Hour values are means over the hour; power in between is linear from hour centre to centre.

/**
 * Average power in each hour, kW, of a household that uses 1000 kWh a year: BDEW/VDEW standard load profile H0, summer
 * workday, static (oemof/demandlib, selp_series.csv, MIT).
 */
const H0_SUMMER_WORKDAY_KW = [
  0.07365, 0.05484, 0.04978, 0.04686, 0.04878, 0.05926, 0.0979, 0.12971, 0.14164, 0.14407, 0.13924, 0.14196, 0.15783,
  0.15269, 0.13177, 0.11879, 0.11479, 0.12249, 0.14217, 0.16517, 0.16658, 0.15755, 0.14451, 0.11208,
];

/**
 * Output in each hour of solar time, kW per kWp, horizontal, latitude 48 degrees, day 172: Haurwitz clear sky,
 * GHI = 1098 cos z exp(-0.059 / cos z) W/m2 (as in pvlib), times 0.8 GHI / 1000.
 */
const SOLAR_CLEAR_SKY_LAT48_DAY172_KW_PER_KWP = [
  0, 0, 0, 0, 0.0262, 0.1445, 0.2821, 0.4165, 0.5376, 0.6365, 0.7065, 0.7428, 0.7428, 0.7065, 0.6365, 0.5376, 0.4165,
  0.2821, 0.1445, 0.0262, 0, 0, 0, 0,
];

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** H0's dynamisation factor of a day of the year (1..366): the polynomial published with the profile. */
export function h0Dynamisation(dayOfYear: number): number {
  const t = dayOfYear;
  return -3.92e-10 * t * t * t * t + 3.2e-7 * t * t * t - 7.02e-5 * t * t + 2.1e-3 * t + 1.24;
}

/**
 * Household load on a summer workday.
 * @param utcMs UTC, ms; the profile's hours are taken as UTC
 * @param annualKwh consumption of the household, kWh a year
 * @returns mW, integer
 */
export function householdMw(utcMs: number, annualKwh: number): number {
  const kw = interpolate(H0_SUMMER_WORKDAY_KW, utcMs) * (annualKwh / 1000) * h0Dynamisation(dayOfYear(utcMs));
  return Math.round(kw * 1e6);
}

/**
 * Clear-sky output of a solar roof at midsummer.
 * @param peakKw rated power, kWp
 * @returns mW, integer
 */
export function solarMw(utcMs: number, peakKw: number): number {
  return Math.round(interpolate(SOLAR_CLEAR_SKY_LAT48_DAY172_KW_PER_KWP, utcMs) * peakKw * 1e6);
}

function interpolate(hourly: readonly number[], utcMs: number): number {
  const position = (utcMs % DAY_MS) / HOUR_MS - 0.5;
  const hour = Math.floor(position);
  const share = position - hour;
  const at = (index: number): number => hourly[(index + 24) % 24] ?? 0;
  return at(hour) * (1 - share) + at(hour + 1) * share;
}

/** 1 = 1 January. */
function dayOfYear(utcMs: number): number {
  return Math.floor((utcMs - Date.UTC(new Date(utcMs).getUTCFullYear(), 0, 1)) / DAY_MS) + 1;
}
