import { join } from "node:path";
import { projectRoot } from "../root.js";

export const POSIX_BOARD = join(projectRoot(), "build/boards/posix/board");
/** The same with the compiler's address and undefined-behaviour sanitizers. */
export const POSIX_SANITIZED = join(projectRoot(), "build/boards/posix_sanitized/board");
