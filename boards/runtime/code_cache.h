// Compiled M3 code does not fit into a chip's RAM all at once, so that it is a cache: above a watermark it is dropped
// between calls, and functions are compiled again when they are called. What modules answer does not change.
#ifndef TIELINE_CODE_CACHE_H
#define TIELINE_CODE_CACHE_H

#include <stdint.h>

struct code_cache_figures {
    uint32_t limit; // the watermark, bytes
    uint32_t now;   // of both modules
    uint32_t peak;  // the most there was after a call
};

// Drops the node's code where both modules' is more than the limit, and metrology's where that is not enough. Never
// while a module is being called.
void code_cache_trim(void);

// Another watermark than the board's CODE_CACHE_BYTES, until it restarts.
void code_cache_set_limit(uint32_t bytes);

struct code_cache_figures code_cache_figures(void);

#endif
