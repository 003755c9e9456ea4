import { expect, it } from "vitest";
import { engineByName } from "../../host/engine/index.js";
import { outcomeOf } from "../../host/street/outcome.js";
import type { StreetResult } from "../../host/street/result.js";
import { LONG } from "../long/counts.js";
import { lightning } from "./lightning.js";
import { randomStreet } from "./random_street.js";
import { runToEnd, scenarioOf, scripted } from "./street.js";

const STREETS = LONG ? 500 : 25;
/** Streets that go on in one test, so that a failure names few. */
const AT_A_TIME = 5;

/** Who refuses a swap has its own words for it; that it is the same node must be so. */
const books = ({ trades, totals, intervals }: StreetResult): object => ({
  totals,
  intervals,
  trades: trades.map((trade) => ({ ...trade, status: trade.status.split(":")[0] })),
});

const refused = { alike: 0, done: 0 };

it.each(Array.from({ length: STREETS / AT_A_TIME }, (_, i) => i * AT_A_TIME))(
  "nodes of random streets do as the rules say, whatever trees, terms and offers they have: seeds from %i",
  (first) => {
    for (let i = first; i < first + AT_A_TIME; i++) {
      const text = randomStreet(String(i));
      const model = outcomeOf(runToEnd(scripted(scenarioOf(text))));
      const result = outcomeOf(runToEnd(lightning(scenarioOf(text), engineByName("v8"))));
      expect(result.conservation, `seed ${i}`).toMatchObject({ holds: true, problems: [] });
      expect(books(result), `seed ${i}`).toEqual(books(model));
      refused.alike += result.totals.failedTrades;
      refused.done += result.totals.trades;
    }
  },
  120_000,
);

it("among them are many that are taken and some that are refused", () => {
  expect(refused.done).toBeGreaterThan(STREETS * 4);
  expect(refused.alike).toBeGreaterThan(STREETS / 5);
});
