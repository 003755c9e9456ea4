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

// The module that is being taken; METROLOGY_BUILT_IN: none.
static struct {
    uint32_t half, taken, length;
    uint8_t header[IMAGE_HEADER_BYTES];
} incoming = {.half = METROLOGY_BUILT_IN};

static uint32_t half_bytes(void) {
    return board_flash_sectors(PARTITION_METROLOGY_IMAGES) / HALVES * board_flash_sector_bytes();
}

static uint32_t marks_of(uint32_t half) {
    return (half + 1) * half_bytes() - board_flash_sector_bytes();
}

static uint32_t room(void) {
    return half_bytes() - board_flash_sector_bytes() - IMAGE_HEADER_BYTES;
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

static int32_t read_header(uint32_t half, uint8_t header[IMAGE_HEADER_BYTES]) {
    int32_t error = board_flash_read(PARTITION_METROLOGY_IMAGES, half * half_bytes(), header, IMAGE_HEADER_BYTES);
    return error < 0 ? error : image_check_header(header, IMAGE_MAGIC_METROLOGY, room());
}

// A half's whole image, checked: flash is not trusted either. 0, or why it cannot run.
static int32_t look_at(uint32_t half, struct metrology_choice *choice) {
    uint8_t header[IMAGE_HEADER_BYTES];
    const uint32_t module = half * half_bytes() + IMAGE_HEADER_BYTES;
    const uint8_t *mapped = board_flash_map(PARTITION_METROLOGY_IMAGES);
    if (mapped == NULL) return ERR_STATE;
    int32_t error = read_header(half, header);
    if (error == 0) error = image_check_module(header, PARTITION_METROLOGY_IMAGES, module);
    if (error < 0) return error;
    *choice = (struct metrology_choice){half, image_version(header), mapped + module, image_length(header)};
    return 0;
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
    incoming.half = METROLOGY_BUILT_IN;
    for (;;) {
        running = built_in;
        for (uint32_t half = 0; half < HALVES; half++) {
            struct metrology_choice found;
            // New firmware brings a module of its own, which may be newer than what had been sent to the old one.
            if ((refused & 1u << half) == 0 && look_at(half, &found) == 0 && found.version > running.version) {
                running = found;
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
    if (mark(running.half, MARK_STAYS) == 0) log_number("the metrology module stays: version ", running.version);
}

int32_t metrology_images_begin(const uint8_t *header) {
    uint8_t other[IMAGE_HEADER_BYTES];
    incoming.half = METROLOGY_BUILT_IN;
    if (board_flash_map(PARTITION_METROLOGY_IMAGES) == NULL) return ERR_STATE;
    // The other half is what the trial would fall back to.
    if (running.half != METROLOGY_BUILT_IN && !stays(running.half)) return ERR_STATE;
    int32_t error = image_check_header(header, IMAGE_MAGIC_METROLOGY, room());
    if (error < 0) return error;
    uint32_t version = image_version(header);
    if (version <= running.version) return ERR_REPLAY;
    for (uint32_t half = 0; half < HALVES; half++) {
        if (stays(half) && read_header(half, other) == 0 && version <= image_version(other)) return ERR_REPLAY;
    }
    const uint32_t half = running.half == 0 ? 1 : 0, first = half * half_bytes() / board_flash_sector_bytes();
    // Without its header, what is left of an older image is none, and its marks mean nothing.
    error = board_flash_erase(PARTITION_METROLOGY_IMAGES, first);
    if (error == 0) error = board_flash_erase(PARTITION_METROLOGY_IMAGES, marks_of(half) / board_flash_sector_bytes());
    if (error < 0) return error;
    memcpy(incoming.header, header, IMAGE_HEADER_BYTES);
    incoming.length = image_length(header);
    incoming.taken = 0;
    incoming.half = half;
    return 0;
}

int32_t metrology_images_write(uint32_t offset, const uint8_t *data, uint32_t length) {
    if (incoming.half == METROLOGY_BUILT_IN) return ERR_STATE;
    if (offset != incoming.taken || length > incoming.length - incoming.taken) return ERR_RANGE;
    const uint32_t at = incoming.half * half_bytes() + IMAGE_HEADER_BYTES + offset;
    int32_t error = image_store(PARTITION_METROLOGY_IMAGES, at, data, length);
    if (error < 0) incoming.half = METROLOGY_BUILT_IN;
    else incoming.taken += length;
    return error;
}

int32_t metrology_images_end(void) {
    if (incoming.half == METROLOGY_BUILT_IN || incoming.taken != incoming.length) return ERR_STATE;
    const uint32_t half = incoming.half;
    struct metrology_choice choice;
    incoming.half = METROLOGY_BUILT_IN;
    int32_t error = board_flash_program(PARTITION_METROLOGY_IMAGES, half * half_bytes(), incoming.header,
                                        IMAGE_HEADER_BYTES);
    if (error == 0) error = look_at(half, &choice);
    if (error == 0) log_number("a metrology module waits for the next start: version ", choice.version);
    return error;
}
