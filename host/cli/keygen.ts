import { createECDH } from "node:crypto";
import { writeFileSync } from "node:fs";
import { Command } from "commander";
import { Entropy } from "../board/entropy.js";
import { KeyStore, generateKey } from "../board/key_store.js";
import { spkiFromPoint } from "../ocmf/key.js";

interface Options {
  readonly seed?: string;
  readonly out?: string;
  readonly json?: boolean;
}

/** Only its owner may read a private key. */
const KEY_MODE = 0o600;

/** `tieline keygen`: a key pair for one meter's metrology module. */
export function keygenCommand(): Command {
  return new Command("keygen")
    .description("make a metrology key pair (secp256k1)")
    .option("--seed <text>", "the key follows from this text: for tests only")
    .option("--out <file>", "write the private key to a new file, mode 0600, instead of printing it")
    .option("--json", "print one JSON document")
    .action(keygen);
}

function keygen(options: Options): void {
  if (options.seed !== undefined) {
    console.error("tieline: whoever knows the seed knows this key; it is for tests only.");
  }
  const key = options.seed === undefined ? randomKey() : generateKey(new Entropy(options.seed).stream("keygen"));
  const point = new KeyStore(key).publicKey();
  const privateKey = hex(key);
  if (options.out !== undefined) writeKey(options.out, privateKey);
  const pair = {
    ...(options.out === undefined ? { private_key: privateKey } : { private_key_file: options.out }),
    public_key_spki: hex(spkiFromPoint(point)).toUpperCase(),
    public_key_point: hex(point),
  };
  console.log(options.json ? JSON.stringify(pair, null, 2) : textOf(pair));
}

function textOf(pair: object): string {
  return Object.entries(pair)
    .map(([name, value]) => `${`${name.replaceAll("_", " ")}:`.padEnd(18)} ${value}`)
    .join("\n");
}

/** 32 bytes of the operating system's randomness, by way of OpenSSL. */
function randomKey(): Uint8Array {
  const ecdh = createECDH("secp256k1");
  ecdh.generateKeys();
  const key = ecdh.getPrivateKey();
  // OpenSSL leaves leading zeros away.
  return new Uint8Array(Buffer.concat([Buffer.alloc(32 - key.length), key]));
}

function writeKey(file: string, text: string): void {
  try {
    writeFileSync(file, `${text}\n`, { mode: KEY_MODE, flag: "wx" });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    throw new Error(`--out ${file}: exists already, and nothing is overwritten`, { cause: error });
  }
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}
