import { describe, expect, it } from "vitest";
import { Entropy } from "../../host/board/entropy.js";
import { FaultyFlash } from "../../host/board/flash_faults.js";
import { KeyRing } from "../../host/board/key_ring.js";
import { NODE_FLASH_SECTORS, NODE_SECTOR_BYTES, NodeBoard } from "../../host/board/node_board.js";
import { NodeCrypto } from "../../host/board/node_crypto.js";
import { NorFlash } from "../../host/board/nor_flash.js";
import { availableEngines, engineByName } from "../../host/engine/index.js";
import { LightningNode } from "../../host/node/lightning_node.js";
import { NodeModule, readNode } from "../../host/node/module.js";
import { CONFIG, routeOf, START_HEIGHT, TestNetwork } from "./network.js";
import { pair } from "./rows.js";

const NOBODY = {
  onSend: () => undefined,
  onHangUp: () => undefined,
  onEvent: () => undefined,
  onBroadcast: () => undefined,
  onWatch: () => undefined,
};
const START = { height: START_HEIGHT, nowMs: 0n, utcS: 0n };
const SECTORS = 96;
const GROUP = (SECTORS / 4) * NODE_SECTOR_BYTES;

describe.each(availableEngines().map(({ name }) => name))("the node's flash on %s", (engine) => {
  const boot = (flash: NorFlash, root: number, config = CONFIG): LightningNode => {
    const board = new NodeBoard(
      flash,
      new NodeCrypto(new KeyRing(new Uint8Array(32).fill(root))),
      new Entropy("flash"),
    );
    return new LightningNode(new NodeModule(engineByName(engine), readNode(), board), config, NOBODY, START);
  };
  const image = (): Uint8Array => {
    const flash = new NorFlash(NODE_SECTOR_BYTES, SECTORS);
    const node = boot(flash, 1);
    for (let i = 0; i < 5; i++) node.invoice({ amountMsat: BigInt(i + 1), description: "", timestampS: 1n });
    return flash.image();
  };
  const of = (bytes: Uint8Array): NorFlash => new NorFlash(NODE_SECTOR_BYTES, SECTORS, bytes);
  const amounts = (node: LightningNode): (bigint | undefined)[] => node.invoices().map(({ amountMsat }) => amountMsat);

  it("is read back, by the same node on the same chain only", () => {
    const bytes = image();
    expect(amounts(boot(of(bytes), 1))).toEqual([1n, 2n, 3n, 4n, 5n]);
    expect(() => boot(of(bytes), 2)).toThrow("ERR_CONFIG");
    expect(() => boot(of(bytes), 1, { ...CONFIG, chainHash: new Uint8Array(32) })).toThrow("ERR_CONFIG");
  });

  it("has to be large enough", () => {
    expect(() => boot(new NorFlash(NODE_SECTOR_BYTES, SECTORS - 1), 1)).toThrow("ERR_FLASH");
    expect(() => boot(new NorFlash(NODE_SECTOR_BYTES, 3), 1)).toThrow("ERR_FLASH");
    expect(amounts(boot(new NorFlash(128 * 1024, 4), 1))).toEqual([]);
  });

  it("damaged in its middle keeps the node off; damaged at its end, it costs the last event", () => {
    const bytes = image();
    const end = bytes.subarray(0, GROUP).findLastIndex((byte) => byte !== 0xff);
    const flipped = (at: number): Uint8Array => {
      const copy = bytes.slice();
      copy[at] = (copy[at] ?? 0) ^ 4;
      return copy;
    };
    for (let back = 0; back < 40; back++) expect(amounts(boot(of(flipped(end - back)), 1))).toEqual([1n, 2n, 3n, 4n]);
    // An invoice takes two entries at most, 200 bytes: so far back there are others behind it.
    for (let back = 300; back < 340; back++) expect(() => boot(of(flipped(end - back)), 1)).toThrow("ERR_FLASH");
  });

  it("that fails altogether ends the node: nothing more is sent, and it answers no more", () => {
    const network = new TestNetwork(engine);
    const a = network.add(
      "a",
      (bytes) => new FaultyFlash(NODE_SECTOR_BYTES, NODE_FLASH_SECTORS, new Entropy("bad"), bytes),
    );
    const b = network.add("b");
    network.connect(a, b);
    network.run();
    const [ab] = network.openChannel(a, b);
    for (let sector = 0; sector < NODE_FLASH_SECTORS; sector++) (a.flash as FaultyFlash).markBad(sector);
    const sent: number[] = [];
    const hungUp: number[] = [];
    a.onSend = (connection) => sent.push(connection);
    a.onHangUp = (connection) => hungUp.push(connection);
    const hops = routeOf(network, 1_000_000n, [{ node: b, scid: 0n }]);
    expect(() => a.node.pay({ channel: ab, hops })).toThrow("ERR_FLASH");
    expect([sent, hungUp]).toEqual([[], [0]]);
    expect(() => a.node.info()).toThrow("ERR_FLASH");
    expect(() => a.node.tick(0n, 0n)).toThrow("ERR_FLASH");
    expect(b.told("received")).toEqual([]);
  });

  it("holds a life of payments in four sectors that wear evenly", () => {
    const { network, a, b, ab } = pair(engine, false);
    const payments = engine === "v8" ? 120 : 40;
    for (let i = 0; i < payments; i++) {
      a.node.pay({ channel: ab, hops: routeOf(network, 1_000n, [{ node: b, scid: 0n }]) });
      network.run();
    }
    expect(b.told("received")).toHaveLength(payments);
    for (const { flash, node } of [a, b]) {
      const { journalBytes, journalSectorBytes } = node.info();
      expect(journalBytes).toBeLessThanOrEqual(journalSectorBytes);
      const counts = [...flash.eraseCounts];
      expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
      // What a payment writes at one of its ends: the figure that says how long flash lasts.
      expect(flash.programBytes / payments).toBeLessThan(8_000);
    }
  });
});
