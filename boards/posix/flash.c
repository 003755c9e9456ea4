// NOR flash in a file. What is written is in the file at once: a process that is killed leaves what a cut would.
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "board.h"
#include "errors.h"
#include "faults.h"
#include "inputs.h"
#include "layout.h"
#include "process.h"
#include "provision.h"

static int file = -1;
static uint64_t operations;
// The same bytes: what is written to the file is seen here.
static const uint8_t *mapped;

void flash_open(void) {
    file = open(options.flash, O_RDWR | O_CLOEXEC);
    if (file < 0) process_fail(options.flash);
    if (lseek(file, 0, SEEK_END) < (off_t)(PROVISION_ADDRESS + SECTOR_BYTES)) process_fail("the flash file is too short");
    void *bytes = mmap(NULL, PROVISION_ADDRESS, PROT_READ, MAP_SHARED, file, 0);
    if (bytes == MAP_FAILED) process_fail(options.flash);
    mapped = bytes;
}

static int32_t read_file(uint32_t address, uint8_t *data, uint32_t length) {
    return pread(file, data, length, address) == (ssize_t)length ? 0 : ERR_FLASH;
}

// Where the power fails during this operation only half of it happens.
static int32_t write_file(uint32_t address, const uint8_t *data, uint32_t length) {
    int cut = ++operations == options.cut_at;
    uint32_t part = cut ? length / 2 : length;
    int32_t result = pwrite(file, data, part, address) == (ssize_t)part ? 0 : ERR_FLASH;
    if (cut) process_cut();
    return result;
}

static int32_t program(uint32_t address, const uint8_t *data, uint32_t length) {
    uint8_t before[SECTOR_BYTES], stored[SECTOR_BYTES];
    int32_t result = read_file(address, before, length);
    if (result < 0) return result;
    for (uint32_t i = 0; i < length; i++) stored[i] = before[i] & data[i];
    result = faults_meet(address, stored, before, length);
    return result < 0 ? result : write_file(address, stored, length);
}

static int32_t erase(uint32_t address) {
    uint8_t before[SECTOR_BYTES], erased[SECTOR_BYTES];
    memset(erased, 0xff, sizeof erased);
    int32_t result = read_file(address, before, sizeof before);
    if (result == 0) result = faults_meet(address, erased, before, sizeof erased);
    return result < 0 ? result : write_file(address, erased, sizeof erased);
}

uint32_t board_flash_sector_bytes(void) {
    return SECTOR_BYTES;
}

uint32_t board_flash_sectors(enum board_partition partition) {
    return layout_bytes(partition) / SECTOR_BYTES;
}

int32_t board_flash_read(enum board_partition partition, uint32_t offset, uint8_t *data, uint32_t length) {
    if (!layout_inside(partition, offset, length)) return ERR_RANGE;
    return read_file(layout_address(partition, offset), data, length);
}

int32_t board_flash_program(enum board_partition partition, uint32_t offset, const uint8_t *data, uint32_t length) {
    if (!layout_inside(partition, offset, length) || length > SECTOR_BYTES - offset % SECTOR_BYTES) return ERR_RANGE;
    if (!inputs_supply_good()) return ERR_FLASH;
    return program(layout_address(partition, offset), data, length);
}

int32_t board_flash_erase(enum board_partition partition, uint32_t sector) {
    if (sector >= board_flash_sectors(partition)) return ERR_RANGE;
    if (!inputs_supply_good()) return ERR_FLASH;
    return erase(layout_address(partition, sector * SECTOR_BYTES));
}

const uint8_t *board_flash_map(enum board_partition partition) {
    return mapped + layout_address(partition, 0);
}

void provision_read(struct provision *record) {
    if (read_file(PROVISION_ADDRESS, (uint8_t *)record, sizeof *record) < 0) memset(record, 0, sizeof *record);
}

int32_t provision_write(const struct provision *record) {
    if (!inputs_supply_good()) return ERR_FLASH;
    int32_t result = erase(PROVISION_ADDRESS);
    return result < 0 ? result : program(PROVISION_ADDRESS, (const uint8_t *)record, sizeof *record);
}
