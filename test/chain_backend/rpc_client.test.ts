import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { type IncomingMessage, type Server, createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { ChainError } from "../../host/chain/chain.js";
import { RpcClient } from "../../host/chain/rpc_client.js";
import { refusalOf } from "../../host/chain/rpc_refusals.js";

let server: Server | undefined;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
  server = undefined;
});

/** Serves one answer to everything; undefined: none. */
async function serve(status: number, body: string | undefined, seen: IncomingMessage[] = []): Promise<string> {
  const made = createServer((request, response) => {
    seen.push(request);
    if (body === undefined) return;
    response.statusCode = status;
    response.end(body);
  });
  server = made;
  await new Promise<void>((resolve) => made.listen(0, "127.0.0.1", resolve));
  const address = made.address();
  if (address === null || typeof address === "string") throw new Error("no address");
  return `127.0.0.1:${address.port}`;
}

async function failure(promise: Promise<unknown>): Promise<ChainError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(ChainError);
  return error as ChainError;
}

describe("JSON-RPC to a full node", () => {
  it("sends user and password, and takes the result", async () => {
    const seen: IncomingMessage[] = [];
    const place = await serve(200, '{"result":{"a":1},"error":null,"id":1}', seen);
    const rpc = new RpcClient({ url: `http://us%40er:pass@${place}/wallet/w` });
    expect(await rpc.call("method")).toEqual({ a: 1 });
    expect(seen[0]?.headers.authorization).toBe(`Basic ${Buffer.from("us@er:pass").toString("base64")}`);
    expect(seen[0]?.url).toBe("/wallet/w");
  });

  it("takes null for a result", async () => {
    const place = await serve(200, '{"result":null,"error":null,"id":1}');
    expect(await new RpcClient({ url: `http://${place}` }).call("gettxout")).toBeNull();
  });

  it("reads the cookie at each call", async () => {
    const dir = mkdtempSync(join(tmpdir(), "tieline-cookie-"));
    const cookieFile = join(dir, ".cookie");
    const seen: IncomingMessage[] = [];
    const rpc = new RpcClient({ url: `http://${await serve(200, '{"result":1}', seen)}`, cookieFile });
    expect((await failure(rpc.call("getblockcount"))).message).toMatch(/^getblockcount at 127.*no cookie/);
    for (const cookie of ["__cookie__:one", "__cookie__:two"]) {
      writeFileSync(cookieFile, `${cookie}\n`);
      await rpc.call("getblockcount");
      expect(seen.at(-1)?.headers.authorization).toBe(`Basic ${Buffer.from(cookie).toString("base64")}`);
    }
    rmSync(dir, { recursive: true });
  });

  it("errors name method and place, and no password", async () => {
    const url = (place: string): string => `http://user:secret@${place}/wallet/w`;
    const cases: [number, string | undefined, RegExp, number][] = [
      [500, '{"result":null,"error":{"code":-8,"message":"no such thing"}}', /no such thing/, -8],
      [401, "", /HTTP status 401/, 0],
      [200, "not JSON", /no JSON/, 0],
      [200, "null", /no JSON-RPC/, 0],
      [200, "{}", /no result/, 0],
      [200, undefined, /no answer within 50 ms/, 0],
    ];
    for (const [status, body, message, code] of cases) {
      const place = await serve(status, body);
      const error = await failure(new RpcClient({ url: url(place), timeoutMs: 50 }).call("getthing"));
      expect(error.message).toMatch(message);
      expect(error.message).toContain(`getthing at ${place}/wallet/w: `);
      expect(error.message).not.toContain("secret");
      expect(error.code).toBe(code);
      server?.closeAllConnections();
      server?.close();
    }
    const error = await failure(new RpcClient({ url: "http://user:secret@127.0.0.1:1" }).call("getthing"));
    expect(error.message).toMatch(/^getthing at 127.0.0.1:1: .*ECONNREFUSED/);
  });

  it("refuses addresses that are none", () => {
    expect(() => new RpcClient({ url: "somewhere" })).toThrow(ChainError);
    expect(() => new RpcClient({ url: "https://somewhere" })).toThrow(/https:/);
  });

  it("names the reasons of full nodes, and tells them from failures of the node", () => {
    const reason = (code: number, text: string): string | undefined => refusalOf(new ChainError(text, code))?.reason;
    expect(reason(-26, "sendrawtransaction at x: non-final")).toBe("lock_time");
    expect(reason(-26, "sendrawtransaction at x: non-BIP68-final")).toBe("sequence");
    expect(reason(-26, "min relay fee not met, 10 < 110")).toBe("fee");
    expect(reason(-26, "insufficient fee, rejecting replacement")).toBe("conflict");
    expect(reason(-26, "mandatory-script-verify-flag-failed (Signature must be zero)")).toBe("script");
    expect(reason(-26, "non-mandatory-script-verify-flag (Locktime requirement not satisfied)")).toBe("script");
    expect(reason(-25, "bad-txns-inputs-missingorspent")).toBe("missing_inputs");
    expect(reason(-25, "Missing inputs")).toBe("missing_inputs");
    expect(reason(-26, "bad-txns-in-belowout, value in (0.1) < value out (0.2)")).toBe("overspends");
    expect(reason(-27, "Transaction already in block chain")).toBe("known");
    expect(reason(-26, "something new")).toBe("other");
    expect(reason(-28, "Loading block index...")).toBeUndefined();
    expect(reason(0, "ECONNREFUSED")).toBeUndefined();
  });
});
