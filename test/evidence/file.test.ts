import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Command } from "commander";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { evidenceCommand } from "../../host/cli/evidence.js";
import { EvidenceError, bundleText, parseBundle } from "../../host/evidence/json.js";
import { judge } from "../../host/evidence/judge.js";
import { bundle, fundingTransaction, spending } from "./line.js";

type Json = string | number | boolean | readonly Json[] | { readonly [key: string]: Json };
type Step = string | number;

const full = {
  ...bundle(),
  fundingTransaction: fundingTransaction(),
  claimTransactions: [spending({}, 0), spending({}, 1)],
  confirmedTxid: new Uint8Array(32).fill(9),
};
const text = bundleText(full);
const other = bundle({ holder: 2 });

/** Every place of a document that has a value of its own, and every list and object. */
function* places(value: Json, path: readonly Step[] = []): Generator<readonly [readonly Step[], Json]> {
  yield [path, value];
  if (typeof value !== "object") return;
  for (const [key, inner] of Object.entries(value)) {
    yield* places(inner as Json, [...path, Array.isArray(value) ? Number(key) : key]);
  }
}

/** The document with another value in one place, or without it. */
function changed(value: Json, [step, ...rest]: readonly Step[], to: Json | undefined): Json {
  if (step === undefined) return to ?? value;
  const copy = (Array.isArray(value) ? [...(value as Json[])] : { ...(value as object) }) as Record<Step, Json>;
  if (rest.length === 0 && to === undefined) {
    if (Array.isArray(copy)) copy.splice(Number(step), 1);
    else Reflect.deleteProperty(copy, step);
  } else {
    copy[step] = changed(copy[step] as Json, rest, to);
  }
  return copy as unknown as Json;
}

const nameOf = (path: readonly Step[]): string =>
  path.map((step, at) => (typeof step === "number" ? `[${step}]` : at === 0 ? step : `.${step}`)).join("");
const document = JSON.parse(text) as Json;
const leaves = [...places(document)].filter(([path, value]) => typeof value !== "object" && path.length > 0);

function errorOf(json: Json): string {
  try {
    parseBundle("file", JSON.stringify(json, null, 2));
  } catch (error) {
    if (error instanceof EvidenceError) return error.message;
    throw error;
  }
  return "";
}

describe("the file", () => {
  it("gives back what was written", () => {
    expect(parseBundle("file", text)).toEqual(full);
    const plain = bundle({ holder: 2, anchors: true });
    expect(parseBundle("file", bundleText(plain))).toEqual(plain);
  });

  it("names each field that is missing, with its place", () => {
    const optional = ["funding_transaction", "claim_transactions", "confirmed_txid"];
    const named = [...places(document)].filter(
      ([path]) =>
        typeof path.at(-1) === "string" && !optional.includes(nameOf(path)) && path.at(-1) !== "payment_preimage",
    );
    expect(named.length).toBeGreaterThan(80);
    for (const [path] of named) {
      expect(errorOf(changed(document, path, undefined))).toMatch(/^file:\d+:\d+: /);
      expect(errorOf(changed(document, path, undefined))).toContain(`${nameOf(path)}: is missing`);
    }
  });

  it("names each field whose value is none, with the line where it stands", () => {
    const wrong = (value: Json): Json[] => [
      true === value ? 1 : true,
      typeof value === "number" ? -1 : "x",
      typeof value === "string" && /^[0-9a-f]{16,}$/.test(value) ? value.slice(1) : [],
      typeof value === "number" ? 2 ** 60 : { a: 1 },
    ];
    for (const [path, value] of leaves) {
      for (const to of wrong(value)) {
        // Any text is some record: the judge says what is wrong with it.
        if (path.at(-1) === "record" && to === "x") continue;
        if (path.at(-1) === "anchors" && to === true) continue;
        const json = changed(document, path, to);
        const message = errorOf(json);
        expect(message).toContain(`${nameOf(path)}: `);
        const line = Number(/^file:(\d+):/.exec(message)?.[1]);
        const listed = typeof path.at(-1) === "number";
        const key = listed ? JSON.stringify(to).slice(0, 1) : `"${path.at(-1)}"`;
        expect(JSON.stringify(json, null, 2).split("\n")[line - 1]).toContain(key);
      }
    }
  });

  it("knows no other fields, and is JSON", () => {
    expect(errorOf(changed(document, ["funding", "extra"], 1))).toContain(
      "funding.extra: unknown field; known here: txid, output",
    );
    expect(() => parseBundle("file", "{")).toThrow("file: is not JSON");
    expect(() => parseBundle("file", "[]")).toThrow("file:1:1: a list of 0 is not a bundle of evidence");
    expect(() => parseBundle("file", "null")).toThrow(EvidenceError);
    const limits: [Step[], Json, boolean][] = [
      [["funding", "amount_sat"], "18446744073709551615", true],
      [["funding", "amount_sat"], "18446744073709551616", false],
      [["funding", "amount_sat"], "01", false],
      [["parameters", "tariff_msat_per_kwh"], "-9223372036854775807", true],
      [["parameters", "tariff_msat_per_kwh"], "-9223372036854775808", false],
      [["parameters", "tariff_msat_per_kwh"], "-0", false],
      [["parameters", "interval_s"], 7, false],
      [["node_1", "node_id"], `02${"ff".repeat(32)}`, false],
      [["commitment", "number"], 2 ** 48, false],
    ];
    for (const [path, value, good] of limits)
      expect([path, errorOf(changed(document, path, value)) === ""]).toEqual([path, good]);
  });
});

describe("another value in any one field", () => {
  /** A value of the same form that means something else. */
  function another(path: readonly Step[], value: Json): Json {
    if (typeof value === "boolean") return !value;
    if (path.at(-1) === "interval_s") return 300;
    if (typeof value === "number") return value + 1;
    if (value === "node_1" || value === "node_2") return value === "node_1" ? "node_2" : "node_1";
    if (typeof value !== "string") throw new TypeError(nameOf(path));
    // Another point: that of the other end's HTLCs, or of its funding.
    const spare = Buffer.from(other.keys[path[0] === "node_1" ? 1 : 0].htlcBasepoint).toString("hex");
    if (/^0[23][0-9a-f]{64}$/.test(value))
      return value === spare ? Buffer.from(other.keys[0].fundingPubkey).toString("hex") : spare;
    if (/^-?\d{1,19}$/.test(value)) return String(BigInt(value) + 1000n);
    const at = Math.floor(value.length / 2) + 1;
    return value.slice(0, at) + (value[at] === "0" ? "1" : "0") + value.slice(at + 1);
  }

  /** What proves nothing, and may say anything. */
  const FREE = [
    // Trimmed: no output has them, and their rider is void.
    "htlcs[4].amount_msat",
    "htlcs[4].payment_hash",
    "htlcs[4].cltv_expiry",
    // The output's script has no expiry of what its owner offers. BOLT 3.
    "htlcs[0].cltv_expiry",
    "htlcs[1].cltv_expiry",
    "htlcs[2].cltv_expiry",
    // Secrets of which none follows from another, and none is of the other end's commitment: they refute nothing.
    "revealed_secrets[0].number",
    "revealed_secrets[2].secret",
    // Says only which transaction to expect.
    "confirmed_txid",
  ];

  it("is an error, a fault or another field's fault, never the same verdict", () => {
    const honest = { file: "b", bundle: other };
    const free: string[] = [];
    for (const [path, value] of leaves) {
      if (nameOf(path) === "format") continue;
      let json = changed(document, path, another(path, value));
      // A trimmed HTLC's hash may change if its preimage does.
      if (nameOf(path) === "htlcs[4].payment_hash") json = changed(json, ["htlcs", 4, "payment_preimage"], undefined);
      try {
        const changedBundle = { file: "a", bundle: parseBundle("a", JSON.stringify(json)) };
        const verdict = judge([changedBundle, honest]);
        if (verdict.consistent) free.push(nameOf(path));
        else expect(verdict.bundles.flatMap(({ faults }) => faults).length).toBeGreaterThan(0);
      } catch (error) {
        expect(error, nameOf(path)).toBeInstanceOf(Error);
        expect((error as Error).message).toMatch(/funding|holder/);
      }
    }
    expect(free.sort()).toEqual([...FREE].sort());
  });
});

describe("tieline evidence", () => {
  let folder: string;
  const file = (name: string): string => join(folder, name);
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "tieline-evidence-"));
    writeFileSync(file("one.json"), bundleText(bundle()));
    writeFileSync(file("two.json"), bundleText(other));
    writeFileSync(file("old.json"), bundleText(bundle({ number: 4n })));
    writeFileSync(file("bad.json"), text.replace('"output": 1', '"output": -1'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  async function run(...args: string[]): Promise<{ code: number; out: string; error: string }> {
    const seen = { code: -1, out: "", error: "" };
    const io = {
      write: (text: string) => void (seen.out += text),
      writeError: (text: string) => void (seen.error += text),
      setExitCode: (code: number) => void (seen.code = code),
    };
    await new Command().addCommand(evidenceCommand(io)).parseAsync(["node", "tieline", "evidence", ...args]);
    return seen;
  }

  it("0: all is consistent", async () => {
    const { code, out, error } = await run(file("one.json"), file("two.json"));
    expect([code, error]).toEqual([0, ""]);
    expect(out).toContain("Verdict: node_2 owes node_1 3372.264 sat.\n");
    expect((await run(file("one.json"))).code).toBe(0);
  });

  it("1: one is refuted", async () => {
    const { code, out } = await run(file("old.json"), file("two.json"));
    expect(code).toBe(1);
    expect(out).toContain("REFUTED: ");
    expect(out.endsWith("NOT CONSISTENT\n")).toBe(true);
  });

  it("2: no bundle to judge, and why", async () => {
    const bad = await run(file("bad.json"));
    expect([bad.code, bad.out]).toEqual([2, ""]);
    expect(bad.error).toMatch(
      /^tieline evidence: .*bad\.json:\d+:\d+: funding\.output: -1 is not an integer from 0 to 65535\n$/,
    );
    const none = await run(file("none.json"), "--json");
    expect([none.code, none.error]).toEqual([2, ""]);
    expect(JSON.parse(none.out)).toEqual({ errors: [`${file("none.json")}: cannot be read: no such file`] });
    expect((await run(file("one.json"), file("one.json"))).code).toBe(2);
  });

  it("--claim: by it a rider counts of which only its offerer shows the preimage", async () => {
    const fates = async (...more: string[]): Promise<unknown[]> => {
      const { out, code } = await run(file("one.json"), "--json", ...more);
      expect(code).toBe(0);
      return (JSON.parse(out) as { account: { riders: { fate: string }[] } }).account.riders.map(({ fate }) => fate);
    };
    expect((await fates())[0]).toBe("does not count: only its offerer shows the preimage");
    const claims = [spending({}, 0), spending({}, 1)].flatMap((tx) => ["--claim", Buffer.from(tx).toString("hex")]);
    expect((await fates(...claims)).slice(0, 2)).toEqual([
      "counts: its receiver has claimed it on the chain",
      "bought back: claimed after its lapse",
    ]);
  });

  it("--json has the whole verdict; --confirmed names what has closed the channel", async () => {
    const { out } = await run(file("one.json"), file("two.json"), "--json", "--confirmed", "ab".repeat(32));
    const verdict = JSON.parse(out) as {
      account: { owedMsat: string; debtor: number };
      remarks: string[];
      consistent: boolean;
    };
    expect([verdict.account.owedMsat, verdict.account.debtor, verdict.consistent]).toEqual(["-3372264", 2, true]);
    expect(verdict.remarks.join()).toContain(`${"ab".repeat(32)}, which has closed the channel`);
  });
});
