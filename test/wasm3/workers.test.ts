import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { expect, it } from "vitest";
import { projectRoot } from "../../host/root.js";
import { CALLS_MODULE, callsImports, callsWasm, describeWasm3, wasm3 } from "./loaded.js";

/** Plain JavaScript, because a worker does not get the test runner's TypeScript. */
const SCRIPT = `
const { parentPort, workerData } = require("node:worker_threads");
const { Instance } = require(workerData.addon);
let calls = 0;
let trapped = 0;
for (let round = 0; round < 40; round++) {
  const instance = new Instance(workerData.wasm, { "${CALLS_MODULE}": {
    receive_i32: (level) => instance.exports.descend(level),
    receive_i64: (value) => value,
    notify: () => { calls++; instance.memory[calls & 0xffff]++; },
    mix: () => 0n,
  } }, { gas: 600 + workerData.number });
  instance.exports.call_notify_times(100);
  if (instance.exports.descend(20) !== 210) throw new Error("wrong sum");
  try { instance.exports.call_notify_times(10000); } catch (error) {
    if (error.kind !== "gas-exhausted") throw error;
    trapped += Number(instance.gasUsed);
  }
}
parentPort.postMessage({ calls, trapped });
`;

describeWasm3("worker threads", () => {
  it("run instances of their own at the same time", async () => {
    const addon = join(projectRoot(), "host/wasm3/build/Release/wasm3.node");
    const workers = Array.from({ length: 6 }, (_, number) => {
      const worker = new Worker(SCRIPT, { eval: true, workerData: { addon, number, wasm: callsWasm() } });
      return new Promise<{ calls: number; trapped: number }>((resolve, reject) => {
        worker.once("error", reject);
        let message: { calls: number; trapped: number };
        worker.once("message", (value) => (message = value as typeof message));
        // Only a worker that tore everything down without a crash counts.
        worker.once("exit", (code) => (code === 0 ? resolve(message) : reject(new Error(`exit ${code}`))));
      });
    });
    // Meanwhile here.
    const instance = wasm3().instantiate(callsWasm(), { [CALLS_MODULE]: callsImports });
    for (let i = 0; i < 2000; i++) expect(instance.exports["send_i32"]?.(i)).toBe(i);

    const results = await Promise.all(workers);
    const base = results[0]?.calls ?? 0;
    expect(base).toBeGreaterThan(40 * 600);
    results.forEach(({ calls, trapped }, number) => {
      // One more unit of gas is one more turn of the loop that runs out of it.
      expect(calls).toBe(base + 40 * number);
      expect(trapped).toBe(40 * (600 + number));
    });
  });

  it("may end while their instances live", async () => {
    const addon = join(projectRoot(), "host/wasm3/build/Release/wasm3.node");
    const script =
      SCRIPT +
      "globalThis.kept = Array.from({ length: 20 }, () => new Instance(workerData.wasm, {" +
      ` "${CALLS_MODULE}": { receive_i32() {}, receive_i64() {}, notify() {}, mix() {} } }, {}));` +
      "globalThis.views = kept.map((instance) => instance.memory); setInterval(() => {}, 1000);";
    const worker = new Worker(script, { eval: true, workerData: { addon, number: 0, wasm: callsWasm() } });
    await new Promise((resolve, reject) => worker.once("message", resolve).once("error", reject));
    expect(await worker.terminate()).toBe(1);
  });
});
