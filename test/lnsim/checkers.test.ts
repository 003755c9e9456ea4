import { describe, expect, it } from "vitest";
import { checkEnd, StepChecker, Violation } from "../../host/lnsim/checkers.js";
import type { Network } from "../../host/lnsim/network.js";
import type { ChannelInfo } from "../../host/node/answers.js";
import type { NodeEvent } from "../../host/node/node_event.js";

// A network of two nodes and one channel that only says what it is told to say: every checker has to speak up when the
// one thing is wrong that it is there for.

const HASH = new Uint8Array(32).fill(7);
const TEXT = Buffer.from(HASH).toString("hex");

const channel = (holderMsat: bigint, numbers: readonly [bigint, bigint]): ChannelInfo =>
  ({
    state: "normal",
    fault: 0,
    usable: true,
    connected: true,
    htlcs: 0,
    fundingSat: 1_000n,
    holderMsat,
    counterpartyMsat: 1_000_000n - holderMsat,
    holderNumber: numbers[0],
    counterpartyNumber: numbers[1],
  }) as unknown as ChannelInfo;

const settled = { amountMsat: 100n, paymentHash: HASH, preimage: HASH };
const sent: NodeEvent = { kind: "sent", part: 0, ...settled };
const failed: NodeEvent = { kind: "failed", part: 0, ...settled, hop: 0, code: 0, data: HASH };
const received: NodeEvent = { kind: "received", chain: 0, ...settled };

/** Node a has paid node b 100 msat, of 600,000 that it had. */
class Puppets {
  readonly events: [NodeEvent[], NodeEvent[]] = [[sent], [received]];
  readonly channels = [channel(599_900n, [4n, 5n]), channel(400_100n, [5n, 4n])];
  readonly info = { journalBytes: 10, journalSectorBytes: 20 };
  readonly refusals: string[] = [];
  readonly network: Network;
  private readonly nodes = [0, 1].map((i) => ({
    name: `n${i}`,
    on: true,
    events: this.events[i],
    refusals: this.refusals,
    try: (body: (node: unknown) => unknown) => body({ info: () => this.info }),
  }));

  constructor() {
    const [a, b] = this.nodes;
    const edge = { ends: [a, b], numbers: [0, 0], wire: undefined };
    this.network = {
      nodes: this.nodes,
      edges: [edge],
      payments: [{ hash: TEXT, nodes: [a, b], hops: [{ amountMsat: 100n }], part: 0 }],
      channel: (_: unknown, end: 0 | 1) => this.channels[end],
    } as unknown as Network;
  }

  change(end: 0 | 1, fields: Partial<ChannelInfo>): void {
    this.channels[end] = { ...(this.channels[end] as ChannelInfo), ...fields };
  }

  end(): void {
    const [a, b] = this.network.nodes;
    if (a === undefined || b === undefined) throw new Error("no nodes");
    checkEnd(
      this.network,
      new Map([
        [a, 600_000n],
        [b, 400_000n],
      ]),
    );
  }
}

const violation = (body: () => void): string => {
  try {
    body();
  } catch (error) {
    if (error instanceof Violation) return error.message;
    throw error;
  }
  return "";
};

describe("checkers after every step", () => {
  it.each<[string, (puppets: Puppets) => void, string]>([
    ["money that comes from nowhere", (p) => p.change(0, { holderMsat: 599_901n }), "1000001 msat of 1000 sat"],
    ["money that goes nowhere", (p) => p.change(0, { holderMsat: 599_899n }), "999999 msat of 1000 sat"],
    ["a commitment that goes back", (p) => p.change(0, { holderNumber: 3n }), "went back to 3"],
    ["a signature of a revoked number", (p) => p.change(0, { counterpartyNumber: 4n }), "signs 4 again"],
    ["a signature that nobody remembers", (p) => p.change(1, { holderNumber: 6n }), "its peer holds 6"],
    ["two signatures ahead", (p) => p.change(0, { counterpartyNumber: 7n }), "its peer holds 5"],
    ["a channel that fails", (p) => p.change(1, { state: "failed" }), "n1's channel 0 is failed"],
    ["a journal that overflows", (p) => Object.assign(p.info, { journalBytes: 21 }), "journal of 21 bytes"],
    ["a transaction that the chain refuses", (p) => p.refusals.push("script: bad"), "script: bad"],
    [
      "a protocol error",
      (p) => p.events[0].push({ kind: "problem", connection: 0, channel: 0, code: -2, message: 128, text: "" }),
      "problem",
    ],
  ])("%s", (_, spoil, message) => {
    const puppets = new Puppets();
    const checker = new StepChecker(puppets.network);
    expect(violation(() => checker.check())).toBe("");
    spoil(puppets);
    expect(violation(() => checker.check())).toContain(message);
  });
});

describe("checkers at the end", () => {
  it("are content with what is right", () => {
    expect(violation(() => new Puppets().end())).toBe("");
  });

  it.each<[string, (puppets: Puppets) => void, string]>([
    ["ends that do not agree", (p) => p.change(1, { counterpartyMsat: 599_800n }), "599900 and 599800 msat"],
    ["commitments that do not agree", (p) => p.change(1, { holderNumber: 4n }), "commitments 4/4, 4/5"],
    ["an HTLC that is left", (p) => p.change(0, { htlcs: 1 }), "1 and 0 HTLCs"],
    ["a channel that is no longer usable", (p) => p.change(0, { usable: false }), "not usable"],
    ["a payment without result", (p) => p.events[0].splice(0), "has no result"],
    ["a payment with two results", (p) => p.events[0].push(failed), "as sent and as failed"],
    ["a payment that arrived and was told as failed", (p) => p.events[0].splice(0, 1, failed), "failed, received 100"],
    ["a payment that was told as sent and did not arrive", (p) => p.events[1].splice(0), "sent, received 0"],
    ["a payment received twice", (p) => p.events[1].push({ ...received, amountMsat: 99n }), "100 and 99"],
    [
      "a payment made twice",
      (p) => {
        p.change(0, { holderMsat: 599_800n, counterpartyMsat: 400_200n });
        p.change(1, { holderMsat: 400_200n, counterpartyMsat: 599_800n });
      },
      "n0 has 599800 msat, not 599900",
    ],
  ])("%s", (_, spoil, message) => {
    const puppets = new Puppets();
    spoil(puppets);
    expect(violation(() => puppets.end())).toContain(message);
  });
});
