// Packs the ESP32-C6 board's ELF file: the image for flash address 0, the partition map and the manifest for flashing
// from a browser, beside it.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { projectRoot } from "../root.js";
import { packImage, webManifest } from "./image.js";
import { ESP32C6_PARTITIONS, partitionTable } from "./partitions.js";
import { ESP32C6_FOLDER, IMAGE_NAME } from "./paths.js";

const { version } = JSON.parse(readFileSync(join(projectRoot(), "package.json"), "utf8")) as { version: string };
writeFileSync(join(ESP32C6_FOLDER, IMAGE_NAME), packImage(readFileSync(join(ESP32C6_FOLDER, "board.elf"))));
writeFileSync(join(ESP32C6_FOLDER, "partitions.txt"), partitionTable(ESP32C6_PARTITIONS));
writeFileSync(join(ESP32C6_FOLDER, "manifest.json"), webManifest(version, IMAGE_NAME));
