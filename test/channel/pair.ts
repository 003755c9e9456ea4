import { createHash } from "node:crypto";
import { KeyRing } from "../../host/board/key_ring.js";
import { NodeCrypto } from "../../host/board/node_crypto.js";
import type { Imports, Instance } from "../../host/engine/engine.js";
import { engineByName } from "../../host/engine/index.js";
import { TEST_ROOT } from "../driver/modules.js";
import { METERS_ARE_KEYS, onTapedEngines, type TapedModule } from "../driver/taped.js";
import { LONG } from "../long/counts.js";

/** assembly/channel/record.ts. */
const STATE = 432;
const MARKS = 436;
const FAULT = 440;
const ID = 484;
const BALANCES = 520;
const NUMBERS = 536;
export const SLOT_STATE = 56;
export const SLOT_FLAGS = 58;
export const HTLC_SLOTS = 24;

export const STATES = { none: 0, fundingNeeded: 2, funded: 5, normal: 6, closed: 7, failed: 8, lost: 9 } as const;
export const HTLC = { free: 0, proposed: 1, committed: 5, removed: 10 } as const;

const OUT = 8192;
const CAPACITY = 4096;
const peer = (byte: number): Uint8Array => new Uint8Array(33).fill(byte);

export type End = 0 | 1;
export const other = (end: End): End => (end === 0 ? 1 : 0);

export const sha256 = (bytes: Uint8Array): Uint8Array => createHash("sha256").update(bytes).digest();
export const preimageOf = (number: number): Uint8Array => sha256(Buffer.from(`preimage ${number}`));

/** Numbers below 1,000 by the hashes of their preimages. */
const NUMBERS_OF: ReadonlyMap<string, number> = new Map(
  Array.from({ length: 1000 }, (_, i) => [Buffer.from(sha256(preimageOf(i))).toString("hex"), i]),
);

export const typeOf = (frame: Uint8Array): number => ((frame[0] ?? 0) << 8) | (frame[1] ?? 0);

/** Two ends of a channel, 0 its opener, and what is on its way between them. */
export class Pair {
  /** Frames on their way from either end. */
  readonly sent: [Uint8Array[], Uint8Array[]] = [[], []];
  readonly #data: number;
  /** What either end is known by to the other: all of them are one node, to itself. */
  readonly peers: [Uint8Array, Uint8Array] = [peer(2), peer(3)];
  #hashes = 0;
  #lastBlob = 0;
  /** Flags of channel types that are taken. */
  allowed = 1;

  constructor(readonly instance: Instance) {
    this.#data = this.call("data");
    this.call("channels_begin");
    this.call("energies_begin");
    this.call("blobs_begin");
    this.call("set_chain", this.place(0, new Uint8Array(32).fill(7)));
  }

  call(name: string, ...args: (number | bigint)[]): number {
    return this.instance.call(name, ...args) as number;
  }

  place(at: number, bytes: Uint8Array): number {
    this.instance.memory().set(bytes, this.#data + at);
    return this.#data + at;
  }

  read(at: number, length: number): Uint8Array {
    return this.instance.memory().slice(at, at + length);
  }

  /** All that is stored. */
  stored(): string {
    const region = this.read(this.call("region"), this.call("region_bytes"));
    const energies = this.read(this.call("energies"), this.call("energies_bytes"));
    return Buffer.concat([region, this.read(this.call("blob_lengths"), 32), energies]).toString("base64");
  }

  /** Puts an end's record and slots back as `stored` gave them. */
  restore(end: End, stored: string): void {
    const region = this.call("region");
    const from = this.call("channel_of", end) - region;
    const to = this.call("channel_of", end + 1) - region;
    this.instance.memory().set(Buffer.from(stored, "base64").subarray(from, to), region + from);
  }

  amountOf(end: End, slot: number): bigint {
    return this.u64(this.call("slot_of", end, slot) + 8);
  }

  freeBlobs(): number {
    const lengths = Buffer.from(this.read(this.call("blob_lengths"), 32));
    return Array.from({ length: 16 }, (_, i) => lengths.readUInt16LE(2 * i)).filter((length) => length === 0).length;
  }

  /** Frees the blob that the last offer, which was refused, has left to its caller. */
  freeLastBlob(): void {
    this.call("blob_free", this.#lastBlob);
  }

  /** The number whose preimage a slot's HTLC has. */
  numberOf(end: End, slot: number): number {
    const hash = this.read(this.call("slot_of", end, slot) + 24, 32);
    const number = NUMBERS_OF.get(Buffer.from(hash).toString("hex"));
    if (number === undefined) throw new Error("no such preimage");
    return number;
  }

  u32(at: number): number {
    return Buffer.from(this.read(at, 4)).readUInt32LE();
  }

  u64(at: number): bigint {
    return Buffer.from(this.read(at, 8)).readBigUInt64LE();
  }

  state(end: End): number {
    return this.u32(this.call("channel_of", end) + STATE);
  }

  marks(end: End): number {
    return this.u32(this.call("channel_of", end) + MARKS);
  }

  channelId(end: End): Uint8Array {
    return this.read(this.call("channel_of", end) + ID, 32);
  }

  fault(end: End): number {
    return this.u32(this.call("channel_of", end) + FAULT) | 0;
  }

  balances(end: End): [bigint, bigint] {
    const at = this.call("channel_of", end) + BALANCES;
    return [this.u64(at), this.u64(at + 8)];
  }

  /** Number of the latest commitment of the end itself, and of the other as the end has it. */
  numbers(end: End): [bigint, bigint] {
    const at = this.call("channel_of", end) + NUMBERS;
    return [this.u64(at), this.u64(at + 8)];
  }

  slotState(end: End, slot: number): number {
    return this.read(this.call("slot_of", end, slot) + SLOT_STATE, 1)[0] ?? -1;
  }

  slotFlags(end: End, slot: number): number {
    return Buffer.from(this.read(this.call("slot_of", end, slot) + SLOT_FLAGS, 2)).readUInt16LE();
  }

  slotResult(end: End, slot: number): number {
    return this.read(this.call("slot_of", end, slot) + SLOT_STATE + 1, 1)[0] ?? -1;
  }

  /** Slots whose HTLC is in this state, offered by the end itself or by the other. */
  slots(end: End, state: number, isOwn: boolean): number[] {
    return Array.from({ length: HTLC_SLOTS }, (_, i) => i).filter((i) => {
      const offeredBy = this.u32(this.call("slot_of", end, i) + 20);
      return this.slotState(end, i) === state && (offeredBy === 0) === isOwn;
    });
  }

  /** What the node does after every event: commit, then send. */
  settle(end: End): void {
    while (this.call("channel_commit", end) !== 0);
    for (;;) {
      const length = this.call("channel_next_message", end, this.#data + OUT, CAPACITY);
      if (length === 0) return;
      if (length < 0) throw new Error(`message of end ${end}: code ${length}`);
      this.sent[end].push(this.read(this.#data + OUT, length));
    }
  }

  /** Hands a frame to an end; its code. */
  give(end: End, frame: Uint8Array, flags = this.allowed): number {
    const peer = this.place(6000, this.peers[other(end)]);
    return this.call("deliver", end, this.place(0, frame), frame.length, peer, flags);
  }

  /** Lets the oldest frame from an end arrive at the other: whether there was one. Throws if it is refused. */
  arrive(from: End): boolean {
    const frame = this.sent[from].shift();
    if (frame === undefined) return false;
    const code = this.give(other(from), frame);
    if (code < 0) throw new Error(`message ${typeOf(frame)} of end ${from}: code ${code}`);
    this.settle(other(from));
    return true;
  }

  /** Until nothing is on its way. */
  run(): void {
    while (this.arrive(0) || this.arrive(1));
  }

  disconnect(): void {
    for (const end of [0, 1] as const) {
      this.call("channel_disconnected", end);
      this.sent[end].length = 0;
    }
  }

  connect(): void {
    for (const end of [0, 1] as const) {
      this.call("channel_connected", end);
      this.settle(end);
    }
  }

  openChannel(fundingSat: bigint, pushMsat: bigint, feerate: number, flags: number, parameters?: Uint8Array): number {
    const peer = this.place(6000, this.peers[1]);
    const at = parameters === undefined ? 0 : this.place(6100, parameters);
    return this.call("channel_open", 0, peer, fundingSat, pushMsat, feerate, flags, 0, at);
  }

  /** Opens the channel, ready for use. */
  open({ fundingSat = 1_000_000n, pushMsat = 300_000_000n, feerate = 1000, anchors = true } = {}): this {
    return this.opened(this.openChannel(fundingSat, pushMsat, feerate, anchors ? 1 : 0));
  }

  /** Goes on from open_channel, with its code, until the channel is ready for use. */
  opened(code: number): this {
    if (code < 0) throw new Error(`open: code ${code}`);
    this.settle(0);
    this.run();
    this.fund();
    this.run();
    this.confirm();
    this.run();
    return this;
  }

  fund(): void {
    const code = this.call("channel_fund", 0, this.place(0, sha256(Buffer.from("funding"))), 1);
    if (code < 0) throw new Error(`fund: code ${code}`);
    this.settle(0);
  }

  confirm(depth = 3): void {
    for (const end of [0, 1] as const) {
      const code = this.call("channel_funding_depth", end, depth, 100, 1);
      if (code < 0) throw new Error(`depth: code ${code}`);
      this.settle(end);
    }
  }

  /** Offers an HTLC whose preimage is that of a number: its slot or a code. */
  offer(end: End, amountMsat: bigint, number = this.#hashes++, expiry = 500, rider?: Uint8Array): number {
    const onion = this.place(
      0,
      Uint8Array.from({ length: 1366 }, (_, i) => (i + number) & 255),
    );
    const blob = this.call("blob_new", onion, 1366);
    if (blob < 0) throw new Error("no blob is free");
    this.#lastBlob = blob;
    const hash = this.place(0, sha256(preimageOf(number)));
    const at = rider === undefined ? 0 : this.place(6000, rider);
    return this.call("channel_offer", end, amountMsat, hash, expiry, blob, 0, 0, at);
  }

  fulfill(end: End, slot: number, number: number, note?: Uint8Array): number {
    const at = note === undefined ? 0 : this.place(6000, note);
    return this.call("channel_fulfill", end, slot, this.place(0, preimageOf(number)), at);
  }

  fail(end: End, slot: number): number {
    return this.call("channel_fail", end, slot, 0x4000 | 15, 1000n, 100n);
  }

  /** The latest commitment of a side (0: of the end itself) as an end has it. */
  commitment(end: End, owner: number): string {
    const length = this.call("commitment", end, owner, this.#data);
    if (length < 0) throw new Error(`commitment: code ${length}`);
    return Buffer.from(this.read(this.#data, length)).toString("hex");
  }

  /** Throws unless both ends have the same commitments, where a commitment_signed is not still on its way. */
  compare(): void {
    for (const end of [0, 1] as const) {
      if (this.numbers(end)[0] !== this.numbers(other(end))[1]) continue;
      if (this.commitment(end, 0) !== this.commitment(other(end), 1))
        throw new Error(`commitments of end ${end} differ`);
    }
  }

  /** The energy state of a side's latest commitment as an end has it, behind the parameters' hash. */
  energyState(end: End, owner: number): string {
    const length = this.call("energy_state", end, owner, this.#data);
    if (length < 0) throw new Error(`energy state: code ${length}`);
    return Buffer.from(this.read(this.#data + 32, length - 32)).toString("hex");
  }

  /** The transaction that an export writes, signed. */
  transaction(name: "channel_commitment_tx" | "channel_closing_tx", end: End): Uint8Array {
    const length = this.call(name, end, this.#data, CAPACITY);
    if (length < 0) throw new Error(`${name}: code ${length}`);
    return this.read(this.#data, length);
  }

  /** The HTLC transaction that an end could send for a slot, or a code. */
  htlcTransaction(end: End, slot: number, preimage: Uint8Array): Uint8Array | number {
    const at = this.place(6000, preimage);
    const length = this.call("htlc_tx", end, slot, at, this.#data, CAPACITY);
    return length < 0 ? length : this.read(this.#data, length);
  }

  /** The funding output's scriptpubkey. */
  fundingProgram(end: End): Uint8Array {
    const code = this.call("channel_funding_program", end, this.#data);
    if (code < 0) throw new Error(`funding program: code ${code}`);
    return this.read(this.#data, 34);
  }

  /** Everything that is remembered of channels, stored or not, to be put back; not what is worked out anew every time. */
  save(): () => void {
    const kept = this.remembered().map(([at, length]) => [at, this.read(at, length)] as const);
    const sent = this.sent.map((frames) => [...frames]);
    return () => {
      for (const [at, bytes] of kept) this.instance.memory().set(bytes, at);
      for (const end of [0, 1] as const) this.sent[end].splice(0, this.sent[end].length, ...(sent[end] ?? []));
    };
  }

  private remembered(): (readonly [at: number, length: number])[] {
    return [
      [this.call("region"), this.call("region_bytes")],
      [this.call("energies"), this.call("energies_bytes")],
      [this.call("blob_lengths"), 32],
      [this.call("blob_at", 1), 16 * 1400],
      [this.call("live_of", 0), 4 * 120],
      [this.call("temporary_channel_id"), 32],
    ];
  }
}

/** Line meters, whose keys are those of the node's handles with the same numbers. */
const lineMeters = (keys: KeyRing, memory: () => Uint8Array): Imports => ({
  meter: {
    point: (number, to) => {
      memory().set(keys.publicKey(Number(number)) as Uint8Array, Number(to));
      return 0;
    },
  },
});

const MODULE: TapedModule = {
  entry: "test/channel/channel.entry.ts",
  instantiate: (engine, file) => {
    const keys = new KeyRing(TEST_ROOT);
    const memory = (): Uint8Array => instance.memory();
    const imports = { ...new NodeCrypto(keys).imports(memory), ...lineMeters(keys, memory) };
    const instance: Instance = engineByName(engine).instantiate(file.wasm, imports, file.sourceMap);
    return instance;
  },
  instead: [METERS_ARE_KEYS],
};

/** Tests on every engine, each of which is given a way to make fresh pairs. */
export function onPairs(title: string, tests: Readonly<Record<string, (pair: () => Pair) => void>>): void {
  const bodies = Object.entries(tests).map(
    ([name, body]) => [name, (fresh: () => Instance) => body(() => new Pair(fresh()))] as const,
  );
  onTapedEngines(title, MODULE, Object.fromEntries(bodies), LONG ? 3_600_000 : 120_000);
}
