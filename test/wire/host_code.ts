import { WireError } from "../../host/wire/errors.js";
import { decodeMessage } from "../../host/wire/message.js";
import { CODES } from "./wire_module.js";

/** What the host's schema makes of a frame: type, or 0 if it is to be ignored, or a code. */
export function hostCode(frame: Uint8Array): number {
  try {
    const { type, name } = decodeMessage(frame);
    return name === "unknown" ? 0 : type;
  } catch (error) {
    if (error instanceof WireError) return CODES[error.code];
    throw error;
  }
}
