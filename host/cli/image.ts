import { readFileSync, writeFileSync } from "node:fs";
import { Command, Option } from "commander";
import { KeyStore } from "../board/key_store.js";
import { checkModule } from "../image/check_module.js";
import { IMAGE_KINDS, type ImageKind, readImage, signImage } from "../image/image.js";
import { parsePublicKey, pointOf } from "../ocmf/key.js";

interface SignOptions {
  readonly kind: ImageKind;
  readonly key: string;
  readonly imageVersion: string;
  readonly out: string;
}

/** `tieline image`: updates of the modules of boards. */
export function imageCommand(): Command {
  return new Command("image")
    .description("make and check updates of modules, signed for boards")
    .addCommand(
      new Command("sign")
        .description("check a module and sign it: boards try it, and keep it if it runs well")
        .argument("<wasm>", "the module: build/node.wasm, build/metrology.wasm")
        .addOption(
          new Option("--kind <name>", "what it is; boards take metrology with the cover open only")
            .choices(Object.keys(IMAGE_KINDS))
            .default("node" satisfies ImageKind),
        )
        .requiredOption("--key <file>", "private update key, as tieline keygen --out writes it")
        .requiredOption("--image-version <number>", "higher than that of any image that the boards have kept")
        .requiredOption("--out <file>", "the image; an existing file is not overwritten")
        .action(sign),
    )
    .addCommand(
      new Command("show")
        .description("check an image as boards do, and tell what is in it")
        .argument("<image>", "the image")
        .requiredOption("--key <hex>", "public update key: SPKI (DER) or point")
        .action(show),
    );
}

function sign(wasm: string, { kind, key, imageVersion, out }: SignOptions): void {
  const module = Uint8Array.from(readFileSync(wasm));
  if (!/^[0-9]{1,10}$/.test(imageVersion)) throw new Error(`--image-version ${imageVersion}: not a whole number`);
  try {
    checkModule(module, kind);
    const image = signImage({ kind, version: Number(imageVersion), module }, new KeyStore(privateKey(key)));
    writeFileSync(out, image, { flag: "wx" });
    console.log(`${out}: ${kind}, version ${imageVersion}, ${module.length} bytes of module, ${image.length} bytes`);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") {
      throw new Error(`${wasm}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
    }
    throw new Error(`--out ${out}: exists already, and nothing is overwritten`, { cause: error });
  }
}

function privateKey(file: string): Uint8Array {
  const text = readFileSync(file, "latin1").trim();
  if (!/^[0-9a-f]{64}$/i.test(text)) throw new Error(`--key ${file}: not 64 hexadecimal digits`);
  return Uint8Array.from(Buffer.from(text, "hex"));
}

function show(file: string, { key }: { readonly key: string }): void {
  const updateKey = pointOf(parsePublicKey(key), "compressed");
  try {
    const { kind, version, module } = readImage(readFileSync(file), updateKey);
    checkModule(module, kind);
    console.log(`${file}: ${kind}, version ${version}, ${module.length} bytes of module, signed by this key`);
  } catch (error) {
    throw new Error(`${file}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}
