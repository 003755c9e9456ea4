import type { NodeEvent } from "../node/node_event.js";
import { MAX_CONNECTIONS } from "../node/abi.js";
import { type Context, bytesOf, hexText } from "./context.js";
import { type Address, addressText } from "./parameters.js";
import { PeerSockets } from "./peer_sockets.js";
import { Redial } from "./redial.js";
import { RPC_CODES, RpcError } from "./rpc.js";

/** How long handshake and init may take, ms. */
const INIT_MS = 15_000;

interface Line {
  /** Hexadecimal; known from the start if we dialled, else when the peer is ready. */
  peer: string | undefined;
  readonly address: Address;
  readonly dialled: boolean;
  ready: boolean;
}

/** Peers: their lines between TCP and the node, and whom to dial again. */
export class Peers {
  private readonly sockets: PeerSockets;
  private readonly redial: Redial;
  private readonly lines = new Map<number, Line>();
  /** Who waits for a line to be ready, and is to hear if it ends. */
  private readonly endings = new Map<number, () => void>();
  /** Peers that the user hung up on: not dialled again until they are wanted. */
  private readonly unwanted = new Set<string>();

  constructor(private readonly context: Context) {
    const { clock, log } = context;
    this.sockets = new PeerSockets(MAX_CONNECTIONS, {
      opened: (connection, remote, address) => {
        this.opened(connection, remote, address);
      },
      received: (connection, bytes) => {
        context.act("receive", () => {
          context.node.receive(connection, bytes);
        });
      },
      closed: (connection) => {
        this.closed(connection);
      },
    });
    this.redial = new Redial(clock, (peer) => {
      const address = context.book.address(peer);
      if (address === undefined || this.lineOf(peer) !== undefined) return;
      this.connect(peer, address).catch((error: unknown) => {
        log.debug(`peer ${peer}: ${(error as Error).message}`);
        this.redial.failed(peer);
      });
    });
    context.events.on((event) => {
      this.onEvent(event);
    });
  }

  /** Bytes of the node for a connection. */
  send(connection: number, bytes: Uint8Array): void {
    this.sockets.send(connection, bytes);
  }

  hangUp(connection: number): void {
    this.sockets.hangUp(connection);
  }

  listen(address: Address): Promise<Address> {
    return this.sockets.listen(address);
  }

  /** Keeps up connections to the peers with which there are channels. */
  keepChannels(): void {
    for (const { peer, state } of this.context.node.channels()) {
      const id = hexText(peer);
      const alive = state !== "none" && state !== "closed";
      if (alive && !this.unwanted.has(id) && this.context.book.address(id) !== undefined) {
        this.redial.keep(id);
        if (this.isReady(id)) this.redial.connected(id);
      }
    }
  }

  isReady(peer: string): boolean {
    return this.lineOf(peer)?.[1].ready ?? false;
  }

  /** Lines that are ready, by peer. */
  ready(): ReadonlyMap<string, { readonly address: Address; readonly dialled: boolean }> {
    const lines = [...this.lines.values()].filter(({ ready }) => ready);
    return new Map(lines.map(({ peer = "", address, dialled }) => [peer, { address, dialled }]));
  }

  /** Connects, and waits until both have sent `init`. Throws RpcError PEER or TIMEOUT. */
  async connect(peer: string, address: Address): Promise<void> {
    this.unwanted.delete(peer);
    if (this.isReady(peer)) return;
    const where = `${peer} at ${addressText(address)}`;
    let connection: number;
    // The peer may be ready before we have gone on after `dial`.
    const ready = this.context.events.until(INIT_MS, `${where}: no answer to init`, (event) =>
      event.kind === "peer" && hexText(event.peer) === peer ? true : undefined,
    );
    ready.catch(() => undefined);
    try {
      connection = await this.sockets.dial(bytesOf(peer), address);
    } catch (error) {
      throw new RpcError(RPC_CODES.PEER, `${peer}: ${(error as Error).message}`);
    }
    const hungUp = new RpcError(RPC_CODES.PEER, `${where}: hung up before init: another node or chain, or busy`);
    if (!this.lines.has(connection)) throw hungUp;
    const ended = new Promise<never>((_, reject) => {
      this.endings.set(connection, () => {
        reject(hungUp);
      });
    });
    await Promise.race([ready, ended]);
    this.context.book.setAddress(peer, address);
    this.keepChannels();
  }

  /** Hangs up and does not dial again by itself. Throws RpcError PEER if there is no connection. */
  disconnect(peer: string): void {
    const line = this.lineOf(peer);
    if (line === undefined) throw new RpcError(RPC_CODES.PEER, `${peer}: not connected`);
    this.unwanted.add(peer);
    this.redial.forget(peer);
    this.sockets.hangUp(line[0]);
  }

  /** Ends the connection to a peer, if there is one; if it has channels, it is dialled again. */
  hangUpOn(peer: string): void {
    const line = this.lineOf(peer);
    if (line !== undefined) this.sockets.hangUp(line[0]);
  }

  async close(): Promise<void> {
    this.redial.stop();
    await this.sockets.close();
  }

  private opened(connection: number, remote: Uint8Array | undefined, address: Address): void {
    const { node, log } = this.context;
    const peer = remote === undefined ? undefined : hexText(remote);
    this.lines.set(connection, { peer, address, dialled: remote !== undefined, ready: false });
    log.debug(`connection ${connection}: ${peer === undefined ? "from" : "to"} ${addressText(address)}`);
    this.context.act("connect", () => {
      try {
        node.connect(connection, remote);
      } catch (error) {
        this.sockets.hangUp(connection);
        throw error;
      }
    });
    // A line on which nothing is agreed would keep others out.
    this.context.clock.after(INIT_MS, () => {
      const line = this.lines.get(connection);
      if (line !== undefined && !line.ready && line.address === address) this.sockets.hangUp(connection);
    });
  }

  private closed(connection: number): void {
    const line = this.lines.get(connection);
    this.lines.delete(connection);
    this.context.act("disconnect", () => {
      this.context.node.disconnect(connection);
    });
    this.endings.get(connection)?.();
    this.endings.delete(connection);
    if (line?.peer === undefined) return;
    if (line.ready) this.context.log.info(`peer ${line.peer}: disconnected`);
    if (this.lineOf(line.peer) === undefined) this.redial.failed(line.peer);
  }

  private onEvent(event: NodeEvent): void {
    if (event.kind === "peer") {
      const line = this.lines.get(event.connection);
      const peer = hexText(event.peer);
      if (line !== undefined) {
        line.peer = peer;
        line.ready = true;
        this.context.log.info(`peer ${peer}: connected, ${line.dialled ? "to" : "from"} ${addressText(line.address)}`);
      }
      this.redial.connected(peer);
    } else if (event.kind === "problem") {
      const peer = this.lines.get(event.connection)?.peer ?? "unknown";
      const channel = event.channel < 0 ? "" : `, channel ${event.channel}`;
      const what =
        event.code === 0 ? `says: ${event.text}` : `code ${event.code}, message ${event.message} ${event.text}`;
      this.context.log.warn(`peer ${peer}${channel}: ${what}`);
    }
  }

  private lineOf(peer: string): readonly [number, Line] | undefined {
    return [...this.lines].find(([, line]) => line.peer === peer);
  }
}
