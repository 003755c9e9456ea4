import { Command, InvalidArgumentError } from "commander";
import { type Document, jsonText } from "../decode/document.js";
import { txidBytes } from "../evidence/document.js";
import { EvidenceError, parseBundle } from "../evidence/json.js";
import { type NamedBundle, UnfitBundles, type Verdict, judge } from "../evidence/judge.js";
import { verdictLines } from "../evidence/text.js";
import { printable } from "../ocmf/errors.js";
import { type CommandIo, PROCESS_IO, readInput } from "./verify.js";

interface Options {
  readonly confirmed?: Uint8Array;
  readonly claim: readonly Uint8Array[];
  readonly json?: boolean;
}

/** `tieline evidence`: judges what the ends of a line show after a force close, with nothing but the files. */
export function evidenceCommand(io: CommandIo = PROCESS_IO): Command {
  return new Command("evidence")
    .description("judge what one end of a line, or both, show after a force close: energy, and who owes whom")
    .argument("<file>", "a bundle of evidence")
    .argument("[other]", "the other end's")
    .option("--confirmed <txid>", "the transaction that has closed the channel on the chain", txid)
    .option(
      "--claim <transaction>",
      "one that has claimed an HTLC of what has closed it; as often as needed",
      claim,
      [],
    )
    .option("--json", "print one JSON document")
    .addHelpText("after", EXIT_CODES)
    .action(async (file: string, other: string | undefined, { confirmed, claim: claims, json = false }: Options) => {
      let verdict: Verdict;
      try {
        const bundles: NamedBundle[] = [];
        for (const name of other === undefined ? [file] : [file, other]) {
          const { bundle } = await readBundle(name);
          bundles.push({
            file: name,
            bundle: {
              ...bundle,
              ...(confirmed && { confirmedTxid: confirmed }),
              ...(claims.length > 0 && { claimTransactions: [...(bundle.claimTransactions ?? []), ...claims] }),
            },
          });
        }
        verdict = judge(bundles);
      } catch (error) {
        if (!(error instanceof EvidenceError || error instanceof UnfitBundles)) throw error;
        const lines = error.message.split("\n").map(printable);
        if (json) io.write(jsonText({ errors: lines }));
        else io.writeError(lines.map((line) => `tieline evidence: ${line}\n`).join(""));
        io.setExitCode(UNUSABLE);
        return;
      }
      const document = verdict as unknown as Document;
      io.write(
        json
          ? jsonText(document)
          : verdictLines(verdict)
              .map((line) => `${printable(line)}\n`)
              .join(""),
      );
      io.setExitCode(verdict.consistent ? 0 : INCONSISTENT);
    });
}

const EXIT_CODES = `
Exit codes: 0 all is consistent; 1 a bundle is refuted or contradicts itself, or the line is in dispute; 2 no bundle to judge.`;

const INCONSISTENT = 1;
const UNUSABLE = 2;

async function readBundle(name: string): Promise<NamedBundle> {
  const file = await readInput(name);
  if (!("bytes" in file)) throw new EvidenceError(`${name}: ${file.failure}`);
  return { file: name, bundle: parseBundle(name, Buffer.from(file.bytes).toString("utf8")) };
}

function txid(text: string): Uint8Array {
  if (!/^[0-9a-f]{64}$/.test(text)) throw new InvalidArgumentError("Give 64 lower-case hex digits.");
  return txidBytes(text);
}

function claim(text: string, before: readonly Uint8Array[]): readonly Uint8Array[] {
  if (!/^(?:[0-9a-f]{2})+$/.test(text)) throw new InvalidArgumentError("Give a transaction in lower-case hex digits.");
  return [...before, new Uint8Array(Buffer.from(text, "hex"))];
}
