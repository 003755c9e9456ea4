#!/usr/bin/env node
import { Command } from "commander";
import { chainCommand } from "./chain.js";
import { consoleCommand } from "./console.js";
import { cliCommand } from "./cli.js";
import { decodeCommand } from "./decode.js";
import { evidenceCommand } from "./evidence.js";
import { flashCommand } from "./flash.js";
import { hilCommand } from "./hil.js";
import { imageCommand } from "./image.js";
import { inspectCommand } from "./inspect.js";
import { keygenCommand } from "./keygen.js";
import { nodeCommand } from "./node.js";
import { provisionCommand } from "./provision.js";
import { runCommand } from "./run.js";
import { updateCommand } from "./update.js";
import { verifyCommand } from "./verify.js";

const program = new Command("tieline")
  .description("Smart-meter firmware that trades electricity: emulate a street of meters, verify their receipts.")
  .showHelpAfterError("(add --help for the options)")
  .addCommand(runCommand())
  .addCommand(hilCommand())
  .addCommand(verifyCommand())
  .addCommand(inspectCommand())
  .addCommand(imageCommand())
  .addCommand(flashCommand())
  .addCommand(provisionCommand())
  .addCommand(consoleCommand())
  .addCommand(updateCommand())
  .addCommand(keygenCommand())
  .addCommand(decodeCommand())
  .addCommand(nodeCommand())
  .addCommand(cliCommand())
  .addCommand(chainCommand())
  .addCommand(evidenceCommand());

// A reader that has seen enough (| head) is no error.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
  process.exit();
});

try {
  await program.parseAsync();
} catch (error) {
  // Whatever reaches this place is the user's to mend or a defect; either way its message is the useful part.
  console.error(`tieline: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
