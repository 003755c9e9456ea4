import * as ldk from "lightningdevkit";
import secp256k1 from "secp256k1";
import { KeyRing } from "../../board/key_ring.js";
import { NodeCrypto } from "../../board/node_crypto.js";
import type { Engine } from "../../engine/engine.js";
import { engineByName } from "../../engine/index.js";
import { NodeModule, readNode } from "../../node/module.js";
import { compare, type BenchRow, type Workload } from "../bench.js";
import { RecordingCrypto, runAll } from "../recorder.js";
import { startLdk } from "./ldk.js";

const ROUNDS = 45;
const PEELS_PER_ROUND = 40;
const BUILDS_PER_ROUND = 8;
const HOPS = [5, 20] as const;

const PACKET_BYTES = 1366;
const FINAL = 65536;
const ROOT = Buffer.alloc(32, 0x11);
const SESSION_KEY = Buffer.alloc(32, 0x41);
const PAYMENT_HASH = Buffer.alloc(32, 0x42);
const HEIGHT = 800_000;
/** amt_to_forward 1,000,000 msat, outgoing_cltv_value 800,100, short_channel_id; behind its length. */
const FORWARD = Buffer.from("1402030f424004030c35640608000c350000010000", "hex");

/** Onions peeled and built per second beside the bare cryptography they need, and beside LDK's peeling. */
export async function benchOnion(engine: Engine): Promise<BenchRow[]> {
  const aim = engine.name === "v8" ? 1.3 : 2.5;
  const { publicKey } = new Node(engine);
  const onion = onionFor(publicKey);
  const peel = (node: Node): void => void node.peel(onion);
  const rows = [
    compare(
      `peel/${engine.name}`,
      "onions/s",
      repeat(new Node(engine), peel, PEELS_PER_ROUND),
      floorOf(peel, PEELS_PER_ROUND),
      aim,
      ROUNDS,
    ),
  ];
  for (const hops of HOPS) {
    const route = routeTo(publicKey, hops);
    const build = (node: Node): void => void node.build(route);
    rows.push(
      compare(
        `build ${hops} hops/${engine.name}`,
        "onions/s",
        repeat(new Node(engine), build, BUILDS_PER_ROUND),
        floorOf(build, BUILDS_PER_ROUND),
        aim,
        ROUNDS,
      ),
    );
  }
  if (engine.name === "v8") {
    await startLdk();
    rows.push(
      compare("peel/v8 : LDK", "onions/s", repeat(new Node(engine), peel, PEELS_PER_ROUND), ldkPeels(), 1, ROUNDS),
    );
  }
  return rows;
}

class Node {
  readonly keys = new KeyRing(ROOT);
  readonly publicKey: Uint8Array;
  private readonly module: NodeModule;

  constructor(engine: Engine, makeCrypto: (keys: KeyRing) => NodeCrypto = (keys) => new NodeCrypto(keys)) {
    this.module = new NodeModule(engine, readNode(), makeCrypto(this.keys));
    this.publicKey = secp256k1.publicKeyCreate(this.keys.key(0) ?? ROOT, true);
  }

  build({ input, hops, payloadBytes }: Route): Uint8Array {
    this.module.input(input);
    return this.module.output(this.module.expect("onion_build", hops, payloadBytes));
  }

  /** The packet for the next hop. */
  peel(packet: Uint8Array): Uint8Array {
    this.module.input(packet);
    this.module.input(PAYMENT_HASH, PACKET_BYTES);
    const length = this.module.expect("onion_peel", 0);
    if (length >= FINAL) throw new Error("the onion ends here");
    this.module.output(length, 1400);
    return this.module.output(PACKET_BYTES);
  }
}

interface Route {
  readonly input: Uint8Array;
  readonly hops: number;
  readonly payloadBytes: number;
}

const scalar = (i: number): Buffer => Buffer.alloc(32, 0x50 + i);

/** A route whose first hop has this point; all hops are told to forward. */
function routeTo(first: Uint8Array, hops: number): Route {
  const others = Array.from({ length: hops - 1 }, (_, i) => secp256k1.publicKeyCreate(scalar(i), true));
  const payloads = Buffer.concat(Array.from({ length: hops }, () => FORWARD));
  const input = Buffer.concat([SESSION_KEY, PAYMENT_HASH, first, ...others, payloads]);
  return { input, hops, payloadBytes: payloads.length };
}

/** An onion of five hops, the first of which has this point. */
const onionFor = (first: Uint8Array): Uint8Array => new Node(engineByName("v8")).build(routeTo(first, 5));

function repeat(node: Node, work: (node: Node) => void, count: number): Workload {
  return {
    count,
    run() {
      for (let i = 0; i < count; i++) work(node);
    },
  };
}

/** The bare operations of `work`, as many and on the same bytes: they are noted as it asks for them. */
function floorOf(work: (node: Node) => void, count: number): Workload {
  let recorder: RecordingCrypto | undefined;
  work(new Node(engineByName("v8"), (keys) => (recorder = new RecordingCrypto(keys))));
  const operations = recorder?.operations ?? [];
  if (operations.length === 0) throw new Error("nothing was recorded");
  return {
    count,
    run() {
      for (let i = 0; i < count; i++) runAll(operations);
    },
  };
}

/** LDK's wasm peeling the same layer. */
function ldkPeels(): Workload {
  const keys = ldk.KeysManager.constructor_new(ROOT, 1n, 1);
  const signer = keys.as_NodeSigner();
  const logger = ldk.Logger.new_impl({ log: () => undefined });
  const id = signer.get_node_id(ldk.Recipient.LDKRecipient_Node);
  if (!(id instanceof ldk.Result_PublicKeyNoneZ_OK)) throw new Error("LDK has no node id");
  // update_add_htlc without its type: channel_id, id, amount_msat, payment_hash, cltv_expiry, onion.
  const header = Buffer.alloc(32 + 8 + 8);
  header.writeBigUInt64BE(1_001_000n, 40);
  const expiry = Buffer.alloc(4);
  expiry.writeUInt32BE(HEIGHT + 200);
  const message = Buffer.concat([header, PAYMENT_HASH, expiry, onionFor(id.res)]);
  const read = ldk.UpdateAddHTLC.constructor_read(message);
  if (!(read instanceof ldk.Result_UpdateAddHTLCDecodeErrorZ_OK)) throw new Error("LDK does not read the HTLC");
  const peel = (): void => {
    const peeled = ldk.UtilMethods.constructor_peel_payment_onion(read.res, signer, logger, HEIGHT, false);
    if (!(peeled instanceof ldk.Result_PendingHTLCInfoInboundHTLCErrZ_OK)) throw new Error("LDK does not peel");
  };
  return {
    count: PEELS_PER_ROUND / 4,
    run() {
      for (let i = 0; i < PEELS_PER_ROUND / 4; i++) peel();
    },
  };
}
