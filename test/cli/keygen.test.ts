import { createECDH } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { parsePublicKey, pointOf } from "../../host/ocmf/key.js";
import { Cli } from "./cli.js";

const cli = new Cli();
type Pair = { [key: string]: string };

/** OpenSSL's public point of a private key: it shares no code with what signs. */
function pointFrom(privateKey: string): string {
  const ecdh = createECDH("secp256k1");
  ecdh.setPrivateKey(privateKey, "hex");
  return ecdh.getPublicKey("hex", "compressed");
}

describe("tieline keygen", () => {
  it("makes a pair whose three forms belong together, and another one each time", async () => {
    const made = new Set<string | undefined>();
    for (const args of [
      ["keygen", "--json"],
      ["keygen", "--json"],
    ]) {
      const { code, stdout, stderr } = await cli.run(...args);
      expect([code, stderr]).toEqual([0, ""]);
      const pair = JSON.parse(stdout) as Pair;
      expect(Object.keys(pair)).toEqual(["private_key", "public_key_spki", "public_key_point"]);
      expect(pair["private_key"]).toMatch(/^[0-9a-f]{64}$/);
      expect(pair["public_key_point"]).toBe(pointFrom(pair["private_key"] ?? ""));
      const point = pointOf(parsePublicKey(pair["public_key_spki"] ?? ""), "compressed");
      expect(Buffer.from(point).toString("hex")).toBe(pair["public_key_point"]);
      made.add(pair["private_key"]);
    }
    expect(made.size).toBe(2);
  });

  it("--seed gives the same key each time, and warns", async () => {
    const first = await cli.run("keygen", "--seed", "a");
    expect(first.stderr).toBe("tieline: whoever knows the seed knows this key; it is for tests only.\n");
    const [privateKey, spki, point] = first.stdout.split("\n");
    expect(privateKey).toMatch(/^private key: +[0-9a-f]{64}$/);
    expect(spki).toMatch(/^public key spki: +30[0-9A-F]{174}$/);
    expect(point).toMatch(/^public key point: +0[23][0-9a-f]{64}$/);
    expect((await cli.run("keygen", "--seed", "a")).stdout).toBe(first.stdout);
    expect((await cli.run("keygen", "--seed", "b")).stdout).not.toBe(first.stdout);
  });

  it("--out keeps the private key off the screen, for its owner only, and overwrites nothing", async () => {
    const { code, stdout } = await cli.run("keygen", "--out", "meter.key", "--json");
    const pair = JSON.parse(stdout) as Pair;
    const text = readFileSync(cli.path("meter.key"), "utf8");
    expect([code, statSync(cli.path("meter.key")).mode & 0o777]).toEqual([0, 0o600]);
    expect(text).toMatch(/^[0-9a-f]{64}\n$/);
    expect(stdout).not.toContain(text.trim());
    expect([pair["private_key_file"], pair["public_key_point"]]).toEqual(["meter.key", pointFrom(text.trim())]);

    const second = await cli.run("keygen", "--out", "meter.key");
    expect([second.code, second.stdout, second.stderr]).toEqual([
      1,
      "",
      "tieline: --out meter.key: exists already, and nothing is overwritten\n",
    ]);
    expect(readFileSync(cli.path("meter.key"), "utf8")).toBe(text);
  });
});
