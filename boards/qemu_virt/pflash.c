// CFI flash with Intel's command set, as QEMU emulates it: two 16-bit chips side by side on a 32-bit bus, so that every
// command and status word appears in both halves.
//
// The bank's own erase blocks are far larger than a sector. What it is given to program it stores as it is, bits that
// are set included: a sector is erased by programming ones.
#include <string.h>

#include "board.h"
#include "errors.h"
#include "layout.h"
#include "provision.h"
#include "registers.h"

#define BOTH(command) ((uint32_t)(command) << 16 | (command))
#define READ_ARRAY BOTH(0xffu)
#define CLEAR_STATUS BOTH(0x50u)
#define BUFFERED_PROGRAM BOTH(0xe8u)
#define CONFIRM BOTH(0xd0u)
#define STATUS_READY BOTH(0x80u)
#define STATUS_ERRORS BOTH(0x3au) // erase, program, voltage, locked

#define BUFFER_BYTES 256u // less than the chips' write buffer, and a divisor of it

static int32_t finish(uint32_t address) {
    uint32_t status;
    do status = MMIO32(PFLASH + address);
    while ((status & STATUS_READY) != STATUS_READY);
    MMIO32(PFLASH + address) = CLEAR_STATUS;
    MMIO32(PFLASH + address) = READ_ARRAY;
    return (status & STATUS_ERRORS) == 0 ? 0 : ERR_FLASH;
}

// Stores `words` whole words, all within one write buffer; NULL: ones.
static int32_t program_words(uint32_t address, const uint32_t *data, uint32_t words) {
    MMIO32(PFLASH + address) = BUFFERED_PROGRAM;
    MMIO32(PFLASH + address) = BOTH(words - 1);
    for (uint32_t i = 0; i < words; i++) MMIO32(PFLASH + address + 4 * i) = data == NULL ? UINT32_MAX : data[i];
    MMIO32(PFLASH + address) = CONFIRM;
    return finish(address);
}

static void read_bank(uint32_t address, uint8_t *data, uint32_t length) {
    memcpy(data, (const void *)(uintptr_t)(PFLASH + address), length);
}

static int32_t program_bank(uint32_t address, const uint8_t *data, uint32_t length) {
    while (length > 0) {
        uint32_t words[BUFFER_BYTES / 4];
        uint8_t *bytes = (uint8_t *)words;
        uint32_t skip = address % 4, part = BUFFER_BYTES - address % BUFFER_BYTES;
        if (part > length) part = length;
        uint32_t count = (skip + part + 3) / 4;
        // NOR cells only go from 1 to 0: the AND that a chip would do is done here.
        read_bank(address - skip, bytes, count * 4);
        for (uint32_t i = 0; i < part; i++) bytes[skip + i] &= data[i];
        int32_t error = program_words(address - skip, words, count);
        if (error < 0) return error;
        address += part;
        data += part;
        length -= part;
    }
    return 0;
}

static int32_t erase_bank(uint32_t address) {
    int32_t result = 0;
    for (uint32_t done = 0; done < SECTOR_BYTES && result == 0; done += BUFFER_BYTES) {
        result = program_words(address + done, NULL, BUFFER_BYTES / 4);
    }
    return result;
}

uint32_t board_flash_sector_bytes(void) {
    return SECTOR_BYTES;
}

uint32_t board_flash_sectors(enum board_partition partition) {
    return layout_bytes(partition) / SECTOR_BYTES;
}

int32_t board_flash_read(enum board_partition partition, uint32_t offset, uint8_t *data, uint32_t length) {
    if (!layout_inside(partition, offset, length)) return ERR_RANGE;
    read_bank(layout_address(partition, offset), data, length);
    return 0;
}

int32_t board_flash_program(enum board_partition partition, uint32_t offset, const uint8_t *data, uint32_t length) {
    if (!layout_inside(partition, offset, length) || length > SECTOR_BYTES - offset % SECTOR_BYTES) return ERR_RANGE;
    if (!board_power_good()) return ERR_FLASH;
    return program_bank(layout_address(partition, offset), data, length);
}

int32_t board_flash_erase(enum board_partition partition, uint32_t sector) {
    if (sector >= board_flash_sectors(partition)) return ERR_RANGE;
    if (!board_power_good()) return ERR_FLASH;
    return erase_bank(layout_address(partition, sector * SECTOR_BYTES));
}

const uint8_t *board_flash_map(enum board_partition partition) {
    return (const uint8_t *)(uintptr_t)(PFLASH + layout_address(partition, 0));
}

void provision_read(struct provision *record) {
    read_bank(PROVISION_ADDRESS, (uint8_t *)record, sizeof *record);
}

int32_t provision_write(const struct provision *record) {
    if (!board_power_good()) return ERR_FLASH;
    int32_t result = erase_bank(PROVISION_ADDRESS);
    return result < 0 ? result : program_bank(PROVISION_ADDRESS, (const uint8_t *)record, sizeof *record);
}
