import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { verifyCommand } from "../../host/cli/verify.js";
import { writeContainer } from "../../host/ocmf/container.js";
import { MAX_RECORDS_PER_FILE, verifyFiles } from "../../host/ocmf/report.js";
import type { VerifyReport } from "../../host/ocmf/report.js";
import { FILE_RECORDS } from "../long/counts.js";
import { METER_KEY, METER_RECORD, keyOf, ownChain, pointHex } from "./fixtures.js";

const CHAIN = ownChain(3);
const container = (records: readonly string[], key?: string) =>
  writeContainer(
    records.map((record, at) => ({ record, transactionId: BigInt(at), ...(key !== undefined && { publicKey: key }) })),
  );

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "tieline-verify-"));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

function file(name: string, content: string | Uint8Array): string {
  writeFileSync(join(folder, name), content);
  return name;
}

/** Runs the command in process; file names are inside the folder, and come out without it. */
async function run(names: readonly string[], ...options: string[]) {
  let output = "";
  let code: number | undefined;
  const command = verifyCommand({
    write: (text) => {
      output += text;
    },
    writeError: (text) => {
      output += text;
    },
    setExitCode: (value) => {
      code = value;
    },
  });
  await command.parseAsync([...options, ...names.map((name) => join(folder, name))], { from: "user" });
  return { code, lines: output.replaceAll(`${folder}/`, "").trimEnd().split("\n"), output };
}

describe("tieline verify", () => {
  it("exits 0 when all holds under the key given", async () => {
    const name = file("good.txt", `\n${CHAIN.join("\r\n")}\n\n`);
    for (const key of [keyOf(), pointHex()]) {
      const { code, lines } = await run([name], "--key", key);
      expect(lines).toEqual([
        "good.txt:2: F1 TL0000000001 2026-06-21T00:15:00,000+0000 S import 0.123000 kWh export 0.007000 kWh OK",
        "good.txt:3: F2 TL0000000001 2026-06-21T00:30:00,000+0000 S import 0.246000 kWh export 0.014000 kWh OK",
        "good.txt:4: F3 TL0000000001 2026-06-21T00:45:00,000+0000 S import 0.369000 kWh export 0.021000 kWh OK",
        "records: 3, 3 ok, 0 invalid, 0 not verified, chain problems: 0, other errors: 0: OK",
      ]);
      expect(code).toBe(0);
    }
  });

  it("reads a container, and a record of another vendor", async () => {
    const name = file("meter.xml", `\ufeff${container([METER_RECORD], METER_KEY)}`);
    const { code, lines } = await run([name], "--key", METER_KEY);
    expect(lines.slice(0, 2)).toEqual([
      "meter.xml:3: T6 1DZG0033016911 2021-07-20T17:37:52,000+0200 I import 3.988 kWh OK",
      "meter.xml:3: TX: the records end within a transaction (no fault)",
    ]);
    expect(code).toBe(0);
  });

  it("exits 2 for a key that comes with the records, 0 if that is asked for", async () => {
    const name = file("self.xml", container(CHAIN, keyOf()));
    const plain = await run([name]);
    expect(plain.lines.at(-1)).toContain(`integrity only, key untrusted: ${pointHex()}`);
    expect(plain.code).toBe(2);
    const accepted = await run([name], "--self-signed");
    expect(accepted.lines.at(-1)).toContain("integrity only, key untrusted");
    expect(accepted.code).toBe(0);
  });

  it("exits 2 without any key, --self-signed or not", async () => {
    for (const name of [file("nokey.txt", CHAIN.join("\n")), file("nokey.xml", container(CHAIN))]) {
      for (const options of [[], ["--self-signed"]]) {
        const { code, lines } = await run([name], ...options);
        expect(lines[0]).toMatch(/ NOT VERIFIED$/);
        expect(lines.at(-1)).toMatch(/: signatures not verified: no public key; give one with --key$/);
        expect(code).toBe(2);
      }
    }
  });

  it("takes the one key of a container for values without one", async () => {
    const [first = "", second = ""] = CHAIN;
    const name = file("common.xml", writeContainer([{ record: first, publicKey: keyOf() }, { record: second }]));
    expect((await run([name], "--self-signed")).code).toBe(0);
  });

  it("exits 1 for a wrong signature, and says where", async () => {
    const [first = "", second = "", third = ""] = CHAIN;
    const name = file("altered.txt", [first, second.replace('"T1"', '"T2"'), third].join("\n"));
    const { code, lines } = await run([name], "--key", keyOf());
    expect(lines[1]).toBe(
      "altered.txt:2: SD: the signature does not fit this payload and public key " +
        "[F2 TL0000000001 2026-06-21T00:30:00,000+0000 S import 0.246000 kWh export 0.014000 kWh]",
    );
    expect(lines[3]).toBe("altered.txt:3: U.H: is not the hash of the record before");
    expect(lines[4]).toMatch(/records: 3, 2 ok, 1 invalid, .*: INVALID$/);
    expect(code).toBe(1);
  });

  it("exits 1 for a broken chain of good records", async () => {
    const name = file("gap.txt", [CHAIN[0], CHAIN[2]].join("\n"));
    const { code, lines } = await run([name], "--key", keyOf());
    expect(lines.slice(0, 2).every((line) => line.endsWith(" OK"))).toBe(true);
    expect(lines[2]).toBe("gap.txt:2: PG: F3 follows F1: 1 missing between them");
    expect(code).toBe(1);
    expect((await run([name])).code).toBe(1);
  });

  it("exits 1 for another key than the file's", async () => {
    const name = file("other.xml", container(CHAIN, keyOf("ECDSA-secp256k1-SHA256", 8)));
    const { code, lines } = await run([name], "--key", keyOf());
    expect(lines[0]).toMatch(/^other\.xml:3: publicKey: the key in the file is not the one given with --key \[F1/);
    expect(code).toBe(1);
  });

  it("exits 1 when a container changes its key on the way", async () => {
    const other = keyOf("ECDSA-secp256k1-SHA256", 8);
    const [first = "", second = ""] = CHAIN;
    const forged = ownChain(2, () => ({}), 8)[1] ?? "";
    expect(forged).not.toBe(second);
    const name = file(
      "mixed.xml",
      writeContainer([
        { record: first, publicKey: keyOf() },
        { record: forged, publicKey: other },
      ]),
    );
    const { code, lines } = await run([name], "--self-signed");
    expect(lines).toContain("mixed.xml:7: publicKey: another key than with the record before");
    expect(code).toBe(1);
  });

  it("joins a meter's files into one chain, and keeps meters apart", async () => {
    const [first = "", second = "", third = ""] = CHAIN;
    const [one, two] = [file("1.txt", first), file("2.txt", `${second}\n${third}`)];
    const neighbour = file("n.txt", ownChain(2, () => ({ serial: "TL0000000002" })).join("\n"));
    expect((await run([one, neighbour, two], "--key", keyOf())).code).toBe(0);
    const { code, lines } = await run([two, one], "--key", keyOf());
    expect(lines).toContain("1.txt:1: PG: F1 follows F3: out of order");
    expect(code).toBe(1);
  });

  it.each([
    ["missing.txt", undefined, "missing.txt:1: file: cannot be read: no such file"],
    [".", undefined, ":1: file: cannot be read: is a directory"],
    ["empty.txt", "", "empty.txt:1: file: holds no records"],
    ["blank.txt", " \n\t\r\n", "blank.txt:1: file: holds no records"],
    ["text.txt", "hello\n", 'text.txt:1: header: is not "OCMF": "hello"'],
    ["esc.txt", "\u001b[2J", 'esc.txt:1: header: is not "OCMF": "\\u001b[2J"'],
    ["bytes.txt", Buffer.from([0x4f, 0xff, 0xfe, 0x00]), "bytes.txt:1: record: is not UTF-8 text"],
    ["huge.txt", "x".repeat(1_000_000), "huge.txt:1: record: is longer than 65536 characters"],
    ["bad.xml", "<values><value>", "bad.xml:1: xml: is not well formed"],
    ["utf.xml", Buffer.from([0x3c, 0xff]), "utf.xml:1: file: is not UTF-8 text"],
    ["dtd.xml", "<!DOCTYPE values><values/>", "dtd.xml:1: xml: carries a document type, which is refused"],
    [
      "badkey.xml",
      container(CHAIN.slice(0, 1), "0102"),
      "badkey.xml:3: publicKey: is not a SEC 1 point of 33 or 65 bytes",
    ],
  ])("exits 1 with one clear line: %s", async (name, content, expected) => {
    if (content !== undefined) file(name, content);
    const { code, output } = await run([name], "--key", keyOf());
    expect(output).toContain(expected);
    expect(output).not.toMatch(/\n\s+at /);
    expect(output).not.toContain("\u001b");
    expect(code).toBe(1);
  });

  it("refuses files beyond its size", async () => {
    const name = file("large.txt", Buffer.alloc(64 * 1024 * 1024 + 1, 0x0a));
    expect((await run([name])).lines[0]).toBe("large.txt:1: file: is larger than 64 MiB");
  });

  it("refuses files of more lines than records are possible", async () => {
    const name = file("lines.txt", "x\n".repeat(MAX_RECORDS_PER_FILE + 1));
    const { code, lines } = await run([name]);
    expect(lines[0]).toBe("lines.txt:1: file: has more than 200000 records");
    expect(lines).toHaveLength(2);
    expect(code).toBe(1);
  });

  it("vouches for nothing when there is nothing", () => {
    expect(verifyFiles([], { key: keyOf() })).toMatchObject({ verdict: "unverified", exitCode: 2 });
    expect(verifyFiles([], { selfSigned: true })).toMatchObject({ verdict: "unverified", exitCode: 2 });
  });

  it("still reports the other records and files", async () => {
    const name = file("partly.txt", `${CHAIN[0]}\ngarbage\n${CHAIN[1]}`);
    const { code, lines } = await run([name, "missing.txt"], "--key", keyOf());
    expect(lines.filter((line) => line.endsWith(" OK"))).toHaveLength(2);
    expect(lines.at(-1)).toContain("records: 3, 2 ok, 1 invalid, 0 not verified, chain problems: 0, other errors: 1");
    expect(code).toBe(1);
  });

  it("exits 1 for a --key that is none", async () => {
    const { code, lines } = await run([file("k.txt", CHAIN[0] ?? "")], "--key", "xyz");
    expect(lines[0]).toBe("--key: publicKey: is neither hex nor base64");
    expect(code).toBe(1);
  });

  it("prints one JSON document if asked", async () => {
    const name = file("json.txt", [CHAIN[0], CHAIN[2]].join("\n"));
    const { code, output } = await run([name], "--json", "--key", keyOf());
    const report = JSON.parse(output) as VerifyReport;
    expect(report).toMatchObject({ verdict: "invalid", exitCode: 1, keys: [pointHex()], errors: [] });
    expect(report.records[0]).toMatchObject({
      line: 1,
      page: "F1",
      serial: "TL0000000001",
      state: "ok",
      registers: [
        { register: "01-00:01.08.00*FF", direction: "import", value: "0.123000", unit: "kWh" },
        { register: "01-00:02.08.00*FF", direction: "export", value: "0.007000", unit: "kWh" },
      ],
    });
    expect(report.chain.map(({ field }) => field)).toEqual(["PG", "U.H"]);
    expect(code).toBe(1);
  });

  it("checks thousands of records, as lines and in a container", () => {
    const chain = ownChain(FILE_RECORDS);
    const head = chain.slice(0, FILE_RECORDS / 2);
    for (const [content, count] of [
      [chain.join("\n"), FILE_RECORDS],
      [container(head, keyOf()), FILE_RECORDS / 2],
    ] as const) {
      const report = verifyFiles([{ name: "f", bytes: Buffer.from(content) }], { key: keyOf() });
      expect(report.exitCode).toBe(0);
      expect(report.records).toHaveLength(count);
    }
  });

  it("never throws on content", () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc.string({ unit: "binary", maxLength: 100 }).map((text) => Buffer.from(`OCMF|${text}`)),
      fc
        .string({ unit: "binary", maxLength: 100 })
        .map((text) => Buffer.from(`<values><value>${text}</value></values>`)),
    );
    const key = fc.option(fc.oneof(fc.constant(keyOf()), fc.string()), { nil: undefined });
    fc.assert(
      fc.property(fc.array(bytes, { maxLength: 3 }), key, (contents, text) => {
        const files = contents.map((content, at) => ({ name: `f${at}`, bytes: content }));
        const report = verifyFiles(files, text === undefined ? {} : { key: text });
        expect(report.exitCode).not.toBe(0);
        expect(() => JSON.stringify(report)).not.toThrow();
      }),
      { numRuns: 500 },
    );
  });
});
