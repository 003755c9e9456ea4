import { createHmac } from "node:crypto";
import { expect } from "vitest";
import { onEveryModuleEngine } from "../driver/modules.js";
import { ONION_MUTATIONS } from "../long/counts.js";
import { hex } from "../driver/vectors.js";
import { joined } from "./client.js";
import { keyNamed, node } from "./fixtures.js";
import { buildOnion, framed, keyOf, pointOf, routeSecrets, streamOf } from "./sphinx.js";
import { encodeTlvs, type Tlv } from "./tlv.js";

const ENTRY = "test/onion/exports.entry.ts";
const PAGE = 65536;

/** Numbers that look random and are the same in every run. */
class Chance {
  constructor(private state: number) {}

  /** An integer from 0 to below `bound`. */
  below(bound: number): number {
    this.state = (this.state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % bound;
  }

  one<T>(values: readonly T[]): T {
    return values[this.below(values.length)] as T;
  }

  bytes(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => this.below(256));
  }
}

const SESSION = keyNamed("session");
const HASH = keyNamed("hash");
const { key: KEY, point: POINT } = node(0);
const [SECRET] = routeSecrets(SESSION, [POINT]);
const EPHEMERAL = pointOf(SESSION);
const RHO = streamOf(keyOf("rho", SECRET as Uint8Array), 1300);
const MU = keyOf("mu", SECRET as Uint8Array);

/** A packet for the node, with a valid HMAC over whatever it decrypts to. */
function seal(plain: Uint8Array): Uint8Array {
  const packet = new Uint8Array(1366);
  packet.set(EPHEMERAL, 1);
  for (let i = 0; i < 1300; i++) packet[34 + i] = (plain[i] ?? 0) ^ (RHO[i] ?? 0);
  packet.set(createHmac("sha256", MU).update(packet.subarray(34, 1334)).update(HASH).digest(), 1334);
  return packet;
}

const tlv = (type: number, value: string): Tlv => ({ type: BigInt(type), value: hex(value) });
const RECORDS: readonly Tlv[] = [
  tlv(2, "0f4240"),
  tlv(4, "0c3500"),
  tlv(6, "0000010000020003"),
  tlv(8, "11".repeat(32) + "0f4240"),
  tlv(10, "22".repeat(40)),
  { type: 12n, value: node(1).point },
  tlv(16, "0102"),
  tlv(18, "0f4241"),
  tlv(68002, "6a3800000100989680"),
  tlv(68004, "01312d00"),
  { type: 5482373484n, value: keyNamed("preimage") },
];
const RECIPIENT: readonly Tlv[] = [
  tlv(1, "0000"),
  tlv(2, "0000000000000007"),
  { type: 4n, value: node(2).point },
  tlv(6, "c9cf92"),
  { type: 8n, value: node(3).point },
  tlv(10, "0024000000962710"),
  tlv(12, "000b69e505dc"),
  tlv(14, ""),
];
/** Bytes at which parsers have edges. */
const EDGES = [0, 1, 2, 0x7f, 0x80, 0xfc, 0xfd, 0xfe, 0xff];

function mutate(chance: Chance, bytes: Uint8Array): Uint8Array {
  let result = bytes;
  for (let times = chance.below(4); times >= 0; times--) {
    const at = chance.below(result.length + 1);
    const kind = chance.below(5);
    if (kind === 0) result = joined([result.slice(0, at), chance.bytes(1 + chance.below(3)), result.slice(at)]);
    else if (kind === 1) result = joined([result.slice(0, at), result.slice(at + 1 + chance.below(3))]);
    else if (kind === 2) result = joined([result.slice(0, at), result.slice(chance.below(result.length + 1))]);
    else
      result = result.map((byte, i) =>
        i === at ? (kind === 3 ? chance.one(EDGES) : byte ^ (1 << chance.below(8))) : byte,
      );
  }
  return result.slice(0, 1280);
}

const stream = (chance: Chance, records: readonly Tlv[]): Uint8Array =>
  encodeTlvs(records.filter(() => chance.below(3) > 0));

/** Records of which some hop may be told, half of the time; any, otherwise. */
function payloadStream(chance: Chance): Uint8Array {
  const kind = chance.below(4);
  if (kind === 0) return encodeTlvs(RECORDS.filter((_, i) => i < 3 || (i === 8 && chance.below(2) > 0)));
  if (kind === 1)
    return encodeTlvs(RECORDS.filter((_, i) => i < 2 || (i !== 2 && i !== 4 && i !== 5 && chance.below(2) > 0)));
  return stream(chance, RECORDS);
}

/** What may come of a payload: decode_tlvs', and the rules'. */
const PAYLOAD_CODES = [-9, -10, -11, -12, -13, -14, -18, -23, -24];

onEveryModuleEngine(
  "onion: mutated packets, raw and inside valid HMACs",
  ENTRY,
  async (module) => {
    const call = async (name: string, ...args: number[]): Promise<number> =>
      (await module.call(name, ...args)) as number;
    const count = ONION_MUTATIONS[module.engine];
    const input = await call("in_buffer");
    const unused = await call("memory_bytes");
    await module.write(input, KEY);
    expect(await call("import_key", 0, input)).toBe(0);
    const good = buildOnion(
      SESSION,
      HASH,
      [POINT, node(1).point],
      [framed(stream(new Chance(0), RECORDS)), framed(hex("0000"))],
    );
    const chance = new Chance(4);
    const seen = new Map<number, number>();
    for (let n = 0; n < count; n++) {
      const raw = n % 4 === 0;
      let packet: Uint8Array;
      if (raw) {
        packet = mutate(chance, good.slice(0, 1 + chance.below(1366)));
        packet = joined([packet, good.slice(packet.length)]).slice(0, 1366);
      } else {
        const payload = n % 4 === 1 ? payloadStream(chance) : mutate(chance, payloadStream(chance));
        const plain = joined([framed(payload), n % 8 < 4 ? new Uint8Array(32) : chance.bytes(32)]);
        packet = seal(n % 16 === 3 ? mutate(chance, plain) : plain);
      }
      const path = n % 32 === 31;
      const spoilt = path || (raw && Buffer.compare(packet, good) !== 0);
      await module.write(input, joined([packet, HASH, node(1).point]));
      const code = await call("onion_peel", Number(path));
      const kind = Math.min(code, 0);
      seen.set(kind, (seen.get(kind) ?? 0) + 1);
      if (code >= 0) {
        const length = code & 0xffff;
        if (length < 2 || length > 1265) throw new Error(`input ${n}: ${code}`);
        if (spoilt) throw new Error(`input ${n} is not what was built`);
        continue;
      }
      const expected = spoilt ? [-16, -17, -18] : PAYLOAD_CODES;
      if (!expected.includes(code)) throw new Error(`input ${n}: ${code}`);
      // An answer for it: a BADONION code with a hash, or invalid_onion_payload with a type and an offset.
      const length = await call("onion_failure");
      const failure = Buffer.from(await module.read((await call("out_buffer")) + 1400, 2)).readUInt16BE();
      const badOnion = failure >= 0xc004 && length === 34;
      if (!badOnion && !(failure === 0x4016 && length >= 5 && length <= 13)) throw new Error(`input ${n}: ${failure}`);
    }
    // The mutations reach what they are for.
    if (module.engine !== "qemu")
      for (const code of [0, -16, -17, ...PAYLOAD_CODES]) expect(seen.get(code), String(code)).toBeGreaterThan(5);
    // Nothing is written beyond the static memory, which does not grow.
    expect((await module.read(unused, PAGE - unused)).every((byte) => byte === 0)).toBe(true);
    await expect(module.read(PAGE, 1)).rejects.toThrow();
  },
  600_000,
);

onEveryModuleEngine(
  "onion: mutated payloads at the end of memory",
  ENTRY,
  async (module) => {
    const chance = new Chance(5);
    const count = ONION_MUTATIONS[module.engine];
    for (let n = 0; n < count; n++) {
      const recipient = n % 3 === 0;
      const bytes = mutate(chance, recipient ? stream(chance, RECIPIENT) : payloadStream(chance));
      // A read beyond the last byte traps.
      const at = PAGE - bytes.length;
      await module.write(at, bytes);
      const last = n & 1;
      const code = recipient
        ? await module.call("read_recipient_data", at, bytes.length, last)
        : await module.call("read_payload", at, bytes.length, last, Number(n % 5 === 0));
      if (code !== 0 && !PAYLOAD_CODES.includes(code as number)) throw new Error(`input ${n}: ${code}`);
    }
  },
  600_000,
);
