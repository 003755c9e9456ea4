// The board's partition functions over an array that stands for the flash chip: random calls, compared with a plain
// model of NOR flash. Built and run by partitions.test.ts, with the compiler's sanitizers.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// In the place of the ROM's, and of the registers of the mapping.
#define TIELINE_ESP32C6_ROM_H
#define ROM_FLASH_CONFIG(...) 0
#define ROM_FLASH_UNLOCK() 0
#define ROM_CACHE_INVALIDATE(address, bytes) invalidate(address, bytes)
static void invalidate(unsigned address, unsigned bytes);
#include "registers.h"
#undef MMIO32
static volatile uint32_t entries[MMU_ENTRIES], entry;
static volatile uint32_t *mmu_register(uint32_t address) {
    return address == SPI_MEM_MMU_ITEM_INDEX ? &entry : &entries[entry % MMU_ENTRIES];
}
#define MMIO32(address) (*mmu_register(address))
#include "flash.c"
#include "mmu.c"

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

// What the cache keeps of the chip, as the processor sees it: filled when it is read, dropped when it is told to.
static uint8_t cache[MMU_ENTRIES * MMU_PAGE_BYTES], kept[MMU_ENTRIES * MMU_PAGE_BYTES];

static void invalidate(unsigned address, unsigned bytes) {
    CHECK(address >= MMU_RANGE && address - MMU_RANGE + bytes <= sizeof kept);
    memset(kept + (address - MMU_RANGE), 0, bytes);
}

static uint8_t processor_reads(const uint8_t *pointer) {
    uint32_t at = (uint32_t)(uintptr_t)pointer - MMU_RANGE;
    CHECK(at < sizeof kept);
    uint32_t content = entries[at / MMU_PAGE_BYTES];
    CHECK((content & MMU_VALID) != 0 && content >> 10 == 0);
    if (!kept[at]) cache[at] = chip[(content & (MMU_VALID - 1)) * MMU_PAGE_BYTES + at % MMU_PAGE_BYTES];
    kept[at] = 1;
    return cache[at];
}

// Where a partition is mapped, the processor sees what stands there now.
static void look(enum board_partition partition, const uint8_t *expected, uint32_t offset, uint32_t length) {
    const uint8_t *map = board_flash_map(partition);
    CHECK((map != NULL) == (partition >= PARTITION_SLOT_A));
    if (map == NULL) return;
    for (uint32_t i = 0; i < length; i++) CHECK(processor_reads(map + offset + i) == expected[i]);
}

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
            look(p, at - skip, offset - skip, SECTOR_BYTES);
        } else if (kind == 1) {
            int32_t expected = offset + length > sectors * SECTOR_BYTES ? ERR_RANGE : 0;
            CHECK(board_flash_read(p, offset, data, length) == expected);
            if (expected == 0) CHECK(memcmp(data, at, length) == 0);
        } else {
            for (uint32_t i = 0; i < length; i++) data[i] = (uint8_t)rand();
            int32_t expected = skip + length > SECTOR_BYTES ? ERR_RANGE : power || length == 0 ? 0 : ERR_FLASH;
            CHECK(board_flash_program(p, offset, data, length) == expected);
            if (expected == 0) for (uint32_t i = 0; i < length; i++) at[i] &= data[i];
            if (expected != ERR_RANGE) look(p, at, offset, length);
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
