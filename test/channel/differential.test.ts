import { expect, test } from "vitest";
import { Entropy } from "../../host/board/entropy.js";
import { onEveryModuleEngine } from "../driver/modules.js";
import { type Counts, runSchedule } from "./schedule.js";
import { EVENTS, readTable, STATES, type Table } from "./table_side.js";

const ENTRY = "test/channel/states.entry.ts";
const SCHEDULES = process.env["TIELINE_LONG"] === "1" ? 100_000 : 3_000;
const STEPS = 60;

/** Runs schedules from a seed on; the one that fails is named. */
function runSchedules(table: Table, name: string, count: number): Counts {
  const sum: Counts = { steps: 0, signatures: 0, removed: 0, disconnections: 0, boughtBack: 0, rolls: 0 };
  for (let i = 0; i < count; i++) {
    try {
      const counts = runSchedule(table, new Entropy("schedule", `${name}/${i}`), STEPS);
      for (const key of Object.keys(sum) as (keyof Counts)[]) sum[key] += counts[key];
    } catch (error) {
      throw new Error(`schedule ${name}/${i}`, { cause: error });
    }
  }
  return sum;
}

/**
 * Entries of the table whose value no schedule can tell. Before a removal is proposed there is no result that could settle
 * a balance. An end that waits for a revocation does not sign again, nor does its peer revoke twice; and where a signature
 * under way from the other side would move a state one step early, the states on both sides of that step are alike.
 */
const UNTELLABLE = [
  ...[1, 2, 3, 4].flatMap((state) => [`state ${state}, flag 64`, `state ${state}, flag 128`]),
  ...[0, 2, 3].map((event) => `state 2, event ${event}`),
  "state 4, event 2",
  ...[0, 1, 2].map((event) => `state 7, event ${event}`),
  ...[0, 1, 2, 3].map((event) => `state 9, event ${event}`),
];

let whole: Table | undefined;

onEveryModuleEngine(
  "HTLC states: the table and the reducer agree",
  ENTRY,
  async (module) => {
    const table = await readTable(module);
    whole = table;
    const sum = runSchedules(table, "table", module.engine === "v8" ? SCHEDULES : 300);
    expect(sum.signatures).toBeGreaterThan(sum.steps / 50);
    expect(sum.removed).toBeGreaterThan(sum.steps / 200);
    expect(sum.disconnections).toBeGreaterThan(sum.steps / 100);
    expect(sum.boughtBack).toBeGreaterThan(sum.steps / 6000);
    expect(sum.rolls).toBeGreaterThan(sum.steps / 1000);
  },
  600_000,
);

test("HTLC states: whatever entry of the table is wrong, the schedules find it", () => {
  const table = whole;
  expect(table).toBeDefined();
  if (table === undefined) return;
  const silent: string[] = [];
  for (let state = 1; state < STATES; state++) {
    for (let event = 0; event < EVENTS; event++) {
      const right = table.after[state]?.[event] ?? -1;
      const wrong = right === state ? state + 1 : state;
      if (wrong >= STATES) continue;
      const after = table.after.map((row, s) => row.map((value, e) => (s === state && e === event ? wrong : value)));
      try {
        runSchedules({ ...table, after }, "wrong", 300);
        silent.push(`state ${state}, event ${event}`);
      } catch {
        // Found.
      }
    }
    for (const bit of [8, 16, 64, 128]) {
      const flags = table.flags.map((value, s) => (s === state ? value ^ bit : value));
      try {
        runSchedules({ ...table, flags }, "wrong", 300);
        silent.push(`state ${state}, flag ${bit}`);
      } catch {
        // Found.
      }
    }
  }
  expect(silent.sort()).toEqual(UNTELLABLE.sort());
});
