import { expect } from "vitest";
import { Entropy } from "../../host/board/entropy.js";
import { generateKey } from "../../host/board/key_store.js";
import type { BoardImage } from "../../host/link/image.js";
import { BoardRandom } from "../../host/board/board_random.js";
import { BoardRecorder, type RecordedCall } from "../../host/trace/board_calls.js";
import { ENERGY, INTERVAL_S, LINE, LineNetwork } from "../node/lines.js";
import { invoiceOf, routeOf } from "../node/network.js";

const SEED = new Uint8Array(32).fill(0x5e);
const PRICE = 200_000n;

export interface Story {
  readonly calls: readonly RecordedCall[];
  /** What a board is given to go through the same. */
  readonly image: BoardImage;
}

/** The node "board" runs on a recorder, with the random generator of a board. */
class RecordedNetwork extends LineNetwork {
  readonly recorder = new BoardRecorder();

  constructor() {
    super("v8", "boards");
    this.meterEngines.set("board", this.recorder.engine("metrology"));
  }

  override equip(name: string, start: number) {
    const usual = super.equip(name, start);
    return name === "board" ? { engine: this.recorder.engine("node"), random: new BoardRandom(SEED) } : usual;
  }
}

/** What a generator does in its first minutes: a channel, payments, energy sold by a swap, an interval closed. */
export function story(): Story {
  const network = new RecordedNetwork();
  const config = { ...ENERGY, energyCreditMsat: 50_000_000n };
  const board = network.addNode("board", 1, config);
  const home = network.addNode("home", 1, config);
  network.connect(home, board);
  network.run();
  const terms = { ...LINE, ratingMw: 12_000_000_000n, creditLimitMsat: 50_000_000n };
  network.openChannel(home, board, 10_000_000n, false, 5_000_000_000n, terms);
  const { bolt11 } = board.node.invoice({ amountMsat: 5_000_000n, description: "tea", timestampS: network.utcS });
  home.node.pay({
    channel: 0,
    hops: routeOf(network, 5_000_000n, [{ node: board, scid: 0n }]),
    invoice: invoiceOf(bolt11),
  });
  network.run();
  network.toSecond(10);
  network.seconds(INTERVAL_S);
  const offer = {
    side: "sell",
    receipts: true,
    promises: true,
    match: false,
    meter: 0,
    fromS: network.interval,
  } as const;
  const untilS = network.interval + 100 * INTERVAL_S;
  board.node.offer(0, { ...offer, untilS, priceMsatPerKwh: PRICE, maxMwh: 1_000_000_000n });
  const [hop] = routeOf(network, 2_000_000n, [{ node: board, scid: 0n }]);
  if (hop === undefined) throw new Error("no route");
  home.node.pay({
    channel: 0,
    hops: [{ ...hop, energyMwh: 10_000_000n }],
    energy: { intervalStart: network.interval + INTERVAL_S, kind: "promise" },
  });
  network.run();
  network.seconds(INTERVAL_S);
  network.meter(board).send(10_000_000n);
  network.meter(home).send(-10_000_000n);
  network.seconds(INTERVAL_S + 20);
  // It all happened: otherwise the recording would show little.
  expect(board.told("received")).toMatchObject([{ amountMsat: 5_000_000n }, { energy: { energyMwh: 10_000_000n } }]);
  expect(board.told("interval closed").length).toBeGreaterThan(2);
  expect(board.told("problem")).toEqual([]);
  return {
    calls: network.recorder.calls,
    image: {
      root: new Entropy("board", "root").bytes(32),
      key: generateKey(new Entropy("board0", "meter")),
      seed: SEED,
    },
  };
}
