// Figures of a board's life since it was started, for operators.
#ifndef TIELINE_STATE_H
#define TIELINE_STATE_H

#include <stdint.h>

// Frames of the service link.
struct state_counts {
    uint32_t frames_in, frames_out, bad_frames;
};
extern struct state_counts state_counts;

// All figures, named, as the payload of a frame that is begun: boards/LINK.md, operation STATE.
void state_put(void);

#endif
