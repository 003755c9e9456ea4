import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Entropy } from "../../host/board/entropy.js";
import { projectRoot } from "../../host/root.js";
import { PEER_SEEDS } from "../long/counts.js";
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
    it(`say the same on a board and on a host, and lose nothing: ${name}`, () => {
      for (let seed = 0; seed < PEER_SEEDS; seed++) {
        const line = lived(`${name} ${seed}`, faults);
        for (const end of [line.a, line.b]) {
          const { written, events } = board(end.script);
          expect(events, `seed ${seed}`).toEqual(end.events);
          expect(written, `seed ${seed}`).toEqual(end.lines);
        }
      }
    }, 60_000 + 10_000 * PEER_SEEDS);
  }
});
