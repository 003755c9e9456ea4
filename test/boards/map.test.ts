import { expect, it } from "vitest";
import { BUDGET, formatMap, measureMap, total } from "../../host/qemu/map.js";
import { describeBoard, KEY } from "./board.js";

describeBoard("the memory map", () => {
  it("stays within the budgets, even with every function compiled", async () => {
    const report = await measureMap(KEY);
    const text = formatMap(report);
    expect(total(report.flash, "full"), text).toBeLessThanOrEqual(BUDGET.flash);
    expect(total(report.ram, "full"), text).toBeLessThanOrEqual(BUDGET.ram);
    expect(report.stackPeak, text).toBeLessThan(BUDGET.stackPeak);
    // Figures of things that exist are not 0, and lazy compilation compiles less than everything.
    for (const figure of [...report.flash, ...report.ram]) {
      if (figure.name !== "heap between blocks") expect(figure.lazy, figure.name).toBeGreaterThan(0);
      expect(figure.full, figure.name).toBeGreaterThanOrEqual(figure.lazy === figure.full ? figure.full : 0);
    }
    expect(report.functionsCompiled).toBeLessThan(report.functions);
  });

  it("counts the same gas every time", async () => {
    const gas = async (): Promise<number[]> => (await measureMap(KEY)).calls.map((call) => call.gas);
    expect(await gas()).toEqual(await gas());
  });
});
