import { expect } from "vitest";
import { createHash } from "node:crypto";
import { ModuleError } from "../../host/engine/errors.js";
import { NorFlash } from "../../host/board/nor_flash.js";
import { decodeTransaction } from "../../host/decode/transaction.js";
import type { ChannelInfo } from "../../host/node/answers.js";
import { decodeMessage, MESSAGES } from "../../host/wire/message.js";
import { Between, commitmentNumber } from "./between.js";
import { routeOf, TestNetwork, type TestNode } from "./network.js";

// Programs: bytes that say what happens next to two nodes with a channel and to the line between them. What must hold
// whatever happens is looked at after every step.

const SECTORS = 96;
const makeFlash = (image?: Uint8Array): NorFlash => new NorFlash(4096, SECTORS, image);
const FUNDING_SAT = 1_000_000n;
const PUSH_MSAT = 400_000_000n;
const EXPIRY_BLOCKS = 60;
/** Blocks that may pass before an HTLC that is held back has to be closed upon. */
const PATIENCE_BLOCKS = 30;
/** What is paid comes in these: below what a channel takes, dust, enough, and soon too much. */
const UNITS_MSAT = [100n, 100_000n, 2_000_000n, 30_000_000n];
/** error, revoke_and_ack, channel_reestablish. */
const FATAL = [17, 133, 136];
const SCRIPT = Uint8Array.from([0, 20, ...new Uint8Array(20).fill(7)]);
const MAX_MESSAGE_BYTES = 2560;

/** Two nodes' flash with a channel in use, and what no node tells but everybody between them knows. */
export interface Scene {
  readonly anchors: boolean;
  readonly images: readonly Uint8Array[];
  readonly height: number;
  readonly obscuring: bigint;
  readonly channelId: Uint8Array;
}

/** @throws if the nodes do not come to a channel in use */
export function makeScene(engine: "v8" | "wasm3", anchors: boolean): Scene {
  const network = new TestNetwork(engine);
  const [a, b] = [network.add("a", makeFlash), network.add("b", makeFlash)];
  const line = new Between(a, b);
  const basepoints: Uint8Array[] = [];
  for (const end of line.ends) {
    end.onFrame = (frame) => {
      const { type, fields } = decodeMessage(frame);
      if (type === 32 || type === 33) basepoints.push(fields["payment_basepoint"] as Uint8Array);
    };
  }
  line.connect();
  line.run();
  a.node.open({ peer: b.id, fundingSat: FUNDING_SAT, pushMsat: PUSH_MSAT, feeratePerKw: 1000, anchors });
  line.run();
  network.mine(6);
  line.run();
  const info = a.node.channel(0);
  if (info?.usable !== true || basepoints.length !== 2) throw new Error("no channel");
  const digest = createHash("sha256").update(Buffer.concat(basepoints)).digest();
  return {
    anchors,
    images: [a.flash.image(), b.flash.image()],
    height: network.height,
    obscuring: digest.readBigUInt64BE(24) & 0xffff_ffff_ffffn,
    channelId: info.channelId,
  };
}

interface Account {
  readonly node: TestNode;
  readonly startMsat: bigint;
  /** Secrets that it has given away. */
  readonly revoked: Set<string>;
  broadcasts: number;
}

/** What a program has brought about, over all of them. */
export interface Tally {
  sent: number;
  failed: number;
  closed: number;
  fell: number;
  broadcasts: number;
  restarts: number;
  injected: number;
  honest: number;
  steps: number;
}

export const newTally = (): Tally => ({
  sent: 0,
  failed: 0,
  closed: 0,
  fell: 0,
  broadcasts: 0,
  restarts: 0,
  injected: 0,
  honest: 0,
  steps: 0,
});

/** One program at work. */
export class Program {
  private readonly network: TestNetwork;
  private readonly line: Between;
  private readonly accounts: readonly [Account, Account];
  private at = 0;
  /** Nobody between the nodes has said anything of his own, or kept anything back while the line was up. */
  private honest = true;
  /** The channel may come to its end: a close was asked for, or time was up. */
  private mayEnd = false;
  private blocks = 0;
  private payments = 0;

  constructor(
    engine: "v8" | "wasm3",
    private readonly scene: Scene,
    private readonly bytes: Uint8Array,
    private readonly tally: Tally,
  ) {
    this.network = new TestNetwork(engine, "program");
    this.network.height = scene.height;
    const [a, b] = ["a", "b"].map((name, i) => this.network.add(name, makeFlash, scene.images[i])) as [
      TestNode,
      TestNode,
    ];
    this.line = new Between(a, b);
    const account = (node: TestNode): Account => ({
      node,
      startMsat: this.info(node)?.holderMsat ?? 0n,
      revoked: new Set(),
      broadcasts: 0,
    });
    this.accounts = [account(a), account(b)];
    this.line.ends.forEach((end, i) => {
      end.onFrame = (frame) => {
        // revoke_and_ack: channel_id, then the secret.
        if (frame.readUInt16BE(0) === 133) this.accounts[i as 0 | 1].revoked.add(frame.toString("hex", 34, 66));
      };
    });
  }

  /** Runs it to its end. Throws upon a trap, and where something does not hold. */
  run(): void {
    this.line.connect();
    while (this.at < this.bytes.length) {
      this.tally.steps++;
      this.step();
      this.check();
    }
    this.settle();
  }

  private next(): number {
    return this.bytes[this.at++] ?? 0;
  }

  private info(node: TestNode): ChannelInfo | undefined {
    return node.node.channel(0);
  }

  private step(): void {
    const code = this.next();
    const side = code & 1;
    const node = this.accounts[side as 0 | 1].node;
    const op = code >> 1;
    if (op < 48) {
      this.line.step(side);
    } else if (op < 58) {
      this.line.run();
    } else if (op < 72) {
      this.pay(side, this.next());
    } else if (op < 76) {
      this.line.drop();
    } else if (op < 88) {
      if (!this.line.open) this.line.connect();
    } else if (op < 92) {
      this.fallible(() => node.node.feerate(0, 253 + this.next() * 40));
    } else if (op < 96) {
      this.network.tick(BigInt(this.next()) * 300n);
    } else if (op < 98) {
      this.block(1 + (this.next() & 7));
    } else if (op < 102) {
      this.restart(node);
    } else if (op === 102) {
      this.mayEnd = true;
      this.fallible(() => node.node.close(0, SCRIPT));
    } else if (op === 103 && this.next() < 64) {
      this.mayEnd = true;
      this.fallible(() => node.node.forceClose(0));
    } else if (op >= 104) {
      this.meddle(side, op - 104);
    }
  }

  /** What a node may refuse. */
  private fallible(body: () => void): void {
    try {
      body();
    } catch (error) {
      if (!(error instanceof ModuleError)) throw error;
    }
  }

  private pay(side: number, choice: number): void {
    const from = this.accounts[side as 0 | 1].node;
    const to = this.accounts[(1 - side) as 0 | 1].node;
    const amountMsat = BigInt((choice & 15) + 1) * (UNITS_MSAT[(choice >> 4) & 3] ?? 0n);
    const hops = routeOf(this.network, amountMsat, [{ node: to, scid: 0n }]).map((hop) => ({
      ...hop,
      cltvExpiry: this.network.height + EXPIRY_BLOCKS,
    }));
    const hash = createHash("sha256").update(`${this.payments++}`).digest();
    const invoice = { paymentHash: new Uint8Array(hash), paymentSecret: new Uint8Array(hash) };
    // One in four is for an invoice that nobody has made, and comes back.
    this.fallible(() => from.node.pay(choice >= 192 ? { channel: 0, hops, invoice } : { channel: 0, hops }));
  }

  private block(count: number): void {
    this.blocks += count;
    if (this.blocks > PATIENCE_BLOCKS) this.mayEnd = true;
    for (let i = 0; i < count; i++) {
      this.network.height++;
      for (const { node } of this.accounts) node.node.block(this.network.height);
    }
  }

  private restart(node: TestNode): void {
    this.tally.restarts++;
    this.line.drop();
    node.kill();
    node.start();
  }

  /** Somebody between the nodes at work: with what one of them has said, or with words of his own. */
  private meddle(from: number, how: number): void {
    this.honest = false;
    this.tally.injected++;
    const said = this.line.ends[from as 0 | 1].said;
    const first = said[0];
    switch (how) {
      case 0:
        if (first) said.unshift(Buffer.from(first));
        return;
      case 1:
        if (first && said.length > 1) said.splice(1, 0, said.shift() as Buffer);
        return;
      case 2:
        return void said.shift();
      case 3:
        if (first) said[0] = first.subarray(0, Math.max(2, first.length - 1 - this.next()));
        return;
      case 4:
      case 5:
      case 6:
      case 7:
      case 8:
        if (first) {
          const at = how === 8 ? this.next() % first.length : (this.next() * 7) % first.length;
          first[at] = (first[at] ?? 0) ^ (1 << (this.next() & 7));
        }
        return;
      case 9:
        if (first) said[0] = Buffer.concat([first, Uint8Array.of(255, 2, this.next(), 0)]);
        return;
      case 10:
        return this.line.pass(from, Uint8Array.of(this.next(), this.next(), 1, 2, 3));
      case 11:
        return this.line.ends[(1 - from) as 0 | 1].write(
          Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18),
        );
      case 12:
        // The node's own word comes back to it.
        if (first) this.line.pass(1 - from, first);
        return;
      case 13:
        // update_fulfill_htlc of an HTLC that there may be, with what is not its preimage.
        return this.line.pass(
          from,
          Buffer.concat([
            Uint8Array.of(0, 130),
            this.scene.channelId,
            Buffer.alloc(7),
            Buffer.alloc(33, this.next() & 7),
          ]),
        );
      default:
        return this.line.pass(from, this.invent());
    }
  }

  /** A well-formed message of any type, about the channel or not, whose numbers are small, great or near to true ones. */
  private invent(): Uint8Array {
    const schema = MESSAGES[this.next() % MESSAGES.length];
    const parts: Uint8Array[] = [Uint8Array.of((schema?.type ?? 0) >> 8, (schema?.type ?? 0) & 255)];
    const sizes: Readonly<Record<string, number>> = {
      byte: 1,
      u8: 1,
      u16: 2,
      u32: 4,
      u64: 8,
      sha256: 32,
      chain_hash: 32,
      channel_id: 32,
      signature: 64,
      point: 33,
      short_channel_id: 8,
    };
    for (const field of schema?.fields ?? []) {
      const size = sizes[field.type] ?? 0;
      const count = typeof field.count === "number" ? field.count : field.count === undefined ? 1 : 0;
      const bytes = new Uint8Array(size * count);
      if (field.type === "channel_id" && this.next() < 240) bytes.set(this.scene.channelId);
      else if (field.type === "point") bytes.set(this.accounts[0].node.id);
      else if (field.type === "chain_hash") bytes.fill(6);
      else if (size <= 8 && !schema?.fields.some(({ count: name }) => name === field.name)) {
        const kind = this.next();
        if (kind >= 250) bytes.fill(0xff);
        else if (bytes.length > 0) bytes[bytes.length - 1] = kind;
        if (kind % 5 === 4 && bytes.length > 2) bytes[bytes.length - 3] = this.next();
      } else bytes.fill(this.next());
      parts.push(bytes);
    }
    return Buffer.concat(parts).subarray(0, MAX_MESSAGE_BYTES);
  }

  /** What holds at any time. */
  private check(): void {
    for (const account of this.accounts) {
      const { node, startMsat } = account;
      for (; account.broadcasts < node.broadcasts.length; account.broadcasts++) {
        this.published(account, node.broadcasts[account.broadcasts] as Uint8Array);
      }
      const info = this.info(node);
      // A channel closed by consent may be forgotten; an honest one was asked for.
      if (info === undefined) throw new Error(`${node.name}: the channel is gone`);
      if (info.holderMsat + info.counterpartyMsat !== FUNDING_SAT * 1000n) throw new Error(`${node.name}: sum`);
      if (info.htlcsOfferedMsat > info.holderMsat || info.htlcsReceivedMsat > info.counterpartyMsat) {
        throw new Error(`${node.name}: more in flight than there is`);
      }
      // Nothing leaves it but for a preimage, and nothing comes that it has not told.
      const paid = sum(node.told("sent"), ({ part }) => `${part}`);
      for (const { preimage, paymentHash } of node.told("sent")) {
        const digest = createHash("sha256").update(preimage).digest();
        if (digest.compare(paymentHash) !== 0) throw new Error(`${node.name}: paid without a preimage`);
      }
      const received = sum(node.told("received"), ({ paymentHash }) => Buffer.from(paymentHash).toString("hex"));
      if (info.holderMsat < startMsat - paid)
        throw new Error(`${node.name}: lost ${startMsat - paid - info.holderMsat}`);
      if (info.holderMsat > startMsat + received) throw new Error(`${node.name}: won`);
      // A channel falls upon an error of the peer's, a secret that is none, or a wrong account of what has been.
      if (!this.mayEnd && (info.state === "failed" || info.state === "lost")) {
        const reason = node.told("problem").some(({ message }) => FATAL.includes(message));
        if (!reason) throw new Error(`${node.name}: ${info.state} without a reason`);
      }
      if (info.state === "lost" && this.honest) throw new Error(`${node.name}: lost`);
      if (this.honest && !this.mayEnd) {
        if (info.state !== "normal") throw new Error(`${node.name}: ${info.state}, code ${info.fault}`);
        const problem = node.told("problem")[0];
        if (problem) throw new Error(`${node.name}: ${problem.code} upon ${problem.message} ${problem.text}`);
      }
    }
  }

  /** A commitment transaction that was published is not revoked, and nobody has published one without reason. */
  private published(account: Account, bytes: Uint8Array): void {
    this.tally.broadcasts++;
    const { locktime, inputs } = decodeTransaction(bytes);
    const number = commitmentNumber(locktime, inputs[0]?.sequence ?? 0, this.scene.obscuring);
    if (number === undefined) {
      if (locktime !== 0) throw new Error("neither a commitment nor a closing transaction");
      return;
    }
    if (number < BigInt(account.revoked.size)) throw new Error(`${account.node.name} publishes ${number}, revoked`);
    const state = this.info(account.node)?.state;
    if (state !== "failed") throw new Error(`${account.node.name} publishes a commitment: ${state}`);
  }

  /** The line is mended and left alone: two honest nodes agree in the end, and know of every payment what became of it. */
  private settle(): void {
    const [{ node: a }, { node: b }] = this.accounts;
    for (let i = 0; i < 3; i++) {
      if (!this.line.open) this.line.connect();
      this.line.run();
      this.network.tick(61_000n);
      this.line.run();
      this.check();
    }
    const [ours, theirs] = [this.info(a), this.info(b)];
    this.tally.sent += a.told("sent").length + b.told("sent").length;
    this.tally.failed += a.told("failed").length + b.told("failed").length;
    if (ours?.state === "closed") this.tally.closed++;
    if (ours?.state === "failed") this.tally.fell++;
    if (!this.honest) return;
    this.tally.honest++;
    if (this.mayEnd) return;
    expect(ours).toMatchObject({ state: "normal", usable: true, htlcs: 0 });
    expect(theirs).toMatchObject({ state: "normal", usable: true, htlcs: 0 });
    expect([theirs?.counterpartyMsat, theirs?.holderMsat]).toEqual([ours?.holderMsat, ours?.counterpartyMsat]);
    expect([theirs?.counterpartyNumber, theirs?.holderNumber]).toEqual([ours?.holderNumber, ours?.counterpartyNumber]);
    for (const [from, to] of [
      [a, b],
      [b, a],
    ] as const) {
      const sent = new Set(from.told("sent").map(({ paymentHash }) => Buffer.from(paymentHash).toString("hex")));
      const received = new Set(to.told("received").map(({ paymentHash }) => Buffer.from(paymentHash).toString("hex")));
      expect(sent).toEqual(received);
    }
    const { startMsat } = this.accounts[0];
    const paid = sum(a.told("sent"), ({ part }) => `${part}`);
    const received = sum(a.told("received"), ({ paymentHash }) => Buffer.from(paymentHash).toString("hex"));
    expect(ours?.holderMsat).toBe(startMsat - paid + received);
  }
}

/** Sum of amounts, each payment once: a node tells of it again after a restart. */
function sum<T extends { readonly amountMsat: bigint }>(events: readonly T[], key: (event: T) => string): bigint {
  const amounts = new Map(events.map((event) => [key(event), event.amountMsat]));
  return [...amounts.values()].reduce((total, amount) => total + amount, 0n);
}
