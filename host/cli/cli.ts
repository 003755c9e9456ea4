import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { Command } from "commander";
import { parametersOf } from "../daemon/command_line.js";
import { ControlClient } from "../daemon/control_client.js";
import { helpOf } from "../daemon/dispatch.js";
import { defaultFolder, inFolder } from "../daemon/folder.js";
import { type Json, RPC_CODES, RpcError, isObject } from "../daemon/rpc.js";
import { NODE_VERBS, type Verb, type Verbs } from "../daemon/verbs.js";
import { type Document, jsonText, textLines } from "../decode/document.js";
import { printable } from "../ocmf/errors.js";
import { type CommandIo, PROCESS_IO } from "./verify.js";

interface Options {
  readonly dir: string;
  readonly json?: boolean;
}

/** `tieline cli`: asks a running node. */
export function cliCommand(io: CommandIo = PROCESS_IO): Command {
  return new Command("cli")
    .description("tell a running node what to do: getinfo, connect, fundchannel, invoice, pay, ...; help lists them")
    .argument("<verb>", "what to do")
    .argument("[parameters...]", "its parameters: by position, NAME=VALUE or --name VALUE")
    .option("--dir <folder>", "the node's folder", defaultFolder())
    .option("--json", "print one JSON document")
    .allowUnknownOption()
    .addHelpText("after", EXIT_CODES)
    .action(async (verb: string, words: string[], { dir, json = false }: Options) => {
      await ask(io, "cli", NODE_VERBS, inFolder(dir).control, { verb, words, json });
    });
}

const EXIT_CODES = `
Exit codes: 0 done; 1 the node refused, or it failed; 2 wrong parameters, or no node runs there.`;

const REFUSED = 1;
const UNUSABLE = 2;

/** One request of a command line. */
export interface Asked {
  readonly verb: string;
  readonly words: readonly string[];
  readonly json: boolean;
}

/** Asks whoever listens at a control socket and shows the reply. Help needs nobody. */
export async function ask(
  io: CommandIo,
  command: string,
  verbs: Verbs,
  socket: string,
  { verb, words, json }: Asked,
): Promise<void> {
  const fail = (code: number, error: Error): void => {
    if (json) {
      const { code: number, data = null } = error instanceof RpcError ? error : { code: null };
      io.write(jsonText({ error: { code: number, message: error.message, data } } as Document));
    } else {
      io.writeError(`tieline ${command} ${printable(verb)}: ${printable(error.message)}\n`);
    }
    io.setExitCode(code);
  };
  let params: Record<string, string | boolean>;
  try {
    const known = Object.hasOwn(verbs, verb) ? verbs[verb] : undefined;
    if (known === undefined) {
      helpOf(verbs, verb);
      return;
    }
    params = parametersOf(known, words);
    if (verb !== "help") files(known, params);
    if (verb === "help") {
      show(io, helpOf(verbs, params["command"] as string | undefined), json);
      return;
    }
  } catch (error) {
    if (!(error instanceof RpcError)) throw error;
    fail(UNUSABLE, error);
    return;
  }
  let client: ControlClient;
  try {
    client = await ControlClient.connect(socket);
  } catch (error) {
    fail(UNUSABLE, new Error(`nobody listens at ${socket} (${(error as NodeJS.ErrnoException).code ?? "error"})`));
    return;
  }
  try {
    show(io, (await client.call(verb, params)) as Json, json);
  } catch (error) {
    fail(REFUSED, error as Error);
  } finally {
    client.close();
  }
}

/** Files that are named here are read here, and paths are from here. Throws RpcError PARAMETERS. */
function files({ parameters }: Verb, params: Record<string, string | boolean>): void {
  for (const { name, type } of parameters) {
    const value = params[name];
    if (type.word === undefined || typeof value !== "string") continue;
    if (type.word === "path") {
      params[name] = resolve(value);
      continue;
    }
    try {
      params[name] = readFileSync(value, "utf8");
    } catch (error) {
      const reason = `${value} cannot be read (${(error as NodeJS.ErrnoException).code ?? "error"})`;
      throw new RpcError(RPC_CODES.PARAMETERS, `${name}: ${reason}`, { field: name, place: null, reason });
    }
  }
}

function show(io: CommandIo, result: Json, json: boolean): void {
  io.write(json ? jsonText(result as Document) : textOf(result));
  io.setExitCode(0);
}

function textOf(result: Json): string {
  if (!isObject(result)) return `${printable(String(result))}\n`;
  const { help } = result;
  const lines = Array.isArray(help) ? helpLines(help as readonly Json[]) : textLines(result as Document);
  return lines.map((line) => `${printable(line)}\n`).join("");
}

/** Verbs and what they are about in two columns; the lines of one verb's help stand as they are. */
function helpLines(help: readonly Json[]): string[] {
  return help.flatMap((line) =>
    isObject(line) ? [String(line["command"]), `    ${String(line["about"])}`] : [String(line)],
  );
}
