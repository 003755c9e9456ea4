// `npm run setup:browser`: the browser that the tests open reports in, from Debian's packages. Does only what is missing;
// then it says nothing.
import { spawnSync } from "node:child_process";

const PACKAGE = "chromium";

function run(command, args) {
  const result = spawnSync(command, args, { encoding: "utf8", maxBuffer: 1 << 26 });
  return {
    status: result.status,
    output: `${result.stdout ?? ""}${result.stderr ?? ""}${result.error?.message ?? ""}`,
  };
}

const isThere = () => run("chromium", ["--version"]).status === 0;

function fail(message) {
  console.error(`tieline: ${message.trimEnd()}`);
  process.exit(1);
}

if (!isThere()) {
  if (run("apt-get", ["--version"]).status !== 0) {
    fail(`there is no apt-get here. Install Chromium, and name it in TIELINE_CHROMIUM if it is not on the path.`);
  }
  if (process.getuid?.() !== 0) fail(`not root. Run: apt-get update && apt-get install ${PACKAGE}`);
  console.error(`tieline: installing ${PACKAGE}`);
  process.env.DEBIAN_FRONTEND = "noninteractive";
  for (const args of [["update"], ["install", "--yes", "--no-install-recommends", PACKAGE]]) {
    const result = run("apt-get", args);
    if (result.status !== 0) fail(`apt-get ${args[0]} failed:\n${result.output}`);
  }
  if (!isThere()) fail(`${PACKAGE} was installed but does not work.`);
}
