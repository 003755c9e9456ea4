import { describe, expect, it } from "vitest";
import type { FunctionSignature } from "../../host/engine/abi.js";
import * as metrology from "../../host/metrology/abi.js";
import { readMetrology } from "../../host/metrology/module.js";
import * as node from "../../host/node/abi.js";
import { readNode, readRooms } from "../../host/node/module.js";
import { cTable, declared, exported, read, type Signatures, wasmFunctions } from "./interface.js";

const entries = (signatures: Signatures): [string, FunctionSignature][] => Object.entries(signatures);

/** The value of a `#define`. */
const defined = (source: string, name: string): string | undefined =>
  new RegExp(`#define ${name} (.*)`).exec(source)?.[1];

describe("the interface of metrology.wasm is the same on all sides", () => {
  const { EXPORTS, IMPORTS, IMPORT_MODULE } = metrology;
  const { imports, exports } = wasmFunctions(readMetrology().wasm, IMPORT_MODULE);
  const table = read("boards/runtime/metrology_abi.h");

  it("imports: board.ts, host and C table, in one order", () => {
    expect(entries(declared(read("assembly/metrology/board.ts"), "declare function"))).toEqual(entries(IMPORTS));
    expect(cTable(table, "METROLOGY_IMPORTS")).toEqual(entries(IMPORTS));
    expect(defined(table, "METROLOGY_IMPORT_MODULE")).toBe(`"${IMPORT_MODULE}"`);
  });

  it("imports: the wasm uses all of them and no other", () => {
    expect(imports).toEqual({ [IMPORT_MODULE]: IMPORTS });
  });

  it("exports: index.ts, host and C table, in one order", () => {
    expect(exported(read("assembly/metrology/index.ts"))).toEqual(Object.keys(EXPORTS));
    expect(cTable(table, "METROLOGY_EXPORTS")).toEqual(entries(EXPORTS));
  });

  it("exports: the wasm has all of them and no other", () => {
    expect(exports).toEqual(EXPORTS);
  });

  it("version and buffers: host and C table", () => {
    expect(defined(table, "METROLOGY_ABI_VERSION")).toBe(`${metrology.ABI_VERSION}`);
    expect(defined(table, "METROLOGY_INPUT_BYTES")).toBe(`${metrology.INPUT_BYTES}`);
    expect(defined(table, "METROLOGY_OUTPUT_BYTES")).toBe(`${metrology.OUTPUT_BYTES}`);
  });
});

/** Imports that no export of node.wasm leads to: nothing that is hashed here comes in pieces, and no secret is summed. */
const NOT_REACHED = ["sha256_update", "sha256_final", "scalar_add"];

describe("the interface of node.wasm is the same on all sides", () => {
  const { BOARD_IMPORTS, BOARD_MODULE, CRYPTO_IMPORTS, CRYPTO_MODULE, METER_IMPORTS, METER_MODULE, NODE_EXPORTS } =
    node;
  const { imports, exports } = wasmFunctions(readNode().wasm, CRYPTO_MODULE, BOARD_MODULE, METER_MODULE);
  const table = read("boards/runtime/crypto_abi.h");
  const nodeTable = read("boards/runtime/node_abi.h");

  it("imports: crypto.ts, host and C table, in one order", () => {
    expect(entries(declared(read("assembly/crypto/crypto.ts"), "declare function"))).toEqual(entries(CRYPTO_IMPORTS));
    expect(cTable(table, "CRYPTO_IMPORTS")).toEqual(entries(CRYPTO_IMPORTS));
    expect(defined(table, "CRYPTO_IMPORT_MODULE")).toBe(`"${CRYPTO_MODULE}"`);
  });

  it("imports: board.ts, host and C table, in one order", () => {
    expect(entries(declared(read("assembly/node/board.ts"), "declare function"))).toEqual(entries(BOARD_IMPORTS));
    expect(cTable(nodeTable, "NODE_IMPORTS")).toEqual(entries(BOARD_IMPORTS));
    expect(defined(nodeTable, "NODE_IMPORT_MODULE")).toBe(`"${BOARD_MODULE}"`);
  });

  it("imports: meter.ts, host and C table, in one order", () => {
    expect(entries(declared(read("assembly/meter/meter.ts"), "declare function"))).toEqual(entries(METER_IMPORTS));
    expect(cTable(nodeTable, "METER_IMPORTS")).toEqual(entries(METER_IMPORTS));
    expect(defined(nodeTable, "METER_IMPORT_MODULE")).toBe(`"${METER_MODULE}"`);
  });

  it("imports: the wasm uses all that its exports lead to, and no other", () => {
    expect(imports[BOARD_MODULE]).toEqual(BOARD_IMPORTS);
    expect(CRYPTO_IMPORTS).toMatchObject(imports[CRYPTO_MODULE] ?? {});
    const unused = Object.keys(CRYPTO_IMPORTS).filter((name) => !(name in (imports[CRYPTO_MODULE] ?? {})));
    expect(unused).toEqual(NOT_REACHED);
    expect(METER_IMPORTS).toMatchObject(imports[METER_MODULE] ?? {});
  });

  it("exports: index.ts, host and C table, in one order", () => {
    expect(exported(read("assembly/node/index.ts"))).toEqual(Object.keys(NODE_EXPORTS));
    expect(cTable(nodeTable, "NODE_EXPORTS")).toEqual(entries(NODE_EXPORTS));
  });

  it("version and buffers: host and C table", () => {
    expect(defined(nodeTable, "NODE_ABI_VERSION")).toBe(`${node.NODE_ABI_VERSION}`);
    expect(defined(nodeTable, "NODE_INPUT_BYTES")).toBe(`${node.NODE_INPUT_BYTES}`);
    expect(defined(nodeTable, "NODE_OUTPUT_BYTES")).toBe(`${node.NODE_OUTPUT_BYTES}`);
  });

  it("exports: the wasm has all of them and no other", () => {
    expect(exports).toEqual(NODE_EXPORTS);
  });

  it("rooms.wasm: the exports before boot, the same ones, and no import but of cryptography", () => {
    const names = Object.keys(NODE_EXPORTS);
    const computing = names.slice(0, names.indexOf("boot"));
    const rooms = wasmFunctions(readRooms().wasm, CRYPTO_MODULE);
    expect(exported(read("assembly/rooms/index.ts"))).toEqual(computing);
    expect(entries(NODE_EXPORTS).slice(0, computing.length)).toEqual(
      computing.map((name) => [name, rooms.exports[name]]),
    );
    expect(Object.keys(rooms.exports)).toHaveLength(computing.length);
  });

  it("buffers: limits.ts and host", () => {
    const limits = read("assembly/base/limits.ts");
    const limit = (name: string): string | undefined => new RegExp(`const ${name}: i32 = (\\d+);`).exec(limits)?.[1];
    expect(limit("NODE_INPUT_BYTES")).toBe(`${node.NODE_INPUT_BYTES}`);
    expect(limit("NODE_OUTPUT_BYTES")).toBe(`${node.NODE_OUTPUT_BYTES}`);
    expect(limit("MAX_MESSAGE_BYTES")).toBe(defined(nodeTable, "NODE_MESSAGE_BYTES"));
  });
});

it("test keys: the declaration and the C table agree", () => {
  const table = read("boards/runtime/crypto_abi.h");
  const declaration = declared(read("test/driver/test_keys.entry.ts"), "declare function");
  expect(cTable(table, "TEST_KEYS_IMPORTS")).toEqual(entries(declaration));
  expect(defined(table, "TEST_KEYS_IMPORT_MODULE")).toBe('"test_keys.entry"');
});
