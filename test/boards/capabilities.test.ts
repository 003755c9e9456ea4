import secp256k1 from "secp256k1";
import { expect, it } from "vitest";
import { KeyRing } from "../../host/board/key_ring.js";
import type { BoardClient } from "../../host/link/board_client.js";
import { type PlaceName, Status } from "../../host/link/protocol.js";
import { CRYPTO_IMPORTS, type CryptoImportName } from "../../host/node/abi.js";
import { BOARD_ROOT } from "../../host/link/image.js";
import { pointers } from "../crypto/arguments.js";
import { compileEntry } from "../driver/entry.js";
import { describeBoard, useMachine } from "./board.js";

const ERR_RANGE = -7;
const ERR_CAPACITY = -15;
const MEMORY_BYTES = 65536;
const NAMES = Object.keys(CRYPTO_IMPORTS) as CryptoImportName[];
const SIX = ["i32", "i32", "i32", "i32", "i32", "i32"] as const;

/** A module of nothing but imports of (i32, i32) -> i32. */
function importing(...imports: [module: string, name: string][]): Uint8Array {
  const text = (value: string): number[] => [value.length, ...Buffer.from(value, "ascii")];
  const list = imports.flatMap(([module, name]) => [...text(module), ...text(name), 0, 0]);
  const content = [imports.length, ...list];
  return Uint8Array.from([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...[1, 7, 1, 0x60, 2, 0x7f, 0x7f, 1, 0x7f],
    ...[2, content.length, ...content],
  ]);
}

describeBoard("a module's capability", () => {
  const machine = useMachine();
  const { wasm } = compileEntry("test/crypto/crypto.entry.ts");

  const call = async (client: BoardClient, name: CryptoImportName, ...args: number[]): Promise<number> => {
    const padded = [...args, 0, 0, 0, 0, 0, 0].slice(0, 6);
    return (await client.callNamed("call_import", ["i32", ...SIX], [NAMES.indexOf(name), ...padded])) as number;
  };

  it("is the meter's or the node's, never both", async () => {
    const { client } = machine();
    const refusal = async (place: PlaceName, ...imports: [string, string][]): Promise<unknown> =>
      client.load(importing(...imports), place).catch((error: unknown) => error);
    const meter: [string, string] = ["board", "sign"];
    const crypto: [string, string] = ["crypto", "key_public"];
    const node: [string, string] = ["board", "random"];
    const testKeys: [string, string] = ["test_keys.entry", "key_import"];
    const missing = (name: string) => ({ status: Status.stopped, message: `missing import ${name}` });

    expect(await refusal("node", crypto, node, ["meter", "point"], testKeys)).toBeUndefined();
    // Whatever the meter has is missing in the node's place, whoever asks for it together with what.
    for (const name of ["sign", "module_hash", "sha256"]) {
      expect(await refusal("node", ["board", name])).toMatchObject(missing(name));
      expect(await refusal("node", crypto, ["board", name])).toMatchObject(missing(name));
    }
    expect((await client.hello()).board, "the meter beside it").toBe("qemu_virt");
    // The names of one import module are not those of another.
    expect(await refusal("node", ["crypto", "random"])).toMatchObject(missing("random"));
    expect(await refusal("node", ["board", "key_public"])).toMatchObject(missing("key_public"));

    expect(await refusal("metrology", meter)).toBeUndefined();
    expect(await refusal("metrology", meter, crypto)).toMatchObject(missing("key_public"));
    expect(await refusal("metrology", node)).toMatchObject(missing("random"));
    expect(await refusal("metrology", ["meter", "point"])).toMatchObject(missing("point"));
    expect(await refusal("metrology", meter, testKeys)).toMatchObject(missing("key_import"));
    await client.start("metrology");
  });

  it("answers ERR_RANGE to every wild pointer, and the board lives", async () => {
    const { client } = machine();
    await client.load(wasm);
    const before = await client.memoryRead(0, MEMORY_BYTES);
    for (const name of NAMES) {
      const { found, count } = pointers(name);
      for (const { index, length } of found) {
        for (const at of [MEMORY_BYTES, MEMORY_BYTES - 1, -1, 0x7fff_ffff, -2147483648]) {
          const args = new Array<number>(count).fill(2048).fill(0, 0, name.startsWith("key_") ? 1 : 0);
          args[index] = at;
          if (length === undefined) args[index + 1] = -1;
          expect(await call(client, name, ...args), `${name}(${args.join(", ")})`).toBe(ERR_RANGE);
        }
      }
    }
    expect(await client.memoryRead(0, MEMORY_BYTES)).toEqual(before);
    expect((await client.hello()).board).toBe("qemu_virt");
  });

  it("leaves neither hashes nor test keys to the next module", async () => {
    const { client } = machine();
    await client.load(wasm);
    const at = (await client.callNamed("data")) as number;
    const empty = async (): Promise<Uint8Array> => {
      expect(await call(client, "sha256_final", at)).toBe(0);
      return client.memoryRead(at, 32);
    };
    const publicKey = async (): Promise<Uint8Array> => {
      expect(await call(client, "key_public", 0, at)).toBe(0);
      return client.memoryRead(at, 33);
    };
    const importKey = async (handle: number): Promise<number> => {
      await client.memoryWrite(at, new Uint8Array(32).fill(7));
      return (await client.callNamed("import_key", ["i32", "i32"], [handle, at])) as number;
    };
    const nothing = await empty();
    const own = secp256k1.publicKeyCreate(new KeyRing(BOARD_ROOT).key(0) ?? expect.fail(), true);
    expect(await publicKey()).toEqual(own);
    expect(await call(client, "sha256_update", at, 32)).toBe(0);
    // Every place is taken; the same handle again is no new one.
    for (let handle = 0; handle < 64; handle++) expect(await importKey(handle)).toBe(0);
    expect(await importKey(64)).toBe(ERR_CAPACITY);
    expect(await importKey(63)).toBe(0);
    expect(await publicKey()).toEqual(secp256k1.publicKeyCreate(new Uint8Array(32).fill(7), true));

    await client.load(wasm);
    expect(await empty()).toEqual(nothing);
    expect(await publicKey()).toEqual(own);
    expect(await importKey(64)).toBe(0);
  });

  it("has stack enough for its deepest import, however deep the module is", async () => {
    const { client } = machine();
    const deep = compileEntry("test/boards/deep.entry.ts").wasm;
    await client.load(deep);
    const at = (await client.callNamed("data")) as number;
    const digest = new Uint8Array(32).fill(3);
    const { signature } = secp256k1.ecdsaSign(digest, new Uint8Array(32).fill(7));
    await client.memoryWrite(at, Uint8Array.of(...digest, ...signature));
    let depth = 0;
    for (let result: unknown = 0; result === depth;) {
      depth++;
      result = await client.callNamed("recover_below", ["i32"], [depth]).catch((error: unknown) => error);
      if (result !== depth) expect(result).toMatchObject({ status: Status.trap });
    }
    expect(depth).toBeGreaterThan(10);
    const map = await client.map(false, "node");
    expect(map.get("stack_peak")).toBeGreaterThan(7000);
    expect(map.get("stack_peak")).toBeLessThan((map.get("stack") ?? 0) - 256);
  });
});
