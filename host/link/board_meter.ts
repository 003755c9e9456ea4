import { createHash } from "node:crypto";
import { Trap } from "../engine/engine.js";
import { ABI_VERSION } from "../metrology/abi.js";
import type { CallResult, MeterDriver } from "../metrology/driver.js";
import { readMetrology } from "../metrology/module.js";
import type { Machine } from "./machine.js";
import { LinkError, Status } from "./protocol.js";

/** A board's answer to a call as other engines would have thrown it: a Trap if the module trapped, now or before. */
export function asTrap(error: unknown): unknown {
  const trapped = error instanceof LinkError && (error.status === Status.trap || error.status === Status.stopped);
  return trapped ? new Trap(error.message, { cause: error }) : error;
}

/** Powers the board on and makes sure that it runs this project's module. Returns the board's name. */
async function start(machine: Machine): Promise<string> {
  const refusal = await machine.powerOn();
  if (refusal !== "") throw new Error(`the board does not start its module: ${refusal}`);
  const hello = await machine.client.hello();
  if (hello.abiVersion !== ABI_VERSION) throw new Error(`the board's firmware has ABI version ${hello.abiVersion}`);
  const expected = createHash("sha256").update(readMetrology().wasm).digest();
  if (!expected.equals(hello.moduleHash))
    throw new Error("the board measures another module than build/metrology.wasm");
  return hello.board;
}

/** metrology.wasm in wasm3 on an emulated board, behind its service link. */
class BoardMeter implements MeterDriver {
  constructor(
    readonly engine: string,
    private readonly machine: Machine,
  ) {}

  async call(...args: Parameters<MeterDriver["call"]>): Promise<CallResult> {
    try {
      return await this.machine.client.call(...args);
    } catch (error) {
      throw asTrap(error);
    }
  }

  async publicKey(): Promise<Uint8Array> {
    return (await this.machine.client.hello()).publicKey;
  }

  flash(): Promise<Uint8Array> {
    return Promise.resolve(this.machine.flash());
  }

  async restart(): Promise<void> {
    await this.machine.powerOff();
    await start(this.machine);
  }

  async close(): Promise<void> {
    await this.machine.discard();
  }
}

/** Starts a board, which is discarded with the meter. Rejects with what keeps it from running. */
export async function openBoardMeter(machine: Machine): Promise<MeterDriver> {
  try {
    return new BoardMeter(await start(machine), machine);
  } catch (error) {
    await machine.discard();
    throw error;
  }
}
