/** A host function offered to a module. i32 values are numbers, i64 values are bigints. */
export type HostFunction = (...args: never[]) => number | bigint | undefined;
export type Imports = Readonly<Record<string, Readonly<Record<string, HostFunction>>>>;

/** What an engine does alike for every module: bytes in, callable exports out. */
export interface Instance {
  /** Calls an export; i32 arguments as number, i64 as bigint. Throws `Trap` if the module traps. */
  call(name: string, ...args: (number | bigint)[]): number | bigint | undefined;
  /** The module's linear memory. Valid until the next call: fetch it anew after each. */
  memory(): Uint8Array;
}

export interface Engine {
  readonly name: "v8" | "wasm3";
  /** @param sourceMap the text of the module's source map; with it traps name source lines. */
  instantiate(wasm: Uint8Array, imports: Imports, sourceMap?: string): Instance;
}

/** A module trapped. The message names the cause and, where a source map was given, the AssemblyScript line. */
export class Trap extends Error {
  override readonly name = "Trap";
}
