import { readFileSync } from "node:fs";
import { SingleBar } from "cli-progress";
import { Command } from "commander";
import type { BoardAddress } from "../installer/connect.js";
import { withBoard, withBoardAddress } from "./board_address.js";

interface Options extends BoardAddress {
  readonly restart?: boolean;
}

/** `tieline update`: brings a board another module. */
export function updateCommand(): Command {
  return withBoardAddress(
    new Command("update").description("bring a board a signed image, which it tries from its next start on"),
  )
    .argument("<image>", "as tieline image sign writes it")
    .option("--restart", "start the board anew with it at once")
    .addHelpText("after", EXIT_CODES)
    .action(run);
}

const EXIT_CODES = `
Exit codes: 0 the board has taken it; 1 it has not, and runs what it ran before.`;

async function run(file: string, options: Options): Promise<void> {
  const image = Uint8Array.from(readFileSync(file));
  await withBoard(options, async ({ client }) => {
    const bar = new SingleBar({
      format: "{bar} {value} of {total} bytes",
      stream: process.stderr,
      noTTYOutput: false,
      clearOnComplete: true,
    });
    bar.start(image.length, 0);
    try {
      await client.update(image, (bytes) => {
        bar.update(bytes);
      });
    } finally {
      bar.stop();
    }
    if (options.restart !== true) {
      console.log(`${file}: ${image.length} bytes taken; the board tries it from its next start on`);
      return;
    }
    const refusal = await client.restartAndWait();
    const { runningVersion, running, trial } = await client.images();
    console.log(`${file}: ${image.length} bytes taken; the board has started`);
    console.log(`the node: version ${runningVersion} (${running}${trial === running ? ", on trial" : ""})`);
    if (refusal !== "") throw new Error(`the board does not run: ${refusal}`);
  });
}
