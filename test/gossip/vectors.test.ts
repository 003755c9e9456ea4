import { expect } from "vitest";
import { onEveryModuleEngine } from "../driver/modules.js";
import { hex, readVectors, toHex } from "../driver/vectors.js";
import { ERR, Gossip, NOT_FORWARDED, NOT_ROUTED, TYPE, join } from "./frames.js";

const ENTRY = "test/gossip/gossip.entry.ts";

interface Vector {
  readonly type: number;
  readonly hex: string;
  readonly fields: Readonly<Record<string, unknown>>;
  readonly signed_hash: string;
  readonly sigs_valid?: readonly boolean[];
  readonly sig_valid?: boolean;
  readonly node_id?: string;
  readonly expect?: string;
}

const { vectors } = readVectors<{ vectors: readonly Vector[] }>("extra_bolt07_gossip_messages");
const text = (vector: Vector, name: string): string => String(vector.fields[name]);

onEveryModuleEngine("gossip: messages of other implementations", ENTRY, async (module) => {
  const gossip = await Gossip.of(module);
  let signatures = 0;
  for (const [index, vector] of vectors.entries()) {
    const frame = hex(vector.hex);
    await gossip.frame(frame);
    expect(await gossip.call("signed_hash", frame.length, gossip.context), `${index}`).toBe(0);
    expect(toHex(await module.read(gossip.context, 32)), `${index}`).toBe(vector.signed_hash);

    if (vector.type === TYPE.channelAnnouncement) {
      const keys = ["node_id_1", "node_id_2", "bitcoin_key_1", "bitcoin_key_2"].map((name) => hex(text(vector, name)));
      for (const [number, key] of keys.entries()) {
        await module.write(gossip.context, key);
        const valid = vector.sigs_valid?.[number] === true ? 1 : 0;
        expect(await gossip.call("signature_holds", frame.length, number), `${index} ${number}`).toBe(valid);
        signatures++;
      }
      await gossip.surroundings(hex(text(vector, "chain_hash")), new Uint8Array(66));
      expect(await gossip.verify(frame)).toBe(vector.expect === "BAD_SIGNATURE" ? ERR.signature : 0);
    } else if (vector.sig_valid !== undefined) {
      const nodeId = hex(vector.node_id ?? text(vector, "node_id"));
      await module.write(gossip.context, nodeId);
      const valid = vector.sig_valid ? 1 : 0;
      expect(await gossip.call("signature_holds", frame.length, 0), `${index}`).toBe(valid);
      signatures++;
      const timestamp = Number(vector.fields["timestamp"]);
      // The other node's id is of no account where the direction names this one.
      const flags = Number(vector.fields["channel_flags"] ?? 0);
      const other = new Uint8Array(33).fill(2);
      const nodes = (flags & 1) === 0 ? join(nodeId, other) : join(other, nodeId);
      const chain = vector.type === TYPE.channelUpdate ? hex(text(vector, "chain_hash")) : new Uint8Array(32);
      await gossip.surroundings(chain, nodes);
      const code = await gossip.verify(frame, timestamp - 1, timestamp);
      if (!vector.sig_valid) {
        expect(code, `${index}`).toBe(ERR.signature);
      } else if (frame.length === 130 && vector.type === TYPE.channelUpdate) {
        // Of old, when htlc_maximum_msat could be missing.
        expect(code, `${index}`).toBe(ERR.truncated);
      } else {
        const forwarded = (Number(vector.fields["message_flags"] ?? 0) & 2) === 0 ? 0 : NOT_FORWARDED;
        expect(code, `${index}`).toBe(forwarded | ((flags & 2) === 0 ? 0 : NOT_ROUTED));
      }
    }
  }
  expect(signatures).toBe(17);
});
