import type { NodeEvent } from "../node/node_event.js";
import type { Clock } from "./clock.js";
import { RPC_CODES, RpcError } from "./rpc.js";

/** What the node tells, to whoever is interested at the moment. */
export class Events {
  private readonly listeners = new Set<(event: NodeEvent) => void>();

  constructor(private readonly clock: Clock) {}

  emit(event: NodeEvent): void {
    for (const listener of [...this.listeners]) listener(event);
  }

  /** Returns what ends it. */
  on(listener: (event: NodeEvent) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /**
   * The first thing that `pick` makes of an event from now on.
   *
   * @param pick undefined: it waits on; it may throw what is to be thrown here
   * @param what stands in the RpcError TIMEOUT after `ms`
   */
  until<T>(ms: number, what: string, pick: (event: NodeEvent) => T | undefined): Promise<T> {
    return new Promise((resolve, reject) => {
      const end = (): void => {
        off();
        timer.cancel();
      };
      const off = this.on((event) => {
        try {
          const picked = pick(event);
          if (picked === undefined) return;
          end();
          resolve(picked);
        } catch (error) {
          end();
          reject(error as Error);
        }
      });
      const timer = this.clock.after(ms, () => {
        end();
        reject(new RpcError(RPC_CODES.TIMEOUT, what));
      });
    });
  }
}
