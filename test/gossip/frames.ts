import { secp256k1 } from "@noble/curves/secp256k1.js";
import { sha256 } from "@noble/hashes/sha2.js";
import type { TestModule } from "../driver/modules.js";

export const ERR = {
  argument: -1,
  truncated: -9,
  order: -11,
  length: -13,
  value: -14,
  signature: -19,
  replay: -20,
  chain: -22,
} as const;

export const NOT_FORWARDED = 1;
export const NOT_ROUTED = 2;

export const TYPE = {
  channelAnnouncement: 256,
  nodeAnnouncement: 257,
  channelUpdate: 258,
  announcementSignatures: 259,
  linePolicy: 42_005,
} as const;

export const CHAIN = new Uint8Array(32).fill(0xc4);
export const NOW_S = 1_700_000_000;
const FEATURE_BYTES = 40;

export const join = (...parts: Uint8Array[]): Uint8Array => Uint8Array.from(Buffer.concat(parts));

/** Big-endian number of `width` bytes; negative ones as two's complement. */
export function number(width: number, value: number | bigint): Uint8Array {
  const bytes = new Uint8Array(width);
  let rest = BigInt.asUintN(width * 8, BigInt(value));
  for (let i = width - 1; i >= 0; i--) {
    bytes[i] = Number(rest & 255n);
    rest >>= 8n;
  }
  return bytes;
}

export const bytes = (content: Uint8Array): Uint8Array => join(number(2, content.length), content);

/** A node of the tests, whose keys are in no module. */
export class Signer {
  readonly nodeId: Uint8Array;
  readonly fundingKey: Uint8Array;

  constructor(
    private readonly node: Uint8Array,
    private readonly funding: Uint8Array,
  ) {
    this.nodeId = secp256k1.getPublicKey(node, true);
    this.fundingKey = secp256k1.getPublicKey(funding, true);
  }

  static of(seed: number): Signer {
    return new Signer(new Uint8Array(32).fill(seed), new Uint8Array(32).fill(seed + 0x40));
  }

  /** The signature with the node's key of what follows the frame's signatures. */
  sign(signed: Uint8Array): Uint8Array {
    return signatureOf(signed, this.node);
  }

  signFunding(signed: Uint8Array): Uint8Array {
    return signatureOf(signed, this.funding);
  }
}

const signatureOf = (signed: Uint8Array, key: Uint8Array): Uint8Array =>
  secp256k1.sign(sha256(sha256(signed)), key, { prehash: false, lowS: true });

export const holds = (signature: Uint8Array, signed: Uint8Array, point: Uint8Array): boolean =>
  secp256k1.verify(signature, sha256(sha256(signed)), point, { prehash: false, lowS: true });

/** A frame with one signature: type, signature of `signer`, the rest. */
export const signedFrame = (type: number, signer: Signer, rest: Uint8Array): Uint8Array =>
  join(number(2, type), signer.sign(rest), rest);

/** The two ends in the order of their ids. */
export function ordered(a: Signer, b: Signer): [Signer, Signer] {
  return Buffer.compare(a.nodeId, b.nodeId) < 0 ? [a, b] : [b, a];
}

export interface AnnouncementOptions {
  readonly features?: Uint8Array;
  readonly chain?: Uint8Array;
  readonly extra?: Uint8Array;
}

/** A `channel_announcement` between two nodes, in the order given, all four signatures good. */
export function channelAnnouncement(one: Signer, two: Signer, options: AnnouncementOptions = {}): Uint8Array {
  const rest = join(
    bytes(options.features ?? new Uint8Array(0)),
    options.chain ?? CHAIN,
    number(8, 0x0123456789abcdefn),
    one.nodeId,
    two.nodeId,
    one.fundingKey,
    two.fundingKey,
    options.extra ?? new Uint8Array(0),
  );
  return join(
    number(2, TYPE.channelAnnouncement),
    one.sign(rest),
    two.sign(rest),
    one.signFunding(rest),
    two.signFunding(rest),
    rest,
  );
}

/** A module of gossip.entry.ts. */
export class Gossip {
  private constructor(
    readonly module: TestModule,
    readonly data: number,
    readonly context: number,
  ) {}

  static async of(module: TestModule): Promise<Gossip> {
    const [data, context] = await Promise.all([module.call("data"), module.call("context")]);
    return new Gossip(module, data as number, context as number);
  }

  async call(name: string, ...args: (number | bigint)[]): Promise<number> {
    return (await this.module.call(name, ...args)) as number;
  }

  async frame(frame: Uint8Array): Promise<void> {
    await this.module.write(this.data, frame);
  }

  /** What `verify` needs besides the frame. No feature is known unless given. */
  async surroundings(chain: Uint8Array, nodes: Uint8Array, ours = new Uint8Array(FEATURE_BYTES)): Promise<void> {
    await this.module.write(this.context, join(chain, nodes, ours));
  }

  async verify(frame: Uint8Array, last = 0, nowS = NOW_S, capacityMsat = 2n ** 63n - 1n): Promise<number> {
    await this.frame(frame);
    return this.call("verify", frame.length, last, nowS, capacityMsat);
  }
}
