// The far side of a BlockingStream (blocking_stream.ts): opens what it is told, and carries bytes both ways. Every message
// to the near side is announced by a count that it can wait for.
import { spawn, spawnSync } from "node:child_process";
import { closeSync, constants, openSync } from "node:fs";
import { createConnection, createServer } from "node:net";
import { setImmediate } from "node:timers";
import { setTimeout as pause } from "node:timers/promises";
import { ReadStream, WriteStream } from "node:tty";
import { parentPort, workerData } from "node:worker_threads";

const RETRY_MS = 20;
const { target, port, count } = workerData;
let over = false;

function tell(message) {
  port.postMessage(message);
  Atomics.add(count, 0, 1);
  Atomics.notify(count, 0);
}

/** A copy: a Buffer may be a window on a pool, and the whole pool would go. */
const received = (bytes) => tell({ bytes: Uint8Array.from(bytes) });

function end(reason) {
  if (over) return;
  over = true;
  tell({ ended: reason });
}

function openProcess({ command, args }) {
  const child = spawn(command, args, { stdio: "pipe" });
  let complaints = "";
  child.stderr.on("data", (bytes) => (complaints = `${complaints}${bytes.toString("utf8")}`.slice(-4096)));
  child.stdout.on("data", received);
  // Who writes to a process that has ended hears of it by its end.
  child.stdin.on("error", () => undefined);
  child.once("error", (error) => end(`${command} does not start: ${error.message}`));
  child.once("close", (code, signal) => {
    const how = signal === null ? `ended with ${code}` : `was ended by ${signal}`;
    end(`${command} ${how}. ${complaints}`.trim());
  });
  tell({ pid: child.pid });
  if (child.pid !== undefined) tell({ open: true });
  return { write: (bytes) => child.stdin.write(bytes), close: () => child.kill("SIGKILL") };
}

/** A server may need a moment until it listens. */
async function connected(options, withinMs) {
  for (let left = withinMs; ; left -= RETRY_MS) {
    const socket = createConnection(options);
    const failure = await new Promise((resolve) => {
      socket.once("connect", () => resolve(undefined));
      socket.once("error", resolve);
    });
    if (failure === undefined) return socket;
    socket.destroy();
    if (left <= 0 || over) throw failure;
    await pause(RETRY_MS);
  }
}

function carry(socket, where) {
  socket.on("data", received);
  socket.on("error", (error) => end(`${where}: ${error.message}`));
  socket.once("close", () => end(`${where}: the other side has closed`));
  return { write: (bytes) => socket.write(bytes), close: () => socket.destroy() };
}

async function openSocket({ path, host, port: number, withinMs }) {
  const where = path ?? `${host}:${number}`;
  try {
    const socket = await connected(path === undefined ? { host, port: number } : { path }, withinMs);
    socket.setNoDelay(true);
    tell({ open: true });
    return carry(socket, where);
  } catch (error) {
    end(`${where}: ${error.message}`);
    return { write: () => undefined, close: () => undefined };
  }
}

/** The latest caller is served: one that starts anew calls again. What is written while there is none waits. */
function openListener({ path }) {
  let caller;
  const early = [];
  const server = createServer((socket) => {
    caller?.destroy();
    caller = socket;
    socket.on("data", received);
    // Its end is told by "close".
    socket.on("error", () => undefined);
    socket.once("close", () => {
      if (caller === socket) caller = undefined;
    });
    for (const bytes of early.splice(0)) socket.write(bytes);
  });
  server.once("error", (error) => end(`${path}: ${error.message}`));
  server.listen(path, () => tell({ open: true }));
  const close = () => {
    server.close();
    caller?.destroy();
    end(`${path}: closed`);
  };
  return { write: (bytes) => (caller === undefined ? early.push(bytes) : caller.write(bytes)), close };
}

/** Speed and raw mode are what stty sets: libraries for serial ports wait in the loop of the main thread, which is asleep. */
function openSerial({ path, baudRate }) {
  const nothing = { write: () => undefined, close: () => undefined };
  let file;
  try {
    file = openSync(path, constants.O_RDWR | constants.O_NOCTTY | constants.O_NONBLOCK);
  } catch (error) {
    end(`${path}: ${error.message}`);
    return nothing;
  }
  const set = spawnSync("stty", [`${baudRate}`, "raw", "-echo", "cs8", "-parenb", "-cstopb", "clocal"], {
    stdio: [file, "ignore", "pipe"],
  });
  if (set.status !== 0) {
    closeSync(file);
    end(`${path}: stty: ${set.error?.message ?? set.stderr.toString("utf8").trim()}`);
    return nothing;
  }
  const serial = new ReadStream(file);
  const out = new WriteStream(file);
  serial.on("data", received);
  for (const side of [serial, out]) side.on("error", (error) => end(`${path}: ${error.message}`));
  serial.once("close", () => end(`${path}: the port is closed`));
  tell({ open: true });
  return { write: (bytes) => out.write(bytes), close: () => serial.destroy() };
}

const OPENERS = { process: openProcess, socket: openSocket, listen: openListener, serial: openSerial };
const stream = await OPENERS[target.kind](target);
/** What has happened by now is known once the event loop has been round. */
const settle = () => setImmediate(() => setImmediate(() => tell({ settled: true })));
port.on("message", (message) => {
  if (message === "close") stream.close();
  else if (message === "settle") settle();
  else stream.write(message);
});
parentPort.on("message", () => undefined);
