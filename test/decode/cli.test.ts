import { spawn } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { decodeCommand } from "../../host/cli/decode.js";
import { projectRoot } from "../../host/root.js";
import { Cli, MAIN } from "../cli/cli.js";
import { readVectors } from "../driver/vectors.js";
import { invoiceVectors } from "../invoice/invoices.js";
import { onionVector, staticRemotekey } from "./vectors.js";

const { valid } = invoiceVectors();
const route = valid.find(({ id }) => id === "p2pkh_two_hop_route")?.invoice ?? "";
const pico = valid.find(({ id }) => id === "pico_amount")?.invoice ?? "";

async function run(...args: string[]) {
  const result = { output: "", errors: "", code: -1 };
  await decodeCommand({
    write: (text) => {
      result.output += text;
    },
    writeError: (text) => {
      result.errors += text;
    },
    setExitCode: (code) => {
      result.code = code;
    },
  }).parseAsync(args, { from: "user" });
  return { ...result, lines: result.output.trimEnd().split("\n") };
}

describe("tieline decode", () => {
  const cli = new Cli();

  it("shows an invoice, aligned", async () => {
    const { lines, code, errors } = await run(`lightning:${pico}`);
    expect([code, errors]).toEqual([0, ""]);
    expect(lines).toEqual([
      "kind:                        invoice",
      "currency:                    bc",
      "amount_msat:                 967878534",
      "payee:                       03e7156ae33b0a208d0744199163177e909e80176e55d97a2f221ede0f934dd9ad",
      "payment_hash:                462264ede7e14047e9b249da94fefc47f41f7d02ee9b091815a5506bc8abf75f",
      `payment_secret:              ${"1".repeat(64)}`,
      "description:                 Blockstream Store: 88.85 USD for Blockstream Ledger Nano S x 1, " +
        '"Back In My Day" Sticker x 2, "I Got Lightning Working" Sticker x 2 and 1 more items',
      "timestamp:                   1572468703",
      "time:                        2019-10-30T20:51:43Z",
      "expiry_s:                    604800",
      "expires:                     2019-11-06T20:51:43Z",
      "min_final_cltv_expiry_delta: 10",
      "features:",
      "  8 var_onion_optin, required",
      "  14 payment_secret, required",
      "routes:",
      "  [0]",
      "    [0]",
      "      pubkey:                      03d06758583bb5154774a6eb221b1276c9e82d65bbaceca806d90e20c108f4b1c7",
      "      short_channel_id:            589390x3312x1",
      "      fee_base_msat:               1000",
      "      fee_proportional_millionths: 2500",
      "      cltv_expiry_delta:           40",
      "fallbacks:                   none",
      "skipped_fields:              none",
      expect.stringMatching(/^signature: {19}[0-9a-f]{128}$/),
      expect.stringMatching(/^recovery_id: {17}[01]$/),
    ]);
  });

  it("prints JSON with amounts as strings", async () => {
    const { output, code } = await run("--json", route);
    expect(code).toBe(0);
    expect(JSON.parse(output)).toMatchObject({
      kind: "invoice",
      amount_msat: "2000000000",
      expiry_s: "3600",
      timestamp: 1496314658,
      routes: [[{ fee_base_msat: "1", short_channel_id: "66051x263430x1800" }, { fee_base_msat: "2" }]],
      fallbacks: [{ version: 17, address: "1RustyRX2oai4EYYDpQGWvEL62BBGqN9T" }],
    });
    const { vectors } = readVectors<{ vectors: { type: number; hex: string }[] }>("extra_bolt07_gossip_messages");
    const update = vectors.find(({ type, hex }) => type === 258 && hex.length === 2 * 138)?.hex ?? "";
    expect(JSON.parse((await run("--json", update)).output)).toMatchObject({
      name: "channel_update",
      fields: { fee_base_msat: expect.stringMatching(/^\d+$/), htlc_maximum_msat: expect.stringMatching(/^\d+$/) },
    });
    const donation = JSON.parse((await run("--json", valid[0]?.invoice ?? "")).output) as Record<string, unknown>;
    expect(donation["amount_msat"]).toBeNull();
  });

  it("recognises each kind", async () => {
    const kinds = async (...args: string[]): Promise<unknown> => {
      const { output } = await run("--json", ...args);
      return (JSON.parse(output) as Record<string, unknown>)["kind"];
    };
    const commitment = staticRemotekey().vectors[0];
    expect(await kinds(valid[12]?.invoice ?? "")).toBe("invoice");
    expect(await kinds(commitment?.commit_tx.toUpperCase() ?? "")).toBe("transaction");
    expect(await kinds("0010 0000\n0000")).toBe("message");
    expect(await kinds(onionVector().onion)).toBe("onion");
    expect(await kinds(onionVector().generate.hops[1]?.payload ?? "")).toBe("payload");
    expect(await kinds(commitment?.outputs?.[0]?.wscript ?? "")).toBe("script");
    // ping: what it looks like is not what it is said to be.
    expect(await kinds("--type", "script", "00120000")).toBe("script");
  });

  it("says what the README has it say", async () => {
    const readme = readFileSync(join(projectRoot(), "README.md"), "utf8");
    const [, input = "", shown = ""] = /tieline -- decode ([0-9a-f]+)\n\n((?: {4}.*\n)+)/.exec(readme) ?? [];
    const { lines, code } = await run(input);
    expect(code).toBe(0);
    expect(lines).toEqual(
      shown
        .trimEnd()
        .split("\n")
        .map((line) => line.slice(4)),
    );
  });

  it("peels an onion", async () => {
    const { onion, decode, generate } = onionVector();
    const { lines, code } = await run(onion, "--key", decode[0] ?? "", "--assocdata", generate.associated_data);
    expect(code).toBe(0);
    expect(lines.slice(5, 11)).toEqual([
      "final:         false",
      "payload:       02023a98040205dc06080000000000000001",
      "tlvs:",
      "  amt_to_forward:      15000",
      "  outgoing_cltv_value: 1500",
      "  short_channel_id:    0x0x1",
    ]);
  });

  it("shows the number of a commitment with the basepoints of its channel", async () => {
    const { channel, vectors } = staticRemotekey();
    const { local_payment_basepoint, remote_payment_basepoint } = channel.keys;
    const { lines } = await run(
      vectors[0]?.commit_tx ?? "",
      "--basepoints",
      `${local_payment_basepoint},${remote_payment_basepoint}`,
    );
    expect(lines).toContain("commitment_number:          42");
  });

  it("reads files of text and of bytes", async () => {
    const hexadecimal = staticRemotekey().vectors[0]?.commit_tx ?? "";
    writeFileSync(cli.path("tx.txt"), `${hexadecimal}\n`);
    writeFileSync(cli.path("tx.bin"), Buffer.from(hexadecimal, "hex"));
    const text = await run("--file", cli.path("tx.txt"));
    expect(text.code).toBe(0);
    expect(await run("--file", cli.path("tx.bin"))).toEqual(text);
  });

  it("says what is wrong, where, and with exit code 1", async () => {
    const spoilt = `${route.slice(0, 100)}b${route.slice(101)}`;
    expect(await run(spoilt)).toMatchObject({
      code: 1,
      output: "",
      errors: `tieline decode: data at character 101: "b" is not in bech32's alphabet\n`,
    });
    const { output, code, errors } = await run("--json", "00120000ff");
    expect([code, errors]).toEqual([1, ""]);
    expect(JSON.parse(output)).toEqual({
      error: {
        field: "message.ping.byteslen",
        place: "byte 4",
        reason: "the input ends inside it (ERR_TRUNCATED)",
      },
    });
    expect((await run("what?")).errors).toBe(
      "tieline decode: input at character 1: is neither hexadecimal nor what an invoice begins with\n",
    );
    expect((await run("abc")).errors).toBe("tieline decode: input at character 3: half a byte is missing\n");
    expect((await run("--file", cli.path("absent"))).errors).toBe(
      `tieline decode: ${cli.path("absent")}: cannot be read: no such file\n`,
    );
    writeFileSync(cli.path("empty"), "");
    expect((await run("--file", cli.path("empty"))).errors).toBe("tieline decode: input: there is nothing in it\n");
    // A terminal is not to be told what to do by what is decoded.
    expect((await run("ln\u001b[2J1qq")).errors).not.toContain("\u001b");
  });

  it("reads standard input, and refuses options that are none", async () => {
    const child = spawn(process.execPath, [MAIN, "decode", "-", "--json"]);
    let output = "";
    child.stdout.on("data", (chunk: Buffer) => {
      output += chunk.toString();
    });
    child.stdin.end(`${pico}\n`);
    const code = await new Promise((resolve) => child.on("close", resolve));
    expect([code, (JSON.parse(output) as Record<string, unknown>)["amount_msat"]]).toEqual([0, "967878534"]);
    const outcomes = await Promise.all([
      cli.run("decode"),
      cli.run("decode", "00", "--file", "x"),
      cli.run("decode", "00", "--type", "letter"),
      cli.run("decode", "00", "--key", "00"),
      cli.run("decode", "00", "--basepoints", "02,03"),
      cli.run("decode", "00"),
    ]);
    expect(outcomes.map(({ code: exit }) => exit)).toEqual([1, 1, 1, 1, 1, 1]);
    expect(outcomes.map(({ stderr }) => stderr.split("\n")[0])).toEqual([
      "error: give an input or --file, and not both",
      "error: give an input or --file, and not both",
      expect.stringMatching(/--type <kind>.*Allowed choices/),
      expect.stringMatching(/--key <hex>.*Give a private key of 32 bytes/),
      expect.stringMatching(/--basepoints.*Give compressed points of 33 bytes/),
      expect.stringMatching(/^tieline decode: input at byte 0: 1 bytes that are no transaction/),
    ]);
  }, 60_000);
});
