import { Execution } from "../../host/chain/interpreter.js";

/** What the interpreter says of a transaction's only input: "" if it is valid. */
export const execute = (tx: Uint8Array, scriptPubkey: Uint8Array, sat: bigint): string =>
  new Execution(tx).run(0, scriptPubkey, sat);
