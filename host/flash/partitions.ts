/** A part of a board's flash. */
export interface Partition {
  readonly name: string;
  readonly address: number;
  readonly bytes: number;
  readonly holds: string;
}

const SECTOR_BYTES = 4096;

const partition = (name: string, address: number, sectors: number, holds: string): Partition => ({
  name,
  address,
  bytes: sectors * SECTOR_BYTES,
  holds,
});

/** What lies where in the flash of the ESP32-C6 board: boards/esp32c6/layout.h says the same. */
export const ESP32C6_PARTITIONS: readonly Partition[] = [
  partition("firmware", 0, 256, "what the ROM starts, with both modules"),
  partition("metrology", 0x100000, 256, "the metrology module's journal and records"),
  partition("node", 0x200000, 128, "the node module's journal"),
  partition("settings", 0x280000, 4, "what the board is set up for"),
  partition("slot_a", 0x290000, 32, "a node image that came over the link"),
  partition("slot_b", 0x2b0000, 32, "another"),
  partition("metrology_images", 0x2d0000, 16, "metrology modules that came over the link"),
  partition("keys", 0x3f0000, 2, "metrology's key and the node's root secret"),
];

export const ESP32C6_FLASH_BYTES = 0x400000;

/** The partitions as a table for people. */
export function partitionTable(partitions: readonly Partition[]): string {
  const hex = (value: number): string => `0x${value.toString(16).padStart(6, "0")}`;
  const rows = partitions.map(
    ({ name, address, bytes, holds }) =>
      `${name.padEnd(10)} ${hex(address)} ${hex(address + bytes)} ${`${bytes / 1024}`.padStart(5)} KB  ${holds}`,
  );
  return ["name       from     to          size  holds", ...rows, ""].join("\n");
}
