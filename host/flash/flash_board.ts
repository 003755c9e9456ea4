import { createHash } from "node:crypto";
import { setTimeout } from "node:timers/promises";
import { ESPLoader, Transport } from "esptool-js";
import { ESP32C6_FLASH_BYTES } from "./partitions.js";
import { SerialDevice } from "./serial_device.js";

export interface FlashJob {
  /** The serial device: /dev/ttyUSB0, COM3. */
  readonly port: string;
  readonly image: Uint8Array;
  /** Of the transfer; talking begins at 115,200. */
  readonly baud: number;
  /** Attempts to reset the chip and to be answered. */
  readonly attempts?: number;
  readonly onProgress?: (bytes: number) => void;
}

const CHIP = "ESP32-C6";
const ROM_BAUD = 115200;
/** Of the ROM's loader; one in RAM would take more, but what runs on a meter should be what stands in its ROM. */
const BLOCK_BYTES = 0x400;
const SPI_SET_PARAMS = 0x0b;
const SPI_ATTACH = 0x0d;
const CHANGE_BAUDRATE = 0x0f;

/** The library writes what it does to the console, which is the program's. */
class QuietTransport extends Transport {
  override trace(): void {
    // says nothing
  }
}

const quiet = { clean: (): void => undefined, writeLine: (): void => undefined, write: (): void => undefined };

function words(...values: number[]): Uint8Array {
  const bytes = new Uint8Array(4 * values.length);
  const view = new DataView(bytes.buffer);
  values.forEach((value, i) => {
    view.setUint32(4 * i, value, true);
  });
  return bytes;
}

const because = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/**
 * Writes an image to flash address 0 through the loader in the chip's ROM, has the chip compute the MD5 of what stands
 * there, and restarts it. Everything else in flash, keys and records among it, stays. Throws with what a person can do.
 */
export async function flashBoard({ port, image, baud, attempts, onProgress }: FlashJob): Promise<{ md5: string }> {
  const device = new SerialDevice(port);
  const transport = new QuietTransport(device as never);
  const loader = new ESPLoader({ transport, baudrate: ROM_BAUD, terminal: quiet });
  try {
    await connect(loader, device, attempts);
    await prepare(loader, transport, baud);
    let written = 0;
    try {
      await loader.writeFlash({
        fileArray: [{ data: image, address: 0 }],
        flashSize: "keep",
        flashMode: "keep",
        flashFreq: "keep",
        eraseAll: false,
        compress: false,
        reportProgress: (_file, bytes) => {
          written = bytes;
          onProgress?.(bytes);
        },
      });
    } catch (error) {
      throw new Error(`${port}: after ${written} of ${image.length} bytes: ${because(error)} Flash it again.`, {
        cause: error,
      });
    }
    const md5 = await verify(loader, port, image);
    await restart(device);
    return { md5 };
  } finally {
    await transport.disconnect().catch(() => undefined);
  }
}

async function connect(loader: ESPLoader, device: SerialDevice, attempts = 5): Promise<void> {
  const { path } = device;
  try {
    await loader.detectChip("default_reset", attempts);
  } catch (error) {
    if (device.readable === null) throw new Error(`${path}: cannot be opened: ${because(error)}`, { cause: error });
    if (/chip ID|chip magic/i.test(because(error))) {
      throw new Error(`${path}: no ${CHIP}: ${because(error)}`, { cause: error });
    }
    const help = "hold BOOT, press RESET, release BOOT, and try again";
    throw new Error(`${path}: no loader answers (${because(error)}): ${help}`, { cause: error });
  }
  const name = loader.chip.CHIP_NAME;
  if (name !== CHIP) throw new Error(`${path}: the chip is an ${name}, the firmware is for an ${CHIP}`);
}

/** The ROM's loader wants to be told more than the one that the library brings along. */
async function prepare(loader: ESPLoader, transport: Transport, baud: number): Promise<void> {
  if (baud !== ROM_BAUD) {
    await loader.checkCommand("change the speed", CHANGE_BAUDRATE, words(baud, 0));
    await transport.changeBaudrate(baud);
  }
  await loader.checkCommand("attach the flash", SPI_ATTACH, words(0, 0));
  await loader.checkCommand(
    "set the flash's size",
    SPI_SET_PARAMS,
    words(0, ESP32C6_FLASH_BYTES, 0x10000, 0x1000, 0x100, 0xffff),
  );
  loader.FLASH_WRITE_SIZE = BLOCK_BYTES;
}

/** The usual circuit holds the chip in reset while RTS is set, and has it boot from flash while DTR is not. */
async function restart(device: SerialDevice): Promise<void> {
  await device.setSignals({ dataTerminalReady: false, requestToSend: true });
  await setTimeout(100);
  await device.setSignals({ requestToSend: false });
}

async function verify(loader: ESPLoader, port: string, image: Uint8Array): Promise<string> {
  const expected = createHash("md5").update(image).digest("hex");
  let answer: string;
  try {
    answer = await loader.flashMd5sum(0, image.length);
  } catch (error) {
    throw new Error(`${port}: written, but not verified: ${because(error)}`, { cause: error });
  }
  // The ROM answers in hexadecimal digits, of which the library makes digits once more.
  const found = Buffer.from(answer, "hex").toString("latin1");
  if (found !== expected) {
    throw new Error(`${port}: what stands in flash is not the image (MD5 ${found}, not ${expected}). Flash it again.`);
  }
  return expected;
}
