// Figures of a board's life since it was started, for operators. Whoever sees something happen counts it here.
#ifndef TIELINE_STATE_H
#define TIELINE_STATE_H

#include <stdint.h>

struct state_counts {
    uint32_t node_restarts, metrology_restarts; // by the board itself, after a failure
    uint32_t pulses_lost;                       // times that the queue of edges had overflowed
    uint32_t frames_in, frames_out, bad_frames; // of the service link
    uint32_t frames_dropped;                    // of those for it, for nobody read them
};
extern struct state_counts state_counts;

// All figures, named, as the payload of a frame that is begun: boards/LINK.md, operation STATE.
void state_put(void);

#endif
