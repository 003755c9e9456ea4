import fc from "fast-check";
import { expect, it } from "vitest";
import { Entropy } from "../../host/board/entropy.js";
import { KeyRing } from "../../host/board/key_ring.js";
import { NODE_FLASH_SECTORS, NODE_SECTOR_BYTES, NodeBoard } from "../../host/board/node_board.js";
import { NodeCrypto } from "../../host/board/node_crypto.js";
import { NorFlash } from "../../host/board/nor_flash.js";
import type { Instance } from "../../host/engine/engine.js";
import { engineByName } from "../../host/engine/index.js";
import { NODE_EXPORTS, NODE_INPUT_BYTES, type NodeExportName } from "../../host/node/abi.js";
import { readNode } from "../../host/node/module.js";
import { bootRecord } from "../../host/node/requests.js";
import { encodeMessage, MESSAGES } from "../../host/wire/message.js";
import { anyMessage } from "../wire/arbitraries.js";
import { NODE_CALLS } from "../long/counts.js";

const NAMES = Object.keys(NODE_EXPORTS) as NodeExportName[];

const MAX_FRAME = 4096;
const CONFIG = { chainHash: new Uint8Array(32).fill(6), prefix: "bcrt" };

function open(): { readonly instance: Instance; readonly board: NodeBoard } {
  const { wasm, sourceMap } = readNode();
  const crypto = new NodeCrypto(new KeyRing(new Uint8Array(32).fill(0x22)));
  const flash = new NorFlash(NODE_SECTOR_BYTES, NODE_FLASH_SECTORS);
  const board = new NodeBoard(flash, crypto, new Entropy("node module"));
  const instance: Instance = engineByName("v8").instantiate(
    wasm,
    board.imports(() => instance.memory()),
    sourceMap,
  );
  return { instance, board };
}

it("node.wasm takes at most 204 KB of linear memory", () => {
  const used = open().instance.call("memory_bytes") as number;
  expect(used).toBeGreaterThan(2 * NODE_INPUT_BYTES);
  expect(used).toBeLessThanOrEqual(204 * 1024);
});

it("node.wasm has all tables of messages where 16 bits reach them, however much memory it takes", () => {
  const { instance } = open();
  const input = instance.call("in_buffer") as number;
  const types = new Set<number>();
  for (const message of fc.sample(anyMessage, { numRuns: 1000, seed: 5 })) {
    const frame = encodeMessage(message);
    if (frame.length > MAX_FRAME) continue;
    instance.memory().set(frame, input);
    expect(instance.call("message_reencode", frame.length), message.name).toBe(frame.length);
    types.add(message.type);
  }
  expect([...types].sort((a, b) => a - b)).toEqual(MESSAGES.map(({ type }) => type));
});

it.each(["off", "on"])(
  "no export of a node switched %s traps or touches memory beyond that, whatever it is given",
  (power) => {
    const { instance, board } = open();
    if (power === "on") {
      const record = bootRecord(CONFIG, 1000, 0n, 0n);
      instance.memory().set(record, instance.call("in_buffer") as number);
      expect(instance.call("boot", record.length)).toBe(0);
    }
    const used = instance.call("memory_bytes") as number;
    const input = instance.call("in_buffer") as number;
    const zeros = new Uint8Array(instance.memory().length - used);
    const size = fc.oneof(
      fc.integer({ min: 0, max: 64 }),
      fc.integer({ min: 0, max: NODE_INPUT_BYTES + 1 }),
      fc.integer(),
    );
    const call = fc.constantFrom(...NAMES).chain((name) =>
      fc.record({
        name: fc.constant(name),
        args: fc.tuple(
          ...NODE_EXPORTS[name].params.map((type) => (type === "i32" ? size : fc.bigInt(0n, 2n ** 63n - 1n))),
        ),
        bytes: fc.uint8Array({ maxLength: 300 }),
        at: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: NODE_INPUT_BYTES - 300 })),
      }),
    );
    fc.assert(
      fc.property(call, ({ name, args, bytes, at }) => {
        instance.memory().set(bytes, input + at);
        instance.call(name, ...(args as (number | bigint)[]));
        board.outputs.length = 0;
        const beyond = instance.memory().subarray(used);
        expect(Buffer.compare(beyond, zeros), `memory beyond ${used} after ${name}`).toBe(0);
      }),
      { numRuns: NODE_CALLS, seed: 1 },
    );
  },
  600_000,
);
