/** What is wrong, and with which field: "RD[1].TM", "SD", "publicKey", "file". */
export interface Finding {
  readonly field: string;
  readonly message: string;
}

/** The one error class of this room: content that is not what OCMF, or the container around it, allows. */
export class OcmfError extends Error implements Finding {
  readonly field: string;

  constructor(field: string, message: string) {
    super(message);
    this.name = "OcmfError";
    this.field = field;
  }
}

/**
 * Turns a caught value into a finding. Anything but an OcmfError is a defect of ours and is thrown on: hiding it
 * behind "the record is wrong" would blame a meter for a bug.
 */
export function findingOf(error: unknown): Finding {
  if (!(error instanceof OcmfError)) throw error;
  return { field: error.field, message: error.message };
}

/** Characters that could move a terminal's cursor, reorder what is shown, or be lone halves of a pair. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

/** Text of foreign origin made safe for a terminal: control and format characters become \uXXXX. */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, (character) =>
    Array.from(
      { length: character.length },
      (_, at) => `\\u${character.charCodeAt(at).toString(16).padStart(4, "0")}`,
    ).join(""),
  );
}

/** Foreign text quoted for use inside a message: printable, and cut after 40 characters. */
export function quote(text: string): string {
  return `"${printable(text.length > 40 ? `${text.slice(0, 40)}...` : text)}"`;
}
