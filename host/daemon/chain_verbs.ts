import { SAT, hex, integer, text } from "./parameters.js";
import { ParameterError, type ParameterType } from "./parameters.js";
import type { Verbs } from "./verbs.js";

/** Bytes of any length in hexadecimal, at most `longest`. */
const bytes = (name: string, longest: number): ParameterType<Uint8Array> => ({
  name,
  read(value) {
    if (typeof value !== "string") throw new ParameterError("is no text");
    if (value.length > 2 * longest) throw new ParameterError(`is longer than ${longest} bytes`);
    return hex(name, Math.floor(value.length / 2)).read(value);
  },
});

const TRANSACTION = { name: "tx", type: bytes("hex", 100_000), about: "a transaction, with its witness" } as const;

/** What `tieline chain` understands. */
export const CHAIN_VERBS = {
  getinfo: { about: "show height, newest block, wallet balance and what waits for a block", parameters: [] },
  mine: {
    about: "make blocks of what waits",
    parameters: [{ name: "blocks", type: integer("n", 1, 10_000), optional: true, about: "how many, default 1" }],
  },
  getblock: {
    about: "show a block's bytes",
    parameters: [{ name: "height", type: integer("height", 0, 2 ** 31 - 1), about: "from 0" }],
  },
  waitblock: {
    about: "wait until the newest block is another one",
    parameters: [
      { name: "tip", type: text("hash", 64), about: "the newest block that you know" },
      { name: "seconds", type: integer("s", 0, 300), optional: true, about: "how long at most, default 30" },
    ],
  },
  broadcast: { about: "publish a transaction", parameters: [TRANSACTION] },
  fund: {
    about: "make a transaction of the wallet that pays to a script, without publishing it",
    parameters: [
      { name: "script", type: bytes("hex", 100), about: "a scriptpubkey" },
      { name: "amount", type: SAT, about: "what it gets" },
      { name: "feerate", type: integer("sat/kw", 1, 1_000_000), about: "of the transaction" },
    ],
  },
  release: { about: "free the coins of a transaction that will not be published", parameters: [TRANSACTION] },
  newscript: { about: "make a script of the wallet", parameters: [] },
  stop: { about: "stop the chain; its state is kept", parameters: [] },
  help: {
    about: "list the verbs, or explain one",
    parameters: [{ name: "command", type: text("verb", 40), optional: true, about: "a verb" }],
  },
} as const satisfies Verbs;
