import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { Entropy } from "../../host/board/entropy.js";
import { generateKey } from "../../host/board/key_store.js";
import { Place, Status } from "../../host/link/protocol.js";
import type { Machine } from "../../host/link/machine.js";
import { PosixMachine } from "../../host/posix/index.js";
import { QemuMachine } from "../../host/qemu/machine.js";
import { METER_FLASH_SECTORS } from "../../host/metrology/driver.js";
import { whereItRuns } from "../driver/engines.js";
import { ENERGY, INTERVAL_S, LINE, LineNetwork } from "../node/lines.js";
import { invoiceOf, routeOf } from "../node/network.js";
import { BoardRandom, Recorder, type RecordedCall, replay } from "./recording.js";

const SEED = new Uint8Array(32).fill(0x5e);
const PRICE = 200_000n;

/** The node "board" runs on a recorder, with the random generator of a board. */
class RecordedNetwork extends LineNetwork {
  readonly recorder = new Recorder();

  override equip(name: string, start: number) {
    const usual = super.equip(name, start);
    return name === "board" ? { engine: this.recorder.engine("node"), random: new BoardRandom(SEED) } : usual;
  }

  override meterEngine(name: string) {
    return name === "board" ? this.recorder.engine("metrology") : super.meterEngine(name);
  }
}

/** What a generator does in its first minutes: a channel, payments, energy sold by a swap, an interval closed. */
function story(): { readonly calls: readonly RecordedCall[]; readonly root: Uint8Array; readonly key: Uint8Array } {
  const network = new RecordedNetwork("v8", "boards");
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
    root: new Entropy("board", "root").bytes(32),
    key: generateKey(new Entropy("board0", "meter")),
  };
}

let recorded: ReturnType<typeof story>;
beforeAll(() => {
  recorded = story();
});

describe.each(["posix", "qemu"] as const)("the node on the board %s", (name) => {
  let machine: Machine | undefined;
  afterEach(async () => machine?.discard());

  async function start(): Promise<Machine> {
    const { root, key } = recorded;
    const image = { root, key, seed: SEED };
    machine = name === "posix" ? new PosixMachine(image) : new QemuMachine(image);
    expect(await machine.powerOn()).toBe("");
    await machine.client.start("node");
    return machine;
  }

  whereItRuns(name, () => {
    it.each([
      ["as large as the board grants", undefined],
      ["32 KB", 32 * 1024],
      ["nothing", 0],
    ] as const)(
      "answers as on V8, call by call, metrology beside it; code cache: %s",
      async (_, cache) => {
        const { client } = await start();
        if (cache !== undefined) await client.codeCache(cache);
        expect(recorded.calls.filter(({ place }) => place === "metrology").length).toBeGreaterThan(100);
        expect(await replay(client, recorded.calls)).toEqual([]);
        const [node, metrology] = [await client.map(false, "node"), await client.map()];
        const of = (map: typeof node, figure: string): number => map.get(figure) ?? -1;
        if (cache === undefined) {
          expect(of(metrology, "code_drops")).toBe(0);
        } else {
          expect(of(node, "code_drops")).toBeGreaterThan(10);
          expect(of(node, "functions_dropped")).toBeGreaterThan(of(node, "functions_compiled"));
        }
        if (cache === 0) expect(of(metrology, "code_drops")).toBeGreaterThan(10);
        console.log(name, cache, Object.fromEntries(node), Object.fromEntries(metrology));
      },
      300_000,
    );
  });
});

void METER_FLASH_SECTORS;
void Place;
void Status;
