import { MAX_CHANNELS, MAX_ENERGY_OFFERS } from "../node/abi.js";
import { ENERGY, ENERGY_ABOVE_ZERO, INTERVAL, PPM, PRICE } from "./energy_parameters.js";
import { FLAG, MSAT_OR_ZERO, PATH, POINT, choice, integer, text } from "./parameters.js";
import { SWAP_ROUTE } from "./route.js";
import type { Verbs } from "./verbs.js";

const LINE = {
  name: "id",
  type: text("channel", 80),
  about: "the line: peer's node id, channel_id, short_channel_id or number of its channel",
} as const;
const PLACE = { name: "place", type: integer("place", 0, MAX_ENERGY_OFFERS - 1), about: "where it stands" } as const;

/** Verbs of a node with line meters. */
export const ENERGY_VERBS = {
  lines: {
    about: "list lines: what is agreed on, metered, owed or in dispute; from node_1 to node_2, the smaller id first",
    parameters: [{ ...LINE, optional: true }],
  },
  offer: {
    about: "offer energy to whoever pays for it, in place of an offer that stands there",
    parameters: [
      PLACE,
      {
        name: "side",
        type: choice<"sell" | "buy">("side", ["sell", "buy"]),
        about: "buy: while the price is below zero",
      },
      { name: "price", type: PRICE, about: "msat for a kWh; below zero the payer gives the energy as well" },
      { name: "most", type: ENERGY_ABOVE_ZERO, about: "the most in an interval" },
      { name: "from", type: INTERVAL, about: "first interval" },
      { name: "intervals", type: integer("n", 1, 100_000), optional: true, about: "how many, default 1" },
      {
        name: "kinds",
        type: choice<"both" | "receipt" | "promise">("kinds", ["both", "receipt", "promise"]),
        optional: true,
        about: "energy that was metered, energy to come, default both",
      },
      { name: "meter", type: integer("meter", 0, MAX_CHANNELS - 1), optional: true, about: "whose notes, default 0" },
      { name: "match", type: FLAG, optional: true, about: "what is sold waits for what is bought with it" },
    ],
  },
  listoffers: { about: "list the offers that stand", parameters: [] },
  dropoffer: { about: "take an offer back", parameters: [PLACE] },
  swap: {
    about: "pay for energy of one interval, over a direct line or a route given; shows the note of the other's meter",
    parameters: [
      { name: "destination", type: POINT, about: "whose offer it is" },
      { name: "energy", type: ENERGY, about: "that comes from there; below zero: that goes there with the money" },
      { name: "price", type: PRICE, about: "msat for a kWh: energy x price, rounded up, is paid" },
      { name: "from", type: INTERVAL, about: "start of the interval" },
      {
        name: "kind",
        type: choice<"receipt" | "promise">("kind", ["receipt", "promise"]),
        optional: true,
        about: "default promise",
      },
      {
        name: "route",
        type: SWAP_ROUTE,
        optional: true,
        about: "JSON list of hops {id, channel, energy_mwh, rent_msat}",
      },
      { name: "retry_for", type: integer("s", 1, 3600), optional: true, about: "how long to wait, default 60" },
    ],
  },
  purse: {
    about: "show what is left for rebates, or fill the purse",
    parameters: [{ name: "cap", type: MSAT_OR_ZERO, optional: true, about: "up to so much" }],
  },
  linepolicy: {
    about: "show what a line's owner charges for energy, or charge otherwise; forth is from node_1 to node_2",
    parameters: [
      LINE,
      { name: "rent_forth", type: PRICE, optional: true, about: "msat for a kWh" },
      { name: "loss_forth", type: PPM, optional: true, about: "of the energy, ppm" },
      { name: "rent_back", type: PRICE, optional: true, about: "msat for a kWh" },
      { name: "loss_back", type: PPM, optional: true, about: "of the energy, ppm" },
    ],
  },
  settle: { about: "in a dispute, accept what the peer's meter says", parameters: [LINE] },
  evidence: {
    about: "write what proves a line's energy to a file, for tieline evidence",
    parameters: [LINE, { name: "file", type: PATH, about: "where to" }],
  },
} as const satisfies Verbs;
