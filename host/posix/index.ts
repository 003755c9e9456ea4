import { openBoardMeter } from "../link/board_meter.js";
import type { DriverOptions, MeterDriver } from "../metrology/driver.js";
import { PosixMachine } from "./machine.js";
import { posixMissing } from "./missing.js";

export { PosixMachine, type PosixOptions } from "./machine.js";
export { posixMissing };

/** Starts a board that is a process, with a flash file of its own. Rejects with what to do if its program is missing. */
export async function openPosixMeter(options: DriverOptions): Promise<MeterDriver> {
  const missing = posixMissing();
  if (missing !== undefined) throw new Error(missing);
  return openBoardMeter(new PosixMachine(options));
}
