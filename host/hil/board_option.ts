/** Where a board of a scenario is. */
export type BoardSource =
  /** @see boards/LINK.md: emulated boards run by themselves, in steps, unless they are to be driven call by call. */
  | { readonly kind: "qemu" | "posix"; readonly driven: boolean }
  /** Its service link, and its link to a peer: without one it is driven. */
  | { readonly kind: "serial" | "socket"; readonly service: string; readonly peer: string | undefined };

/** A board that stands for a meter and its node: `--board NAME=SOURCE`. */
export interface BoardOption {
  /** The meter's. */
  readonly name: string;
  readonly source: BoardSource;
  /** As it was given, for messages. */
  readonly text: string;
}

const SOURCES = "qemu[:driven], posix[:driven], serial:SERVICE[,PEER] or socket:SERVICE[,PEER]";

/** Reads NAME=SOURCE. Throws RangeError that says what was expected. */
export function parseBoard(text: string): BoardOption {
  const at = text.indexOf("=");
  const [name, source] = [text.slice(0, Math.max(at, 0)), text.slice(at + 1)];
  if (name === "") throw new RangeError(`expected NAME=SOURCE; SOURCE is ${SOURCES}.`);
  const [, emulator, driven] = /^(qemu|posix)(:driven)?$/.exec(source) ?? [];
  if (emulator === "qemu" || emulator === "posix") {
    return { name, source: { kind: emulator, driven: driven !== undefined }, text };
  }
  const [, kind, service, , peer] = /^(serial|socket):([^,]+)(,([^,]+))?$/.exec(source) ?? [];
  if ((kind !== "serial" && kind !== "socket") || service === undefined) {
    throw new RangeError(`${JSON.stringify(source)} is no board: expected ${SOURCES}.`);
  }
  if (peer === service) throw new RangeError(`${name}: service link and peer link are the same.`);
  return { name, source: { kind, service, peer }, text };
}
