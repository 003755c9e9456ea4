import { sha256 } from "@noble/hashes/sha2.js";
import { KeyRing } from "../../host/board/key_ring.js";
import { meterImports } from "../../host/board/meter_port.js";
import { NodeCrypto } from "../../host/board/node_crypto.js";
import type { Instance } from "../../host/engine/engine.js";
import { memoryRange } from "../../host/engine/memory_range.js";
import { METER_MODULE } from "../../host/node/abi.js";
import { engineByName } from "../../host/engine/index.js";
import { onTapedEngines, type TapedModule } from "../driver/taped.js";
import { buildOnion, framed, pointOf } from "../onion/sphinx.js";
import { encodeTlvs } from "../onion/tlv.js";

const CHANNEL = 432;
const HTLC = 56;

/** States of assembly/htlc/states.ts, results and flags of assembly/channel/record.ts. */
export const STATE = { free: 0, proposed: 1, signed: 2, committed: 5, removeProposed: 6, removed: 10 } as const;
export const RESULT = { none: 0, fulfilled: 1, failed: 2, malformed: 3 } as const;
export const FLAG = { handled: 1, preimage: 2, pathKey: 4, dust: 8, noOnion: 16 } as const;
export const CHANNEL_STATE = { funded: 5, normal: 6, closed: 7, failed: 8, lost: 9 } as const;
export const MARK = { ready: 1, peerReady: 2, shutdown: 16, peerShutdown: 32 } as const;
const ESTABLISHED = 1 << 17;

export const HEIGHT = 1000;
export const NOW_MS = 5_000_000n;
export const UTC_S = 1_800_000_000n;

export const ERR = {
  ARGUMENT: -1,
  STATE: -2,
  TRUNCATED: -9,
  LENGTH: -13,
  VALUE: -14,
  CAPACITY: -15,
  POINT: -18,
  REPLAY: -20,
  EXPIRED: -25,
} as const;

export interface Slot {
  readonly at: number;
  readonly state: number;
  readonly result: number;
  readonly flags: number;
  readonly failure: number;
  readonly blob: number;
  readonly link: number;
  readonly first: bigint;
  readonly second: bigint;
  readonly amountMsat: bigint;
  readonly cltvExpiry: number;
  readonly offeredBy: number;
  readonly hash: Uint8Array;
  readonly preimage: Uint8Array;
  readonly secret: Uint8Array;
}

export interface Arrival {
  readonly amountMsat: bigint;
  readonly cltvExpiry: number;
  readonly hash: Uint8Array;
  readonly onion?: Uint8Array;
  readonly flags?: number;
  readonly pathKey?: Uint8Array;
}

export interface RouteHop {
  readonly point: Uint8Array;
  readonly shortChannelId?: bigint;
  readonly amountMsat: bigint;
  readonly cltvExpiry: number;
}

export interface Route {
  readonly channel?: number;
  readonly hops: readonly RouteHop[];
  readonly keysend?: boolean;
  readonly totalMsat?: bigint;
  readonly hash?: Uint8Array;
  readonly secret?: Uint8Array;
  readonly metadata?: Uint8Array;
}

export interface Event {
  readonly kind: "sent" | "failed" | "received" | "forwarded";
  readonly part: number;
  readonly amountMsat: bigint;
  readonly hash: Uint8Array;
  readonly rest: Buffer;
}

const KINDS: Readonly<Record<number, Event["kind"]>> = { 5: "sent", 6: "failed", 7: "received", 8: "forwarded" };

export const named = (name: string): Uint8Array => sha256(Buffer.from(name, "ascii"));
/** What an event of a payment without energy has behind its hash. */
export const plain = (preimage: Uint8Array): Uint8Array => {
  const rest = new Uint8Array(136);
  rest.set(preimage);
  rest.fill(0xff, 36, 40);
  return rest;
};
const ROOT = named("root");
const KEYS = new KeyRing(ROOT);
/** The key of the node's handle. */
export const NODE_KEY = KEYS.key(0) as Uint8Array;
export const NODE_POINT = pointOf(NODE_KEY);

/** Big-endian, without leading zeros. */
export function truncated(value: bigint): Uint8Array {
  let text = value === 0n ? "" : value.toString(16);
  if (text.length % 2 === 1) text = `0${text}`;
  return Uint8Array.from(Buffer.from(text, "hex"));
}

const wide = (value: bigint): Buffer => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(value);
  return bytes;
};

export const forwardPayload = (shortChannelId: bigint, amountMsat: bigint, cltvExpiry: number): Uint8Array =>
  encodeTlvs([
    { type: 2n, value: truncated(amountMsat) },
    { type: 4n, value: truncated(BigInt(cltvExpiry)) },
    { type: 6n, value: wide(shortChannelId) },
  ]);

export const finalPayload = (
  amountMsat: bigint,
  cltvExpiry: number,
  secret?: Uint8Array,
  totalMsat = amountMsat,
  preimage?: Uint8Array,
): Uint8Array =>
  encodeTlvs([
    { type: 2n, value: truncated(amountMsat) },
    { type: 4n, value: truncated(BigInt(cltvExpiry)) },
    ...(secret === undefined ? [] : [{ type: 8n, value: Uint8Array.from([...secret, ...truncated(totalMsat)]) }]),
    ...(preimage === undefined ? [] : [{ type: 5482373484n, value: preimage }]),
  ]);

let sessions = 0;
/** An onion for this node and those behind it, each time with another session key. */
export const onion = (
  hash: Uint8Array,
  payloads: readonly Uint8Array[],
  behind: readonly Uint8Array[] = [],
  session = named(`session ${sessions++}`),
): Uint8Array => buildOnion(session, hash, [NODE_POINT, ...behind], payloads.map(framed));

/** The payment room with channels whose peers are the test. */
export class Room {
  readonly #data: number;

  constructor(readonly instance: Instance) {
    this.#data = this.call("data");
    this.time();
  }

  call(name: string, ...args: (number | bigint)[]): number {
    return this.instance.call(name, ...args) as number;
  }

  get memory(): Buffer {
    const bytes = this.instance.memory();
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  time(height = HEIGHT, nowMs = NOW_MS, utcS = UTC_S): void {
    this.call("set_chain_height", 0, height);
    this.call("payment_tick", nowMs, utcS);
  }

  /** Channel `n`, open, with `short` as its short_channel_id; each side has 10^9 msat. */
  channel(n: number, short = BigInt(100 + n)): void {
    const at = this.call("channel_of", n);
    const { memory } = this;
    const record = at + CHANNEL;
    memory.writeBigUInt64LE(2_000_000n, at);
    memory.writeUInt32LE(1, at + 44);
    memory.writeBigUInt64LE(546n, at + 64);
    memory.writeBigUInt64LE(546n, at + 64 + 184);
    memory.writeUInt32LE(CHANNEL_STATE.normal, record);
    memory.writeUInt32LE(MARK.ready | MARK.peerReady, record + 4);
    for (let side = 0; side < 2; side++) {
      memory.writeBigUInt64LE(1_000_000_000n, record + 88 + 8 * side);
      memory.writeBigUInt64LE(800_000_000n, record + 136 + 8 * side);
      memory.writeBigUInt64LE(10_000n, record + 152 + 8 * side);
      memory.writeBigUInt64LE(1n, record + 168 + 8 * side);
      memory.writeUInt32LE(12, record + 184 + 4 * side);
    }
    memory.writeUInt32LE(253, record + 192 + 16);
    memory.writeBigUInt64LE(short, record + 224);
    this.call("set_live", n, ESTABLISHED);
    this.call("policy_reset", n);
  }

  setChannel(n: number, state: number, marks: number = MARK.ready | MARK.peerReady): void {
    const record = this.call("channel_of", n) + CHANNEL;
    this.memory.writeUInt32LE(state, record);
    this.memory.writeUInt32LE(marks, record + 4);
  }

  setAlias(n: number, alias: bigint): void {
    this.memory.writeBigUInt64LE(alias, this.call("channel_of", n) + CHANNEL + 240);
  }

  policy(
    n: number,
    values: { minimum?: bigint; maximum?: bigint; base?: number; ppm?: number; delta?: number; flags?: number },
  ): number {
    const record = Buffer.alloc(28);
    record.writeBigUInt64LE(values.minimum ?? 0n, 0);
    record.writeBigUInt64LE(values.maximum ?? 0n, 8);
    record.writeUInt32LE(values.base ?? 0, 16);
    record.writeUInt32LE(values.ppm ?? 0, 20);
    record.writeUInt16LE(values.delta ?? 34, 24);
    record.writeUInt16LE(values.flags ?? 0, 26);
    return this.call("policy_set", n, this.put(record));
  }

  /** Copies bytes to the entry's data. */
  put(bytes: Uint8Array, at = 0): number {
    this.memory.set(bytes, this.#data + at);
    return this.#data + at;
  }

  get(length: number, at = 0): Buffer {
    return Buffer.from(this.memory.subarray(this.#data + at, this.#data + at + length));
  }

  slot(n: number, i: number): Slot {
    const at = this.call("slot_of", n, i);
    const { memory } = this;
    const bytes = (offset: number): Uint8Array => Uint8Array.from(memory.subarray(at + offset, at + offset + 32));
    return {
      at,
      amountMsat: memory.readBigUInt64LE(at + 8),
      cltvExpiry: memory.readUInt32LE(at + 16),
      offeredBy: memory.readUInt32LE(at + 20),
      hash: bytes(24),
      state: memory.readUInt8(at + HTLC),
      result: memory.readUInt8(at + HTLC + 1),
      flags: memory.readUInt16LE(at + HTLC + 2),
      failure: memory.readUInt16LE(at + HTLC + 4),
      blob: memory.readUInt16LE(at + HTLC + 6),
      link: memory.readUInt32LE(at + HTLC + 8),
      first: memory.readBigUInt64LE(at + HTLC + 112),
      second: memory.readBigUInt64LE(at + HTLC + 120),
      preimage: bytes(HTLC + 16),
      secret: bytes(HTLC + 128),
    };
  }

  /** Slots in use that we offered in channel `n`. */
  offered(n: number): number[] {
    return Array.from({ length: 24 }, (_, i) => i).filter((i) => {
      const slot = this.slot(n, i);
      return slot.state !== STATE.free && slot.offeredBy === 0;
    });
  }

  /** An HTLC that the peer of channel `n` has offered, irrevocably committed: its slot. */
  arrive(n: number, { amountMsat, cltvExpiry, hash, onion: packet, flags = 0, pathKey }: Arrival): number {
    const i = Array.from({ length: 24 }, (_, k) => k).find((k) => this.slot(n, k).state === STATE.free);
    if (i === undefined) throw new Error("no slot is free");
    const { at } = this.slot(n, i);
    const blob = packet === undefined ? 0 : this.call("blob_new", this.put(packet), packet.length);
    if (blob < 0) throw new Error("no blob is free");
    const { memory } = this;
    memory.fill(0, at, at + HTLC + 224);
    memory.writeBigUInt64LE(amountMsat, at + 8);
    memory.writeUInt32LE(cltvExpiry, at + 16);
    memory.writeUInt32LE(1, at + 20);
    memory.set(hash, at + 24);
    memory.writeUInt8(STATE.committed, at + HTLC);
    memory.writeUInt16LE(flags | (pathKey === undefined ? 0 : FLAG.pathKey), at + HTLC + 2);
    memory.writeUInt16LE(blob, at + HTLC + 6);
    if (pathKey !== undefined) memory.set(pathKey, at + HTLC + 160);
    return i;
  }

  setState(n: number, i: number, state: number): void {
    this.memory.writeUInt8(state, this.slot(n, i).at + HTLC);
  }

  /** The peer fulfils what we offered. */
  fulfil(n: number, i: number, preimage: Uint8Array, state: number = STATE.removeProposed): void {
    const { at, flags } = this.slot(n, i);
    this.memory.writeUInt8(state, at + HTLC);
    this.memory.writeUInt8(RESULT.fulfilled, at + HTLC + 1);
    this.memory.writeUInt16LE(flags | FLAG.preimage, at + HTLC + 2);
    this.memory.set(preimage, at + HTLC + 16);
  }

  /** The peer fails what we offered, with an error packet if it could be kept. */
  fail(n: number, i: number, packet?: Uint8Array, state: number = STATE.removed): void {
    const { at, blob } = this.slot(n, i);
    this.call("blob_free", blob);
    const next = packet === undefined ? 0 : this.call("blob_new", this.put(packet), packet.length);
    this.memory.writeUInt8(state, at + HTLC);
    this.memory.writeUInt8(RESULT.failed, at + HTLC + 1);
    this.memory.writeUInt16LE(next, at + HTLC + 6);
  }

  /** The peer could not read the onion that we offered. */
  failMalformed(n: number, i: number, failure: number): void {
    const { at, blob } = this.slot(n, i);
    const hash = sha256(this.blob(blob));
    this.call("blob_free", blob);
    this.memory.writeUInt8(STATE.removed, at + HTLC);
    this.memory.writeUInt8(RESULT.malformed, at + HTLC + 1);
    this.memory.writeUInt16LE(failure, at + HTLC + 4);
    this.memory.writeUInt16LE(0, at + HTLC + 6);
    this.memory.set(hash, at + HTLC + 16);
  }

  blob(number: number): Uint8Array {
    const at = this.call("blob_at", number);
    return Uint8Array.from(this.memory.subarray(at, at + this.call("blob_bytes", number)));
  }

  /** Numbers of the blobs in use. */
  blobs(): number[] {
    return Array.from({ length: 16 }, (_, i) => i + 1).filter((i) => this.call("blob_bytes", i) > 0);
  }

  /** Lets payments progress until nothing changes; it ends after few rounds. */
  settle(): boolean {
    for (let round = 0; round < 8; round++) if (this.call("payment_settle") === 0) return round > 0;
    throw new Error("payments do not come to rest");
  }

  event(): Event | undefined {
    const length = this.call("payment_next_event", this.put(new Uint8Array(280)));
    if (length === 0) return undefined;
    const record = this.get(length);
    const kind = KINDS[record.readUInt32LE(0)];
    if (kind === undefined) throw new Error(`event of kind ${record.readUInt32LE(0)}`);
    return {
      kind,
      part: record.readUInt32LE(4),
      amountMsat: record.readBigUInt64LE(8),
      hash: Uint8Array.from(record.subarray(16, 48)),
      rest: record.subarray(48),
    };
  }

  events(): Event[] {
    const all: Event[] = [];
    for (let event = this.event(); event !== undefined; event = this.event()) all.push(event);
    return all;
  }

  /** An invoice of which preimage and payment_secret follow from its name. */
  invoice(
    name: string,
    values: { amountMsat?: bigint; expiryS?: bigint; delta?: number; description?: string } = {},
  ): { code: number; text: string; preimage: Uint8Array; hash: Uint8Array; secret: Uint8Array } {
    const description = Buffer.from(values.description ?? "");
    const request = Buffer.alloc(28 + description.length);
    request.writeBigUInt64LE(values.amountMsat ?? 0n, 0);
    request.writeBigUInt64LE(UTC_S, 8);
    request.writeBigUInt64LE(values.expiryS ?? 3600n, 16);
    request.writeUInt16LE(values.delta ?? 18, 24);
    request.writeUInt16LE(description.length, 26);
    description.copy(request, 28);
    const preimage = named(`preimage ${name}`);
    const secret = named(`secret ${name}`);
    const prefix = Buffer.alloc(16);
    prefix.writeUInt8(4, 0);
    prefix.write("bcrt", 1, "ascii");
    const entropy = this.put(Uint8Array.from([...preimage, ...secret]), 2048);
    const at = [this.put(request), request.length, entropy, this.put(prefix, 3000), this.put(new Uint8Array(0), 4096)];
    const code = this.call("invoice_create", ...at);
    return {
      code,
      text: this.get(Math.max(code, 0), 4096).toString("latin1"),
      preimage,
      hash: sha256(preimage),
      secret,
    };
  }

  static routeRecord(route: Route): Uint8Array {
    const metadata = route.metadata ?? new Uint8Array(0);
    const record = Buffer.alloc(96 + 64 * route.hops.length + metadata.length);
    record.writeUInt32LE(route.channel ?? 0, 0);
    record.writeUInt8(route.hops.length, 4);
    record.writeUInt8(route.keysend === true ? 1 : 0, 5);
    record.writeUInt16LE(metadata.length, 6);
    record.writeBigUInt64LE(route.totalMsat ?? route.hops.at(-1)?.amountMsat ?? 0n, 8);
    record.set(route.hash ?? new Uint8Array(32), 16);
    record.set(route.secret ?? new Uint8Array(32), 48);
    record.writeUInt8(0xff, 84);
    for (const [i, hop] of route.hops.entries()) {
      const at = 96 + 64 * i;
      record.writeBigUInt64LE(hop.shortChannelId ?? 0n, at);
      record.writeBigUInt64LE(hop.amountMsat, at + 8);
      record.writeUInt32LE(hop.cltvExpiry, at + 16);
      record.set(hop.point, at + 20);
    }
    record.set(metadata, 96 + 64 * route.hops.length);
    return Uint8Array.from(record);
  }

  /** Sends a part: its number or a code. */
  send(route: Route, session: Uint8Array = named("a session key")): number {
    return this.sendRecord(Room.routeRecord(route), session);
  }

  sendRecord(record: Uint8Array, session: Uint8Array = named("a session key")): number {
    return this.call("payment_send", this.put(record), record.length, this.put(session, 4096));
  }

  /** All that is persistent, and the blobs. */
  snapshot(): Buffer {
    const regions = [0, 1, 2].map((which) => {
      const at = this.call("region", which);
      return Buffer.from(this.memory.subarray(at, at + this.call("region_bytes", which)));
    });
    return Buffer.concat([...regions, Buffer.from(this.blobs())]);
  }
}

const MODULE: TapedModule = {
  entry: "test/payment/payment.entry.ts",
  instantiate: (engine, file) => {
    const memory = (): Uint8Array => instance.memory();
    const imports = { ...new NodeCrypto(KEYS).imports(memory), [METER_MODULE]: meterImports([], memoryRange(memory)) };
    const instance: Instance = engineByName(engine).instantiate(file.wasm, imports, file.sourceMap);
    return instance;
  },
  root: ROOT,
};

/** Tests of the room on every engine: each is given a way to make fresh rooms. */
export function onEngines(title: string, tests: Readonly<Record<string, (room: () => Room) => void>>): void {
  const bodies = Object.entries(tests).map(
    ([name, body]) => [name, (fresh: () => Instance) => body(() => new Room(fresh()))] as const,
  );
  onTapedEngines(title, MODULE, Object.fromEntries(bodies), 60_000);
}
