import { createRequire } from "node:module";

// Execution by bitcore-lib's script interpreter, with the rules that nodes relay by.

interface BitcoreInterpreter {
  verify(
    scriptSig: unknown,
    scriptPubkey: unknown,
    tx: unknown,
    input: number,
    flags: number,
    witness: Buffer[],
    satoshis: number,
  ): boolean;
  errstr: string;
}
interface Bitcore {
  Script: {
    new (script?: Buffer): unknown;
    Interpreter: { new (): BitcoreInterpreter } & Record<string, number>;
  };
  Transaction: new (bytes: Buffer) => { inputs: { getWitnesses(): Buffer[] }[] };
}

const bitcore = createRequire(import.meta.url)("bitcore-lib") as Bitcore;
const { Interpreter } = bitcore.Script;

const FLAGS = [
  "P2SH",
  "STRICTENC",
  "DERSIG",
  "LOW_S",
  "NULLDUMMY",
  "MINIMALDATA",
  "CHECKLOCKTIMEVERIFY",
  "CHECKSEQUENCEVERIFY",
  "WITNESS",
  "MINIMALIF",
  "NULLFAIL",
  "WITNESS_PUBKEYTYPE",
].reduce((flags, name) => flags | (Interpreter[`SCRIPT_VERIFY_${name}`] ?? NaN), 0);

/** What the interpreter says of a transaction's only input: "" if it is valid. */
export function execute(tx: Uint8Array, scriptPubkey: Uint8Array, sat: bigint): string {
  const transaction = new bitcore.Transaction(Buffer.from(tx));
  const witness = transaction.inputs[0]?.getWitnesses() ?? [];
  const interpreter = new Interpreter();
  const valid = interpreter.verify(
    new bitcore.Script(),
    new bitcore.Script(Buffer.from(scriptPubkey)),
    transaction,
    0,
    FLAGS,
    witness,
    Number(sat),
  );
  return valid ? "" : interpreter.errstr || "invalid";
}
