// Brings a clone to where it can run: packages, the wasm3 addon, the firmware, the compiled host. Needs nothing but
// Node, and does only what is missing or out of date; then it says nothing. `npm start` and `npm test` call it first.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
process.chdir(root);

const stampFile = "build/setup.json";
// Two set-ups at once would pull the packages from under each other: the second waits for the first.
const lockFile = "build/setup.lock";
mkdirSync("build", { recursive: true });
for (;;) {
  try {
    writeFileSync(lockFile, `${process.pid}`, { flag: "wx" });
    break;
  } catch {
    if (isRunning(lockFile)) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200);
    else rmSync(lockFile, { force: true });
  }
}
const unlock = () => rmSync(lockFile, { force: true });
process.on("exit", unlock);

function isRunning(file) {
  try {
    process.kill(Number(readFileSync(file, "utf8")), 0);
    return true;
  } catch (error) {
    return error.code === "EPERM";
  }
}

let stamps = {};
try {
  stamps = JSON.parse(readFileSync(stampFile, "utf8"));
} catch {
  // No stamps: everything is to be done.
}

function files(path) {
  if (!existsSync(path)) return [];
  return readdirSync(path, { withFileTypes: true })
    .filter((entry) => entry.name !== "build" && entry.name !== "node_modules")
    .flatMap((entry) =>
      entry.isDirectory() ? files(join(path, entry.name)) : [relative(root, join(root, path, entry.name))],
    )
    .sort();
}

/** Hash of files and settings: a step is up to date while it is the one of its last success. */
function fingerprint(paths, ...settings) {
  const hash = createHash("sha256");
  for (const path of paths) hash.update(`${path}\0`).update(readFileSync(path)).update("\0");
  return hash.update(settings.join("\0")).digest("hex");
}

function run(command, args) {
  const result = spawnSync(command, args, { encoding: "utf8", maxBuffer: 1 << 26 });
  const output = `${result.stdout ?? ""}${result.stderr ?? ""}${result.error ? result.error.message : ""}`;
  return { ok: result.status === 0, output };
}

function runNode(script, ...args) {
  return run(process.execPath, [join("node_modules", script), ...args]);
}

function fail(what, output) {
  // What matters of a long complaint stands at its end.
  const lines = output.trimEnd().split("\n");
  console.error(`tieline: ${what} failed:\n${lines.slice(-30).join("\n")}`);
  process.exit(1);
}

/** Does a step unless its outputs stand and were made from the same inputs. */
function step(name, print, outputs, action) {
  if (stamps[name] === print && outputs.every((path) => existsSync(path))) return;
  console.error(`tieline: ${action.says}`);
  const stamp = action.run();
  if (stamp) stamps[name] = print;
  else delete stamps[name];
  writeFileSync(stampFile, `${JSON.stringify(stamps, null, 2)}\n`);
}

const [major, minor] = process.versions.node.split(".").map(Number);
if (major < 20 || (major === 20 && minor < 19))
  fail("set-up", `Node 20.19 or newer is needed, this is ${process.version}.`);

step("packages", fingerprint(["package-lock.json"]), ["node_modules/.package-lock.json"], {
  says: "installing packages",
  run() {
    const npm = process.env.npm_execpath;
    const args = ["ci", "--ignore-scripts", "--no-audit", "--no-fund"];
    const result = npm ? run(process.execPath, [npm, ...args]) : run("npm", args);
    if (!result.ok) fail("npm ci", result.output);
    return true;
  },
});

const addonSources = [...files("host/wasm3").filter((path) => !path.endsWith(".ts")), "package-lock.json"];
const compiler = process.env.CXX ?? "g++";
const hasCompiler =
  run(compiler, ["--version"]).ok && run("make", ["--version"]).ok && run("python3", ["--version"]).ok;
const addon = "host/wasm3/build/Release/wasm3.node";
if (!hasCompiler) {
  console.error("tieline: python3, make or g++ is missing: the wasm3 addon is not built, V8 will run the firmware.");
} else {
  step("addon", fingerprint(addonSources, process.version, process.arch), [addon], {
    says: "building the wasm3 addon",
    run() {
      // With the headers that Node was installed with, node-gyp has nothing to download.
      const prefix = dirname(dirname(process.execPath));
      const headers = existsSync(join(prefix, "include/node/node_api.h")) ? ["--nodedir", prefix] : [];
      rmSync("host/wasm3/build", { recursive: true, force: true });
      const result = runNode("node-gyp/bin/node-gyp.js", "rebuild", "--directory", "host/wasm3", ...headers);
      if (!result.ok) {
        console.error(result.output.trimEnd());
        console.error("tieline: the wasm3 addon could not be built (see above): V8 will run the firmware.");
      }
      return result.ok;
    },
  });
}

const firmware = [...files("assembly").filter((path) => path.endsWith(".ts")), "asconfig.json", "package-lock.json"];
// A module's entry file is assembly/TARGET/index.ts; asconfig.json could only name one list for all targets.
const targets = Object.entries(JSON.parse(readFileSync("asconfig.json", "utf8")).targets).filter(([, t]) => t.outFile);
const modules = targets.map(([, target]) => target.outFile);
step("firmware", fingerprint(firmware), modules, {
  says: "compiling the firmware",
  run() {
    for (const [target] of targets) {
      const entry = `assembly/${target}/index.ts`;
      const result = runNode("assemblyscript/bin/asc.js", entry, "--target", target);
      if (!result.ok) fail("asc", result.output);
    }
    return true;
  },
});

const host = [...files("host").filter((path) => path.endsWith(".ts")), "tsconfig.json", "package-lock.json"];
step("host", fingerprint(host), ["build/host/cli/main.js"], {
  says: "compiling the host",
  run() {
    const result = runNode("typescript/bin/tsc", "--project", "tsconfig.json");
    if (!result.ok) fail("tsc", result.output);
    return true;
  },
});
unlock();
