import { Entropy } from "../../host/board/entropy.js";
import { stringify } from "yaml";

const pick = <T>(random: Entropy, items: readonly T[]): T => items[random.below(items.length)] as T;
const between = (random: Entropy, low: number, high: number): number => low + random.below(high - low + 1);

/** Terms of a line that are no pump: of the two rents at most one is below zero, and smaller than the other by the losses. */
function termsOf(random: Entropy): object {
  const [awayLoss, backLoss] = [between(random, 0, 40), between(random, 0, 40)];
  const rent = between(random, 0, 40_000);
  const rebate = -Math.floor((rent * between(random, 0, 90)) / 100);
  const isBack = random.below(3) > 0;
  const rents = random.below(3) === 0 ? [rent, between(random, 0, 20_000)] : [rent, rebate];
  const [away, back] = isBack ? rents : [...rents].reverse();
  return {
    rating_w: pick(random, [700, 2000, 4000, 10_000]),
    rent_away_msat_per_kwh: away,
    rent_back_msat_per_kwh: back,
    loss_away_percent: awayLoss / 10,
    loss_back_percent: backLoss / 10,
    credit_sat: pick(random, [0, 0, 100]),
    tariff_msat_per_kwh: pick(random, [0, 100_000, 225_000, 300_001]),
    spread_percent: pick(random, [0, 10, 33, 100]),
    hold_s: between(random, 3, 20),
  };
}

function offerOf(random: Entropy, node: string, hasRoof: boolean): object {
  const side = node === "head" ? pick(random, ["sell", "sell", "buy"]) : hasRoof ? "sell" : "buy";
  const price = side === "sell" ? between(random, 0, 300_000) : between(random, -60_000, 120_000);
  return {
    node,
    side,
    ...(random.below(3) === 0 && { kinds: [pick(random, ["promise", "receipt"])] }),
    ...(random.below(3) === 0 && { power_w: between(random, 50, 2000) }),
    msat_per_kwh: price,
  };
}

/** A small street whose tree, terms, offers and loads follow from a seed: a scenario of an hour, as YAML. */
export function randomStreet(seed: string): string {
  const random = new Entropy(seed, "random street");
  const lines: { from: string; to: string; resistance_ohm: number }[] = [];
  const free = new Map([["head", 4]]);
  const hang = (name: string, below: number): void => {
    const open = [...free].filter(([, places]) => places > 0).map(([place]) => place);
    const from = pick(random, open);
    free.set(from, (free.get(from) ?? 0) - 1);
    lines.push({ from, to: name, resistance_ohm: between(random, 0, 200) / 1000 });
    if (below > 0) free.set(name, below);
  };
  const cabinets = random.below(4);
  for (let i = 1; i <= cabinets; i++) hang(`cabinet-${i}`, 3);
  // Every cabinet leads somewhere: homes go first where nothing hangs yet.
  const homes: string[] = [];
  const addHome = (): void => void homes.push(`home-${homes.length + 1}`);
  for (let i = 1; i <= cabinets; i++) {
    const name = `cabinet-${i}`;
    if (lines.some(({ from }) => from === name)) continue;
    addHome();
    free.set(name, (free.get(name) ?? 0) - 1);
    lines.push({ from: name, to: homes.at(-1) ?? "", resistance_ohm: between(random, 0, 200) / 1000 });
  }
  for (let more = between(random, 1, 3); more > 0 && [...free.values()].some((places) => places > 0); more--) {
    addHome();
    hang(homes.at(-1) ?? "", 0);
  }
  const roofs = new Set(homes.filter(() => random.below(2) === 0));
  return stringify({
    name: "random",
    start: pick(random, ["2026-06-22T04:30:00Z", "2026-06-22T12:00:00Z", "2026-06-22T19:00:00Z"]),
    duration: "1h",
    step: "1min",
    seed,
    feeder: { head: "head", lines },
    meters: [
      ...homes.map((name) => ({
        name,
        serial: name,
        load: { profile: "h0-summer-workday", annual_kwh: between(random, 500, 9000) },
        ...(roofs.has(name) && {
          generation: { profile: "clear-sky-lat48-midsummer", peak_kw: between(random, 1, 6) },
          clouds_percent: 40,
        }),
        noise_percent: 50,
      })),
      { name: "head", serial: "head" },
    ],
    market: {
      purse_sat: pick(random, [0, 1, 10_000]),
      forecast_error_percent: 30,
      every_line: termsOf(random),
      lines: lines.filter(() => random.below(2) === 0).map(({ to }) => ({ to, ...termsOf(random) })),
      offers: [
        { node: "head", side: "sell", msat_per_kwh: between(random, 50_000, 200_000) },
        ...["head", ...homes].filter(() => random.below(2) === 0).map((name) => offerOf(random, name, roofs.has(name))),
      ],
    },
  });
}
