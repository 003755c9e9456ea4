import { sha256 } from "@noble/hashes/sha2.js";
import fc from "fast-check";
import type { EngineName } from "../driver/engines.js";
import { framed, pointOf } from "./sphinx.js";

/** Random runs of a property, fewer where a call takes longer. */
export const runs = (engine: EngineName, count: number): number =>
  engine === "qemu" ? Math.max(2, Math.round(count / 20)) : count;

/** A key of which all bytes follow from a name. */
export const keyNamed = (name: string): Uint8Array => sha256(Buffer.from(name, "ascii"));

/** Nodes of test networks. */
export const NODES = Array.from({ length: 27 }, (_, i) => {
  const key = keyNamed(`node ${i}`);
  return { key, point: pointOf(key) };
});

export const node = (i: number): { key: Uint8Array; point: Uint8Array } => {
  const found = NODES[i % NODES.length];
  if (found === undefined) throw new Error(`no node ${i}`);
  return found;
};

export const bytes32 = fc.uint8Array({ minLength: 32, maxLength: 32 });
/** Session keys: in range, whatever the first bytes are. */
export const scalars = bytes32.map((bytes) => sha256(bytes));

/** Routes of up to 20 hops with payloads that fit a packet; those of few hops may fill it to the last byte. */
export const routes = fc
  .record({
    session: scalars,
    hash: bytes32,
    first: fc.nat(26),
    weights: fc.array(fc.nat(1000), { minLength: 1, maxLength: 20 }),
    full: fc.boolean(),
    seed: bytes32,
  })
  .map(({ session, hash, first, weights, full, seed }) => {
    const hops = weights.length;
    const total = weights.reduce((sum, weight) => sum + weight, 0) + 1;
    // What is left after lengths and HMACs of the longest form, and 2 bytes for each.
    const spare = 1300 - hops * (3 + 32 + 2);
    const share = full ? spare : spare / 2;
    const lengths = weights.map((weight) => 2 + Math.floor((weight * share) / total));
    if (full) lengths[hops - 1] = lastLength(lengths);
    const payloads = lengths.map((length, i) =>
      Uint8Array.from({ length }, (_, j) => ((seed[(i + j) % 32] ?? 0) + j) & 255),
    );
    return {
      session,
      hash,
      nodes: Array.from({ length: hops }, (_, i) => node(first + i)),
      payloads,
      framed: payloads.map(framed),
    };
  });

/** Of the last payload, so that all together fill 1300 bytes. */
function lastLength(lengths: readonly number[]): number {
  const others = lengths.slice(0, -1).reduce((sum, length) => sum + length + (length < 0xfd ? 1 : 3) + 32, 0);
  const room = 1300 - others - 32;
  // Of 254 and 255 bytes no payload with its length fits exactly: one byte remains.
  return room < 0xfd + 1 ? room - 1 : Math.max(room - 3, 0xfc);
}
