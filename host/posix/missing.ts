import { staleFirmware } from "../qemu/missing.js";
import { POSIX_BOARD, POSIX_SANITIZED } from "./paths.js";

/** What keeps the board that is a process from running, and how to get it; `undefined` if nothing does. */
export const posixMissing = (): string | undefined => staleFirmware(POSIX_BOARD) ?? staleFirmware(POSIX_SANITIZED);
