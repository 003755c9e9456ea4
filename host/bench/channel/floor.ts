import { engineByName } from "../../engine/index.js";
import { distinct, type Operation, RecordingCrypto, runAll } from "../recorder.js";
import { TielineLane } from "./tieline_lane.js";

/** What a load's payments need of cryptography, done bare. */
export interface Floor {
  readonly operations: readonly Operation[];
  run(): void;
}

/**
 * The cryptography of payments under a load, at all nodes together: signatures, verifications and derivations of BOLT 3,
 * onions, hashes, and BOLT 8's sealing of the messages. Each computation counts once at the node that made it first, however
 * often the firmware asks for it again.
 */
export async function recordFloor(hops: number, concurrent: number, payments: number): Promise<Floor> {
  const lane = new TielineLane({ engine: engineByName("v8"), hops, records: true });
  // The first payments after the opening derive what later ones find.
  await lane.load(payments, concurrent);
  const recorders = lane.nodes.map(({ crypto }) => crypto as RecordingCrypto);
  for (const recorder of recorders) recorder.operations = [];
  await lane.load(payments, concurrent);
  const operations = recorders.flatMap((recorder) => distinct(recorder.operations));
  if (!operations.some(({ name }) => name === "key_sign")) throw new Error("nothing was recorded");
  return { operations, run: () => runAll(operations) };
}
