import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import * as ldk from "lightningdevkit";

let started: Promise<void> | undefined;

/** Starts LDK's wasm once. It greets on standard output, which is not its to write to. */
export function startLdk(): Promise<void> {
  started ??= (async () => {
    const wasm = createRequire(import.meta.url).resolve("lightningdevkit/liblightningjs.wasm");
    const { log } = console;
    console.log = () => undefined;
    try {
      await ldk.initializeWasmFromBinary(readFileSync(wasm));
    } finally {
      console.log = log;
    }
  })();
  return started;
}

let descriptors = 0n;

/** LDK's PeerManager at the other end of a line whose bytes go through memory. Only after `startLdk`. */
export class LdkPeer {
  readonly publicKey: Uint8Array;
  private readonly manager: ldk.PeerManager;
  /** What holds the objects that the manager refers to. */
  private readonly held: readonly unknown[];
  private socket: ldk.SocketDescriptor | undefined;
  private sent: Uint8Array[] = [];

  /** @param seed one byte, from which all of its secrets are made */
  constructor(seed: number) {
    const keys = ldk.KeysManager.constructor_new(new Uint8Array(32).fill(seed), 1n, 1);
    const signer = keys.as_NodeSigner();
    const ignoring = ldk.IgnoringMessageHandler.constructor_new();
    const erring = ldk.ErroringMessageHandler.constructor_new();
    const logger = ldk.Logger.new_impl({ log: () => undefined });
    this.manager = ldk.PeerManager.constructor_new(
      erring.as_ChannelMessageHandler(),
      ignoring.as_RoutingMessageHandler(),
      ignoring.as_OnionMessageHandler(),
      ignoring.as_CustomMessageHandler(),
      1,
      new Uint8Array(32).fill(seed + 1),
      logger,
      signer,
    );
    this.held = [keys, signer, ignoring, erring, logger];
    const id = signer.get_node_id(ldk.Recipient.LDKRecipient_Node);
    if (!(id instanceof ldk.Result_PublicKeyNoneZ_OK)) throw new Error("LDK has no node id");
    this.publicKey = id.res;
  }

  /** Calls a node: act one. */
  connect(remote: Uint8Array): Uint8Array {
    const made = this.manager.new_outbound_connection(
      remote,
      this.open(),
      ldk.Option_SocketAddressZ.constructor_none(),
    );
    if (!(made instanceof ldk.Result_CVec_u8ZPeerHandleErrorZ_OK)) throw new Error("LDK does not connect");
    return made.res;
  }

  accept(): void {
    const made = this.manager.new_inbound_connection(this.open(), ldk.Option_SocketAddressZ.constructor_none());
    if (!made.is_ok()) throw new Error("LDK does not accept");
  }

  /** Hands over bytes; what LDK answers, which may be nothing. Throws if it ends the connection. */
  receive(bytes: Uint8Array): Uint8Array {
    if (this.socket === undefined) throw new Error("not connected");
    if (!this.manager.read_event(this.socket, bytes).is_ok()) throw new Error("LDK ends the connection");
    this.manager.process_events();
    return Uint8Array.from(Buffer.concat(this.sent.splice(0)));
  }

  /** Whether there is a peer that has said `init`. */
  get connected(): boolean {
    return this.manager.list_peers().length > 0;
  }

  disconnect(): void {
    if (this.socket !== undefined && this.held.length > 0) this.manager.socket_disconnected(this.socket);
    this.socket = undefined;
    this.sent = [];
  }

  private open(): ldk.SocketDescriptor {
    const number = descriptors++;
    this.sent = [];
    this.socket = ldk.SocketDescriptor.new_impl({
      send_data: (data) => {
        this.sent.push(data.slice());
        return data.length;
      },
      disconnect_socket: () => undefined,
      eq: (other) => other.hash() === number,
      hash: () => number,
    });
    return this.socket;
  }
}
