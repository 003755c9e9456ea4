import { mkdtempSync, rmSync, statSync } from "node:fs";
import { createConnection } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ControlClient } from "../../host/daemon/control_client.js";
import { ControlServer } from "../../host/daemon/control_server.js";
import { type Handlers, dispatcher } from "../../host/daemon/dispatch.js";
import { FLAG, MSAT, integer, text } from "../../host/daemon/parameters.js";
import { RpcError } from "../../host/daemon/rpc.js";
import type { Verbs } from "../../host/daemon/verbs.js";

const VERBS = {
  add: {
    about: "adds",
    parameters: [
      { name: "a", type: MSAT, about: "summand" },
      { name: "b", type: MSAT, optional: true, about: "summand" },
    ],
  },
  wait: { about: "waits until it is let go", parameters: [{ name: "n", type: integer("n", 0, 9), about: "which" }] },
  go: { about: "lets all go", parameters: [] },
  fail: { about: "fails", parameters: [{ name: "defect", type: FLAG, optional: true, about: "as a defect" }] },
  help: { about: "helps", parameters: [{ name: "command", type: text("verb", 40), optional: true, about: "a verb" }] },
} as const satisfies Verbs;

let folder: string;
let server: ControlServer;
let waiting: (() => void)[];
let defects: unknown[];
const handlers: Handlers<typeof VERBS> = {
  add: ({ a, b = 0n }) => ({ sum: a + b }),
  wait: ({ n }) =>
    new Promise((resolve) => {
      waiting.push(() => {
        resolve({ n });
      });
    }),
  go: () => {
    for (const resolve of waiting.reverse()) resolve();
    return { released: waiting.length };
  },
  fail: ({ defect }) => {
    throw defect ? new TypeError("a defect") : new RpcError(5, "as told", { why: 7n });
  },
};

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "tieline-control-"));
  [waiting, defects] = [[], []];
  server = await ControlServer.listen(join(folder, "s"), dispatcher(VERBS, handlers), (error) => defects.push(error));
});

afterEach(async () => {
  for (const resolve of waiting) resolve();
  await server.close();
  rmSync(folder, { recursive: true });
});

/** Sends bytes as they are and reads `replies` lines. */
function raw(bytes: string | Uint8Array, replies: number): Promise<unknown[]> {
  return new Promise((resolve, reject) => {
    const socket = createConnection(join(folder, "s"));
    let heard = "";
    const done = (): void => {
      socket.destroy();
      const lines = heard.split("\n").filter((line) => line !== "");
      resolve(lines.map((line) => JSON.parse(line) as unknown));
    };
    socket.on("data", (chunk) => {
      heard += chunk.toString();
      if (heard.split("\n").length > replies) done();
    });
    socket.on("error", reject);
    socket.on("close", done);
    socket.write(bytes);
  });
}

const request = (method: unknown, params?: unknown, id: unknown = 1): object => ({
  jsonrpc: "2.0",
  id,
  method,
  params,
});
const line = (value: unknown): string => `${JSON.stringify(value)}\n`;

describe("control socket", () => {
  it("is its owner's alone", () => {
    expect(statSync(join(folder, "s")).mode & 0o777).toBe(0o600);
  });

  it("answers by name, by position, with amounts as strings", async () => {
    expect(
      await raw(line(request("add", { a: 1, b: "2sat" })) + line(request("add", ["18446744073709551615"])), 2),
    ).toEqual([
      { jsonrpc: "2.0", id: 1, result: { sum: "2001" } },
      { jsonrpc: "2.0", id: 1, result: { sum: "18446744073709551615" } },
    ]);
  });

  it("reads a request in pieces, and two of one piece", async () => {
    const bytes = Buffer.from(line(request("add", { a: "1" })) + line(request("add", { a: "2" })));
    const socket = createConnection(join(folder, "s"));
    const heard: Buffer[] = [];
    socket.on("data", (chunk: Buffer) => heard.push(chunk));
    for (const byte of bytes.subarray(0, 70)) {
      socket.write(Buffer.of(byte));
      await new Promise(setImmediate);
    }
    socket.write(bytes.subarray(70));
    await expect
      .poll(() =>
        Buffer.concat(heard)
          .toString()
          .match(/"sum":"\d"/g),
      )
      .toEqual(['"sum":"1"', '"sum":"2"']);
    socket.destroy();
  });

  it("serves several clients, and lets no request wait for another", async () => {
    const clients = await Promise.all([1, 2, 3].map(() => ControlClient.connect(join(folder, "s"))));
    const order: number[] = [];
    const calls = clients.map(async (client, n) => {
      expect(await client.call("wait", { n })).toEqual({ n });
      order.push(n);
    });
    await expect.poll(() => waiting.length).toBe(3);
    expect(await clients[0]?.call("go")).toEqual({ released: 3 });
    await Promise.all(calls);
    expect([...order].sort()).toEqual([0, 1, 2]);
    for (const client of clients) client.close();
  });

  it.each([
    ["{", -32700, "request", "character 2"],
    ['{"jsonrpc":"2.0",x}', -32700, "request", "character 18"],
    ["[]", -32600, "request", null],
    ["7", -32600, "request", null],
    [JSON.stringify({ id: 1, method: "add" }), -32600, "jsonrpc", null],
    [JSON.stringify(request(5)), -32600, "method", null],
    [JSON.stringify(request("add", 5)), -32600, "params", null],
    [JSON.stringify(request("add", {}, {})), -32600, "id", null],
    [JSON.stringify(request("subtract")), -32601, "method", null],
    [JSON.stringify(request("constructor")), -32601, "method", null],
    [JSON.stringify(request("add")), -32602, "a", null],
    [JSON.stringify(request("add", { a: 1.5 })), -32602, "a", null],
    [JSON.stringify(request("add", { a: -1 })), -32602, "a", null],
    [JSON.stringify(request("add", { a: 1, c: 1 })), -32602, "c", null],
    [JSON.stringify(request("add", [1, 2, 3])), -32602, "params", "parameter 3"],
    [JSON.stringify(request("wait", [10])), -32602, "n", null],
  ])("tells what is wrong with %s", async (text, code, field, place) => {
    const [reply] = (await raw(`${text}\n`, 1)) as [{ error: { code: number; data: object } }];
    expect(reply.error.code).toBe(code);
    expect(reply.error.data).toMatchObject({ field, place });
    expect(defects).toEqual([]);
  });

  it("goes on after a bad request on the same connection", async () => {
    const replies = await raw(`nonsense\n${line(request("add", { a: 4 }))}`, 2);
    expect(replies).toMatchObject([
      { id: null, error: { code: -32700 } },
      { id: 1, result: { sum: "4" } },
    ]);
  });

  it("answers a batch with one line and notifications with none", async () => {
    const batch = [request("add", { a: 1 }, "x"), { jsonrpc: "2.0", method: "add", params: { a: 1 } }, 5];
    const replies = await raw(
      line({ jsonrpc: "2.0", method: "fail" }) + line(batch) + line(request("add", [9], "end")),
      2,
    );
    expect(replies).toContainEqual([
      { jsonrpc: "2.0", id: "x", result: { sum: "1" } },
      expect.objectContaining({ id: null }),
    ]);
    expect(replies).toContainEqual({ jsonrpc: "2.0", id: "end", result: { sum: "9" } });
    expect(replies).toHaveLength(2);
  });

  it("hangs up on a line that never ends", async () => {
    const replies = await raw("x".repeat((1 << 20) + 1), 1);
    expect(replies).toMatchObject([{ id: null, error: { code: -32600, data: { field: "request" } } }]);
  });

  it("tells a refusal with its data, and a defect to the log as well", async () => {
    const client = await ControlClient.connect(join(folder, "s"));
    await expect(client.call("fail")).rejects.toMatchObject({ code: 5, message: "as told", data: { why: "7" } });
    await expect(client.call("fail", { defect: true })).rejects.toMatchObject({ code: -32603 });
    expect(defects).toEqual([new TypeError("a defect")]);
    client.close();
  });

  it("explains itself", async () => {
    const client = await ControlClient.connect(join(folder, "s"));
    expect(await client.call("help", ["add"])).toEqual({
      help: ["add a [b]", "  adds", "  a (msat)  summand", "  b (msat)  summand"],
    });
    expect(await client.call("help")).toMatchObject({ help: { length: 5 } });
    client.close();
  });

  it("answers what is under way before it closes, and leaves no socket behind", async () => {
    const client = await ControlClient.connect(join(folder, "s"));
    const call = client.call("wait", { n: 5 });
    await expect.poll(() => waiting.length).toBe(1);
    const closing = server.close();
    waiting[0]?.();
    expect(await call).toEqual({ n: 5 });
    await closing;
    await expect(ControlClient.connect(join(folder, "s"))).rejects.toMatchObject({ code: "ENOENT" });
    await expect(client.call("go")).rejects.toThrow("closed");
    server = await ControlServer.listen(join(folder, "s"), dispatcher(VERBS, handlers), () => undefined);
  });
});
