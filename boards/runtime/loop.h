// Free mode: the board measures and trades by itself, without a host. In turns it gives the metrology module what its
// inputs hold, then the node what comes over the links to peers, and time to both. boards/LINK.md, "Free mode".
#ifndef TIELINE_LOOP_H
#define TIELINE_LOOP_H

#include <stdint.h>

// SETTING_MODE.
enum {
    MODE_DRIVEN = 0, // nothing happens but by requests
    MODE_FREE = 1,
    MODE_STEPPED = 2, // free, in a time that only STEP moves: for simulations, on boards that take steps
};

// Begins, if the settings say so, with the metrology module loaded. Returns NULL, or why the board stays driven.
const char *loop_start(void);
// Whether the board is in free mode.
int loop_is_free(void);
// Whether the loop is who calls the module in this place (places.h).
int loop_runs(uint32_t place);
// Whether this connection of the node is a link to a peer, and the loop's.
int loop_has_connection(uint32_t connection);

// Does what is due, in free mode and unless a host steps the board. Returns until when nothing is, by board_monotonic_us.
uint64_t loop_turn(void);
// One turn at this time, in stepped time too.
void loop_turn_at(uint64_t now_us);
// Until when nothing is due, by clock_us, unless bytes come or inputs change.
uint64_t loop_due_us(void);

#endif
