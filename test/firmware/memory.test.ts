import { expect, it } from "vitest";
import { Entropy } from "../../host/board/entropy.js";
import { KeyStore } from "../../host/board/key_store.js";
import type { Engine, Instance } from "../../host/engine/engine.js";
import { engineByName } from "../../host/engine/index.js";
import { readMetrology } from "../../host/metrology/module.js";
import { EmulatedMeter } from "../../host/sim/emulated_meter.js";
import { CONFIG, MIDNIGHT } from "../driver/meter_client.js";
import { hashOf } from "../driver/note_client.js";

it("metrology touches no memory beyond what memory_bytes says, in a day with everything in it", () => {
  const instances: Instance[] = [];
  const watched: Engine = {
    name: "v8",
    instantiate: (...args) => {
      const instance = engineByName("v8").instantiate(...args);
      instances.push(instance);
      return instance;
    },
  };
  const meter = new EmulatedMeter(watched, readMetrology(), KeyStore.generate(new Entropy("memory")), {
    ...CONFIG,
    ratingW: 1000,
  });
  meter.start(MIDNIGHT);
  meter.run(5_000_000, 3_600_000);
  meter.transaction("B", "x".repeat(40), "y".repeat(48));
  meter.tamper("magnet", true);
  meter.run(-5_000_000, 40_000_000);
  meter.transaction("E");
  meter.run(5_000_000, 86_400_000);
  for (let ahead = 0; ahead < 40; ahead++) {
    const intervalStart = MIDNIGHT / 1000 + 86_400 + 900 * (ahead % 16);
    const request = { kind: "promise", side: "sells", intervalStart, energyMwh: 1n } as const;
    expect(meter.note({ ...request, paymentHash: hashOf(ahead) })).toHaveLength(88);
  }
  expect(meter.receipts).toHaveLength(98);
  const [instance] = instances;
  const used = instance?.call("memory_bytes") as number;
  const memory = instance?.memory() ?? new Uint8Array();
  // The board of the RV32 build grants 13 KiB.
  expect(used).toBeLessThanOrEqual(13 * 1024);
  expect(memory.subarray(used).every((byte) => byte === 0)).toBe(true);
  expect(memory.subarray(0, used).some((byte) => byte !== 0)).toBe(true);
});
