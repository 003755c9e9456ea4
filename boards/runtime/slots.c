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

static struct image_incoming incoming;

static struct image_place place_of(enum slot slot) {
    const enum board_partition partition = slot == SLOT_A ? PARTITION_SLOT_A : PARTITION_SLOT_B;
    const uint32_t bytes = board_flash_sectors(partition) * board_flash_sector_bytes();
    return (struct image_place){.magic = IMAGE_MAGIC_NODE, .partition = partition, .bytes = bytes};
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

// 0, or why what is in a slot cannot run.
static int32_t look_at(enum slot slot, struct slot_choice *choice) {
    if (slot == SLOT_BUILT_IN) return ERR_NOT_FOUND;
    const struct image_place place = place_of(slot);
    choice->slot = slot;
    return image_look(&place, &choice->image);
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
    image_forget(&incoming);
    proving = 0;
    // New firmware brings a module of its own, which may be newer than what had been sent to the old one.
    if (!try_trial(&chosen) && (look_at(state.active, &chosen) < 0 || chosen.image.version <= built_in.image.version)) {
        chosen = built_in;
    }
    state.running = chosen.slot;
    state.running_version = chosen.image.version;
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
    image_forget(&incoming);
    // While one slot is on trial and runs, the other one may be what the trial falls back to.
    if (state.running != SLOT_BUILT_IN && state.running == state.trial) return ERR_STATE;
    // Neither what runs nor what would run without it is written over.
    enum slot slot = state.active == SLOT_A || state.running == SLOT_A ? SLOT_B : SLOT_A;
    const struct image_place place = place_of(slot);
    if (board_flash_map(place.partition) == NULL) return ERR_STATE;
    int32_t error = image_check_header(&place, header);
    if (error < 0) return error;
    uint32_t version = image_version(header);
    if (version <= state.confirmed_version || version <= state.running_version) return ERR_REPLAY;
    if (state.trial == slot) {
        state.trial = SLOT_BUILT_IN;
        state.tries = 0;
        error = save();
        if (error < 0) return error;
    }
    return image_begin(&incoming, &place, header);
}

int32_t slots_write(uint32_t offset, const uint8_t *data, uint32_t length) {
    return image_write(&incoming, offset, data, length);
}

int32_t slots_end(void) {
    struct image image;
    int32_t error = image_end(&incoming, &image);
    if (error < 0) return error;
    const struct slot_state before = state;
    state.trial = incoming.place.partition == PARTITION_SLOT_A ? SLOT_A : SLOT_B;
    state.tries = 0;
    error = save();
    if (error < 0) state = before;
    else log_number("an image of the node waits for the next start: version ", image.version);
    return error;
}
