import { type Socket, createConnection, createServer } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import type { Address } from "../../host/daemon/parameters.js";
import { PeerSockets } from "../../host/daemon/peer_sockets.js";

const LOOPBACK = { host: "127.0.0.1", port: 0 };
const open: PeerSockets[] = [];

function sockets(connections: number): { part: PeerSockets; events: string[] } {
  const events: string[] = [];
  const part = new PeerSockets(connections, {
    opened: (connection, remote) => events.push(`${connection} opened ${remote === undefined ? "by them" : "by us"}`),
    received: (connection, bytes) => events.push(`${connection} ${Buffer.from(bytes).toString()}`),
    closed: (connection) => events.push(`${connection} closed`),
  });
  open.push(part);
  return { part, events };
}

afterEach(async () => {
  await Promise.all(open.splice(0).map((part) => part.close()));
});

/** A port at which nobody listens. */
async function deadAddress(): Promise<Address> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return { host: "127.0.0.1", port };
}

describe("TCP of peers", () => {
  it("dials, listens, sends both ways, and sends out what came before it hangs up", async () => {
    const [a, b] = [sockets(2), sockets(2)];
    const address = await a.part.listen(LOOPBACK);
    expect(address.port).toBeGreaterThan(0);
    const number = await b.part.dial(new Uint8Array(33), address);
    b.part.send(number, Buffer.from("hello"));
    await expect.poll(() => a.events).toEqual(["0 opened by them", "0 hello"]);
    a.part.send(0, Buffer.from("last word"));
    a.part.hangUp(0);
    await expect.poll(() => b.events).toEqual(["0 opened by us", "0 last word", "0 closed"]);
    await expect.poll(() => a.events.at(-1)).toBe("0 closed");
    // The number is free again.
    await b.part.dial(new Uint8Array(33), address);
    await expect.poll(() => a.events.slice(3)).toEqual(["0 opened by them"]);
  });

  it("has no more connections than numbers, either way", async () => {
    const { part, events } = sockets(1);
    const address = await part.listen(LOOPBACK);
    const clients: Socket[] = [createConnection(address.port, "127.0.0.1")];
    await expect.poll(() => events).toEqual(["0 opened by them"]);
    const second = createConnection(address.port, "127.0.0.1");
    clients.push(second);
    await new Promise((resolve) => second.on("close", resolve));
    await expect(part.dial(new Uint8Array(33), address)).rejects.toThrow("every connection is taken");
    expect(events).toEqual(["0 opened by them"]);
    for (const client of clients) client.destroy();
    await expect.poll(() => events).toEqual(["0 opened by them", "0 closed"]);
  });

  it("says why it cannot dial or listen, and gives the number back", async () => {
    const { part, events } = sockets(1);
    const address = await deadAddress();
    for (let attempt = 0; attempt < 2; attempt++) {
      await expect(part.dial(new Uint8Array(33), address)).rejects.toThrow(/^127.0.0.1:\d+: .*ECONNREFUSED/);
    }
    expect(events).toEqual([]);
    const bound = await part.listen(LOOPBACK);
    await expect(sockets(1).part.listen(bound)).rejects.toThrow(`--listen 127.0.0.1:${bound.port}`);
  });
});
