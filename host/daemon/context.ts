import type { Chain } from "../chain/chain.js";
import { ModuleError, errorName } from "../engine/errors.js";
import type { LightningNode } from "../node/lightning_node.js";
import type { Book } from "./book.js";
import type { Clock } from "./clock.js";
import type { Events } from "./events.js";
import type { Log } from "./log.js";
import type { Network } from "./networks.js";
import { RPC_CODES, RpcError } from "./rpc.js";

/** What the parts of a daemon work with. */
export interface Context {
  readonly node: LightningNode;
  readonly chain: Chain;
  readonly network: Network;
  readonly book: Book;
  readonly events: Events;
  readonly clock: Clock;
  readonly log: Log;
  /** Does something to the node of its own accord: a refusal is logged, anything worse ends the daemon. */
  act(what: string, action: () => void): void;
}

export const hexText = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
export const bytesOf = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, "hex"));
export const sameBytes = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0;

/** The firmware's refusal as the caller is told it. */
export const refused = (what: string, error: ModuleError): RpcError =>
  new RpcError(RPC_CODES.NODE, `${what}: the node refuses, ${errorName(error.code)}`, { error: errorName(error.code) });

/** Calls the node for a caller: refusals become RpcError NODE. */
export function asked<T>(what: string, call: () => T): T {
  try {
    return call();
  } catch (error) {
    if (error instanceof ModuleError) throw refused(what, error);
    throw error;
  }
}
