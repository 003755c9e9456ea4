// `npm test [-- PATH...]`: format, lint, types and all tests; with paths only the tests that match them, as vitest
// filters. Ends with a line "N passed, N failed", and says loudly which engines were skipped and how to get them.
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";

const filters = process.argv.slice(2);
const node = (script, ...args) =>
  spawnSync(process.execPath, [`node_modules/${script}`, ...args], { stdio: "inherit" }).status === 0;

let ok = true;
if (filters.length === 0) {
  ok = node("prettier/bin/prettier.cjs", "--check", "--log-level=warn", ".") && ok;
  ok = node("eslint/bin/eslint.js", ".") && ok;
  ok = node("typescript/bin/tsc", "--project", "test") && ok;
}

const report = "build/test-report.json";
const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${report}`];
ok = node("vitest/vitest.mjs", "run", ...reporters, ...filters) && ok;

let results = { numPassedTests: 0, numFailedTests: 0, testResults: [] };
try {
  results = JSON.parse(readFileSync(report, "utf8"));
} catch {
  ok = false;
}
const skipped = results.testResults.flatMap((file) =>
  file.assertionResults.filter((test) => test.status !== "passed" && test.status !== "failed"),
);
const reasons = new Map();
for (const test of skipped) reasons.set(test.title, (reasons.get(test.title) ?? 0) + 1);
for (const [title, count] of reasons) console.log(`SKIPPED ${count} x ${title}`);
// A suite that broke before its tests ran has failed too, and so have format, lint and types.
const broken = results.testResults.filter((file) => file.status === "failed" && file.assertionResults.length === 0);
const failed = results.numFailedTests + broken.length + (ok || results.numFailedTests + broken.length > 0 ? 0 : 1);
const tail = skipped.length > 0 ? `, ${skipped.length} skipped` : "";
console.log(`${results.numPassedTests} passed, ${failed} failed${tail}`);
process.exit(ok && failed === 0 ? 0 : 1);
