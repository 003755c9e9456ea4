import { i32, type FunctionSignature } from "../engine/abi.js";

/** Name of the wasm import module of cryptography: assembly/crypto/crypto.ts. */
export const CRYPTO_MODULE = "crypto";

/** Imports of node.wasm, in the order of assembly/crypto/crypto.ts. */
export const CRYPTO_IMPORTS = {
  sha256: i32("i32", "i32", "i32"),
  sha256d: i32("i32", "i32", "i32"),
  sha256_update: i32("i32", "i32"),
  sha256_final: i32("i32"),
  ripemd160: i32("i32", "i32", "i32"),
  hmac_sha256: i32("i32", "i32", "i32", "i32", "i32"),
  hkdf_sha256: i32("i32", "i32", "i32", "i32"),
  chacha20: i32("i32", "i32", "i32", "i32"),
  aead_seal: i32("i32", "i32", "i32", "i32", "i32", "i32"),
  aead_open: i32("i32", "i32", "i32", "i32", "i32", "i32"),
  key_public: i32("i32", "i32"),
  key_ecdh: i32("i32", "i32", "i32"),
  key_sign: i32("i32", "i32", "i32", "i32", "i32"),
  key_sign_recoverable: i32("i32", "i32", "i32"),
  key_seed: i32("i32", "i32"),
  scalar_public: i32("i32", "i32"),
  scalar_ecdh: i32("i32", "i32", "i32"),
  scalar_add: i32("i32", "i32", "i32"),
  scalar_mul: i32("i32", "i32", "i32"),
  point_mul: i32("i32", "i32", "i32"),
  point_add: i32("i32", "i32", "i32"),
  point_add_scalar: i32("i32", "i32", "i32"),
  verify: i32("i32", "i32", "i32"),
  recover: i32("i32", "i32", "i32", "i32"),
} as const satisfies Record<string, FunctionSignature>;

/** Name of the wasm import module of line meters: assembly/meter/meter.ts. */
export const METER_MODULE = "meter";

/** Imports of node.wasm, in the order of assembly/meter/meter.ts. */
export const METER_IMPORTS = {
  point: i32("i32", "i32"),
  receipt: i32("i32", "i32", "i32", "i32"),
  note: i32("i32", "i32", "i32", "i64", "i32", "i32"),
} as const satisfies Record<string, FunctionSignature>;

/** Name of the wasm import module of everything else: assembly/node/board.ts. */
export const BOARD_MODULE = "board";

/** Imports of node.wasm, in the order of assembly/node/board.ts. */
export const BOARD_IMPORTS = {
  flash_sector_bytes: i32(),
  flash_sectors: i32(),
  flash_read: i32("i32", "i32", "i32"),
  flash_program: i32("i32", "i32", "i32"),
  flash_erase: i32("i32"),
  random: i32("i32", "i32"),
  send: i32("i32", "i32", "i32"),
  hang_up: i32("i32"),
  tell: i32("i32", "i32", "i32"),
  broadcast: i32("i32", "i32", "i32"),
  watch: i32("i32", "i32", "i32", "i32", "i32"),
} as const satisfies Record<string, FunctionSignature>;

/** Exports of node.wasm, in the order of assembly/node/index.ts. */
export const NODE_EXPORTS = {
  abi: i32(),
  in_buffer: i32(),
  out_buffer: i32(),
  memory_bytes: i32(),
  transport_open: i32("i32", "i32"),
  transport_receive: i32("i32", "i32", "i32"),
  transport_send: i32("i32", "i32"),
  transport_remote: i32("i32"),
  transport_close: i32("i32"),
  gossip_verify: i32("i32", "i32", "i32", "i64"),
  gossip_sign: i32("i32", "i32", "i32"),
  invoice_decode: i32("i32"),
  invoice_encode: i32("i32"),
  onion_build: i32("i32", "i32"),
  onion_peel: i32("i32"),
  onion_failure: i32(),
  onion_admit: i32("i32", "i32"),
  onion_unblind: i32("i32", "i32"),
  onion_error_create: i32("i32", "i32"),
  onion_error_wrap: i32("i32", "i32"),
  onion_error_unwrap: i32("i32", "i32", "i32"),
  message_decode: i32("i32"),
  message_reencode: i32("i32"),
  chain_commitment_sign: i32("i32"),
  boot: i32("i32"),
  connect: i32("i32", "i32"),
  receive: i32("i32", "i32"),
  disconnect: i32("i32"),
  resume: i32("i32"),
  tick: i32("i64", "i64"),
  block: i32("i32", "i32"),
  funding_depth: i32("i32", "i32", "i32", "i32"),
  funding_spent: i32("i32", "i32"),
  command: i32("i32", "i32"),
} as const satisfies Record<string, FunctionSignature>;

export type CryptoImportName = keyof typeof CRYPTO_IMPORTS;
export type MeterImportName = keyof typeof METER_IMPORTS;
export type BoardImportName = keyof typeof BOARD_IMPORTS;
export type NodeExportName = keyof typeof NODE_EXPORTS;

/** The value that `abi()` returns for this interface. */
export const NODE_ABI_VERSION = 5;
/** Capacities of the input and output buffers, bytes. */
export const NODE_INPUT_BYTES = 3584;
export const NODE_OUTPUT_BYTES = 5120;
/** Peers that are connected at a time, and channels. */
export const MAX_CONNECTIONS = 4;
export const MAX_CHANNELS = 4;
/** Chains that a node may be on. */
export const MAX_CHAINS = 2;
export const MAX_INVOICES = 16;
/** Offers of energy that are posted at a time. */
export const MAX_ENERGY_OFFERS = 8;

/** First argument of `command`. Its input and output are described in assembly/node/commands.ts. */
export const COMMANDS = {
  OPEN: 1,
  FUND: 2,
  INVOICE: 3,
  PAY: 4,
  CLOSE: 5,
  INFO: 6,
  CHANNEL: 7,
  POLICY: 8,
  FEERATE: 9,
  PAYMENT: 10,
  INVOICE_STATE: 11,
  FORCE_CLOSE: 12,
  ENERGY: 13,
  LINE_POLICY: 14,
  OFFER: 15,
  PURSE: 16,
  EVIDENCE: 17,
  SETTLE: 18,
  RATE: 19,
} as const;
export type CommandName = keyof typeof COMMANDS;

/** First argument of the board's `tell`. */
export const TELLS = {
  PEER: 1,
  CHANNEL: 2,
  FUNDING_NEEDED: 3,
  FUNDING_SIGNED: 4,
  SENT: 5,
  FAILED: 6,
  RECEIVED: 7,
  FORWARDED: 8,
  PROBLEM: 9,
  INTERVAL_CLOSED: 10,
  DISPUTE: 11,
  DISCONNECT_WANTED: 12,
  LAPSED: 13,
  LINE_RECEIPT: 14,
} as const;
