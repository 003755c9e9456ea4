/** What is wrong with an input, with which field, and where: "byte 12", counted from 0, or "character 5", from 1. */
export class DecodeError extends Error {
  override readonly name = "DecodeError";

  constructor(
    readonly field: string,
    readonly place: string | undefined,
    readonly reason: string,
  ) {
    super(`${field}${place === undefined ? "" : ` at ${place}`}: ${reason}`);
  }
}
