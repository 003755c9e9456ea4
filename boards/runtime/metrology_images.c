#include "metrology_images.h"

#include <string.h>

#include "board.h"
#include "errors.h"
#include "image.h"
#include "log.h"

#define HALVES 2u
// In the last sector of a half, which no module reaches into: a byte for each start of the trial, then one once it stays.
// A byte that is not erased counts.
#define MARKS (METROLOGY_TRIES + 1)
#define MARK_STAYS METROLOGY_TRIES

static struct metrology_choice running = {.half = METROLOGY_BUILT_IN};
static uint64_t proving_since_ms;
static int proving;

static struct image_incoming incoming;

static uint32_t half_bytes(void) {
    return board_flash_sectors(PARTITION_METROLOGY_IMAGES) / HALVES * board_flash_sector_bytes();
}

static uint32_t marks_of(uint32_t half) {
    return (half + 1) * half_bytes() - board_flash_sector_bytes();
}

static struct image_place place_of(uint32_t half) {
    return (struct image_place){.magic = IMAGE_MAGIC_METROLOGY,
                                .partition = PARTITION_METROLOGY_IMAGES,
                                .offset = half * half_bytes(),
                                .bytes = half_bytes() - board_flash_sector_bytes()};
}

// Where the marks cannot be read, the trial is over and did not go well.
static void read_marks(uint32_t half, uint8_t marks[MARKS]) {
    if (board_flash_read(PARTITION_METROLOGY_IMAGES, marks_of(half), marks, MARKS) == 0) return;
    memset(marks, 0, METROLOGY_TRIES);
    marks[MARK_STAYS] = 0xff;
}

static int stays(uint32_t half) {
    uint8_t marks[MARKS];
    read_marks(half, marks);
    return marks[MARK_STAYS] != 0xff;
}

static int32_t mark(uint32_t half, uint32_t which) {
    static const uint8_t set = 0;
    uint8_t marks[MARKS];
    int32_t error = board_flash_program(PARTITION_METROLOGY_IMAGES, marks_of(half) + which, &set, 1);
    if (error < 0) return error;
    read_marks(half, marks);
    return marks[which] == 0xff ? ERR_FLASH : 0;
}

// Counts a start of a trial before anything of it runs. Whether it may run: one that cannot be counted would never end.
static int may_start(uint32_t half) {
    uint8_t marks[MARKS];
    uint32_t tries = 0;
    if (stays(half)) return 1;
    read_marks(half, marks);
    while (tries < METROLOGY_TRIES && marks[tries] != 0xff) tries++;
    if (tries < METROLOGY_TRIES) return mark(half, tries) == 0;
    log_line("a metrology module is given up");
    return 0;
}

struct metrology_choice metrology_images_choose(struct metrology_choice built_in, uint32_t refused) {
    proving = 0;
    image_forget(&incoming);
    for (;;) {
        running = built_in;
        for (uint32_t half = 0; half < HALVES; half++) {
            const struct image_place place = place_of(half);
            struct image found;
            // New firmware brings a module of its own, which may be newer than what had been sent to the old one.
            if ((refused & 1u << half) == 0 && image_look(&place, &found) == 0 && found.version > running.image.version) {
                running = (struct metrology_choice){half, found};
            }
        }
        if (running.half == METROLOGY_BUILT_IN || may_start(running.half)) return running;
        refused |= 1u << running.half;
    }
}

struct metrology_choice metrology_images_running(void) {
    return running;
}

void metrology_images_alive(uint64_t mono_ms) {
    if (running.half == METROLOGY_BUILT_IN || stays(running.half)) return;
    if (!proving) {
        proving = 1;
        proving_since_ms = mono_ms;
    }
    if (mono_ms < proving_since_ms || mono_ms - proving_since_ms < METROLOGY_PROOF_MS) return;
    // If it cannot be marked, it is tried again.
    if (mark(running.half, MARK_STAYS) == 0) log_number("the metrology module stays: version ", running.image.version);
}

int32_t metrology_images_begin(const uint8_t *header) {
    uint8_t other[IMAGE_HEADER_BYTES];
    const uint32_t half = running.half == 0 ? 1 : 0;
    const struct image_place place = place_of(half);
    image_forget(&incoming);
    if (board_flash_map(place.partition) == NULL) return ERR_STATE;
    // The other half is what the trial would fall back to.
    if (running.half != METROLOGY_BUILT_IN && !stays(running.half)) return ERR_STATE;
    int32_t error = image_check_header(&place, header);
    if (error < 0) return error;
    uint32_t version = image_version(header);
    if (version <= running.image.version) return ERR_REPLAY;
    for (uint32_t i = 0; i < HALVES; i++) {
        const struct image_place known = place_of(i);
        if (stays(i) && image_read_header(&known, other) == 0 && version <= image_version(other)) return ERR_REPLAY;
    }
    error = image_begin(&incoming, &place, header);
    if (error < 0) return error;
    // The older image is none any more, and its marks mean nothing.
    error = board_flash_erase(place.partition, marks_of(half) / board_flash_sector_bytes());
    if (error < 0) image_forget(&incoming);
    return error;
}

int32_t metrology_images_write(uint32_t offset, const uint8_t *data, uint32_t length) {
    return image_write(&incoming, offset, data, length);
}

int32_t metrology_images_end(void) {
    struct image image;
    int32_t error = image_end(&incoming, &image);
    if (error == 0) log_number("a metrology module waits for the next start: version ", image.version);
    return error;
}
