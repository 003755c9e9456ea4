#include "settings.h"

#include <stddef.h>
#include <string.h>

#include "board.h"
#include "bytes.h"
#include "errors.h"
#include "frame.h"

// A record fills the beginning of a sector: magic (4), number (4), length of the list (4), CRC-32 of the three and of the
// list (4), list. The valid one with the greatest number holds; the next one goes into the sector behind it.
#define MAGIC "TLS1"
#define HEADER_BYTES 16u
#define CRC_OFFSET 12u
#define FIELD_HEADER_BYTES 3u
#define COVER_OPEN 1u

static struct {
    uint8_t record[HEADER_BYTES + SETTINGS_BYTES];
    uint32_t length; // of the list
    uint32_t number; // of the record; 0: there is none
    uint32_t sector; // where it is
} current;

static uint32_t crc_of(const uint8_t *record, uint32_t length) {
    return crc32_update(crc32_update(0, record, CRC_OFFSET), record + HEADER_BYTES, length);
}

// Reads a sector's record into `record`. Returns its number, 0 if it is none.
static uint32_t read_record(uint32_t sector, uint8_t *record, uint32_t *length) {
    const uint32_t offset = sector * board_flash_sector_bytes();
    if (board_flash_read(PARTITION_SETTINGS, offset, record, HEADER_BYTES) < 0) return 0;
    *length = get_u32(record + 8);
    if (memcmp(record, MAGIC, 4) != 0 || *length > SETTINGS_BYTES) return 0;
    if (board_flash_read(PARTITION_SETTINGS, offset + HEADER_BYTES, record + HEADER_BYTES, *length) < 0) return 0;
    return crc_of(record, *length) == get_u32(record + CRC_OFFSET) ? get_u32(record + 4) : 0;
}

void settings_open(void) {
    uint32_t newest = 0, length;
    current.number = current.length = current.sector = 0;
    for (uint32_t sector = 0; sector < board_flash_sectors(PARTITION_SETTINGS); sector++) {
        uint32_t number = read_record(sector, current.record, &length);
        if (number <= newest) continue;
        newest = number;
        current.sector = sector;
    }
    if (newest != 0) current.number = read_record(current.sector, current.record, &current.length);
}

uint32_t settings_list(const uint8_t **list) {
    *list = current.record + HEADER_BYTES;
    return current.length;
}

// The field that begins at `at` of a list. NULL: there is none whole.
static const uint8_t *field_at(const uint8_t *list, uint32_t length, uint32_t at, uint32_t *bytes) {
    if (length - at < FIELD_HEADER_BYTES) return NULL;
    *bytes = get_u16(list + at + 1);
    return *bytes <= length - at - FIELD_HEADER_BYTES ? list + at + FIELD_HEADER_BYTES : NULL;
}

static const uint8_t *find(const uint8_t *list, uint32_t length, enum settings_field field, uint32_t *bytes) {
    for (uint32_t at = 0; at < length; at += FIELD_HEADER_BYTES + *bytes) {
        const uint8_t *value = field_at(list, length, at, bytes);
        if (value == NULL) return NULL;
        if (list[at] == field) return value;
    }
    return NULL;
}

const uint8_t *settings_get(enum settings_field field, uint32_t *length) {
    return find(current.record + HEADER_BYTES, current.length, field, length);
}

// Whether it is a list of fields that a host may set, none twice, each as long as it has to be.
static int is_list(const uint8_t *list, uint32_t length) {
    uint32_t seen = 0, bytes = 0;
    for (uint32_t at = 0; at < length; at += FIELD_HEADER_BYTES + bytes) {
        if (field_at(list, length, at, &bytes) == NULL) return 0;
        uint8_t field = list[at];
        int one_byte = field == SETTING_SEALED || field == SETTING_MODE;
        int known = field >= SETTING_SEALED && field <= SETTING_PEERS && (seen & 1u << field) == 0;
        if (!known || (one_byte && bytes != 1) || (field == SETTING_PEERS && bytes % 33 != 0)) return 0;
        seen |= 1u << field;
    }
    return 1;
}

// Stores the record whose list of `length` bytes is complete. The old one stays where it is until the new one is whole.
static int32_t store(uint8_t *record, uint32_t length) {
    const uint32_t sector = current.number == 0 ? 0 : (current.sector + 1) % board_flash_sectors(PARTITION_SETTINGS);
    memcpy(record, MAGIC, 4);
    put_u32(record + 4, current.number + 1);
    put_u32(record + 8, length);
    put_u32(record + CRC_OFFSET, crc_of(record, length));
    int32_t result = board_flash_erase(PARTITION_SETTINGS, sector);
    if (result >= 0) {
        result = board_flash_program(PARTITION_SETTINGS, sector * board_flash_sector_bytes(), record,
                                     HEADER_BYTES + length);
    }
    settings_open(); // what is in the flash now holds, whatever that is
    if (result >= 0 && current.sector != sector) result = ERR_FLASH;
    return result < 0 ? ERR_FLASH : 0;
}

static uint8_t next[HEADER_BYTES + SETTINGS_BYTES]; // under construction

// Appends a field to the list of `length` bytes in `next`. Returns its new length, or ERR_CAPACITY.
static int32_t append(uint32_t length, enum settings_field field, const uint8_t *bytes, uint32_t count) {
    if (count > SETTINGS_BYTES || length + FIELD_HEADER_BYTES + count > SETTINGS_BYTES) return ERR_CAPACITY;
    uint8_t *at = next + HEADER_BYTES + length;
    at[0] = (uint8_t)field;
    at[1] = (uint8_t)count;
    at[2] = (uint8_t)(count >> 8);
    if (count > 0) memcpy(at + FIELD_HEADER_BYTES, bytes, count);
    return (int32_t)(length + FIELD_HEADER_BYTES + count);
}

int32_t settings_write(const uint8_t *list, uint32_t length) {
    uint32_t bytes;
    const uint8_t *sealed = settings_get(SETTING_SEALED, &bytes);
    if (length > SETTINGS_BYTES) return ERR_CAPACITY;
    if (!is_list(list, length)) return ERR_ARGUMENT;
    if (sealed != NULL && *sealed != 0 && (board_tamper_inputs() & COVER_OPEN) == 0) return ERR_STATE;
    if (length > 0) memcpy(next + HEADER_BYTES, list, length);
    const uint8_t *images = settings_get(SETTING_IMAGES, &bytes);
    int32_t total = images == NULL ? (int32_t)length : append(length, SETTING_IMAGES, images, bytes);
    return total < 0 ? total : store(next, (uint32_t)total);
}

int32_t settings_set(enum settings_field field, const uint8_t *value, uint32_t count) {
    const uint8_t *list = current.record + HEADER_BYTES;
    int32_t total = 0;
    uint32_t bytes = 0;
    for (uint32_t at = 0; at < current.length && total >= 0; at += FIELD_HEADER_BYTES + bytes) {
        const uint8_t *kept = field_at(list, current.length, at, &bytes);
        if (kept == NULL) break;
        if (list[at] != field) total = append((uint32_t)total, (enum settings_field)list[at], kept, bytes);
    }
    if (total >= 0) total = append((uint32_t)total, field, value, count);
    return total < 0 ? total : store(next, (uint32_t)total);
}
