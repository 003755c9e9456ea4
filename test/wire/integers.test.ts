import fc from "fast-check";
import { expect } from "vitest";
import { onEveryModuleEngine } from "../driver/modules.js";
import { hex, readVectors, toHex } from "../driver/vectors.js";
import { ByteWriter } from "../../host/wire/byte_writer.js";
import { CODES, ENTRY, WireModule } from "./wire_module.js";

const u64 = fc.oneof(
  fc.bigInt(0n, 2n ** 64n - 1n),
  fc.nat({ max: 63 }).chain((bits) => fc.constantFrom((1n << BigInt(bits)) - 1n, 1n << BigInt(bits))),
  fc.constantFrom(0xfcn, 0xfdn, 0xffffn, 0x10000n, 2n ** 32n - 1n, 2n ** 32n, 2n ** 64n - 1n),
);
const asI64 = (value: bigint): bigint => BigInt.asIntN(64, value);
const runs = (engine: string): number => (engine === "qemu" ? 60 : 2000);

interface BigsizeVectors {
  decode: { id: string; hex: string; value: string; error: string | null }[];
  encode: { id: string; value: string; hex: string }[];
}

onEveryModuleEngine("wire: BigSize, the vectors of BOLT 1", ENTRY, async (module) => {
  const wire = await WireModule.open(module);
  const { decode, encode } = readVectors<BigsizeVectors>("bolt01_bigsize");
  const codes: Record<string, number> = {
    NOT_CANONICAL: CODES.ERR_MINIMAL,
    UNEXPECTED_EOF: CODES.ERR_TRUNCATED,
    EOF: CODES.ERR_TRUNCATED,
  };
  for (const { id, hex: bytes, value, error } of decode) {
    expect(await wire.on("read_bigsize", bytes), id).toBe(error === null ? 0 : codes[error]);
    expect(Buffer.from(await wire.out(8)).readBigUInt64LE(), id).toBe(BigInt(value));
    module.applied("bolt01_bigsize");
  }
  for (const { id, hex: bytes, value } of encode) {
    const length = await wire.call("write_bigsize", asI64(BigInt(value)), 9);
    expect(toHex(await wire.out(length)), id).toBe(bytes);
    expect(await wire.call("write_bigsize", asI64(BigInt(value)), length - 1), id).toBe(CODES.ERR_CAPACITY);
    module.applied("bolt01_bigsize");
  }
});

onEveryModuleEngine("wire: signed integers, the vectors of BOLT 1", ENTRY, async (module) => {
  const wire = await WireModule.open(module);
  for (const vector of readVectors<{ vectors: { value: string; hex: string }[] }>("bolt01_signed_ints").vectors) {
    const value = BigInt(vector.value);
    expect(await wire.on("read_signed", vector.hex)).toBe(0);
    expect(Buffer.from(await wire.out(8)).readBigInt64LE()).toBe(value);
    expect(toHex(await wire.out(await wire.call("write_signed", value)))).toBe(vector.hex);
    // The same value in twice the bytes is not in its shortest form.
    const sign = value < 0n ? "ff" : "00";
    const length = vector.hex.length / 2;
    const wider = sign.repeat(length) + vector.hex;
    expect(await wire.on("read_signed", wider)).toBe(length === 8 ? CODES.ERR_LENGTH : CODES.ERR_MINIMAL);
    module.applied("bolt01_signed_ints");
  }
  for (const length of [0, 3, 5, 6, 7, 9]) {
    expect(await wire.on("read_signed", new Uint8Array(length).fill(1))).toBe(CODES.ERR_LENGTH);
  }
});

onEveryModuleEngine("wire: integers come back as they went, in their shortest form", ENTRY, async (module) => {
  const wire = await WireModule.open(module);
  const shortest = (write: (writer: ByteWriter) => void): string => {
    const writer = new ByteWriter();
    write(writer);
    return toHex(writer.finish());
  };
  await fc.assert(
    fc.asyncProperty(u64, async (value) => {
      const forms: [string, string, bigint, string][] = [
        ["write_bigsize", "read_bigsize", value, shortest((writer) => writer.bigsize(value))],
        ["write_truncated", "read_truncated", value, shortest((writer) => writer.truncated(8, value))],
        ["write_signed", "read_signed", asI64(value), shortest((writer) => writer.signed(asI64(value)))],
      ];
      for (const [write, read, number, expected] of forms) {
        const length = await wire.call(write, asI64(number), ...(write === "write_bigsize" ? [9] : []));
        expect(toHex(await wire.out(length)), write).toBe(expected);
        await module.write(wire.dataAt, hex(expected));
        expect(await wire.call(read, length, ...(read === "read_truncated" ? [8] : [])), read).toBe(0);
        expect(BigInt.asUintN(64, Buffer.from(await wire.out(8)).readBigUInt64LE())).toBe(BigInt.asUintN(64, number));
      }
    }),
    { numRuns: runs(module.engine) },
  );
});

onEveryModuleEngine("wire: truncated integers beyond their width or with a leading zero", ENTRY, async (module) => {
  const wire = await WireModule.open(module);
  for (const width of [2, 4, 8]) {
    for (let length = 0; length <= width + 1; length++) {
      await module.write(wire.dataAt, new Uint8Array(length).fill(0x7f));
      const code = length > width ? CODES.ERR_LENGTH : 0;
      expect(await wire.call("read_truncated", length, width)).toBe(code);
      if (length === 0) continue;
      await module.write(wire.dataAt, Uint8Array.of(0));
      const zeroFirst = length > width ? CODES.ERR_LENGTH : CODES.ERR_MINIMAL;
      expect(await wire.call("read_truncated", length, width)).toBe(zeroFirst);
    }
  }
});
