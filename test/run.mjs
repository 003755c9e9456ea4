// `npm test [-- PATH...]`: format, lint, types and all tests; with paths only the tests that match them, as vitest
// filters. `npm run test:long` makes soak, fuzz and many-seed tests run at full length. Ends with a line "N passed, N
// failed", and says loudly which engines were skipped and how to get them.
import { spawnSync } from "node:child_process";
import { readFileSync, rmSync } from "node:fs";

const long = process.argv.includes("--long");
if (long) process.env.TIELINE_LONG = "1";
const filters = process.argv.slice(2).filter((argument) => argument !== "--long");
/** What TIELINE_LONG lengthens. */
const LONG = [
  "test/long",
  "test/ocmf/cli",
  "test/ocmf/hostile",
  "test/inspect/damage",
  "test/metrology/power_cut",
  "test/metrology/note_cut",
  "test/metrology/endurance",
  "test/metrology/fuzz",
  "test/boards/flood",
  "test/boards/kill",
  "test/boards/tapes",
  "test/boards/wild",
  "test/hil",
  "test/link/peer_link",
  "test/crypto/crypto",
  "test/firmware/node",
  "test/wire/fuzz",
  "test/transport/exchange",
  "test/chain/commitment",
  "test/chain/spend",
  "test/chain/closing",
  "test/chain/decode",
  "test/chain_backend/random",
  "test/onion/hostile",
  "test/invoice/mutations",
  "test/decode/hostile",
  "test/node/fuzz",
  // Those that boards repeat.
  "test/channel/",
  "test/energy/",
  "test/htlc/",
  "test/payment/",
  "test/lnsim/simulation",
  "test/lnsim/energy",
  "test/street/random",
];
if (long && filters.length === 0) filters.push(...LONG);
const node = (script, ...args) =>
  spawnSync(process.execPath, [`node_modules/${script}`, ...args], { stdio: "inherit" }).status === 0;

/** Checks that are no tests, by name. */
const checks = {
  format: () => node("prettier/bin/prettier.cjs", "--check", "--log-level=warn", "."),
  lint: () => node("eslint/bin/eslint.js", "."),
  types: () => node("typescript/bin/tsc", "--project", "test"),
};
const faults = filters.length > 0 ? [] : Object.keys(checks).filter((name) => !checks[name]());

/** How many vectors of each file every engine applied; what is missing from COUNTS.json is a fault. */
function vectorReport() {
  const expected = JSON.parse(readFileSync("test/vectors/COUNTS.json", "utf8"));
  const engines = new Map();
  for (const test of results.testResults.flatMap((file) => file.assertionResults)) {
    for (const [file, count] of Object.entries(test.meta?.vectors ?? {})) {
      const counts = engines.get(test.meta.engine) ?? {};
      counts[file] = (counts[file] ?? 0) + (test.status === "passed" ? count : 0);
      engines.set(test.meta.engine, counts);
    }
  }
  const names = [...engines.keys()];
  console.log(`Vectors applied, of test/vectors: ${names.join(", ")}`);
  const missing = [];
  for (const [file, total] of Object.entries(expected)) {
    const counts = names.map((name) => engines.get(name)[file] ?? 0);
    console.log(`  ${file.padEnd(42)}${counts.map((count) => `${count}/${total}`.padStart(8)).join("")}`);
    if (names.length === 0 || counts.some((count) => count !== total)) missing.push(`vectors of ${file}`);
  }
  return missing;
}

const report = "build/test-report.json";
const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${report}`];
rmSync(report, { force: true });
const vitestOk = node("vitest/vitest.mjs", "run", ...reporters, ...filters);

let results = { numPassedTests: 0, numFailedTests: 0, testResults: [] };
try {
  results = JSON.parse(readFileSync(report, "utf8"));
} catch {
  faults.push("test runner");
}
const skipped = results.testResults.flatMap((file) =>
  file.assertionResults.filter((test) => test.status !== "passed" && test.status !== "failed"),
);
const reasons = new Map();
for (const test of skipped) reasons.set(test.title, (reasons.get(test.title) ?? 0) + 1);
for (const [title, count] of reasons) console.log(`SKIPPED ${count} x ${title}`);
// A suite that broke before its tests ran has failed too.
const broken = results.testResults.filter((file) => file.status === "failed" && file.assertionResults.length === 0);
for (const file of broken) faults.push(file.name);
if (!vitestOk && results.numFailedTests === 0 && faults.length === 0) faults.push("test runner");
if (filters.length === 0) faults.push(...vectorReport());
for (const fault of faults) console.log(`FAILED ${fault}`);
const failed = results.numFailedTests + faults.length;
const tail = skipped.length > 0 ? `, ${skipped.length} skipped` : "";
console.log(`${results.numPassedTests} passed, ${failed} failed${tail}`);
process.exit(failed === 0 ? 0 : 1);
