// The heap under wasm3, and nothing else: our own C allocates nothing. One arena from the linker script, first fit,
// counted so that the memory map can tell what a module costs.
#ifndef TIELINE_HEAP_H
#define TIELINE_HEAP_H

#include <stdint.h>

struct heap_figures {
    uint32_t live;   // bytes allocated now, headers included
    uint32_t extent; // highest byte of the arena ever allocated: what a chip must reserve
};

struct heap_figures heap_figures(void);

#endif
