import { Reader, hexOf } from "./reader.js";

/** One operation of a script: its name, and what it pushes. */
export interface Operation {
  readonly name: string;
  readonly data?: Uint8Array;
}

/** Operations that BOLT 3, common outputs and closing scripts use; any other is shown as OP_0x... */
const NAMES: Readonly<Record<number, string>> = {
  0x4f: "OP_1NEGATE",
  0x61: "OP_NOP",
  0x63: "OP_IF",
  0x64: "OP_NOTIF",
  0x67: "OP_ELSE",
  0x68: "OP_ENDIF",
  0x69: "OP_VERIFY",
  0x6a: "OP_RETURN",
  0x73: "OP_IFDUP",
  0x74: "OP_DEPTH",
  0x75: "OP_DROP",
  0x76: "OP_DUP",
  0x7c: "OP_SWAP",
  0x82: "OP_SIZE",
  0x87: "OP_EQUAL",
  0x88: "OP_EQUALVERIFY",
  0xa6: "OP_RIPEMD160",
  0xa8: "OP_SHA256",
  0xa9: "OP_HASH160",
  0xac: "OP_CHECKSIG",
  0xad: "OP_CHECKSIGVERIFY",
  0xae: "OP_CHECKMULTISIG",
  0xb1: "OP_CHECKLOCKTIMEVERIFY",
  0xb2: "OP_CHECKSEQUENCEVERIFY",
};

const OP_PUSHDATA1 = 0x4c;
const OP_PUSHDATA4 = 0x4e;
const OP_1 = 0x51;
const OP_16 = 0x60;

/** The operations of a script. Throws DecodeError if a push runs out of it. */
export function operationsOf(script: Uint8Array): Operation[] {
  const reader = new Reader(script);
  const operations: Operation[] = [];
  while (reader.left > 0) {
    const start = reader.offset;
    const code = reader.u8("operation");
    if (code === 0) {
      operations.push({ name: "OP_0", data: new Uint8Array(0) });
    } else if (code <= OP_PUSHDATA4) {
      const length =
        code < OP_PUSHDATA1
          ? code
          : code === OP_PUSHDATA1
            ? reader.u8("push")
            : code === OP_PUSHDATA4
              ? reader.u32le("push")
              : reader.u16le("push");
      if (length > reader.left) reader.fail("push", `of ${length} bytes, ${reader.left} are left`, start);
      operations.push({ name: "push", data: reader.take("push", length) });
    } else if (code >= OP_1 && code <= OP_16) {
      operations.push({ name: `OP_${code - OP_1 + 1}`, data: Uint8Array.of(code - OP_1 + 1) });
    } else {
      operations.push({ name: NAMES[code] ?? `OP_0x${code.toString(16)}` });
    }
  }
  return operations;
}

/** A script in words; hexadecimal with a remark where it is none. */
export function scriptText(script: Uint8Array): string {
  try {
    return operationsOf(script)
      .map(({ name, data }) => (name === "push" ? hexOf(data ?? new Uint8Array(0)) : name))
      .join(" ");
  } catch {
    return `${hexOf(script)} (no script: a push runs out of it)`;
  }
}

/** A script number that is not negative, of up to 5 bytes; undefined if the operation pushes none. */
export function scriptNumber({ data }: Operation): number | undefined {
  if (data === undefined || data.length > 5 || (data.at(-1) ?? 0) >= 0x80) return undefined;
  return data.reduceRight((value, byte) => value * 256 + byte, 0);
}
