import { type MemoryWire, type Party, run } from "../../lnsim/wire.js";
import { TcpWire, until } from "./lines.js";

export type LinkName = "memory" | "TCP";

/** What each payment delivers: an output of its own in the commitments. */
export const AMOUNT_MSAT = 1_000_000n;
/** Funding of each channel, and what its second node has of it at first. */
export const FUNDING_SAT = 10_000_000n;
export const PUSH_MSAT = 5_000_000_000n;
/** What a forwarder takes, and the blocks that each hop has. */
export const FEE_MSAT = 1000n;
export const FINAL_DELTA = 60;
export const FORWARD_DELTA = 50;

/**
 * How many payments are under way at most: what a channel of this project takes from one side (MAX_ACCEPTED_HTLCS), or
 * its forwarder from one peer (MAX_FORWARDS_PER_PEER), of which the ones that are being removed still count.
 */
const ROOM = { oneHop: 12, twoHops: 6 } as const;

/** Pieces of bytes that are delivered in memory between turns of the event loop. */
const STEPS = 30;

/**
 * Nodes in a row with a channel between neighbours, along all of which spontaneous payments go, in either direction. All of
 * them are in this process, and nothing happens but what a payment brings about.
 */
export abstract class Lane {
  protected wires: MemoryWire[] = [];
  private lines: TcpWire[] = [];
  /** From the first node to the last one, or back. */
  protected forth = true;
  private started = 0;
  private settled = 0;
  private count = 0;
  private window = 0;
  private readonly name = this.constructor.name;

  /** Begins one payment in the present direction. */
  protected abstract pay(): void;
  /** HTLCs that the payer's channel has at present, the ones that are being removed included; 0 if that never matters. */
  protected abstract htlcs(): number;
  protected abstract parties(): readonly Party[];
  /** Whether all channels can be used. */
  protected abstract ready(): boolean;
  /** What any node complains of. */
  abstract problems(): unknown[];

  /** The HTLCs that may be there when a payment begins. */
  protected get room(): number {
    return this.parties().length > 2 ? ROOM.twoHops : ROOM.oneHop;
  }

  /** Puts TCP on loopback in the place of memory. */
  async useTcp(): Promise<void> {
    for (const wire of this.wires.splice(0)) wire.cut();
    const parties = this.parties();
    for (const [i, party] of parties.slice(1).entries()) {
      this.lines.push(await TcpWire.open(parties[i] as Party, party));
    }
    await until("connected over TCP", () => this.ready());
  }

  async close(): Promise<void> {
    for (const line of this.lines) await line.cut();
  }

  /**
   * Pays `count` times, then turns around unless told not to. No more than `concurrent` payments are under way, nor than the channels take:
   * the others wait in a queue for those before them.
   */
  async load(count: number, concurrent: number, turns = true): Promise<void> {
    this.started = 0;
    this.settled = 0;
    this.count = count;
    this.window = Math.min(concurrent, this.room);
    this.topUp();
    if (this.lines.length === 0) {
      // LDK's objects are only freed when the event loop gets its turn, and what is not freed slows LDK down.
      while (run(this.wires, STEPS) === STEPS) await new Promise((resolve) => setImmediate(resolve));
      await new Promise((resolve) => setImmediate(resolve));
    } else await until("payments over TCP", () => this.settled >= count, 10_000_000);
    if (this.settled !== count) throw new Error(`${this.name}: ${this.settled} of ${count} payments arrived`);
    if (turns) this.forth = !this.forth;
  }

  /** A payment has come to its end. */
  protected readonly onSettled = (paid: boolean): void => {
    if (!paid) throw new Error(`${this.name}: a payment failed`);
    this.settled++;
  };

  /** Bytes have arrived somewhere: there may be room for more payments. */
  protected readonly topUp = (): void => {
    while (this.started < this.count && this.started - this.settled < this.window && this.htlcs() < this.room) {
      this.started++;
      this.pay();
    }
  };

  /** A party after whose every receipt there may be room for more. */
  protected watched(party: Party): Party {
    const { topUp } = this;
    const watch = (end: ReturnType<Party["accept"]>): ReturnType<Party["accept"]> => ({
      receive: (bytes) => {
        end.receive(bytes);
        topUp();
      },
      down: () => end.down(),
    });
    return {
      nodeId: party.nodeId,
      dial: (remote, line) => watch(party.dial(remote, line)),
      accept: (line) => watch(party.accept(line)),
    };
  }
}
