// The inputs of emulated boards: bytes from outside, each of which says how all lines are from then on.
#ifndef TIELINE_EMULATED_INPUTS_H
#define TIELINE_EMULATED_INPUTS_H

#include <stdint.h>

enum input_bit {
    INPUT_IMPORT = 1, // levels of the pulse inputs
    INPUT_EXPORT = 2,
    INPUT_COVER = 4, // the cover is open
    INPUT_MAGNET = 8,
    INPUT_SUPPLY_FAILS = 16,
};

// Takes a byte that arrived at `mono_ms`. Called by the board's interrupt; never interrupted by itself.
void inputs_take(uint8_t levels, uint32_t mono_ms);
// Whether a line has changed since this was last asked.
int inputs_changed(void);
// Whether the line of the supply says that it holds.
int inputs_supply_good(void);

#endif
