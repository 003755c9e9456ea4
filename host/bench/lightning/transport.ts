import { createCipheriv, createDecipheriv, createHmac, hash } from "node:crypto";
import { NoiseState } from "@node-lightning/noise";
import secp256k1 from "secp256k1";
import { KeyRing } from "../../board/key_ring.js";
import { NodeCrypto } from "../../board/node_crypto.js";
import type { Engine } from "../../engine/engine.js";
import { NodeModule, readNode } from "../../node/module.js";
import { compare, type BenchRow, type Workload } from "../bench.js";
import { LdkPeer, startLdk } from "./ldk.js";

// Rounds of a millisecond or so, and many of them: whatever else the machine does then falls into few.
const ROUNDS = 300;
const LDK_ROUNDS = 100;
const HANDSHAKES_PER_ROUND = 2;
const LDK_HANDSHAKES_PER_ROUND = 1;
const MESSAGE_BYTES = 1400;
const MESSAGES_PER_ROUND = 32;
const MEGABYTES_PER_ROUND = (MESSAGE_BYTES * MESSAGES_PER_ROUND) / 1_000_000;

/** Connections of the one node under test, which calls itself. */
const CALLER = 0;
const CALLED = 1;
const EVENT_HEADER_BYTES = 8;

const scalar = (byte: number): Buffer => Buffer.alloc(32, byte);

/** Handshakes per second, both sides together, and megabytes per second from message to message. */
export async function benchTransport(engine: Engine): Promise<BenchRow[]> {
  const v8 = engine.name === "v8";
  const aim = v8 ? 1.3 : 2.5;
  const rows = [
    compare(`handshake/${engine.name}`, "handshakes/s", handshakes(engine), handshakeFloor(), aim, ROUNDS),
    compare(`transport/${engine.name}`, "MB/s", messages(engine), messagesFloor(), aim, ROUNDS),
  ];
  if (v8) {
    await startLdk();
    rows.push(
      compare("handshake/v8 : noise", "handshakes/s", handshakes(engine), noiseHandshakes(), 1, ROUNDS),
      compare("handshake/v8 : LDK", "handshakes/s", handshakes(engine), ldkHandshakes(), 1, LDK_ROUNDS),
      compare("transport/v8 : noise", "MB/s", messages(engine), noiseMessages(), 1, ROUNDS),
    );
  }
  return rows;
}

class Node {
  readonly publicKey: Uint8Array;
  private readonly module: NodeModule;
  private readonly ephemerals = [scalar(0x12), scalar(0x22)];

  constructor(engine: Engine) {
    const keys = new KeyRing(scalar(0x11));
    this.publicKey = secp256k1.publicKeyCreate(keys.key(0) ?? scalar(1), true);
    this.module = new NodeModule(engine, readNode(), new NodeCrypto(keys));
  }

  /** One handshake of the two ends with each other. */
  connect(): void {
    const [caller = scalar(1), called = scalar(2)] = this.ephemerals;
    this.module.input(called);
    this.module.expect("transport_open", CALLED, 0);
    this.module.input(caller);
    this.module.input(this.publicKey, 32);
    const one = this.module.output(this.module.expect("transport_open", CALLER, 1));
    const two = this.feed(CALLED, one, 50);
    const three = this.feed(CALLER, two, 66);
    this.feed(CALLED, three, 0);
  }

  disconnect(): void {
    this.module.expect("transport_close", CALLER);
    this.module.expect("transport_close", CALLED);
  }

  send(message: Uint8Array): Uint8Array {
    this.module.input(message);
    return this.module.output(this.module.expect("transport_send", CALLER, message.length));
  }

  /** Hands over bytes that complete something of `length` bytes. */
  feed(connection: number, bytes: Uint8Array, length: number): Uint8Array {
    this.module.input(bytes);
    if (this.module.expect("transport_receive", connection, 0, bytes.length) !== bytes.length) {
      throw new Error("bytes were left");
    }
    return this.module.output(length, EVENT_HEADER_BYTES);
  }
}

function handshakes(engine: Engine): Workload {
  const node = new Node(engine);
  return {
    count: HANDSHAKES_PER_ROUND,
    run() {
      for (let i = 0; i < HANDSHAKES_PER_ROUND; i++) {
        node.connect();
        node.disconnect();
      }
    },
  };
}

function messages(engine: Engine): Workload {
  const node = new Node(engine);
  node.connect();
  const message = new Uint8Array(MESSAGE_BYTES).fill(7);
  return {
    count: MEGABYTES_PER_ROUND,
    run() {
      for (let i = 0; i < MESSAGES_PER_ROUND; i++) {
        const read = node.feed(CALLED, node.send(message), MESSAGE_BYTES);
        if (read[MESSAGE_BYTES - 1] !== 7) throw new Error("not the message");
      }
    },
  };
}

function seal(key: Uint8Array, nonce: Uint8Array, ad: Uint8Array, text: Uint8Array): Uint8Array {
  const cipher = createCipheriv("chacha20-poly1305", key, nonce, { authTagLength: 16 });
  if (ad.length > 0) cipher.setAAD(ad, { plaintextLength: text.length });
  const sealed = Buffer.allocUnsafe(text.length + 16);
  sealed.set(cipher.update(text));
  cipher.final();
  sealed.set(cipher.getAuthTag(), text.length);
  return sealed;
}

function open(key: Uint8Array, nonce: Uint8Array, ad: Uint8Array, sealed: Uint8Array): Uint8Array {
  const length = sealed.length - 16;
  const cipher = createDecipheriv("chacha20-poly1305", key, nonce, { authTagLength: 16 });
  if (ad.length > 0) cipher.setAAD(ad, { plaintextLength: length });
  cipher.setAuthTag(sealed.subarray(length));
  const text = cipher.update(sealed.subarray(0, length));
  cipher.final();
  return text;
}

/** From its three HMACs, which is faster than OpenSSL's own. */
function hkdf(salt: Uint8Array, ikm: Uint8Array): Uint8Array {
  const extracted = createHmac("sha256", salt).update(ikm).digest();
  const first = createHmac("sha256", extracted).update(Uint8Array.of(1)).digest();
  return createHmac("sha256", extracted).update(first).update(Uint8Array.of(2)).digest();
}

/**
 * What the two sides of a handshake cannot do without: 2 ephemeral public keys (the static one is long known), 6 ECDH, 8 HKDF, 12 SHA-256
 * of 48 to 81 bytes, 3 seals and 3 opens of nothing and one each of a point.
 */
function handshakeFloor(): Workload {
  const key = scalar(0x11);
  const nonce = Buffer.alloc(12);
  const empty = new Uint8Array(0);
  const point = secp256k1.publicKeyCreate(key, true);
  const ad = Buffer.alloc(32, 5);
  const hashed = [65, 65, 48, 65, 48, 81].map((length) => Buffer.alloc(length, 6));
  const sealedNothing = seal(key, nonce, ad, empty);
  const sealedPoint = seal(key, nonce, ad, point);
  return {
    count: HANDSHAKES_PER_ROUND,
    run() {
      for (let i = 0; i < HANDSHAKES_PER_ROUND; i++) {
        for (let n = 0; n < 2; n++) secp256k1.publicKeyCreate(key, true);
        for (let n = 0; n < 6; n++) secp256k1.ecdh(point, key);
        for (let n = 0; n < 8; n++) hkdf(ad, key);
        for (let n = 0; n < 2; n++) for (const bytes of hashed) hash("sha256", bytes, "buffer");
        for (let n = 0; n < 3; n++) seal(key, nonce, ad, empty);
        for (let n = 0; n < 3; n++) open(key, nonce, ad, sealedNothing);
        seal(key, nonce, ad, point);
        open(key, nonce, ad, sealedPoint);
      }
    },
  };
}

/** Two seals and two opens a message: its length and itself. */
function messagesFloor(): Workload {
  const key = scalar(0x11);
  const nonce = Buffer.alloc(12);
  const none = new Uint8Array(0);
  const message = Buffer.alloc(MESSAGE_BYTES, 7);
  const length = Buffer.alloc(2);
  return {
    count: MEGABYTES_PER_ROUND,
    run() {
      for (let i = 0; i < MESSAGES_PER_ROUND; i++) {
        open(key, nonce, none, seal(key, nonce, none, length));
        open(key, nonce, none, seal(key, nonce, none, message));
      }
    },
  };
}

function noisePair(): [NoiseState, NoiseState] {
  const caller = new NoiseState({ ls: scalar(0x11), es: scalar(0x12) });
  const called = new NoiseState({ ls: scalar(0x21), es: scalar(0x22) });
  called.receiveAct1(caller.initiatorAct1(called.lpk));
  caller.initiatorAct2(called.recieveAct2());
  called.receiveAct3(caller.initiatorAct3());
  return [caller, called];
}

function noiseHandshakes(): Workload {
  return {
    count: HANDSHAKES_PER_ROUND,
    run() {
      for (let i = 0; i < HANDSHAKES_PER_ROUND; i++) noisePair();
    },
  };
}

function noiseMessages(): Workload {
  const [caller, called] = noisePair();
  const message = Buffer.alloc(MESSAGE_BYTES, 7);
  return {
    count: MEGABYTES_PER_ROUND,
    run() {
      for (let i = 0; i < MESSAGES_PER_ROUND; i++) {
        const frame = caller.encryptMessage(message);
        called.decryptLength(frame.subarray(0, 18));
        if (called.decryptMessage(frame.subarray(18))[MESSAGE_BYTES - 1] !== 7) throw new Error("not the message");
      }
    },
  };
}

/** Two PeerManagers as far as act three; what they say then is left on the line. */
function ldkHandshakes(): Workload {
  const caller = new LdkPeer(0x31);
  const called = new LdkPeer(0x41);
  return {
    count: LDK_HANDSHAKES_PER_ROUND,
    run() {
      for (let i = 0; i < LDK_HANDSHAKES_PER_ROUND; i++) {
        called.accept();
        const three = caller.receive(called.receive(caller.connect(called.publicKey)));
        called.receive(three.subarray(0, 66));
        caller.disconnect();
        called.disconnect();
      }
    },
  };
}
