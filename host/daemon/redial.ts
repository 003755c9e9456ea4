import type { Clock, Timer } from "./clock.js";

/** First and longest wait between two dials, ms: doubled after each that fails. */
const FIRST_MS = 1000;
const LONGEST_MS = 300_000;
/** A connection that ends earlier has not stood: peers whose channel has a wrong message in it get no further. */
const STOOD_MS = 60_000;

interface Wait {
  ms: number;
  timer: Timer | undefined;
  connectedAt: number | undefined;
}

/** Dials peers again with which there are channels: sooner after a connection that stood, ever later after failures. */
export class Redial {
  private readonly waits = new Map<string, Wait>();

  /** @param dial tries once; its outcome is told to `connected` or `failed` */
  constructor(
    private readonly clock: Clock,
    private readonly dial: (peer: string) => void,
  ) {}

  /** Keeps up a connection to this peer. The first dial is due at once. */
  keep(peer: string): void {
    if (this.waits.has(peer)) return;
    this.waits.set(peer, { ms: FIRST_MS, timer: undefined, connectedAt: undefined });
    this.schedule(peer, 0);
  }

  /** No more: there is no channel left, or the user hung up. */
  forget(peer: string): void {
    this.waits.get(peer)?.timer?.cancel();
    this.waits.delete(peer);
  }

  /** It is connected, by our dial or its own. */
  connected(peer: string): void {
    const wait = this.waits.get(peer);
    if (wait === undefined) return;
    wait.timer?.cancel();
    wait.timer = undefined;
    wait.connectedAt ??= this.clock.monoMs();
  }

  /** The dial came to nothing, or the connection ended. */
  failed(peer: string): void {
    const wait = this.waits.get(peer);
    if (wait === undefined || wait.timer !== undefined) return;
    if (wait.connectedAt !== undefined && this.clock.monoMs() - wait.connectedAt >= STOOD_MS) wait.ms = FIRST_MS;
    wait.connectedAt = undefined;
    this.schedule(peer, wait.ms);
    wait.ms = Math.min(LONGEST_MS, 2 * wait.ms);
  }

  stop(): void {
    for (const peer of [...this.waits.keys()]) this.forget(peer);
  }

  private schedule(peer: string, ms: number): void {
    const wait = this.waits.get(peer);
    if (wait === undefined) return;
    wait.timer = this.clock.after(ms, () => {
      wait.timer = undefined;
      this.dial(peer);
    });
  }
}
