import { Entropy } from "../../board/entropy.js";
import { KeyRing } from "../../board/key_ring.js";
import { NODE_FLASH_SECTORS, NODE_SECTOR_BYTES, NodeBoard } from "../../board/node_board.js";
import { NodeCrypto } from "../../board/node_crypto.js";
import { NorFlash } from "../../board/nor_flash.js";
import type { Instance } from "../../engine/engine.js";
import { BOARD_ROOT } from "../../link/image.js";
import { readNode } from "../../node/module.js";
import { CryptoCosts } from "../../qemu/crypto_costs.js";
import { callFigures } from "../../qemu/figures.js";
import { QemuMachine } from "../../qemu/machine.js";
import { type NodeCall, onion } from "../../qemu/node_work.js";
import { BoardRecorder, type ImportCall } from "../../trace/board_calls.js";
import { type Cost, EVERYTHING } from "./part.js";

const PEEL = "onion peeled";

/** One onion peeled by the node's own export, warm and with everything to be compiled. */
export async function measurePeel(): Promise<{ readonly warm: Cost; readonly cold: Cost }> {
  const machine = new QemuMachine({ countInstructions: true });
  try {
    await machine.powerOn(); // without a key: the metrology module stays down
    const { client } = machine;
    await client.start("node");
    const crypto = cryptoOf();
    const peel = async (): Promise<{ instructions: number; imports: readonly ImportCall[] }> => {
      let peeled: { instructions: number; imports: readonly ImportCall[] } | undefined;
      await onion(async (title, call, outputBytes) => {
        const { result, output } = await client.callNode(call.name, call.args, call.input, outputBytes);
        if (result < 0) throw new Error(`${call.name}: ${result}`);
        const cost = callFigures(await client.map(false, "node"));
        const imports = crypto(call);
        if (title === PEEL) peeled = { instructions: cost.instructions, imports };
        return { result, output, ...cost, imports };
      });
      if (peeled === undefined) throw new Error("no onion was peeled");
      return peeled;
    };
    await client.codeCache(EVERYTHING);
    await peel();
    const warm = await peel();
    await client.codeCache(0);
    const cold = await peel();
    await client.codeCache(EVERYTHING);
    const floor = await (await CryptoCosts.on(client)).total(warm.imports);
    return { warm: { instructions: warm.instructions, floor }, cold: { instructions: cold.instructions, floor } };
  } finally {
    await machine.discard();
  }
}

/** What a call of the node calls for in cryptography: it is made once more, on V8. */
function cryptoOf(): (call: NodeCall) => readonly ImportCall[] {
  const recorder = new BoardRecorder();
  const { wasm, sourceMap } = readNode();
  const flash = new NorFlash(NODE_SECTOR_BYTES, NODE_FLASH_SECTORS);
  const board = new NodeBoard(flash, new NodeCrypto(new KeyRing(BOARD_ROOT)), new Entropy("onion"));
  const instance: Instance = recorder.engine("node").instantiate(
    wasm,
    board.imports(() => instance.memory()),
    sourceMap,
  );
  const inputAt = Number(instance.call("in_buffer"));
  return ({ name, args, input }) => {
    instance.memory().set(input, inputAt);
    instance.call(name, ...args);
    return recorder.calls.at(-1)?.crypto ?? [];
  };
}
