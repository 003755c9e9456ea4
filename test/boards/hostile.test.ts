import { createHash } from "node:crypto";
import secp256k1 from "secp256k1";
import { beforeEach, expect, it } from "vitest";
import type { BoardClient } from "../../host/link/board_client.js";
import { Op, Place, Status } from "../../host/link/protocol.js";
import { ABI_VERSION, IMPORTS, type ImportName } from "../../host/metrology/abi.js";
import { FLASH_SECTOR_BYTES, FLASH_SECTORS } from "../../host/metrology/driver.js";
import { compileEntry } from "../driver/entry.js";
import { describeBoard, KEY, useMachine } from "./board.js";

const ERR_RANGE = -7;
const MEMORY_BYTES = 65536;
const PARTITION_BYTES = FLASH_SECTORS * FLASH_SECTOR_BYTES;
const NUMBERS = Object.keys(IMPORTS) as ImportName[];

/** Payload of MEMORY_READ. */
function range(address: number, length: number): Uint8Array {
  const payload = Buffer.alloc(9);
  payload[0] = Place.metrology;
  payload.writeUInt32LE(address, 1);
  payload.writeUInt32LE(length, 5);
  return payload;
}

/** A module whose only function is `depth` blocks inside one another; wasm3 compiles them recursively. */
function nestedBlocks(depth: number): Uint8Array {
  const leb = (value: number): number[] => (value < 128 ? [value] : [(value & 127) | 128, ...leb(value >> 7)]);
  const section = (id: number, content: number[]): number[] => [id, ...leb(content.length), ...content];
  const blocks = Array.from({ length: depth }, () => [0x02, 0x40]).flat();
  const body = [0, ...blocks, ...new Array<number>(depth + 1).fill(0x0b)];
  return Uint8Array.from([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, [1, 0x60, 0, 0]),
    ...section(3, [1, 0]),
    ...section(7, [1, 4, ...Buffer.from("deep"), 0, 0]),
    ...section(10, [1, ...leb(body.length), ...body]),
  ]);
}

describeBoard("a hostile module", () => {
  const machine = useMachine();
  const { wasm } = compileEntry("test/boards/hostile.entry.ts");
  let client: BoardClient;

  /** Calls an import from inside the module. */
  const call = async (name: ImportName, a = 0, b = 0, c = 0): Promise<number> =>
    (await client.callNamed(
      "call_import",
      ["i32", "i32", "i32", "i32"],
      [NUMBERS.indexOf(name), a, b, c],
      "metrology",
    )) as number;
  /** Reads and writes memory from inside the module, which MEMORY_READ and MEMORY_WRITE do from outside. */
  const peek = async (at: number): Promise<number> =>
    (await client.callNamed("peek", ["i32"], [at], "metrology")) as number;
  const poke = async (at: number, value: number): Promise<void> => {
    await client.callNamed("poke", ["i32", "i32"], [at, value], "metrology");
  };

  beforeEach(async () => {
    client = machine().client;
    await client.load(wasm, "metrology");
  });

  it("gets ERR_RANGE for every pointer that leaves its memory, and the board lives", async () => {
    const wild = [
      [MEMORY_BYTES, 1],
      [MEMORY_BYTES - 1, 2],
      [-1, 1],
      [-1, -1],
      [0x7fff_ffff, 0x7fff_ffff],
      [1, -1],
      [0, MEMORY_BYTES + 1],
      [-2147483648, -2147483648],
    ] as const;
    for (const [at, length] of wild) {
      expect(await call("sha256", at, length, 0)).toBe(ERR_RANGE);
      expect(await call("flash_read", 0, at, length)).toBe(ERR_RANGE);
      expect(await call("flash_program", 0, at, length)).toBe(ERR_RANGE);
    }
    for (const at of [MEMORY_BYTES, MEMORY_BYTES - 31, -1, -32, -2147483648]) {
      expect(await call("sha256", 0, 0, at)).toBe(ERR_RANGE);
      expect(await call("sign", at, 0)).toBe(ERR_RANGE);
      expect(await call("sign", 0, at)).toBe(ERR_RANGE);
      expect(await call("module_hash", at)).toBe(ERR_RANGE);
    }
    expect(await call("sign", 0, MEMORY_BYTES - 63)).toBe(ERR_RANGE);
    expect(await call("sha256", 0, 0, MEMORY_BYTES - 32)).toBe(0);
    expect((await client.hello()).board).toBe("qemu_virt");
  });

  it("gets ERR_RANGE outside the flash partition", async () => {
    expect(await call("flash_sectors")).toBe(FLASH_SECTORS);
    expect(await call("flash_sector_bytes")).toBe(FLASH_SECTOR_BYTES);
    for (const [offset, length] of [
      [PARTITION_BYTES, 1],
      [PARTITION_BYTES - 1, 2],
      [-1, 1],
      [-2147483648, 0],
    ] as const) {
      expect(await call("flash_read", offset, 0, length)).toBe(ERR_RANGE);
      expect(await call("flash_program", offset, 0, length)).toBe(ERR_RANGE);
    }
    expect(await call("flash_program", FLASH_SECTOR_BYTES - 1, 0, 2), "two sectors").toBe(ERR_RANGE);
    for (const sector of [FLASH_SECTORS, -1, 100]) expect(await call("flash_erase", sector)).toBe(ERR_RANGE);
    // The key's block is far outside, and still there.
    expect((await client.hello()).publicKey).toEqual(secp256k1.publicKeyCreate(KEY, true));
  });

  it("has its memory read and written over the link, all of it and nothing else", async () => {
    const image = Uint8Array.from({ length: MEMORY_BYTES }, (_, i) => (i * 7) ^ (i >> 8));
    await client.memoryWrite(0, image, "metrology");
    expect(await client.memoryRead(0, MEMORY_BYTES, "metrology")).toEqual(image);
    // The module sees the same bytes.
    for (const at of [0, 4095, 4096, MEMORY_BYTES - 1]) expect(await peek(at)).toBe(image[at]);
    await poke(12345, 0x5a);
    expect(await client.memoryRead(12344, 3, "metrology")).toEqual(
      Uint8Array.of(image[12344] ?? 0, 0x5a, image[12346] ?? 0),
    );
    await poke(12345, image[12345] ?? 0);

    const outside = { status: Status.badRequest, message: "outside the module's memory" };
    for (const [address, length] of [
      [MEMORY_BYTES, 1],
      [MEMORY_BYTES - 1, 2],
      [MEMORY_BYTES - 3, 4096],
      [0x7fff_ffff, 1],
      [0xffff_ffff, 1],
      [0xffff_fffe, 4],
    ] as const) {
      await expect(client.memoryRead(address, length, "metrology")).rejects.toMatchObject(outside);
      await expect(client.memoryWrite(address, new Uint8Array(length), "metrology")).rejects.toMatchObject(outside);
    }
    for (const [address, length] of [
      [0, MEMORY_BYTES + 1],
      [0, 0xffff_ffff],
      [1, 0xffff_ffff],
      [MEMORY_BYTES + 1, 0],
    ] as const) {
      await expect(client.link.rawRequest(Op.memoryRead, range(address, length))).rejects.toMatchObject(outside);
    }
    // A range that is partly outside was not written in part, and an empty one at the end is inside.
    expect(await client.memoryRead(0, MEMORY_BYTES, "metrology")).toEqual(image);
    expect(await client.link.rawRequest(Op.memoryRead, range(MEMORY_BYTES, 0))).toHaveLength(0);
  });

  it("has no memory to read or write once it trapped, or if it has none", async () => {
    await expect(client.callNamed("trap", [], [], "metrology")).rejects.toMatchObject({ status: Status.trap });
    await expect(client.memoryRead(0, 1, "metrology")).rejects.toMatchObject({ status: Status.stopped });
    await expect(client.memoryWrite(0, Uint8Array.of(1), "metrology")).rejects.toMatchObject({
      status: Status.stopped,
    });
    await client.load(nestedBlocks(1), "metrology");
    const outside = { status: Status.badRequest, message: "outside the module's memory" };
    await expect(client.memoryRead(0, 1, "metrology")).rejects.toMatchObject(outside);
    await expect(client.memoryWrite(0, Uint8Array.of(1), "metrology")).rejects.toMatchObject(outside);
  });

  it("finds the imports working", async () => {
    const data = Uint8Array.from({ length: 100 }, (_, i) => i * 7);
    await client.memoryWrite(1000, data, "metrology");
    expect(await call("sha256", 1000, data.length, 2000)).toBe(0);
    const digest = Uint8Array.from(createHash("sha256").update(data).digest());
    expect(await client.memoryRead(2000, 32, "metrology")).toEqual(digest);
    // The signature over its own digest's place.
    expect(await call("sign", 2000, 2000)).toBe(0);
    expect(await client.memoryRead(2000, 64, "metrology")).toEqual(secp256k1.ecdsaSign(digest, KEY).signature);
    expect(await call("module_hash", 3000)).toBe(0);
    expect(await client.memoryRead(3000, 32, "metrology")).toEqual(
      Uint8Array.from(createHash("sha256").update(wasm).digest()),
    );
  });

  it("finds NOR flash: bits only clear, a sector at a time comes back", async () => {
    const sector = 5;
    const at = sector * FLASH_SECTOR_BYTES + 253; // across the driver's and the chip's units, unaligned
    const first = Uint8Array.from({ length: 600 }, (_, i) => i % 251);
    const second = Uint8Array.from({ length: 600 }, (_, i) => (i * 31) % 256);
    await client.memoryWrite(1000, first, "metrology");
    expect(await call("flash_program", at, 1000, first.length)).toBe(0);
    await client.memoryWrite(1000, second, "metrology");
    expect(await call("flash_program", at, 1000, second.length)).toBe(0);
    const both = first.map((byte, i) => byte & (second[i] ?? 0));
    const expected = new Uint8Array(PARTITION_BYTES).fill(0xff);
    expected.set(both, at);
    expect(machine().flash()).toEqual(expected);
    expect(await client.flashRead(at - 300, 1200)).toEqual(expected.slice(at - 300, at + 900));
    expect(await call("flash_read", at, 4000, both.length)).toBe(0);
    expect(await client.memoryRead(4000, both.length, "metrology")).toEqual(both);
    expect(await call("flash_erase", sector)).toBe(0);
    expect(machine().flash()).toEqual(new Uint8Array(PARTITION_BYTES).fill(0xff));
  });

  it.each([
    ["spin", "[trap] gas exhausted", undefined],
    ["trap", "[trap] unreachable executed", undefined],
    ["stray_load", "[trap] out of bounds memory access", undefined],
    ["divide", "[trap] integer divide by zero", [1, 0]],
  ] as const)("traps in %s, stays stopped, and the board answers", async (name, message, args) => {
    const params = args === undefined ? [] : (["i32", "i32"] as const);
    await expect(client.callNamed(name, params, args, "metrology")).rejects.toMatchObject({
      status: Status.trap,
      message,
    });
    await expect(client.callNamed("peek", ["i32"], [0], "metrology")).rejects.toMatchObject({
      status: Status.stopped,
      message,
    });
    await expect(client.hello()).rejects.toMatchObject({ status: Status.stopped, message });
    expect((await client.map()).get("call_gas")).toBeGreaterThan(0);
  });

  it("traps when it recurses too deep, whichever stack ends first", async () => {
    expect(await client.callNamed("recurse", ["i64"], [20n], "metrology")).toBe(20n);
    await expect(client.callNamed("recurse", ["i64"], [1_000_000n], "metrology")).rejects.toMatchObject({
      status: Status.trap,
      message: expect.stringMatching(/^\[trap\] (native )?stack (exhausted|overflow)$/) as string,
    });
    const map = await client.map();
    expect(map.get("stack_peak")).toBeLessThan(map.get("stack") ?? 0);
  });

  it("leaves nothing behind when it is replaced", async () => {
    const heap = async (): Promise<number | undefined> => (await client.map()).get("heap_live");
    const before = await heap();
    for (let i = 0; i < 5; i++) await client.load(wasm, "metrology");
    expect(await heap()).toBe(before);
    expect(await client.callNamed("wide", ["i64", "i32"], [-3n, 1 << 30], "metrology")).toBe(-3n << 30n);
  });

  it("is refused when it is no module or wants imports that are not there", async () => {
    const refusal = async (bytes: Uint8Array): Promise<unknown> =>
      client.load(bytes, "metrology").catch((error: unknown) => error);
    expect(await refusal(Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8))).toMatchObject({ status: Status.stopped });
    expect(await refusal(wasm.subarray(0, 40))).toMatchObject({ status: Status.stopped });
    const renamed = Buffer.from(wasm);
    renamed.write("flash_grave", renamed.indexOf("flash_erase"), "ascii");
    expect(await refusal(renamed)).toMatchObject({ status: Status.stopped, message: "missing import flash_grave" });
    await client.load(wasm, "metrology");
    expect(await call("flash_sectors")).toBe(FLASH_SECTORS);
  });

  it("may bring wasm3's compiler down: the board reports it, starts anew and runs metrology", async () => {
    await client.load(nestedBlocks(2000), "metrology");
    const ready = client.link.ready().catch(() => client.link.ready());
    await expect(client.callNamed("deep", [], [], "metrology")).rejects.toMatchObject({
      status: Status.fault,
      message: expect.stringMatching(/^the board failed and restarted: CPU exception 00000007 at 8000/) as string,
    });
    expect(await ready).toBe("");
    expect(await client.callNamed("abi", [], [], "metrology")).toBe(ABI_VERSION);
  });

  it("is gone after RESTART: the board runs metrology again", async () => {
    const ready = client.link.ready();
    await client.restart();
    expect(await ready).toBe("");
    expect(await client.callNamed("abi", [], [], "metrology")).toBe(ABI_VERSION);
    await expect(client.callNamed("spin", [], [], "metrology")).rejects.toMatchObject({ status: Status.badRequest });
    await expect(client.memoryWrite(0, Uint8Array.of(1), "metrology")).rejects.toMatchObject({
      status: Status.badRequest,
    });
  });
});
