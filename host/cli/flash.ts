import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Command, InvalidArgumentError } from "commander";
import { flashBoard } from "../flash/flash_board.js";
import { checkImage } from "../flash/image.js";
import { ESP32C6_FOLDER, IMAGE_NAME } from "../flash/paths.js";
import { withTransferBar } from "./transfer_bar.js";

interface FlashOptions {
  readonly port: string;
  readonly board: string;
  readonly image?: string;
  readonly baud: number;
}

/** `tieline flash`: puts the firmware on a board. */
export function flashCommand(): Command {
  return new Command("flash")
    .description("write the firmware to a board over its serial port; records and keys on it stay")
    .requiredOption("--port <device>", "its serial port: /dev/ttyUSB0, COM3")
    .requiredOption("--board <name>", "esp32c6")
    .option("--image <file>", `the image; else what npm run setup:boards has built`)
    .option("--baud <number>", "speed of the transfer", parseBaud, 460800)
    .action(flash);
}

function parseBaud(text: string): number {
  const baud = Number(text);
  if (!/^[0-9]+$/.test(text) || baud < 9600 || baud > 2000000) {
    throw new InvalidArgumentError("a number from 9600 to 2000000");
  }
  return baud;
}

async function flash({ port, board, image: file, baud }: FlashOptions): Promise<void> {
  if (board !== "esp32c6") throw new Error(`--board ${board}: only esp32c6 is flashed`);
  const image = readImageFile(file);
  const { md5 } = await withTransferBar(image.length, (onProgress) => flashBoard({ port, image, baud, onProgress }));
  console.log(`${port}: ${image.length} bytes written and verified (MD5 ${md5}); the board restarts`);
}

function readImageFile(file: string | undefined): Uint8Array {
  const path = file ?? join(ESP32C6_FOLDER, IMAGE_NAME);
  try {
    const image = Uint8Array.from(readFileSync(path));
    checkImage(image);
    return image;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT" && file === undefined) {
      throw new Error("there is no image: run npm run setup:boards", { cause: error });
    }
    throw new Error(`${path}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}
