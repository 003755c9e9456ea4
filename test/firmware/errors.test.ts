import { expect, it } from "vitest";
import { ERROR_NAMES } from "../../host/engine/errors.js";
import { read } from "./interface.js";

/** Code by name, as a source file writes them. */
const codes = (source: string, pattern: RegExp): Record<string, number> =>
  Object.fromEntries([...source.matchAll(pattern)].map(([, name = "", code = ""]) => [name, Number(code)]));

const firmware = codes(read("assembly/base/errors.ts"), /^export const (ERR_\w+): i32 = (-\d+);$/gm);

it("every code of the firmware has a name of its own on the host, and no other has one", () => {
  const host = Object.fromEntries(Object.entries(ERROR_NAMES).map(([code, name]) => [name, Number(code)]));
  expect(firmware).toEqual(host);
  expect(new Set(Object.values(firmware)).size).toBe(Object.keys(firmware).length);
  expect(Object.keys(firmware).length).toBe(read("assembly/base/errors.ts").match(/export const/g)?.length);
});

it("the codes that boards return are the firmware's", () => {
  const source = read("boards/runtime/errors.h");
  const boards = codes(source, /^#define (ERR_\w+) \((-\d+)\)$/gm);
  expect(firmware).toMatchObject(boards);
  expect(Object.keys(boards).length).toBe(source.match(/#define ERR_/g)?.length);
});
