import type { TestModule } from "../driver/modules.js";

/** test/onion/onion.entry.ts. */
export const ENTRY = "test/onion/onion.entry.ts";

export const PACKET = 1366;
export const FAILURE = { version: 0xc004, hmac: 0xc005, key: 0xc006, payload: 0x4016, blinding: 0xc018 } as const;

/** Where arguments and results lie in the entry's data. */
const SECRET = 0;
const HASH = 32;
const PATH_KEY = 64;
const POINT_OUT = 104;
const TARGET = 144;
const POINTS = 192;
const HOLDS = 1088;
const DATA = 1280;
const PACKET_AT = 2400;
const NEXT = 3800;
const PAYLOADS = 5200;
const MESSAGE = 7000;
const ERROR = 9000;

export interface PeelResult {
  readonly code: number;
  readonly secret: Uint8Array;
  readonly payload: Uint8Array;
  readonly next: Uint8Array;
  readonly final: boolean;
}

export interface UnwrapResult {
  readonly code: number;
  readonly message: Uint8Array;
  readonly holdTimes: readonly number[];
}

export const joined = (parts: readonly Uint8Array[]): Uint8Array => Uint8Array.from(Buffer.concat(parts));

/** The room's functions, arguments as bytes. What comes back is what the module wrote, whatever the code was. */
export class OnionClient {
  private constructor(
    readonly module: TestModule,
    readonly at: number,
  ) {}

  static async open(module: TestModule): Promise<OnionClient> {
    return new OnionClient(module, (await module.call("data")) as number);
  }

  async call(name: string, ...args: (number | bigint)[]): Promise<number> {
    return (await this.module.call(name, ...args)) as number;
  }

  write(offset: number, bytes: Uint8Array): Promise<void> {
    return this.module.write(this.at + offset, bytes);
  }

  read(offset: number, length: number): Promise<Uint8Array> {
    return this.module.read(this.at + offset, length);
  }

  async importKey(handle: number, key: Uint8Array): Promise<number> {
    await this.write(SECRET, key);
    return this.call("import_key", handle, this.at + SECRET);
  }

  async build(
    sessionKey: Uint8Array,
    hash: Uint8Array,
    points: readonly Uint8Array[],
    payloads: Uint8Array,
    hops = points.length,
  ): Promise<{ code: number; packet: Uint8Array }> {
    await this.write(SECRET, joined([sessionKey, hash]));
    if (points.length > 0) await this.write(POINTS, joined(points));
    if (payloads.length > 0) await this.write(PAYLOADS, payloads);
    const { at } = this;
    const args = [at + SECRET, at + HASH, at + POINTS, hops, at + PAYLOADS, payloads.length, at + PACKET_AT];
    const code = await this.call("build", ...args);
    return { code, packet: await this.read(PACKET_AT, PACKET) };
  }

  async peel(packet: Uint8Array, hash: Uint8Array, pathKey?: Uint8Array, inPlace = false): Promise<PeelResult> {
    const { at } = this;
    await this.write(HASH, hash);
    if (pathKey !== undefined) await this.write(PATH_KEY, pathKey);
    await this.write(PACKET_AT, packet);
    const next = inPlace ? PACKET_AT : NEXT;
    const path = pathKey === undefined ? 0 : at + PATH_KEY;
    const code = await this.call("peel", 0, path, at + PACKET_AT, at + HASH, at + next, at + SECRET);
    const payloadAt = await this.call("payload");
    return {
      code,
      secret: await this.read(SECRET, 32),
      payload: code > 0 ? await this.module.read(payloadAt, code) : new Uint8Array(0),
      next: await this.read(next, PACKET),
      final: (await this.call("is_final")) === 1,
    };
  }

  async makeError(secret: Uint8Array, message: Uint8Array): Promise<{ code: number; packet: Uint8Array }> {
    await this.write(SECRET, secret);
    await this.write(MESSAGE, message);
    const code = await this.call("make_error", this.at + SECRET, this.at + MESSAGE, message.length, this.at + ERROR);
    return { code, packet: await this.read(ERROR, Math.max(code, 0)) };
  }

  async wrapError(secret: Uint8Array, packet: Uint8Array): Promise<Uint8Array> {
    await this.write(SECRET, secret);
    await this.write(ERROR, packet);
    const code = await this.call("wrap_error", this.at + SECRET, this.at + ERROR, packet.length);
    if (code < 0) throw new Error(`wrap_error: ${code}`);
    return this.read(ERROR, packet.length);
  }

  async attribute(secret: Uint8Array, packet: Uint8Array, holdTime: number, data: Uint8Array): Promise<Uint8Array> {
    await this.write(SECRET, secret);
    await this.write(ERROR, packet);
    await this.write(DATA, data);
    const { at } = this;
    const code = await this.call("attribute", at + SECRET, at + ERROR, packet.length, holdTime, at + DATA);
    if (code < 0) throw new Error(`attribute: ${code}`);
    return this.read(DATA, data.length);
  }

  async unwrapError(
    sessionKey: Uint8Array,
    points: readonly Uint8Array[],
    packet: Uint8Array,
    data?: Uint8Array,
    hops = points.length,
  ): Promise<UnwrapResult> {
    const { at } = this;
    await this.write(SECRET, sessionKey);
    await this.write(POINTS, joined(points));
    await this.write(ERROR, packet);
    if (data !== undefined) await this.write(DATA, data);
    const attribution = data === undefined ? 0 : at + DATA;
    const args = [at + SECRET, at + POINTS, hops, at + ERROR, packet.length, attribution, at + HOLDS, at + MESSAGE];
    const code = await this.call("unwrap_error", ...args);
    const attributed = await this.call("attributed");
    const holds = Buffer.from(await this.read(HOLDS, 80));
    return {
      code,
      message: await this.read(MESSAGE, await this.call("message_bytes")),
      holdTimes: Array.from({ length: attributed }, (_, i) => holds.readUInt32LE(4 * i)),
    };
  }

  async unblind(pathKey: Uint8Array, data: Uint8Array): Promise<{ code: number; data: Uint8Array; next: Uint8Array }> {
    const { at } = this;
    await this.write(PATH_KEY, pathKey);
    await this.write(DATA, data);
    const code = await this.call("unblind", 0, at + PATH_KEY, at + DATA, data.length, at + POINT_OUT);
    return { code, data: await this.read(DATA, code < 0 ? data.length : code), next: await this.read(POINT_OUT, 33) };
  }

  async blindHop(
    scalar: Uint8Array,
    nodeId: Uint8Array,
    data: Uint8Array,
  ): Promise<{ code: number; scalar: Uint8Array; pathKey: Uint8Array; blinded: Uint8Array; data: Uint8Array }> {
    const { at } = this;
    await this.write(SECRET, scalar);
    await this.write(POINTS, nodeId);
    await this.write(DATA, data);
    const args = [at + SECRET, at + POINTS, at + DATA, data.length, at + PATH_KEY, at + POINT_OUT];
    return {
      code: await this.call("blind_hop", ...args),
      scalar: await this.read(SECRET, 32),
      pathKey: await this.read(PATH_KEY, 33),
      blinded: await this.read(POINT_OUT, 33),
      data: await this.read(DATA, data.length + 16),
    };
  }

  /** A failure message; `sha256` fills in for the first field of those that carry a hash. */
  async writeFailure(
    code: number,
    first: bigint | Uint8Array,
    second = 0n,
  ): Promise<{ code: number; message: Uint8Array }> {
    let value: bigint;
    if (typeof first === "bigint") {
      value = first;
    } else {
      await this.write(HASH, first);
      value = BigInt(this.at + HASH);
    }
    const length = await this.call("write_failure", code, value, second, this.at + TARGET);
    return { code: length, message: await this.read(TARGET, Math.max(length, 0)) };
  }

  async refuse(code: number, blinded: boolean, packet: Uint8Array, type: bigint, offset: number): Promise<Uint8Array> {
    await this.write(PACKET_AT, packet);
    const { at } = this;
    const length = await this.call("refuse", code, Number(blinded), at + PACKET_AT, type, offset, at + TARGET);
    return this.read(TARGET, length);
  }

  async readPayload(payload: Uint8Array, last: boolean, pathKey: boolean): Promise<number> {
    await this.write(PAYLOADS, payload);
    return this.call("read_payload", this.at + PAYLOADS, payload.length, Number(last), Number(pathKey));
  }

  async admit(secret: Uint8Array, cltvExpiry: number, height: number): Promise<number> {
    await this.write(SECRET, secret);
    return this.call("admit", this.at + SECRET, cltvExpiry, height);
  }
}
