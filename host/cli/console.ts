import { writeFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { Command } from "commander";
import type { BoardAddress } from "../installer/connect.js";
import { type Files, helpLines, runVerb } from "../installer/registry.js";
import type { BoardClient } from "../link/board_client.js";
import { withBoard, withBoardAddress } from "./board_address.js";

interface Options extends BoardAddress {
  readonly follow?: boolean;
}

/** `tieline console`: asks a board, by one verb or line by line. */
export function consoleCommand(): Command {
  return withBoardAddress(
    new Command("console").description("ask a board: its log, registers, state, receipts, events, settings"),
  )
    .argument("[verb...]", "what to ask; without, lines of standard input are asked one by one")
    .option("--follow", "then print the board's log as it is written, until Ctrl-C")
    .addHelpText(
      "after",
      () =>
        `\nVerbs:\n${helpLines()
          .map((line) => `  ${line}\n`)
          .join("")}${EXIT_CODES}`,
    )
    .action(run);
}

const EXIT_CODES = `
Exit codes: 0 answered; 1 the board or a module refuses, or nothing answers. A refused line of a dialogue does not end it.`;

const FILES: Files = {
  write: (name, text) => {
    try {
      writeFileSync(name, text, { flag: "wx" });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
      throw new Error(`${name}: exists already, and nothing is overwritten`, { cause: error });
    }
  },
};

async function run(words: readonly string[], options: Options): Promise<void> {
  await withBoard(options, async ({ client }) => {
    if (options.follow === true) {
      client.link.onLog = (line) => {
        console.log(line);
      };
    }
    if (words.length > 0) await answer(client, words);
    else if (options.follow !== true) await dialogue(client);
    if (options.follow === true) await interrupted(client);
  });
}

async function answer(client: BoardClient, words: readonly string[]): Promise<void> {
  for (const line of await runVerb(client, words, FILES)) console.log(line);
}

async function dialogue(client: BoardClient): Promise<void> {
  const lines = createInterface({ input: process.stdin, output: process.stdin.isTTY ? process.stdout : undefined });
  lines.setPrompt("> ");
  const prompt = (): void => {
    if (process.stdin.isTTY) lines.prompt();
  };
  prompt();
  for await (const line of lines) {
    const words = line.trim().split(/\s+/).filter(Boolean);
    if (words[0] === "exit" || words[0] === "quit") break;
    try {
      if (words.length > 0) await answer(client, words);
    } catch (error) {
      console.error(error instanceof Error ? error.message : String(error));
    }
    prompt();
  }
  lines.close();
}

/** Until Ctrl-C, or until the link is gone. */
async function interrupted(client: BoardClient): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    process.once("SIGINT", () => {
      resolve();
    });
    process.once("SIGTERM", () => {
      resolve();
    });
    const wait = (): void => {
      client.link.ready().then((text) => {
        console.log(text === "" ? "the board has started" : `the board has started: ${text}`);
        wait();
      }, reject);
    };
    wait();
  });
}
