import { readFileSync } from "node:fs";
import { Command } from "commander";
import { imageKind } from "../image/image.js";
import type { BoardAddress } from "../installer/connect.js";
import { withBoard, withBoardAddress } from "./board_address.js";
import { withTransferBar } from "./transfer_bar.js";

interface Options extends BoardAddress {
  readonly restart?: boolean;
}

/** `tieline update`: brings a board another module. */
export function updateCommand(): Command {
  return withBoardAddress(
    new Command("update").description(
      "bring a board a signed image of a module, which it tries from its next start on; metrology with the cover open only",
    ),
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
  const kind = imageKind(image);
  if (kind === undefined) throw new Error(`${file}: is no image of a module (tieline image sign)`);
  await withBoard(options, async ({ client }) => {
    await withTransferBar(image.length, (progress) =>
      kind === "metrology" ? client.replaceMetrology(image, progress) : client.update(image, progress),
    );
    if (options.restart !== true) {
      console.log(`${file}: ${image.length} bytes taken; the board tries it from its next start on`);
      return;
    }
    const refusal = await client.restartAndWait();
    console.log(`${file}: ${image.length} bytes taken; the board has started`);
    if (kind === "metrology") {
      console.log(`the meter: version ${(await client.state()).get("metrology_version")}`);
    } else {
      const { runningVersion, running, trial } = await client.images();
      console.log(`the node: version ${runningVersion} (${running}${trial === running ? ", on trial" : ""})`);
    }
    if (refusal !== "") throw new Error(`the board does not run: ${refusal}`);
  });
}
