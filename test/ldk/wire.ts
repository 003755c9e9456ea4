import { connect, createServer, type Server, type Socket } from "node:net";
import type { LdkNode } from "../../host/bench/lightning/ldk_node.js";

/** What an end does with a line, whatever node it is. */
export interface End {
  receive(bytes: Uint8Array): void;
  /** The other side has closed. */
  down(): void;
}

/** Where an end's bytes go. Neither calls back at once. */
export interface Line {
  send(bytes: Uint8Array): void;
  close(): void;
}

/** A node that can be called and can call, over lines that somebody else provides. */
export interface Party {
  readonly nodeId: Uint8Array;
  dial(remote: Uint8Array, line: Line): End;
  accept(line: Line): End;
}

export function ldkParty(node: LdkNode): Party {
  const end = (connection: bigint): End => ({
    receive: (bytes) => node.receive(connection, bytes),
    down: () => node.disconnect(connection),
  });
  return {
    nodeId: node.nodeId,
    dial: (remote, line) => end(node.dial(remote, line)),
    accept: (line) => end(node.accept(line)),
  };
}

/** A line between two parties in memory, in order. Nothing moves until `run`. */
export class MemoryWire {
  private readonly queue: { to: 0 | 1; bytes: Uint8Array }[] = [];
  private readonly ends: readonly [End, End];
  private up = true;

  constructor(caller: Party, called: Party) {
    const line = (to: 0 | 1): Line => ({
      send: (bytes) => void this.queue.push({ to, bytes }),
      close: () => this.cut(),
    });
    const second = called.accept(line(0));
    this.ends = [caller.dial(called.nodeId, line(1)), second];
  }

  get connected(): boolean {
    return this.up;
  }

  /** Delivers the oldest bytes: whether there were any. */
  step(): boolean {
    const next = this.queue.shift();
    if (next === undefined || !this.up) return false;
    this.ends[next.to].receive(next.bytes);
    return true;
  }

  /** Both ends find the line down; what was under way is lost. */
  cut(): void {
    if (!this.up) return;
    this.up = false;
    this.queue.length = 0;
    for (const end of this.ends) end.down();
  }
}

/** Delivers all there is on all wires, in turn; `limit` pieces at most. @returns how many */
export function run(wires: readonly MemoryWire[], limit = Infinity): number {
  let count = 0;
  for (let moved = true; moved;) {
    moved = false;
    for (const wire of wires) {
      if (count >= limit) return count;
      if (!wire.step()) continue;
      moved = true;
      count++;
    }
  }
  return count;
}

/** A line between two parties over TCP on this machine. */
export class TcpWire {
  private constructor(
    private readonly server: Server,
    private readonly sockets: readonly Socket[],
  ) {}

  static async open(caller: Party, called: Party): Promise<TcpWire> {
    const line = (socket: Socket): Line => ({
      send: (bytes) => void socket.write(bytes),
      close: () => void socket.end(),
    });
    const attach = (socket: Socket, end: End): void => {
      socket.setNoDelay(true);
      socket.on("data", (bytes) => end.receive(Uint8Array.from(bytes)));
      socket.on("close", () => end.down());
      socket.on("error", () => undefined);
    };
    const server = createServer();
    const accepted = new Promise<Socket>((resolve) => server.once("connection", resolve));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("no port");
    const calling = connect(address.port, "127.0.0.1");
    const calledSocket = await accepted;
    attach(calledSocket, called.accept(line(calledSocket)));
    attach(calling, caller.dial(called.nodeId, line(calling)));
    return new TcpWire(server, [calling, calledSocket]);
  }

  /** Cuts the line, and waits until both ends know. */
  async cut(): Promise<void> {
    const closed = this.sockets.map((socket) =>
      socket.closed ? undefined : new Promise((resolve) => socket.once("close", resolve)),
    );
    for (const socket of this.sockets) socket.destroy();
    await Promise.all(closed);
    await new Promise((resolve) => this.server.close(resolve));
  }
}

/** Waits until something holds, while TCP does its work; throws after `turns` turns of the event loop. */
export async function until(what: string, holds: () => boolean, turns = 20_000): Promise<void> {
  for (let i = 0; !holds(); i++) {
    if (i === turns) throw new Error(`in vain: ${what}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}
