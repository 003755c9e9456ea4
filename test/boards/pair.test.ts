import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { KeyRing } from "../../host/board/key_ring.js";
import { readChannel } from "../../host/node/answers.js";
import { RecordWriter } from "../../host/node/record_fields.js";
import { bootRecord, invoiceRecord, openRecord, payRecord } from "../../host/node/requests.js";
import { PosixMachine } from "../../host/posix/index.js";
import { whereItRuns } from "../driver/engines.js";
import { MIDNIGHT } from "../driver/meter_client.js";
import { CONFIG, invoiceOf, START_HEIGHT } from "../node/network.js";
import { CONFIGURATION, FreeBoard, image, STEPPED } from "./free_board.js";
import { PeerWire } from "./peer_wire.js";

const ROOTS = [1, 2].map((fill) => new Uint8Array(32).fill(fill));
const IDS = ROOTS.map((root) => new KeyRing(root).publicKey(0) as Uint8Array);
const AMOUNT_MSAT = 5_000_000n;
const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString("latin1");

/** A stepped board whose only link goes to the other one, over this process. */
class Neighbour extends FreeBoard {
  #ms = 0;

  constructor(
    machine: PosixMachine,
    readonly wire: PeerWire,
  ) {
    super(machine);
  }

  override async on(): Promise<string> {
    this.#ms = 0;
    return super.on();
  }

  /** Time goes on; what the board has said to the other one meanwhile. */
  async go(ms: number): Promise<Uint8Array> {
    this.#ms += ms;
    const written = [this.wire.written];
    const idle = await this.machine.client.step({ us: BigInt(this.#ms) * 1000n, written });
    return this.wire.take(idle.written[0] ?? 0);
  }
}

/** Both go on by `ms`, and hear each other until neither has more to say. */
async function go(pair: readonly [Neighbour, Neighbour], ms: number): Promise<void> {
  let said = await Promise.all(pair.map((board) => board.go(ms)));
  while (said.some(({ length }) => length > 0)) {
    pair.forEach(({ wire }, i) => wire.write(said[1 - i] ?? new Uint8Array()));
    said = await Promise.all(pair.map((board) => board.go(0)));
  }
}

async function seconds(pair: readonly [Neighbour, Neighbour], count: number): Promise<void> {
  for (let i = 0; i < count; i++) await go(pair, 1000);
}

async function withPair(
  sanitized: boolean,
  body: (pair: readonly [Neighbour, Neighbour]) => Promise<void>,
): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), "tieline-pair-"));
  const made: Neighbour[] = [];
  try {
    for (const [i, root] of ROOTS.entries()) {
      const path = join(directory, `${i}`);
      const wire = await PeerWire.listen(path);
      made.push(new Neighbour(new PosixMachine({ ...image({ root }), peers: [path], sanitized }), wire));
    }
    const [first, second] = made;
    if (first === undefined || second === undefined) throw new Error("two were made");
    await body([first, second]);
  } finally {
    for (const board of made) {
      await board.machine.discard();
      board.wire.close();
    }
    rmSync(directory, { recursive: true, force: true });
  }
}

describe.each([
  ["posix", false],
  ["posix, sanitized", true],
] as const)("two boards in free mode, %s", (_, sanitized) => {
  whereItRuns("posix", () => {
    it("open a channel over their line and pay, also after one was without power", () =>
      withPair(sanitized, async (pair) => {
        const [a, b] = pair;
        const node = bootRecord(CONFIG, START_HEIGHT, 0n, 0n);
        for (const [i, board] of pair.entries()) {
          const peers = i === 0 ? (IDS[1] ?? new Uint8Array()) : new Uint8Array(33);
          expect(await board.set({ mode: STEPPED, metrology: CONFIGURATION, node, peers })).toBe("");
        }
        await seconds(pair, 2);
        expect(a.events("peer").map(({ peer }) => peer)).toEqual([IDS[1]]);
        expect(b.events("peer").map(({ peer }) => peer)).toEqual([IDS[0]]);

        await a.command(
          "OPEN",
          openRecord({ peer: IDS[1] ?? new Uint8Array(), fundingSat: 1_000_000n, feeratePerKw: 253 }),
        );
        await seconds(pair, 1);
        expect(a.events("funding needed")).toMatchObject([{ channel: 0, amountSat: 1_000_000n }]);
        await a.command("FUND", new RecordWriter().number(0, 4).number(0, 4).raw(new Uint8Array(32).fill(9), 32).end());
        await seconds(pair, 1);
        expect(a.events("funding signed")).toEqual([{ kind: "funding signed", channel: 0 }]);
        for (const board of pair) await board.machine.client.callNode("funding_depth", [0, 6, START_HEIGHT, 1]);
        await seconds(pair, 1);
        const channel = async (board: FreeBoard) =>
          readChannel(await board.command("CHANNEL", new RecordWriter().number(0, 4).end()));
        expect((await channel(a)).state).toBe("normal");
        expect((await channel(b)).state).toBe("normal");

        const pay = async (): Promise<void> => {
          const request = { amountMsat: AMOUNT_MSAT, description: "tea", timestampS: BigInt(MIDNIGHT / 1000) };
          const invoice = invoiceOf(text((await b.command("INVOICE", invoiceRecord(request))).subarray(32)));
          const hop = { shortChannelId: 0n, amountMsat: AMOUNT_MSAT, cltvExpiry: START_HEIGHT + 20 };
          const hops = [{ ...hop, point: IDS[1] ?? new Uint8Array() }];
          await a.command("PAY", payRecord({ channel: 0, hops, invoice }));
          await seconds(pair, 2);
        };
        await pay();
        expect(a.events("sent")).toMatchObject([{ amountMsat: AMOUNT_MSAT }]);
        expect(b.events("received")).toMatchObject([{ amountMsat: AMOUNT_MSAT }]);

        await b.machine.powerOff();
        expect(await b.on()).toBe("");
        await seconds(pair, 4);
        await pay();
        expect(a.events("sent")).toHaveLength(2);
        expect(b.events("received")).toHaveLength(2);
        expect((await channel(b)).holderMsat).toBe(2n * AMOUNT_MSAT);
        expect([...a.events("problem"), ...b.events("problem")]).toEqual([]);
        expect([...a.log, ...b.log]).toEqual([]);
      }));
  });
});
