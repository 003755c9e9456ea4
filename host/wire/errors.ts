/** What bytes from the wire can have wrong with them: names of codes of assembly/base/errors.ts. */
export type WireErrorCode =
  "ERR_TRUNCATED" | "ERR_MINIMAL" | "ERR_ORDER" | "ERR_UNKNOWN_EVEN" | "ERR_LENGTH" | "ERR_VALUE" | "ERR_POINT";

const MEANING: Readonly<Record<WireErrorCode, string>> = {
  ERR_TRUNCATED: "the input ends inside it",
  ERR_MINIMAL: "not in its shortest form",
  ERR_ORDER: "its type is not greater than the one before",
  ERR_UNKNOWN_EVEN: "unknown, and even: it may not be ignored",
  ERR_LENGTH: "its length is not the one of its type",
  ERR_VALUE: "a value that its type does not allow",
  ERR_POINT: "not a point in compressed form",
};

/** Bytes that are no message: which field is at fault, and at which byte it begins. */
export class WireError extends Error {
  override readonly name = "WireError";

  constructor(
    readonly code: WireErrorCode,
    /** Dotted path from the message or TLV stream, such as `init.networks.chains`. */
    readonly field: string,
    /** Offset of the field's first byte. */
    readonly offset: number,
  ) {
    super(`${field} at byte ${offset}: ${MEANING[code]} (${code})`);
  }
}
