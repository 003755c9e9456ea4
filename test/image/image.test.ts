import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { Entropy } from "../../host/board/entropy.js";
import { KeyStore } from "../../host/board/key_store.js";
import { checkModule } from "../../host/image/check_module.js";
import { IMAGE_HEADER_BYTES, MAX_MODULE_BYTES, readImage, signImage } from "../../host/image/image.js";
import { NODE_ABI_VERSION } from "../../host/node/abi.js";
import { readModule } from "../../host/engine/module_file.js";
import { projectRoot } from "../../host/root.js";

const key = KeyStore.generate(new Entropy("update key"));
const other = KeyStore.generate(new Entropy("another key"));
const module = readModule("node").wasm;
const image = signImage({ version: 7, module }, key);

describe("an image of the node module", () => {
  it("gives back what was signed", () => {
    expect(image).toHaveLength(IMAGE_HEADER_BYTES + module.length);
    const read = readImage(image, key.publicKey());
    expect(read.version).toBe(7);
    expect(Buffer.from(read.module).equals(module)).toBe(true);
  });

  it("is refused with any bit of its header changed, and with any of some bits of the module", () => {
    const places = [
      ...Array.from({ length: IMAGE_HEADER_BYTES }, (_, at) => at),
      IMAGE_HEADER_BYTES,
      IMAGE_HEADER_BYTES + (module.length >> 1),
      image.length - 1,
    ];
    for (const at of places) {
      for (let bit = 0; bit < 8; bit++) {
        const changed = image.slice();
        changed[at] = (changed[at] ?? 0) ^ (1 << bit);
        expect(() => readImage(changed, key.publicKey()), `byte ${at}, bit ${bit}`).toThrow(
          /^(magic|length|reserved|signature|module): /,
        );
      }
    }
  });

  it("is refused when bytes are missing or left over, and with another key", () => {
    for (const length of [0, 1, IMAGE_HEADER_BYTES - 1, IMAGE_HEADER_BYTES, image.length - 1]) {
      expect(() => readImage(image.subarray(0, length), key.publicKey())).toThrow(/^(header|length): /);
    }
    expect(() => readImage(Buffer.concat([image, Buffer.alloc(1)]), key.publicKey())).toThrow(/^length: /);
    expect(() => readImage(image, other.publicKey())).toThrow("signature: not by this key");
  });

  it("is not made of a version that boards cannot count, or of a module that no slot holds", () => {
    for (const version of [0, -1, 1.5, 2 ** 32, NaN]) {
      expect(() => signImage({ version, module }, key)).toThrow(/^version: /);
    }
    const largest = new Uint8Array(MAX_MODULE_BYTES);
    expect(readImage(signImage({ version: 1, module: largest }, key), key.publicKey()).module).toHaveLength(
      131_072 - 112,
    );
    expect(() => signImage({ version: 1, module: new Uint8Array(MAX_MODULE_BYTES + 1) }, key)).toThrow(/^module: /);
    expect(() => signImage({ version: 1, module: new Uint8Array(0) }, key)).toThrow(/^module: 0 bytes/);
  });
});

describe("what is signed", () => {
  it("is this project's node module", () => {
    expect(() => checkModule(module)).not.toThrow();
  });

  it("is no other file, and no module that V8 would not run", () => {
    expect(() => checkModule(readFileSync(join(projectRoot(), "package.json")))).toThrow("not valid WebAssembly");
    expect(() => checkModule(module.subarray(0, module.length - 1))).toThrow("not valid WebAssembly");
  });

  it("is no module that asks for more than a node is granted", () => {
    expect(() => checkModule(readModule("metrology").wasm)).toThrow(
      /imports the function board\.(sign|sha256|module_hash)/,
    );
  });

  it("is no module that lacks an export", () => {
    expect(() => checkModule(readModule("rooms").wasm)).toThrow(/exports no function boot/);
  });

  it("is no module with another version of the interface", () => {
    // The body of `abi` is a constant and an end, which no other function's is.
    const body = Buffer.from([0x04, 0x00, 0x41, NODE_ABI_VERSION, 0x0b]);
    const at = Buffer.from(module).indexOf(body);
    expect(at).toBeGreaterThan(0);
    const changed = module.slice();
    changed[at + 3] = 63;
    expect(() => checkModule(changed)).toThrow(/interface 63/);
  });
});
