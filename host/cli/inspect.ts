import { Command, InvalidArgumentError } from "commander";
import { findingLine, imageLines, receiptLines } from "../inspect/format.js";
import { MIN_SECTOR_BYTES, isImage, isSectorSize } from "../inspect/geometry.js";
import { inspectImage } from "../inspect/image.js";
import { inspectReceipts } from "../inspect/receipts.js";
import { printable } from "../ocmf/errors.js";
import { PROCESS_IO, readInput } from "./verify.js";
import type { CommandIo } from "./verify.js";

interface Options {
  readonly sectorBytes: number;
  readonly records?: boolean;
  readonly json?: boolean;
}

/** `tieline inspect`: what is in a receipt file or in a meter's flash, without judging keys. */
export function inspectCommand(io: CommandIo = PROCESS_IO): Command {
  return new Command("inspect")
    .description("show what is in a receipt file, or in an image of a meter's metrology flash")
    .argument("<file>", "records, one a line; a S.A.F.E. XML container; or a flash image")
    .option("--sector-bytes <n>", "sector size of a flash image", sectorBytes, 4096)
    .option("--records", "print the receipts of a flash image only, one a line, as tieline verify reads them")
    .option("--json", "print one JSON document")
    .addHelpText("after", EXIT_CODES)
    .action(async (name: string, options: Options) => {
      const file = await readInput(name);
      const { output, errors, sound } =
        "bytes" in file && isImage(file.bytes)
          ? showImage(inspectImage(file.bytes, options.sectorBytes), options)
          : showReceipts(inspectReceipts(file), options);
      io.write(output);
      if (errors !== "") io.writeError(errors);
      io.setExitCode(sound ? 0 : 1);
    });
}

const EXIT_CODES = `
Exit codes: 0 everything could be read and agrees; 1 something is damaged or contradicts itself.`;

function sectorBytes(text: string): number {
  const bytes = /^\d{1,7}$/.test(text) ? Number(text) : 0;
  if (!isSectorSize(bytes)) {
    throw new InvalidArgumentError(`Give a multiple of 4 from ${MIN_SECTOR_BYTES}.`);
  }
  return bytes;
}

interface Shown {
  readonly output: string;
  readonly errors: string;
  readonly sound: boolean;
}

function showImage(report: ReturnType<typeof inspectImage>, options: Options): Shown {
  const sound = report.findings.every(({ severity }) => severity !== "fault");
  if (options.json) return { output: jsonText(report), errors: "", sound };
  if (!options.records) return { output: lines(imageLines(report)), errors: "", sound };
  return {
    output: lines(report.records.map(({ text }) => text)),
    // The output is a receipt file; what is wrong must not get lost over it.
    errors: lines(report.findings.map(findingLine)),
    sound,
  };
}

function showReceipts(report: ReturnType<typeof inspectReceipts>, options: Options): Shown {
  const sound = report.errors.length === 0 && report.receipts.every(({ errors }) => errors.length === 0);
  const output = options.json ? jsonText(report) : lines(receiptLines(report));
  return { output, errors: "", sound };
}

function lines(texts: readonly string[]): string {
  return texts.map((text) => `${printable(text)}\n`).join("");
}

/** Whole numbers beyond JSON's are strings. */
function jsonText(report: unknown): string {
  const plain = (_key: string, value: unknown) => (typeof value === "bigint" ? value.toString() : value);
  return `${JSON.stringify(report, plain, 2)}\n`;
}
