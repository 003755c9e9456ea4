import { describe, expect, it } from "vitest";
import { benchBoard } from "../../host/bench/board/index.js";
import { whereItRuns } from "../driver/engines.js";

describe("the quick benchmark of the board", () => {
  whereItRuns("qemu", () => {
    it("stays within its aims, and its parts make its sums", async () => {
      const { results } = await benchBoard(true);
      const row = (id: string) => {
        const found = results.find((candidate) => candidate.id === id);
        if (found === undefined) throw new Error(`no row ${id}: ${results.map((one) => one.id).join("; ")}`);
        return found;
      };
      const [warm, cold] = [row("batch of 100 edges, warm"), row("batch of 100 edges, cold")];
      expect(warm.met).toBe(true);
      expect(cold.value).toBeGreaterThan(5 * warm.value);
      expect(row("reset to metering, 1 day of records").met).toBe(true);
      // What is compiled for a call comes on top of what it does, and that on top of its cryptography.
      const [receipt, swap] = [row("receipt signed, cache of 12 KB"), row("swap as recipient, cache of 12 KB")];
      expect(receipt.baseline).toBeGreaterThan(1_000_000);
      expect(receipt.ratio).toBeGreaterThan(1);
      // All that a receipt takes is more code than stays.
      expect(receipt.ratio).toBeLessThan(1.8);
      expect(swap.baseline).toBeGreaterThan(10 * receipt.baseline);
      expect(swap.ratio).toBeGreaterThan(1.5);
      expect(swap.estimateMs).toBeCloseTo((swap.value * 1.25) / 160_000);
      for (const what of ["flash", "RAM"]) {
        const parts = results.filter(({ id }) => id.startsWith(`${what}: `) && !id.endsWith("total"));
        expect(parts.length).toBeGreaterThan(6);
        for (const { id, value } of parts) expect(value, id).toBeGreaterThan(0);
        expect(row(`${what}: total`).value).toBe(parts.reduce((sum, { value }) => sum + value, 0));
      }
      expect(row("flash: total").met).toBe(true);
      expect(row("RAM: node, linear memory").value).toBe(148_480);
      expect(row("RAM: total").met).toBe(true);
    }, 600_000);
  });
});
