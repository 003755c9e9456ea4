// What lies where in the 4 MB of flash. host/flash/partitions.ts says the same, and a test compares them.
#ifndef TIELINE_ESP32C6_LAYOUT_H
#define TIELINE_ESP32C6_LAYOUT_H

#define SECTOR_BYTES 4096u
#define FLASH_BYTES 0x400000u

// The firmware's place; the ROM starts what stands at the beginning of flash.
#define FIRMWARE_ADDRESS 0x000000u
#define FIRMWARE_SECTORS 256u

#define METROLOGY_ADDRESS 0x100000u
#define METROLOGY_SECTORS 256u
#define NODE_ADDRESS 0x200000u
#define NODE_SECTORS 128u
#define SETTINGS_ADDRESS 0x280000u
#define SETTINGS_SECTORS 4u
#define SLOT_A_ADDRESS 0x290000u
#define SLOT_B_ADDRESS 0x2b0000u
#define SLOT_SECTORS 32u
#define METROLOGY_IMAGES_ADDRESS 0x2d0000u
#define METROLOGY_IMAGES_SECTORS 16u

// Metrology's key and the node's root, a sector each, outside of every partition.
#define KEYS_ADDRESS 0x3f0000u
#define KEYS_SECTORS 2u

#endif
