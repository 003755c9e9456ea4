import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { inspectCommand } from "../../host/cli/inspect.js";
import { verifyCommand } from "../../host/cli/verify.js";
import { writeContainer } from "../../host/ocmf/container.js";
import { METER_KEY, METER_RECORD, keyOf, ownChain } from "../ocmf/fixtures.js";
import { ImageBuilder, busyMeter } from "./image_builder.js";

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "tieline-inspect-"));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

async function run(command: typeof inspectCommand, name: string, content: string | Uint8Array, ...options: string[]) {
  const file = join(folder, name);
  writeFileSync(file, content);
  const result = { output: "", errors: "", code: -1 };
  await command({
    write: (text) => {
      result.output += text;
    },
    writeError: (text) => {
      result.errors += text;
    },
    setExitCode: (code) => {
      result.code = code;
    },
  }).parseAsync([...options, file], { from: "user" });
  return { ...result, lines: result.output.trimEnd().split("\n") };
}

const inspect = (name: string, content: string | Uint8Array, ...options: string[]) =>
  run(inspectCommand, name, content, ...options);

describe("tieline inspect", () => {
  it("says what is in a record of ours", async () => {
    const { lines, code } = await inspect("own.txt", ownChain(2)[1] ?? "");
    expect(code).toBe(0);
    expect(lines.filter((line) => !line.includes("record before"))).toEqual([
      "line 1: F2 of TL0000000001",
      "  meter:          Tieline, T1, TL0000000001",
      "  gateway:        Tieline metrology, TL0000000001, 0.2.0",
      "  firmware:       0123456789abcdef01234567",
      "  format:         1.3",
      "  import:         2026-06-21T00:30:00,000+0000 (clock synchronised), 0.246000 kWh, 01-00:01.08.00*FF AC, good",
      "  export:         2026-06-21T00:30:00,000+0000 (clock synchronised), 0.014000 kWh, 01-00:02.08.00*FF AC, good",
      "  pulses:         246 import, 14 export, at 1000 imp/kWh",
      "  interval:       900 s",
      "  quality:        nothing to remark",
      "  loss bound:     10 s or 10 Wh",
      "  signature:      ECDSA-secp256k1-SHA256, not checked here",
    ]);
  });

  it("says what is in a container of another vendor's record", async () => {
    const xml = writeContainer([{ record: METER_RECORD, publicKey: METER_KEY }]);
    const { lines, code } = await inspect("meter.xml", xml);
    expect(code).toBe(0);
    expect(lines).toContain("line 3: T6 of 1DZG0033016911");
    expect(lines).toContain(
      "  identification: assigned, VERIFIED, EMAID, 0410006a345b84, RFID_NONE OCPP_NONE ISO15118_NONE PLMN_NONE",
    );
    expect(lines).toContain(
      "  import:         2021-07-20T17:37:52,000+0200 (clock informative), begin, 3.988 kWh, 01-00:01.08.00.FF AC, good",
    );
    expect(lines).toContain(`  public key:     ${METER_KEY}`);
  });

  it("judges no signature, and names what it cannot read", async () => {
    const forged = ownChain(1)[0]?.replace("0.123000", "9.999999") ?? "";
    expect((await inspect("forged.txt", forged)).code).toBe(0);
    const { lines, code } = await inspect("mixed.txt", `${forged}\nnonsense\u001b[2J`);
    expect(code).toBe(1);
    expect(lines.slice(-2)).toEqual(["line 2: no record", '  fault: header: is not "OCMF": "nonsense\\u001b[2J"']);
    expect((await inspect("empty.txt", "")).lines).toEqual(["fault: file: holds no records"]);
  });

  it("says what is in a flash image", async () => {
    const { lines, code } = await inspect("flash.bin", busyMeter(5).image);
    expect(code).toBe(0);
    expect(lines.slice(0, 8)).toEqual([
      "flash image: 64 sectors of 4096 bytes",
      "journal: sectors 0 to 3, 0 in force with sequence 1 and 3072 bytes free; 1 used, 19 entries",
      "events: sectors 4 to 5, 4 in force with sequence 1 and 3512 bytes free; 1 used, 9 entries",
      "records: sectors 6 to 63, 6 in force with sequence 1 and 3076 bytes free; 1 used, 8 entries",
      "meter: Tieline T1 TL0000000001, firmware 0.2.0",
      `  module ${"0123456789abcdef".repeat(4)}`,
      "  1000 imp/kWh, intervals of 900 s, loss bound 10000 ms or 10 Wh",
      "registers: import 616 pulses, 0.616000 kWh; export 35 pulses, 0.035000 kWh",
    ]);
    expect(lines).toContain('transaction: running for "0410006a345b84", tariff "day"');
    expect(lines).toContain("  T1 2026-06-21T01:00:00.000Z S B import 492 export 28");
    expect(lines).toContain("  4 2026-06-21T00:00:00.000Z CLOCK_SET 2 (up 4000 ms)");
    expect(lines.at(-1)).toBe("faults: 0, notes: 0");
  });

  it("prints the receipts of an image, which tieline verify accepts", async () => {
    const meter = busyMeter(20);
    const { output, errors, code } = await inspect("flash.bin", meter.image, "--records");
    expect([output, errors, code]).toEqual([`${meter.receipts.join("\n")}\n`, "", 0]);
    const verified = await run(verifyCommand, "receipts.txt", output, "--key", keyOf());
    expect(verified.lines.at(-1)).toBe(
      "records: 20, 20 ok, 0 invalid, 0 not verified, chain problems: 0, other errors: 0: OK",
    );
    expect(verified.code).toBe(0);
  });

  it("takes the sector size, and names damage with its place", async () => {
    const meter = busyMeter(5, 8, 1024);
    expect((await inspect("small.bin", meter.image, "--sector-bytes", "1024")).code).toBe(0);
    const damaged = Buffer.from(meter.image).fill(0, 5 * 1024 + 200, 5 * 1024 + 204);
    const { lines, code } = await inspect("damaged.bin", damaged, "--sector-bytes", "1024");
    expect(code).toBe(1);
    expect(lines.find((line) => line.startsWith("fault"))).toMatch(/^fault: records sector 5 offset 1\d\d: /);
    const records = await inspect("damaged.bin", damaged, "--sector-bytes", "1024", "--records");
    expect(records.errors).toContain("fault: records sector 5 offset");
    expect(records.code).toBe(1);
  });

  it("prints one JSON document if asked", async () => {
    const image = await inspect("flash.bin", busyMeter(5).image, "--json");
    expect(JSON.parse(image.output)).toMatchObject({
      kind: "image",
      state: { pulses: ["616", "35"], nextPage: { F: 5, T: 2 } },
      records: [{ page: 1, context: "F" }, {}, {}, { page: 1, context: "T", texts: { tariff: "day" } }, {}],
      events: [{ name: "POWER_UP" }, {}, {}, {}, {}, {}, {}],
      findings: [],
    });
    const receipts = await inspect("own.txt", ownChain(1)[0] ?? "", "--json");
    expect(JSON.parse(receipts.output)).toMatchObject({ kind: "receipts", receipts: [{ page: "F1", errors: [] }] });
  });

  it("knows an image from receipts by its content", async () => {
    const kind = async (content: string | Uint8Array) => {
      const { output } = await inspect("any", content, "--json");
      return (JSON.parse(output) as { kind: string }).kind;
    };
    expect(await kind(new ImageBuilder().image)).toBe("image");
    expect(await kind(Buffer.alloc(8 * 4096, 0xff))).toBe("image");
    expect(await kind(Buffer.alloc(8 * 4096))).toBe("image");
    const headless = new ImageBuilder().image.fill(0x4f, 0, 4096);
    expect(await kind(headless)).toBe("image");
    expect(await kind("OCMF|{}|{}")).toBe("receipts");
    expect(await kind("\ufeff <values/>")).toBe("receipts");
    expect(await kind("OCMF|\u0000")).toBe("receipts");
    expect(await kind("text")).toBe("receipts");
    expect(await kind("")).toBe("receipts");
  });
});
