import { secp256k1 } from "@noble/curves/secp256k1.js";
import { expect } from "vitest";
import { KeyRing } from "../../host/board/key_ring.js";
import { decodeInvoice } from "../../host/decode/invoice.js";
import { TEST_ROOT, onEveryModuleEngine } from "../driver/modules.js";
import { toHex } from "../driver/vectors.js";
import { ERR, dataOf, featureBytes, invoiceVectors, numberBytes, parseRecord, typeOf } from "./invoices.js";

const ENTRY = "test/invoice/node.entry.ts";
const INPUT_BYTES = 3584;

/** 16 bytes prefix of a chain. */
function prefix(currency: string): Buffer {
  const bytes = Buffer.alloc(16);
  bytes[0] = currency.length;
  bytes.write(currency, 1, "latin1");
  return bytes;
}

function numbers(...values: bigint[]): Buffer {
  const bytes = Buffer.alloc(8 * values.length);
  values.forEach((value, index) => bytes.writeBigUInt64LE(value, 8 * index));
  return bytes;
}

function field(letter: string, data: Uint8Array): Buffer {
  const head = Buffer.alloc(4);
  head[0] = typeOf(letter);
  head.writeUInt16LE(data.length, 2);
  return Buffer.concat([head, data]);
}

onEveryModuleEngine("invoice: the module's exports, with the board's own key", ENTRY, async (module) => {
  const input = (await module.call("in_buffer")) as number;
  const output = (await module.call("out_buffer")) as number;
  const call = async (name: string, ...parts: Uint8Array[]): Promise<number> => {
    const bytes = Buffer.concat(parts);
    await module.write(input, bytes);
    return (await module.call(name, bytes.length)) as number;
  };
  const key = new KeyRing(TEST_ROOT).key(0) ?? new Uint8Array();
  const payee = toHex(secp256k1.getPublicKey(key, true));
  const parts = [
    prefix("bcrt"),
    numbers(2_500_000n, 1_782_000_000n),
    field("p", new Uint8Array(32).fill(1)),
    field("s", new Uint8Array(32).fill(2)),
    field("d", Buffer.from("10 kWh")),
    field("x", numberBytes(900n)),
    field("9", featureBytes([8, 14, 17])),
  ];
  const length = await call("invoice_encode", ...parts);
  const text = Buffer.from(await module.read(output, length)).toString("latin1");
  const read = decodeInvoice(text);
  expect(read).toMatchObject({
    currency: "bcrt",
    amount_msat: 2_500_000n,
    timestamp: 1_782_000_000,
    payee,
    payment_hash: "01".repeat(32),
    payment_secret: "02".repeat(32),
    expiry_s: 900n,
    features: [8, 14, 17],
  });
  expect(Buffer.from(read.description ?? []).toString()).toBe("10 kWh");
  expect(text).toMatch(/^lnbcrt25u1/);

  const bytes = await call("invoice_decode", prefix("bcrt"), Buffer.from(text));
  const record = parseRecord(await module.read(output, bytes));
  expect(record).toMatchObject({ amount_msat: 2_500_000n, timestamp: 1_782_000_000n, expiry_s: 900n, payee });
  expect(record.fields.map(({ type }) => type).join("")).toBe("psdx9");
  expect(dataOf(record, "d")).toEqual([toHex(Buffer.from("10 kWh"))]);
  expect(Buffer.from(await module.read(output + 66, 2)).readUInt16LE()).toBe(bytes);

  const vector = invoiceVectors().valid[0]?.invoice ?? "";
  expect(await call("invoice_decode", prefix("bc"), Buffer.from(vector))).toBeGreaterThan(328);
  expect(await call("invoice_decode", prefix("tb"), Buffer.from(vector))).toBe(ERR.CHAIN);
  expect(await call("invoice_decode", prefix("bc"))).toBe(ERR.MISSING);
  expect(await call("invoice_decode", prefix("bc").subarray(0, 15))).toBe(ERR.TRUNCATED);
  expect(await call("invoice_decode", prefix("bc"), new Uint8Array(1025).fill(0x71))).toBe(ERR.CAPACITY);
  const whole = Buffer.concat(parts);
  for (const cut of [31, whole.length - 1, whole.length - featureBytes([17]).length - 1]) {
    expect(await call("invoice_encode", whole.subarray(0, cut)), `${cut} bytes`).toBe(ERR.TRUNCATED);
  }
  // The second byte of a field's head is part of a type that there is not.
  const head = field("d", new Uint8Array(1));
  head[1] = 1;
  expect(await call("invoice_encode", ...parts.slice(0, 4), head)).toBe(ERR.VALUE);
  for (const name of ["invoice_decode", "invoice_encode"]) {
    for (const bad of [-1, INPUT_BYTES + 1, -0x8000_0000, 0x7fff_ffff]) {
      expect(await module.call(name, bad)).toBe(ERR.ARGUMENT);
    }
  }
});
