#include "slots.h"

#include <string.h>

#include "board.h"
#include "bytes.h"
#include "errors.h"
#include "image.h"
#include "log.h"
#include "settings.h"

// The setting: u32 highest version that ever stayed; bytes: active slot, slot on trial, boots of the trial, 0.
#define STATE_BYTES 8u

static struct slot_state state;
static struct slot_choice chosen;
// Since when the image on trial has been running well, by the node's clock.
static uint64_t proving_since_ms;
static int proving;

// The image that is being taken; SLOT_BUILT_IN: none.
static struct {
    enum slot slot;
    uint32_t taken, length;
    uint8_t header[IMAGE_HEADER_BYTES];
} incoming;

static enum board_partition partition_of(enum slot slot) {
    return slot == SLOT_A ? PARTITION_SLOT_A : PARTITION_SLOT_B;
}

static uint32_t slot_bytes(enum slot slot) {
    return board_flash_sectors(partition_of(slot)) * board_flash_sector_bytes();
}

static int32_t save(void) {
    uint8_t record[STATE_BYTES] = {0};
    put_u32(record, state.confirmed_version);
    record[4] = (uint8_t)state.active;
    record[5] = (uint8_t)state.trial;
    record[6] = (uint8_t)state.tries;
    return settings_set(SETTING_IMAGES, record, sizeof record);
}

static void restore(void) {
    uint32_t length;
    const uint8_t *record = settings_get(SETTING_IMAGES, &length);
    memset(&state, 0, sizeof state);
    if (record == NULL || length != STATE_BYTES) return;
    if (record[4] > SLOT_B || record[5] > SLOT_B) return;
    state.confirmed_version = get_u32(record);
    state.active = (enum slot)record[4];
    state.trial = (enum slot)record[5];
    state.tries = record[6];
}

static int32_t check_header(const uint8_t *header, enum slot slot) {
    return image_check_header(header, IMAGE_MAGIC_NODE, slot_bytes(slot) - IMAGE_HEADER_BYTES);
}

// The whole image of a slot, checked: flash is not trusted either. 0, or why it cannot run.
static int32_t look_at(enum slot slot, struct slot_choice *choice) {
    uint8_t header[IMAGE_HEADER_BYTES];
    if (slot == SLOT_BUILT_IN) return ERR_NOT_FOUND;
    const uint8_t *image = board_flash_map(partition_of(slot));
    if (image == NULL) return ERR_STATE;
    int32_t error = board_flash_read(partition_of(slot), 0, header, sizeof header);
    if (error == 0) error = check_header(header, slot);
    if (error == 0) error = image_check_module(header, partition_of(slot), IMAGE_HEADER_BYTES);
    if (error < 0) return error;
    *choice = (struct slot_choice){.slot = slot,
                                   .version = image_version(header),
                                   .module = image + IMAGE_HEADER_BYTES,
                                   .length = image_length(header)};
    return 0;
}

// The image on trial, if there is one with starts left.
static int try_trial(struct slot_choice *choice) {
    if (state.trial == SLOT_BUILT_IN) return 0;
    if (state.tries < SLOT_TRIES && look_at(state.trial, choice) == 0) {
        state.tries++;
        // A trial that cannot be counted would never end.
        if (save() == 0) return 1;
    }
    log_line("the node's image on trial is given up");
    state.trial = SLOT_BUILT_IN;
    state.tries = 0;
    (void)save(); // if this fails, the next start comes to the same end
    return 0;
}

void slots_choose(struct slot_choice built_in) {
    restore();
    incoming.slot = SLOT_BUILT_IN;
    proving = 0;
    // New firmware brings a module of its own, which may be newer than what had been sent to the old one.
    if (!try_trial(&chosen) && (look_at(state.active, &chosen) < 0 || chosen.version <= built_in.version)) {
        chosen = built_in;
    }
    state.running = chosen.slot;
    state.running_version = chosen.version;
}

struct slot_choice slots_chosen(void) {
    return chosen;
}

void slots_alive(uint64_t mono_ms) {
    if (state.trial == SLOT_BUILT_IN || state.trial != state.running) return;
    if (!proving) {
        proving = 1;
        proving_since_ms = mono_ms;
    }
    if (mono_ms < proving_since_ms || mono_ms - proving_since_ms < SLOT_PROOF_MS) return;
    const struct slot_state before = state;
    state.active = state.running;
    state.trial = SLOT_BUILT_IN;
    state.tries = 0;
    if (state.running_version > state.confirmed_version) state.confirmed_version = state.running_version;
    if (save() < 0) state = before; // it is tried again
    else log_number("the node's image stays: version ", state.running_version);
}

struct slot_state slots_state(void) {
    return state;
}

int32_t slots_begin(const uint8_t header[IMAGE_HEADER_BYTES]) {
    incoming.slot = SLOT_BUILT_IN;
    // While one slot is on trial and runs, the other one may be what the trial falls back to.
    if (state.running != SLOT_BUILT_IN && state.running == state.trial) return ERR_STATE;
    // Neither what runs nor what would run without it is written over.
    enum slot slot = state.active == SLOT_A || state.running == SLOT_A ? SLOT_B : SLOT_A;
    if (board_flash_map(partition_of(slot)) == NULL) return ERR_STATE;
    int32_t error = check_header(header, slot);
    if (error < 0) return error;
    uint32_t version = image_version(header);
    if (version <= state.confirmed_version || version <= state.running_version) return ERR_REPLAY;
    if (state.trial == slot) {
        state.trial = SLOT_BUILT_IN;
        state.tries = 0;
        error = save();
        if (error < 0) return error;
    }
    // Without its header, what is left of an older image is none.
    error = board_flash_erase(partition_of(slot), 0);
    if (error < 0) return error;
    memcpy(incoming.header, header, IMAGE_HEADER_BYTES);
    incoming.length = image_length(header);
    incoming.taken = 0;
    incoming.slot = slot;
    return 0;
}

int32_t slots_write(uint32_t offset, const uint8_t *data, uint32_t length) {
    if (incoming.slot == SLOT_BUILT_IN) return ERR_STATE;
    if (offset != incoming.taken || length > incoming.length - incoming.taken) return ERR_RANGE;
    int32_t error = image_store(partition_of(incoming.slot), IMAGE_HEADER_BYTES + offset, data, length);
    if (error < 0) incoming.slot = SLOT_BUILT_IN;
    else incoming.taken += length;
    return error;
}

int32_t slots_end(void) {
    if (incoming.slot == SLOT_BUILT_IN || incoming.taken != incoming.length) return ERR_STATE;
    const enum slot slot = incoming.slot;
    struct slot_choice choice;
    incoming.slot = SLOT_BUILT_IN;
    int32_t error = board_flash_program(partition_of(slot), 0, incoming.header, IMAGE_HEADER_BYTES);
    if (error == 0) error = look_at(slot, &choice);
    if (error < 0) return error;
    const struct slot_state before = state;
    state.trial = slot;
    state.tries = 0;
    error = save();
    if (error < 0) state = before;
    else log_number("an image of the node waits for the next start: version ", choice.version);
    return error;
}
