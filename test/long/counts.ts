/** Whether the long variants of tests run: `TIELINE_LONG=1`. */
export const LONG = process.env["TIELINE_LONG"] === "1";

/** Inputs to the verifier, of every kind together: in each run, and in the long run besides. */
export const VERIFIER_INPUTS = 100_000;
export const LONG_VERIFIER_INPUTS = 1_000_000;
/** Records of the largest file that is checked as a whole. */
export const FILE_RECORDS = LONG ? 10_000 : 1000;
/** Distance between the bytes of a flash image that are damaged one at a time. */
export const DAMAGE_STRIDE = LONG ? 1 : 7;
/** Messages between two ends of the transport. A key is changed after 500, so 2500 change each of the two twice. */
export const TRANSPORT_MESSAGES = { local: LONG ? 20_000 : 2500, qemu: LONG ? 2500 : 60 };
/** Mutated invoices, by engine. */
export const INVOICE_MUTATIONS = {
  v8: LONG ? 700_000 : 70_000,
  wasm3: LONG ? 300_000 : 30_000,
  qemu: LONG ? 5000 : 300,
} as const;
/** Mutated onions, by engine; as many mutated payloads besides. */
export const ONION_MUTATIONS = {
  v8: LONG ? 1_000_000 : 100_000,
  wasm3: LONG ? 300_000 : 10_000,
  qemu: LONG ? 5000 : 300,
} as const;

/** Random commitments that are built, signed and compared with the model, on each engine. */
export const COMMITMENT_RUNS = LONG ? { v8: 2000, wasm3: 2000, qemu: 60 } : { v8: 40, wasm3: 40, qemu: 5 };
/** Random commitments of which every output is spent, on each engine. */
export const SPEND_RUNS = LONG ? { v8: 300, wasm3: 300, qemu: 20 } : { v8: 10, wasm3: 10, qemu: 4 };
/** Mutated messages, by engine. */
export const WIRE_MUTATIONS = {
  v8: LONG ? 10_000_000 : 1_000_000,
  wasm3: LONG ? 1_000_000 : 100_000,
  qemu: LONG ? 20_000 : 370,
} as const;
/** Inputs of each kind to tieline decode. */
export const DECODE_INPUTS = LONG ? 200_000 : 4000;
/** Random closings, on each engine. */
export const CLOSING_RUNS = LONG ? { v8: 5000, wasm3: 5000, qemu: 100 } : { v8: 60, wasm3: 60, qemu: 16 };
/** Random transactions that are decoded, and mutated ones of them besides, on each engine. */
export const DECODE_RUNS = LONG ? { v8: 20_000, wasm3: 20_000, qemu: 100 } : { v8: 300, wasm3: 300, qemu: 10 };
export const DECODE_MUTATIONS = LONG
  ? { v8: 1_000_000, wasm3: 300_000, qemu: 3000 }
  : { v8: 30_000, wasm3: 10_000, qemu: 150 };
/** Random calls of each crypto import, by engine: the emulated board takes some 20 ms for one on the curve. */
export const CRYPTO_CALLS = LONG ? { v8: 2000, wasm3: 2000, qemu: 300 } : { v8: 120, wasm3: 120, qemu: 15 };
/** Calls of the node module's exports with any arguments. */
export const NODE_CALLS = LONG ? 300_000 : 20_000;
/** Programs of what happens to two nodes, by engine. */
export const NODE_PROGRAMS = LONG ? { v8: 50_000, wasm3: 2000 } : { v8: 2000, wasm3: 100 };
/** Random stories of a channel, with damaged messages and without. */
export const CHANNEL_STORIES = LONG ? 10_000 : 120;
/** Lives of two ends of a peer link, on each kind of line. */
export const PEER_SEEDS = LONG ? 60 : 2;
/** Calls of modules that boards repeat of what a test did on V8, and instances of modules that they are of, by engine. */
export const TAPE_CALLS = LONG ? { posix: 20_000, qemu: 2000 } : { posix: 300, qemu: 40 };
export const TAPES = LONG ? { posix: 200, qemu: 20 } : { posix: 3, qemu: 1 };
/** Calls of imports with wild pointers, by board, in each place of a module. */
export const WILD_CALLS = LONG
  ? { posix: 1_000_000, "posix, sanitized": 1_000_000, qemu: 50_000 }
  : { posix: 100_000, "posix, sanitized": 100_000, qemu: 1500 };
/** How often a board with QEMU is killed in the middle of its work. */
export const KILLS = LONG ? 200 : 50;
/** Calls of each recorded node that are done again, by board. */
export const NODE_TAPE_CALLS = LONG ? { posix: Infinity, qemu: Infinity } : { posix: 1000, qemu: 60 };
/** Virtual time of a street with boards, minutes. */
export const HIL_MINUTES = LONG ? { qemu: 1440, posix: 1440 } : { qemu: 60, posix: 60 };
