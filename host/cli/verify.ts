import { createReadStream } from "node:fs";
import { Command } from "commander";
import { checkNoteFile, isNoteFile, type NoteReport } from "../metrology/note_file.js";
import { OcmfError, findingOf, printable } from "../ocmf/errors.js";
import { curveOf, parsePublicKey, pointOf } from "../ocmf/key.js";
import { verifyFiles } from "../ocmf/report.js";
import type { InputFile, RecordReport, ReportOptions, VerifyReport } from "../ocmf/report.js";

/** What a command touches of the world; tests bring their own. */
export interface CommandIo {
  write(text: string): void;
  writeError(text: string): void;
  setExitCode(code: number): void;
}

export const PROCESS_IO: CommandIo = {
  write: (text) => process.stdout.write(text),
  writeError: (text) => process.stderr.write(text),
  setExitCode: (code) => {
    process.exitCode = code;
  },
};

/** Years of receipts at 15 minutes; a bound so that a wrong file is refused and not loaded. */
const MAX_FILE_BYTES = 64 * 1024 * 1024;

interface Options extends ReportOptions {
  readonly json?: boolean;
}

/** `tieline verify`: checks receipts without any of the parts that made them. */
export function verifyCommand(io: CommandIo = PROCESS_IO): Command {
  return new Command("verify")
    .description("check OCMF receipts: signatures, page numbers, hash chain, registers; and notes of swaps")
    .argument("<file...>", "files of records, one a line; S.A.F.E. XML containers; notes in JSON")
    .option("--key <hex>", "public key of the meter: SPKI (DER) or secp256k1 point")
    .option("--self-signed", "accept the keys that the files bring along")
    .option("--json", "print one JSON document")
    .addHelpText("after", EXIT_CODES)
    .action(async (names: string[], options: Options) => {
      const files: InputFile[] = [];
      for (const name of names) files.push(await readInput(name));
      const isNote = (file: InputFile): boolean => "bytes" in file && isNoteFile(file.bytes);
      const notes = files.filter(isNote).map((file) => verifyNoteFile(file, options));
      const others = files.filter((file) => !isNote(file));
      const report = others.length === 0 ? undefined : verifyFiles(others, options);
      if (options.json) {
        const checked = notes.length === 0 ? report : { ...report, meterNotes: notes };
        io.write(`${JSON.stringify(checked, null, 2)}\n`);
      } else {
        io.write(notes.map((note) => `${printable(formatNote(note))}\n`).join(""));
        if (report !== undefined) io.write(formatReport(report));
      }
      const codes = [...notes.map(({ exitCode }) => exitCode), report?.exitCode ?? 0];
      io.setExitCode(codes.includes(1) ? 1 : Math.max(...codes));
    });
}

/** What was found out about one note file, as `--json` prints it. */
interface CheckedNote {
  readonly file: string;
  /** "integrity only": it holds under the key that it brings along. */
  readonly verdict: "ok" | "integrity only" | "invalid";
  readonly exitCode: 0 | 1 | 2;
  readonly error: string | null;
  readonly interval_start: number | null;
  readonly energy_mwh: string | null;
  readonly issued_mwh: string | null;
  readonly meter_key: string | null;
}

function verifyNoteFile(file: InputFile, { key, selfSigned }: ReportOptions): CheckedNote {
  const { note, error } = checkWithKey("bytes" in file ? file.bytes : new Uint8Array(), key);
  const verdict = error !== undefined ? "invalid" : key === undefined ? "integrity only" : "ok";
  return {
    file: file.name,
    verdict,
    exitCode: verdict === "invalid" ? 1 : verdict === "ok" || selfSigned === true ? 0 : 2,
    error: error ?? null,
    interval_start: note?.note.intervalStart ?? null,
    energy_mwh: note === undefined ? null : `${note.note.energyMwh}`,
    issued_mwh: note === undefined ? null : `${note.note.issuedMwh}`,
    meter_key: note === undefined ? null : Buffer.from(note.meterKey).toString("hex"),
  };
}

function checkWithKey(bytes: Uint8Array, key: string | undefined): NoteReport {
  if (key === undefined) return checkNoteFile(bytes);
  try {
    const trusted = parsePublicKey(key);
    if (curveOf(trusted) !== "secp256k1") throw new OcmfError("publicKey", "is not on secp256k1, as meters' keys are");
    return checkNoteFile(bytes, pointOf(trusted, "compressed"));
  } catch (error) {
    const { field, message } = findingOf(error);
    return { note: undefined, error: `${field}: ${message}` };
  }
}

function formatNote({ file, verdict, exitCode, error, ...note }: CheckedNote): string {
  if (error !== null) return `${file}: note: ${error}`;
  const start = new Date((note.interval_start ?? 0) * 1000).toISOString();
  const conclusion =
    verdict === "ok"
      ? "OK"
      : `integrity only, key untrusted: ${note.meter_key}${exitCode === 0 ? " (accepted by --self-signed)" : ""}`;
  return `${file}: note: interval ${start}, ${note.energy_mwh} mWh of ${note.issued_mwh} issued: ${conclusion}`;
}

const EXIT_CODES = `
Exit codes: 0 all holds; 1 something is wrong; 2 nothing is wrong, but no trusted key vouches for it.`;

/** As a stream, because the size that a file system tells of a pipe or a device says nothing. */
export async function readInput(name: string): Promise<InputFile> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of createReadStream(name) as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > MAX_FILE_BYTES) return { name, failure: `is larger than ${MAX_FILE_BYTES / 1024 / 1024} MiB` };
      chunks.push(chunk);
    }
  } catch (error) {
    return { name, failure: `cannot be read: ${reasonOf(error)}` };
  }
  return { name, bytes: Buffer.concat(chunks) };
}

const REASONS: ReadonlyMap<string, string> = new Map([
  ["ENOENT", "no such file"],
  ["EACCES", "permission denied"],
  ["EISDIR", "is a directory"],
]);

function reasonOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  return REASONS.get(code ?? "") ?? message;
}

function formatReport(report: VerifyReport): string {
  const lines = [
    ...report.errors.map(formatFinding),
    ...report.records.map(formatRecord),
    ...report.chain.map(formatFinding),
    ...report.notes.map((note) => `${formatFinding(note)} (no fault)`),
    formatSummary(report),
  ];
  return lines.map((line) => `${printable(line)}\n`).join("");
}

function formatFinding({ file, line, field, message }: VerifyReport["errors"][number]): string {
  return `${file}${line === null ? "" : `:${line}`}: ${field}: ${message}`;
}

function formatRecord({ file, line, page, serial, time, registers, state, errors }: RecordReport): string {
  const values = registers.map(({ register, direction, value, unit }) => `${direction ?? register} ${value} ${unit}`);
  const what = page === null ? "" : [page, serial, time, ...values].join(" ");
  if (state === "invalid") {
    const faults = errors.map(({ field, message }) => `${field}: ${message}`).join("; ");
    return `${file}:${line}: ${faults}${what && ` [${what}]`}`;
  }
  return `${file}:${line}: ${what} ${state === "ok" ? "OK" : "NOT VERIFIED"}`;
}

function formatSummary({ verdict, exitCode, errors, records, chain, keys }: VerifyReport): string {
  const count = (state: RecordReport["state"]) => records.filter((record) => record.state === state).length;
  const counts = [
    `records: ${records.length}`,
    `${count("ok")} ok`,
    `${count("invalid")} invalid`,
    `${count("unverified")} not verified`,
    `chain problems: ${chain.length}`,
    `other errors: ${errors.length}`,
  ];
  const named = keys.length === 1 ? ` ${keys.join("")}` : "";
  const conclusion = {
    ok: "OK",
    "integrity only": `integrity only, key untrusted:${named || " several"}${exitCode === 0 ? " (accepted by --self-signed)" : ""}`,
    unverified: "signatures not verified: no public key; give one with --key",
    invalid: "INVALID",
  }[verdict];
  return `${counts.join(", ")}: ${conclusion}`;
}
