import { openBoardMeter } from "../link/board_meter.js";
import type { DriverOptions, MeterDriver } from "../metrology/driver.js";
import { QemuMachine } from "./machine.js";
import { qemuMissing } from "./missing.js";

export { qemuMissing };

/** Starts an emulated board with a flash file of its own. Rejects with what to do if QEMU or the firmware is missing. */
export async function openQemuMeter(options: DriverOptions): Promise<MeterDriver> {
  const missing = qemuMissing();
  if (missing !== undefined) throw new Error(missing);
  return openBoardMeter(new QemuMachine(options));
}
