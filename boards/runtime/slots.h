// Images of the node module that came over the link: two slots beside the module that is built into the firmware. An
// image is signed by the board's update key; it is tried for at most SLOT_TRIES boots, and stays only if the node has run
// well in one of them. The highest version that ever stayed is the least that is ever taken again. boards/LINK.md, "Images".
#ifndef TIELINE_SLOTS_H
#define TIELINE_SLOTS_H

#include <stdint.h>

#include "image.h"

// Boots that an image has to prove itself, and how long one of them has to go well, ms of the node's own clock.
#define SLOT_TRIES 3u
#define SLOT_PROOF_MS 60000u

enum slot { SLOT_BUILT_IN = 0, SLOT_A = 1, SLOT_B = 2 };

// A module to run.
struct slot_choice {
    enum slot slot;
    struct image image;
};

// What is known of the images: for people.
struct slot_state {
    uint32_t confirmed_version; // the highest ever
    enum slot active, trial;
    uint32_t tries;
    enum slot running;
    uint32_t running_version;
};

// Chooses what runs from this start of the firmware on, and counts it if it is a trial: before anything of it runs.
// `built_in` is the firmware's own module. Never fails: at worst that one runs.
void slots_choose(struct slot_choice built_in);
// What was chosen.
struct slot_choice slots_chosen(void);
// The node has just done what its clock asks of it. An image on trial that has run for SLOT_PROOF_MS stays.
void slots_alive(uint64_t mono_ms);
struct slot_state slots_state(void);

// Begins to take an image: its header. What was begun before is forgotten.
// ERR_VALUE: no header of an image, or too long for a slot. ERR_SIGNATURE: not by the update key. ERR_REPLAY: its version
// is not above the highest that ever stayed and that of the module that runs. ERR_STATE: there is no update key, what runs is still on trial, or nothing can run out of the board's slots.
int32_t slots_begin(const uint8_t header[IMAGE_HEADER_BYTES]);
// Takes `length` bytes of the module from `offset` on, in order. ERR_STATE: nothing was begun. ERR_RANGE: out of order, or
// more than the header says. ERR_FLASH.
int32_t slots_write(uint32_t offset, const uint8_t *data, uint32_t length);
// All is there: the image is tried from the next boot on. ERR_STATE: it is not all there. ERR_MAC: it is not what was
// signed. ERR_FLASH.
int32_t slots_end(void);

#endif
