import { sha256 } from "@noble/hashes/sha2.js";
import fc from "fast-check";
import { expect } from "vitest";
import { node } from "../onion/fixtures.js";
import {
  CHANNEL_STATE,
  FLAG,
  HEIGHT,
  NOW_MS,
  RESULT,
  Room,
  STATE,
  finalPayload,
  forwardPayload,
  named,
  onEngines,
  onion,
} from "./room.js";

// Whatever peers do with HTLCs: each is handled once, none is lost, and no preimage is given away that was not received.

const CHANNELS = 4;
const SLOTS = 24;
const FORWARD = 1;
const INVOICE = 2;
const PAYMENT = { name: "random", preimage: named("preimage random"), secret: named("secret random") };
const TOTAL = 9_000n;
const NEXT = node(1).point;

type Step =
  | {
      readonly do: "forward";
      readonly from: number;
      readonly to: number;
      readonly amount: number;
      readonly name: number;
    }
  | { readonly do: "pay"; readonly from: number; readonly amount: number; readonly total: number }
  | { readonly do: "keysend"; readonly from: number; readonly name: number }
  | { readonly do: "noise"; readonly from: number; readonly seed: number }
  | { readonly do: "send"; readonly to: number; readonly name: number }
  | { readonly do: "end"; readonly which: number; readonly how: "fulfil" | "fail" | "malformed" | "removed" | "lost" }
  | { readonly do: "gone"; readonly which: number }
  | { readonly do: "time"; readonly ms: number; readonly blocks: number }
  | { readonly do: "break"; readonly channel: number };

const channel = fc.nat(CHANNELS - 1);
const name = fc.nat(9);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant("forward" as const),
      from: channel,
      to: channel,
      amount: fc.nat(5000),
      name,
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant("pay" as const), from: channel, amount: fc.nat(5000), total: fc.nat(20) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("keysend" as const), from: channel, name }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("noise" as const), from: channel, seed: fc.nat() }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("send" as const), to: channel, name }) },
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant("end" as const),
      which: fc.nat(1000),
      how: fc.constantFrom(
        "fulfil" as const,
        "fail" as const,
        "malformed" as const,
        "removed" as const,
        "lost" as const,
      ),
    }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("gone" as const), which: fc.nat(1000) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("time" as const), ms: fc.nat(70_000), blocks: fc.nat(3) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("break" as const), channel }) },
);

const preimageOf = (n: number): Uint8Array => named(`random preimage ${n}`);

interface Place {
  readonly n: number;
  readonly i: number;
}

const PLACES: readonly Place[] = Array.from({ length: CHANNELS * SLOTS }, (_, k) => ({
  n: Math.floor(k / SLOTS),
  i: k % SLOTS,
}));

/** The room, what its peers did, and what must hold after every step. */
class World {
  height = HEIGHT;
  nowMs = NOW_MS;
  readonly broken = new Set<number>();
  readonly known = new Set<string>();
  told = 0;
  private counter = 0;

  constructor(readonly room: Room) {
    for (let n = 0; n < CHANNELS; n++) {
      room.channel(n);
      room.policy(n, { base: 7 });
    }
    room.invoice(PAYMENT.name, { amountMsat: TOTAL });
  }

  private arrive(from: number, amountMsat: bigint, cltvExpiry: number, hash: Uint8Array, packet: Uint8Array): void {
    const busy = PLACES.filter(({ n, i }) => n === from && this.room.slot(n, i).state !== STATE.free).length;
    if (busy >= SLOTS || this.room.blobs().length >= 16 || this.broken.has(from)) return;
    this.room.arrive(from, { amountMsat, cltvExpiry, hash, onion: packet });
  }

  private session(): Uint8Array {
    return named(`random session ${this.counter++}`);
  }

  /** Offered HTLCs that their peer may still end. */
  private open(): Place[] {
    return PLACES.filter(({ n, i }) => {
      const { state, offeredBy, result } = this.room.slot(n, i);
      return state !== STATE.free && offeredBy === 0 && result === RESULT.none && !this.broken.has(n);
    });
  }

  take(action: Step): void {
    const { room, height } = this;
    const cltv = height + 200;
    switch (action.do) {
      case "forward": {
        const hash = sha256(preimageOf(action.name));
        const out = BigInt(action.amount);
        const payloads = [forwardPayload(BigInt(100 + action.to), out, cltv - 40), finalPayload(out, cltv - 40)];
        this.arrive(action.from, out + 7n, cltv, hash, onion(hash, payloads, [NEXT], this.session()));
        break;
      }
      case "pay": {
        const hash = sha256(PAYMENT.preimage);
        const total = action.total === 0 ? TOTAL + 1n : TOTAL;
        const payload = finalPayload(BigInt(action.amount), cltv, PAYMENT.secret, total);
        this.arrive(action.from, BigInt(action.amount), cltv, hash, onion(hash, [payload], [], this.session()));
        break;
      }
      case "keysend": {
        const preimage = named(`keysend ${action.name}`);
        const hash = sha256(preimage);
        const payload = finalPayload(50n, cltv, undefined, 50n, preimage);
        this.arrive(action.from, 50n, cltv, hash, onion(hash, [payload], [], this.session()));
        break;
      }
      case "noise": {
        const packet = Uint8Array.from({ length: 1366 }, (_, i) => (action.seed * (i + 7) * 31) >> 3);
        this.arrive(action.from, 5n, cltv, named("noise"), packet);
        break;
      }
      case "send":
        room.send(
          {
            channel: action.to,
            hash: sha256(preimageOf(action.name)),
            hops: [{ point: NEXT, amountMsat: 3000n, cltvExpiry: cltv }],
          },
          this.session(),
        );
        break;
      case "end": {
        const open = this.open();
        const place = open[action.which % Math.max(open.length, 1)];
        if (place !== undefined) this.end(place, action.how);
        break;
      }
      case "gone": {
        // What is on its way out leaves both commitments.
        const leaving = PLACES.filter(({ n, i }) => room.slot(n, i).state === STATE.removeProposed);
        const place = leaving[action.which % Math.max(leaving.length, 1)];
        if (place === undefined) break;
        const { offeredBy, blob } = room.slot(place.n, place.i);
        if (offeredBy !== 0) room.call("blob_free", blob);
        if (offeredBy !== 0) room.memory.fill(0, room.slot(place.n, place.i).at, room.slot(place.n, place.i).at + 256);
        else room.setState(place.n, place.i, STATE.removed);
        break;
      }
      case "time":
        this.height += action.blocks;
        this.nowMs += BigInt(action.ms);
        room.time(this.height, this.nowMs);
        break;
      case "break":
        // One channel of a world may fail: with more, little would happen any more.
        if (this.broken.size > 0) break;
        this.broken.add(action.channel);
        room.setChannel(action.channel, CHANNEL_STATE.failed);
        break;
    }
  }

  private end({ n, i }: Place, how: Extract<Step, { do: "end" }>["how"]): void {
    const { room } = this;
    const { hash, blob, state } = room.slot(n, i);
    if (how === "malformed" && state !== STATE.proposed) return;
    const preimage = Array.from({ length: 10 }, (_, k) => preimageOf(k)).find(
      (value) => Buffer.compare(sha256(value), hash) === 0,
    );
    if (preimage === undefined) return;
    if (how === "fulfil") {
      this.known.add(Buffer.from(preimage).toString("hex"));
      room.call("blob_free", blob);
      room.memory.writeUInt16LE(0, room.slot(n, i).at + 56 + 6);
      room.fulfil(n, i, preimage);
    } else if (how === "fail") {
      room.fail(n, i, room.blobs().length < 16 ? new Uint8Array(292).fill(7) : undefined);
    } else if (how === "malformed") {
      room.failMalformed(n, i, 0xc005);
    } else if (how === "lost") {
      room.fail(n, i, undefined);
    } else {
      room.fail(n, i, undefined, STATE.removeProposed);
    }
  }

  check(): void {
    const { room } = this;
    expect(room.settle()).toBe(false);
    const used: number[] = [];
    for (const { n, i } of PLACES) {
      const slot = room.slot(n, i);
      if (slot.state === STATE.free) continue;
      if (slot.blob !== 0) used.push(slot.blob);
      if (slot.offeredBy === 0) {
        expect(slot.state).not.toBe(STATE.removed);
        continue;
      }
      if (slot.result === RESULT.fulfilled) this.checkPreimage(slot.hash, slot.preimage);
      if (slot.state === STATE.committed && !this.broken.has(n)) this.checkHeld(slot, n, i);
    }
    // Every blob has one owner, and none is left without.
    expect(used.sort((a, b) => a - b)).toEqual(room.blobs());
    for (const event of room.events()) {
      if (event.kind === "received") this.told++;
    }
  }

  private checkPreimage(hash: Uint8Array, preimage: Uint8Array): void {
    expect(sha256(preimage)).toEqual(hash);
    const text = Buffer.from(preimage).toString("hex");
    const forwarded = Array.from({ length: 10 }, (_, k) => Buffer.from(preimageOf(k)).toString("hex"));
    if (forwarded.includes(text)) expect(this.known.has(text)).toBe(true);
  }

  /** A committed HTLC of a channel in order is somebody's: of another one that is under way, or of a set that waits. */
  private checkHeld(slot: ReturnType<Room["slot"]>, n: number, i: number): void {
    const { room } = this;
    expect(slot.flags & FLAG.handled).toBe(FLAG.handled);
    const kind = slot.link >> 16;
    const index = slot.link & 0xffff;
    if (kind === FORWARD) {
      const other = room.slot(Math.floor(index / SLOTS), index % SLOTS);
      expect(other.offeredBy).toBe(0);
      expect(other.state).not.toBe(STATE.free);
      expect(other.link).toBe((FORWARD << 16) | (n * SLOTS + i));
      expect(other.hash).toEqual(slot.hash);
      expect(slot.amountMsat >= other.amountMsat + 7n).toBe(true);
      expect(slot.cltvExpiry >= other.cltvExpiry + 34).toBe(true);
      expect(other.flags & FLAG.preimage).toBe(0);
    } else {
      expect(kind).toBe(INVOICE);
      const at = room.call("invoice_at", index);
      expect([TOTAL, TOTAL + 1n]).toContain(room.memory.readBigUInt64LE(at + 128));
    }
  }
}

const property = (make: () => Room, numRuns: number): void => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 5, maxLength: 60 }), (steps) => {
      const world = new World(make());
      for (const action of steps) {
        world.take(action);
        world.room.settle();
        world.check();
      }
    }),
    { numRuns },
  );
};

onEngines("payment: whatever peers do", {
  "every HTLC is handled once, and none is lost": (make) => property(make, 40),
});
