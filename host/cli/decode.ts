import { Command, InvalidArgumentError, Option } from "commander";
import secp256k1 from "secp256k1";
import { type DecodeOptions, KINDS, type Kind, bytesOf, decode } from "../decode/decode.js";
import { type Document, jsonText, textLines } from "../decode/document.js";
import { DecodeError } from "../decode/errors.js";
import { printable } from "../ocmf/errors.js";
import { PROCESS_IO, readInput } from "./verify.js";
import type { CommandIo } from "./verify.js";

interface Options {
  readonly file?: string;
  readonly type?: Kind;
  readonly key?: Uint8Array;
  readonly assocdata?: Uint8Array;
  readonly basepoints?: [Uint8Array, Uint8Array];
  readonly script?: Uint8Array[];
  readonly json?: boolean;
}

/** Longer inputs than any of these kinds can have. A transaction is at most as long as a block. */
const MAX_INPUT_BYTES = 8 * 1024 * 1024;
const STDIN = "standard input";

/** `tieline decode`: shows what invoices, messages, transactions and onions say. */
export function decodeCommand(io: CommandIo = PROCESS_IO): Command {
  return new Command("decode")
    .description("show what is in a BOLT 11 invoice, a Lightning message, a transaction, an onion or a hop payload")
    .argument("[input]", "an invoice, or hexadecimal; - reads standard input")
    .option("--file <file>", "read a file instead: text as above, or the bytes themselves")
    .addOption(new Option("--type <kind>", "what it is, where that is not plain").choices(KINDS))
    .option("--key <hex>", "onion: private key of the hop, to peel it", privateKey)
    .option("--assocdata <hex>", "onion: what it is bound to, the payment_hash", hexadecimal)
    .option("--basepoints <hex,hex>", "commitment: payment_basepoints of opener and accepter", basepoints)
    .option("--script <hex...>", "transaction: witness scripts of its outputs, as far as they are known", scripts)
    .option("--json", "print one JSON document")
    .addHelpText("after", EXIT_CODES)
    .action(async (input: string | undefined, options: Options, command: Command) => {
      if ((input === undefined) === (options.file === undefined)) {
        command.error("error: give an input or --file, and not both");
      }
      show(io, options, await run(input, options));
    });
}

const EXIT_CODES = `
Exit codes: 0 it could be decoded as a whole; 1 it could not, and the error names the field and the place.`;

type Result = { readonly document: Document } | { readonly error: DecodeError };

async function run(input: string | undefined, options: Options): Promise<Result> {
  const { type, key, assocdata, basepoints: points, script } = options;
  const decodeOptions: DecodeOptions = {
    kind: type,
    key,
    associatedData: assocdata,
    basepoints: points,
    witnessScripts: script,
  };
  try {
    const content = input === undefined || input === "-" ? await contentOf(options.file) : input;
    return { document: decode(content, decodeOptions) };
  } catch (error) {
    // Anything but this is a defect of ours, and is not blamed on the input.
    if (!(error instanceof DecodeError)) throw error;
    return { error };
  }
}

/** What a file has in it, or standard input. Text where it is text, bytes where it is not. */
async function contentOf(file: string | undefined): Promise<string | Uint8Array> {
  const bytes = file === undefined ? await standardInput() : await bytesOfFile(file);
  if (bytes.length > MAX_INPUT_BYTES) throw tooLarge(file ?? STDIN);
  const text = Buffer.from(bytes).toString("latin1");
  return /^[\t\n\r -~]*$/.test(text) ? text : bytes;
}

async function bytesOfFile(name: string): Promise<Uint8Array> {
  const file = await readInput(name);
  if ("failure" in file) throw new DecodeError(name, undefined, file.failure);
  return new Uint8Array(file.bytes);
}

async function standardInput(): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of process.stdin as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_INPUT_BYTES) throw tooLarge(STDIN);
    chunks.push(chunk);
  }
  return new Uint8Array(Buffer.concat(chunks));
}

const tooLarge = (name: string): DecodeError =>
  new DecodeError(name, undefined, `is larger than ${MAX_INPUT_BYTES / 1024 / 1024} MiB`);

function show(io: CommandIo, { json }: Options, result: Result): void {
  if ("document" in result) {
    const lines = json ? [] : textLines(result.document).map((line) => `${printable(line)}\n`);
    io.write(json ? jsonText(result.document) : lines.join(""));
    io.setExitCode(0);
    return;
  }
  const { field, place, reason, message } = result.error;
  if (json) io.write(jsonText({ error: { field, place: place ?? null, reason } }));
  else io.writeError(`tieline decode: ${printable(message)}\n`);
  io.setExitCode(1);
}

function hexadecimal(text: string): Uint8Array {
  try {
    return bytesOf(text, "option");
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    throw new InvalidArgumentError("Give hexadecimal.");
  }
}

function scripts(text: string, previous: Uint8Array[] | undefined): Uint8Array[] {
  return [...(previous ?? []), hexadecimal(text)];
}

function privateKey(text: string): Uint8Array {
  const key = hexadecimal(text);
  if (key.length !== 32 || !secp256k1.privateKeyVerify(key)) {
    throw new InvalidArgumentError("Give a private key of 32 bytes.");
  }
  return key;
}

function basepoints(text: string): [Uint8Array, Uint8Array] {
  const [opener, accepter, ...more] = text.split(",").map(hexadecimal);
  if (opener === undefined || accepter === undefined || more.length > 0) {
    throw new InvalidArgumentError("Give two points, the opener's first.");
  }
  for (const point of [opener, accepter]) {
    if (point.length !== 33 || !secp256k1.publicKeyVerify(point)) {
      throw new InvalidArgumentError("Give compressed points of 33 bytes.");
    }
  }
  return [opener, accepter];
}
