import { stringify } from "yaml";

/** Lines that a cabinet has away from the head, and the head itself: a node has four. */
const BELOW_CABINET = 3;
const BELOW_HEAD = 4;
/** More would need ways of more than eight lines. */
export const MOST_HOMES = 108;
/** Every third home has a roof. */
const SOLAR_EVERY = 3;
/** What a home's line carries, and what each of many homes adds to a line that they share, W. */
const HOME_W = 10_000;
const SHARED_W = 6_000;

export interface StreetOptions {
  readonly homes: number;
  /** As a scenario has it. */
  readonly duration?: string;
  readonly step?: string;
  readonly seed?: string;
}

interface Branch {
  readonly name: string;
  readonly homes: number;
}

/**
 * A scenario of a street of 1 to 108 homes that trades, as a YAML document: cabinets of three homes, cabinets of three
 * cabinets where the head has no line left for them, and a roof on every third home.
 */
export function generateStreet({ homes, duration = "1d", step = "1min", seed = "1" }: StreetOptions): string {
  if (!Number.isInteger(homes) || homes < 1 || homes > MOST_HOMES) {
    throw new RangeError(`${homes} homes: a street has 1 to ${MOST_HOMES}`);
  }
  const lines: object[] = [];
  const terms: object[] = [];
  let level = Array.from({ length: homes }, (_, i): Branch => ({ name: `home-${i + 1}`, homes: 1 }));
  let cabinets = 0;
  const connect = (from: string, { name, homes: below }: Branch): void => {
    // The more homes share a line, the thicker it is.
    lines.push({ from, to: name, resistance_ohm: round(0.12 / below) });
    if (below > 1) terms.push({ to: name, rating_w: Math.max(HOME_W, SHARED_W * below) });
  };
  do {
    const above: Branch[] = [];
    for (let i = 0; i < level.length; i += BELOW_CABINET) {
      const below = level.slice(i, i + BELOW_CABINET);
      const cabinet = { name: `cabinet-${++cabinets}`, homes: below.reduce((sum, branch) => sum + branch.homes, 0) };
      for (const branch of below) connect(cabinet.name, branch);
      above.push(cabinet);
    }
    level = above;
  } while (level.length > BELOW_HEAD);
  for (const branch of level) connect("head", branch);
  const isSolar = (i: number): boolean => i % SOLAR_EVERY === SOLAR_EVERY - 1;
  const meters = Array.from({ length: homes }, (_, i) => ({
    name: `home-${i + 1}`,
    serial: `HOME-${i + 1}`,
    load: { profile: "h0-summer-workday", annual_kwh: 2500 + ((i * 700) % 3000) },
    ...(isSolar(i) && { generation: { profile: "clear-sky-lat48-midsummer", peak_kw: 5 }, clouds_percent: 15 }),
    noise_percent: 40,
  }));
  return stringify({
    name: `street-of-${homes}`,
    description: `a street of ${homes} homes and ${cabinets} cabinets`,
    start: "2026-06-22T00:00:00Z",
    duration,
    step,
    seed,
    feeder: { head: "head", lines },
    // Pulses of 60 ms keep up with 60 kW at 1000 imp/kWh.
    meters: [...meters, { name: "head", serial: "HEAD", meter_constant_imp_per_kwh: homes > 4 ? 50 : 1000 }],
    market: {
      every_line: {
        rating_w: HOME_W,
        loss_away_percent: 1,
        loss_back_percent: 0.5,
        rent_away_msat_per_kwh: 12_000,
        rent_back_msat_per_kwh: -3_000,
        tariff_msat_per_kwh: 225_000,
        spread_percent: 100,
      },
      lines: terms,
      offers: [
        { node: "head", side: "sell", msat_per_kwh: 250_000 },
        {
          node: "head",
          side: "buy",
          kinds: ["receipt"],
          steps: [
            { from: "00:00", msat_per_kwh: 80_000 },
            { from: "11:00", msat_per_kwh: -20_000 },
            { from: "15:00", msat_per_kwh: 80_000 },
          ],
        },
        ...meters.flatMap(({ name }, i) => (isSolar(i) ? [{ node: name, side: "sell", msat_per_kwh: 60_000 }] : [])),
      ],
    },
  });
}

const round = (ohm: number): number => Math.round(ohm * 10_000) / 10_000;
