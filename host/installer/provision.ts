import { ModuleError } from "../engine/errors.js";
import { type BoardClient } from "../link/board_client.js";
import type { Settings } from "../link/settings.js";
import { COMMANDS } from "../node/abi.js";
import { readInfo } from "../node/answers.js";
import { differences, type PlannedSettings } from "./board_plan.js";

/** What a board is after it was set up. */
export interface Provisioned {
  readonly board: string;
  readonly keysMade: { readonly metrology: boolean; readonly node: boolean };
  /** Metrology's public key, a compressed point, 33 bytes. */
  readonly publicKey: Uint8Array;
  /** 33 bytes. */
  readonly nodeId: Uint8Array;
  readonly sealed: boolean;
}

const INFO_BYTES = 216;
const DRIVEN = Uint8Array.of(0);

async function write(client: BoardClient, settings: Settings): Promise<void> {
  await client.writeSettings(settings);
  const wrong = differences(settings, await client.settings());
  if (wrong.length > 0) throw new Error(`the board does not keep what it was told: ${wrong.join(", ")}`);
}

async function restart(client: BoardClient): Promise<void> {
  const refusal = await client.restartAndWait();
  if (refusal !== "") throw new Error(`the board does not run: ${refusal}`);
}

/** Calls that a board answers with a code: throws ModuleError if that is negative. */
function accept(name: string, result: number): void {
  if (result < 0) throw new ModuleError(name, result);
}

/** Both modules are started with what they are to be set up for, and must take it. Returns the node's id. */
async function tryOut(client: BoardClient, { metrology, node }: PlannedSettings): Promise<Uint8Array> {
  accept("boot of the meter", (await client.call("boot", [metrology.length, 0n], metrology)).result);
  await client.start("node");
  accept("boot of the node", (await client.callNode("boot", [node.length], node)).result);
  const info = await client.callNode("command", [COMMANDS.INFO, 0], undefined, INFO_BYTES);
  accept("info of the node", info.result);
  return readInfo(info.output).nodeId;
}

/**
 * Sets a board up: keys that it has not yet are made on it, the settings are written and read back, both modules are tried
 * out with them, and only then the mode and the seal are set, so that a board never starts by itself with settings that a
 * module refuses, and none is sealed that does not work. Rejects with LinkError where the board refuses: sealed, with its
 * cover closed; with ModuleError where a module does.
 */
export async function provision(client: BoardClient, planned: PlannedSettings, seal: boolean): Promise<Provisioned> {
  const settings = { metrology: planned.metrology, node: planned.node, peers: planned.peers };
  // First, since a sealed board refuses this.
  await write(client, { ...settings, mode: DRIVEN });
  const keysMade = await client.makeKeys();
  await restart(client);
  const { publicKey, board } = await client.hello();
  const nodeId = await tryOut(client, planned);
  await write(client, { ...settings, mode: planned.mode, ...(seal ? { sealed: Uint8Array.of(1) } : {}) });
  await restart(client);
  return { board, keysMade, publicKey, nodeId, sealed: seal };
}
