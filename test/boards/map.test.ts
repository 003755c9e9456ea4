import { expect, it } from "vitest";
import { total } from "../../host/qemu/figures.js";
import { BUDGET, formatMap, measureMap } from "../../host/qemu/map.js";
import { formatNodeMap, measureNodeMap, NODE_BUDGET } from "../../host/qemu/node_map.js";
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

describeBoard("the memory map of node.wasm", () => {
  it("stays within the budgets of RAM, C stack and instructions beyond cryptography", async () => {
    const report = await measureNodeMap();
    const text = formatNodeMap(report);
    expect(total(report.ram, "full"), text).toBeLessThanOrEqual(NODE_BUDGET.ram);
    expect(report.stackPeak, text).toBeLessThanOrEqual(NODE_BUDGET.stackPeak);
    expect(report.functionsCompiled).toBeLessThan(report.functions);
    expect(Object.keys(NODE_BUDGET.instructions)).toEqual(report.calls.map(({ name }) => name));
    for (const { name, instructions, floor } of report.calls) {
      expect(floor, `cryptography of ${name}`).toBeGreaterThan(0);
      expect(instructions, `${name}\n${text}`).toBeLessThanOrEqual(NODE_BUDGET.instructions[name] ?? 0);
    }
  });
});
