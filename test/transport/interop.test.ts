import { secp256k1 } from "@noble/curves/secp256k1.js";
import { NoiseState } from "@node-lightning/noise";
import { expect } from "vitest";
import { LdkPeer, startLdk } from "../../host/bench/lightning/ldk.js";
import { Entropy } from "../../host/board/entropy.js";
import { onEveryModuleEngine, type TestModule } from "../driver/modules.js";
import { bytesOf, Ends, EVENT, type TransportEvent } from "./ends.js";

const ENTRY = "test/transport/transport.entry.ts";
const KEY = new Uint8Array(32).fill(0x31);
const PUBLIC = secp256k1.getPublicKey(KEY, true);
const EPHEMERAL = new Uint8Array(32).fill(0x41);
const INIT = 16;

/** Enough that the key is changed twice on the way. The board's share goes over a serial line. */
const messages = (module: TestModule): number => (module.engine === "qemu" ? 20 : 1100);

async function start(module: TestModule): Promise<Ends> {
  const ends = await Ends.of(module);
  expect(await ends.importKey(KEY)).toBe(0);
  return ends;
}

/** The bytes that the one event of these answers with. */
async function answer(ends: Ends, event: number, bytes: Uint8Array): Promise<Uint8Array> {
  const { code, events } = await ends.receive(0, bytes);
  expect([code, events.map((one) => one.event)]).toEqual([0, [event]]);
  return events[0]?.bytes ?? new Uint8Array(0);
}

/** An end of each, connected. */
async function withNoise(module: TestModule, initiator: boolean): Promise<{ ends: Ends; noise: NoiseState }> {
  const ends = await start(module);
  const noise = new NoiseState({ ls: Buffer.alloc(32, 0x51), es: Buffer.alloc(32, 0x61) });
  if (initiator) {
    const one = bytesOf(await ends.openInitiator(0, EPHEMERAL, noise.lpk));
    noise.receiveAct1(Buffer.from(one));
    noise.receiveAct3(Buffer.from(await answer(ends, EVENT.established, noise.recieveAct2())));
    expect(Uint8Array.from(noise.rpk)).toEqual(PUBLIC);
  } else {
    expect(await ends.openResponder(0, EPHEMERAL)).toBe(0);
    noise.initiatorAct2(Buffer.from(await answer(ends, EVENT.reply, noise.initiatorAct1(Buffer.from(PUBLIC)))));
    await answer(ends, EVENT.established, noise.initiatorAct3());
    expect(await ends.remote(0)).toEqual(Uint8Array.from(noise.lpk));
  }
  return { ends, noise };
}

// Its two directions share a chaining key once one of them has changed keys, so each direction has a connection of its
// own here.
for (const initiator of [true, false]) {
  const role = initiator ? "initiator" : "responder";
  onEveryModuleEngine(`transport: @node-lightning/noise reads what the ${role} sends`, ENTRY, async (module) => {
    const { ends, noise } = await withNoise(module, initiator);
    const random = new Entropy("noise", role);
    for (let i = 0; i < messages(module); i++) {
      const message = random.bytes(random.below(300));
      const frame = Buffer.from(bytesOf(await ends.send(0, message)));
      expect(noise.decryptLength(frame.subarray(0, 18))).toBe(message.length);
      const read = noise.decryptMessage(frame.subarray(18));
      expect(Buffer.compare(read, message)).toBe(0);
    }
  });

  onEveryModuleEngine(`transport: the ${role} reads what @node-lightning/noise sends`, ENTRY, async (module) => {
    const { ends, noise } = await withNoise(module, initiator);
    const random = new Entropy("noise back", role);
    for (let i = 0; i < messages(module); i++) {
      const message = random.bytes(random.below(300));
      const read = await answer(ends, EVENT.message, Uint8Array.from(noise.encryptMessage(Buffer.from(message))));
      expect(Buffer.compare(read, message)).toBe(0);
    }
  });
}

/** What LDK says first once it is connected: `init`, in a frame of its own. */
function expectInit(events: readonly TransportEvent[]): void {
  expect(events.map(({ event }) => event)).toEqual([EVENT.message]);
  const init = Buffer.from(events[0]?.bytes ?? []);
  expect(init.readUInt16BE(0)).toBe(INIT);
}

onEveryModuleEngine("transport: LDK at the other end, in both roles", ENTRY, async (module) => {
  await startLdk();
  const ends = await start(module);
  const ldk = new LdkPeer(0x71);
  // An `init` without features: global and local of zero bytes.
  const init = Uint8Array.of(0, INIT, 0, 0, 0, 0);

  ldk.accept();
  const two = ldk.receive(bytesOf(await ends.openInitiator(0, EPHEMERAL, ldk.publicKey)));
  const afterThree = ldk.receive(await answer(ends, EVENT.established, two));
  // LDK as responder speaks as soon as act three is there, or when it has been greeted.
  const greeted = ldk.receive(bytesOf(await ends.send(0, init)));
  const first = await ends.receive(0, Uint8Array.from([...afterThree, ...greeted]));
  expect(first.code).toBe(0);
  expectInit(first.events.slice(0, 1));
  expect(ldk.connected).toBe(true);
  ldk.disconnect();
  expect(await ends.call("close", 0)).toBe(0);

  expect(await ends.openResponder(0, EPHEMERAL)).toBe(0);
  const three = ldk.receive(await answer(ends, EVENT.reply, ldk.connect(PUBLIC)));
  // Act three, and its `init` right behind it.
  const second = await ends.receive(0, three);
  expect(second.code).toBe(0);
  expect(second.events[0]).toEqual({ event: EVENT.established, length: 0, bytes: new Uint8Array(0) });
  expectInit(second.events.slice(1, 2));
  expect(await ends.remote(0)).toEqual(ldk.publicKey);
  ldk.receive(bytesOf(await ends.send(0, init)));
  expect(ldk.connected).toBe(true);
  ldk.disconnect();
});
