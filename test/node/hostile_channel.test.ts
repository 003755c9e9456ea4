import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { availableEngines } from "../../host/engine/index.js";
import type { Fields } from "../../host/wire/types.js";
import { Between } from "./between.js";
import { ERR, Hostile, turned } from "./hostile.js";

// A peer with a channel that says what it may not. BOLT 2 leaves most of it to a warning and the end of the connection,
// after which both go on as if it had not been said; where a secret is wrong the channel has to fail.

type Case = readonly [name: string, frame: (hostile: Hostile) => Uint8Array, code: number];

const ADD = {
  id: 0n,
  amount_msat: 1_000_000n,
  payment_hash: new Uint8Array(32).fill(3),
  cltv_expiry: 1100,
  onion_routing_packet: new Uint8Array(1366),
};
const add =
  (fields: Fields) =>
  (hostile: Hostile): Uint8Array =>
    hostile.message(128, { ...ADD, ...fields });
const fee =
  (feerate_per_kw: number) =>
  (hostile: Hostile): Uint8Array =>
    hostile.message(134, { feerate_per_kw });

/** b's next message of a type, on the way of a payment by b to a, or by a to b. */
const ofPayment =
  (payer: "a" | "b", type: number, spoil: (frame: Buffer, hostile: Hostile) => Uint8Array) =>
  (hostile: Hostile): Uint8Array => {
    hostile.pay(hostile[payer]);
    return spoil(hostile.line.upTo(1, type), hostile);
  };
/** An HTLC of a's that b has heard of and not committed to. */
const uncommitted =
  (type: number, fields: Fields) =>
  (hostile: Hostile): Uint8Array => {
    hostile.pay(hostile.a);
    hostile.line.upTo(0, 128);
    return hostile.message(type, { id: 0n, ...fields });
  };

const FULFIL = { payment_preimage: new Uint8Array(32) };
const FAIL = { reason: new Uint8Array(292) };
const MALFORMED = { sha256_of_onion: new Uint8Array(32), failure_code: 0xc005 };
/** Where the number of HTLC signatures stands in commitment_signed, and where the first one begins. */
const COUNT_AT = 2 + 32 + 64;
const HTLCS_AT = COUNT_AT + 2;

const WARNED: readonly Case[] = [
  ["commitment_signed with a wrong signature", ofPayment("b", 132, (frame) => turned(frame, 60)), ERR.SIGNATURE],
  [
    "commitment_signed with a wrong HTLC signature",
    ofPayment("b", 132, (frame) => turned(frame, HTLCS_AT + 9)),
    ERR.SIGNATURE,
  ],
  [
    "commitment_signed without its HTLC signature",
    ofPayment("b", 132, (frame) => Buffer.concat([frame.subarray(0, COUNT_AT), Buffer.alloc(2)])),
    ERR.LENGTH,
  ],
  [
    "commitment_signed with one HTLC signature too many",
    ofPayment("b", 132, (frame) => {
      const one = frame.subarray(HTLCS_AT, HTLCS_AT + 64);
      return Buffer.concat([frame.subarray(0, COUNT_AT), Uint8Array.of(0, 2), one, one]);
    }),
    ERR.LENGTH,
  ],
  [
    "revoke_and_ack twice",
    ofPayment("a", 133, (frame, { line }) => {
      line.pass(1, frame);
      return frame;
    }),
    ERR.STATE,
  ],
  [
    "revoke_and_ack of nothing",
    (hostile) =>
      hostile.message(133, {
        per_commitment_secret: new Uint8Array(32).fill(1),
        next_per_commitment_point: hostile.b.id,
      }),
    ERR.STATE,
  ],
  ["an id that is not next", add({ id: 1n }), ERR.ORDER],
  ["an id of long ago", add({ id: 0xffff_ffff_ffff_ffffn }), ERR.ORDER],
  ["amount 0", add({ amount_msat: 0n }), ERR.VALUE],
  ["more than may be in flight", add({ amount_msat: 1_000_000_001n }), ERR.CAPACITY],
  ["an amount of 2^64 - 1", add({ amount_msat: 0xffff_ffff_ffff_ffffn }), ERR.CAPACITY],
  ["more than its balance above the reserve", add({ amount_msat: 390_000_001n }), ERR.OVERFLOW],
  ["cltv_expiry that is a time", add({ cltv_expiry: 500_000_000 }), ERR.VALUE],
  ["cltv_expiry of 2^32 - 1", add({ cltv_expiry: 0xffff_ffff }), ERR.VALUE],
  [
    "one HTLC more than may be offered",
    (hostile) => {
      for (let id = 0n; id < 12n; id++) hostile.line.pass(1, add({ id, amount_msat: 2_000n })(hostile));
      expect(hostile.line.ends[0].open).toBe(true);
      return add({ id: 12n, amount_msat: 2_000n })(hostile);
    },
    ERR.CAPACITY,
  ],
  ["update_fulfill_htlc with another preimage", ofPayment("a", 130, (frame) => turned(frame, 50)), ERR.VALUE],
  ["update_fulfill_htlc of an id that is not", (hostile) => hostile.message(130, { id: 7n, ...FULFIL }), ERR.NOT_FOUND],
  ["update_fulfill_htlc before it is committed to", uncommitted(130, FULFIL), ERR.STATE],
  ["update_fail_htlc of an id that is not", (hostile) => hostile.message(131, { id: 7n, ...FAIL }), ERR.NOT_FOUND],
  ["update_fail_htlc before it is committed to", uncommitted(131, FAIL), ERR.STATE],
  [
    "update_fail_malformed_htlc of an id that is not",
    (hostile) => hostile.message(135, { id: 7n, ...MALFORMED }),
    ERR.NOT_FOUND,
  ],
  ["update_fail_malformed_htlc before it is committed to", uncommitted(135, MALFORMED), ERR.STATE],
  [
    "update_fail_malformed_htlc without BADONION",
    ofPayment("a", 130, (_, hostile) => hostile.message(135, { id: 0n, ...MALFORMED, failure_code: 0x4005 })),
    ERR.VALUE,
  ],
  [
    "update_fail_htlc of what it has fulfilled",
    ofPayment("a", 130, (frame, hostile) => {
      hostile.line.pass(1, frame);
      return hostile.message(131, { id: 0n, ...FAIL });
    }),
    ERR.STATE,
  ],
  ["update_fee by the one who did not open", fee(500), ERR.STATE],
  [
    "shutdown to a script of no kind",
    (hostile) => hostile.message(38, { scriptpubkey: new Uint8Array(22).fill(0x51) }),
    ERR.VALUE,
  ],
  ["shutdown to nowhere", (hostile) => hostile.message(38, { scriptpubkey: new Uint8Array(0) }), ERR.VALUE],
  [
    "closing_signed without shutdown",
    (hostile) => hostile.message(39, { fee_satoshis: 1000n, signature: new Uint8Array(64).fill(1) }),
    ERR.STATE,
  ],
  [
    "channel_reestablish twice",
    (hostile) => {
      hostile.line.connect();
      const frame = hostile.line.upTo(1, 136);
      hostile.line.pass(1, frame);
      return frame;
    },
    ERR.STATE,
  ],
  [
    "funding_signed of what is funded",
    (hostile) => hostile.message(35, { signature: new Uint8Array(64).fill(1) }),
    ERR.STATE,
  ],
];

/** b's channel_reestablish, once a payment has been made, spoilt. */
const reestablish =
  (spoil: (frame: Buffer) => void) =>
  (hostile: Hostile): Uint8Array => {
    hostile.pay(hostile.b);
    hostile.line.run();
    hostile.line.connect();
    const frame = hostile.line.upTo(1, 136);
    spoil(frame);
    return frame;
  };
const NEXT_COMMITMENT_AT = 34;
const NEXT_REVOCATION_AT = 42;
const SECRET_AT = 50;
const up = (at: number, by: bigint) => (frame: Buffer) =>
  void frame.writeBigUInt64BE(BigInt.asUintN(64, frame.readBigUInt64BE(at) + by), at);

const FAILED: readonly Case[] = [
  ["revoke_and_ack with a wrong secret", ofPayment("a", 133, (frame) => turned(frame, 40)), ERR.VALUE],
  [
    "channel_reestablish with a wrong secret",
    reestablish((frame) => void frame.set(turned(frame, SECRET_AT))),
    ERR.VALUE,
  ],
  ["channel_reestablish of a future without proof", reestablish(up(NEXT_REVOCATION_AT, 5n)), ERR.VALUE],
  ["channel_reestablish of a revocation that was long ago", reestablish(up(NEXT_REVOCATION_AT, -2n)), ERR.VALUE],
  ["channel_reestablish of a commitment that nobody has signed", reestablish(up(NEXT_COMMITMENT_AT, 1n)), ERR.VALUE],
  ["channel_reestablish of a commitment of long ago", reestablish(up(NEXT_COMMITMENT_AT, -2n)), ERR.VALUE],
];

describe.each(availableEngines().map(({ name }) => name))("a hostile peer with a channel, on %s", (engine) => {
  it.each(WARNED)("%s: a warning, and nothing has changed", (_, frame, code) => {
    const hostile = new Hostile(engine).open();
    hostile.warns(frame(hostile), code);
  });

  it.each([0, 1, 252, 100_001, 0xffff_ffff])(
    "update_fee of %i by the opener: a warning, and nothing has changed",
    (rate) => {
      const hostile = new Hostile(engine);
      hostile.open(hostile.b);
      hostile.warns(fee(rate)(hostile), ERR.VALUE);
    },
  );

  it.each(FAILED)("%s: an error, and the channel has failed", (_, frame, code) => {
    const hostile = new Hostile(engine).open();
    hostile.fails(frame(hostile), code);
  });

  it("a proof that we are behind: nothing is ever published, and the peer's error changes nothing", () => {
    const hostile = new Hostile(engine).open();
    const { network, a, b } = hostile;
    const image = a.flash.image();
    for (let i = 0; i < 3; i++) {
      hostile.pay(b);
      hostile.line.run();
    }
    a.kill();
    hostile.line.drop();
    network.run();
    const old = network.add("a", undefined, image);
    const line = new Between(old, b, [1, 0]);
    line.connect();
    line.run();
    expect(old.node.channel(1)).toMatchObject({ state: "lost", fault: ERR.EXPIRED });
    expect(() => {
      old.node.forceClose(1);
    }).toThrow("ERR_STATE");
    // It has heard of it, and publishes what it has, which is the latest.
    expect(b.node.channel(0)?.state).toBe("failed");
    expect(b.broadcasts).toHaveLength(1);
    line.connect();
    line.run();
    old.kill();
    old.start();
    network.height += 500;
    old.node.block(network.height);
    expect(old.node.channel(1)?.state).toBe("lost");
    expect(old.broadcasts).toEqual([]);
  });

  it("a preimage counts though the connection ends before it is committed to", () => {
    const hostile = new Hostile(engine).open();
    hostile.pay(hostile.a);
    hostile.line.pass(1, hostile.line.upTo(1, 130));
    const [sent] = hostile.a.told("sent");
    expect(
      createHash("sha256")
        .update(sent?.preimage ?? "")
        .digest(),
    ).toEqual(Buffer.from(sent?.paymentHash ?? []));
    hostile.line.drop();
    hostile.reconnect();
    hostile.works();
  });
});
