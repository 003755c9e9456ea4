// Partitions in the SPI flash. It is read through the ROM as well, not through the cache; where modules run out of it
// (mmu.c), the cache is told what has been written.
#include <string.h>

#include "board.h"
#include "errors.h"
#include "internal.h"
#include "layout.h"
#include "rom.h"

static const struct {
    uint32_t address, sectors;
} partitions[BOARD_PARTITIONS] = {
    [PARTITION_METROLOGY] = {METROLOGY_ADDRESS, METROLOGY_SECTORS},
    [PARTITION_NODE] = {NODE_ADDRESS, NODE_SECTORS},
    [PARTITION_SETTINGS] = {SETTINGS_ADDRESS, SETTINGS_SECTORS},
    [PARTITION_SLOT_A] = {SLOT_A_ADDRESS, SLOT_SECTORS},
    [PARTITION_SLOT_B] = {SLOT_B_ADDRESS, SLOT_SECTORS},
    [PARTITION_METROLOGY_IMAGES] = {METROLOGY_IMAGES_ADDRESS, METROLOGY_IMAGES_SECTORS},
};

static int usable;

void flash_init(void) {
    // The ROM has read the image; it is told the chip's size here, and to lift write protection of all of it.
    usable = ROM_FLASH_CONFIG(0, FLASH_BYTES, 65536, SECTOR_BYTES, 256, 0xffff) == 0 && ROM_FLASH_UNLOCK() == 0;
    mmu_init();
}

int32_t flash_read_at(uint32_t address, uint8_t *data, uint32_t length) {
    while (length > 0) {
        uint32_t skip = address % 4, count = FLASH_PIECE - skip;
        if (count > length) count = length;
        if (flash_operate(FLASH_READ, address - skip, (skip + count + 3) & ~3u) != 0) return ERR_FLASH;
        memcpy(data, (const uint8_t *)flash_piece + skip, count);
        address += count;
        data += count;
        length -= count;
    }
    return 0;
}

int32_t flash_program_at(uint32_t address, const uint8_t *data, uint32_t length) {
    while (length > 0) {
        uint32_t skip = address % 4, count = FLASH_PIECE - skip;
        if (count > length) count = length;
        if (!usable || !board_power_good()) return ERR_FLASH;
        // Bytes of the first and the last word that are not ours: ones clear no bits.
        memset(flash_piece, 0xff, sizeof flash_piece);
        memcpy((uint8_t *)flash_piece + skip, data, count);
        int32_t failed = flash_operate(FLASH_PROGRAM, address - skip, (skip + count + 3) & ~3u);
        mmu_forget(address, count); // part of it may be written
        if (failed != 0) return ERR_FLASH;
        address += count;
        data += count;
        length -= count;
    }
    return 0;
}

int32_t flash_erase_at(uint32_t address) {
    if (!usable || !board_power_good()) return ERR_FLASH;
    int32_t failed = flash_operate(FLASH_ERASE, address, 0);
    mmu_forget(address, SECTOR_BYTES);
    return failed == 0 ? 0 : ERR_FLASH;
}

uint32_t board_flash_sector_bytes(void) {
    return SECTOR_BYTES;
}

uint32_t board_flash_sectors(enum board_partition partition) {
    return (uint32_t)partition < BOARD_PARTITIONS ? partitions[partition].sectors : 0;
}

static int inside(enum board_partition partition, uint32_t offset, uint32_t length) {
    uint32_t size = board_flash_sectors(partition) * SECTOR_BYTES;
    return offset <= size && length <= size - offset;
}

int32_t board_flash_read(enum board_partition partition, uint32_t offset, uint8_t *data, uint32_t length) {
    if (!inside(partition, offset, length)) return ERR_RANGE;
    return length == 0 ? 0 : flash_read_at(partitions[partition].address + offset, data, length);
}

int32_t board_flash_program(enum board_partition partition, uint32_t offset, const uint8_t *data, uint32_t length) {
    if (!inside(partition, offset, length) || length > SECTOR_BYTES - offset % SECTOR_BYTES) return ERR_RANGE;
    return length == 0 ? 0 : flash_program_at(partitions[partition].address + offset, data, length);
}

int32_t board_flash_erase(enum board_partition partition, uint32_t sector) {
    if (sector >= board_flash_sectors(partition)) return ERR_RANGE;
    return flash_erase_at(partitions[partition].address + sector * SECTOR_BYTES);
}
