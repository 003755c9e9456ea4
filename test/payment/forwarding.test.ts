import { sha256 } from "@noble/hashes/sha2.js";
import { expect } from "vitest";
import { peelOnion, rawError, routeSecrets, sealOnion } from "../onion/sphinx.js";
import { node } from "../onion/fixtures.js";
import { encodeTlvs } from "../onion/tlv.js";
import {
  CHANNEL_STATE,
  FLAG,
  HEIGHT,
  MARK,
  NODE_POINT,
  RESULT,
  type Room,
  STATE,
  finalPayload,
  forwardPayload,
  named,
  onEngines,
  onion,
} from "./room.js";

const NEXT = node(1);
const PREIMAGE = named("a preimage");
const HASH = sha256(PREIMAGE);
const OUT_MSAT = 1_000_000n;
const OUT_CLTV = HEIGHT + 60;
const IN_CLTV = OUT_CLTV + 40;
const DISABLED = 1;

interface Forward {
  readonly inMsat?: bigint;
  readonly inCltv?: number;
  readonly outMsat?: bigint;
  readonly outCltv?: number;
  readonly short?: bigint;
  readonly from?: number;
  readonly flags?: number;
  readonly pathKey?: Uint8Array;
  readonly session?: Uint8Array;
}

/** Two channels, the second with a policy; an HTLC to forward from channel 0 to channel 1. */
function open(room: () => Room): Room {
  const opened = room();
  opened.channel(0);
  opened.channel(1);
  expect(opened.policy(1, { minimum: 1000n, base: 100, ppm: 1000, delta: 40 })).toBe(0);
  return opened;
}

const FEE_MSAT = 100n + OUT_MSAT / 1000n;

/** The HTLC's slot, and the slots of what went out of channel 1. */
function forward(room: Room, values: Forward = {}): { slot: number; out: number[] } {
  const outMsat = values.outMsat ?? OUT_MSAT;
  const outCltv = values.outCltv ?? OUT_CLTV;
  const payloads = [forwardPayload(values.short ?? 101n, outMsat, outCltv), finalPayload(outMsat, outCltv)];
  const slot = room.arrive(values.from ?? 0, {
    amountMsat: values.inMsat ?? outMsat + 100n + outMsat / 1000n,
    cltvExpiry: values.inCltv ?? IN_CLTV,
    hash: HASH,
    onion: onion(HASH, payloads, [NEXT.point], values.session),
    ...(values.flags === undefined ? {} : { flags: values.flags }),
    ...(values.pathKey === undefined ? {} : { pathKey: values.pathKey }),
  });
  room.settle();
  return { slot, out: room.offered(1) };
}

/** The HTLC in channel 0 was failed so, and nothing of it is left. */
function expectFailed(room: Room, slot: number, failure: number, first = 0n, second = 0n): void {
  const { state, result, failure: code, first: a, second: b, blob } = room.slot(0, slot);
  expect({ state, result, code, first: a, second: b, blob }).toEqual({
    state: STATE.removeProposed,
    result: RESULT.failed,
    code: failure,
    first,
    second,
    blob: 0,
  });
  expect(room.offered(1)).toEqual([]);
  expect(room.blobs()).toEqual([]);
}

function expectMalformed(room: Room, slot: number, failure: number, packet: Uint8Array): void {
  const { state, result, failure: code, preimage, blob } = room.slot(0, slot);
  expect({ state, result, code, blob }).toEqual({
    state: STATE.removeProposed,
    result: RESULT.malformed,
    code: failure,
    blob: 0,
  });
  expect(preimage).toEqual(sha256(packet));
  expect(room.blobs()).toEqual([]);
}

onEngines("payment: forwarding", {
  "goes out as the onion says, with the next hop's onion, and the first one is dropped": (make) => {
    const room = open(make);
    const session = named("session of the origin");
    const { slot, out } = forward(room, { session });
    expect(out).toHaveLength(1);
    const sent = room.slot(1, out[0] ?? 0);
    expect(sent).toMatchObject({ amountMsat: OUT_MSAT, cltvExpiry: OUT_CLTV, hash: HASH, state: STATE.proposed });
    expect(room.blobs()).toEqual([sent.blob]);
    const peeled = peelOnion(NEXT.key, HASH, room.blob(sent.blob));
    expect(peeled.next).toBeUndefined();
    expect(peeled.payload).toEqual(finalPayload(OUT_MSAT, OUT_CLTV));
    const held = room.slot(0, slot);
    expect(held).toMatchObject({ state: STATE.committed, result: RESULT.none, blob: 0 });
    expect(held.flags & FLAG.handled).toBe(FLAG.handled);
    expect(held.secret).toEqual(routeSecrets(session, [NODE_POINT, NEXT.point])[0]);
    expect(room.settle()).toBe(false);
  },
  "waits until the HTLC is irrevocably committed": (make) => {
    const room = open(make);
    const packet = onion(
      HASH,
      [forwardPayload(101n, OUT_MSAT, OUT_CLTV), finalPayload(OUT_MSAT, OUT_CLTV)],
      [NEXT.point],
    );
    const slot = room.arrive(0, { amountMsat: OUT_MSAT + FEE_MSAT, cltvExpiry: IN_CLTV, hash: HASH, onion: packet });
    for (const state of [1, 2, 3, 4]) {
      room.setState(0, slot, state);
      expect(room.settle()).toBe(false);
      expect(room.offered(1)).toEqual([]);
    }
    room.setState(0, slot, STATE.committed);
    expect(room.settle()).toBe(true);
    expect(room.offered(1)).toHaveLength(1);
  },
  "finds the channel by our alias for it": (make) => {
    const room = open(make);
    room.setAlias(1, 0xabcdefn);
    expect(forward(room, { short: 0xabcdefn }).out).toHaveLength(1);
  },
  "unknown_next_peer: no such channel, or one that is not funded": (make) => {
    const room = open(make);
    expectFailed(room, forward(room, { short: 77n }).slot, 0x400a);
    expectFailed(room, forward(room, { short: 0n }).slot, 0x400a);
    room.setChannel(1, 4, 0);
    expectFailed(room, forward(room).slot, 0x400a);
  },
  amount_below_minimum: (make) => {
    const room = open(make);
    expectFailed(room, forward(room, { outMsat: 999n }).slot, 0x100b, 999n);
    expect(forward(room, { outMsat: 1000n }).out).toHaveLength(1);
  },
  "amount_below_minimum: less than the next hop takes": (make) => {
    const room = open(make);
    room.policy(1, {});
    const at = room.call("channel_of", 1) + 432;
    room.memory.writeBigUInt64LE(5_000n, at + 168 + 8);
    expectFailed(room, forward(room, { outMsat: 4_999n, inMsat: 4_999n }).slot, 0x100b, 4_999n);
    expectFailed(room, forward(room, { outMsat: 0n, inMsat: 1n }).slot, 0x100b, 0n);
    expect(forward(room, { outMsat: 5_000n, inMsat: 5_000n }).out).toHaveLength(1);
  },
  "fee_insufficient, to the last msat": (make) => {
    const room = open(make);
    const short = OUT_MSAT + FEE_MSAT - 1n;
    expectFailed(room, forward(room, { inMsat: short }).slot, 0x100c, short);
    expect(forward(room, { inMsat: short + 1n }).out).toHaveLength(1);
  },
  "fee_insufficient: an amount so great that its fee has no number": (make) => {
    const room = open(make);
    room.policy(1, { ppm: 1_000_000 });
    const outMsat = 2n ** 64n - 1n;
    expectFailed(room, forward(room, { outMsat, inMsat: 5_000n }).slot, 0x100c, 5_000n);
  },
  "incorrect_cltv_expiry, to the last block": (make) => {
    const room = open(make);
    expectFailed(room, forward(room, { inCltv: OUT_CLTV + 39 }).slot, 0x100d, BigInt(OUT_CLTV));
    expectFailed(room, forward(room, { outCltv: 2 ** 32 - 1 }).slot, 0x100d, BigInt(2 ** 32 - 1));
    expect(forward(room, { inCltv: OUT_CLTV + 40 }).out).toHaveLength(1);
  },
  expiry_too_soon: (make) => {
    const room = open(make);
    expectFailed(room, forward(room, { outCltv: HEIGHT + 2, inCltv: HEIGHT + 42 }).slot, 0x100e);
    expectFailed(room, forward(room, { outCltv: HEIGHT - 500, inCltv: HEIGHT + 17 }).slot, 0x100e);
    expectFailed(room, forward(room, { outCltv: HEIGHT - 500, inCltv: HEIGHT - 400 }).slot, 0x100e);
    expect(forward(room, { outCltv: HEIGHT + 3, inCltv: HEIGHT + 43 }).out).toHaveLength(1);
  },
  channel_disabled: (make) => {
    const room = open(make);
    room.policy(1, { flags: DISABLED });
    expectFailed(room, forward(room).slot, 0x1014);
  },
  expiry_too_far: (make) => {
    const room = open(make);
    const far = HEIGHT + 2016;
    expectFailed(room, forward(room, { outCltv: far + 1, inCltv: far + 41 }).slot, 21);
    expect(forward(room, { outCltv: far, inCltv: far + 40 }).out).toHaveLength(1);
  },
  "the first failure of the list is told": (make) => {
    const room = open(make);
    room.policy(1, { minimum: 2000n, base: 5, flags: DISABLED });
    const all = { outMsat: 1999n, inMsat: 1n, outCltv: HEIGHT, inCltv: HEIGHT };
    expectFailed(room, forward(room, all).slot, 0x100b, 1999n);
    expectFailed(room, forward(room, { ...all, outMsat: 2000n }).slot, 0x100c, 1n);
    expectFailed(room, forward(room, { ...all, outMsat: 2000n, inMsat: 2005n }).slot, 0x100d, BigInt(HEIGHT));
    const late = { ...all, outMsat: 2000n, inMsat: 2005n, inCltv: HEIGHT + 34 };
    expectFailed(room, forward(room, late).slot, 0x100e);
  },
  "temporary_channel_failure: more than the channel takes, or can spend, or its peer is away": (make) => {
    const room = open(make);
    room.policy(1, { maximum: 500_000n });
    expectFailed(room, forward(room).slot, 0x1007);
    room.policy(1, {});
    expectFailed(room, forward(room, { outMsat: 2_000_000_000n, inMsat: 2_000_000_000n }).slot, 0x1007);
    room.setChannel(1, CHANNEL_STATE.normal, MARK.ready);
    expectFailed(room, forward(room).slot, 0x1007);
  },
  "permanent_channel_failure: it is being closed, or was": (make) => {
    const room = open(make);
    for (const mark of [MARK.shutdown, MARK.peerShutdown]) {
      room.setChannel(1, CHANNEL_STATE.normal, MARK.ready | MARK.peerReady | mark);
      expectFailed(room, forward(room).slot, 0x4008);
    }
    for (const state of [CHANNEL_STATE.closed, CHANNEL_STATE.failed, CHANNEL_STATE.lost]) {
      room.setChannel(1, state);
      expectFailed(room, forward(room).slot, 0x4008);
    }
  },
  "temporary_channel_failure: no blob is left for the onion": (make) => {
    const room = open(make);
    for (let i = 0; i < 15; i++) room.call("blob_new", room.put(new Uint8Array(8)), 8);
    const { slot, out } = forward(room);
    expect(out).toEqual([]);
    expect(room.slot(0, slot)).toMatchObject({ result: RESULT.failed, failure: 0x1007, blob: 0 });
  },
  "one incoming channel gets half of the slots, the others the rest": (make) => {
    const room = open(make);
    room.channel(2);
    for (let i = 0; i < 6; i++) expect(forward(room).out).toHaveLength(i + 1);
    const { slot, out } = forward(room);
    expect(room.slot(0, slot)).toMatchObject({ result: RESULT.failed, failure: 0x1007 });
    expect(out).toHaveLength(6);
    expect(forward(room, { from: 2 }).out).toHaveLength(7);
  },
  "one incoming channel gets half of what may be in flight": (make) => {
    const room = open(make);
    room.channel(2);
    expect(forward(room, { outMsat: 300_000_000n, inMsat: 301_000_000n }).out).toHaveLength(1);
    const { slot } = forward(room, { outMsat: 100_000_001n, inMsat: 110_000_000n });
    expect(room.slot(0, slot)).toMatchObject({ result: RESULT.failed, failure: 0x1007 });
    expect(forward(room, { outMsat: 100_000_000n, inMsat: 110_000_000n }).out).toHaveLength(2);
    expect(forward(room, { outMsat: 100_000_001n, inMsat: 110_000_000n, from: 2 }).out).toHaveLength(3);
  },
  "policies that could lose money are none": (make) => {
    const room = open(make);
    for (const values of [{ delta: 33 }, { ppm: 1_000_001 }, { flags: 2 }, { minimum: 2n, maximum: 1n }]) {
      expect(room.policy(1, values)).toBe(-1);
    }
    expect(room.policy(4, {})).toBe(-1);
    expectFailed(room, forward(room, { outMsat: 999n }).slot, 0x100b, 999n);
  },
});

onEngines("payment: onions that are not accepted", {
  "invalid_onion_version, invalid_onion_key, invalid_onion_hmac go back as malformed": (make) => {
    const good = onion(
      HASH,
      [forwardPayload(101n, OUT_MSAT, OUT_CLTV), finalPayload(OUT_MSAT, OUT_CLTV)],
      [NEXT.point],
    );
    const spoilt = (at: number, value: number): Uint8Array => good.map((byte, i) => (i === at ? value : byte));
    const cases: [number, Uint8Array][] = [
      [0xc004, spoilt(0, 1)],
      [0xc006, spoilt(1, 5)],
      [0xc005, spoilt(700, (good[700] ?? 0) ^ 1)],
    ];
    for (const [failure, packet] of cases) {
      const room = open(make);
      const slot = room.arrive(0, { amountMsat: OUT_MSAT, cltvExpiry: IN_CLTV, hash: HASH, onion: packet });
      room.settle();
      expectMalformed(room, slot, failure, packet);
    }
  },
  "invalid_onion_payload, with type and offset": (make) => {
    const room = open(make);
    const payload = encodeTlvs([
      { type: 2n, value: Uint8Array.of(1) },
      { type: 4n, value: Uint8Array.of(1) },
      { type: 20n, value: Uint8Array.of(1) },
    ]);
    const slot = room.arrive(0, { amountMsat: 1n, cltvExpiry: IN_CLTV, hash: HASH, onion: onion(HASH, [payload]) });
    room.settle();
    expectFailed(room, slot, 0x4016, 20n, 6n);
  },
  "invalid_onion_payload: a payload of no length": (make) => {
    const room = open(make);
    const packet = sealOnion(named("session"), HASH, NODE_POINT, Uint8Array.of(1, 0));
    const slot = room.arrive(0, { amountMsat: 1n, cltvExpiry: IN_CLTV, hash: HASH, onion: packet });
    room.settle();
    expectFailed(room, slot, 0x4016);
  },
  "invalid_onion_blinding: a path key, or a payload of a blinded path": (make) => {
    const room = open(make);
    const packet = onion(HASH, [forwardPayload(101n, OUT_MSAT, OUT_CLTV), finalPayload(1n, 1)], [NEXT.point]);
    const pathKey = node(3).point;
    const first = room.arrive(0, { amountMsat: 1n, cltvExpiry: IN_CLTV, hash: HASH, onion: packet, pathKey });
    room.settle();
    expectMalformed(room, first, 0xc018, packet);
    const payload = encodeTlvs([
      { type: 10n, value: Uint8Array.of(1, 2, 3) },
      { type: 12n, value: pathKey },
    ]);
    const introduction = onion(HASH, [payload, finalPayload(1n, 1)], [NEXT.point]);
    const second = room.arrive(0, { amountMsat: 1n, cltvExpiry: IN_CLTV, hash: HASH, onion: introduction });
    room.settle();
    expectMalformed(room, second, 0xc018, introduction);
  },
  "temporary_node_failure: the same onion again": (make) => {
    const room = open(make);
    const session = named("one session");
    expect(forward(room, { session }).out).toHaveLength(1);
    const { slot, out } = forward(room, { session });
    expect(out).toHaveLength(1);
    expect(room.slot(0, slot)).toMatchObject({ result: RESULT.failed, failure: 0x2002 });
  },
  "more onions than can be remembered: those that expire first are forgotten": (make) => {
    const room = open(make);
    const session = (k: number): Uint8Array => named(`session ${k} of many`);
    const once = (k: number, outMsat = 999n): { slot: number; failure: number } => {
      const values = { outMsat, inMsat: 5000n, inCltv: IN_CLTV + k, session: session(k) };
      const { slot } = forward(room, values);
      const { failure } = room.slot(0, slot);
      room.setState(0, slot, STATE.free);
      return { slot, failure };
    };
    for (let k = 0; k <= 256; k++) expect(once(k).failure).toBe(0x100b);
    expect(once(256).failure).toBe(0x2002);
    expect(once(1).failure).toBe(0x2002);
    expect(once(0).failure).toBe(0x100b);
    expect(once(1).failure).toBe(0x100b);
  },
  "temporary_node_failure: too much dust, or no onion": (make) => {
    const room = open(make);
    expectFailed(room, forward(room, { flags: FLAG.dust }).slot, 0x2002);
    const slot = room.arrive(0, { amountMsat: 1n, cltvExpiry: IN_CLTV, hash: HASH, flags: FLAG.noOnion });
    room.settle();
    expectFailed(room, slot, 0x2002);
  },
});

onEngines("payment: forwards on their way back", {
  "a preimage goes back at once, before the HTLC is removed, and the forward is told": (make) => {
    const room = open(make);
    const { slot, out } = forward(room);
    const i = out[0] ?? 0;
    room.fulfil(1, i, PREIMAGE);
    room.settle();
    expect(room.slot(0, slot)).toMatchObject({ state: STATE.removeProposed, result: RESULT.fulfilled });
    expect(room.slot(0, slot).preimage).toEqual(PREIMAGE);
    const [event, ...others] = room.events();
    expect(others).toEqual([]);
    expect(event).toMatchObject({ kind: "forwarded", amountMsat: OUT_MSAT + FEE_MSAT, hash: HASH });
    expect(event?.rest.readBigUInt64LE(0)).toBe(OUT_MSAT);
    expect([event?.rest.readUInt32LE(8), event?.rest.readUInt32LE(12)]).toEqual([0, 1]);
    expect(room.slot(1, i).state).toBe(STATE.removeProposed);
    room.setState(1, i, STATE.removed);
    expect(room.settle()).toBe(true);
    expect(room.offered(1)).toEqual([]);
    expect(room.events()).toEqual([]);
  },
  "a failure goes back only once it is irrevocable, with the packet that came": (make) => {
    const room = open(make);
    const { slot, out } = forward(room);
    const i = out[0] ?? 0;
    const packet = Uint8Array.from({ length: 292 }, (_, k) => k & 255);
    for (const state of [6, 7, 8, 9]) {
      if (state === 6) room.fail(1, i, packet, state);
      else room.setState(1, i, state);
      expect(room.settle()).toBe(false);
      expect(room.slot(0, slot).state).toBe(STATE.committed);
    }
    room.setState(1, i, STATE.removed);
    room.settle();
    const back = room.slot(0, slot);
    expect(back).toMatchObject({ state: STATE.removeProposed, result: RESULT.failed });
    expect(room.blob(back.blob)).toEqual(packet);
    expect(room.blobs()).toEqual([back.blob]);
    expect(room.offered(1)).toEqual([]);
  },
  "a malformed onion further on is told by us": (make) => {
    const room = open(make);
    const { slot, out } = forward(room);
    const i = out[0] ?? 0;
    const sent = room.blob(room.slot(1, i).blob);
    room.failMalformed(1, i, 0xc005);
    room.settle();
    const back = room.slot(0, slot);
    expect(back).toMatchObject({ state: STATE.removeProposed, result: RESULT.failed });
    const message = Uint8Array.from([0xc0, 0x05, ...sha256(sent)]);
    expect(room.blob(back.blob)).toEqual(rawError(back.secret, message));
  },
  "an error packet that could not be kept becomes temporary_channel_failure": (make) => {
    const room = open(make);
    const { slot, out } = forward(room);
    room.fail(1, out[0] ?? 0);
    room.settle();
    expectFailed(room, slot, 0x1007);
  },
  "what was never signed fails when its channel does": (make) => {
    const room = open(make);
    const { slot } = forward(room);
    room.setChannel(1, CHANNEL_STATE.lost);
    expect(room.settle()).toBe(false);
    room.setChannel(1, CHANNEL_STATE.failed);
    room.settle();
    expect(room.slot(0, slot)).toMatchObject({ result: RESULT.failed, failure: 0x1007 });
  },
  "what was signed does not": (make) => {
    const room = open(make);
    const { slot, out } = forward(room);
    room.setState(1, out[0] ?? 0, STATE.signed);
    room.setChannel(1, CHANNEL_STATE.failed);
    expect(room.settle()).toBe(false);
    expect(room.slot(0, slot).state).toBe(STATE.committed);
  },
  "a preimage for a channel that failed stays in its slot": (make) => {
    const room = open(make);
    const { slot, out } = forward(room);
    room.setChannel(0, CHANNEL_STATE.failed);
    room.fulfil(1, out[0] ?? 0, PREIMAGE);
    room.settle();
    const kept = room.slot(0, slot);
    expect(kept.state).toBe(STATE.committed);
    expect(kept.flags & FLAG.preimage).toBe(FLAG.preimage);
    expect(kept.preimage).toEqual(PREIMAGE);
  },
  "of many forwards the latest are told": (make) => {
    const room = open(make);
    for (let k = 0; k < 11; k++) {
      const { slot, out } = forward(room, { inMsat: OUT_MSAT + FEE_MSAT + BigInt(k) });
      room.fulfil(1, out[0] ?? 0, PREIMAGE, STATE.removed);
      room.settle();
      room.setState(0, slot, STATE.free);
    }
    expect(room.events().map(({ amountMsat }) => Number(amountMsat - OUT_MSAT - FEE_MSAT))).toEqual([
      3, 4, 5, 6, 7, 8, 9, 10,
    ]);
  },
});

onEngines("payment: channels that have to be closed", {
  "an offered HTLC past its expiry and grace": (make) => {
    const room = open(make);
    const { out } = forward(room);
    room.setState(1, out[0] ?? 0, STATE.signed);
    room.time(OUT_CLTV + 1);
    expect([room.call("payment_due", 0), room.call("payment_due", 1)]).toEqual([0, 0]);
    room.time(OUT_CLTV + 2);
    expect([room.call("payment_due", 0), room.call("payment_due", 1)]).toEqual([0, 1]);
    room.setState(1, out[0] ?? 0, STATE.proposed);
    expect(room.call("payment_due", 1)).toBe(0);
    room.setState(1, out[0] ?? 0, STATE.signed);
    room.setChannel(1, CHANNEL_STATE.failed);
    expect(room.call("payment_due", 1)).toBe(0);
  },
  "a received HTLC with a known preimage near its expiry": (make) => {
    const room = open(make);
    const { out } = forward(room);
    room.time(IN_CLTV - 17);
    expect(room.call("payment_due", 0)).toBe(0);
    room.fulfil(1, out[0] ?? 0, PREIMAGE);
    room.settle();
    expect(room.call("payment_due", 0)).toBe(1);
    room.time(IN_CLTV - 18);
    expect(room.call("payment_due", 0)).toBe(0);
  },
});
