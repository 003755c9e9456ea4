/** Names of the codes of assembly/base/errors.ts. */
export const ERROR_NAMES: Readonly<Record<number, string>> = {
  [-1]: "ERR_ARGUMENT",
  [-2]: "ERR_STATE",
  [-3]: "ERR_FLASH",
  [-4]: "ERR_CRYPTO",
  [-5]: "ERR_OVERFLOW",
  [-6]: "ERR_CONFIG",
  [-7]: "ERR_RANGE",
  [-8]: "ERR_NOT_FOUND",
  [-9]: "ERR_TRUNCATED",
  [-10]: "ERR_MINIMAL",
  [-11]: "ERR_ORDER",
  [-12]: "ERR_UNKNOWN_EVEN",
  [-13]: "ERR_LENGTH",
  [-14]: "ERR_VALUE",
  [-15]: "ERR_CAPACITY",
  [-16]: "ERR_MAC",
  [-17]: "ERR_VERSION",
  [-18]: "ERR_POINT",
  [-19]: "ERR_SIGNATURE",
  [-20]: "ERR_REPLAY",
  [-21]: "ERR_CHECKSUM",
  [-22]: "ERR_CHAIN",
  [-23]: "ERR_DEPENDENCY",
  [-24]: "ERR_MISSING",
  [-25]: "ERR_EXPIRED",
  [-26]: "ERR_CREDIT",
  [-27]: "ERR_SUSPENDED",
};

/** The name of a code, for messages. */
export const errorName = (code: number): string => ERROR_NAMES[code] ?? `unknown error ${code}`;

/** An export answered with a code of assembly/base/errors.ts. */
export class ModuleError extends Error {
  override readonly name = "ModuleError";

  constructor(
    readonly exportName: string,
    readonly code: number,
  ) {
    super(`${exportName}: ${errorName(code)}`);
  }
}
