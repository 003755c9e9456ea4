import { createRequire } from "node:module";

// Execution of scripts by bitcore-lib's interpreter. It is CommonJS without types: what is used of it is declared here.

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
interface BitcoreTransaction {
  inputs: { script: unknown; getWitnesses(): Buffer[] }[];
}
interface Bitcore {
  Script: {
    new (script?: Buffer): unknown;
    Interpreter: { new (): BitcoreInterpreter } & Record<string, number>;
  };
  Transaction: new (bytes: Buffer) => BitcoreTransaction;
}

const bitcore = createRequire(import.meta.url)("bitcore-lib") as Bitcore;
const { Interpreter } = bitcore.Script;

/** The rules that nodes relay by; all but clean stacks, which the interpreter cannot check where there is a witness. */
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

/** A transaction whose inputs are to be executed. */
export class Execution {
  private readonly transaction: BitcoreTransaction;

  /** @param tx bytes of a transaction that decodes */
  constructor(tx: Uint8Array) {
    this.transaction = new bitcore.Transaction(Buffer.from(tx));
  }

  /**
   * What the interpreter says of one input: "" if it is valid.
   * @param script of the output that the input spends, and `sat`, that output's amount
   */
  run(input: number, script: Uint8Array, sat: bigint): string {
    const spending = this.transaction.inputs[input];
    if (spending === undefined) throw new RangeError(`no input ${input}`);
    const interpreter = new Interpreter();
    let valid: boolean;
    try {
      valid = interpreter.verify(
        spending.script,
        new bitcore.Script(Buffer.from(script)),
        this.transaction,
        input,
        FLAGS,
        spending.getWitnesses(),
        Number(sat),
      );
    } catch (error) {
      // Some witnesses that are not even scripts make the library throw.
      return error instanceof Error ? error.message : String(error);
    }
    return valid ? "" : interpreter.errstr || "invalid";
  }
}
