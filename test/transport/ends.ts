import type { TestModule } from "../driver/modules.js";

export const ERR = {
  argument: -1,
  state: -2,
  truncated: -9,
  capacity: -15,
  mac: -16,
  version: -17,
  point: -18,
} as const;

export const EVENT = { nothing: 0, reply: 1, established: 2, message: 3, passedOver: 4 } as const;

export interface TransportEvent {
  readonly event: number;
  readonly length: number;
  /** The reply or message. */
  readonly bytes: Uint8Array;
}

/** A module of transport.entry.ts: connections by number. */
export class Ends {
  private constructor(
    readonly module: TestModule,
    private readonly data: number,
    private readonly out: number,
  ) {}

  static async of(module: TestModule): Promise<Ends> {
    return new Ends(module, await this.number(module, "data"), await this.number(module, "out"));
  }

  private static async number(module: TestModule, name: string, ...args: number[]): Promise<number> {
    return (await module.call(name, ...args)) as number;
  }

  call(name: string, ...args: number[]): Promise<number> {
    return Ends.number(this.module, name, ...args);
  }

  async importKey(key: Uint8Array): Promise<number> {
    await this.module.write(this.data, key);
    return this.call("import_node_key", this.data);
  }

  async write(bytes: Uint8Array, at = 0): Promise<void> {
    await this.module.write(this.data + at, bytes);
  }

  output(length: number, at = 0): Promise<Uint8Array> {
    return this.module.read(this.out + at, length);
  }

  /** Act one, or the code. */
  async openInitiator(connection: number, ephemeral: Uint8Array, remote: Uint8Array): Promise<Uint8Array | number> {
    await this.write(Uint8Array.from([...ephemeral, ...remote]));
    const code = await this.call("open_initiator", connection);
    return code < 0 ? code : this.output(code);
  }

  async openResponder(connection: number, ephemeral: Uint8Array): Promise<number> {
    await this.write(ephemeral);
    return this.call("open_responder", connection);
  }

  /** One call of `receive`: bytes taken or the code, and what they completed. */
  async receiveOnce(connection: number, bytes: Uint8Array): Promise<TransportEvent & { taken: number }> {
    await this.write(bytes);
    const taken = await this.call("receive", connection, 0, bytes.length);
    const header = Buffer.from(await this.output(8));
    const event = header.readInt32LE(0);
    const length = header.readInt32LE(4);
    const has = taken >= 0 && event !== EVENT.nothing && event !== EVENT.passedOver;
    return { taken, event, length, bytes: has ? await this.output(length, 8) : new Uint8Array(0) };
  }

  /** Hands over all bytes in one piece, call after call; the last code if there was one, and the events. */
  async receive(connection: number, bytes: Uint8Array): Promise<{ code: number; events: TransportEvent[] }> {
    const events: TransportEvent[] = [];
    let at = 0;
    do {
      const { taken, ...completed } = await this.receiveOnce(connection, bytes.subarray(at, at + 16_384));
      if (taken < 0) return { code: taken, events };
      if (completed.event !== EVENT.nothing) events.push(completed);
      at += taken;
    } while (at < bytes.length);
    return { code: 0, events };
  }

  /** The frame, or the code. */
  async send(connection: number, message: Uint8Array, times = 1): Promise<Uint8Array | number> {
    await this.write(message);
    const code = await this.call("send", connection, message.length, times);
    return code < 0 ? code : this.output(code);
  }

  /** The peer's static key, or undefined. */
  async remote(connection: number): Promise<Uint8Array | undefined> {
    const at = await this.call("remote_key", connection);
    return at === 0 ? undefined : this.module.read(at, 33);
  }
}

export function bytesOf(result: Uint8Array | number): Uint8Array {
  if (typeof result === "number") throw new Error(`code ${result}`);
  return result;
}
