// `npm run setup:chain`, `npm run setup:browser`: a program that some tests need, from Debian's packages. Does only what is
// missing; then it says nothing.
import { spawnSync } from "node:child_process";

const ADVICE = {
  litecoind: "Install litecoind, 0.21 or newer.",
  chromium: "Install Chromium, and name it in TIELINE_CHROMIUM if it is not on the path.",
};
const program = process.argv[2];

function run(command, args) {
  const result = spawnSync(command, args, { encoding: "utf8", maxBuffer: 1 << 26 });
  return {
    status: result.status,
    output: `${result.stdout ?? ""}${result.stderr ?? ""}${result.error?.message ?? ""}`,
  };
}

const isThere = () => run(program, ["--version"]).status === 0;

function fail(message) {
  console.error(`tieline: ${message.trimEnd()}`);
  process.exit(1);
}

if (!(program in ADVICE)) fail(`${program}: no program that is installed here`);
if (!isThere()) {
  if (run("apt-get", ["--version"]).status !== 0) fail(`there is no apt-get here. ${ADVICE[program]}`);
  if (process.getuid?.() !== 0) fail(`not root. Run: apt-get update && apt-get install ${program}`);
  console.error(`tieline: installing ${program}`);
  process.env.DEBIAN_FRONTEND = "noninteractive";
  for (const args of [["update"], ["install", "--yes", "--no-install-recommends", program]]) {
    const result = run("apt-get", args);
    if (result.status !== 0) fail(`apt-get ${args[0]} failed:\n${result.output}`);
  }
  if (!isThere()) fail(`${program} was installed but does not work.`);
}
