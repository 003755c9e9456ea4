import { join } from "node:path";
import { projectRoot } from "../root.js";

/** Where the ESP32-C6 board's firmware is built. */
export const ESP32C6_FOLDER = join(projectRoot(), "build/boards/esp32c6");
export const IMAGE_NAME = "tieline-esp32c6.bin";
