// CFI flash with Intel's command set, as QEMU emulates it: two 16-bit chips side by side on a 32-bit bus, so that every
// command and status word appears in both halves.
//
// A sector of the metrology partition is the beginning of one erase block of the bank: a real erase for each sector,
// at the cost of space that only exists in a file.
#include "pflash.h"

#include <string.h>

#include "board.h"
#include "errors.h"
#include "registers.h"

#define BOTH(command) ((uint32_t)(command) << 16 | (command))
#define READ_ARRAY BOTH(0xffu)
#define CLEAR_STATUS BOTH(0x50u)
#define BUFFERED_PROGRAM BOTH(0xe8u)
#define BLOCK_ERASE BOTH(0x20u)
#define CONFIRM BOTH(0xd0u)
#define STATUS_READY BOTH(0x80u)
#define STATUS_ERRORS BOTH(0x3au) // erase, program, voltage, locked

#define SECTORS 64u
#define SECTOR_BYTES 4096u
#define BUFFER_BYTES 256u // less than the chips' write buffer, and a divisor of it

static uint32_t bank_address(uint32_t offset) {
    return offset / SECTOR_BYTES * PFLASH_BLOCK_BYTES + offset % SECTOR_BYTES;
}

static int32_t finish(uint32_t address) {
    uint32_t status;
    do status = MMIO32(PFLASH + address);
    while ((status & STATUS_READY) != STATUS_READY);
    MMIO32(PFLASH + address) = CLEAR_STATUS;
    MMIO32(PFLASH + address) = READ_ARRAY;
    return (status & STATUS_ERRORS) == 0 ? 0 : ERR_FLASH;
}

// Programs `words` whole words, all within one write buffer.
static int32_t program_words(uint32_t address, const uint32_t *data, uint32_t words) {
    MMIO32(PFLASH + address) = BUFFERED_PROGRAM;
    MMIO32(PFLASH + address) = BOTH(words - 1);
    for (uint32_t i = 0; i < words; i++) MMIO32(PFLASH + address + 4 * i) = data[i];
    MMIO32(PFLASH + address) = CONFIRM;
    return finish(address);
}

void pflash_read(uint32_t address, uint8_t *data, uint32_t length) {
    memcpy(data, (const void *)(uintptr_t)(PFLASH + address), length);
}

uint32_t board_flash_sector_bytes(void) {
    return SECTOR_BYTES;
}

uint32_t board_flash_sectors(void) {
    return SECTORS;
}

static int inside(uint32_t offset, uint32_t length) {
    const uint32_t size = SECTORS * SECTOR_BYTES;
    return offset <= size && length <= size - offset;
}

int32_t board_flash_read(uint32_t offset, uint8_t *data, uint32_t length) {
    if (!inside(offset, length)) return ERR_RANGE;
    while (length > 0) {
        uint32_t part = SECTOR_BYTES - offset % SECTOR_BYTES;
        if (part > length) part = length;
        pflash_read(bank_address(offset), data, part);
        offset += part;
        data += part;
        length -= part;
    }
    return 0;
}

int32_t board_flash_program(uint32_t offset, const uint8_t *data, uint32_t length) {
    if (!inside(offset, length) || length > SECTOR_BYTES - offset % SECTOR_BYTES) return ERR_RANGE;
    while (length > 0) {
        uint32_t words[BUFFER_BYTES / 4];
        uint8_t *bytes = (uint8_t *)words;
        uint32_t skip = offset % 4, part = BUFFER_BYTES - offset % BUFFER_BYTES;
        if (part > length) part = length;
        uint32_t count = (skip + part + 3) / 4, address = bank_address(offset - skip);
        // NOR cells only go from 1 to 0. The emulated bank would store whatever it is given, so the AND is done here.
        pflash_read(address, bytes, count * 4);
        for (uint32_t i = 0; i < part; i++) bytes[skip + i] &= data[i];
        int32_t error = program_words(address, words, count);
        if (error < 0) return error;
        offset += part;
        data += part;
        length -= part;
    }
    return 0;
}

int32_t board_flash_erase(uint32_t sector) {
    if (sector >= SECTORS) return ERR_RANGE;
    uint32_t address = sector * PFLASH_BLOCK_BYTES;
    MMIO32(PFLASH + address) = BLOCK_ERASE;
    MMIO32(PFLASH + address) = CONFIRM;
    return finish(address);
}
