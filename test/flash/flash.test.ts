import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { afterEach, describe, expect, it } from "vitest";
import { flashBoard } from "../../host/flash/flash_board.js";
import { RomLoader } from "./rom_loader.js";

const python = spawnSync("python3", ["--version"]).status === 0;

/** Bytes of every value, the two that frames escape many times, and no whole number of blocks. */
function image(bytes: number): Uint8Array {
  const out = new Uint8Array(bytes);
  for (let i = 0; i < bytes; i += 32)
    out.set(
      createHash("sha256")
        .update(`${i}`)
        .digest()
        .subarray(0, bytes - i),
      i,
    );
  out.fill(0xc0, 2000, 2300);
  out.fill(0xdb, 2300, 2600);
  return out;
}

describe.skipIf(!python || process.platform === "win32")("flashing through the loader in a chip's ROM", () => {
  let loader: RomLoader | undefined;

  afterEach(async () => {
    await loader?.stop();
    loader = undefined;
  });

  const written = image(37 * 1024 + 100);
  const flash = (more: object = {}): Promise<{ md5: string }> =>
    flashBoard({ port: loader?.port ?? "", image: written, baud: 115200, attempts: 1, ...more });

  it("writes the image, byte by byte, and nothing else", async () => {
    loader = await RomLoader.start();
    const progress: number[] = [];
    const { md5 } = await flash({ onProgress: (bytes: number) => progress.push(bytes) });
    const stands = await loader.stop();
    loader = undefined;
    expect(Buffer.compare(stands.subarray(0, written.length), written)).toBe(0);
    expect(md5).toBe(createHash("md5").update(written).digest("hex"));
    expect(progress.at(-1)).toBe(written.length);
    expect(progress).toEqual([...progress].sort((a, b) => a - b));
    // The last sector is erased to its end; behind it stands what stood there.
    const end = Math.ceil(written.length / 4096) * 4096;
    expect(new Set(stands.subarray(written.length, end))).toEqual(new Set([0xff]));
    expect(new Set(stands.subarray(end))).toEqual(new Set([0xa5]));
  });

  it("at another speed", async () => {
    loader = await RomLoader.start();
    await flash({ baud: 460800 });
    const stands = await loader.stop();
    loader = undefined;
    expect(Buffer.compare(stands.subarray(0, written.length), written)).toBe(0);
  });

  it("sends a block again that arrived damaged", async () => {
    loader = await RomLoader.start("--damage", "5");
    await flash();
    const stands = await loader.stop();
    loader = undefined;
    expect(Buffer.compare(stands.subarray(0, written.length), written)).toBe(0);
  });

  it("gives up where a block is damaged again and again", async () => {
    loader = await RomLoader.start("--damage", "5", "--damages", "100");
    await expect(flash()).rejects.toThrow(/after 5120 of 37988 bytes: .*seq 5.*Flash it again/s);
  });

  it("tells where flash does not hold what was written", async () => {
    loader = await RomLoader.start("--weak-bit", "20000");
    await expect(flash()).rejects.toThrow(/what stands in flash is not the image/);
  });

  it("tells where the loader goes silent", async () => {
    loader = await RomLoader.start("--silent-after", "7");
    await expect(flash()).rejects.toThrow(/after 7168 of 37988 bytes: .*Flash it again/s);
  }, 30000);

  it("refuses another chip, and writes nothing", async () => {
    loader = await RomLoader.start("--chip", "5");
    await expect(flash()).rejects.toThrow(/the chip is an ESP32-C3, the firmware is for an ESP32-C6/);
    const stands = await loader.stop();
    loader = undefined;
    expect(new Set(stands)).toEqual(new Set([0xa5]));
  });

  it("refuses a chip that it does not know", async () => {
    loader = await RomLoader.start("--chip", "4711");
    await expect(flash()).rejects.toThrow(/no ESP32-C6: .*4711/);
  });

  it("says what to do where nothing answers", async () => {
    loader = await RomLoader.start("--mute");
    await expect(flash()).rejects.toThrow(/no loader answers .*hold BOOT/);
  }, 20000);

  it("says that there is no such port", async () => {
    await expect(flashBoard({ port: "/dev/no-such-port", image: written, baud: 115200, attempts: 1 })).rejects.toThrow(
      /\/dev\/no-such-port: cannot be opened: .*No such file/,
    );
  });
});
