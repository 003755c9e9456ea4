// Metrology modules that came over the link, with the cover open: a partition of two halves beside the module that is
// built into the firmware, which stays what the board falls back to. As with the node's images, one is signed by the
// update key and newer than what runs; it is tried for at most METROLOGY_TRIES starts, and stays once the meter has gone on
// for a minute of its own time. What has become of an image is programmed into its half, where nobody can set it back:
// no host has to keep a record of it, and a sealed board needs no change of its settings.
#ifndef TIELINE_METROLOGY_IMAGES_H
#define TIELINE_METROLOGY_IMAGES_H

#include <stdint.h>

#include "image.h"

#define METROLOGY_TRIES 3u
#define METROLOGY_PROOF_MS 60000u
#define METROLOGY_BUILT_IN 2u // in the place of a half

struct metrology_choice {
    uint32_t half;
    struct image image;
};

// What runs from this start on: the newest module that may, counted first if it is on trial. `refused` has a bit for each
// half that must not be taken. Never fails: at worst it is `built_in`.
struct metrology_choice metrology_images_choose(struct metrology_choice built_in, uint32_t refused);
// What was chosen last.
struct metrology_choice metrology_images_running(void);
// The meter has just done what its clock asks of it.
void metrology_images_alive(uint64_t mono_ms);

// Begins to take a module: its header. ERR_VALUE, ERR_SIGNATURE as image_check_header. ERR_REPLAY: its version is not above
// that of what runs and of all that stayed and are still there. ERR_STATE: no update key, what runs is on trial, or
// nothing can run out of the partition. ERR_FLASH.
int32_t metrology_images_begin(const uint8_t *header);
// Takes `length` bytes of the module from `offset` on, in order. ERR_STATE: nothing was begun. ERR_RANGE: out of order, or
// more than the header says. ERR_FLASH.
int32_t metrology_images_write(uint32_t offset, const uint8_t *data, uint32_t length);
// All is there: it is tried from the next start of the meter on. ERR_STATE: it is not all there. ERR_MAC: it is not what
// was signed. ERR_FLASH.
int32_t metrology_images_end(void);

#endif
