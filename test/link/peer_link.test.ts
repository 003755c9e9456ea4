import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Entropy } from "../../host/board/entropy.js";
import { encodeFrame, FrameDecoder } from "../../host/link/frame.js";
import { projectRoot } from "../../host/root.js";
import { LONG, PEER_SEEDS } from "../long/counts.js";
import { type Heard, PeerEnd, words } from "./peer_end.js";

const compiler = spawnSync("cc", ["--version"]).status === 0;
const MS = 1000n;
const SECOND = 1000n * MS;

interface Faults {
  /** Of a thousand frames, so many are lost, come twice, come later than those after them, come damaged. */
  readonly lost: number;
  readonly twice: number;
  readonly late: number;
  readonly damaged: number;
}

const NONE: Faults = { lost: 0, twice: 0, late: 0, damaged: 0 };

interface Arrival {
  readonly at: bigint;
  readonly to: PeerEnd;
  readonly bytes: Uint8Array;
}

/** Two ends and the line between them, in a time of their own. */
class Line {
  readonly a: PeerEnd;
  readonly b: PeerEnd;
  now = 0n;
  faults = NONE;
  private arrivals: Arrival[] = [];

  constructor(readonly random: Entropy) {
    this.a = new PeerEnd(true, this.session());
    this.b = new PeerEnd(false, this.session());
  }

  private session(): number {
    return 1 + this.below(2 ** 32 - 1);
  }

  below(limit: number): number {
    return this.random.below(limit);
  }

  private of(thousand: number): boolean {
    return this.below(1000) < thousand;
  }

  /** Takes what both have written. */
  collect(): void {
    for (const [from, to] of [
      [this.a, this.b],
      [this.b, this.a],
    ] as const) {
      for (const bytes of from.written.splice(0)) {
        if (this.of(this.faults.lost)) continue;
        const copies = this.of(this.faults.twice) ? 2 : 1;
        for (let i = 0; i < copies; i++) {
          const late = this.of(this.faults.late) ? BigInt(this.below(800)) * MS : 0n;
          this.arrivals.push({ at: this.now + 5n * MS + late, to, bytes: this.damage(bytes) });
        }
      }
    }
    this.arrivals.sort((one, other) => Number(one.at - other.at));
  }

  private damage(bytes: Uint8Array): Uint8Array {
    if (!this.of(this.faults.damaged)) return bytes;
    const damaged = Uint8Array.from(bytes);
    const at = this.below(damaged.length);
    switch (this.below(4)) {
      case 0:
        damaged[at] = (damaged[at] ?? 0) ^ (1 << this.below(8));
        return damaged;
      case 1:
        return damaged.subarray(0, at);
      case 2:
        return Buffer.concat([damaged.subarray(0, at), damaged.subarray(at + 1 + this.below(20))]);
      default:
        return Buffer.concat([damaged, this.random.bytes(this.below(700))]);
    }
  }

  /** When something happens next by itself. */
  private next(): bigint | undefined {
    const times = [this.arrivals[0]?.at, this.a.link.dueUs, this.b.link.dueUs].filter((time) => time !== undefined);
    return times.reduce<bigint | undefined>((first, at) => (first === undefined || at < first ? at : first), undefined);
  }

  run(until: bigint): void {
    for (let at = this.next(); at !== undefined && at <= until; at = this.next()) {
      if (at > this.now) this.now = at;
      const arrival = this.arrivals[0];
      if (arrival !== undefined && arrival.at <= this.now) {
        this.arrivals.shift();
        arrival.to.happens(this.now, { fed: arrival.bytes });
      } else {
        for (const end of [this.a, this.b]) end.poll(this.now);
      }
      this.collect();
    }
    this.now = until;
  }

  /** Something that a node or a hand at the line does. */
  act(): void {
    const end = this.below(2) === 0 ? this.a : this.b;
    const kind = this.below(100);
    if (kind === 0) end.happens(this.now, "hang up");
    else if (kind === 1) end.restart(this.session());
    else if (kind < 8) end.happens(this.now, { fed: this.random.bytes(1 + this.below(2000)) });
    else end.happens(this.now, { said: 1 + this.below(kind < 70 ? 120 : 2500) });
    this.collect();
  }
}

/** Whose connection it is that was heard, and that what was heard is the beginning of what was said in it. */
function connectionHeard(heard: Heard, other: PeerEnd): number | undefined {
  if (heard.bytes.length < 4) return undefined;
  const connection = heard.bytes.readUInt32LE(0);
  expect(heard.bytes.length).toBeLessThanOrEqual(other.said[connection] ?? 0);
  expect(heard.bytes.equals(words(connection, 0, heard.bytes.length))).toBe(true);
  return connection;
}

function checkStreams(end: PeerEnd, other: PeerEnd): void {
  const known = end.heard.map((heard) => connectionHeard(heard, other)).filter((number) => number !== undefined);
  // In order, and none twice.
  for (const [i, number] of known.entries()) expect(number).toBeGreaterThan(known[i - 1] ?? 0);
}

function lived(seed: string, faults: Faults): Line {
  const line = new Line(new Entropy(seed, "peer link"));
  line.faults = faults;
  for (let i = 0; i < 120; i++) {
    line.run(line.now + BigInt(line.below(400)) * MS);
    line.act();
  }
  // Nothing goes wrong any more: in the time that an end needs to give up, both have found one another.
  line.faults = NONE;
  line.run(line.now + 30n * SECOND);
  for (let tries = 0; tries < 20 && !(line.a.link.connected && line.b.link.connected); tries++) {
    line.run(line.now + SECOND); // one of them may just have hung up, by its rule
  }
  expect([line.a.link.connected, line.b.link.connected]).toEqual([true, true]);
  for (const end of [line.a, line.b]) end.happens(line.now, { said: 1 });
  line.collect();
  line.run(line.now + 3n * SECOND);
  checkStreams(line.a, line.b);
  checkStreams(line.b, line.a);
  return line;
}

const KINDS: Record<string, Faults> = {
  "a good line": NONE,
  "a line that loses": { ...NONE, lost: 200 },
  "a line that damages": { ...NONE, damaged: 150 },
  "a line that doubles and reorders": { ...NONE, twice: 150, late: 100 },
  "a bad line": { lost: 100, twice: 80, late: 50, damaged: 100 },
  "a line that is dead for a while": { ...NONE, lost: 950 },
};

describe.skipIf(!compiler)("peer links", () => {
  const directory = mkdtempSync(join(tmpdir(), "tieline-peer-"));
  const program = join(directory, "peer_link");
  const boards = join(projectRoot(), "boards");

  beforeAll(() => {
    const flags = "-std=gnu11 -Wall -Wextra -Werror -g -O1 -fsanitize=address,undefined -fno-sanitize-recover=all";
    const built = spawnSync(
      "cc",
      [
        ...flags.split(" "),
        ...["-DPEER_LINKS=1u", `-I${boards}`, `-I${join(boards, "runtime")}`],
        ...["-o", program, join(projectRoot(), "test/link/peer_link_harness.c")],
      ],
      { encoding: "utf8" },
    );
    expect(built.stderr).toBe("");
  }, 60_000);
  afterAll(() => rmSync(directory, { recursive: true, force: true }));

  /** What the board's end does when it goes through the script, line by line. */
  function board(script: readonly string[]): { written: string[]; events: string[]; figures: number[] } {
    const { stdout, stderr, status } = spawnSync(program, {
      input: `${script.join("\n")}\n`,
      encoding: "utf8",
      maxBuffer: 1 << 28,
    });
    expect(stderr).toBe("");
    expect(status).toBe(0);
    const lines = stdout.trimEnd().split("\n");
    const figures = (lines.pop() ?? "").split(" ").slice(1).map(Number);
    const isWritten = (line: string): boolean => line.startsWith("w ");
    return { written: lines.filter(isWritten), events: lines.filter((line) => !isWritten(line)), figures };
  }

  for (const [name, faults] of Object.entries(KINDS)) {
    it(
      `say the same on a board and on a host, and lose nothing: ${name}`,
      () => {
        for (let seed = 0; seed < PEER_SEEDS; seed++) {
          const line = lived(`${name} ${seed}`, faults);
          for (const end of [line.a, line.b]) {
            const { written, events } = board(end.script);
            expect(events, `seed ${seed}`).toEqual(end.events);
            expect(written, `seed ${seed}`).toEqual(end.lines);
          }
        }
      },
      60_000 + 10_000 * PEER_SEEDS,
    );
  }

  const frame = (kind: number, session: number, ...more: number[]): Uint8Array => {
    const content = Buffer.alloc(5 + more.length, Uint8Array.of(kind, 0, 0, 0, 0, ...more));
    content.writeUInt32LE(session, 1);
    return encodeFrame(content);
  };
  const word = (value: number): number[] => [0, 8, 16, 24].map((shift) => (value >>> shift) & 0xff);
  const hello = (from: number, to: number, connected = false): Uint8Array =>
    frame(1, from, ...word(to), connected ? 1 : 0);
  const data = (from: number, number: number, ...bytes: number[]): Uint8Array =>
    frame(2, from, number & 0xff, number >> 8, ...bytes);
  const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
  const fed = (bytes: Uint8Array): string => `f ${hex(bytes)}`;
  /** A board whose node waits to be called, in session 7 with session 9. */
  const OPENED = ["n 7 0", "t 0", fed(hello(9, 7)), "t 0"];

  it("say the same to any frames at all", () => {
    const random = new Entropy("frames", "peer link");
    const end = new PeerEnd(true, 7);
    const decoder = new FrameDecoder();
    let own = 7;
    let now = 0n;
    for (let i = 0; i < 3000; i++) {
      for (const bytes of end.written.splice(0)) {
        for (const content of decoder.feed(bytes)) if (content[0] === 1) own = Buffer.from(content).readUInt32LE(1);
      }
      now += BigInt(random.below(random.below(20) === 0 ? 1_000_000 : 3000));
      const sessions = [0, 9, 10, own, own, own - 1, random.uint32(), 0xffff_ffff];
      const pick = (): number => sessions[random.below(sessions.length)] ?? 0;
      const small = (): number => random.below(6);
      const frames = [
        hello(pick(), pick(), random.below(2) === 0),
        ...[9, 9, 10, 10].map((from) => data(from, random.below(2), random.below(256))),
        data(pick(), small(), ...random.bytes(1 + random.below(30))),
        frame(3, pick(), small(), 0),
        frame(4, pick()),
        encodeFrame(random.bytes(random.below(30))),
        frame(2, pick(), small(), 0, ...random.bytes(505 + random.below(12))),
      ];
      end.happens(now, { fed: frames[random.below(frames.length)] ?? new Uint8Array() });
    }
    const { written, events } = board(end.script);
    expect(events).toEqual(end.events);
    expect(written).toEqual(end.lines);
    expect(events.filter((event) => event === "c").length).toBeGreaterThan(10);
    expect(events.filter((event) => event.startsWith("r")).length).toBeGreaterThan(10);
  });

  // More bytes than there is room for at once, and more frames than a number counts.
  const streams = [{ frames: 200, bytes: 500 }, ...(LONG ? [{ frames: 66_000, bytes: 1 }] : [])];
  it.each(streams)(
    "carry $frames frames of $bytes bytes",
    ({ frames, bytes }) => {
      const [a, b] = [new PeerEnd(true, 1), new PeerEnd(false, 2)];
      const pass = (): void => {
        for (let any = true; any;) {
          any = false;
          for (const [from, to] of [
            [a, b],
            [b, a],
          ] as const) {
            for (const bytes of from.written.splice(0)) {
              to.happens(0n, { fed: bytes });
              any = true;
            }
          }
        }
      };
      for (const end of [a, b]) {
        end.obey();
        end.poll(0n);
      }
      pass();
      for (let i = 0; i < frames; i++) {
        a.happens(0n, { said: bytes });
        if (i % 4 === 3) pass();
      }
      pass();
      checkStreams(b, a);
      expect(b.heard.map(({ bytes }) => bytes.length)).toEqual(a.said.slice(1));
      expect(a.said[1]).toBeGreaterThan(frames * bytes);
      for (const end of [a, b]) {
        const { written, events } = board(end.script);
        expect(events.join() === end.events.join() && written.join() === end.lines.join()).toBe(true);
      }
    },
    60_000,
  );

  it("end where the node has more to say than fits", () => {
    const fits = board([...OPENED, "b", "s 8192", "t 0"]);
    expect(fits.events).not.toContain("d");
    expect(fits.figures[4]).toBe(0);
    const over = board([...OPENED, "b", "s 8193", "t 0", "t 999999", "t 1000000"]);
    expect(over.events).toContain("log peer link: the node has more to say than fits");
    expect(over.events.slice(-4)).toEqual(["d", "= 1000000", "= 1", "= 1000000"]);
    expect(over.written.slice(-2)).toEqual([`w ${hex(frame(4, 7))}`, `w ${hex(hello(8, 0))}`]);
    expect(over.figures[4]).toBe(1);
  });

  it("say when there is room again for two of the longest messages, once", () => {
    const acked = (frames: number): string[] => [fed(frame(3, 7, frames, 0)), "t 0"];
    const told = (...script: string[]): number =>
      board([...OPENED, "b", ...script]).events.filter((event) => event === "m").length;
    // 8,192 bytes in all, and 2 x 2,594 are to be free; an acknowledged frame frees 512.
    expect(told("s 3004", "t 0", ...acked(1), ...acked(2))).toBe(0);
    expect(told("s 3005", "t 0")).toBe(0);
    expect(told("s 3005", "t 0", ...acked(1))).toBe(1);
    expect(told("s 3005", "t 0", ...acked(1), ...acked(2))).toBe(1);
    expect(told("s 4100", "t 0", ...acked(2))).toBe(0);
    expect(told("s 4100", "t 0", ...acked(2), ...acked(3))).toBe(1);
    // What is said meanwhile and fits takes it back, and so does the end of the connection.
    expect(told("s 3005", "s 1", "t 0", ...acked(1), "s 600", "t 0", ...acked(2))).toBe(2);
    expect(told("s 3005", "t 0", "h", ...acked(1))).toBe(0);
  });

  it("write the same over a line that is busy after every few bytes", () => {
    const script = [...OPENED, "s 700", "t 0", fed(data(9, 0, 1, 2)), fed(frame(3, 7, 1, 0)), "t 0", "t 300000"];
    const all = (lines: readonly string[]): string => lines.map((line) => line.slice(2)).join("");
    const free = board(script);
    for (const takes of [1, 7, 100]) {
      const busy = board([`l ${takes}`, ...script]);
      expect(all(busy.written)).toBe(all(free.written));
      expect(busy.written.length).toBeGreaterThan(all(free.written).length / 2 / takes - 1);
      expect(busy.events).toEqual(free.events);
    }
  });

  it("take nothing from a line that sends back what it is sent", () => {
    const own = board(["n 7 0", "t 0", fed(hello(7, 0)), "t 0", fed(hello(7, 7)), "t 0"]);
    expect(own.written).toEqual([`w ${hex(hello(7, 0))}`]);
    const echoes = [hello(7, 9, true), data(7, 0, 1), frame(3, 9, 1, 0), frame(4, 7)];
    const later = board([...OPENED, "s 3", "t 0", ...echoes.flatMap((echo) => [fed(echo), "t 0"])]);
    expect(later.events.filter((event) => !event.startsWith("="))).toEqual(["c"]);
    expect(later.events.at(-1)).toBe("= 250000"); // what it said is not acknowledged
  });

  it("begin a connection a second at most, whoever wants more", () => {
    const script = ["n 7 0", "t 0"];
    for (let ms = 0; ms < 10_000; ms += 10) {
      // The other side starts anew all the time, and guesses the board's number.
      for (let own = 7; own < 20; own++) script.push(fed(hello(1000 + ms, own)));
      script.push(`t ${ms}000`);
    }
    const connections = board(script).figures[3];
    expect(connections).toBeGreaterThan(5);
    expect(connections).toBeLessThanOrEqual(11);
  });

  it("say goodbye where the node stops, and begin again with it", () => {
    const { written, events } = board([
      ...OPENED,
      ...["s 100", "t 0", "x", "t 500000", fed(hello(9, 8)), "t 2000000", "o", "t 2000000"],
      ...[fed(hello(10, 8)), "t 2000000"],
    ]);
    expect(events.filter((event) => !event.startsWith("= "))).toEqual(["c", "c"]);
    expect(events).toContain("= never");
    expect(written.slice(2)).toEqual([
      expect.stringMatching(/^w 00..02/),
      ...[frame(4, 7), hello(8, 0), hello(8, 10, true)].map((bytes) => `w ${hex(bytes)}`),
    ]);
  });

  it("know a board that starts again with the number it had", () => {
    const end = new PeerEnd(true, 7);
    end.poll(0n);
    end.happens(0n, { fed: hello(9, 7) });
    end.happens(0n, { fed: data(9, 0, 1) });
    end.happens(5n * SECOND, { fed: hello(9, 0) });
    end.happens(5n * SECOND, { fed: hello(9, 8) });
    end.happens(5n * SECOND, { fed: data(9, 0, 2) });
    expect(end.events.filter((event) => !event.startsWith("="))).toEqual(["c", "r 01", "d", "c", "r 02"]);
    expect(board(end.script).events).toEqual(end.events);
  });
});
