import { writeContainer } from "../../host/ocmf/container.js";
import { METER_KEY, METER_RECORD, ownChain, ownTransactions } from "./fixtures.js";

/** A stream of pseudo-random numbers that a seed repeats (mulberry32). */
export class Random {
  constructor(private state: number) {}

  /** 0 to `below` - 1. */
  below(below: number): number {
    this.state = (this.state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  }

  pick<T>(from: readonly [T, ...T[]]): T {
    return from[this.below(from.length)] ?? from[0];
  }
}

const OWN = ownChain(2);
const TRANSACTION = ownTransactions("BE");
export const GENUINE: readonly [string, ...string[]] = [METER_RECORD, ...OWN, ...TRANSACTION];
const FILES: readonly [string, ...string[]] = [...GENUINE, OWN.join("\n"), TRANSACTION.join("\n")];
/** Most without a key: checking signatures costs more than reading hostile XML does. */
const CONTAINERS: readonly [string, ...string[]] = [
  writeContainer([{ record: METER_RECORD, publicKey: METER_KEY, transactionId: 1n, context: "Transaction.Begin" }]),
  writeContainer(TRANSACTION.map((record) => ({ record }))),
  writeContainer([{ record: METER_RECORD, transactionId: 1n, context: "Transaction.Begin" }]),
  writeContainer(OWN.map((record, at) => ({ record, transactionId: BigInt(at) }))),
];

const TOKEN = /"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*|true|false|null|[[\]{}:,|]/g;
const VALUES: readonly [string, ...string[]] = [
  "null",
  ...["true", "{}", "[]", '""', "-1", "0", "1e999", "-0", '"\\u0000"', '"__proto__"', "[[[]]]", "NaN"],
  ...[
    '"F1"',
    '"T1"',
    '"F01"',
    '"TX"',
    '"B"',
    '"E"',
    '"U"',
    '"Q"',
    '"RD"',
    '"SD"',
    '"é\\ud800"',
    "18446744073709551616",
  ],
];
const FRAGMENTS: readonly [string, ...string[]] = [
  "<",
  ...[">", "</", "/>", "<values>", "</value>", "<value>", "<signedData>", "</signedData>", "<!--", "-->", "<?xml?>"],
  ...["<![CDATA[", "]]>", "&amp;", "&#x0;", "&#99999999;", "&lol;", '="', "'", "<!DOCTYPE a>", "\u0000", "\ufeff"],
];

function spliced(text: string, at: number, cut: number, inserted: string): string {
  return text.slice(0, at) + inserted + text.slice(at + cut);
}

function mutatedBytes(random: Random, base: string): Buffer {
  const bytes = Buffer.from(base);
  for (let edits = 1 + random.below(4); edits > 0; edits--) {
    const at = random.below(bytes.length);
    bytes[at] = random.below(2) === 0 ? random.below(256) : (bytes[at] ?? 0) ^ (1 << random.below(8));
  }
  return bytes;
}

function mutatedTokens(random: Random, base: string): string {
  const places = [...base.matchAll(TOKEN)];
  const one = places[random.below(places.length)];
  const other = places[random.below(places.length)];
  if (!one || !other) return base;
  const inserted = random.below(3) === 0 ? other[0] : random.below(6) === 0 ? "" : random.pick(VALUES);
  return spliced(base, one.index, one[0].length, inserted);
}

function truncated(random: Random, base: string): string {
  const at = random.below(base.length);
  return random.below(2) === 0 ? base.slice(0, at) : base.slice(at);
}

function duplicated(random: Random, base: string): string {
  const [header = "", payload = "", signature = ""] = base.split("\n", 1)[0]?.split("|") ?? [];
  const key = /"RD"\s*:/.exec(payload)?.index ?? 0;
  return random.pick([
    `${header}|${payload}|${payload}|${signature}`,
    `${header}|${payload}|${signature}|${signature}`,
    `${header}|${header}|${payload}|${signature}`,
    `${header}|${signature}|${payload}`,
    `${base}\n${base}`,
    `${header}|${payload.slice(0, key)}${payload.slice(1)}|${signature}`,
    `${header}|${payload.replace(/\{"TM.*?\}/, "$&,$&")}|${signature}`,
    `${header}|${payload}|${signature.slice(0, -1)},${signature.slice(1)}`,
  ]);
}

function deep(random: Random, base: string): string {
  // Mostly shallow, as deep ones are long; the longest is beyond the bound on a record's length.
  const depth = random.below(50) === 0 ? random.below(40_000) : random.below(60);
  const [open, close] = random.pick([
    ["[", "]"],
    ['{"a":', "}"],
    ['[{"RD":', "}]"],
  ]);
  const nested = open.repeat(depth) + "0" + (random.below(4) === 0 ? "" : close.repeat(depth));
  const colons = [...base.matchAll(/:/g)];
  return spliced(base, (colons[random.below(colons.length)]?.index ?? 0) + 1, 0, `${nested},"Z":`);
}

function huge(random: Random, base: string): string {
  const numbers = [...base.matchAll(/\d+(?:\.\d+)?/g)];
  const place = numbers[random.below(numbers.length)];
  const length = random.below(40) === 0 ? random.below(60_000) : 1 + random.below(80);
  const digits = random.pick(["9", "0", "1"]).repeat(length);
  const number = random.pick([
    digits,
    `-${digits}`,
    `${digits}.${digits}`,
    `1e${digits}`,
    `1E-${digits}`,
    `0.${digits}`,
  ]);
  return place ? spliced(base, place.index, place[0].length, number) : base;
}

function mutatedXml(random: Random): string {
  let xml = random.pick(CONTAINERS);
  for (let edits = 1 + random.below(3); edits > 0; edits--) {
    const tags = [...xml.matchAll(/<[^>]*>|="[^"]*"|&\w+;/g)];
    const tag = tags[random.below(Math.max(1, tags.length))];
    const at = random.below(xml.length);
    xml = random.pick([
      () => spliced(xml, at, random.below(20), random.pick(FRAGMENTS)),
      () => (tag ? spliced(xml, tag.index, tag[0].length, random.pick(FRAGMENTS)) : xml),
      () => (tag ? spliced(xml, tag.index, 0, tag[0].repeat(1 + random.below(20))) : xml),
      () => xml.slice(0, at),
      () => xml.replace(/<value[ >][\s\S]*<\/value>/, "$&$&"),
    ])();
  }
  return xml;
}

/** Each kind with its share of the inputs, in percent; those that cost more are fewer. */
const KINDS = {
  bytes: [16, (random: Random) => mutatedBytes(random, random.pick(FILES))],
  tokens: [18, (random: Random) => mutatedTokens(random, random.pick(FILES))],
  truncation: [14, (random: Random) => truncated(random, random.pick(FILES))],
  duplication: [10, (random: Random) => duplicated(random, random.pick(FILES))],
  deep: [12, (random: Random) => deep(random, random.pick(GENUINE))],
  huge: [12, (random: Random) => huge(random, random.pick(GENUINE))],
  xml: [8, mutatedXml],
  noise: [10, (random: Random) => Buffer.from(Array.from({ length: random.below(200) }, () => random.below(256)))],
} as const;
export type HostileKind = keyof typeof KINDS;
export const HOSTILE_KINDS = Object.keys(KINDS) as HostileKind[];

/** How many of `count` inputs are of a kind. */
export function shareOf(kind: HostileKind, count: number): number {
  return Math.ceil((count * KINDS[kind][0]) / 100);
}

/** One hostile file of a kind. */
export function hostileFile(kind: HostileKind, random: Random): Uint8Array {
  return Buffer.from(KINDS[kind][1](random));
}
