import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { KeyStore } from "../../host/board/key_store.js";
import { verifyCommand } from "../../host/cli/verify.js";
import { noteDigest } from "../../host/metrology/note.js";
import { checkNoteFile, formatNoteFile, isNoteFile } from "../../host/metrology/note_file.js";
import { spkiFromPoint } from "../../host/ocmf/key.js";
import { keyOf, ownChain } from "../ocmf/fixtures.js";
import { TEST_KEY } from "../driver/meters.js";
import { hashOf } from "../driver/note_client.js";

const keys = new KeyStore(TEST_KEY);
const figures = { intervalStart: 1_782_086_400, energyMwh: 500n, issuedMwh: 2n ** 60n };
const signature = new Uint8Array(64);
keys.sign(noteDigest(figures, hashOf(1)), signature);
const NOTE = { note: { ...figures, signature }, paymentHash: Uint8Array.from(hashOf(1)), meterKey: keys.publicKey() };
const TEXT = formatNoteFile(NOTE);
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
const otherKey = hex(new KeyStore(new Uint8Array(32).fill(5)).publicKey());

/** The note's file with some members changed. */
const changed = (members: Record<string, unknown>): string =>
  JSON.stringify({ ...(JSON.parse(TEXT) as object), ...members });

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "tieline-note-"));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

/** Runs `tieline verify` in process on files with these contents. */
async function verify(contents: Record<string, string>, ...options: string[]) {
  let output = "";
  let code: number | undefined;
  const write = (text: string): void => {
    output += text;
  };
  const setExitCode = (value: number): void => {
    code = value;
  };
  const names = Object.entries(contents).map(([name, content]) => {
    writeFileSync(join(folder, name), content);
    return join(folder, name);
  });
  await verifyCommand({ write, writeError: write, setExitCode }).parseAsync([...options, ...names], { from: "user" });
  return { code, output: output.replaceAll(`${folder}/`, "") };
}

describe("a note file", () => {
  it("is JSON that reads back", () => {
    const { note, error } = checkNoteFile(Buffer.from(TEXT));
    expect(error).toBeUndefined();
    expect(note).toEqual(NOTE);
    expect(isNoteFile(Buffer.from(` \n${TEXT}`))).toBe(true);
    expect(isNoteFile(Buffer.from(ownChain(1)[0] ?? ""))).toBe(false);
    expect(isNoteFile(Buffer.from("<?xml"))).toBe(false);
    // Numbers that JSON can tell exactly may stand as such.
    expect(checkNoteFile(Buffer.from(changed({ energy_mwh: 500 }))).error).toBeUndefined();
  });

  it.each([
    ["{", "is no JSON"],
    ["[1]", "is no JSON object"],
    ["null", "is no JSON object"],
    [changed({ extra: 1 }), 'has a member "extra" that no note has'],
    [changed({ signature: undefined }), "signature: is missing"],
    [changed({ payment_hash: "00" }), "payment_hash: is not 32 bytes in hexadecimal"],
    [changed({ payment_hash: 7 }), "payment_hash: is not 32 bytes in hexadecimal"],
    [changed({ signature: "zz".repeat(64) }), "signature: is not 64 bytes in hexadecimal"],
    [changed({ meter_key: `${otherKey}00` }), "meter_key: is not 33 bytes in hexadecimal"],
    [changed({ interval_start: 2 ** 32 }), `interval_start: is not a whole number of at most ${2 ** 32 - 1}`],
    [changed({ interval_start: -900 }), `interval_start: is not a whole number of at most ${2 ** 32 - 1}`],
    [changed({ energy_mwh: 0.5 }), `energy_mwh: is not a whole number of at most ${2n ** 64n - 1n}`],
    [changed({ energy_mwh: "007" }), `energy_mwh: is not a whole number of at most ${2n ** 64n - 1n}`],
    [changed({ issued_mwh: `${2n ** 64n}` }), `issued_mwh: is not a whole number of at most ${2n ** 64n - 1n}`],
    [changed({ energy_mwh: "0" }), "the note is of no energy"],
    [changed({ issued_mwh: "499" }), "of 499 mWh issued for the interval, the note alone has 500"],
    [changed({ meter_key: "05".repeat(33) }), "the meter's key is no compressed point of secp256k1"],
    [changed({ energy_mwh: "501" }), "the signature is not the meter's for this payment_hash and these figures"],
    [changed({ meter_key: otherKey }), "the signature is not the meter's for this payment_hash and these figures"],
  ])("%s", (text, error) => {
    expect(checkNoteFile(Buffer.from(text)).error).toBe(error);
  });
});

describe("tieline verify on notes", () => {
  const line = `note.json: note: interval 2026-06-22T00:00:00.000Z, 500 mWh of ${2n ** 60n} issued: `;

  it("exits 0 under the meter's key, given as point or SPKI", async () => {
    for (const key of [keys.publicKey(), spkiFromPoint(keys.publicKey())]) {
      expect(await verify({ "note.json": TEXT }, "--key", hex(key))).toEqual({ code: 0, output: `${line}OK\n` });
    }
  });

  it("does not trust the key that a note brings along", async () => {
    const untrusted = `${line}integrity only, key untrusted: ${hex(keys.publicKey())}`;
    expect(await verify({ "note.json": TEXT })).toEqual({ code: 2, output: `${untrusted}\n` });
    expect(await verify({ "note.json": TEXT }, "--self-signed")).toEqual({
      code: 0,
      output: `${untrusted} (accepted by --self-signed)\n`,
    });
  });

  it("exits 1 for what does not hold", async () => {
    const bad = await verify({ "note.json": changed({ energy_mwh: "1" }) }, "--key", hex(keys.publicKey()));
    expect(bad).toEqual({
      code: 1,
      output: "note.json: note: the signature is not the meter's for this payment_hash and these figures\n",
    });
    const other = await verify({ "note.json": TEXT }, "--key", otherKey);
    expect(other).toEqual({ code: 1, output: "note.json: note: meter_key: is not the key given\n" });
    expect((await verify({ "note.json": TEXT }, "--key", "xyz")).output).toMatch(/^note.json: note: publicKey: /);
    expect((await verify({ "note.json": '{"\u202e":1}' })).output).toContain("\\u202e");
  });

  it("checks notes beside receipts, and the worst decides", async () => {
    const receipts = ownChain(2).join("\n");
    const both = await verify({ "a.txt": receipts, "note.json": TEXT }, "--key", keyOf());
    expect(both.code).toBe(1);
    expect(both.output).toMatch(/note\.json: note: meter_key: is not the key given\n[^]*records: 2, 2 ok/);
    const untrusted = await verify({ "a.txt": receipts, "note.json": TEXT }, "--self-signed");
    expect(untrusted.code).toBe(2);
    const json = JSON.parse((await verify({ "note.json": TEXT }, "--json")).output) as { meterNotes: object[] };
    expect(json.meterNotes).toEqual([
      {
        file: join(folder, "note.json").replace(`${folder}/`, ""),
        verdict: "integrity only",
        exitCode: 2,
        error: null,
        interval_start: figures.intervalStart,
        energy_mwh: "500",
        issued_mwh: `${2n ** 60n}`,
        meter_key: hex(keys.publicKey()),
      },
    ]);
  });
});
