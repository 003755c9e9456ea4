// The far side of a BlockingStream (blocking_stream.ts): opens what it is told, and carries bytes both ways. Every message
// to the near side is announced by a count that it can wait for.
import { spawn } from "node:child_process";
import { createConnection } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
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

async function openSocket({ path, host, port: number, withinMs }) {
  const where = path ?? `${host}:${number}`;
  try {
    const socket = await connected(path === undefined ? { host, port: number } : { path }, withinMs);
    socket.setNoDelay(true);
    socket.on("data", received);
    socket.on("error", (error) => end(`${where}: ${error.message}`));
    socket.once("close", () => end(`${where}: the other side has closed`));
    return { write: (bytes) => socket.write(bytes), close: () => socket.destroy() };
  } catch (error) {
    end(`${where}: ${error.message}`);
    return { write: () => undefined, close: () => undefined };
  }
}

const stream = target.kind === "process" ? openProcess(target) : await openSocket(target);
port.on("message", (message) => (message === "close" ? stream.close() : stream.write(message)));
parentPort.on("message", () => undefined);
