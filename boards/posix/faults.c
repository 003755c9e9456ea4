#include "faults.h"

#include <stdlib.h>
#include <string.h>

#include "board.h"
#include "errors.h"
#include "layout.h"

#define MOST_BAD 8

static struct {
    enum board_partition partition;
    uint32_t sector;
    int is_silent;
} bad[MOST_BAD];
static uint32_t bad_count;

// The supply holds for so many operations, then fails for so many, and so on. up 0: it holds.
static struct {
    uint64_t up, down, operations;
} sawtooth;

// Two numbers with a colon between them.
static int take_pair(const char *value, uint64_t pair[2]) {
    char *end = NULL;
    for (int i = 0; i < 2; i++) {
        // strtoull takes signs and spaces too.
        if (*value < '0' || *value > '9') return -1;
        pair[i] = strtoull(value, &end, 10);
        if (*end != (i == 0 ? ':' : 0)) return -1;
        value = end + 1;
    }
    return 0;
}

int faults_option(const char *name, const char *value) {
    int is_silent = strcmp(name, "--worn-sector") == 0, is_sawtooth = strcmp(name, "--sawtooth") == 0;
    if (!is_silent && !is_sawtooth && strcmp(name, "--bad-sector") != 0) return 0;
    uint64_t pair[2];
    if (take_pair(value, pair) < 0) return -1;
    if (is_sawtooth) {
        if (pair[0] == 0 || pair[0] > UINT32_MAX || pair[1] == 0 || pair[1] > UINT32_MAX) return -1;
        sawtooth.up = pair[0];
        sawtooth.down = pair[1];
        return 1;
    }
    if (bad_count == MOST_BAD || pair[0] >= BOARD_PARTITIONS) return -1;
    if (pair[1] > UINT16_MAX) return -1;
    bad[bad_count].partition = (enum board_partition)pair[0];
    bad[bad_count].sector = (uint32_t)pair[1];
    bad[bad_count++].is_silent = is_silent;
    return 1;
}

int faults_are_outside(void) {
    for (uint32_t i = 0; i < bad_count; i++) {
        if (bad[i].sector >= board_flash_sectors(bad[i].partition)) return 1;
    }
    return 0;
}

int faults_supply_fails(void) {
    return sawtooth.up != 0 && sawtooth.operations % (sawtooth.up + sawtooth.down) >= sawtooth.up;
}

int32_t faults_meet(uint32_t address, uint8_t *data, const uint8_t *before, uint32_t length) {
    int fails = faults_supply_fails();
    sawtooth.operations++;
    if (fails) return ERR_FLASH;
    for (uint32_t i = 0; i < bad_count; i++) {
        const uint32_t start = layout_address(bad[i].partition, bad[i].sector * SECTOR_BYTES);
        if (start / SECTOR_BYTES != address / SECTOR_BYTES) continue;
        if (!bad[i].is_silent) return ERR_FLASH;
        // The last cell keeps what it had.
        if (length > 0) data[length - 1] = before[length - 1];
    }
    return 0;
}
