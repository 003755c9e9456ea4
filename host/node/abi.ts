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
} as const satisfies Record<string, FunctionSignature>;

export type CryptoImportName = keyof typeof CRYPTO_IMPORTS;
export type NodeExportName = keyof typeof NODE_EXPORTS;

/** The value that `abi()` returns for this interface. */
export const NODE_ABI_VERSION = 1;
/** Capacities of the input and output buffers, bytes. */
export const NODE_INPUT_BYTES = 5120;
export const NODE_OUTPUT_BYTES = 5120;
