import type { Machine } from "../../host/link/machine.js";
import type { MeterDriver } from "../../host/metrology/driver.js";
import { MeterClient } from "../driver/meter_client.js";

/** The meter of a board whose power is somebody else's. */
export function meterOf(machine: Machine): MeterClient {
  const driver: MeterDriver = {
    engine: "board",
    call: (...call) => machine.client.call(...call),
    publicKey: async () => (await machine.client.hello()).publicKey,
    flash: async () => machine.flash(),
    restart: async () => {
      await machine.powerOff();
      await machine.powerOn();
    },
    close: () => machine.discard(),
  };
  return new MeterClient(driver);
}
