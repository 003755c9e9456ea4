import { homedir } from "node:os";
import { join } from "node:path";
import type { Chain } from "../chain/chain.js";
import { RpcChain } from "../chain/rpc_chain.js";
import type { Clock } from "./clock.js";
import { inFolder } from "./folder.js";
import { ParameterError } from "./parameters.js";
import { RemoteChain } from "./remote_chain.js";

/** Which chain a node is on. */
export type ChainChoice =
  | { readonly kind: "simulated"; readonly folder: string }
  /** A bitcoind-compatible full node's JSON-RPC. */
  | { readonly kind: "rpc"; readonly url: string };

export const CHAIN_KINDS_HELP =
  "simulated, or simulated:FOLDER (what tieline chain serves), or http://USER:PASSWORD@HOST:PORT of a full node";

/** Where `tieline chain` keeps its chain unless it is told. */
export const defaultChainFolder = (): string => join(homedir(), ".tieline-chain");

/** Throws ParameterError. */
export function readChainChoice(text: string): ChainChoice {
  const [, folder] = /^simulated(?::(.+))?$/.exec(text) ?? [];
  if (folder !== undefined || text === "simulated")
    return { kind: "simulated", folder: folder ?? defaultChainFolder() };
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw new ParameterError(
      "is neither simulated, simulated:FOLDER nor an address such as http://user:pass@127.0.0.1:18443",
    );
  }
  if (url.protocol !== "http:") throw new ParameterError("is no address of http");
  return { kind: "rpc", url: text };
}

/**
 * Throws ChainError if it cannot be reached.
 *
 * @param cookieFile of a full node, in place of user and password
 * @param onTrouble told when it is lost later on
 */
export function openChain(
  choice: ChainChoice,
  cookieFile: string | undefined,
  clock: Clock,
  onTrouble: (message: string) => void,
): Promise<Chain> {
  if (choice.kind === "simulated") return RemoteChain.connect(inFolder(choice.folder).control, clock, onTrouble);
  return RpcChain.connect({
    url: choice.url,
    ...(cookieFile === undefined ? {} : { cookieFile }),
    clock,
    onProblem: (error) => {
      onTrouble(error.message);
    },
  });
}
