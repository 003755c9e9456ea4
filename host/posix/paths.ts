import { join } from "node:path";
import { projectRoot } from "../root.js";

export const POSIX_BOARD = join(projectRoot(), "build/boards/posix/board");
/** Built by `make -C boards BOARD=posix SANITIZE=1`. */
export const POSIX_SANITIZED = join(projectRoot(), "build/boards/posix_sanitized/board");
