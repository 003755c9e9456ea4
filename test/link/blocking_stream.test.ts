import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { BlockingStream, StreamEnded, type StreamTarget } from "../../host/link/blocking_stream.js";

/** Has a terminal line. */
const SCRIPT = "/usr/bin/script";
const streams: BlockingStream[] = [];
const folders: string[] = [];

afterEach(() => {
  for (const stream of streams.splice(0)) stream.close();
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

function open(target: StreamTarget): BlockingStream {
  const stream = new BlockingStream(target);
  streams.push(stream);
  return stream;
}

/** A program in a process of its own. */
const node = (program: string, ...args: string[]): BlockingStream =>
  open({ kind: "process", command: process.execPath, args: ["-e", program, ...args] });

function readAll(stream: BlockingStream, length: number): Buffer {
  let read = Buffer.alloc(0);
  while (read.length < length) {
    const bytes = stream.read(20_000);
    if (bytes.length === 0) throw new Error(`only ${read.length} of ${length} bytes came`);
    read = Buffer.concat([read, bytes]);
  }
  return read;
}

const reasonOf = (stream: BlockingStream): string => {
  try {
    while (stream.read(20_000).length > 0);
  } catch (error) {
    if (error instanceof StreamEnded) return error.message;
    throw error;
  }
  return "it has not ended";
};

describe("a blocking stream", () => {
  it("carries bytes to a process and back, in their order", () => {
    const echo = node("process.stdin.pipe(process.stdout)");
    const sent = Buffer.from(Array.from({ length: 100_000 }, (_, i) => (i * 7) & 0xff));
    for (let at = 0; at < sent.length; at += 999) echo.write(sent.subarray(at, at + 999));
    expect(readAll(echo, sent.length).equals(sent)).toBe(true);
  });

  it("gives no bytes when none come in time", () => {
    const silent = node("process.stdin.resume()");
    expect(silent.read(50)).toHaveLength(0);
    expect(silent.ended).toBeUndefined();
  });

  it("tells what a process said when it ended, after all that it wrote", () => {
    const ends = node("process.stdout.write('last'); console.error('no flash here'); process.exitCode = 3");
    expect(readAll(ends, 4).toString()).toBe("last");
    expect(reasonOf(ends)).toMatch(/ended with 3\. no flash here$/);
    expect(() => ends.write(Uint8Array.of(1))).toThrow(StreamEnded);
  });

  it("has ended a process when it is closed", () => {
    const child = node("process.stdout.write(String(process.pid) + '\\n'); setInterval(() => undefined, 1000)");
    const pid = Number(readAll(child, 2).toString());
    child.close();
    expect(() => process.kill(pid, 0)).toThrow();
    expect(child.ended).toMatch(/SIGKILL/);
  });

  it("names a program that is not there", () => {
    expect(reasonOf(open({ kind: "process", command: "/no/such/board", args: [] }))).toMatch(
      /^\/no\/such\/board does not start/,
    );
  });

  it("waits for a socket that somebody listens on a little later", () => {
    const folder = mkdtempSync(join(tmpdir(), "tieline-stream-"));
    folders.push(folder);
    const path = join(folder, "link");
    const stream = open({ kind: "socket", path, withinMs: 20_000 });
    node("setTimeout(() => net.createServer((s) => s.end('hello')).listen(process.argv[1]), 100)", path);
    expect(readAll(stream, 5).toString()).toBe("hello");
    expect(reasonOf(stream)).toMatch(/the other side has closed/);
  });

  it("listens for callers, one after the other, and keeps for the first what is written before it comes", () => {
    const folder = mkdtempSync(join(tmpdir(), "tieline-stream-"));
    folders.push(folder);
    const path = join(folder, "link");
    const stream = open({ kind: "listen", path });
    stream.opened(20_000);
    stream.write(Uint8Array.from(Buffer.from("early")));
    const first = node("const s = net.connect(process.argv[1]); s.pipe(s)", path);
    expect(readAll(stream, 5).toString()).toBe("early");
    node("const s = net.connect(process.argv[1]); s.write('second'); s.pipe(s)", path);
    expect(readAll(stream, 6).toString()).toBe("second");
    stream.write(Uint8Array.from(Buffer.from("for the second")));
    expect(readAll(stream, 14).toString()).toBe("for the second");
    // It has been hung up on.
    expect(reasonOf(first)).toMatch(/ended with 0/);
    stream.settle(20_000);
    stream.close();
    expect(stream.ended).toMatch(/closed/);
  });

  it.skipIf(!existsSync(SCRIPT))("carries every byte over a terminal line and back", () => {
    // Its child holds a terminal's one end, and names it; script itself is at the other one.
    const holder = "stty raw -echo; tty; exec sleep 60";
    const other = open({ kind: "process", command: SCRIPT, args: ["-qfc", holder, "/dev/null"] });
    let name = "";
    while (!name.includes("\n")) name += Buffer.from(other.read(20_000)).toString();
    const serial = open({ kind: "serial", path: name.trim(), baudRate: 115_200 });
    serial.opened(20_000);
    const sent = Buffer.from(Array.from({ length: 512 }, (_, i) => i & 0xff));
    serial.write(sent);
    expect(readAll(other, sent.length).equals(sent)).toBe(true);
    other.write(sent);
    expect(readAll(serial, sent.length).equals(sent)).toBe(true);
    serial.close();
    expect(serial.ended).toMatch(/the port is closed/);
  });

  it("names what is no serial port", () => {
    const stream = open({ kind: "serial", path: "/dev/null", baudRate: 115_200 });
    expect(() => stream.opened(20_000)).toThrow(/^\/dev\/null: stty: /);
  });

  it("names a serial port that is not there", () => {
    const stream = open({ kind: "serial", path: "/dev/no-such-port", baudRate: 115_200 });
    expect(() => stream.opened(20_000)).toThrow(/^\/dev\/no-such-port: /);
  });

  it("names a socket where nobody listens", () => {
    expect(reasonOf(open({ kind: "socket", path: "/no/such/socket", withinMs: 0 }))).toMatch(/^\/no\/such\/socket: /);
  });
});
