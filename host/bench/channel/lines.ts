import { connect, createServer, type Server, type Socket } from "node:net";
import type { End, Line, Party } from "../../lnsim/wire.js";
import type { LdkNode } from "../lightning/ldk_node.js";

/** An LDK node as a party to a line. */
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
