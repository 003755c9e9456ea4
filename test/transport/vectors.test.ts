import { expect } from "vitest";
import { onEveryModuleEngine } from "../driver/modules.js";
import { hex, readVectors, toHex } from "../driver/vectors.js";
import { Ends, ERR, EVENT, bytesOf } from "./ends.js";

const ENTRY = "test/transport/transport.entry.ts";
const FILE = "bolt08_transport";

interface Handshake {
  readonly id: string;
  readonly role: "initiator" | "responder";
  readonly keys: Readonly<Record<"ls.priv" | "e.priv", string> & Partial<Record<"ls.pub" | "rs.pub", string>>>;
  readonly io: readonly { readonly dir: "input" | "output"; readonly hex: string }[];
  /** Values on the way: act, name, hexadecimal. */
  readonly trace?: readonly (readonly [number, string, string])[];
  readonly error?: string;
  readonly sk?: string;
  readonly rk?: string;
}

interface Transport {
  readonly handshake: readonly Handshake[];
  readonly message_encryption: {
    readonly ck: string;
    readonly sk: string;
    readonly rk: string;
    readonly plaintext: string;
    readonly outputs: Readonly<Record<string, string>>;
  };
}

const vectors = readVectors<Transport>(FILE);
const INITIATOR_PUBLIC = "034f355bdcb7cc0af728ef3cceb9615d90684bb5b2ca5f859ab0f0b704075871aa";

/** The code that each failure of the specification's list has here. */
const CODES: readonly (readonly [RegExp, number])[] = [
  [/BAD_VERSION$/, ERR.version],
  [/BAD_PUBKEY$/, ERR.point],
  [/BAD_TAG$|BAD_CIPHERTEXT$/, ERR.mac],
];

/** Opens and hands over every input; outputs must be the vector's. Gives the code and events of the last input. */
async function play(ends: Ends, connection: number, { role, keys, io }: Handshake) {
  expect(await ends.importKey(hex(keys["ls.priv"]))).toBe(0);
  let output: Uint8Array | undefined;
  if (role === "initiator") {
    output = bytesOf(await ends.openInitiator(connection, hex(keys["e.priv"]), hex(keys["rs.pub"] ?? "")));
  } else {
    expect(await ends.openResponder(connection, hex(keys["e.priv"]))).toBe(0);
  }
  let last = { code: 0, events: [] as Awaited<ReturnType<Ends["receive"]>>["events"] };
  for (const step of io) {
    if (step.dir === "input") {
      expect(output).toBeUndefined();
      last = await ends.receive(connection, hex(step.hex));
      output = last.events.length > 0 ? last.events[0]?.bytes : undefined;
      if (output?.length === 0) output = undefined;
    } else {
      expect(output && toHex(output)).toBe(step.hex);
      output = undefined;
    }
  }
  return last;
}

onEveryModuleEngine("transport: the handshakes of BOLT 8", ENTRY, async (module) => {
  const ends = await Ends.of(module);
  for (const vector of vectors.handshake) {
    const { code, events } = await play(ends, 1, vector);
    if (vector.error === undefined) {
      expect(events.map(({ event }) => event)).toEqual([EVENT.established]);
      const key = async (name: string): Promise<string> =>
        toHex(await module.read((await ends.call(name, 1)) + 32, 32));
      expect([await key("sending"), await key("receiving")]).toEqual([vector.sk, vector.rk]);
      const remote = await ends.remote(1);
      expect(remote && toHex(remote)).toBe(vector.keys["rs.pub"] ?? INITIATOR_PUBLIC);
      expect(await ends.call("close", 1)).toBe(0);
    } else if (vector.error.endsWith("READ_FAILED")) {
      expect([code, events], vector.id).toEqual([0, []]);
      expect(await ends.remote(1)).toBeUndefined();
      expect(await ends.call("close", 1), vector.id).toBe(ERR.truncated);
    } else {
      expect(code, vector.id).toBe(CODES.find(([name]) => name.test(vector.error ?? ""))?.[1]);
      expect(events).toEqual([]);
      expect(await ends.remote(1)).toBeUndefined();
      expect((await ends.receiveOnce(1, new Uint8Array(1))).taken).toBe(ERR.state);
    }
    expect(await ends.call("wiped", 1), vector.id).toBe(1);
    module.applied(FILE);
  }
});

onEveryModuleEngine("transport: the messages of BOLT 8, over two changes of keys", ENTRY, async (module) => {
  const ends = await Ends.of(module);
  const [initiator, , , , , responder] = vectors.handshake;
  if (initiator === undefined || responder === undefined) throw new Error("no handshakes");
  await play(ends, 0, initiator);
  await play(ends, 3, responder);
  const { ck, sk, rk, plaintext, outputs } = vectors.message_encryption;
  const chain = await module.read(await ends.call("sending", 0), 64);
  expect(toHex(chain)).toBe(ck + sk);
  expect(toHex(await module.read(await ends.call("receiving", 0), 64))).toBe(ck + rk);

  const message = hex(plaintext);
  let sent = 0;
  for (const [number, output] of Object.entries(outputs)) {
    const frame = bytesOf(await ends.send(0, message, Number(number) + 1 - sent));
    sent = Number(number) + 1;
    expect(toHex(frame), number).toBe(output);
    module.applied(FILE);
  }
  // The other end reads the first two; the rest it would have to read in order.
  for (const number of ["0", "1"]) {
    const { code, events } = await ends.receive(3, hex(outputs[number] ?? ""));
    expect(code).toBe(0);
    expect(events.map(({ event, bytes }) => [event, toHex(bytes)])).toEqual([[EVENT.message, plaintext]]);
  }
});

onEveryModuleEngine("transport: secrets are gone once they are of no use", ENTRY, async (module) => {
  const ends = await Ends.of(module);
  /** What of these is anywhere in memory. */
  const found = async (secrets: readonly string[]): Promise<string[]> => {
    const memory = Buffer.from(await module.read(0, await ends.call("memory_bytes")));
    return secrets.filter((secret) => memory.includes(Buffer.from(secret, "hex")));
  };
  const { ck, sk, plaintext } = vectors.message_encryption;
  for (const [connection, index] of [
    [0, 0],
    [1, 5],
  ] as const) {
    const vector = vectors.handshake[index];
    if (vector?.trace === undefined) throw new Error("no values on the way");
    const shared = vector.trace.filter(([, name]) => name === "ss").map(([, , value]) => value);
    // Between the acts too: up to the first thing that goes out.
    await play(ends, connection, { ...vector, io: vector.io.slice(0, vector.role === "initiator" ? 0 : 1) });
    expect(await found(shared)).toEqual([]);
    await ends.call("close", connection);
    await play(ends, connection, vector);
    // The caller's own copies of the scalar and the key.
    await ends.write(new Uint8Array(256));
    const secrets = vector.trace.filter(([, name]) => name === "ss" || name.startsWith("ck,"));
    const values = [
      vector.keys["e.priv"],
      vector.keys["ls.priv"],
      ...secrets.flatMap(([, , value]) => value.split(",")),
    ];
    expect(values.length).toBe(11);
    // Only the last chaining key is still needed.
    expect(await found(values)).toEqual([ck]);
  }
  // A key is gone as soon as it is changed, and the chaining key with it, at both ends.
  for (let i = 0; i < 499; i++) await ends.receive(1, bytesOf(await ends.send(0, hex(plaintext))));
  expect(await found([ck, sk])).toEqual([ck, sk]);
  await ends.receive(1, bytesOf(await ends.send(0, hex(plaintext))));
  expect(await found([sk])).toEqual([]);
  await ends.call("close", 0);
  await ends.call("close", 1);
  expect(await found([ck, vectors.message_encryption.rk])).toEqual([]);
});
