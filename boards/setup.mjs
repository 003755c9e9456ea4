// `npm run setup:boards`: the cross-compiler and the emulator from Debian's packages, and the firmware of every
// emulated board. Does only what is missing or out of date; then it says nothing. `--if-installed` installs nothing, and
// builds what it can with what is there.
import { spawnSync } from "node:child_process";
import { statSync } from "node:fs";
import { availableParallelism } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
/** Debian packages that each board's firmware is built and run with, by what make is given. */
const NATIVE = ["make", "gcc"];
const CROSS = ["gcc-riscv64-unknown-elf", "picolibc-riscv64-unknown-elf"];
const boards = {
  posix: NATIVE,
  "posix SANITIZE=1": NATIVE,
  qemu_virt: [...NATIVE, ...CROSS, "qemu-system-misc"],
  esp32c6: [...NATIVE, ...CROSS],
};
const CROSS_GCC = "riscv64-unknown-elf-gcc";

function run(command, args) {
  const result = spawnSync(command, args, { encoding: "utf8", maxBuffer: 1 << 26 });
  return {
    status: result.status,
    output: `${result.stdout ?? ""}${result.stderr ?? ""}${result.error?.message ?? ""}`,
  };
}

const succeeds = (command, ...args) => run(command, args).status === 0;

function fail(message) {
  console.error(`tieline: ${message.trimEnd()}`);
  process.exit(1);
}

/** Debian package: does what we need of it work? */
const needs = {
  make: () => succeeds("make", "--version"),
  gcc: () => succeeds("gcc", "--version"),
  "gcc-riscv64-unknown-elf": () => succeeds(CROSS_GCC, "--version"),
  "picolibc-riscv64-unknown-elf": () =>
    succeeds(CROSS_GCC, "--specs=picolibc.specs", "-include", "stdio.h", "-E", "-x", "c", "/dev/null"),
  "qemu-system-misc": () => succeeds("qemu-system-riscv32", "--version"),
};

const missingPackages = (names = Object.keys(needs)) => names.filter((name) => !needs[name]());

function installPackages() {
  const missing = missingPackages();
  if (missing.length === 0) return;
  const list = missing.join(" ");
  if (!succeeds("apt-get", "--version")) fail(`there is no apt-get here. Install what Debian calls ${list}.`);
  if (process.getuid?.() !== 0) fail(`not root. Run: apt-get update && apt-get install ${list}`);
  console.error(`tieline: installing ${list}`);
  process.env.DEBIAN_FRONTEND = "noninteractive";
  for (const args of [["update"], ["install", "--yes", "--no-install-recommends", ...missing]]) {
    const result = run("apt-get", args);
    if (result.status !== 0) fail(`apt-get ${args[0]} failed:\n${result.output}`);
  }
  const still = missingPackages();
  if (still.length > 0) fail(`${still.join(" ")} was installed but does not work.`);
}

function buildBoard(board) {
  const make = (...args) =>
    run("make", ["--directory", join(root, "boards"), "--no-print-directory", ...`BOARD=${board}`.split(" "), ...args]);
  if (make("--question").status === 0) return;
  console.error(`tieline: building the firmware of ${board}`);
  const result = make(`--jobs=${availableParallelism()}`);
  if (result.status !== 0) fail(`make BOARD=${board} failed:\n${result.output}`);
}

/** What a chip with a loader is flashed with, made of its firmware. */
function packBoard() {
  const built = (name) => statSync(join(root, "build/boards/esp32c6", name), { throwIfNoEntry: false })?.mtimeMs ?? 0;
  const made = ["tieline-esp32c6.bin", "partitions.txt", "manifest.json"];
  const packer = statSync(join(root, "build/host/flash/pack.js")).mtimeMs;
  if (Math.min(...made.map(built)) > Math.max(built("board.elf"), packer)) return;
  const result = run(process.execPath, [join(root, "build/host/flash/pack.js")]);
  if (result.status !== 0) fail(`packing the firmware of esp32c6 failed:\n${result.output}`);
}

await import("../host/setup.mjs"); // metrology.wasm and node.wasm go into the firmware
// Where the tools are there already, `npm test` keeps the boards up to date; it never installs any.
const ifInstalled = process.argv.includes("--if-installed");
if (!ifInstalled) installPackages();
for (const [board, packages] of Object.entries(boards)) {
  if (ifInstalled && missingPackages(packages).length > 0) continue;
  buildBoard(board);
  if (board === "esp32c6") packBoard();
}
