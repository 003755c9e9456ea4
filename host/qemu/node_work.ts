// What the memory map has the rooms of node.wasm do: a handshake with itself, messages, an onion, commitments.

import secp256k1 from "secp256k1";
import { type Channel, encodeChannel, encodeCommitment, encodeHtlc } from "../bench/lightning/channel_records.js";
import { KeyRing } from "../board/key_ring.js";
import type { NodeExportName } from "../node/abi.js";
import { BOARD_ROOT } from "../link/image.js";
import type { ImportCall } from "../trace/board_calls.js";

/** A call of an export, and the bytes that lie in the input buffer for it. */
export interface NodeCall {
  readonly name: NodeExportName;
  readonly args: readonly number[];
  readonly input: Uint8Array;
}

export interface CallResult {
  readonly result: number;
  readonly output: Uint8Array;
  /** What it cost on the board. */
  readonly gas: number;
  readonly instructions: number;
  /** What it called. */
  readonly imports: readonly ImportCall[];
}

/** Makes a call; counted under `title`, together with other calls of the same title, unless that is undefined. */
export type Caller = (title: string | undefined, call: NodeCall, outputBytes: number) => Promise<CallResult>;

const PACKET_BYTES = 1366;
const MESSAGE_BYTES = 1400;
const EVENT_HEADER_BYTES = 8;
/** assembly/crypto/keys.ts */
const KEY_NODE = 0;
const FIRST_CHANNEL_KEYS = 8;

const bytes = (fill: number, length = 32): Uint8Array => new Uint8Array(length).fill(fill);
const concat = (...parts: Uint8Array[]): Uint8Array => Uint8Array.from(Buffer.concat(parts));
const point = (fill: number): Uint8Array => secp256k1.publicKeyCreate(bytes(fill), true);

const keys = new KeyRing(BOARD_ROOT);
function ownPoint(handle: number): Uint8Array {
  const key = keys.key(handle);
  if (key === undefined) throw new RangeError(`no key ${handle}`);
  return secp256k1.publicKeyCreate(key, true);
}

/** Connection 0 calls connection 1 of the same node. BOLT 8. */
async function handshake(call: Caller): Promise<void> {
  const [caller, called] = ["handshake as initiator", "handshake as responder"];
  const receive = (title: string, connection: number, input: Uint8Array, answer: number) =>
    call(title, { name: "transport_receive", args: [connection, 0, input.length], input }, EVENT_HEADER_BYTES + answer);
  const answerOf = (output: Uint8Array): Uint8Array => output.subarray(EVENT_HEADER_BYTES);

  await call(called, { name: "transport_open", args: [1, 0], input: bytes(0x12) }, 0);
  const opening = concat(bytes(0x13), ownPoint(KEY_NODE));
  const one = await call(caller, { name: "transport_open", args: [0, 1], input: opening }, 50);
  const two = await receive(called, 1, one.output, 50);
  const three = await receive(caller, 0, answerOf(two.output), 66);
  await receive(called, 1, answerOf(three.output), 0);

  const message = bytes(7, MESSAGE_BYTES);
  const sent = await call(
    "message of 1,400 bytes, sent",
    { name: "transport_send", args: [0, MESSAGE_BYTES], input: message },
    MESSAGE_BYTES + 34,
  );
  const received = await receive("message of 1,400 bytes, received", 1, sent.output, MESSAGE_BYTES);
  if (Buffer.compare(answerOf(received.output), message) !== 0) throw new Error("another message came than was sent");
  for (const connection of [0, 1]) {
    await call(undefined, { name: "transport_close", args: [connection], input: new Uint8Array(0) }, 0);
  }
}

/** A route over this node and two more. BOLT 4. */
export async function onion(call: Caller): Promise<void> {
  // amt_to_forward 1,000, outgoing_cltv_value 100, short_channel_id
  const payload = Uint8Array.of(17, 2, 2, 3, 232, 4, 1, 100, 6, 8, 0, 0, 1, 0, 0, 2, 0, 3);
  const points = concat(ownPoint(KEY_NODE), point(0x41), point(0x42));
  const payloads = concat(payload, payload, payload);
  const input = concat(bytes(0x51), bytes(0x61), points, payloads);
  const built = await call(
    "onion built, 3 hops",
    { name: "onion_build", args: [3, payloads.length], input },
    PACKET_BYTES,
  );
  const packet = concat(built.output, bytes(0x61));
  await call("onion peeled", { name: "onion_peel", args: [0], input: packet }, PACKET_BYTES);
}

/** The counterparty's commitment, built and signed, HTLC transactions included. BOLT 3. */
async function commitments(call: Caller): Promise<void> {
  const channel: Channel = {
    fundingSat: 10_000_000n,
    fundingTxid: bytes(0x71),
    fundingOutput: 0,
    flags: 1, // anchors
    opener: 0,
    keys: FIRST_CHANNEL_KEYS,
    obscuring: 0x2bb038521914n,
    sides: [
      { dustLimitSat: 546n, toSelfDelay: 144, points: [0, 1, 2, 3, 4].map((i) => ownPoint(FIRST_CHANNEL_KEYS + i)) },
      { dustLimitSat: 546n, toSelfDelay: 144, points: [1, 2, 3, 4, 5].map(point) },
    ],
  };
  for (const count of [0, 6, 24]) {
    const htlcs = Array.from({ length: count }, (_, i) => ({
      id: BigInt(i),
      amountMsat: 10_000_000n + BigInt(i) * 1000n,
      cltvExpiry: 500 + i,
      offeredBy: i % 2,
      paymentHash: bytes(0x80 + i),
    }));
    const pending = htlcs.reduce((sum, { amountMsat }) => sum + amountMsat, 0n);
    const commitment = {
      number: 42n,
      balancesMsat: [7_000_000_000n - pending, 3_000_000_000n] as const,
      feeratePerKw: 1000,
      owner: 1,
      point: point(0x91),
      energyHash: new Uint8Array(32),
      htlcs,
    };
    const input = concat(encodeChannel(channel), encodeCommitment(commitment, []), ...htlcs.map(encodeHtlc));
    const signatures = 64 * (count + 1);
    const signed = await call(
      `commitment with ${count} HTLCs`,
      { name: "chain_commitment_sign", args: [input.length], input },
      signatures,
    );
    if (signed.result !== count) throw new Error(`${signed.result} HTLC signatures instead of ${count}`);
  }
}

export async function nodeWork(call: Caller): Promise<void> {
  await handshake(call);
  await onion(call);
  await commitments(call);
}
