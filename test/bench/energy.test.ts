import { expect, test } from "vitest";
import { Row } from "../../host/bench/energy/row.js";
import { engineByName } from "../../host/engine/index.js";
import type { SimNode } from "../../host/lnsim/sim_node.js";
import type { NodeEvent } from "../../host/node/node_event.js";

const balances = (row: Row): bigint[] =>
  row.nodes.map(({ node }) => node.channels().reduce((sum, { holderMsat }) => sum + holderMsat, 0n));

test("a row's swaps move A and energy as far as its plain payments move A, and come back", () => {
  const [swaps, plain] = [new Row(engineByName("v8"), 2, true), new Row(engineByName("v8"), 2, false)];
  const before = balances(swaps);
  for (const row of [swaps, plain]) row.load(5, 3);
  expect(balances(swaps)).toEqual(balances(plain));
  expect((before[0] ?? 0n) - (balances(swaps)[0] ?? 0n)).toBe(5_000_000n);
  const flows = swaps.nodes.map(({ node }) =>
    node.energy(0)?.positions.map(({ flowMwh }) => (flowMwh < 0n ? -flowMwh : flowMwh)),
  );
  expect(flows).toEqual([[5000n], [5000n], [5000n]]);
  swaps.load(5, 5);
  expect(balances(swaps)).toEqual(before);
  expect(swaps.nodes.map(({ node }) => node.energy(0)?.positions)).toEqual([[], [], []]);
});

test("what a load sends is more with energy, by its riders and notes", () => {
  const bytes = [true, false].map((energy) => {
    const row = new Row(engineByName("v8"), 1, energy);
    return row.sentBy(() => row.load(2, 1));
  });
  expect(bytes[0]).toBeGreaterThan(bytes[1] ?? 0);
});

test("a payer stores a note with its payment alone, not with the HTLC that brought it", () => {
  const row = new Row(engineByName("v8"), 1, true);
  const payer = row.nodes[0] as SimNode;
  const sent: Extract<NodeEvent, { kind: "sent" }>[] = [];
  payer.onEvent = (event) => void (event.kind === "sent" && sent.push(event));
  row.load(4, 4);
  const journal = Buffer.from(payer.flash.image());
  const stored = (bytes: Uint8Array): number => {
    let count = 0;
    for (let at = journal.indexOf(bytes); at >= 0; at = journal.indexOf(bytes, at + 1)) count++;
    return count;
  };
  // A word of each: entries may part them. The preimage is with both.
  for (const { note, preimage } of sent) {
    const notes = stored((note as Uint8Array).subarray(24, 32));
    expect(notes).toBeGreaterThan(0);
    expect(notes).toBeLessThan(stored(preimage.subarray(8, 16)));
  }
  expect(sent).toHaveLength(4);
});
