import { expect } from "vitest";
import { onEveryModuleEngine } from "../driver/modules.js";
import { hex, toHex } from "../driver/vectors.js";
import { type Field, whole } from "./fields.js";
import { ERR, InvoiceModule, featureBytes, invoiceVectors, numberBytes } from "./invoices.js";
import { dataGroups, invoiceText, signatureGroups, signedInvoice } from "./reference.js";

const ENTRY = "test/invoice/invoice.entry.ts";
const vectors = invoiceVectors();
const KEY = hex(vectors.priv_key);
const MAX_CHARS = 1024;

onEveryModuleEngine("invoice: more fields or characters than fit have their code", ENTRY, async (module) => {
  const room = await InvoiceModule.open(module, vectors.priv_key);
  await room.prefix("bc");
  const needed = [whole("p", new Uint8Array(32)), whole("s", new Uint8Array(32)), whole("d", new Uint8Array(1))];
  const unknown = (count: number): Field[] => Array.from({ length: count }, () => whole("q", new Uint8Array(0)));
  const of = (list: Field[]): string => signedInvoice("lnbc", 1n, list, KEY);
  expect(await room.decode(of([...needed, ...unknown(29)]))).toBe(0);
  const before = toHex(await room.recordBytes());
  expect(await room.decode(of([...needed, ...unknown(30)]))).toBe(ERR.CAPACITY);
  expect(toHex(await room.recordBytes())).toBe(before);

  // The longest text that is read: 1,024 characters with a description of as many groups as that takes.
  const exact = (extra: number): string => {
    const base = of([...needed.slice(0, 2), { type: "d", groups: [], data: new Uint8Array(0) }]);
    const groups = Array.from({ length: MAX_CHARS - base.length + extra }, () => 0);
    return of([...needed.slice(0, 2), { type: "d", groups, data: new Uint8Array(0) }]);
  };
  expect(exact(0)).toHaveLength(MAX_CHARS);
  expect(await room.decode(exact(0))).toBe(0);
  expect(await room.encodeAgain()).toBe(exact(0));
  expect(await room.decode(exact(1))).toBe(ERR.CAPACITY);

  const long: [string, Uint8Array][] = [["d", new Uint8Array(640)]];
  expect(await room.encode(0n, 1, long)).toBe(ERR.CAPACITY);
  expect(await room.encode(0n, 2n ** 35n, [])).toBe(ERR.VALUE);
  expect(await room.encode(0n, 1, [])).toBe(ERR.MISSING);
  expect(await room.encode(0n, 1, [["f", Uint8Array.of(32)]])).toBe(ERR.VALUE);
  const values = needed.map(({ type, data }): [string, Uint8Array] => [type, data]);
  expect(await room.encode(0n, 1, [...values, ["9", featureBytes([100])]])).toBe(ERR.UNKNOWN_EVEN);
  expect(await room.encode(0n, 1, [...values, ["9", featureBytes([51])]])).toBe(ERR.DEPENDENCY);
  expect(await room.encode(0n, 1, [...values, ["x", numberBytes(2n ** 64n)]])).toBe(ERR.OVERFLOW);
  expect(await room.encode(0n, 1, [...values, ["h", new Uint8Array(32)]])).toBe(ERR.VALUE);
  expect(await room.encode(0n, 1, [...values, ["n", new Uint8Array(33)]])).toBe(ERR.SIGNATURE);
  await room.prefix("");
  expect(await room.encode(0n, 1, values)).toBe(ERR.ARGUMENT);
  expect(await room.decode(of(needed))).toBe(ERR.ARGUMENT);
  await module.write((await module.call("buffer")) as number, Uint8Array.of(16));
  expect(await room.decode(of(needed))).toBe(ERR.ARGUMENT);
});

// The data of a signed field: a number that begins with zeros.
onEveryModuleEngine("invoice: numbers in more groups than they need are refused", ENTRY, async (module) => {
  const room = await InvoiceModule.open(module, vectors.priv_key);
  await room.prefix("bc");
  const needed = [whole("p", new Uint8Array(32)), whole("s", new Uint8Array(32)), whole("d", new Uint8Array(1))];
  for (const type of "xc9") {
    const data = dataGroups(1n, [...needed, { type, groups: [0, 8, 0] }]);
    expect(await room.decode(invoiceText("lnbc", [...data, ...signatureGroups("lnbc", data, KEY)]))).toBe(ERR.MINIMAL);
  }
});

onEveryModuleEngine(
  "invoice: a named payee's signature counts, whatever its recovery id from 0 to 3",
  ENTRY,
  async (module) => {
    const room = await InvoiceModule.open(module, vectors.priv_key);
    await room.prefix("bc");
    const needed = [whole("p", new Uint8Array(32)), whole("s", new Uint8Array(32)), whole("d", new Uint8Array(1))];
    const data = dataGroups(1n, [...needed, whole("n", hex(vectors.node_id))]);
    const signature = signatureGroups("lnbc", data, KEY);
    const of = (id: number): string =>
      // The recovery id is the last 8 of 520 bits: 3 of a group and the whole next one.
      invoiceText("lnbc", [...data, ...signature.slice(0, -2), ((signature.at(-2) ?? 0) & 24) | (id >> 5), id & 31]);
    for (const id of [0, 1, 2, 3]) expect(await room.decode(of(id)), `id ${id}`).toBe(0);
    const before = toHex(await room.recordBytes());
    for (const id of [4, 5, 32, 255]) expect(await room.decode(of(id)), `id ${id}`).toBe(ERR.SIGNATURE);
    expect(toHex(await room.recordBytes())).toBe(before);
    const other = vectors.valid.find(({ id }) => id === "high_s_recovery")?.node_id ?? "";
    const named = dataGroups(1n, [...needed, whole("n", hex(other))]);
    expect(await room.decode(invoiceText("lnbc", [...named, ...signatureGroups("lnbc", named, KEY)]))).toBe(
      ERR.SIGNATURE,
    );
  },
);
