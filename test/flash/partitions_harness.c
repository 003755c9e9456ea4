// The board's partition functions over an array that stands for the flash chip: random calls, compared with a plain
// model of NOR flash. Built and run by partitions.test.ts, with the compiler's sanitizers.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// In the place of the ROM's.
#define TIELINE_ESP32C6_ROM_H
#define ROM_FLASH_CONFIG(...) 0
#define ROM_FLASH_UNLOCK() 0
#include "flash.c"

#define CHECK(condition) \
    do { \
        if (!(condition)) { \
            printf("line %d: %s\n", __LINE__, #condition); \
            exit(1); \
        } \
    } while (0)

uint32_t flash_piece[FLASH_PIECE / 4];
static uint8_t chip[FLASH_BYTES], model[FLASH_BYTES];
static int power = 1, broken;

int board_power_good(void) {
    return power;
}

int32_t flash_operate(enum flash_operation operation, uint32_t address, uint32_t bytes) {
    CHECK(address % 4 == 0 && bytes % 4 == 0 && bytes <= FLASH_PIECE && address + bytes <= FLASH_BYTES);
    CHECK(address >= METROLOGY_ADDRESS);
    if (broken) return 1;
    const uint8_t *from = (const uint8_t *)flash_piece;
    if (operation == FLASH_READ) {
        memcpy(flash_piece, chip + address, bytes);
    } else if (operation == FLASH_PROGRAM) {
        for (uint32_t i = 0; i < bytes; i++) chip[address + i] &= from[i];
    } else {
        CHECK(address % SECTOR_BYTES == 0);
        memset(chip + address, 0xff, SECTOR_BYTES);
    }
    return 0;
}

static const uint32_t begin[] = {METROLOGY_ADDRESS, NODE_ADDRESS, SETTINGS_ADDRESS, SLOT_A_ADDRESS, SLOT_B_ADDRESS,
                                 METROLOGY_IMAGES_ADDRESS};

static uint32_t below(uint32_t limit) {
    return (uint32_t)rand() % limit;
}

int main(void) {
    srand(7);
    for (uint32_t i = 0; i < FLASH_BYTES; i++) chip[i] = model[i] = (uint8_t)rand();
    flash_init();
    uint8_t data[SECTOR_BYTES + 1];
    for (int round = 0; round < 20000; round++) {
        enum board_partition p = (enum board_partition)below(BOARD_PARTITIONS);
        uint32_t sectors = board_flash_sectors(p), sector = below(sectors), skip = below(SECTOR_BYTES);
        uint32_t offset = sector * SECTOR_BYTES + skip, length = below(below(4) ? 40 : SECTOR_BYTES + 1);
        uint8_t *at = model + begin[p] + offset;
        power = below(8) != 0;
        int kind = (int)below(4);
        if (kind == 0) {
            CHECK(board_flash_erase(p, sector) == (power ? 0 : ERR_FLASH));
            if (power) memset(at - skip, 0xff, SECTOR_BYTES);
            CHECK(board_flash_erase(p, sectors + below(3)) == ERR_RANGE);
        } else if (kind == 1) {
            int32_t expected = offset + length > sectors * SECTOR_BYTES ? ERR_RANGE : 0;
            CHECK(board_flash_read(p, offset, data, length) == expected);
            if (expected == 0) CHECK(memcmp(data, at, length) == 0);
        } else {
            for (uint32_t i = 0; i < length; i++) data[i] = (uint8_t)rand();
            int32_t expected = skip + length > SECTOR_BYTES ? ERR_RANGE : power || length == 0 ? 0 : ERR_FLASH;
            CHECK(board_flash_program(p, offset, data, length) == expected);
            if (expected == 0) for (uint32_t i = 0; i < length; i++) at[i] &= data[i];
        }
    }
    CHECK(memcmp(chip, model, FLASH_BYTES) == 0);
    CHECK(board_flash_read(PARTITION_NODE, UINT32_MAX, data, 2) == ERR_RANGE);
    CHECK(board_flash_read(PARTITION_NODE, 4, data, UINT32_MAX) == ERR_RANGE);
    CHECK(board_flash_read((enum board_partition)BOARD_PARTITIONS, 0, data, 1) == ERR_RANGE);
    power = broken = 1;
    CHECK(board_flash_read(PARTITION_NODE, 0, data, 1) == ERR_FLASH);
    CHECK(board_flash_program(PARTITION_NODE, 0, data, 1) == ERR_FLASH);
    CHECK(board_flash_erase(PARTITION_NODE, 0) == ERR_FLASH);
    puts("as the model");
}
