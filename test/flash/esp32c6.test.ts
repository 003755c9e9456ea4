import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { checkImage, packImage } from "../../host/flash/image.js";
import { ESP32C6_FLASH_BYTES, ESP32C6_PARTITIONS } from "../../host/flash/partitions.js";
import { ESP32C6_FOLDER, IMAGE_NAME } from "../../host/flash/paths.js";
import { projectRoot } from "../../host/root.js";
import { MMIO_BLOCKS, registerAddresses } from "./esp32c6_registers.js";
import { RomLoader } from "./rom_loader.js";

const ELF = join(ESP32C6_FOLDER, "board.elf");
const IMAGE = join(ESP32C6_FOLDER, IMAGE_NAME);
const source = (name: string): string => readFileSync(join(projectRoot(), "boards", name), "utf8");

function tool(name: string, ...args: string[]): string {
  const { status, stdout, error } = spawnSync(`riscv64-unknown-elf-${name}`, args, {
    encoding: "utf8",
    maxBuffer: 1 << 26,
  });
  if (status !== 0) throw error ?? new Error(`${name} failed`);
  return stdout;
}

const built = existsSync(IMAGE) && spawnSync("riscv64-unknown-elf-nm", ["--version"]).status === 0;

// The chip's memory, from its technical reference manual; the end of RAM is the ROM's.
const FLASH = { from: 0x42000000, to: 0x42100000 };
const RAM = { from: 0x40800000, to: 0x4087e610 };

const symbols = (): Map<string, number> =>
  new Map(
    tool("nm", ELF)
      .split("\n")
      .map((line) => /^([0-9a-f]{8}) \S (\S+)$/.exec(line))
      .filter((match) => match !== null)
      .map((match) => [match[2] ?? "", parseInt(match[1] ?? "", 16)] as const),
  );

function symbol(name: string): number {
  const address = symbols().get(name);
  if (address === undefined) throw new Error(`no symbol ${name}`);
  return address;
}

describe("the ESP32-C6 board's sources", () => {
  it("use registers of the peripherals that the chip has", () => {
    const addresses = registerAddresses(source("esp32c6/registers.h"));
    expect(addresses.length).toBeGreaterThan(60);
    for (const { name, address } of addresses) {
      const block = MMIO_BLOCKS.find(({ from, bytes }) => address >= from && address < from + bytes);
      expect(block, `${name} = 0x${address.toString(16)}`).toBeDefined();
      expect(address % 4, name).toBe(0);
    }
  });

  it("divide flash as the host does, and nothing overlaps", () => {
    const defines = new Map(
      [...source("esp32c6/layout.h").matchAll(/#define (\w+) (0x[0-9a-f]+|\d+)u$/gm)].map((match) => [
        match[1] ?? "",
        Number(match[2]),
      ]),
    );
    let end = 0;
    for (const { name, address, bytes } of ESP32C6_PARTITIONS) {
      const upper = name.toUpperCase();
      expect(defines.get(`${upper}_ADDRESS`), name).toBe(address);
      expect(4096 * (defines.get(`${upper.replace(/_[AB]$/, "")}_SECTORS`) ?? 0), name).toBe(bytes);
      expect(address % 4096, name).toBe(0);
      expect(address, name).toBeGreaterThanOrEqual(end);
      end = address + bytes;
    }
    expect(end).toBeLessThanOrEqual(ESP32C6_FLASH_BYTES);
    expect(defines.get("FLASH_BYTES")).toBe(ESP32C6_FLASH_BYTES);
  });
});

describe.skipIf(!built)("the ESP32-C6 board's firmware", () => {
  it("lies in the chip's flash and RAM, and nothing lies over anything else", () => {
    const segments = [...tool("readelf", "-lW", ELF).matchAll(/^ +LOAD +\S+ (\S+) (\S+) (\S+) (\S+)/gm)].map(
      ([, run, stored, file, memory]) => ({
        run: Number(run),
        stored: Number(stored),
        file: Number(file),
        memory: Number(memory),
      }),
    );
    expect(segments.length).toBeGreaterThanOrEqual(3);
    for (const { run, stored, file, memory } of segments) {
      const region = run >= FLASH.from ? FLASH : RAM;
      expect(run).toBeGreaterThanOrEqual(region.from);
      expect(run + memory).toBeLessThanOrEqual(region.to);
      if (file === 0) continue;
      expect(stored).toBeGreaterThanOrEqual(FLASH.from);
      expect(stored + file).toBeLessThanOrEqual(FLASH.to);
    }
    const apart = (ranges: { from: number; bytes: number }[]): void => {
      ranges.sort((a, b) => a.from - b.from);
      ranges.slice(1).forEach(({ from }, i) => {
        expect(from).toBeGreaterThanOrEqual((ranges[i]?.from ?? 0) + (ranges[i]?.bytes ?? 0));
      });
    };
    apart(segments.map(({ run, memory }) => ({ from: run, bytes: memory })));
    apart(segments.filter(({ file }) => file > 0).map(({ stored, file }) => ({ from: stored, bytes: file })));
  });

  it("is linked to the end", () => {
    expect(tool("nm", "-u", ELF).trim()).toBe("");
    expect(tool("readelf", "-rW", ELF)).toContain("There are no relocations");
    expect(parseInt(/Entry point address: +0x([0-9a-f]+)/.exec(tool("readelf", "-hW", ELF))?.[1] ?? "", 16)).toBe(
      0x42000008,
    );
  });

  it("has a vector of one jump for each of 32 lines, aligned as the core wants it, in RAM", () => {
    const vectors = symbol("vectors");
    expect(vectors % 256).toBe(0);
    expect(vectors).toBeGreaterThanOrEqual(RAM.from);
    const table = tool("objdump", "-d", `--start-address=${vectors}`, `--stop-address=${vectors + 128}`, ELF);
    const jumps = [...table.matchAll(/^([0-9a-f]{8}):\t[0-9a-f]{8} +\tj\t([0-9a-f]+) <(\w+)>/gm)];
    expect(jumps.map(([, at]) => parseInt(at ?? "", 16))).toEqual(
      Array.from({ length: 32 }, (_, i) => vectors + 4 * i),
    );
    expect(jumps.map(([, , , to]) => to)).toEqual(["exception", ...Array<string>(31).fill("interrupt")]);
    expect(symbol("second") % 256).toBe(0);
  });

  it("runs nothing from flash, and reads no constant there, while flash is written or an interrupt is taken", () => {
    const from = symbol("__ramtext_start");
    const to = symbol("__ramtext_end");
    const names = ["flash_operate", "interrupt_taken", "uart_interrupt", "alarm_interrupt", "interrupt"];
    for (const name of names) {
      expect(symbol(name), name).toBeGreaterThanOrEqual(from);
      expect(symbol(name), name).toBeLessThan(to);
    }
    expect(symbol("flash_piece")).toBeGreaterThanOrEqual(RAM.from);
    let current = "";
    const seen = new Set<string>();
    let calls = 0;
    for (const line of tool("objdump", "-d", "-j", ".ramtext", ELF).split("\n")) {
      current = /^[0-9a-f]{8} <(\w+)>:/.exec(line)?.[1] ?? current;
      const instruction = /^[0-9a-f]{8}:\t[0-9a-f]+ +\t(\S+)\t?(.*)$/.exec(line);
      // An exception ends in flash: nothing returns from it.
      if (instruction === null || current === "exception") continue;
      seen.add(current);
      const [, name = "", operands = ""] = instruction;
      if (/^(j|jal|b\w+)$/.test(name)) {
        const target = parseInt(/([0-9a-f]{8}) </.exec(operands)?.[1] ?? "0", 16);
        expect(target, line).toBeGreaterThanOrEqual(from);
        expect(target, line).toBeLessThan(to);
      }
      if (name === "jalr") calls++;
      if (name === "auipc") expect.fail(`${line}: a distance out of RAM`);
      const upper = /^lui$/.test(name) ? Number(/0x([0-9a-f]+)/.exec(operands)?.[0] ?? 0) : 0;
      expect(upper >= 0x42000 && upper < 0x43000, line).toBe(false);
    }
    for (const name of names) expect(seen.has(name), name).toBe(true);
    // Suspend, one of three operations, resume.
    expect(calls).toBeGreaterThanOrEqual(3);
  });

  it("touches no address of peripherals but those it names", () => {
    const upper = new Set<number>();
    for (const [, constant] of tool("objdump", "-d", ELF).matchAll(/\tlui\t\w+,0x([0-9a-f]+)/g)) {
      const address = parseInt(constant ?? "", 16) * 4096;
      if ((address > 0x20000000 && address < 0x20002000) || (address >= 0x60000000 && address < 0x60100000)) {
        upper.add(address);
      }
    }
    expect(upper.size).toBeGreaterThan(10);
    // `lui` rounds up where the rest of the address is negative.
    const known = (address: number): boolean =>
      MMIO_BLOCKS.some(({ from, bytes }) => from < address + 2048 && from + bytes > address - 2048);
    for (const address of upper) expect(known(address), `0x${address.toString(16)}`).toBe(true);
  });

  it("leaves the heap what both modules need", () => {
    const bytes = (header: string, name: string): number =>
      Number(new RegExp(`#define ${name} (\\d+)`).exec(source(`runtime/${header}`))?.[1]);
    const memories = bytes("metrology_abi.h", "METROLOGY_MEMORY_BYTES") + bytes("node_abi.h", "NODE_MEMORY_BYTES");
    expect(memories).toBeGreaterThan(150_000);
    const heap = symbol("__heap_end") - symbol("__heap_start");
    const least = symbol("__heap_least");
    expect(heap).toBeGreaterThanOrEqual(least);
    // Beside the memories, as `npm run bench -- board` measures them: parsed modules and value stacks, both modules' code at
    // its peak with so much of it kept between calls, and what lies between blocks.
    expect(/CODE_CACHE \?= (\d+)/.exec(source("esp32c6/board.mk"))?.[1]).toBe("12288");
    expect(least).toBeGreaterThan(memories + 68_000 + 120_000 + 8000);
    // All in all, as a whole node is to take of the chip's 512 KB.
    expect(symbol("__heap_start") - symbol("__stack_bottom") + least).toBeLessThanOrEqual(400 * 1024);
    expect(symbol("__stack_top") - symbol("__stack_bottom")).toBe(16384);
  });
});

describe.skipIf(!built)("the ESP32-C6's image", () => {
  const image = (): Uint8Array => Uint8Array.from(readFileSync(IMAGE));

  it("is what the ROM starts: its two words, a jump into the image behind them", () => {
    const view = new DataView(image().buffer);
    expect([view.getUint32(0, true), view.getUint32(4, true)]).toEqual([0xaedb041d, 0xaedb041d]);
    const jump = view.getUint32(8, true);
    expect(jump & 0xfff, "a jump that links nothing").toBe(0x6f);
    const distance =
      (((jump >>> 31) & 1) << 20) |
      (((jump >>> 12) & 255) << 12) |
      (((jump >>> 20) & 1) << 11) |
      (((jump >>> 21) & 1023) << 1);
    expect(distance).toBeGreaterThanOrEqual(12);
    expect(distance).toBeLessThan(64);
  });

  it("has its own SHA-256 behind it, and its length in front", () => {
    const bytes = image();
    const length = new DataView(bytes.buffer).getUint32(16, true);
    expect(bytes.length).toBe(length + 32);
    expect(createHash("sha256").update(bytes.subarray(0, length)).digest("hex")).toBe(
      Buffer.from(bytes.subarray(length)).toString("hex"),
    );
    expect(bytes.length).toBeLessThan(320 * 1024);
  });

  it("holds both modules", () => {
    for (const name of ["metrology.wasm", "node.wasm"]) {
      expect(Buffer.from(image()).includes(readFileSync(join(projectRoot(), "build", name))), name).toBe(true);
    }
  });

  it("is what objcopy makes of the firmware", () => {
    const flat = join(ESP32C6_FOLDER, "flat.bin");
    tool("objcopy", "-O", "binary", "-j", ".text", "-j", ".tables", "-j", ".image", "-j", ".rodata", ELF, flat);
    const expected = readFileSync(flat);
    expect(Buffer.compare(image().subarray(0, expected.length), expected)).toBe(0);
  });

  it("is refused where it is damaged, cut off or something else", () => {
    for (const at of [0, 5, 9, 13, 17, 4000, 200_000, image().length - 1]) {
      const bytes = image();
      bytes[at] = (bytes[at] ?? 0) ^ 4;
      expect(() => {
        checkImage(bytes);
      }, `byte ${at}`).toThrow();
    }
    expect(() => {
      checkImage(image().subarray(0, 100_000));
    }).toThrow(/it says it has/);
    expect(() => {
      checkImage(new Uint8Array(10));
    }).toThrow(/are no image/);
    const elf = Uint8Array.from(readFileSync(ELF));
    elf[24] = (elf[24] ?? 0) ^ 4;
    expect(() => packImage(elf)).toThrow(/entry/);
    expect(() => packImage(elf.subarray(0, 40))).toThrow(/no 32-bit ELF/);
  });

  it("is named in a manifest that browsers can flash from", () => {
    const manifest = JSON.parse(readFileSync(join(ESP32C6_FOLDER, "manifest.json"), "utf8")) as {
      name: string;
      version: string;
      builds: { chipFamily: string; parts: { path: string; offset: number }[] }[];
    };
    expect(manifest.name).not.toBe("");
    expect(manifest.version).toMatch(/^\d+\.\d+\.\d+$/);
    expect(manifest.builds).toEqual([{ chipFamily: "ESP32-C6", parts: [{ path: IMAGE_NAME, offset: 0 }] }]);
  });

  it.skipIf(spawnSync("python3", ["--version"]).status !== 0)("goes onto a chip by tieline flash", async () => {
    const loader = await RomLoader.start();
    const cli = join(projectRoot(), "build/host/cli/main.js");
    const { stdout, stderr, status } = await run(cli, "flash", "--port", loader.port, "--board", "esp32c6");
    const stands = await loader.stop();
    expect(stderr + stdout).toMatch(/\d+ bytes written and verified \(MD5 [0-9a-f]{32}\)/);
    expect(status).toBe(0);
    expect(Buffer.compare(stands.subarray(0, image().length), image())).toBe(0);
  });
});

async function run(...args: string[]): Promise<{ status: number | null; stdout: string; stderr: string }> {
  const child = spawn(process.execPath, args);
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (text: Buffer) => (stdout += text.toString()));
  child.stderr.on("data", (text: Buffer) => (stderr += text.toString()));
  const status = await new Promise<number | null>((resolve) => child.once("close", resolve));
  return { status, stdout, stderr };
}
